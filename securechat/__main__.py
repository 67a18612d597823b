"""`python -m securechat` is the client's command line."""

from __future__ import annotations

import sys

from securechat.client.commands.cli import main

sys.exit(main())
