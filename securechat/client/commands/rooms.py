"""`securechat rooms` and `members`: the channels that we are in, and who is there. Main thread."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from securechat.client.commands import assemble
from securechat.client.commands.account import closing
from securechat.client.commands.assemble import Setup
from securechat.client.commands.heard import PATIENCE, Heard
from securechat.client.commands.history import ask
from securechat.client.commands.login_flow import LoggedIn
from securechat.client.exits import Exit, RefusedError, UnreachableError, UsageError
from securechat.client.session.actions import ServerCommand
from securechat.client.session.answers import WHOX_FIELDS, WHOX_TYPE
from securechat.client.session.events.answers import CommandDone, NamesAre, PersonIs
from securechat.client.session.events.base import ClientEvent, Problem
from securechat.client.session.events.channels import Joined, TopicIs
from securechat.client.session.events.messages import MarkedRead
from securechat.client.session.handshake import Missed
from securechat.client.session.identity import fold, same
from securechat.client.session.moments import server_time
from securechat.client.session.stretch import Pages, Stretch
from securechat.client.text import json_lines
from securechat.client.timeline.mentions import Mentions
from securechat.common.escape import escape_name, escape_text
from securechat.common.language import _, ngettext
from securechat.common.record import State

ROLES: Final = {"~": "owner", "&": "admin", "@": "operator", "%": "halfop", "+": "voice"}
"""By the prefix of each, the highest first."""

MEMBER: Final = "member"

MOST_COUNTED: Final = 500
"""Messages of a channel that are counted as unread: they are fetched for it."""

SILENCE: Final = 2.0
"""Seconds without another row after which a list is whole, where the server knows no labels."""

MOST_LISTED: Final = 10_000
"""Members that are shown; a hostile server might never end its list."""


class Room(State):
    """A channel that we are in. present: how many are there. role: ours. read: up to when it is
    read, None where that isn't known. unread, mentions: since then.
    """

    name: str
    topic: str = ""
    present: int = 0
    role: str = MEMBER
    read: datetime | None = None
    unread: int | None = None
    mentions: int | None = None


# -- rooms


def rooms(setup: Setup, server: str | None, *, as_json: bool) -> Exit:
    """Show the channels that we are in. Raises ClientError."""
    running = assemble.log_in(setup, server, missed=Missed.LEFT)
    with closing(running):
        heard = Heard(running.client)
        found = told_at_login(heard.login(), running.session.nick)
        for room in found:
            _count(running, heard, room)
    for room in found:
        setup.person.show(_room_json(room) if as_json else _room_row(room, found))
    if not found and not as_json:
        setup.person.tell(_("You are in no channel: /join #NAME in `securechat login` enters one."))
    return Exit.OK


def told_at_login(events: Sequence[ClientEvent], nick: str) -> list[Room]:
    """The channels of which a server tells at the login, by their names. nick: ours."""
    found: dict[str, Room] = {}
    for event in events:
        if isinstance(event, Joined) and event.mine:
            found.setdefault(fold(event.channel), Room(event.channel))
        elif isinstance(event, TopicIs) and (room := found.get(fold(event.channel))):
            room.topic = event.topic
        elif isinstance(event, MarkedRead) and (room := found.get(fold(event.target))):
            room.read = event.time
        elif isinstance(event, NamesAre) and (room := found.get(fold(event.channel))):
            room.present = len(event.names)
            room.role = next((role_of(name) for name in event.names if _is(name, nick)), MEMBER)
    return [room for _name, room in sorted(found.items())]


def _is(name: str, nick: str) -> bool:
    return same(name.lstrip("".join(ROLES)), nick)


def role_of(prefixes: str) -> str:
    """The highest role of the prefixes at a text's beginning."""
    return ROLES.get(prefixes[:1], MEMBER)


def _count(running: LoggedIn, heard: Heard, room: Room) -> None:
    """What is unread in a room, where the server tells up to where it is read."""
    if room.read is None:
        return
    after = f"timestamp={server_time(room.read.astimezone(UTC))}"
    pages = Pages(Stretch(room.name, MOST_COUNTED, after=after))
    try:
        while asked := pages.next():
            pages.take(ask(running, heard, asked))
    except RefusedError:  # there is no history there, or not for us
        return
    unread = [said for said in pages.messages() if not said.mine]
    room.unread = len(unread)
    room.mentions = sum(map(Mentions(running.session.nick), unread))


