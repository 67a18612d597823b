"""What a message of the server tells, live or of long ago: from the message to its event.

Pure functions: nothing changes by them, so what is of the history has no effect on what is now.
https://ircv3.net/specs/extensions/chathistory
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from securechat.client.session.actions import TextKind
from securechat.client.session.channels import conversation_of
from securechat.client.session.events.base import ClientEvent
from securechat.client.session.events.channels import (
    ChannelRenamed,
    Joined,
    Left,
    ModesSet,
    Renamed,
    TopicIs,
)
from securechat.client.session.events.messages import Reacted, Removed, Said, client_tag
from securechat.client.session.identity import same
from securechat.client.session.shown import mark_of, parse_time
from securechat.irc.message import Message
from securechat.irc.pieces import ACTION_HEAD, ACTION_TAIL

NEEDS: Final = {
    "PRIVMSG": 2,
    "NOTICE": 2,
    "QUIT": 0,
    "KICK": 2,
    "REDACT": 2,
    "TOPIC": 2,
    "MODE": 2,
    "RENAME": 2,
}
"""How many parameters a message must have, else it is ignored; 1 for those that aren't here."""


def event_of(message: Message, own: str) -> ClientEvent | None:
    """What a message of the history tells; None for what nobody needs to be told of. own: our
    nick.
    """
    make = _EVENTS.get(message.command)
    if make is None or len(message.params) < NEEDS.get(message.command, 1):
        return None
    return make(message, own)


def said(message: Message, own: str) -> Said:
    """PRIVMSG and NOTICE."""
    target, text = message.params[:2]
    kind = TextKind.NOTICE if message.command == "NOTICE" else TextKind.MESSAGE
    if text.startswith(ACTION_HEAD):
        kind, text = TextKind.ACTION, text.removeprefix(ACTION_HEAD).removesuffix(ACTION_TAIL)
    return Said(
        target,
        message.nick,
        text,
        kind,
        same(message.nick, own),
        parse_time(message),
        mark=mark_of(message),
        tags=message.tags,
        conversation=conversation_of(target, message.nick, own),
    )


def joined(message: Message, own: str) -> Joined:
    """JOIN."""
    nick = message.nick
    time, mark = parse_time(message), mark_of(message)
    return Joined(message.params[0], nick, same(nick, own), time, mark)


def parted(message: Message, own: str) -> Left:
    """PART."""
    return _left(message, own, message.params[0], message.nick, message.params[1:])


def kicked(message: Message, own: str) -> Left:
    """KICK."""
    channel, nick, *reason = message.params
    return _left(message, own, channel, nick, reason, by=message.nick)


def quits(message: Message, own: str) -> Left:
    """QUIT."""
    return _left(message, own, None, message.nick, message.params)


def _left(
    message: Message, own: str, channel: str | None, nick: str, reason: list[str], by: str = ""
) -> Left:
    text, time = reason[0] if reason else "", parse_time(message)
    return Left(channel, nick, text, by, same(nick, own), time, mark_of(message))


def topic(message: Message, _own: str) -> TopicIs:
    """TOPIC."""
    channel, text = message.params[:2]
    return TopicIs(channel, text, message.nick, parse_time(message), mark_of(message))


def modes(message: Message, _own: str) -> ModesSet:
    """MODE of a channel."""
    channel, *change = message.params
    time, mark = parse_time(message), mark_of(message)
    return ModesSet(message.nick, channel, tuple(change), time, mark)


def renamed(message: Message, _own: str) -> Renamed:
    """NICK."""
    return Renamed(message.nick, message.params[0], parse_time(message), mark_of(message))


def channel_renamed(message: Message, _own: str) -> ChannelRenamed:
    """RENAME. https://ircv3.net/specs/extensions/channel-rename"""
    old, new, *reason = message.params
    text, time = reason[0] if reason else "", parse_time(message)
    return ChannelRenamed(old, new, message.nick, text, time, mark_of(message))


def removed(message: Message, own: str) -> Removed:
    """REDACT. Whom it is about isn't known here."""
    target, msgid, *reason = message.params
    text, time = reason[0] if reason else "", parse_time(message)
    where = conversation_of(target, message.nick, own)
    return Removed(target, message.nick, None, text, time, msgid, where, mark_of(message))


def reacted(message: Message, own: str) -> Reacted | None:
    """TAGMSG, None when it is no reaction. As removed()."""
    tags, nick, target = message.tags, message.nick, message.params[0]
    given = client_tag(tags, "react")
    reaction = given or client_tag(tags, "unreact")
    if not reaction:
        return None
    return Reacted(
        target,
        nick,
        reaction,
        None,
        not given,
        parse_time(message),
        client_tag(tags, "reply"),
        conversation_of(target, nick, own),
        same(nick, own),
        mark_of(message),
    )


_EVENTS: Final[dict[str, Callable[[Message, str], ClientEvent | None]]] = {
    "PRIVMSG": said,
    "NOTICE": said,
    "JOIN": joined,
    "PART": parted,
    "KICK": kicked,
    "QUIT": quits,
    "TOPIC": topic,
    "MODE": modes,
    "NICK": renamed,
    "RENAME": channel_renamed,
    "REDACT": removed,
    "TAGMSG": reacted,
}
