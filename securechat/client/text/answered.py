"""What was done in a channel, and what was asked for, as sentences for people: escaped, in their
language. Pure; any thread may call.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from securechat.client.session.actions import SendLine, ServerCommand
from securechat.client.session.events.answers import (
    ChannelsAre,
    CommandDone,
    HasInvited,
    InvitationsAre,
    MasksAre,
    ModesAre,
    NobodyFits,
    WeAreAway,
    WhoisTold,
)
from securechat.client.session.events.base import ClientEvent
from securechat.client.session.events.channels import ModesSet, TopicIs
from securechat.client.session.identity import same
from securechat.client.text import modes
from securechat.common.escape import escape_name as _n
from securechat.common.escape import escape_text as _e
from securechat.common.language import _, ngettext, translated

ROWS: Final = 100
"""Shown of one list: more would push everything else off the screen."""


def answer(event: ClientEvent, now: datetime) -> list[str]:
    """The rows that tell of an event; none for others. now: aware, in the zone to be shown."""
    match event:
        case ModesSet(by, channel, change):
            return modes.sentences(by, channel, change)
        case ModesAre(channel, letters):
            return _modes(channel, modes.set_now(letters))
        case MasksAre():
            return _masks(event)
        case ChannelsAre():
            return _channels(event)
        case WhoisTold():
            return _whois(event, now)
        case CommandDone(action, quiet=True):
            return _done_already(action)
    words = _told(event)
    return [words] if words else []


def _told(event: ClientEvent) -> str:
    match event:
        case TopicIs(channel, "", by) if by:
            text = _("{name} took the topic of {channel} away")
            return text.format(name=_n(by), channel=_n(channel))
        case HasInvited(nick, channel):
            text = _("{name} is invited to {channel}, and is told so")
            return text.format(name=_n(nick), channel=_n(channel))
        case InvitationsAre(channels):
            if not channels:
                return _("you are invited nowhere at the moment")
            return _("you are invited to: ") + " ".join(map(_n, channels[:ROWS]))
        case WeAreAway(away):
            if away:
                return _("you are away now; /back ends it")
            return _("you are back: nobody sees you as away any more")
        case NobodyFits(asked):
            text = _("nobody by the name {name} is online")
            if asked.startswith("#"):
                text = _("nobody is in {name}, or you may not see it")
            return text.format(name=_n(asked))
    return ""


def _done_already(action: object) -> list[str]:
    """What was taken by the server without another word: where all was as it is wanted."""
    match action:
        case ServerCommand("MODE", (channel, letters, *_words)) if letters[:2] == "-b":
            text = _("no such ban is in {channel}, so there was none to lift; /ban shows all")
            return [text.format(channel=_n(channel))]
        case ServerCommand("MODE", (channel, *_words)):
            text = _("that is so already: nothing was changed in {channel}")
            return [text.format(channel=_n(channel))]
        case ServerCommand(name, params) if name in ("INVITE", "KICK", "RENAME", "TOPIC"):
            return [
                _("that is so already: nothing was changed in {channel}").format(
                    channel=_n(params[-1] if name == "INVITE" else params[0])
                )
            ]
        case SendLine():
            return [_("the server has taken the line, and says nothing to it")]
    return []


def _modes(channel: str, rows: list[str]) -> list[str]:
    if not rows:
        return [_("{channel} is open: all may come in and speak").format(channel=_n(channel))]
    return [_("how {channel} is set:").format(channel=_n(channel)), *_indented(rows)]


_HEADS: Final = {
    "b": ("banned from {channel}:", "nobody is banned from {channel}"),
    "e": ("excepted from the bans of {channel}:", "nobody is excepted from the bans of {channel}"),
    "I": (
        "may enter {channel} without an invitation:",
        "nobody may enter {channel} without an invitation",
    ),
}


def _masks(event: MasksAre) -> list[str]:
    head, none = _HEADS.get(event.letter, _HEADS["b"])
    channel = _n(event.channel)
    if not event.masks:
        return [translated(none).format(channel=channel)]
    rows = [
        modes.whom(one.mask) + (_(" (by {name})").format(name=_n(one.by)) if one.by else "")
        for one in event.masks
    ]
    return [translated(head).format(channel=channel), *_indented(rows)]


def _channels(event: ChannelsAre) -> list[str]:
    if not event.rows:
        return [_("there is no such channel that you may see")]
    largest = sorted(event.rows, key=lambda row: -row.members)
    rows = [
        _n(row.channel) + f" ({row.members})" + (f": {_e(row.topic)}" if row.topic else "")
        for row in largest
    ]
    count = len(rows)
    head = ngettext(
        "{count} channel, with how many are there:",
        "{count} channels, with how many are there:",
        count,
    )
    return [head.format(count=count), *_indented(rows)]


def _indented(rows: list[str]) -> list[str]:
    more = len(rows) - ROWS
    last = [_(" and {more} more").format(more=more)] if more > 0 else []
    return [f"  {row}" for row in rows[:ROWS]] + last


def _whois(event: WhoisTold, now: datetime) -> list[str]:
    alias = f" ({_e(event.real_name)})" if event.real_name not in ("", event.nick) else ""
    account = event.account if event.account and not same(event.account, event.nick) else ""
    rows = [
        _("logged in as {name}").format(name=_n(account)) if account else "",
        _("administers this server") if event.admin else "",
        _("is a bot") if event.bot else "",
        _("away: {text}").format(text=_e(event.away)) if event.away is not None else "",
        _("in {channels}").format(channels=" ".join(map(_n, event.channels[:ROWS])))
        if event.channels
        else "",
        _since(event.since, now),
        _idle(event.idle),
    ]
    return [f"{_n(event.nick)}{alias}:", *(f"  {row}" for row in rows if row)]


def _since(since: datetime | None, now: datetime) -> str:
    local = since.astimezone(now.tzinfo) if since else None
    return _("here since {time:%d %B, %H:%M}").format(time=local) if local else ""


def _idle(seconds: int | None) -> str:
    minutes = (seconds or 0) // 60
    if minutes < 1:
        return ""
    text = ngettext("silent for {count} minute", "silent for {count} minutes", minutes)
    return text.format(count=minutes)
