"""What commands print for programs: one JSON object a line, in ASCII, so that no terminal is driven
by it. docs/json.md has every kind with its fields.

Pure; any thread may call.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, Final

from securechat.client.session.events.deliveries import Stored
from securechat.client.session.events.messages import Said
from securechat.client.session.moments import server_time

VERSION: Final = 1
"""Of the schema. A new field doesn't change it; one that goes, or means another thing, does."""

# Of the connection, not of the message.
_NOT_ITS_OWN = frozenset(("batch", "label"))


def of_message(said: Said, nick: str) -> str:
    """A message; nick: ours. Its kind is message, notice or action."""
    return of(
        said.kind.value,
        time=iso(said.time),
        msgid=said.tags.get("msgid"),
        **{"from": said.nick},
        target=said.target,
        conversation=said.conversation,
        text=said.text,
        mine=said.mine,
        tags={key: value for key, value in said.tags.items() if key not in _NOT_ITS_OWN},
    )


def of_stored(stored: Stored) -> str:
    """A message of ours that is stored."""
    msgid = stored.msgid or None
    return of("stored", time=iso(stored.time), msgid=msgid, target=stored.target, text=stored.text)


def iso(time: datetime | None) -> str | None:
    """A time, which knows its zone, in UTC; None for none."""
    return server_time(time.astimezone(UTC)) if time else None


def of(kind: str, **fields: Any) -> str:
    """An object of a kind, as a line without its end."""
    # ASCII: JSON's own escapes are read by all programs, and a terminal sees no control character,
    # no text from right to left and nothing else that it might obey.
    whole = {"v": VERSION, "kind": kind, **fields}
    return json.dumps(whole, ensure_ascii=True, separators=(",", ":"))
