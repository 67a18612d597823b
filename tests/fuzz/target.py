"""What a fuzzer needs to know of a target."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

CORPUS = Path(__file__).with_name("corpus")
"""A directory for each target, with a file for each input."""


@dataclass(frozen=True, slots=True)
class Target:
    """check: takes any bytes, and raises only when it has found a fault.

    words: what inputs are made of, for a start. by_lines: whether an input is a script of lines,
    each a step of its own, so that it is best changed line by line. max_bytes: of an input. weight:
    its part of the time, when all targets share some.
    """

    name: str
    check: Callable[[bytes], None]
    words: tuple[bytes, ...] = ()
    by_lines: bool = False
    max_bytes: int = 512
    weight: int = 1

    @property
    def corpus(self) -> list[Path]:
        """The inputs that are kept."""
        return sorted((CORPUS / self.name).glob("*"))
