"""Whether a new password is easily guessed: for the server, and for who asks for one.

Any thread may call. NIST SP 800-63B-4 (3.1.1.2)
"""

from __future__ import annotations

import re
from enum import Enum, auto
from threading import Lock
from unicodedata import normalize

# zxcvbn's time grows with a power of the length: symbols that stand for letters (p@$$w0rd) cost it
# 4 s at 72 characters and 0.03 s at 24. So long passwords are judged in pieces.
_PIECE_CHARS = 24
_MAX_PIECES = 12
_MAX_GUESSES_EXPONENT = 10  # zxcvbn's own border of its best score: 10^10 guesses
_MIN_GUESSES_EXPONENT = 4
_MIN_OWN_WORD = 3  # a shorter account name is in many a good password

# A Russian keyboard types пароль where an English one types gfhjkm: a walk over the keys is as
# easily guessed in one as in the other.
_RUSSIAN_KEYS = str.maketrans(
    "йцукенгшщзхъфывапролджэячсмитьбюё", "qwertyuiop[]asdfghjkl;'zxcvbnm,.`"
)

_zxcvbn_lock = Lock()  # zxcvbn keeps the caller's own words in a global table


class Weakness(Enum):
    """Why a password won't do."""

    SHORT = auto()
    NAME = auto()
    """It consists mainly of the account's or the server's name."""
    GUESSED = auto()
    """It is a common one, or made of repetitions, sequences or neighbouring keys."""


def weakness(password: str, *, account: str, server_name: str, min_length: int) -> Weakness | None:
    """What is wrong with a password, None for nothing.

    `min_length` counts characters (Unicode code points, composed). Guessed easily is: what consists
    mainly of the account's or the server's name, and what zxcvbn finds in fewer than 10^10 guesses
    (10^(min_length - 2) where the shortest password is shorter than 12 characters): common
    passwords, repetitions, sequences, dates, walks over the keys, however long. Fifteen random
    lower case letters or four words drawn at random are always beyond that.
    """
    if len(normalize("NFC", password)) < min_length:
        return Weakness.SHORT
    composed = normalize("NFKC", password)
    own = _own_words(account, server_name)
    if _mostly(composed.casefold(), own):
        return Weakness.NAME
    exponent = min(max(min_length - 2, _MIN_GUESSES_EXPONENT), _MAX_GUESSES_EXPONENT)
    return None if _takes_guesses(composed, own, 10**exponent) else Weakness.GUESSED


def _own_words(account: str, server_name: str) -> list[str]:
    words = [account, "securechat", server_name, *re.split(r"[.:]", server_name)]
    folded = {normalize("NFKC", word).casefold() for word in words}
    return sorted((w for w in folded if len(w) >= _MIN_OWN_WORD), key=lambda w: (-len(w), w))


def _mostly(folded: str, own: list[str]) -> bool:
    """Whether own words, forwards or backwards, make up half of a password or more."""
    rest = folded
    for word in own:
        rest = rest.replace(word, "").replace(word[::-1], "")
    return sum(map(str.isalnum, rest)) * 2 <= sum(map(str.isalnum, folded)) and rest != folded


def _takes_guesses(password: str, own: list[str], enough: int) -> bool:
    """Whether some piece of a password, as typed on any keyboard, withstands so many guesses."""
    unit = _repeated_unit(password)
    typed = {unit, unit.lower().translate(_RUSSIAN_KEYS)} if not unit.isascii() else {unit}
    return all(
        any(_guesses(piece, own) >= enough for piece in _pieces(variant)) for variant in typed
    )


def _repeated_unit(password: str) -> str:
    """What a password repeats at least twice, the last time perhaps in part; else the password."""
    for period in range(1, len(password) // 2 + 1):
        if password.startswith(password[period:]):
            return password[:period]
    return password


def _pieces(password: str) -> list[str]:
    limit = min(len(password), _PIECE_CHARS * _MAX_PIECES)
    return [password[at : at + _PIECE_CHARS] for at in range(0, limit, _PIECE_CHARS)]


def _guesses(piece: str, own: list[str]) -> int:
    # Imported with its first use: its word lists take time and memory that most commands can save.
    from zxcvbn import zxcvbn

    with _zxcvbn_lock:
        return int(zxcvbn(piece, user_inputs=own)["guesses"])
