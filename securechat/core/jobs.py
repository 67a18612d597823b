"""Work that would hold up the hub: asked for by the rules, done by a worker, answered as an event.

No job's repr shows a password, as a repr may reach a log.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from securechat.core.journal.events.channels import Logged
from securechat.core.model.answers import Lookup
from securechat.core.model.entities import Session


@dataclass(frozen=True, slots=True)
class VerifyPassword:
    """Is this the account's password? Answered by Verified, unless the session has closed.

    account: its id, None when there is no such account, or none that may log in: the answer must
    take the same time then. name: the folded one that was claimed, as it came when no account can
    be called so. code: what may be a code of the second factor, at the password's end; it is then
    tried with and without. known: whether the account has logged in from there before.
    """

    session: Session
    account: int | None
    name: str
    password: str = field(repr=False)
    code: str = field(default="", repr=False)
    # Passwords from places where the account was before are checked in turn with the others, so
    # that a flood of guesses from elsewhere doesn't keep its owner out.
    known: bool = False


@dataclass(frozen=True, slots=True)
class Verified:
    """granted: whether the password is right. rehashed: a new hash to keep in the place of
    replaced, when that one has another cost. name: as asked. code: what had to be taken off the
    password's end for it to be right.
    """

    session: Session
    account: int | None
    granted: bool
    rehashed: str | None = field(default=None, repr=False)
    replaced: str = field(default="", repr=False)
    name: str = ""
    code: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class HashPassword:
    """Check a new password against the rules and hash it: of a new account, or of the one that the
    session is logged in as. number: that one's id. Answered by Hashed, unless the session has
    closed.
    """

    session: Session
    account: str
    password: str = field(repr=False)
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Hashed:
    """account_id: a random id, for a new account. refusal: why the password won't do, or None.

    replaced: the hash that an existing account had when the work began. code: of the refusal, as a
    standard reply (https://ircv3.net/specs/extensions/account-registration).
    """

    session: Session
    account_id: int
    hashed: str = field(repr=False)
    refusal: str | None
    replaced: str = field(default="", repr=False)
    code: str = "WEAK_PASSWORD"


@dataclass(frozen=True, slots=True)
class LoadMissed:
    """Read the messages in targets, each a (target, after seq), up to and including upto.

    The newest limit of them all are wanted, in their order, and no more than max_bytes of them,
    each with line_bytes beside its text and tags. before: what was read already; it is part of the
    answer. Answered by Missed.
    """

    session: Session
    targets: tuple[tuple[int, int], ...]
    upto: int
    limit: int
    max_bytes: int
    line_bytes: int
    before: Missed | None = None


@dataclass(frozen=True, slots=True)
class Missed:
    """entries: in their order. cut: whether older ones were left out. upto: as asked. damaged:
    whether there are some that can't be read any more. asked: how often a worker was.
    """

    session: Session
    entries: list[Logged]
    cut: bool
    upto: int
    damaged: bool = False
    asked: int = 0


@dataclass(frozen=True, slots=True)
class ReadLog:
    """Read what a command of the session waits for, or do it, where an administrator has asked for
    that. Answered by LogRead, unless the session has closed.
    """

    session: Session
    lookup: Lookup


@dataclass(frozen=True, slots=True)
class LogRead:
    """found: as of Lookup."""

    session: Session
    lookup: Lookup
    found: Any


@dataclass(frozen=True, slots=True)
class JobFailed:
    """The worker could not do the job; why is in the log."""

    session: Session


Job = VerifyPassword | HashPassword | LoadMissed | ReadLog
Answer = Verified | Hashed | Missed | LogRead | JobFailed
