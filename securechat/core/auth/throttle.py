"""Who guesses passwords waits, longer with each wrong one, and nobody else does.

Wrong guesses are counted for the name that was tried and for the address block they come from. An
attempt at a name, or from an address block, with many of them is held back for some seconds before
the password is looked at. It is the attempt that waits, not the account that is locked: its owner,
coming from anywhere, waits as long as one attempt does. From an address block that the owner has
logged in from before, only wrong guesses at this very account count. Device tokens and certificates
can't be guessed, and never wait.

The rules are the same for names that nobody has. Hub thread only; clock: monotonic seconds.
"""

from __future__ import annotations

import heapq
from collections import Counter, OrderedDict
from itertools import count

from securechat.core.jobs import VerifyPassword
from securechat.core.model.levels import Levels

FREE = 4
"""Wrong guesses that cost no wait: people mistype."""

MAX_WAIT_SECONDS = 10.0
"""Clients give a login up, and come back to wait anew: WeeChat after 15 s, irssi after 20. A longer
wait would keep their people out for as long as somebody guesses.
"""

FORGET_SECONDS = 60.0
"""One wrong guess is forgotten in so much time."""

MAX_LEVEL = 12
"""More wrong guesses than this don't make it longer until all are forgotten."""

MAX_KEYS = 20_000
"""Names, address blocks, pairs of them, and names with the address blocks where they are known: so
many of each are remembered; the ones not seen for longest go first.
"""

MAX_ADDRESS_BLOCKS = 32
"""Address blocks that one account is known at: a member who logs in from thousands pushes out none
of the others' by it.
"""

MAX_HELD = 8
"""Attempts of one address block that may wait at once; further ones are turned away."""

CODE_GUESSES = 10
"""Wrong codes of the second factor that an account's owner may give in a row."""

CODE_FORGET_SECONDS = 360.0
"""240 tries a day at a million codes: who has stolen a password needs years for the code."""


class LoginThrottle:
    """The whole server's memory of wrong guesses, and the attempts that wait because of them."""

    def __init__(self) -> None:
        self._names = Levels(FORGET_SECONDS, MAX_LEVEL, MAX_KEYS)
        self._blocks = Levels(FORGET_SECONDS, MAX_LEVEL, MAX_KEYS)
        self._pairs = Levels(FORGET_SECONDS, MAX_LEVEL, MAX_KEYS)
        self._known: OrderedDict[str, OrderedDict[str, None]] = OrderedDict()
        self._codes = Levels(CODE_FORGET_SECONDS, MAX_LEVEL, MAX_KEYS)
        self._held: list[tuple[float, int, VerifyPassword]] = []
        self._held_of: Counter[str] = Counter()
        # Breaks ties in the heap: jobs can't be compared with each other.
        self._numbers = count()

    def wait(self, name: str, address_block: str, clock: float) -> float:
        """Seconds that an attempt must wait. name: folded. address_block: session.address_block."""
        if self.known(name, address_block):
            # So a guesser elsewhere can't make the owner wait who comes from where they always do.
            level = self._pairs.level((name, address_block), clock)
        else:
            # The larger of both: many names from one place, or one name from many places.
            level = max(self._names.level(name, clock), self._blocks.level(address_block, clock))
        # 1, 2, 4, 8 seconds, and then the most.
        return 0.0 if level <= FREE else min(2.0 ** (level - FREE - 1), MAX_WAIT_SECONDS)

    def known(self, name: str, address_block: str) -> bool:
        """Whether the account has logged in from there, as far back as is remembered."""
        return address_block in self._known.get(name, ())

    def wrong(self, name: str, address_block: str, clock: float) -> None:
        """A wrong guess."""
        if self.known(name, address_block):
            self._pairs.add((name, address_block), clock)
        else:
            # Not for those who are known there: their own mistyping must not slow their phone
            # elsewhere.
            self._names.add(name, clock)
            self._blocks.add(address_block, clock)

    def right(self, name: str, address_block: str) -> None:
        """A login. It doesn't take back others' wrong guesses: an attacker has an account too."""
        blocks = self._known.setdefault(name, OrderedDict())
        blocks[address_block] = None
        blocks.move_to_end(address_block)
        if len(blocks) > MAX_ADDRESS_BLOCKS:
            blocks.popitem(last=False)
        self._known.move_to_end(name)
        if len(self._known) > MAX_KEYS:
            self._known.popitem(last=False)

    # Attempts that wait

    def hold(self, job: VerifyPassword, until: float) -> bool:
        """Keep an attempt until then; False when too many of its address block wait already."""
        address_block = job.session.address_block
        # Who has logged in from there before is kept all the same: a school has one address.
        if self._held_of[address_block] >= MAX_HELD and not job.known:
            return False
        self._held_of[address_block] += 1
        # By time: each tick looks only at the first ones.
        heapq.heappush(self._held, (until, next(self._numbers), job))
        return True

    def due(self, clock: float) -> list[VerifyPassword]:
        """The attempts that have waited long enough, each given once."""
        found = []
        while self._held and self._held[0][0] <= clock:
            job = heapq.heappop(self._held)[2]
            self._held_of[job.session.address_block] -= 1
            found.append(job)
        self._held_of += Counter()  # forgets those at zero
        return found

    # Codes of the second factor

    def may_try_code(self, account: int, clock: float) -> bool:
        """Whether somebody who knows the account's password may give a code now."""
        return self._codes.level(account, clock) < CODE_GUESSES

    def wrong_code(self, account: int, clock: float) -> None:
        """The password was right, the code wrong."""
        self._codes.add(account, clock)
