"""Passwords that wait to be checked: every network in its turn, and those we know first.

A flood of logins from one address costs the flooder: each network gives one job after the other
network's. Networks that an account has logged in from before have a queue of their own, which takes
turns with the queue of the unknown ones. Any thread may call.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque

from securechat.core.jobs import HashPassword, VerifyPassword

PasswordJob = VerifyPassword | HashPassword


class _Lane:
    """The jobs of one kind of networks, each network's in their order."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[str, deque[PasswordJob]] = OrderedDict()

    def put(self, job: PasswordJob) -> None:
        self._waiting.setdefault(job.session.network, deque()).append(job)

    def take(self) -> PasswordJob | None:
        """The next network's oldest; the network goes to the end."""
        if not self._waiting:
            return None
        network, jobs = self._waiting.popitem(last=False)
        job = jobs.popleft()
        if jobs:
            self._waiting[network] = jobs
        return job

    def longest(self) -> int:
        """How many jobs the network with the most has."""
        return max(map(len, self._waiting.values()), default=0)

    def drop(self) -> PasswordJob:
        """The newest job of the network with the most. There must be one."""
        network = max(self._waiting, key=lambda network: len(self._waiting[network]))
        jobs = self._waiting[network]
        job = jobs.pop()
        if not jobs:
            del self._waiting[network]
        return job


class FairQueue:
    """limit: jobs that may wait in all."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._size = 0
        self._known = _Lane()
        self._unknown = _Lane()
        self._known_next = True

    def __len__(self) -> int:
        return self._size

    def put(self, job: PasswordJob) -> PasswordJob | None:
        """Let a job wait. When that is one too many, the job that has to go, perhaps this one: the
        newest of the network that has most waiting.
        """
        with self._lock:
            self._lane(job).put(job)
            self._size += 1
            if self._size <= self._limit:
                return None
            self._size -= 1
            unknown = self._unknown.longest() >= self._known.longest()
            return (self._unknown if unknown else self._known).drop()

    def take(self) -> PasswordJob | None:
        """The job whose turn it is; None when none waits."""
        with self._lock:
            first, second = self._known, self._unknown
            if not self._known_next:
                first, second = second, first
            self._known_next = not self._known_next
            job = first.take() or second.take()
            if job is not None:
                self._size -= 1
            return job

    def _lane(self, job: PasswordJob) -> _Lane:
        known = isinstance(job, VerifyPassword) and job.known
        return self._known if known else self._unknown
