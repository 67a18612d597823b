"""What several commands do with rooms. Hub thread only."""

from __future__ import annotations

from math import ceil

from securechat.core.channels import invitations
from securechat.core.delivery.line import Line
from securechat.core.journal.events import InvitationEnded, MemberJoined, MemberLeft, RoomCreated
from securechat.core.model.session import Session
from securechat.core.model.state import PREFIXES, Account, Model, Room
from securechat.core.text import fill, shorten
from securechat.core.turn import IrcError, Turn
from securechat.irc import masks
from securechat.irc.capabilities import USERHOST_IN_NAMES
from securechat.irc.message import MAX_BODY_BYTES
from securechat.irc.names import MAX_ACCOUNT_BYTES, ChannelName, channel_name
from securechat.irc.numerics import Numeric

DEFAULT_MODES = "nt"


def find(turn: Turn, session: Session, name: str) -> Room:
    """The room of that name. Raises IrcError (403), also for a secret one of others."""
    room = turn.model.room_named(name)
    if room is None or ("s" in room.modes and not visible(room, session.who)):
        raise IrcError(Numeric.ERR_NOSUCHCHANNEL, word(name), "No such channel")
    return room


def find_mine(turn: Turn, session: Session, name: str) -> Room:
    """The room of that name, of which the session's account is a member. Raises IrcError."""
    room = find(turn, session, name)
    if session.who not in room.members:
        raise IrcError(Numeric.ERR_NOTONCHANNEL, room.name, "You're not on that channel")
    return room


def find_mine_or_run(turn: Turn, session: Session, name: str) -> Room:
    """The room of that name, of a member or of who may operate it. Raises IrcError."""
    room = find(turn, session, name)
    return room if room.runs(session.who) else find_mine(turn, session, name)


def find_run(turn: Turn, session: Session, name: str) -> Room:
    """The room of that name, which the session's account may operate. Raises IrcError."""
    room = find(turn, session, name)
    if not room.runs(session.who):
        if session.who not in room.members:
            raise IrcError(Numeric.ERR_NOTONCHANNEL, room.name, "You're not on that channel")
        raise IrcError(Numeric.ERR_CHANOPRIVSNEEDED, room.name, "You're not channel operator")
    return room


def tell(turn: Turn, session: Session, room: Room, line: Line) -> None:
    """What a session has changed, to all of the room, and to itself where it acts from outside, as
    an administrator may.
    """
    turn.broadcast(room.audience(), line)
    if session.who not in room.members:
        turn.send_line(session, line)


def word(text: str) -> str:
    """A parameter of somebody's, fit to be repeated in the middle of a reply."""
    first = text.split(" ")[0].lstrip(":")[:64]
    return first or "*"


def visible(room: Room, account: Account) -> bool:
    """Whether an account may know of a room: a secret one is for its members."""
    return "s" not in room.modes or account in room.members or account.admin


def create(turn: Turn, name: ChannelName, founder: Account | None) -> Room:
    """A new room."""
    turn.model.last_target += 1
    turn.record(
        RoomCreated(
            turn.model.last_target,
            name.display,
            name.folded,
            name.skeleton,
            founder.id if founder else None,
            DEFAULT_MODES,
            turn.now_ms,
        )
    )
    return turn.model.rooms[name.folded]


def enter(turn: Turn, room: Room, account: Account, role: str) -> None:
    """Make an account a member; nobody is told here."""
    turn.record(MemberJoined(room.id, account.id, role, turn.model.last_seq))
    turn.log(room.id, account, "JOIN", "")
    if room in account.invited_to:
        turn.record(InvitationEnded(room.id, account.id))


def depart(turn: Turn, room: Room, account: Account) -> None:
    """End a membership; core.ownership has what follows from it."""
    turn.record(MemberLeft(room.id, account.id))


def lobby_of(turn: Turn) -> Room | None:
    """The room that everybody joins, if there is one."""
    name = turn.settings.lobby
    return turn.model.room_named(name) if name else None


def like_lobby(model: Model, name: str) -> Room | None:
    """The room that a lobby of this name can't be told from, so that there can be none; or None."""
    if model.room_named(name) is not None:
        return None
    return model.room_skeletons.get(channel_name(name).skeleton)


def join_line(turn: Turn, room: Room, account: Account) -> Line:
    """JOIN, plain and extended (https://ircv3.net/specs/extensions/extended-join)."""
    body = f":{account.source(turn.settings.name)} JOIN {room.name}"
    real_name = account.name if why_silent(turn, room, account) else account.real_name
    return Line(
        body,
        turn.now_ms,
        account=account.name,
        extended=shorten(f"{body} {account.name} :{real_name}", MAX_BODY_BYTES),
    )


