"""Sessions come and go: who is online, what they see first, what they have missed. Hub thread only.

The account is the member of a room; all its sessions see the same rooms. The others see JOIN when
its first session comes and QUIT when its last one goes; the membership stays.
"""

from __future__ import annotations

from collections.abc import Iterable

from securechat.core import replay, rooms, welcome
from securechat.core.credentials import Token
from securechat.core.events import Logged
from securechat.core.jobs import Missed
from securechat.core.line import Line
from securechat.core.model import Account, Audience, Room
from securechat.core.session import Session
from securechat.core.states import State, Trigger
from securechat.core.turn import IrcError, Turn
from securechat.irc.capabilities import AWAY_NOTIFY

SEEN = "seen-"
"""A PING of the server carries the newest log entry; its PONG shows that all before arrived."""

AFTER_CHANGE = "Your password has been changed; log in with the new one"
"""Told to every session that the old one had let in."""

UNREADABLE = (
    "Some of the messages that you missed can't be read: the server's database is damaged; tell "
    "whoever runs it"
)

MAX_DEPARTED = 1000
"""Accounts remembered for WHOWAS."""


def missed(turn: Turn, answer: Missed) -> None:
    """A worker has read what the account has missed. What came since is still in memory; if it
    isn't, the worker is asked again.
    """
    session, model = answer.session, turn.model
    oldest = model.recent[0].seq if model.recent else answer.upto + 1
    if oldest > answer.upto + 1:
        replay.load(turn, session)
        return
    # Another session of the account may have left a room meanwhile.
    still = {target for target, _, _ in model.targets_of(session.who)}
    read = [entry for entry in answer.entries if entry.target in still]
    since = replay.since(model, session.who, answer.upto)
    arrive(turn, session, [*read, *since], cut=answer.cut)
    if answer.damaged:
        turn.notice(session, UNREADABLE)


def arrive(turn: Turn, session: Session, entries: list[Logged], *, cut: bool) -> None:
    """A session enters the broadcast set: welcome, its rooms, what was missed, then live."""
    account = session.who
    if len(account.sessions) >= turn.settings.max_sessions:
        turn.close(session, f"{account.name} has {len(account.sessions)} connections already")
        return
    session.move(Trigger.LOADED)
    turn.arrived.append(session)
    turn.on_failure(lambda: _not_arrived(turn, session))
    first = not account.sessions
    account.sessions.append(session)
    turn.model.arrived += 1
    account.real_name = session.real_name
    account.active_ms = turn.now_ms
    if first:
        account.signed_on_ms = turn.now_ms
        _come_online(turn, account)
    account.forget_audience()
    welcome.welcome(turn, session)
    _show_rooms(turn, session, first=first)
    for room, by in account.invited_to.items():
        turn.send(session, f":{by} INVITE {account.name} {room.name}")
    replay.send(turn, session, entries, cut=cut)
    ask(turn, session)


def _come_online(turn: Turn, account: Account) -> None:
    model = turn.model
    model.online[account] = None
    model.admins_online += account.admin
    model.most_online = max(model.most_online, len(model.online))
    for room in account.rooms:
        room.present[account] = None


def _show_rooms(turn: Turn, session: Session, *, first: bool) -> None:
    account = session.who
    lobby = lobby_of(turn)
    new = lobby is not None and lobby not in account.rooms and _may_enter(turn, session, lobby)
    if lobby is not None and new:
        rooms.enter(turn, lobby, account, "")
    for room in account.rooms:
        line = rooms.join_line(turn, room, account)
        if first or (new and room is lobby):
            turn.broadcast(room.audience(), line)
        else:
            turn.send_line(session, line)
        rooms.show(turn, session, room)


def _may_enter(turn: Turn, session: Session, room: Room) -> bool:
    """Whether the lobby's bans and modes let somebody in; if not, they are told."""
    try:
        rooms.check_may_enter(turn, session.who, room)
    except IrcError as error:
        turn.numeric(session, error.numeric, *error.params)
        return False
    return True


def lobby_of(turn: Turn) -> Room | None:
    """The room that everybody joins, if there is one."""
    name = turn.settings.lobby
    return turn.model.room_named(name) if name else None


