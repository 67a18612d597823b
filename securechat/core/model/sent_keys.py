"""The keys of an account's newest messages: the second message of one key is known by it.

Plain state of the model; it changes only in journal.apply(). Hub thread only.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from typing import NamedTuple

MAX_KEYS = 256
"""Remembered of an account. Ours sends at most 32 messages ahead of their echoes, on each of a few
devices; a script that sends on and on with the same account must not push theirs out at once.
"""


class Kept(NamedTuple):
    """Of a message: its place in the one order, and when it was said."""

    seq: int
    at_ms: int


class SentKeys:
    """In slots, of which the oldest makes room: arrays, as there is one for each account."""

    __slots__ = ("_at_ms", "_keys", "_seqs", "slot")

    def __init__(self) -> None:
        # Of 64 bits each: a key has 15 hexadecimal digits at most, so that it fits.
        self._keys, self._seqs, self._at_ms = array("q"), array("q"), array("q")
        self.slot = 0
        """For the next one."""

    def find(self, key: int) -> Kept | None:
        """The message that had this key."""
        try:
            # A walk over at most 256 numbers; a dict for each account would take far more memory.
            slot = self._keys.index(key)
        except ValueError:
            return None
        return Kept(self._seqs[slot], self._at_ms[slot])

    def put(self, slot: int, key: int, kept: Kept) -> Callable[[], object]:
        """Remember a key; the result, called, forgets it for what was there before."""
        # They grow with use: most accounts never send a key.
        while len(self._keys) <= slot:
            for column in (self._keys, self._seqs, self._at_ms):
                column.append(0)
        before = self._keys[slot], Kept(self._seqs[slot], self._at_ms[slot])
        self._set(slot, key, kept)
        self.slot = (slot + 1) % MAX_KEYS

        def undo() -> None:
            # A later message may have taken the slot since, and its key must stay.
            if self._keys[slot] == key:
                self._set(slot, *before)
                if self.slot == (slot + 1) % MAX_KEYS:  # none has come since
                    self.slot = slot

        return undo

    def _set(self, slot: int, key: int, kept: Kept) -> None:
        self._keys[slot], self._seqs[slot], self._at_ms[slot] = key, kept.seq, kept.at_ms

    def items(self) -> dict[int, int]:
        """The seqs by the keys."""
        # Key 0 is what fills the slots not used yet; a client can't send it.
        return {key: seq for key, seq in zip(self._keys, self._seqs, strict=True) if key}
