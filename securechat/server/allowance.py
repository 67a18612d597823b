"""What one account may ask of the hub: so many lines, and so much of its time. Hub thread only.

All sessions of an account, those to come included, draw on one token bucket: who connects anew
begins with what is left. A line is paid for by its length, and by the time that the hub took for
it, so no kind of line needs a price of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

from securechat.core.delivery.effects import Effect, Reply
from securechat.core.model.entities import Account
from securechat.irc.framing import PLAIN_LINE
from securechat.net.throttle import Rate, TokenBucket

LINE_SECONDS = 0.00025
"""Of the hub's time, that a line may take. An ordinary one takes a tenth of it. By default, at 20
lines a second, that is a two-hundredth of the hub for an account.
"""

ANSWER_BYTES = 8192
"""Of what somebody is answered, counted as characters, that cost as much as a line: to encrypt and
to write it takes other threads' time. By default that is 160 KiB a second, and 800 at once.
"""

FRESH_LINES, FRESH_SECONDS = 10.0, 0.1
"""Who has used up no more than so many lines, or than is earned in that time, comes first: anybody
who talks, and nobody who floods.
"""

MOST_BUCKETS = 1000
"""Kept before it is looked which are full again, and tell nothing."""


class Standing(IntEnum):
    """Whose lines are taken first: of who has used little, then of who has used much. Who has used
    up everything waits until there is something again.
    """

    FRESH = 0
    BUSY = 1
    RESTING = 2


class Allowance:
    """rate: of an account's lines, the long ones counted by their bytes."""

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self.fresh = _fresh(rate)
        """Who has at least so many tokens has used little."""
        self._buckets: dict[Account, TokenBucket] = {}
        self._look_at = MOST_BUCKETS

    def change(self, rate: Rate, now: float) -> None:
        """Another rate from now on, for those too who have used up some of it."""
        self._rate, self.fresh = rate, _fresh(rate)
        for bucket in self._buckets.values():
            bucket.change(rate, now)

    def bucket(self, account: Account, now: float) -> TokenBucket:
        """What the account draws on. now: monotonic seconds."""
        return self._buckets.get(account) or self._new(account, now)

    def is_fresh(self, account: Account) -> bool:
        """Whether it certainly has its place among the first; a quick look."""
        # Without time passing in it: what has been earned since can only make it fresher.
        bucket = self._buckets.get(account)
        return bucket is None or bucket.tokens >= self.fresh

    def standing(self, account: Account, now: float) -> Standing:
        """Where the account's next line belongs."""
        left = self.bucket(account, now).available(now)
        if left >= self.fresh:
            return Standing.FRESH
        return Standing.BUSY if left else Standing.RESTING

    def wait(self, account: Account, now: float) -> float:
        """Seconds until a resting account may say something again."""
        bucket = self.bucket(account, now)
        bucket.available(now)
        return bucket.wait()

    def _new(self, account: Account, now: float) -> TokenBucket:
        if len(self._buckets) >= self._look_at:
            full, found = int(self._rate.burst), self._buckets.items()
            # A bucket that is full is the same as none.
            self._buckets = {one: bucket for one, bucket in found if bucket.available(now) < full}
            # Doubled, so that looking through them costs each of them little in the long run.
            self._look_at = max(MOST_BUCKETS, 2 * len(self._buckets))
        bucket = self._buckets[account] = TokenBucket(self._rate, now, LINE_SECONDS)
        return bucket


def _fresh(rate: Rate) -> float:
    most_used = max(FRESH_LINES, FRESH_SECONDS * rate.lines)
    # At most half, so that small bursts too have somebody who counts as fresh.
    return rate.burst - min(most_used, rate.burst / 2)


def cost_of(lines: list[bytes]) -> int:
    """In lines of the usual size, as the I/O threads count them."""
    # By far the most frequent case.
    if len(lines) == 1:
        return 1 + len(lines[0]) // PLAIN_LINE
    return len(lines) + sum(map(len, lines)) // PLAIN_LINE


def cost_of_answers(effects: Sequence[Effect]) -> int:
    """What is sent to those who have asked, in lines. effects: of what they said."""
    return sum(len(one.line.body) for one in effects if isinstance(one, Reply)) // ANSWER_BYTES
