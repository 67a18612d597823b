"""What people say in the log: words, as often as words are, in two scripts."""

from __future__ import annotations

import random

WORDS = 60_000

TEXTS = 200_000
"""Halves of messages at the most; two of them, in any combination, are one."""

WORDS_PER_TEXT = 5

_LATIN = "etaoinshrdlucmfwypvbgkqjxz"
_CYRILLIC = "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъ"


def word(rank: int) -> str:
    """The word with this rank of frequency, from 0: Latin when it is even, Cyrillic when it is odd.
    Common words are short.
    """
    letters = _CYRILLIC if rank % 2 else _LATIN
    left, made = rank // 2 + 30, ""
    while left:
        left, letter = divmod(left, 24)
        made += letters[letter]
    return made + letters[rank % 7] * (rank % 3)


def texts(count: int) -> list[str]:
    """So many halves of messages; the word of rank n is one in n + 2 or so, as in any language. The
    same ones each time.
    """
    rng = random.Random(1)
    words = [word(rank) for rank in range(WORDS)]
    shares, total = [], 0.0
    for rank in range(WORDS):
        total += 1 / (rank + 2)
        shares.append(total)
    return [
        " ".join(rng.choices(words, cum_weights=shares, k=WORDS_PER_TEXT)) for _ in range(count)
    ]
