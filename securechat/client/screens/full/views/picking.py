"""How well a name fits what is typed, by the beginnings of its words. Pure; any thread."""

from __future__ import annotations

import re
from enum import IntEnum
from typing import Final

# Characters looked at of a name and of what is typed: a channel's name has at most 64.
MOST: Final = 128

_WORD = re.compile(r"[^\W\d_]+|\d+")
_HUMP = re.compile(r"(?<=[a-zа-яё])(?=[A-ZА-ЯЁ])")
_APART = re.compile(r"[\W_]+")


class Fit(IntEnum):
    """How well a name fits, the best first."""

    WHOLE = 0
    BEGINNING = 1
    WORDS = 2
    """The beginnings of some of its words, in their order: `labrep` fits #lab-reports."""
    WITHIN = 3


def fit(typed: str, name: str) -> Fit | None:
    """How well a name fits; None: not at all. Neither case nor the signs # and @ count."""
    wanted = _plain(typed)
    known = _plain(name)
    if not wanted or known == wanted:
        return Fit.WHOLE if known == wanted else Fit.BEGINNING
    if known.startswith(wanted):
        return Fit.BEGINNING
    letters = _APART.sub("", wanted)
    if letters and _begins_words(letters, _words(name[:MOST])):
        return Fit.WORDS
    return Fit.WITHIN if wanted in known else None


def fits_text(typed: str, text: str) -> bool:
    """Whether each word that is typed is in a text."""
    known = text.casefold()
    return all(word in known for word in typed[:MOST].casefold().split())


def _plain(text: str) -> str:
    return text[:MOST].strip().lstrip("#@").casefold()


def _words(name: str) -> list[str]:
    return [word.casefold() for part in _HUMP.split(name) for word in _WORD.findall(part)]


def _begins_words(letters: str, words: list[str]) -> bool:
    """Whether letters are beginnings of words, one after the other; some words may have none."""
    # How many letters may be used up after each word: all ways at once, as to try one after the
    # other takes without end for a name such as a-a-a-a-a-a.
    used = {0}
    for word in words:
        for at in tuple(used):
            for more, letter in enumerate(letters[at : at + len(word)]):
                if word[more] != letter:
                    break
                used.add(at + more + 1)
    return len(letters) in used
