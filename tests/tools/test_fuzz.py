"""The fuzzer's tool: how it changes scripts, what it says, and that it looks beyond the corpus."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
from fuzzlib.mutation import mutator
from fuzzlib.runs import fuzz
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.target import CORPUS
from tests.fuzz.targets import TARGETS

FUZZ = Path(__file__).resolve().parents[2] / "tools" / "fuzz.py"
HAS_ATHERIS = importlib.util.find_spec("atheris") is not None
BLIND = """
import runpy, sys
sys.modules["atheris"] = None
_, folder, *sys.argv = sys.argv
sys.path.insert(0, folder)
runpy.run_path(sys.argv[0], run_name="__main__")
"""
WORDS = (b"0JOIN #a", b"1PRIVMSG #a :hi", b"F")


def run(*arguments: object, blind: bool = False) -> subprocess.CompletedProcess[str]:
    """blind: as where there is no atheris."""
    program = [str(FUZZ)]
    if blind:
        program = ["-c", BLIND, str(FUZZ.parent), str(FUZZ)]
    return subprocess.run(
        [sys.executable, *program, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


# --- changing scripts ----------------------------------------------------------------------------


@given(st.binary(max_size=300), st.integers(0, 2**32), st.integers(0, 400))
def test_a_changed_script_has_its_size(script: bytes, seed: int, size: int) -> None:
    """And is the same each time, or a find could not be made again."""
    change = mutator(WORDS)
    changed = change(script, size, seed)
    assert len(changed) <= size
    assert changed == change(script, size, seed)


def test_a_script_becomes_a_longer_one_of_sound_steps() -> None:
    """Most lines of it are words still, however often it was changed."""
    change, script = mutator(WORDS), b"F"
    for seed in range(200):
        script = change(script, 2000, seed)
    lines = script.split(b"\n")
    assert len(lines) > 10
    assert sum(line in WORDS for line in lines) * 3 > len(lines)


# --- the command ---------------------------------------------------------------------------------


def test_the_targets_are_listed() -> None:
    """Each with what it checks."""
    done = run("--list")
    assert done.returncode == 0
    assert [line.split()[0] for line in done.stdout.splitlines()] == list(TARGETS)
    assert "A line is a message or a MessageError" in done.stdout


def test_a_find_is_replayed(tmp_path: Path) -> None:
    """Also without atheris."""
    file = tmp_path / "find"
    file.write_bytes(b"@a=b :x!y@z PRIVMSG #a :hi")
    done = run("message", "--replay", file, blind=True)
    assert (done.returncode, done.stdout) == (0, f"message: nothing is wrong with {file}\n")


def test_without_atheris_it_says_what_is_missing(tmp_path: Path) -> None:
    """And how to get it; nothing is begun."""
    done = run("message", "--work", tmp_path / "work", blind=True)
    assert done.returncode == 2
    assert "atheris isn't installed, so there is no fuzzing: pip install" in done.stderr
    assert not (tmp_path / "work").exists()


def test_a_target_that_isn_t_there_is_told() -> None:
    """With those that are."""
    done = run("nonsense")
    assert done.returncode == 2
    assert "'nonsense' is no target; there are message, framing" in done.stderr


@pytest.mark.skipif(not HAS_ATHERIS, reason="atheris isn't installed: pip install -e '.[fuzz]'")
def test_it_tries_inputs_beyond_the_corpus(tmp_path: Path) -> None:
    """And leaves what it has reached where it was told to, not among the tests' files."""
    before = sorted(CORPUS.rglob("*"))
    result = fuzz(TARGETS["message"], tmp_path, 2)
    assert result.finds == []
    assert result.inputs > 1000
    assert sorted(CORPUS.rglob("*")) == before
