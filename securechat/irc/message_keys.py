"""The key that a client gives to a message, so that the server knows it when it comes again.

A message whose echo is lost is sent again with its key. The tag `securechat/key`, of the capability
of that name, has 1 to 15 hexadecimal digits, not all of them 0. Pure; any thread may call.
"""

from __future__ import annotations

import re
from typing import Final

KEY_TAG: Final = "securechat/key"

KEY_BITS: Final = 60
"""So that it is an integer of the database, and no two are alike by chance."""

_KEY = re.compile(r"[0-9a-fA-F]{1,15}")


def format_key(key: int) -> str:
    """The tag's value."""
    return f"{key:x}"


def parse_key(text: str) -> int | None:
    """The key in a tag's value; None when it is none."""
    return int(text, 16) or None if _KEY.fullmatch(text) else None
