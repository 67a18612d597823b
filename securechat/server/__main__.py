"""`python -m securechat.server`."""

from __future__ import annotations

import sys

from securechat.server.cli import main

sys.exit(main())
