"""What several commands do with channels: find, make, enter, show. Hub thread only."""

from __future__ import annotations

from collections.abc import Iterator

from securechat.core import metadata
from securechat.core.channels import permissions
from securechat.core.delivery.line import Line, MessageId
from securechat.core.history import markers
from securechat.core.journal.events.channels import (
    ChannelCreated,
    InvitationEnded,
    Logged,
    MemberJoined,
    MemberLeft,
)
from securechat.core.model.entities import Account, Channel, Session
from securechat.core.model.membership import PREFIXES
from securechat.core.model.state import Model
from securechat.core.text import fill, shorten
from securechat.core.turn import IrcError, Turn
from securechat.irc import names
from securechat.irc.capabilities import MULTI_PREFIX, NO_IMPLICIT_NAMES, USERHOST_IN_NAMES
from securechat.irc.message import MAX_BODY_BYTES
from securechat.irc.names import MAX_ACCOUNT_BYTES, ChannelName, channel_name
from securechat.irc.numerics import Numeric

# What clients and people expect of a new channel on any network.
DEFAULT_MODES = "nt"


def find(turn: Turn, session: Session, name: str) -> Channel:
    """The channel of that name. Raises IrcError (403), also for a secret one of others."""
    channel = turn.model.channel_named(name)
    # One answer for both, or a secret channel could be found by its name.
    if channel is None or ("s" in channel.modes and not visible(channel, session.who)):
        raise IrcError(Numeric.ERR_NOSUCHCHANNEL, word(name), "No such channel")
    return channel


def find_mine(turn: Turn, session: Session, name: str) -> Channel:
    """The channel of that name, of which the session's account is a member. Raises IrcError."""
    channel = find(turn, session, name)
    if session.who not in channel.members:
        raise IrcError(Numeric.ERR_NOTONCHANNEL, channel.name, "You're not on that channel")
    return channel


def find_mine_or_run(turn: Turn, session: Session, name: str) -> Channel:
    """The channel of that name, of a member or of who may operate it. Raises IrcError."""
    channel = find(turn, session, name)
    # Who runs it is asked first: an administrator operates channels without being a member.
    return channel if channel.runs(session.who) else find_mine(turn, session, name)


def find_run(turn: Turn, session: Session, name: str) -> Channel:
    """The channel of that name, which the session's account may operate. Raises IrcError."""
    channel = find(turn, session, name)
    if not channel.runs(session.who):
        if session.who not in channel.members:
            raise IrcError(Numeric.ERR_NOTONCHANNEL, channel.name, "You're not on that channel")
        raise IrcError(Numeric.ERR_CHANOPRIVSNEEDED, channel.name, "You're not channel operator")
    return channel


def word(text: str) -> str:
    """A parameter of somebody's, fit to be repeated in the middle of a reply."""
    # A space or a colon in front would make it the trailing parameter, or two of them.
    first = text.split(" ")[0].lstrip(":")[:64]
    return first or "*"


def nobody(turn: Turn, name: str) -> str:
    """Why there is nobody of a name. Who had it before is told: all members see each other's."""
    account = turn.model.former_names.get(names.fold_account(name) or "")
    if account is not None and account.usable:
        return f"No such nick/channel: it is called {account.name} now"
    return "No such nick/channel"


def visible(channel: Channel, account: Account) -> bool:
    """Whether an account may know of a channel: a secret one is for its members."""
    return "s" not in channel.modes or account in channel.members or account.admin


def count_visible(model: Model, account: Account) -> int:
    """How many channels an account may know of, without a look at each."""
    if account.admin:
        return len(model.channels)
    own = sum(channel in model.secret for channel in account.channels)
    return len(model.channels) - len(model.secret) + own


def shared(account: Account, other: Account) -> Iterator[Channel]:
    """The channels that an account may know another one to be in: of one who is +i those alone that
    it is in too.
    """
    for channel in other.channels:
        if visible(channel, account) and (
            not other.hidden or account in channel.members or account.admin
        ):
            yield channel


def create(turn: Turn, name: ChannelName, founder: Account | None) -> Channel:
    """A new channel."""
    turn.record(
        ChannelCreated(
            turn.new_target(),
            name.display,
            name.folded,
            name.skeleton,
            founder.id if founder else None,
            DEFAULT_MODES,
            turn.now_ms,
        )
    )
    return turn.model.channels[name.folded]


def enter(turn: Turn, channel: Channel, account: Account, modes: str) -> Logged:
    """Make an account a member, and log it; nobody is told here."""
    # Before the JOIN is logged: the entry itself is among what the member may read.
    turn.record(MemberJoined(channel.id, account.id, modes, turn.model.last_seq))
    entry = turn.log(channel.id, account, "JOIN", "", account.line_tags)
    # It has done its work; one that stayed would open the channel again after a KICK.
    if channel in account.invited_to:
        turn.record(InvitationEnded(channel.id, account.id))
    return entry


