"""Passphrases of words drawn at random.

The words are short ones of the EFF's list, in words.txt, which says whose they are. Any thread may
call.
"""

from __future__ import annotations

import secrets
from functools import cache
from importlib import resources

WORDS = 5
"""Of some 1200, drawn independently: 51 bits, which nobody guesses at a login, nor from a stolen
database whose every guess costs bcrypt's time.
"""

_LEAST_CHARS = 3
"""Of a word of the list."""


@cache
def word_list() -> tuple[str, ...]:
    """All words: 3 to 5 lower case letters of ASCII each."""
    text = resources.files(__package__).joinpath("words.txt").read_text(encoding="ascii")
    return tuple(line for line in text.split("\n") if line and not line.startswith("#"))


def passphrase(min_chars: int = 0) -> str:
    """Five words with hyphens between them, more when they have to have min_chars characters."""
    # By their number and not until they are long enough: else short words would hardly come.
    words = max(WORDS, -(-(min_chars + 1) // (_LEAST_CHARS + 1)))
    return "-".join(secrets.choice(word_list()) for _ in range(words))
