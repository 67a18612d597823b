"""Run ``gencerts`` from a checkout, without installing the package: python tools/gencerts.py."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from securechat.ca.cli import main

if __name__ == "__main__":
    sys.exit(main())
