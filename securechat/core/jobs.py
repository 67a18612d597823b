"""Work that would hold up the hub: asked for by the rules, done by a worker, answered as an event.

No job's repr shows a password, as a repr may reach a log.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from securechat.core.events import Logged
from securechat.core.session import Session


@dataclass(frozen=True, slots=True)
class VerifyPassword:
    """Is this the account's password? account: its id, None when there is no such account, or none
    that may log in: the answer must take the same time then. name: the folded one that was claimed,
    empty when no account can be called so. Answered by Verified, unless the session has closed.
    """

    session: Session
    account: int | None
    name: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Verified:
    """rehashed: a new hash to keep in the place of replaced, when that one has another cost."""

    session: Session
    account: int | None
    granted: bool
    rehashed: str | None = field(default=None, repr=False)
    replaced: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class HashPassword:
    """Check a new account's password against the rules and hash it. Answered by Hashed, unless
    the session has closed.
    """

    session: Session
    account: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Hashed:
    """account_id: a random id for the new account. refusal: why the password won't do, or None."""

    session: Session
    account_id: int
    hashed: str = field(repr=False)
    refusal: str | None


@dataclass(frozen=True, slots=True)
class LoadMissed:
    """Read the messages in targets, each a (target, after seq), up to and including upto.

    The newest limit of them all are wanted, in their order. Answered by Missed.
    """

    session: Session
    targets: tuple[tuple[int, int], ...]
    upto: int
    limit: int


@dataclass(frozen=True, slots=True)
class Missed:
    """entries: in their order. cut: whether older ones were left out. upto: as asked."""

    session: Session
    entries: list[Logged]
    cut: bool
    upto: int


@dataclass(frozen=True, slots=True)
class Failed:
    """The worker could not do the job; why is in the log."""

    session: Session


Job = VerifyPassword | HashPassword | LoadMissed
Answer = Verified | Hashed | Missed | Failed
