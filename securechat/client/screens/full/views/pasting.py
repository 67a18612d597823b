"""What is asked before very many lines are sent. Pure."""

from __future__ import annotations

from typing import Final

from securechat.client.session.multiline import Limits
from securechat.common.escape import escape_name
from securechat.common.language import _, ngettext

MANY: Final = 10
"""Lines that are sent unasked: a poem, or an error with where it came from."""


def question(text: str, target: str, limits: Limits | None) -> str:
    """What to ask before a text is sent; '' when it can be sent at once. limits: of the server,
    None when it knows no messages of several lines.
    """
    lines = text.strip("\n").count("\n") + 1
    if lines <= MANY:
        return ""
    asked = ngettext("Send {count} line to {where}?", "Send {count} lines to {where}?", lines)
    how = _("This server knows no messages of several lines: each is a message of its own.")
    if limits is not None:
        how = _("They are one message; this server takes up to {lines} lines and {size} bytes.")
        how = how.format(lines=limits.max_lines, size=limits.max_bytes)
    return f"{asked.format(count=lines, where=escape_name(target))} {how}"
