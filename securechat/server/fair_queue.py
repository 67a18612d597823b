"""Passwords that wait to be checked: every address block in its turn, and those we know first.

A flood of logins from one address costs the flooder: each address block gives one job after the
other address block's. Who rents a machine may have 65,536 address blocks of IPv6, all in one /48:
so a /48 has one turn, which its address blocks take in their turns. Address blocks that an account
has logged in from before, and members, have a queue of their own, which takes turns with the queue
of the unknown ones. Any thread may call.
"""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict, deque
from ipaddress import ip_network

from securechat.core.jobs import HashPassword, VerifyPassword

PasswordJob = VerifyPassword | HashPassword


def site_of(address_block: str) -> str:
    """What one owner may have: of IPv6 the /48 that an address block, a /64, is in; else the
    address_block.
    """
    return (
        str(ip_network(address_block).supernet(new_prefix=48))
        if ":" in address_block
        else address_block
    )


class _Lane:
    """The jobs of one kind of address blocks, each address block's in their order, and the address
    blocks by site.
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
        self._sites.move_to_end(site)
        self._left(site)
        return job

    def drop(self) -> PasswordJob:
        """The newest job of the address block with the most at the site with the most; of several
        such the last, as the first have waited. There must be one.
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
        newest of who has most waiting, of the known or the unknown, whichever are more: so half of
        the places are always theirs.
        """
        with self._lock:
            self._lane(job).put(job)
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
            job = first.take() or second.take()
            if job is not None:
                self._size -= 1
            return job

    def _lane(self, job: PasswordJob) -> _Lane:
        member = job.session.account is not None  # who changes the password
        known = isinstance(job, VerifyPassword) and job.known
        return self._known if known or member else self._unknown
