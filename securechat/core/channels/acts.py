"""What is done to a channel and the people in it: by a member's command, whose rights are asked for
there, or at the word of the administrator of the machine. Hub thread only.
"""

from __future__ import annotations

from securechat.core.channels import channels, ownership
from securechat.core.channels.actors import Actor
from securechat.core.delivery.line import Line
from securechat.core.history import policy
from securechat.core.journal.events.channels import (
    ChannelClosed,
    ChannelRenamed,
    KickedAway,
    TopicChanged,
)
from securechat.core.model.entities import Account, Audience, Channel, Session
from securechat.core.presence import online, sight
from securechat.core.text import shorten
from securechat.core.turn import Turn
from securechat.irc import names
from securechat.irc.capabilities import CHANNEL_RENAME
from securechat.irc.message import MAX_BODY_BYTES
from securechat.irc.names import ChannelName, InvalidName


def join(turn: Turn, channel: Channel, account: Account, modes: str) -> None:
    """Make an account a member. modes: those it has from the beginning."""
    # Others hear of the JOIN, so they must hear of the end, too.
    sight.appear(turn, account)
    alone = not channel.members
    entry = channels.enter(turn, channel, account, modes)
    turn.broadcast(channel.audience(), channels.join_line(turn, channel, account, entry))
    if modes and not alone:
        # Clients know of its modes by a MODE alone.
        text = channels.given(account, modes)
        msgid = turn.model.msgid(turn.log(channel.id, None, "MODE", text).seq)
        turn.broadcast(channel.audience(), channels.modes_line(turn, channel, text, msgid))
    if account.away is not None:
        # Those who see it for the first time can't know; "away-notify" has it so.
        online.tell_away(turn, account, channel.audience().sessions)
    # The account has joined, so all of its devices are in the channel.
    for own in account.sessions:
        channels.show(turn, own, channel)
        policy.show(turn, own, channel)


def kick(actor: Actor, channel: Channel, other: Account, reason: str) -> None:
    """Put a member out."""
    turn = actor.turn
    msgid = actor.log(channel, "KICK", f"{other.name} {reason}")
    actor.tell(channel, actor.line(f"KICK {channel.name} {other.name} :{reason}", msgid))
    actor.audit("kick", channel=channel.name, of=other.name)
    # Who is there sees the KICK; the others are told at the next login.
    if not other.sessions or other.unseen:
        turn.record(KickedAway(other.id, channel.name, actor.name, reason, turn.now_ms))
    ownership.leave(turn, channel, other)


def set_topic(actor: Actor, channel: Channel, text: str) -> None:
    """text: of at most text.topic_bytes()."""
    turn = actor.turn
    msgid = actor.log(channel, "TOPIC", text)
    actor.audit("topic changed", channel=channel.name)
    turn.record(TopicChanged(text, actor.source, turn.now_ms, channel.id))
    actor.tell(channel, actor.line(f"TOPIC {channel.name} :{text}", msgid))


class NameRefusedError(Exception):
    """A channel can't be called so. code: of the FAIL."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


def new_name(turn: Turn, channel: Channel, text: str) -> ChannelName:
    """The name that a channel can have from now on. Raises NameRefusedError."""
    if channel is channels.lobby_of(turn):
        text = "The lobby has its name from the server's settings"
        raise NameRefusedError("CANNOT_RENAME", text)
    try:
        wanted = names.channel_name(text)
    except InvalidName as error:
        raise NameRefusedError("CANNOT_RENAME", str(error)) from None
    # Another case or form of the same name is allowed, as that folds to the channel itself.
    if wanted.display == channel.name:
        raise NameRefusedError("CANNOT_RENAME", "That is its name already")
    model = turn.model
    for other in (model.channels.get(wanted.folded), model.channel_skeletons.get(wanted.skeleton)):
        if other is not None and other is not channel:
            text = "The channel name is already taken, or looks like one that is"
            raise NameRefusedError("CHANNEL_NAME_IN_USE", text)
    return wanted


def rename(actor: Actor, channel: Channel, wanted: ChannelName, reason: str) -> None:
    """Give a channel another name, as of new_name()."""
    # Taken before the event, with which the channel has its new name.
    turn, old, before = actor.turn, channel.name, channel.folded
    after = wanted.display, wanted.folded, wanted.skeleton
    # Before all else: channel.name is the new one in what follows.
    turn.record(ChannelRenamed(*after, channel.id, before))
    msgid = actor.log(channel, "RENAME", f"{old} {channel.name} {reason}")
    actor.audit("channel renamed", channel=old, to=channel.name)
    line = actor.line(f"RENAME {old} {channel.name} :{reason}", msgid)
    # With the one who did it: an administrator need not be a member.
    told = {*channel.audience().sessions, *filter(None, [actor.session])}
    turn.broadcast(Audience(one for one in told if one.has(CHANNEL_RENAME)), line)
    if wanted.folded == before:  # the others see it in what is said next
        return
    unaware = [one for one in channel.audience().sessions if not one.has(CHANNEL_RENAME)]
    # Each of them gets all names of the channel, and what that costs is the renamer's.
    actor.charge(len(unaware))
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


def drop(actor: Actor, channel: Channel, reason: str) -> None:
    """End a channel for all who are in it; its name is free then."""
    turn, by = actor.turn, actor.account
    actor.charge(len(channel.members))  # each is told, and each membership ends on the disk
    # Before the channel is closed, after which nothing can be logged in it.
    actor.log(channel, "DROP", reason)
    actor.audit("channel dropped", channel=channel.name)
    for member in channel.members:
        if member.sessions:
            # To each by itself, as each line names who it is for.
            turn.broadcast(member.audience(), _put_out(actor, channel, member, reason))
        # Who is not there finds out at the next login.
        if (not member.sessions or member.unseen) and member is not by:
            turn.record(KickedAway(member.id, channel.name, actor.name, reason, turn.now_ms))
    # Last, as it takes the members out of the channel.
    turn.record(ChannelClosed(channel.id))


def _put_out(actor: Actor, channel: Channel, member: Account, reason: str) -> Line:
    """A line that every client understands: KICK for the others, PART for who ends the channel."""
    mine = member is actor.account
    what = f"PART {channel.name}" if mine else f"KICK {channel.name} {member.name}"
    return actor.line(f"{what} :{reason}")
