"""Texts: names, masks, and what may reach a terminal."""

from __future__ import annotations

import unicodedata
from functools import cache

from securechat.common.escape import escape, is_clean
from securechat.irc import masks, names
from securechat.irc.names import InvalidName
from tests.fuzz.target import Target

AWKWARD = tuple(
    text.encode()
    for text in ("ß", "İ", "ı", "ς", "é", "e\u0301", "ａ", "а", "\u200d", "\u202e", "\ufe0f", "١")
)


# --- names ---------------------------------------------------------------------------------------


def account(data: bytes) -> None:
    """A name or an InvalidName; its forms are names as well, and stay what they are."""
    text = data.decode("utf-8", "replace")
    try:
        found = names.account_name(text)
    except InvalidName:
        assert names.fold_account(text) is None
        return
    assert names.fold_account(text) == found.folded
    for form in (found.display, found.folded):
        again = names.account_name(form)
        assert (again.display, again.folded) == (form, found.folded)
        assert 0 < len(form.encode()) <= names.MAX_ACCOUNT_BYTES
        assert len(form) <= names.MAX_ACCOUNT_CHARS
        assert not set(" ,:*?!@#\0\r\n") & set(form)
    names.is_reserved(found)


def channel(data: bytes) -> None:
    """As with accounts."""
    text = "#" + data.decode("utf-8", "replace")
    try:
        found = names.channel_name(text)
    except InvalidName:
        assert names.fold_channel(text) is None
        return
    assert names.fold_channel(text) == found.folded
    for form in (found.display, found.folded):
        again = names.channel_name(form)
        assert (again.display, again.folded) == (form, found.folded)
        assert len(form.encode()) <= names.MAX_CHANNEL_BYTES
        assert not set(" ,:*?!@\0\r\n") & set(form)


# --- masks ---------------------------------------------------------------------------------------


def mask(data: bytes) -> None:
    """A mask matches what the plainest way of matching says. The first line is the mask."""
    pattern, _, text = data.decode("utf-8", "replace")[:120].partition("\n")
    plain = _matches(masks.fold(pattern), masks.fold(text))
    assert masks.matcher(pattern)(masks.fold(text)) == plain
    assert masks.mask_matches(pattern, text) == (plain and not masks.too_much(pattern))
    full = masks.normalise_mask(pattern)
    assert masks.normalise_mask(full) == full
    assert "!" in full
    assert "@" in full.partition("!")[2]


def _matches(pattern: str, text: str) -> bool:
    @cache
    def rest(p: int, t: int) -> bool:
        if p == len(pattern):
            return t == len(text)
        if pattern[p] == "*":
            return rest(p + 1, t) or (t < len(text) and rest(p, t + 1))
        return t < len(text) and pattern[p] in ("?", text[t]) and rest(p + 1, t + 1)

    return rest(0, 0)


# --- the terminal --------------------------------------------------------------------------------


def terminal(data: bytes) -> None:
    """What is shown is one line, which moves no cursor and reorders nothing; again it stays so."""
    text = data.decode("utf-8", "replace")
    shown = escape(text)
    assert escape(shown) == shown
    assert is_clean(shown)
    assert shown.isprintable() or not {unicodedata.category(c) for c in shown} & {"Cc", "Zl", "Zp"}
    for char in shown:
        # The two joiners may stand within words and emoji; nothing else of their category may.
        assert unicodedata.category(char) not in ("Cf", "Cs") or char in "\u200c\u200d", ascii(char)
    if text.isascii() and text.isprintable():
        assert shown == text


TEXTS = (
    Target("account", account, (b"alice", b"admin", b"|", b"-", *AWKWARD)),
    Target("channel", channel, (b"lobby", b",", b":", *AWKWARD)),
    Target("mask", mask, (b"*", b"?", b"!", b"@", b".", b"*!*@*", *AWKWARD)),
    Target(
        "terminal",
        terminal,
        (b"\x1b[2J", b"\x1b]0;", b"\x07", b"\x9b", b"\x0304,01", b"\x04ff0000", *AWKWARD),
    ),
)