def _room_json(room: Room) -> str:
    return json_lines.of(
        "room",
        name=room.name,
        topic=room.topic,
        present=room.present,
        role=room.role,
        unread=room.unread,
        mentions=room.mentions,
        read=json_lines.iso(room.read),
    )


def _room_row(room: Room, rooms: Sequence[Room]) -> str:
    width = max(len(escape_name(one.name)) for one in rooms)
    there = ngettext("{count} there", "{count} there", room.present).format(count=room.present)
    facts = [there] if room.role == MEMBER else [there, role_word(room.role)]
    if room.unread:
        text = ngettext("{count} unread", "{count} unread", room.unread)
        facts.append(text.format(count=room.unread))
    if room.mentions:
        text = ngettext("{count} names you", "{count} name you", room.mentions)
        facts.append(text.format(count=room.mentions))
    topic = f"  {escape_text(room.topic)}" if room.topic else ""
    return f"{escape_name(room.name):<{width}}  {', '.join(facts)}{topic}"


def role_word(role: str) -> str:
    """A role, as people call it."""
    return {
        "owner": _("owner"),
        "admin": _("admin"),
        "operator": _("operator"),
        "halfop": _("half operator"),
        "voice": _("has a voice"),
    }.get(role, "")


# -- members


def members(setup: Setup, channel: str, server: str | None, *, as_json: bool) -> Exit:
    """Show who is in a channel. Raises ClientError."""
    if not channel.startswith("#"):
        raise UsageError(f"expected a channel, such as #lobby; got {channel!r}")
    running = assemble.log_in(setup, server, missed=Missed.LEFT)
    with closing(running):
        found = _present(running, channel)
    rank = list(ROLES)
    found.sort(key=lambda one: (_rank(one, rank), one.nick.casefold()))
    width = max((len(escape_name(one.nick)) for one in found), default=0)
    for one in found:
        setup.person.show(_member_json(one, channel) if as_json else _member_row(one, width))
    if not found:
        raise RefusedError(
            f"there is no channel {channel} that you may see, or nobody is there", ""
        )
    return Exit.OK


def _rank(one: PersonIs, rank: Sequence[str]) -> int:
    return rank.index(one.prefixes[0]) if one.prefixes else len(rank)


def _present(running: LoggedIn, channel: str) -> list[PersonIs]:
    heard = Heard(running.client)
    heard.login()
    asked = ServerCommand("WHO", (channel, f"%t{WHOX_FIELDS},{WHOX_TYPE}"))
    running.client.submit(asked, wait=True)
    found: list[PersonIs] = []
    until = time.monotonic() + PATIENCE
    while len(found) < MOST_LISTED and (left := until - time.monotonic()) > 0:
        try:
            patience = min(left, SILENCE) if found else left
            event = heard.next(PersonIs, CommandDone, Problem, patience=patience)
        except UnreachableError:
            if found and running.client.stopped is None:
                break  # the list's end, as far as can be known
            raise
        if isinstance(event, PersonIs):
            found.append(event)
        elif isinstance(event, Problem):
            raise RefusedError(event.text, "WHO")
        else:
            break
    return found


def _member_json(one: PersonIs, channel: str) -> str:
    return json_lines.of(
        "member",
        channel=channel,
        nick=one.nick,
        account=one.account or None,
        role=role_of(one.prefixes),
        away=one.away,
        real_name=one.real_name,
    )


def _member_row(one: PersonIs, width: int) -> str:
    facts = [word for word in (role_word(role_of(one.prefixes)),) if word]
    if one.away:
        facts.append(_("away"))
    if one.account and not same(one.account, one.nick):
        facts.append(_("account {name}").format(name=escape_name(one.account)))
    shown = one.real_name if not same(one.real_name, one.nick) else ""
    text = f"{escape_name(one.nick):<{width}}  {', '.join(facts)}".rstrip()
    return f"{text}  {escape_text(shown)}" if shown else text
