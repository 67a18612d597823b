"""Skeletons: two names with the same one look alike (Unicode TR 39, section 4).

Every function is pure and may be called from any thread; the data is read at the first call.
"""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from typing import Any
from unicodedata import combining, normalize, unidata_version

# Unicode's Soft_Dotted: an accent above takes their dot's place, so one that is a dot isn't seen.
# With them the dotless ones, which look like the others when a dot is put on them, and the capitals
# whose small letter has the dot.
_SOFT_DOTTED = (
    "iIjJ\u0131\u0237\u0249\u0268\u029d\u02b2\u03f3\u0406\u0408\u0456\u0458\u1d62\u1d96\u1da4\u1da8"
    "\u2071\u2c7c"
)
_DOTLESS_J = "\u0237"
_DOT_ABOVE = "\u0307"
_ABOVE = 230
"""The combining class of marks above the letter: a dot after another one stands on that one."""


def skeleton(text: str) -> str:
    """Unicode TR 39's skeleton, without case, and without the dots that aren't seen.

    It starts from the display form, since that is what people see: 'aIice' with a capital i looks
    like 'alice', while its folded form doesn't. Taking case away can yield a letter with another
    prototype (M has none, m looks like rn), hence the repetition; it ends after a few rounds.
    """
    table = _prototypes()
    for _ in range(8):
        before, text = text, _undotted(normalize("NFD", text)).translate(table)
        text = normalize("NFD", normalize("NFD", text).casefold())
        if text == before:
            break
    # Names are read with a capital at their beginning: ian as Ian, which looks like lan.
    return "l" + text[1:] if text.startswith("i") else text


def _undotted(text: str) -> str:
    """Without a dot above a letter that has one by itself. text: decomposed."""
    if _DOT_ABOVE not in text:
        return text
    kept: list[str] = []
    letter = -1  # where the soft-dotted letter is that a dot would stand on
    for char in text:
        if char == _DOT_ABOVE and letter >= 0:
            kept[letter] = {"I": "i", "\u0406": "i"}.get(kept[letter], kept[letter])
            continue
        if combining(char) in (0, _ABOVE):
            letter = len(kept) if char in _SOFT_DOTTED else -1
        kept.append(char)
    return "".join(kept)


@cache
def _prototypes() -> dict[int, str]:
    """Code points and what each looks like, for str.translate.

    The data has Unicode's confusables.txt as a symmetric map. There each line leads from one
    character to its prototype, a character or a few, that leads nowhere. So every family is a
    star, and its centre, the one member with several neighbours, is the prototype. In a family of
    two it is the longer one (ae for æ), otherwise the lower code point.
    """
    near: dict[str, set[str]] = defaultdict(set)
    for glyph, others in unicode_data("confusables.json").items():
        for other in others:
            near[_unmarked(glyph)].add(_unmarked(other["c"]))
    near["\u04cf"] = {"l"}  # Unicode says i, but the small palochka has no dot
    leaves = ((leaf, next(iter(far))) for leaf, far in near.items() if len(far) == 1)
    table = {
        ord(leaf): centre.replace(_DOTLESS_J, "j")
        for leaf, centre in leaves
        if len(leaf) == 1 and (len(near[centre]) > 1 or len(centre) > 1 or centre < leaf)
    }
    return table | {ord(_DOTLESS_J): "j"}  # Unicode has this line for the dotless i only


def _unmarked(glyph: str) -> str:
    # The source wraps right-to-left characters in marks that keep its own lines in order.
    return glyph.strip("\u200e")


def unicode_data(filename: str) -> dict[str, Any]:
    """A file of Unicode data that the library confusable_homoglyphs carries."""
    # Only here, as a client that meets plain names alone never comes here.
    import json
    from importlib.resources import files

    # Read as data: importing the package's own module costs more, and loads a web client.
    path = files("confusable_homoglyphs").joinpath(filename)
    data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return data


@cache
def data_version() -> str:
    """Another one whenever a skeleton may be: of the tables, and of Python's own Unicode."""
    import hashlib  # only here, as a client never asks

    parts = (sorted(_prototypes().items()), _SOFT_DOTTED, unidata_version)
    return hashlib.sha256(repr(parts).encode()).hexdigest()
