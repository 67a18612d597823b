"""RENAME and DROP: what an owner does with a channel as a whole.

https://ircv3.net/specs/extensions/channel-rename. DROP is ours.
"""

from __future__ import annotations

from math import ceil

from securechat.core import quota
from securechat.core.channels import channels
from securechat.core.commands.registry import command
from securechat.core.delivery.line import Line
from securechat.core.journal.events.channels import ChannelClosed, ChannelRenamed, KickedAway
from securechat.core.model.entities import Account, Audience, Channel, Session
from securechat.core.text import TEXT_BYTES, kick_bytes, shorten
from securechat.core.turn import IrcError, Turn
from securechat.irc import names
from securechat.irc.capabilities import CHANNEL_RENAME
from securechat.irc.message import MAX_BODY_BYTES, Message
from securechat.irc.names import ChannelName, InvalidName
from securechat.irc.numerics import Numeric


class _Refused(Exception):  # noqa: N818 - an answer
    """code: of the FAIL."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(code, text)
        self.code, self.text = code, text


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
        wanted = _new_name(turn, channel, new)
    except _Refused as refused:
        place = channel.name, channels.word(new)
        turn.standard_reply(session, "FAIL", "RENAME", refused.code, *place, refused.text)
        return
    quota.check(turn, session.who, "RENAME")
    # Counted before it is known to be stored: the limit is on trying.
    turn.model.renames.add(channel.id, turn.clock)
    reason = shorten(reasons[0], TEXT_BYTES) if reasons else ""
    _rename(turn, session, channel, wanted, reason)


def _find_owned(turn: Turn, session: Session, name: str) -> Channel:
    """The channel of that name, of which the session's account is an owner. Raises IrcError."""
    # First whether there is such a channel for them, then whether they own it.
    channel = channels.find_run(turn, session, name)
    if not session.who.admin and "q" not in channel.modes_of(session.who):
        text = "Only an owner (~) of the channel can do that"
        raise IrcError(Numeric.ERR_CHANOPRIVSNEEDED, channel.name, text)
    return channel


def _new_name(turn: Turn, channel: Channel, text: str) -> ChannelName:
    """Raises _Refused."""
    if channel is channels.lobby_of(turn):
        raise _Refused("CANNOT_RENAME", "The lobby has its name from the server's settings")
    try:
        wanted = names.channel_name(text)
    except InvalidName as error:
        raise _Refused("CANNOT_RENAME", str(error)) from None
    # Another case or form of the same name is allowed, as that folds to the channel itself.
    if wanted.display == channel.name:
        raise _Refused("CANNOT_RENAME", "That is its name already")
    model = turn.model
    for other in (model.channels.get(wanted.folded), model.channel_skeletons.get(wanted.skeleton)):
        if other is not None and other is not channel:
            text = "The channel name is already taken, or looks like one that is"
            raise _Refused("CHANNEL_NAME_IN_USE", text)
    if wait := model.renames.wait(channel.id, turn.clock):
        text = f"It has been renamed just now; try again in {ceil(wait)} seconds"
        raise _Refused("CANNOT_RENAME", text)
    return wanted


def _rename(
    turn: Turn, session: Session, channel: Channel, wanted: ChannelName, reason: str
) -> None:
    # Taken before the event, with which the channel has its new name.
    by, old, before = session.who, channel.name, channel.folded
    after = wanted.display, wanted.folded, wanted.skeleton
    # Before all else: channel.name is the new one in what follows.
    turn.record(ChannelRenamed(*after, channel.id, before))
    entry = turn.log(channel.id, by, "RENAME", f"{old} {channel.name} {reason}", by.line_tags)
    turn.audit_act("channel renamed", session, channel=old, to=channel.name)
    body = f":{by.source(turn.settings.name)} RENAME {old} {channel.name} :{reason}"
    msgid = turn.model.msgid(entry.seq)
    line = turn.line_of(by, shorten(body, MAX_BODY_BYTES), msgid)
    # With the one who did it: an administrator need not be a member.
    told = set(channel.audience().sessions) | {session}
    turn.broadcast(Audience(one for one in told if one.has(CHANNEL_RENAME)), line)
    if wanted.folded == before:  # the others see it in what is said next
        return
    unaware = [one for one in channel.audience().sessions if not one.has(CHANNEL_RENAME)]
    # Each of them gets all names of the channel, and what that costs is the renamer's.
    turn.charge(by, len(unaware))
    for one in unaware:
        _move(turn, one, channel, old, reason)


def _move(turn: Turn, session: Session, channel: Channel, old: str, reason: str) -> None:
    """Show a renaming to a client that doesn't know of such: it leaves, and comes into another."""
    account = session.who
    tail = f" :{reason}" if reason else ""
    body = shorten(f":{account.source(turn.settings.name)} PART {old}{tail}", MAX_BODY_BYTES)
    turn.send_line(session, turn.line_of(account, body))
    turn.send_line(session, channels.join_line(turn, channel, account))
    channels.show(turn, session, channel)


@command("DROP", usage="<#channel> [:<reason>]", min_params=1, max_params=2, last="reason")
def drop(turn: Turn, session: Session, message: Message) -> None:
    """End a channel that you own, for all who are in it; its name is free then."""
    channel = _find_owned(turn, session, message.params[0])
    by = session.who
    if channel is channels.lobby_of(turn):
        text = "The lobby can't be dropped"
        raise IrcError(Numeric.ERR_CHANOPRIVSNEEDED, channel.name, text)
    most = kick_bytes(turn.settings.name)
    reason = shorten(message.params[1], most) if len(message.params) > 1 else "Dropped by its owner"
    turn.charge(by, len(channel.members))  # each is told, and each membership ends on the disk
    # Before the channel is closed, after which nothing can be logged in it.
    turn.log(channel.id, by, "DROP", reason, by.line_tags)
    turn.audit_act("channel dropped", session, channel=channel.name)
    for member in channel.members:
        if member.sessions:
            # To each by itself, as each line names who it is for.
            turn.broadcast(member.audience(), _put_out(turn, channel, by, member, reason))
        # Who is offline finds out at the next login.
        elif member is not by:
            turn.record(KickedAway(member.id, channel.name, by.name, reason, turn.now_ms))
    if by not in channel.members:
        turn.notice(session, f"{channel.name} is dropped")
    # Last, as it takes the members out of the channel.
    turn.record(ChannelClosed(channel.id))


def _put_out(turn: Turn, channel: Channel, by: Account, member: Account, reason: str) -> Line:
    """A line that every client understands: KICK for the others, PART for who ends the channel."""
    what = f"KICK {channel.name} {member.name}" if member is not by else f"PART {channel.name}"
    body = shorten(f":{by.source(turn.settings.name)} {what} :{reason}", MAX_BODY_BYTES)
    return turn.line_of(by, body)
