"""RENAME and DROP: what an owner does with a channel as a whole.

https://ircv3.net/specs/extensions/channel-rename. DROP is ours.
"""

from __future__ import annotations

from math import ceil

from securechat.core import quota
from securechat.core.channels import acts, channels
from securechat.core.channels.actors import Actor
from securechat.core.channels.acts import NameRefusedError
from securechat.core.commands.registry import command
from securechat.core.model.entities import Channel, Session
from securechat.core.shared import Done
from securechat.core.text import TEXT_BYTES, kick_bytes, shorten
from securechat.core.turn import IrcError, Turn
from securechat.irc.message import Message
from securechat.irc.numerics import Numeric


@command(
    "RENAME",
    usage="<#channel> <#new name> [:<reason>]",
    min_params=2,
    max_params=3,
    last="reason",
)
def rename(turn: Turn, session: Session, message: Message) -> None:
    """Give a channel that you own another name; its members, modes and history stay."""
    old, new, *reasons = message.params
    channel = _find_owned(turn, session, old)
    try:
        wanted = acts.new_name(turn, channel, new)
        _check_not_often(turn, channel)
    except NameRefusedError as refused:
        place = channel.name, channels.word(new)
        turn.standard_reply(session, "FAIL", "RENAME", refused.code, *place, str(refused))
        return
    quota.check(turn, session.who, "RENAME")
    # Counted before it is known to be stored: the limit is on trying.
    turn.share(Done("renames", channel.id))
    reason = shorten(reasons[0], TEXT_BYTES) if reasons else ""
    acts.rename(Actor(turn, session), channel, wanted, reason)


def _find_owned(turn: Turn, session: Session, name: str) -> Channel:
    """The channel of that name, of which the session's account is an owner. Raises IrcError."""
    # First whether there is such a channel for them, then whether they own it.
    channel = channels.find_run(turn, session, name)
    if not session.who.admin and "q" not in channel.modes_of(session.who):
        text = "Only an owner (~) of the channel can do that"
        raise IrcError(Numeric.ERR_CHANOPRIVSNEEDED, channel.name, text)
    return channel


def _check_not_often(turn: Turn, channel: Channel) -> None:
    if wait := turn.model.renames.wait(channel.id, turn.clock):
        text = f"It has been renamed just now; try again in {ceil(wait)} seconds"
        raise NameRefusedError("CANNOT_RENAME", text)


@command("DROP", usage="<#channel> [:<reason>]", min_params=1, max_params=2, last="reason")
def drop(turn: Turn, session: Session, message: Message) -> None:
    """End a channel that you own, for all who are in it; its name is free then."""
    channel = _find_owned(turn, session, message.params[0])
    if channel is channels.lobby_of(turn):
        text = "The lobby can't be dropped"
        raise IrcError(Numeric.ERR_CHANOPRIVSNEEDED, channel.name, text)
    most = kick_bytes(turn.settings.name)
    reason = shorten(message.params[1], most) if len(message.params) > 1 else "Dropped by its owner"
    # Before it is closed, which takes the members out of it.
    if session.who not in channel.members:
        turn.notice(session, f"{channel.name} is dropped")
    acts.drop(Actor(turn, session), channel, reason)
