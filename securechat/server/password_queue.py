"""Passwords that wait to be checked. Address blocks take turns, so that a flood of logins from one
of them costs the flooder only.

Whoever rents a machine may have 65,536 address blocks of IPv6, all in one /48. So a /48 has one
turn, which its address blocks take by turns. Those that an account has logged in from before, and
people who change their password, wait in a queue of their own, and half of the turns are theirs.
One of the threads works for these alone: so a class that comes back at once has the whole machine,
and strangers never have all of it. Any thread may call.
"""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict, deque
from ipaddress import ip_network

from securechat.core.jobs import HashPassword, VerifyPassword
from securechat.core.model.states import State

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

    def forget_gone(self) -> int:
        """Give up the jobs of those who have hung up; how many these were."""
        before = len(self)
        for site, blocks in list(self._sites.items()):
            for address_block, jobs in list(blocks.items()):
                for job in [job for job in jobs if is_gone(job)]:
                    jobs.remove(job)
                    self._left(site)
                if not jobs:
                    del blocks[address_block]
        return before - len(self)

    def _left(self, site: str) -> None:
        """A job of a site is gone."""
        self._sizes[site] -= 1
        if not self._sizes[site]:
            del self._sizes[site], self._sites[site]


class PasswordQueue:
    """limit: jobs that may wait in all. threads: that take them; all but one may be busy for the
    unknown at once, and one where there is no other.
    """

    def __init__(self, limit: int, threads: int) -> None:
        self._limit = limit
        self._for_unknown = max(1, threads - 1)
        self._begun: list[PasswordJob] = []
        """Those of the unknown that a thread has taken."""
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
        of the two queues, so that neither ever has less than half of the places. Who has hung up
        has none.
        """
        with self._lock:
            self._queue_of(job).put(job)
            self._size += 1
            if self._size > self._limit:
                self._size -= self._known.forget_gone() + self._unknown.forget_gone()
            if self._size <= self._limit:
                return None
            self._size -= 1
            unknown = len(self._unknown) >= len(self._known)
            return (self._unknown if unknown else self._known).drop()

    def take(self) -> PasswordJob | None:
        """The job whose turn it is, for a thread that says done() and asks again; None when it is
        nobody's.
        """
        with self._lock:
            first, second = self._known, self._unknown
            if not self._known_next:
                first, second = second, first
            self._known_next = not self._known_next
            # An empty queue gives its turn to the other one.
            job = self._take(first) or self._take(second)
            if job is not None:
                self._size -= 1
            return job

    def done(self, job: PasswordJob) -> None:
        """A thread has finished a job that it has taken."""
        with self._lock:
            # Not asked whether it is of the known: its session may be somebody's by now.
            at = next((at for at, one in enumerate(self._begun) if one is job), None)
            if at is not None:
                del self._begun[at]

    def _take(self, waiting: _Waiting) -> PasswordJob | None:
        if waiting is self._known:
            return waiting.take()
        if len(self._begun) >= self._for_unknown:
            return None
        job = waiting.take()
        if job is not None:
            self._begun.append(job)
        return job

    def _queue_of(self, job: PasswordJob) -> _Waiting:
        changes = job.session.account is not None  # somebody logged in changes the password
        known = isinstance(job, VerifyPassword) and job.known
        return self._known if known or changes else self._unknown


def is_gone(job: PasswordJob) -> bool:
    """Whether nobody waits for the answer."""
    # The hub's to change, but CLOSED is final.
    return job.session.state is State.CLOSED
