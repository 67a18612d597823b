"""JOIN, PART, KICK, INVITE, TOPIC, NAMES: channels and who is in them; LIST is in listing.

https://modern.ircdocs.horse/#channel-operations
"""

from __future__ import annotations

from securechat.core import quota
from securechat.core.channels import acts, channels, invitations, ownership, permissions
from securechat.core.channels.actors import Actor
from securechat.core.commands.registry import command
from securechat.core.model.entities import Account, Audience, Channel, Session
from securechat.core.model.membership import FOUNDER_MODES
from securechat.core.presence.welcome import MAX_TARGETS
from securechat.core.text import TEXT_BYTES, kick_bytes, shorten, topic_bytes
from securechat.core.turn import IrcError, Turn
from securechat.irc import names
from securechat.irc.capabilities import INVITE_NOTIFY
from securechat.irc.message import Message
from securechat.irc.names import InvalidName
from securechat.irc.numerics import Numeric


def _targets(message: Message, at: int = 0) -> list[str]:
    # Distinct: the same channel in two spellings counts once.
    found = names.distinct(target for target in message.params[at].split(",") if target)
    _check_number(found)
    return found


def _check_number(targets: list[str]) -> None:
    """Raises IrcError (407) when they are more than TARGMAX says."""
    if len(targets) > MAX_TARGETS:
        raise IrcError(
            Numeric.ERR_TOOMANYTARGETS, channels.word(targets[0]), f"At most {MAX_TARGETS} at once"
        )


@command("JOIN", usage="<#channel>[,<#channel>…] [<key>[,<key>…]]", min_params=1)
def join(turn: Turn, session: Session, message: Message) -> None:
    """Enter a channel; one that doesn't exist yet is made, and is yours. JOIN 0 leaves all."""
    if message.params[0] == "0":
        # One line that does the work of many.
        turn.charge(session.who, len(session.who.channels))
        # A copy, as leaving takes them out.
        for channel in list(session.who.channels):
            _part(turn, session, channel, "")
        return
    keys = message.params[1].split(",") if len(message.params) > 1 else []
    wanted = [name for name in message.params[0].split(",") if name]
    by_name = dict(reversed([*zip(wanted, keys, strict=False)]))  # the first of each name counts
    for name in names.distinct(wanted):  # clients join all they remember in one line
        try:
            _join(turn, session, name, by_name.get(name, ""))
        except IrcError as error:
            turn.numeric(session, error.numeric, *error.params)


def _join(turn: Turn, session: Session, name: str, key: str) -> None:
    account = session.who
    channel = turn.model.channel_named(name)
    # No answer, as on other servers: another device of theirs has been shown it.
    if channel is not None and account in channel.members:
        return
    if len(account.channels) >= turn.settings.max_channels:
        raise IrcError(
            Numeric.ERR_TOOMANYCHANNELS,
            channels.word(name),
            f"You are in {len(account.channels)} channels; leave one first",
        )
    # Before a channel is made, which would be left without members.
    quota.check(turn, session.who, "JOIN")
    if channel is None:
        channel, modes = _make(turn, account, name), FOUNDER_MODES
    else:
        permissions.check_may_enter(turn, account, channel, key)
        # A founder who comes back owns the channel again.
        modes = FOUNDER_MODES if channel.founder == account.id else ""
    acts.join(turn, channel, account, modes)


def _make(turn: Turn, account: Account, name: str) -> Channel:
    try:
        wanted = names.channel_name(name)
    except InvalidName as error:
        raise IrcError(Numeric.ERR_NOSUCHCHANNEL, channels.word(name), str(error)) from None
    alike = turn.model.channel_skeletons.get(wanted.skeleton)
    if alike is not None:
        # The name of a secret channel must not be told; that one like it exists can't be hidden
        # here.
        hint = f", like {alike.name}" if channels.visible(alike, account) else ""
        text = f"That name looks like another channel's{hint}; choose one that can't be mixed up"
        raise IrcError(Numeric.ERR_NOSUCHCHANNEL, wanted.display, text)
    return channels.create(turn, wanted, account)


@command(
    "PART",
    usage="<#channel>[,<#channel>…] [:<reason>]",
    min_params=1,
    max_params=2,
    last="reason",
)
def part(turn: Turn, session: Session, message: Message) -> None:
    """Leave a channel for good, until you join it again."""
    reason = shorten(message.params[1], TEXT_BYTES) if len(message.params) > 1 else ""
    for name in _targets(message):
        try:
            _part(turn, session, channels.find_mine(turn, session, name), reason)
        except IrcError as error:
            turn.numeric(session, error.numeric, *error.params)


def _part(turn: Turn, session: Session, channel: Channel, reason: str) -> None:
    account = session.who
    if reason and permissions.why_silent(turn, channel, account):
        reason = ""  # a text too: who may not speak there could speak by it
    tail = f" :{reason}" if reason else ""
    actor = Actor(turn, session)
    msgid = actor.log(channel, "PART", reason)
    actor.tell(channel, actor.line(f"PART {channel.name}{tail}", msgid))
    # Last: until then it is in the channel's audience, and sees its own PART.
    ownership.leave(turn, channel, account)


@command(
    "KICK",
    usage="<#channel>[,<#channel>…] <nick>[,<nick>…] [:<reason>]",
    min_params=2,
    max_params=3,
    last="reason",
)
def kick(turn: Turn, session: Session, message: Message) -> None:
    """Put people out of a channel that you operate, or each out of the channel at its place."""
    most = kick_bytes(turn.settings.name)
    reason = shorten(message.params[2], most) if len(message.params) > 2 else ""
    for name, nick in _kicks(message):
        try:
            channel = channels.find_run(turn, session, name)
            _kick(turn, session, channel, nick, reason or session.who.name)
        except IrcError as error:
            turn.numeric(session, error.numeric, *error.params)