def _not_arrived(turn: Turn, session: Session) -> None:
    """What the arrival had to store could not be stored."""
    if session in session.who.sessions:  # it may have quit in the same turn
        _detach(turn, session)
    turn.close(session, "The server can't store anything now; try again later")


def ask(turn: Turn, session: Session) -> None:
    """A PING whose answer shows what has certainly arrived."""
    session.asked_at = turn.clock
    turn.send(session, f"PING :{SEEN}{turn.model.last_seq}")


def acknowledge(turn: Turn, session: Session, token: str) -> None:
    """A PONG: remember what has arrived at the account; stored with the next tick."""
    number = token.removeprefix(SEEN)
    if token.startswith(SEEN) and number.isdecimal() and len(number) < 20:
        session.present = True
        _advance(turn, session.who, min(int(number), turn.model.last_seq))


def _advance(turn: Turn, account: Account, seq: int) -> None:
    if seq > account.acknowledged:
        account.acknowledged = seq
        turn.model.unsaved[account] = None


def leave(turn: Turn, session: Session, reason: str, *, clean: bool) -> None:
    """A session ends; the others see QUIT if it was the account's last.

    clean: the client has said so, and so has read what it was sent, if it ever answered a PING
    (a script that only sends does not, and nothing is taken from its owner by it).
    """
    account = session.account
    if account is None or session not in account.sessions:
        return
    if clean and session.present:
        _advance(turn, account, turn.model.last_seq)
    witnesses = neighbours(account)
    if _detach(turn, session):
        line = Line(
            f":{account.source(turn.settings.name)} QUIT :{reason}",
            turn.now_ms,
            account=account.name,
        )
        turn.broadcast(Audience(witnesses - {session}), line)


def neighbours(account: Account) -> frozenset[Session]:
    """The sessions of all who share a room with an account, its own included."""
    return frozenset().union(*(room.audience().sessions for room in account.rooms))


def tell_away(turn: Turn, account: Account, sessions: Iterable[Session]) -> None:
    """To those of the sessions that asked: the account is away, or back.

    https://ircv3.net/specs/extensions/away-notify
    """
    told = [s for s in sessions if s.has(AWAY_NOTIFY) and s.account is not account]
    tail = f" :{account.away}" if account.away is not None else ""
    body = f":{account.source(turn.settings.name)} AWAY{tail}"
    turn.broadcast(Audience(told), Line(body, turn.now_ms, account=account.name))


def _detach(turn: Turn, session: Session) -> bool:
    """Take a session out of the broadcast set; True when it was the account's last."""
    account, model = session.who, turn.model
    account.sessions.remove(session)
    model.arrived -= 1
    if not account.sessions:
        del model.online[account]
        model.admins_online -= account.admin
        account.away = None
        for room in account.rooms:
            room.present.pop(account, None)
        _remember_departed(turn, account)
    account.forget_audience()
    return not account.sessions


def _remember_departed(turn: Turn, account: Account) -> None:
    departed = turn.model.departed
    departed.pop(account.folded, None)
    departed[account.folded] = (account, turn.now_ms)
    if len(departed) > MAX_DEPARTED:
        del departed[next(iter(departed))]


def end_all(turn: Turn, sessions: Iterable[Session], reason: str) -> None:
    """Close sessions, whatever state they are in."""
    for session in list(sessions):
        leave(turn, session, reason, clean=False)
        turn.close(session, reason)


def end_account(turn: Turn, account: Account, reason: str, keep: Session | None = None) -> None:
    """Whatever is logged in as the account, or about to be, ends, save one session.

    Whose password is only being checked will hear that it is wrong, and no more: it may be a
    stranger, who must not learn of the account.
    """
    end_all(turn, [session for session in account.sessions if session is not keep], reason)
    for session in list(turn.model.sessions):
        if session.state is State.VERIFYING and session.claimed is account:
            session.outdated = True
        elif session is not keep and session.account is account:
            turn.close(session, reason)


def end_token(turn: Turn, token: Token, reason: str) -> None:
    """A device token is revoked: whatever is logged in with it ends."""
    end_all(turn, [s for s in turn.model.sessions if s.token is token], reason)
