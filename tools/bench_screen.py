"""Measure the client's timeline in a terminal: its first frame, ten thousand messages, and the keys
while five hundred messages a second come in.

    python tools/bench_screen.py                                half a minute
    python tools/bench_screen.py --update docs/performance.md   the table goes there, too
    python tools/bench_screen.py --quick                        a short run, to see that it works

Linux only. The screen is another process, on a pseudo terminal of 120 columns and 40 rows; what is
timed is when its output comes out there.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from contextlib import closing
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchlib.columns import table
from benchlib.proc import Machine, this_machine
from benchlib.report import ReportError, check_place, put_into
from screenlib.terminal import Terminal

SUITE = "screen"

QUIET_KEYS = 20


def measure(count: int, seconds: float) -> list[tuple[str, str]]:
    """All figures, as rows of a table. count: messages; seconds: of the flood."""
    with closing(Terminal(count)) as terminal:
        first = terminal.wait(f"message {count - 1}:")
        begun = terminal.type("a")
        added = terminal.wait(f"message {2 * count - 1}:") - begun
        quiet = [press(terminal, number) for number in range(1, QUIET_KEYS + 1)]
        terminal.type("f")
        until, delays = time.monotonic() + seconds, [0.0]
        while time.monotonic() < until:
            delays.append(press(terminal, QUIET_KEYS + len(delays)))
        terminal.type("q")
        told = terminal.told()
    slowest = sorted(delays[1:])
    rate = f"with {told['rate']:.0f} messages a second"
    return [
        (f"first frame of a timeline of {count:,} messages", ms(first - told["run"])),
        ("Python's import of the screen, before that", ms(told["import"])),
        (f"{count:,} more messages at once, until they are shown", ms(added)),
        ("a key until its echo, p50", ms(statistics.median(quiet))),
        (f"the same {rate}, p50", ms(slowest[len(slowest) // 2])),
        (f"the same {rate}, p95", ms(slowest[int(len(slowest) * 0.95)])),
        (f"of a core, {rate}", f"{100 * told['cpu']:.0f} %"),
        (f"memory with {count:,} messages, before the first frame", f"{told['memory']:.0f} MiB"),
        (f"memory with {2 * count:,} messages, at the end", f"{told['memory after']:.0f} MiB"),
    ]


def press(terminal: Terminal, number: int) -> float:
    """The seconds from a key to its echo; then a pause, as between two keys."""
    begun = terminal.type("k")
    delay = terminal.wait(f"<{number}>") - begun
    # Not in step with the screen's frames.
    time.sleep(0.03 + (number * 7 % 20) / 1000)
    return delay


def ms(seconds: float) -> str:
    """In milliseconds."""
    return f"{1000 * seconds:.0f} ms"


def report(machine: Machine, rows: list[tuple[str, str]], command: str) -> str:
    """Where it was measured, and the table."""
    where = (
        f"Measured {datetime.now(UTC):%Y-%m-%d} with `{command}`: {machine.cores} cores of "
        f"{machine.cpu}, Linux {machine.kernel}, Python {machine.python}, Textual "
        f"{version('textual')}; 120 columns, 40 rows; load average before: {machine.load}."
    )
    return f"{where}\n\n" + table(("what", "measured"), rows)


def main() -> int:
    """0 when all was measured."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("--quick", action="store_true", help="a short run, to see that it works")
    parser.add_argument("--update", type=Path, metavar="FILE", help="a document with its marks")
    options = parser.parse_args()
    try:
        if options.update:
            check_place(options.update, [SUITE])
        machine = this_machine(None)
        rows = measure(*((200, 0.3) if options.quick else (10_000, 20.0)))
        text = report(machine, rows, "python tools/bench_screen.py")
        print(text)
        if options.update:
            put_into(options.update, SUITE, text)
    except (ReportError, TimeoutError) as error:
        print(f"bench_screen: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
