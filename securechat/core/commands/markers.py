"""MARKREAD: what has been read. https://ircv3.net/specs/extensions/read-marker"""

from __future__ import annotations

from securechat.core.channels.channels import word
from securechat.core.commands.registry import command
from securechat.core.history import markers
from securechat.core.history.access import parse_time
from securechat.core.model.entities import Session
from securechat.core.turn import Turn
from securechat.irc.message import Message


@command("MARKREAD", usage="<#channel or nick> [timestamp=YYYY-MM-DDThh:mm:ss.sssZ]")
def markread(turn: Turn, session: Session, message: Message) -> None:
    """Say up to when you have read a channel or a conversation, or ask for it."""
    if not message.params:
        _fail(turn, session, "NEED_MORE_PARAMS", "Missing parameters")
        return
    target, *times = message.params
    key = markers.key_of(target)
    if key is None or len(times) > 1:
        _fail(
            turn,
            session,
            "INVALID_PARAMS",
            word(target),
            "Expected a name, and no more than a time",
        )
    elif not times:
        markers.tell(turn, session, target)
    else:
        _mark(turn, session, target, key, times[0])


def _mark(turn: Turn, session: Session, target: str, key: str, time: str) -> None:
    at_ms = parse_time(time.removeprefix("timestamp=")) if time.startswith("timestamp=") else None
    if at_ms is None:
        expected = "Expected timestamp=YYYY-MM-DDThh:mm:ss.sssZ"
        _fail(turn, session, "INVALID_PARAMS", word(time), expected)
        return
    # Other devices hear only of what is new; who said it is answered in any case.
    if markers.mark(turn, session, key, at_ms):
        for other in session.who.sessions:
            if other is not session:
                markers.show(turn, other, target)
    markers.tell(turn, session, target)


def _fail(turn: Turn, session: Session, *params: str) -> None:
    turn.standard_reply(session, "FAIL", "MARKREAD", *params)
