"""Measure securechat, and other IRC servers beside it, under the same load on one machine.

    python tools/bench.py                        securechat alone, the standard suite, some minutes
    python tools/bench.py --peers                InspIRCd and ngIRCd beside it, where installed
    python tools/bench.py -w room -w paced       only these workloads
    python tools/bench.py -w cluster             one node and several over one PostgreSQL
    python tools/bench.py -w limits -w curves    the other suites: what is large, what grows
    python tools/bench.py --connect HOST:PORT --ca FILE   a server that runs already
    python tools/bench.py --quick                a short run that shows that all of it works

Linux only: CPU time and memory come from the kernel. Every delivery is checked for count, order and
content. Progress goes to stderr, the tables to stdout.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

if __name__ == "__main__":
    # Not above: the processes of the load import this file too, and need little of it.
    from benchlib.cli import main

    sys.exit(main())
