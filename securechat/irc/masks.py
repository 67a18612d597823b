"""Masks that match nick!user@host: bans, WHO. https://modern.ircdocs.horse/#wildcard-expressions

Every function is pure and may be called from any thread.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from unicodedata import normalize

MAX_WILDCARDS = 8


def fold(text: str) -> str:
    """A text without differences of case, for host masks (Unicode's D145, composed as NFC)."""
    if text.isascii():
        return text.lower()
    return normalize("NFC", normalize("NFD", text).casefold())


def mask_matches(mask: str, text: str) -> bool:
    """Whether a mask matches the whole text: '*' is any run of characters, '?' exactly one.

    Case doesn't count: both are folded first, so '?' stands for one character of folded text.
    There is no escape character; no name may hold '*' or '?'. The time is bounded by the product
    of both lengths, whatever the mask.
    """
    return _glob(mask).fullmatch(fold(text)) is not None


def matcher(mask: str) -> Callable[[str], object]:
    """The mask as a function that is true of a folded text which it matches as a whole.

    For who keeps it: mask_matches() forgets masks when there are thousands.
    """
    return _glob.__wrapped__(mask).fullmatch


def too_wild(mask: str) -> bool:
    """Whether a mask has more wildcards than anybody needs; each of them costs time."""
    return len(re.findall(r"\*+", mask)) + mask.count("?") > MAX_WILDCARDS


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
    return re.sub(r"\*+", "*", f"{nick or '*'}!{user or '*'}@{host or '*'}")


@lru_cache(maxsize=4096)
def _glob(mask: str) -> re.Pattern[str]:
    """A mask as an expression whose atomic groups leave nothing to try twice."""
    head, *rest = (_literal(piece) for piece in re.split(r"\*+", fold(mask)))
    if not rest:
        return re.compile(head, re.DOTALL)
    middle = "".join(f"(?>.*?{piece})" for piece in rest[:-1])
    return re.compile(f"{head}{middle}.*{rest[-1]}", re.DOTALL)


def _literal(piece: str) -> str:
    return "".join("." if char == "?" else re.escape(char) for char in piece)
