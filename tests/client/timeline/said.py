"""Messages and other events, as the session tells them, for the tests of timelines."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from securechat.client.session.events.channels import Joined, Left
from securechat.client.session.events.messages import Reacted, Removed, Said

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)


def at(minute: int) -> datetime:
    """A time of that day."""
    return NOON + timedelta(minutes=minute)


def said(
    text: str, minute: int = 0, nick: str = "bob", *, where: str = "#lobby", reply: str = ""
) -> Said:
    """A message whose id is its text."""
    tags = {"msgid": text, **({"+reply": reply} if reply else {})}
    return Said(
        where if where.startswith("#") else "alice",
        nick,
        text,
        mine=nick == "alice",
        time=at(minute),
        mark=f"msgid={text}",
        tags=tags,
        conversation=where,
    )


def joined(nick: str, minute: int = 0) -> Joined:
    """Somebody comes."""
    return Joined("#lobby", nick, time=at(minute))


def left(nick: str, minute: int = 0) -> Left:
    """Somebody goes."""
    return Left("#lobby", nick, time=at(minute))


def reacted(msgid: str, reaction: str, nick: str = "bob", *, ended: bool = False) -> Reacted:
    """Somebody reacts to a message."""
    return Reacted("#lobby", nick, reaction, None, ended, at(9), msgid=msgid, conversation="#lobby")


def removed(msgid: str, by: str = "bob") -> Removed:
    """Somebody removes a message."""
    return Removed("#lobby", by, reason="oops", time=at(9), msgid=msgid, conversation="#lobby")