def _kicks(message: Message) -> list[tuple[str, str]]:
    """(channel, nick) of each. Raises IrcError.

    RFC 2812, 3.2.8: one channel and several people, or as many channels as people.
    """
    found = [name for name in message.params[0].split(",") if name]
    if len(found) < 2:
        return [(message.params[0], nick) for nick in _targets(message, 1)]
    nicks = [nick for nick in message.params[1].split(",") if nick]
    if len(nicks) != len(found):
        text = f"Expected one channel, or as many as people: {len(found)} came for {len(nicks)}"
        raise IrcError(Numeric.ERR_NEEDMOREPARAMS, "KICK", text)
    _check_number(found)
    return list(zip(found, nicks, strict=True))


def _kick(turn: Turn, session: Session, channel: Channel, nick: str, reason: str) -> None:
    by = session.who
    other = turn.model.account_named(nick)
    if other is None or other not in channel.members:
        raise IrcError(
            Numeric.ERR_USERNOTINCHANNEL,
            channels.word(nick),
            channel.name,
            "They aren't on that channel",
        )
    # Smaller is higher. Equals may put each other out.
    if not by.admin and channel.rank(other) < channel.rank(by):
        raise IrcError(
            Numeric.ERR_CHANOPRIVSNEEDED, channel.name, f"{other.name} has a higher role than you"
        )
    acts.kick(Actor(turn, session), channel, other, reason)


@command("INVITE", usage="[<nick> <#channel>]", max_params=2)
def invite(turn: Turn, session: Session, message: Message) -> None:
    """Let somebody into a channel of yours; alone it lists where you are invited to."""
    if not message.params:
        _show_invitations(turn, session)
        return
    if len(message.params) < 2:
        text = "Not enough words: INVITE <nick> <#channel>"
        raise IrcError(Numeric.ERR_NEEDMOREPARAMS, "INVITE", text)
    nick, name = message.params
    channel = channels.find_mine_or_run(turn, session, name)
    account = session.who
    other = turn.model.account_named(nick)
    if other is None or not other.usable:
        raise IrcError(Numeric.ERR_NOSUCHNICK, channels.word(nick), "No such nick/channel")
    if other in channel.members:
        raise IrcError(Numeric.ERR_USERONCHANNEL, other.name, channel.name, "is already on channel")
    # An open channel needs no invitation, so anybody may point others to it.
    if "i" in channel.modes and not channel.runs(account):
        raise IrcError(Numeric.ERR_CHANOPRIVSNEEDED, channel.name, "You're not channel operator")
    invitations.invite(turn, channel, account, other)
    if channel.runs(account):
        turn.audit_act("invitation", session, channel=channel.name, of=other.name)
    turn.send(
        session,
        f":{turn.settings.name} {Numeric.RPL_INVITING} {account.name} {other.name} {channel.name}",
    )
    body = f":{account.source(turn.settings.name)} INVITE {other.name} {channel.name}"
    line = turn.line_of(account, body)
    # Without a log: it is listed by INVITE and shown at each login until it is followed.
    turn.broadcast(other.audience(), line)
    members = channel.audience().sessions
    told = Audience(one for one in members if one.has(INVITE_NOTIFY) and one is not session)
    turn.broadcast(told, line)


def _show_invitations(turn: Turn, session: Session) -> None:
    for channel in session.who.invited_to:
        turn.numeric(session, Numeric.RPL_INVITELIST, channel.name)
    turn.numeric(session, Numeric.RPL_ENDOFINVITELIST, "End of /INVITE list")


@command("TOPIC", usage="<#channel> [:<topic>]", min_params=1, max_params=2, last="topic")
def topic(turn: Turn, session: Session, message: Message) -> None:
    """Show a channel's topic, or set it."""
    account = session.who
    if len(message.params) < 2:
        channel = channels.find(turn, session, message.params[0])
        channels.show_topic(turn, session, channel)
        return
    channel = channels.find_mine_or_run(turn, session, message.params[0])
    if "t" in channel.modes and not channel.runs(account):
        raise IrcError(Numeric.ERR_CHANOPRIVSNEEDED, channel.name, "You're not channel operator")
    # Without +t anybody may set it who may speak there, as a topic is a text.
    if not channel.runs(account):
        permissions.check_may_speak(turn, channel, account)
    quota.check(turn, session.who, "TOPIC")
    text = message.params[1]
    limit = topic_bytes(turn.settings.name)
    # Refused and not cut, as TOPICLEN is announced.
    if len(text.encode()) > limit:
        raise IrcError(Numeric.ERR_INPUTTOOLONG, f"A topic has at most {limit} bytes of UTF-8")
    acts.set_topic(Actor(turn, session), channel, text)


@command("NAMES", usage="<#channel>", min_params=0)
def names_(turn: Turn, session: Session, message: Message) -> None:
    """List the members of a channel who are online."""
    name = message.params[0] if message.params else "*"
    channel = turn.model.channel_named(name)
    if channel is not None and channels.visible(channel, session.who):
        channels.show_names(turn, session, channel)
    else:
        turn.numeric(session, Numeric.RPL_ENDOFNAMES, channels.word(name), "End of /NAMES list")
