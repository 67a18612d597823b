"""The inputs that fuzzing has kept are tried again: without atheris, in seconds."""

from __future__ import annotations

import random

import pytest

from tests.fuzz.target import CORPUS, Target
from tests.fuzz.targets import TARGETS

targets = pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)

MAX_BYTES = 500 * 1024
"""Of the whole corpus: a checkout must not become heavy for it."""


@targets
def test_nothing_that_was_kept_breaks_anything(target: Target) -> None:
    """Each input reaches something that no other one does."""
    assert target.corpus, f"there is nothing in {CORPUS / target.name}"
    for path in target.corpus:
        try:
            target.check(path.read_bytes())
        except Exception as error:
            raise AssertionError(f"tools/fuzz.py {target.name} --replay {path}") from error


@targets
def test_nothing_that_is_made_of_its_words_breaks_anything(target: Target) -> None:
    """At random, from the same seed each time."""
    chance = random.Random(target.name)
    between = b"\n" if target.by_lines else b""
    for _ in range(40):
        words = chance.choices(target.words, k=chance.randint(0, 30))
        target.check(between.join(words))


def test_every_directory_of_the_corpus_has_its_target() -> None:
    """One that was renamed would be replayed by nobody."""
    assert {path.name for path in CORPUS.iterdir()} == set(TARGETS)


def test_the_corpus_is_small() -> None:
    """In all its files."""
    assert sum(path.stat().st_size for path in CORPUS.rglob("*") if path.is_file()) < MAX_BYTES
