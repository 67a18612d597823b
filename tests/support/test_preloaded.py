"""A forked program is a process as any other one is, and has nothing of the tests in it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.links import PATIENCE
from tests.support.preloaded import Program, run_program

SAMPLE = "tests.support.preloaded_sample"
WORDS = ("sample", "3", "словo")


def tells(**more: Any) -> dict[str, Any]:
    done = run_program(SAMPLE, WORDS, seconds=PATIENCE, typed="привет\n", **more)
    assert (done.returncode, done.stderr) == (3, "\\udcff to people\n")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere each one is started anew")
def test_it_finds_what_is_its_own(tmp_path: Path) -> None:
    """Words, input, directory and environment, by which it is found among the children."""
    environment = {**os.environ, "OF_ITS_OWN": "1"}
    found = tells(cwd=tmp_path, env=environment)
    assert found["words"] == list(WORDS)
    assert found["typed"] == "привет\n"
    assert found["directory"] == str(tmp_path)
    assert found["environment"] == environment
    assert found["parent"] == os.getpid()
    assert found["group"] == os.getpgrp()
    assert found["pid"] not in {tells()["pid"], os.getpid()}


def test_it_has_nothing_of_the_tests() -> None:
    """No thread, no file but its three, no logger, no module and no signal."""
    found = tells()
    assert found["threads"] == 1
    assert found["files"] == [0, 1, 2]
    assert found["loggers"] == 0
    assert not found["has_pytest"]
    assert found["has_default_signals"]


def test_it_may_have_a_session_of_its_own() -> None:
    """As what has no terminal."""
    found = tells(start_new_session=True)
    assert found["group"] == found["pid"]


def test_a_signal_ends_it() -> None:
    """It alone; who waits is told which signal, as often as they ask."""
    pipe = subprocess.PIPE
    with Program(SAMPLE, WORDS, stdin=pipe, stdout=pipe, stderr=pipe) as program:
        assert program.poll() is None
        program.send_signal(signal.SIGKILL)
        assert program.wait(PATIENCE) == -signal.SIGKILL
        assert program.returncode == program.poll() == -signal.SIGKILL
    assert tells()["parent"] == os.getpid()


def test_what_says_something_to_python_starts_it_anew() -> None:
    """As it comes too late for what is forked; it finds the same."""
    found = tells(env={**os.environ, "PYTHONHASHSEED": "7"})
    assert found["environment"]["PYTHONHASHSEED"] == "7"
    assert found["files"] == [0, 1, 2]
    assert found["words"][1:] == list(WORDS[1:])
    assert "PYTHONPATH" not in tells()["environment"] or "PYTHONPATH" in os.environ
