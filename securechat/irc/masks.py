"""Masks that match nick!user@host: bans, WHO. https://modern.ircdocs.horse/#wildcard-expressions

Every function is pure and may be called from any thread.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from unicodedata import normalize

# More than anybody needs, and more than the longest ban: each wildcard and each character costs
# time wherever somebody sends a mask.
MAX_WILDCARDS = 8
MAX_MASK_CHARS = 128

_STARS = re.compile(r"\*+")
_FIXED = re.compile(r"[^?]+")


def fold(text: str) -> str:
    """A text without differences of case, for host masks (Unicode's D145, composed as NFC)."""
    if text.isascii():
        return text.lower()
    return normalize("NFC", normalize("NFD", text).casefold())


def mask_matches(mask: str, text: str) -> bool:
    """Whether a mask matches the whole text: '*' is any run of characters, '?' exactly one.

    Case doesn't count: both are folded first, so '?' stands for one character of folded text.
    There is no escape character; no name may hold '*' or '?'. A mask that is too_much() matches
    nothing.
    """
    if too_much(mask):  # anybody may send one
        return False
    return _Glob(mask).matches(fold(text))


def matcher(mask: str) -> Callable[[str], bool]:
    """The mask as a function that is true of a folded text which it matches as a whole.

    For a mask that is matched often. The caller has made sure that it isn't too_much().
    """
    return _Glob(mask).matches


def too_wild(mask: str) -> bool:
    """Whether a mask has more than MAX_WILDCARDS; several stars in a row count as one."""
    return len(_STARS.findall(mask)) + mask.count("?") > MAX_WILDCARDS


def too_much(mask: str) -> bool:
    """Whether a mask has more than MAX_MASK_CHARS, or is too_wild()."""
    return len(mask) > MAX_MASK_CHARS or too_wild(mask)


def normalise_mask(text: str) -> str:
    """A full nick!user@host mask from a short one: bob -> bob!*@*, *@host -> *!*@host,
    192.0.2.* -> *!*@192.0.2.*
    """
    nick, bang, rest = text.partition("!")
    if not bang and "@" in text:
        nick, rest = "", text
    elif not bang and ("." in text or ":" in text):  # neither can be in a nick
        nick, rest = "", f"@{text}"
    user, at, host = rest.rpartition("@")
    if not at:
        user, host = rest, ""
    return _STARS.sub("*", f"{nick or '*'}!{user or '*'}@{host or '*'}")


# Matched by hand: to compile a regular expression takes a millisecond, a mask is often seen once,
# and this takes no longer than the product of both lengths, whatever the mask.
class _Piece:
    """What stands between two stars of a mask; '?' is any character in it."""

    __slots__ = ("_first", "_fixed", "length")

    def __init__(self, text: str) -> None:
        self.length = len(text)
        self._fixed = [(found.start(), found[0]) for found in _FIXED.finditer(text)]
        self._first = self._fixed.pop(0) if self._fixed else (0, "")

    def is_at(self, text: str, at: int) -> bool:
        """Whether the text has it at a place, at which there is room for it."""
        offset, fixed = self._first
        if not text.startswith(fixed, at + offset):
            return False
        return all(text.startswith(fixed, at + offset) for offset, fixed in self._fixed)

    def find(self, text: str, at: int, end: int) -> int:
        """The first place from `at` on where it stands before `end`; -1 when there is none."""
        offset, fixed = self._first
        while at + self.length <= end:
            at = text.find(fixed, at + offset, end) - offset
            if at < 0 or at + self.length > end:
                return -1
            if self.is_at(text, at):
                return at
            at += 1
        return -1


class _Glob:
    """A mask as it is matched."""

    __slots__ = ("_head", "_middle", "_shortest", "_tail")

    def __init__(self, mask: str) -> None:
        pieces = [_Piece(piece) for piece in _STARS.split(fold(mask))]
        self._shortest = sum(piece.length for piece in pieces)
        self._head, *self._middle = pieces
        self._tail = self._middle.pop() if self._middle else None

    def matches(self, text: str) -> bool:
        """Whether it matches the whole of a folded text."""
        if len(text) < self._shortest or not self._head.is_at(text, 0):
            return False
        if self._tail is None:
            return len(text) == self._shortest
        at, end = self._head.length, len(text) - self._tail.length
        for piece in self._middle:  # leftmost is best: what is left for the rest is longest
            at = piece.find(text, at, end)
            if at < 0:
                return False
            at += piece.length
        return self._tail.is_at(text, end)
