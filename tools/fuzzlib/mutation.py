"""Scripts are changed line by line: bytes changed anywhere would seldom make another sound step."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

MAX_CHANGES = 4
"""Made to a script at once."""

TELLING = (b" ", b":", b",", b"#", b"@", b"!", b"*", b"+", b"-", b"\0", b"\r", b"\x01", b"\xff")
"""Bytes that mean something to whoever reads a line."""


def mutator(words: Sequence[bytes]) -> Callable[[bytes, int, int], bytes]:
    """A custom mutator as libFuzzer takes it: (script, size at the most, seed) -> script.

    words: steps that may come in.
    """

    def change(data: bytes, max_size: int, seed: int) -> bytes:
        chance = random.Random(seed)
        lines = data.split(b"\n")
        for _ in range(chance.randint(1, MAX_CHANGES)):
            chance.choice(_CHANGES)(lines, words, chance)
        return b"\n".join(lines)[:max_size]

    return change


def _insert(lines: list[bytes], words: Sequence[bytes], chance: random.Random) -> None:
    lines.insert(chance.randint(0, len(lines)), chance.choice(words))


def _replace(lines: list[bytes], words: Sequence[bytes], chance: random.Random) -> None:
    lines[chance.randrange(len(lines))] = chance.choice(words)


def _remove(lines: list[bytes], words: Sequence[bytes], chance: random.Random) -> None:
    at = chance.randrange(len(lines))
    del lines[at : at + chance.randint(1, 3)]
    lines[:] = lines or [b""]


def _repeat(lines: list[bytes], words: Sequence[bytes], chance: random.Random) -> None:
    at = chance.randrange(len(lines))
    lines.insert(chance.randint(0, len(lines)), lines[at])


def _first_letter(lines: list[bytes], words: Sequence[bytes], chance: random.Random) -> None:
    """The same by somebody else."""
    at = chance.randrange(len(lines))
    lines[at] = chance.choice(words)[:1] + lines[at][1:]


def _inside(lines: list[bytes], words: Sequence[bytes], chance: random.Random) -> None:
    """Some bytes of a line, behind its first letter, with others in their place."""
    at = chance.randrange(len(lines))
    line = lines[at]
    begin = min(chance.randint(1, len(line) + 1), len(line))
    end = min(begin + chance.choice((0, 0, 1, 1, 2, 8)), len(line))
    lines[at] = line[:begin] + _new(words, chance) + line[end:]


def _new(words: Sequence[bytes], chance: random.Random) -> bytes:
    """Nothing, a byte, or a piece of what lines are made of."""
    kind = chance.randrange(5)
    if kind == 0:
        return b""
    if kind == 1:
        return chance.choice(TELLING) * chance.choice((1, 1, 2, 40))
    if kind == 2:
        return bytes([chance.randrange(256)]).replace(b"\n", b" ")
    return chance.choice(chance.choice(words)[1:].split(b" ") or [b""])


_CHANGES = (_insert, _insert, _replace, _remove, _repeat, _first_letter, _inside, _inside)