def show(turn: Turn, session: Session, room: Room) -> None:
    """What follows a JOIN: the topic, if there is one, and the names."""
    if room.topic:
        show_topic(turn, session, room)
    show_names(turn, session, room)


def show_topic(turn: Turn, session: Session, room: Room) -> None:
    """The topic, who set it and when; or that there is none."""
    if not room.topic:
        turn.numeric(session, Numeric.RPL_NOTOPIC, room.name, "No topic is set")
        return
    turn.numeric(session, Numeric.RPL_TOPIC, room.name, room.topic)
    at = str(room.topic_ms // 1000)
    turn.numeric(session, Numeric.RPL_TOPICWHOTIME, room.name, room.topic_by, at)


def show_names(turn: Turn, session: Session, room: Room) -> None:
    """The members that are online, with their prefixes."""
    symbol = "@" if "s" in room.modes else "="
    full = session.has(USERHOST_IN_NAMES)
    texts = room.names.get(full)
    if texts is None:
        texts = room.names[full] = _names(turn, room, full=full)
    for text in texts:
        turn.numeric(session, Numeric.RPL_NAMREPLY, symbol, room.name, text)
    turn.numeric(session, Numeric.RPL_ENDOFNAMES, room.name, "End of /NAMES list")


def _names(turn: Turn, room: Room, *, full: bool) -> list[str]:
    """As they go into 353, whose nick may be any."""
    server = turn.settings.name
    head = f":{server} 353 {'x' * MAX_ACCOUNT_BYTES} = {room.name} :"
    shown = (
        prefix(room, account) + (account.source(server) if full else account.name)
        for account in room.present
    )
    return list(fill(shown, MAX_BODY_BYTES - len(head.encode())))


def prefix(room: Room, account: Account) -> str:
    """The prefix of a member's role. A member has one role, so multi-prefix changes nothing."""
    return PREFIXES[room.role(account)]


def banned(turn: Turn, room: Room, account: Account) -> bool:
    """Whether a mask of the room's ban list matches the account."""
    source = masks.fold(account.source(turn.settings.name))
    matchers = room.ban_matchers
    for mask in room.bans:
        if mask not in matchers:
            matchers[mask] = masks.matcher(mask)
        if matchers[mask](source):
            return True
    return False


def why_silent(turn: Turn, room: Room, account: Account) -> str | None:
    """Why a room doesn't hear what somebody says; None when it does.

    It is asked of each text that a room gets to see: also a farewell, a topic, a real name.
    """
    member = room.members.get(account)
    if member is None:
        if "n" in room.modes or "m" in room.modes:
            return "you are not a member; JOIN it first"
    elif member.role:
        return None
    elif "m" in room.modes:
        return "the channel is moderated (+m)"
    if room.bans and banned(turn, room, account):
        return "you are banned"
    return None


def check_may_speak(turn: Turn, room: Room, account: Account) -> None:
    """Raises IrcError (404) when the room doesn't hear the account."""
    why = why_silent(turn, room, account)
    if why is not None:
        raise IrcError(Numeric.ERR_CANNOTSENDTOCHAN, room.name, f"Cannot send to channel: {why}")


def silenced(turn: Turn, account: Account) -> bool:
    """Whether a room of the account doesn't hear it: what all its rooms see has no text then."""
    return any(why_silent(turn, room, account) for room in account.rooms)


def check_may_enter(turn: Turn, account: Account, room: Room, key: str = "") -> None:
    """Raises IrcError when the room's modes keep the account out."""
    if account.admin or room.founder == account.id:
        return
    if banned(turn, room, account):  # first, as an invitation doesn't lift it
        raise IrcError(
            Numeric.ERR_BANNEDFROMCHAN, room.name, "Cannot join channel: you are banned (+b)"
        )
    if invitations.counts(turn, room, account):
        return
    if "i" in room.modes:
        raise IrcError(
            Numeric.ERR_INVITEONLYCHAN, room.name, "Cannot join channel: invite only (+i)"
        )
    if room.key is not None:
        _check_key(turn, account, room, key)
    if room.limit is not None and len(room.members) >= room.limit:
        raise IrcError(Numeric.ERR_CHANNELISFULL, room.name, "Cannot join channel: it is full (+l)")


def _check_key(turn: Turn, account: Account, room: Room, key: str) -> None:
    """Raises IrcError (475). Nobody tries out keys as fast as lines pass; a client that has none,
    and joins all that it remembers, tries nothing.
    """
    tries, who = turn.model.wrong_keys, (account.id, room.id)
    fault = "wrong key"
    if wait := tries.wait(who, turn.clock):
        fault = f"too many wrong keys; try again in {ceil(wait)} seconds"
    elif key == room.key:
        return
    elif key:
        tries.add(who, turn.clock)
    raise IrcError(Numeric.ERR_BADCHANNELKEY, room.name, f"Cannot join channel: {fault} (+k)")
