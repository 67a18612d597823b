"""Up to when somebody has read what, for all devices of the account. Nobody else is told.

https://ircv3.net/specs/extensions/read-marker. Hub thread only.
"""

from __future__ import annotations

from securechat.core.delivery.line import iso_time
from securechat.core.journal.events.accounts import ReadMarked, ReadMarkForgotten
from securechat.core.model.entities import Session
from securechat.core.turn import Turn
from securechat.irc import names
from securechat.irc.capabilities import READ_MARKER

MOST_MARKERS = 1000
"""Of an account: more than anybody has channels and conversations. The oldest gives way."""


def key_of(target: str) -> str | None:
    """By what a channel's or an account's marker is kept, whether there is one or not; None for
    what can't be a name.
    """
    return names.fold_channel(target) if target[:1] == "#" else names.fold_account(target)


def show(turn: Turn, session: Session, target: str) -> None:
    """Tell a session that asks for it up to when a target has been read. target: as it is shown."""
    if session.has(READ_MARKER):
        tell(turn, session, target)


def tell(turn: Turn, session: Session, target: str) -> None:
    """The same, also to one that has not asked for all of them."""
    at_ms = session.who.read_markers.get(key_of(target) or "")
    shown = "*" if at_ms is None else f"timestamp={iso_time(at_ms)}"
    turn.send(session, f":{turn.settings.name} MARKREAD {target} {shown}")


def mark(turn: Turn, session: Session, key: str, at_ms: int) -> bool:
    """Store that all up to a time has been read; False when that was known, or more. What is to
    come can't have been read.
    """
    account = session.who
    known = account.read_markers
    # A device whose clock is ahead would else mark as read what is still to come.
    at_ms = min(at_ms, turn.now_ms)
    # It only moves forward, as the specification has it: two devices may cross on the way.
    if at_ms <= known.get(key, -1):
        return False
    if key not in known and len(known) >= MOST_MARKERS:
        oldest = min(known, key=known.__getitem__)
        turn.record(ReadMarkForgotten(account.id, oldest))
    turn.record(ReadMarked(account.id, key, at_ms))
    return True
