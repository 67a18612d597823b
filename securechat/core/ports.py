"""What the rules ask of the outside in the middle of a turn, and are told at once: numbers for
what is new, what sockets have taken, randomness, and what takes a key that isn't in the
database. Hub thread only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from securechat.core.jobs import JobFailed, LoadMissed, Missed
from securechat.core.model.entities import Session


def following(last: int) -> int:
    """The next number where only this process gives them."""
    # A port all the same: where several processes give numbers this would be a question to them.
    return last + 1


@dataclass(frozen=True, slots=True)
class Outside:
    """next_seq: the next place in the one order, behind the last that is known here. next_target: a
    number for a new channel or conversation, in the same way; both where one process gives them
    all. taken: whether a session's socket has taken all that earlier turns have said to it. read:
    does what a worker would have done, while all wait.
    """

    next_seq: Callable[[int], int] = following
    next_target: Callable[[int], int] = following
    # Defaults for tests of the rules, in which sockets take all at once.
    taken: Callable[[Session], bool] = lambda session: True
    read: Callable[[LoadMissed], Missed | JobFailed] = lambda job: JobFailed(job.session)


class Vault(Protocol):
    """Randomness and secrets; store.pepper.Pepper is the real one."""

    def random(self, size: int) -> bytes:
        """So many bytes that nobody can foretell."""
        ...

    def seal(self, secret: bytes, context: str) -> str:
        """Encrypt and authenticate; context must be the same when it is opened."""
        ...

    def unseal(self, sealed: str, context: str) -> bytes:
        """The secret again. Raises an error when the text is damaged or sealed elsewhere."""
        ...

    def digest(self, text: str) -> bytes:
        """A keyed digest, for codes that are short enough to be guessed from a plain one."""
        ...
