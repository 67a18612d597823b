"""The end of a login: a session enters the broadcast set. Hub thread only.

Whoever has completed a login waits in Model.arriving until the next turn begins; then they enter
together. So when a thousand come back at once, a channel's members get one write with all the JOINs
of a turn, and one list of its names serves all who came in it. At that time all that was said
before is stored: nobody is given something as missed that is then taken back.
"""

from __future__ import annotations

from collections.abc import Sequence

from securechat.core.channels import channels, permissions
from securechat.core.delivery import acknowledgements
from securechat.core.delivery.line import Line
from securechat.core.history import policy, replay
from securechat.core.jobs import Missed
from securechat.core.journal.events.channels import KicksTold
from securechat.core.model.entities import Audience, Channel, Session
from securechat.core.model.states import State, Trigger
from securechat.core.presence import live_sessions, online, sight, welcome
from securechat.core.text import when
from securechat.core.turn import IrcError, Turn

MOST_AT_ONCE = 50
"""Arrivals of one turn: some ten milliseconds, for which the talk waits."""

UNREADABLE = (
    "Some of the messages that you missed can't be read: the server's database is damaged; tell "
    "whoever runs it"
)

UNREAD = "The server can't read its messages now; try again later"

MOST_ASKED = 2
"""So often a worker is asked what somebody has missed; what the hub reads, all wait for."""

NOT_STORED = "The server can't store anything now; try again later"


def expect(turn: Turn, session: Session) -> None:
    """A login that is complete, of an account that has missed nothing."""
    # Nothing to read, but the same way in: so there is one order for all who come.
    turn.model.arriving.append(Missed(session, [], cut=False, upto=turn.model.last_seq))


def of(turn: Turn, session: Session) -> Missed | None:
    """Take the arrival of a session out of the queue, before its turn; None when it has none."""
    for arrival in turn.model.arriving:
        if arrival.session is session:
            # The loop ends here, as a deque that has changed can't be walked on.
            turn.model.arriving.remove(arrival)
            return arrival
    return None


def next_group(turn: Turn, most: int) -> list[Missed]:
    """Who enters together now, at most so many.

    One who has to be made a member of the lobby comes alone, as the others must hear of that when
    they have been welcomed.
    """
    group: list[Missed] = []
    arriving = turn.model.arriving
    while arriving and len(group) < most:
        if _is_new(turn, arriving[0].session):
            # Those before it enter first; then it has a group of its own.
            return group or [arriving.popleft()]
        group.append(arriving.popleft())
    return group


def _is_new(turn: Turn, session: Session) -> bool:
    lobby = channels.lobby_of(turn)
    return (
        lobby is not None and session.account is not None and lobby not in session.account.channels
    )


