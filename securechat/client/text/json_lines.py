"""Messages for programs: one JSON object a line, in ASCII, so that no terminal is driven by it.

Pure; any thread may call.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from securechat.client.session.events import Said, Stored
from securechat.client.session.moments import server_time

# Of the connection, not of the message.
_NOT_ITS_OWN = frozenset(("batch", "label"))


def of_message(said: Said, nick: str) -> str:
    """A message; nick: ours."""
    return _line(
        time=_time(said.time),
        msgid=said.tags.get("msgid"),
        **{"from": said.nick},
        target=said.target,
        conversation=said.conversation,
        kind=said.kind.value,
        text=said.text,
        mine=said.mine,
        tags={key: value for key, value in said.tags.items() if key not in _NOT_ITS_OWN},
    )


def of_stored(stored: Stored) -> str:
    """A message of ours that is stored."""
    msgid = stored.msgid or None
    return _line(time=_time(stored.time), msgid=msgid, target=stored.target, text=stored.text)


def _time(time: datetime | None) -> str | None:
    return server_time(time.astimezone(UTC)) if time else None


def _line(**fields: Any) -> str:
    # ASCII: JSON's own escapes are read by all programs, and a terminal sees no control character,
    # no text from right to left and nothing else that it might obey.
    return json.dumps(fields, ensure_ascii=True, separators=(",", ":"))
