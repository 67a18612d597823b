"""A program for `test_preloaded.py`: it says in JSON what it has found, and ends as it is told."""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import threading
from pathlib import Path


def main(argv: list[str]) -> int:
    """Its exit code is the first of argv."""
    files = [int(path.name) for path in Path("/proc/self/fd").iterdir()]
    found = {
        "pid": os.getpid(),
        "parent": os.getppid(),
        "group": os.getpgrp(),
        "words": sys.argv,
        "directory": str(Path.cwd()),
        "environment": dict(os.environ),
        "threads": threading.active_count(),
        "files": [number for number in files if Path(f"/proc/self/fd/{number}").exists()],
        "loggers": len(logging.root.handlers),
        "has_pytest": "pytest" in sys.modules,
        "has_default_signals": signal.getsignal(signal.SIGINT) is signal.default_int_handler
        and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
        and not signal.pthread_sigmask(signal.SIG_BLOCK, ()),
        "typed": sys.stdin.read(),
    }
    print(json.dumps(found))
    print("\udcff to people", file=sys.stderr)
    return int(argv[0])