class ArrivalBatch:
    """Sessions that enter together. Their JOINs go to those who were in the channels before; the
    newcomers see each other in the list of names.
    """

    def __init__(self, turn: Turn, group: Sequence[Missed]) -> None:
        self._turn = turn
        # Before anybody is online: whom the JOINs are for must be known without the newcomers.
        accounts = {arrival.session.account for arrival in group}
        self._before = {
            channel: channel.audience() for one in accounts if one for channel in one.channels
        }
        # The first session of an account is what others see as its coming, unless it is one that
        # runs by itself.
        self._first: set[Session] = set()
        # All are completed before the first comes online: reading may take a while, and close some.
        complete = [arrival for found in group if (arrival := _completed(turn, found))]
        self.arrivals = [arrival for arrival in complete if self._comes_online(arrival)]

    def _comes_online(self, arrival: Missed) -> bool:
        """False when it can't any more."""
        turn, session = self._turn, arrival.session
        if session.state is not State.LOADING:
            return False
        account = session.who
        # Asked when the login was granted, and again, as others of the account have come since.
        full = live_sessions.no_place(turn, session, account)
        if full is not None:
            turn.close(session, full)
            return False
        session.move(Trigger.LOADED)
        # One who lingers was never shown to have gone, so its coming back isn't shown either.
        if account not in turn.model.online:
            # Of a new member of the lobby there is a JOIN in any case.
            if session.away == sight.ABSENT and not _is_new(turn, session):
                sight.come_unseen(turn, account)
            else:
                self._first.add(session)
                sight.come(turn, account)
        turn.touch(account)
        account.sessions.append(session)
        turn.model.settle_modes(account)
        session.arrived_at = turn.clock
        turn.model.arrived += 1
        # After it has been added: the one that has to go is chosen among all of them.
        live_sessions.make_place(turn, session)
        # Before the attempt is dropped, in which it stands.
        account.login_name = session.attempt.real_name
        session.login = None
        account.active_ms = turn.now_ms
        account.forget_audience()
        return True

    def enter(self, arrival: Missed) -> None:
        """Welcome, its channels, what was missed, then live."""
        turn, session = self._turn, arrival.session
        account = session.who
        # Tells the hub whose connection is a member's now, and may be read more from.
        turn.arrived.append(session)
        first = session in self._first
        if not first:
            # A second device that is there brings the account back, before its welcome shows
            # otherwise.
            online.settle_away(turn, account)
        # First of all, as a client takes its nick and the limits from it.
        welcome.welcome(turn, session)
        if first:
            sight.tell_coming(turn, account)
        is_new = self._show_channels(session)
        policy.greet(turn, session, known=is_new)  # what was told of the lobby says it
        # AWAY before the JOIN would be about somebody whom they don't know.
        if first:  # the others have seen by now that it has come
            online.settle_away(turn, account)
        for channel, by in account.invited_to.items():
            body = f":{by} INVITE {account.name} {channel.name}"
            turn.send_line(session, Line(body, turn.now_ms, account=by.partition("!")[0]))
        # Another session of the account may have left a channel meanwhile.
        still = {target for target, _, _ in turn.model.targets_of(account)}
        # A member who has left may not read what came later; it was asked for while they were one.
        read = [entry for entry in arrival.entries if entry.target in still]
        since = replay.since(turn.model, session, arrival.upto)
        replay.send(turn, session, [*read, *since], cut=arrival.cut)
        # Behind the replay, so that its PONG shows that all of it has arrived.
        acknowledgements.ask(turn, session)
        if arrival.damaged:
            turn.notice(session, UNREADABLE)
        if is_new:
            # Without its membership of the lobby the login is not what everybody is promised.
            turn.on_failure(lambda: take_back(turn, session, NOT_STORED))

    def _show_channels(self, session: Session) -> bool:
        """Whether there is a new one among them, which has to be stored."""
        turn, account = self._turn, session.who
        lobby = channels.lobby_of(turn)
        new = (
            # _may_enter comes last, as it tells the session why not.
            lobby is not None and lobby not in account.channels and _may_enter(turn, session, lobby)
        )
        entry = channels.enter(turn, lobby, account, "") if lobby is not None and new else None
        for channel in account.channels:
            is_new = new and channel is lobby
            # The msgid is of the log's entry; a member who comes back makes none.
            line = channels.join_line(turn, channel, account, entry if is_new else None)
            if is_new:
                turn.broadcast(channel.audience(), line)
            else:
                # The others have seen the account already by its first session.
                if session in self._first:
                    sight.tell_join(turn, channel, account, self._others(channel, session))
                turn.send_line(session, line)
            channels.show(turn, session, channel)
            if is_new:
                policy.show(turn, session, channel)
        return new

    def _others(self, channel: Channel, session: Session) -> Audience:
        """Those who were in a channel before."""
        before, account = self._before[channel], session.who
        # An account that came into sight now may have been there unseen.
        own = len(account.sessions) > 1 and not before.sessions.keys().isdisjoint(account.sessions)
        return sight.without(before.sessions, account) if own else before


def _completed(turn: Turn, arrival: Missed) -> Missed | None:
    """An arrival with all that memory does not hold; None when it has to wait for that.

    When much is said at once, more than memory keeps may have come since a worker was asked. It is
    asked again for what came since, and if that was not enough the hub reads the rest itself: at
    this moment all is stored, so there is an end to it, however much is said.
    """
    recent, session = turn.model.recent, arrival.session
    # No gap if memory begins where the reader has ended, or before it.
    oldest = recent[0].seq if recent else turn.model.last_seq + 1
    if oldest <= arrival.upto + 1 or session.state is not State.LOADING:
        return arrival
    job = replay.load(turn, session, arrival)
    if arrival.asked < MOST_ASKED:
        turn.job(job)
        return None
    answer = turn.outside.read(job)
    if isinstance(answer, Missed):
        return answer
    turn.close(session, UNREAD)
    return None


def _may_enter(turn: Turn, session: Session, channel: Channel) -> bool:
    """Whether the lobby's bans and modes let somebody in; if not, they are told."""
    try:
        # Somebody who was banned from the lobby logs in all the same, and stays outside of it.
        permissions.check_may_enter(turn, session.who, channel)
    except IrcError as error:
        turn.numeric(session, error.numeric, *error.params)
        return False
    return True


def tell_kicks(turn: Turn, session: Session) -> None:
    """Who was put out of a channel while away is told so once: from where, by whom, and why."""
    account = session.who
    # Nobody reads what a client is told that runs by itself.
    if not account.kicks or session.away == sight.ABSENT:
        return
    for kick in account.kicks.values():
        text = f"You were kicked from {kick.name} by {kick.by} on {when(kick.at_ms)}"
        text += f": {kick.reason}" if kick.reason else ""  # erased, with all that was said by them
        turn.notice(session, text)
    # In a span of its own: that it can't be stored must not undo the login.
    turn.record(KicksTold(account.id))


def take_back(turn: Turn, session: Session, reason: str) -> None:
    """An arrival has failed, and nobody has seen it."""
    account = session.who
    if session in account.sessions:  # it may have quit in the same turn
        last = online.detach(turn, session)
        if last and account not in turn.model.lingering:
            online.go_offline(turn, account, was_seen=False)
    turn.close(session, reason)
