"""Measure history and search in a log of millions: how long a page and a search take, and what
others feel of many who page and search.

    python tools/bench_history.py                      ten million messages, half an hour
    python tools/bench_history.py --data DIRECTORY     the log is made once, and kept
    python tools/bench_history.py -s pages -s pagers   only these scenes
    python tools/bench_history.py --quick              a short run that shows that all of it works

Linux only, as bench.py. Progress goes to stderr, the tables to stdout.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

if __name__ == "__main__":
    # Not above: the processes of the load import this file too, and need little of it.
    from historylib.cli import main

    sys.exit(main())
