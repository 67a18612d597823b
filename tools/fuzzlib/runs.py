"""Runs of the fuzzer: one process for each target, with its corpus, its words and its finds."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz.target import CORPUS, Target

CHILD = Path(__file__).with_name("child.py")

HANG_SECONDS = 20
"""One input takes milliseconds; this is a hang, or something as good as one."""

MEMORY_MIB = 2048
GRACE_SECONDS = 60.0
"""Beside the time to fuzz: for starting, and for reading a large corpus."""

_UNITS = re.compile(r"stat::number_of_executed_units: +(\d+)")


@dataclass(frozen=True, slots=True)
class Result:
    """What a run came to. inputs: how many were tried. finds: files, each an input that failed."""

    target: Target
    inputs: int
    finds: list[Path]
    log: Path

    def __str__(self) -> str:
        found = f"{len(self.finds)} FAULTS" if self.finds else "nothing found"
        return f"{self.target.name}: {self.inputs} inputs tried, {found}"


class FuzzError(Exception):
    """The fuzzer itself did not run; the text says where its words are."""


def fuzz(target: Target, work: Path, seconds: int) -> Result:
    """Look for faults for some seconds. work: where corpus, logs and finds are gathered.

    Raises FuzzError.
    """
    corpus, finds = work / "corpus" / target.name, work / "finds"
    corpus.mkdir(parents=True, exist_ok=True)
    finds.mkdir(parents=True, exist_ok=True)
    before = set(finds.iterdir())
    log = work / f"{target.name}.log"
    with _dictionary(target) as words:
        code = _run(
            target,
            [
                *map(str, _sources(target, work)),
                *words,
                f"-max_total_time={seconds}",
                f"-artifact_prefix={finds}/{target.name}-",
                f"-timeout={HANG_SECONDS}",
                f"-rss_limit_mb={MEMORY_MIB}",
                "-print_final_stats=1",
            ],
            log,
            seconds + GRACE_SECONDS,
        )
    found = sorted(set(finds.iterdir()) - before)
    units = _UNITS.search(log.read_text(errors="replace"))
    if not found and (code or units is None):
        raise FuzzError(f"{target.name}: the fuzzer ended with code {code}; see {log}")
    return Result(target, int(units[1]) if units else 0, found, log)


def keep(target: Target, work: Path) -> int:
    """Put the fewest inputs that reach all that was reached into the corpus of the tests; how many.

    Raises FuzzError.
    """
    kept = CORPUS / target.name
    with tempfile.TemporaryDirectory() as name:
        small = Path(name)
        log = work / f"{target.name}.merge.log"
        # Of scripts by what they reach at all, not how often: else there are ten times as many.
        counted = "-use_counters=0" if target.by_lines else "-use_counters=1"
        options = ["-merge=1", counted, f"-rss_limit_mb={MEMORY_MIB}"]
        code = _run(target, [*options, name, *map(str, _sources(target, work))], log, 3600.0)
        if code:
            raise FuzzError(f"{target.name}: merging ended with code {code}; see {log}")
        shutil.rmtree(kept, ignore_errors=True)
        kept.mkdir(parents=True)
        for path in small.iterdir():
            shutil.copyfile(path, kept / path.name[:12])
    return len(target.corpus)


def _sources(target: Target, work: Path) -> list[Path]:
    """Where inputs are; the fuzzer puts new ones into the first."""
    return [path for path in (work / "corpus" / target.name, CORPUS / target.name) if path.is_dir()]


def _run(target: Target, arguments: Sequence[str], log: Path, limit: float) -> int:
    """The exit code of a fuzzer. It starts itself again for some work, so it is a program."""
    log.parent.mkdir(parents=True, exist_ok=True)
    program = log.with_suffix(".sh")
    words = shlex.join([sys.executable, str(CHILD), str(program), target.name])
    program.write_text(f'#!/bin/sh\nexec {words} "$@"\n')
    program.chmod(0o700)
    command = [str(program), f"-max_len={target.max_bytes}", *arguments]
    with log.open("wb") as output:
        done = subprocess.run(
            command, stdout=output, stderr=subprocess.STDOUT, timeout=limit, check=False
        )
    return done.returncode


@contextmanager
def _dictionary(target: Target) -> Iterator[list[str]]:
    """libFuzzer's option for the words, unless the target's own mutator puts them in."""
    if target.by_lines or not target.words:
        yield []
        return
    with tempfile.NamedTemporaryFile("w", suffix=".dict") as file:
        for word in target.words:
            file.write('"' + "".join(f"\\x{byte:02x}" for byte in word) + '"\n')
        file.flush()
        yield [f"-dict={file.name}"]
