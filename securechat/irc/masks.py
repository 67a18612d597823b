"""Masks that match nick!user@host: bans, WHO. https://modern.ircdocs.horse/#wildcard-expressions

Every function is pure and may be called from any thread.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from unicodedata import normalize

MAX_WILDCARDS = 8
MAX_MASK_CHARS = 128
"""More than the longest ban. What is longer, or wilder, matches nothing."""


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
    There is no escape character; no name may hold '*' or '?'. A mask of more than MAX_MASK_CHARS,
    or with more than MAX_WILDCARDS, matches nothing: anybody may send one, and each costs time.
    """
    if too_much(mask):
        return False
    return _Glob(mask).matches(fold(text))


def matcher(mask: str) -> Callable[[str], bool]:
    """The mask as a function that is true of a folded text which it matches as a whole.

    For who matches it often, and has looked whether it is too much.
    """
    return _Glob(mask).matches


def too_wild(mask: str) -> bool:
    """Whether a mask has more wildcards than anybody needs; each of them costs time."""
    return len(_STARS.findall(mask)) + mask.count("?") > MAX_WILDCARDS


def too_much(mask: str) -> bool:
    """Whether a mask is too long or too wild to be looked at."""
    return len(mask) > MAX_MASK_CHARS or too_wild(mask)


def normalise_mask(text: str) -> str:
    """A full nick!user@host mask from a short one: bob -> bob!*@*, *@host -> *!*@host.

    A word with '.' or ':' can't be a nick, so it's taken as a host: 192.0.2.* -> *!*@192.0.2.*
    """
    nick, bang, rest = text.partition("!")
    if not bang and "@" in text:
        nick, rest = "", text
    elif not bang and ("." in text or ":" in text):
        nick, rest = "", f"@{text}"
    user, at, host = rest.rpartition("@")
    if not at:
        user, host = rest, ""
    return _STARS.sub("*", f"{nick or '*'}!{user or '*'}@{host or '*'}")


class _Piece:
    """What stands between two stars: '?' is any character in it. No expression is compiled, as that
    takes a millisecond, and a mask is often seen once.
    """

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