def depart(turn: Turn, channel: Channel, account: Account) -> None:
    """End a membership; core.ownership has what follows from it."""
    turn.record(MemberLeft(channel.id, account.id))


def lobby_of(turn: Turn) -> Channel | None:
    """The channel that everybody joins, if there is one."""
    name = turn.settings.lobby
    # By name each time, as a channel of that name may have been made after the start.
    return turn.model.channel_named(name) if name else None


def like_lobby(model: Model, name: str) -> Channel | None:
    """The channel that a lobby of this name can't be told from, so that there can be none."""
    if model.channel_named(name) is not None:
        return None
    return model.channel_skeletons.get(channel_name(name).skeleton)


def join_line(turn: Turn, channel: Channel, account: Account, entry: Logged | None = None) -> Line:
    """JOIN, plain and extended (https://ircv3.net/specs/extensions/extended-join). entry: of the
    log, where the account becomes a member; None where a member comes back.
    """
    body = f":{account.source(turn.settings.name)} JOIN {channel.name}"
    # A real name is a text too: who may not speak in the channel could speak by it.
    real_name = (
        account.name if permissions.why_silent(turn, channel, account) else account.real_name
    )
    return Line(
        body,
        turn.now_ms,
        # Who only comes online again makes no entry, so there is nothing that could be replayed.
        msgid=turn.model.msgid(entry.seq) if entry is not None else None,
        account=account.name,
        client_tags=account.line_tags,
        extended=shorten(f"{body} {account.name} :{real_name}", MAX_BODY_BYTES),
    )


def given(account: Account, modes: str) -> str:
    """The modes of a member who has come back, as a MODE has them: +qo alice alice."""
    return " ".join([f"+{modes}", *[account.name] * len(modes)])


def modes_line(turn: Turn, channel: Channel, text: str, msgid: MessageId | None = None) -> Line:
    """A MODE of the server's, by which clients learn what a member is. text: as of given()."""
    return Line(f":{turn.settings.name} MODE {channel.name} {text}", turn.now_ms, msgid=msgid)


def show(turn: Turn, session: Session, channel: Channel) -> None:
    """What follows a JOIN: the topic, if there is one, and the names.

    https://ircv3.net/specs/extensions/no-implicit-names
    """
    if channel.topic:
        show_topic(turn, session, channel)
    markers.show(turn, session, channel.name)  # before the end of the names, as it must be
    if not session.has(NO_IMPLICIT_NAMES):
        show_names(turn, session, channel)
    metadata.show_channel(turn, session, channel)


def show_topic(turn: Turn, session: Session, channel: Channel) -> None:
    """The topic, who set it and when; or that there is none."""
    if not channel.topic:
        turn.numeric(session, Numeric.RPL_NOTOPIC, channel.name, "No topic is set")
        return
    turn.numeric(session, Numeric.RPL_TOPIC, channel.name, channel.topic)
    at = str(channel.topic_ms // 1000)
    turn.numeric(session, Numeric.RPL_TOPICWHOTIME, channel.name, channel.topic_by, at)


def show_names(turn: Turn, session: Session, channel: Channel) -> None:
    """The members that are online and shown to the session, with their prefixes."""
    # 353 tells a secret channel by @, a public one by = (RFC 2812, 5.1).
    symbol = "@" if "s" in channel.modes else "="
    full, every = session.has(USERHOST_IN_NAMES), session.has(MULTI_PREFIX)
    account = session.who
    inside = account in channel.members or account.admin
    # Shared by all who ask: in a channel of a thousand the list takes milliseconds to make.
    # Who is unseen finds themselves there, and is found by nobody else.
    texts = None if account.unseen else channel.names.get((full, every, inside))
    if texts is None:
        texts = _names(turn, channel, account, full=full, every=every)
        if not account.unseen:
            channel.names[full, every, inside] = texts
    for text in texts:
        turn.numeric(session, Numeric.RPL_NAMREPLY, symbol, channel.name, text)
    turn.numeric(session, Numeric.RPL_ENDOFNAMES, channel.name, "End of /NAMES list")


def _names(turn: Turn, channel: Channel, asking: Account, *, full: bool, every: bool) -> list[str]:
    """The texts of 353; each leaves room for the longest nick that it may be sent to."""
    server = turn.settings.name
    # For the longest nick, as the texts are made once and sent to anybody.
    head = f":{server} 353 {'x' * MAX_ACCOUNT_BYTES} = {channel.name} :"
    shown = (
        prefix(channel, account, every=every) + (account.source(server) if full else account.name)
        for account in channel.shown_to(asking)
    )
    return list(fill(shown, MAX_BODY_BYTES - len(head.encode())))


def prefix(channel: Channel, account: Account, *, every: bool) -> str:
    """The prefix of the highest of a member's modes; every: those of all of them.

    https://ircv3.net/specs/extensions/multi-prefix
    """
    modes = channel.modes_of(account)
    # Without multi-prefix a client takes a second prefix for a part of the name.
    return "".join(PREFIXES[mode] for mode in (modes if every else modes[:1]))
