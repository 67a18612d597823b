"""What the rules ask the world around them in the middle of a turn, and are told at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from securechat.core.jobs import JobFailed, LoadMissed, Missed
from securechat.core.model.entities import Session


@dataclass(frozen=True, slots=True)
class Outside:
    """taken: whether a session's socket has taken all that earlier turns have said to it. read:
    does what a worker would have done, while all wait.
    """

    taken: Callable[[Session], bool] = lambda session: True
    read: Callable[[LoadMissed], Missed | JobFailed] = lambda job: JobFailed(job.session)
