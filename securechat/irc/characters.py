"""Characters of names: which can't be seen, and what a name may be made of.

Every function is pure and may be called from any thread; the data is read at the first call. What
returns a fault returns text for people, or None.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cache, lru_cache
from itertools import pairwise
from unicodedata import category, normalize

from securechat.irc.lookalikes import unicode_data

_MAX_MARKS = 4  # Unicode TR 39, 5.4: more of them on one letter climb over the lines above

BLANK = re.compile(
    # Default_Ignorable_Code_Point: a program without a rule for them draws nothing.
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0000-\U000e0fff"
    # Letters, marks and symbols whose glyph is empty, or that only change how others are drawn:
    # Braille blank, half space, object replacement, null notehead, fillers, half and full blanks.
    "\u2800\u303f\ufffc\U0001d159\U00016fe4\U00013441\U00013442"
    # Joiners of consonants and numbers, a selector of letters.
    "\u2d7f\U0001107f\U0001bc9d]"
)
"""Drawn as nothing although their general category is a letter, a mark or a symbol."""

# Indic_Syllabic_Category Invisible_Stacker: Khmer and Burmese can't be written without them. They
# are seen by what they do to the letter behind them, and only by that.
_STACKERS = frozenset(
    "\u1039\u17d2\u1a60\u1bab\uaaf6\U00010a3f\U00011133\U000113d0\U0001193e\U00011a47\U00011a99"
    "\U00011d45\U00011d97\U00011f42"
)

# Unicode TR 39, 5.2 "highly restrictive": the scripts that one name may mix.
_SCRIPT_MIXES = (
    frozenset({"LATIN", "HAN", "HIRAGANA", "KATAKANA"}),
    frozenset({"LATIN", "HAN", "BOPOMOFO"}),
    frozenset({"LATIN", "HAN", "HANGUL"}),
)
_ANY_SCRIPT = frozenset({"COMMON", "INHERITED"})


def character_fault(char: str) -> str:
    """Why a character may not be in a name."""
    if category(char) in {"Cc", "Cf", "Zl", "Zp"} or BLANK.match(char):
        return f"it holds the invisible character U+{ord(char):04X}"
    return f"the character {char!r} (U+{ord(char):04X}) isn't allowed"


def marks_fault(name: str) -> str | None:
    """Marks that can't be seen, or that hide others."""
    if "M" not in "".join(map(category, name)):
        return None
    if category(name[0]).startswith("M"):
        return "it begins with a combining mark"
    decomposed = normalize("NFD", name)
    if any(a == b and category(a) == "Mn" for a, b in pairwise(decomposed)):
        return "a combining mark is repeated on one letter, which can't be seen"
    run = 0
    for char in decomposed:
        run = run + 1 if category(char) == "Mn" else 0
        if run > _MAX_MARKS:
            return f"a letter carries more than {_MAX_MARKS} combining marks"
    return _strange_mark_fault(name)


def _strange_mark_fault(name: str) -> str | None:
    """A mark on a letter of another script is drawn somehow, and by many fonts not at all; nor is a
    stacker that has nothing to stack.
    """
    on = ""
    for char, following in zip(name, [*name[1:], ""], strict=True):
        if category(char)[0] != "M":
            on = script(char)
            continue
        own = script(char)
        if own not in _ANY_SCRIPT and own != on:
            return f"the mark U+{ord(char):04X} is on a letter of another script"
        if char in _STACKERS and not (following.isalpha() and script(following) == own):
            return f"it holds the invisible character U+{ord(char):04X}"
    return None


def scripts_fault(name: str) -> str | None:
    """A mix of scripts that no language has."""
    scripts = {script(char) for char in set(name)} - _ANY_SCRIPT
    if len(scripts) < 2 or any(scripts <= mix for mix in _SCRIPT_MIXES):
        return None
    mixed = " and ".join(one.title() for one in sorted(scripts))
    return f"it mixes the scripts {mixed}"


@cache
def _script_ranges() -> tuple[list[int], list[int], list[str]]:
    """First code points, last code points and scripts of Unicode's Scripts.txt, in order."""
    data = unicode_data("categories.json")
    first, last, scripts = [], [], []
    for start, end, alias, _ in data["code_points_ranges"]:
        first.append(start)
        last.append(end)
        scripts.append(data["iso_15924_aliases"][alias])
    return first, last, scripts


@lru_cache(maxsize=2048)
def script(char: str) -> str:
    """Of a character, as Unicode names it in capitals; UNKNOWN when it is newer than the data."""
    first, last, scripts = _script_ranges()
    at = bisect_right(first, ord(char)) - 1
    return scripts[at] if at >= 0 and ord(char) <= last[at] else "UNKNOWN"
