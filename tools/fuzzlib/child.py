"""The process that fuzzes: atheris takes it over, and ends it with libFuzzer's exit code."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import atheris

from fuzzlib.mutation import mutator

with atheris.instrument_imports(include=["securechat"]):
    from tests.fuzz.targets import TARGETS


def main(argv: list[str]) -> None:
    """argv: the program that starts this one, the target's name, libFuzzer's arguments."""
    target = TARGETS[argv[1]]
    arguments = [argv[0], *argv[2:]]
    if target.by_lines:
        change = mutator(target.words)
        atheris.Setup(arguments, target.check, custom_mutator=change)
    else:
        atheris.Setup(arguments, target.check)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1:])
