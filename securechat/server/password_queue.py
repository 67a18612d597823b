"""Passwords that wait to be checked. Address blocks take turns, so that a flood of logins from one
of them costs the flooder only.

Whoever rents a machine may have 65,536 address blocks of IPv6, all in one /48. So a /48 has one
turn, which its address blocks take by turns. Those that an account has logged in from before, and
people who change their password, wait in a queue of their own, and half of the turns are theirs.
Any thread may call.
"""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict, deque
from ipaddress import ip_network

from securechat.core.jobs import HashPassword, VerifyPassword

PasswordJob = VerifyPassword | HashPassword


def site_of(address_block: str) -> str:
    """What one owner may have. Of an address block of IPv6, a /64, it is the /48 around it; of
    IPv4 it is the address block itself.
    """
    return (
        str(ip_network(address_block).supernet(new_prefix=48))
        if ":" in address_block
        else address_block
    )


class _Waiting:
    """The jobs that wait in one of the two queues: by site, then by address block, and those of one
    address block in their order. Whose turn is next comes first.
    """

    def __init__(self) -> None:
        self._sites: OrderedDict[str, OrderedDict[str, deque[PasswordJob]]] = OrderedDict()
        self._sizes: Counter[str] = Counter()

    def __len__(self) -> int:
        return self._sizes.total()

    def put(self, job: PasswordJob) -> None:
        address_block = job.session.address_block
        site = site_of(address_block)
        blocks = self._sites.setdefault(site, OrderedDict())
        blocks.setdefault(address_block, deque()).append(job)
        self._sizes[site] += 1

    def take(self) -> PasswordJob | None:
        """The oldest of the next site's next address block; both go to the end."""
        if not self._sites:
            return None
        site = next(iter(self._sites))
        address_block, jobs = self._sites[site].popitem(last=False)
        job = jobs.popleft()
        if jobs:
            self._sites[site][address_block] = jobs
        # Whoever has had a turn is behind all others.
        self._sites.move_to_end(site)
        self._left(site)
        return job

    def drop(self) -> PasswordJob:
        """Give up the newest job of the address block that has the most, at the site that has the
        most. Of several such it is the one whose turn is last. There must be a job.
        """
        site = max(reversed(self._sites), key=self._sizes.__getitem__)
        blocks = self._sites[site]
        address_block = max(reversed(blocks), key=lambda address_block: len(blocks[address_block]))
        job = blocks[address_block].pop()
        if not blocks[address_block]:
            del blocks[address_block]
        self._left(site)
        return job

    def _left(self, site: str) -> None:
        """A job of a site is gone."""
        self._sizes[site] -= 1
        if not self._sizes[site]:
            del self._sizes[site], self._sites[site]


class PasswordQueue:
    """limit: jobs that may wait in all."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._size = 0
        self._known = _Waiting()
        self._unknown = _Waiting()
        self._known_next = True

    def __len__(self) -> int:
        return self._size

    def put(self, job: PasswordJob) -> PasswordJob | None:
        """Let a job wait. Returns the job that has to go when that is one too many, perhaps the new
        one: the newest of the address block that has the most waiting. It is taken from the longer
        of the two queues, so that neither ever has less than half of the places.
        """
        with self._lock:
            self._queue_of(job).put(job)
            self._size += 1
            if self._size <= self._limit:
                return None
            self._size -= 1
            unknown = len(self._unknown) >= len(self._known)
            return (self._unknown if unknown else self._known).drop()

    def take(self) -> PasswordJob | None:
        """The job whose turn it is; None when none waits."""
        with self._lock:
            first, second = self._known, self._unknown
            if not self._known_next:
                first, second = second, first
            self._known_next = not self._known_next
            # An empty queue gives its turn to the other one.
            job = first.take() or second.take()
            if job is not None:
                self._size -= 1
            return job

    def _queue_of(self, job: PasswordJob) -> _Waiting:
        changes = job.session.account is not None  # somebody logged in changes the password
        known = isinstance(job, VerifyPassword) and job.known
        return self._known if known or changes else self._unknown
