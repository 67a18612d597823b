"""How much is asked for at once, and in all. Apart, as the command line says it, and loads no more
for that.
"""

from __future__ import annotations

from typing import Final

PAGE: Final = 100
"""Messages of the history asked for at once; servers may give fewer."""

MOST_MESSAGES: Final = 10_000
"""Messages of the history given at most: the newest come first over the wire, so all are held."""

MOST_HITS: Final = 1000
"""Hits of a search given at most: each page of them costs the server a search."""
