"""The benchmark of the screen: that what it times was seen."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

BENCH = Path(__file__).resolve().parents[2] / "tools" / "bench_screen.py"


def test_a_quick_run_measures_everything() -> None:
    """In a terminal of its own."""
    command = [sys.executable, str(BENCH), "--quick"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=110)
    assert done.returncode == 0, done.stderr
    figures = [line for line in done.stdout.splitlines() if line.startswith("| ")][2:]
    assert len(figures) == 9
    assert all(line.endswith((" ms |", " % |", " MiB |")) for line in figures)
