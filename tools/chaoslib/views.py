"""What a node shows to somebody who asks it: who is there, what rooms there are, what was said."""

from __future__ import annotations

from typing import Final

from chaoslib.people import OTHER_ROOM, ROOM
from securechat.irc.message import parse
from tests.support.client import Client

CAPS: Final = "batch draft/chathistory message-tags server-time"

QUESTIONS: Final = (
    *(f"{word} {room}" for word in ("NAMES", "WHO") for room in (ROOM, OTHER_ROOM)),
    "LIST",
    "LUSERS",
    f"CHATHISTORY LATEST {ROOM} * 100",
)

PLAIN: Final = {"BATCH", "PONG"}
"""What differs from one answer to the next."""


def shown(client: Client) -> dict[str, list[str]]:
    """To each question its answer, so that it can be compared."""
    return {question: _plain(client.says(question)) for question in QUESTIONS}


def _plain(lines: list[str]) -> list[str]:
    """Of names in a line, and of lines, the order is nobody's promise; the log's is."""
    found = []
    for line in map(parse, lines):
        if line.command in PLAIN:
            continue
        words = [" ".join(sorted(one.split())) for one in line.params]
        found.append(" ".join([line.tags.get("msgid", ""), line.command, *words]))
    return found if any(" PRIVMSG " in one for one in found) else sorted(found)
