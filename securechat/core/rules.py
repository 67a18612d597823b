"""The interface of the core: what happens goes in, and a Turn with what follows comes out.

Sans-I/O: the hub passes the time in, stores the turn's events, has its jobs done, and sends its
output. Hub thread only.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial

from securechat.core import dispatch, metadata, quota
from securechat.core.administration import addresses, announcements
from securechat.core.auth import login, places, registration
from securechat.core.channels import channels, ownership
from securechat.core.commands import cap, credentials, multiline, reports
from securechat.core.delivery import acknowledgements, labels
from securechat.core.guard import FAILED, guarded
from securechat.core.history import policy
from securechat.core.jobs import Answer, Hashed, LogRead, Missed, Verified
from securechat.core.journal.events.accounts import CertificateUsed, TokenUsed
from securechat.core.model import address_bans
from securechat.core.model.credentials import Token
from securechat.core.model.entities import Account, Session
from securechat.core.model.levels import Levels
from securechat.core.model.state import LOGINS_AT_ONCE, MAX_KEYS, Model
from securechat.core.model.states import WAITING, State, Trigger
from securechat.core.ports import Outside, Vault
from securechat.core.presence import arrivals, online, welcome
from securechat.core.settings import Settings
from securechat.core.turn import Turn
from securechat.irc import names

log = logging.getLogger(__name__)

USAGE_SECONDS = 10.0
"""How often it is stored what the log holds of the accounts; a start counts what came after it."""


class Rules:
    """The server's behaviour. model: what there is; it changes only through turns. vault: where
    secrets come from.
    """

    def __init__(self, model: Model, settings: Settings, vault: Vault) -> None:
        self.model = model
        self.settings = self._given = settings
        self._left_out: frozenset[str] = frozenset()
        self.vault = vault
        self.is_node = False
        """Whether there may be others like it, with the same people."""
        self.counts_usage = True
        """Whether it is this one that has it stored what the log holds of the accounts."""
        self._counted_at = 0.0
        self._ticked_at = 0.0
        self._count_logins()
        self.outside = Outside()
        """Set by who runs the rules."""

    def take_settings(self, turn: Turn, settings: Settings) -> None:
        """Go on with other settings than those at the start: all may differ but the names of the
        server, of its network, and of the lobby, of which clients keep something.
        """
        before, self._given = self.settings, settings
        told = tuple(one for one in settings.addresses if one not in self._left_out)
        settings = replace(settings, addresses=told)
        self.settings = turn.settings = settings
        if settings.logins_per_minute != before.logins_per_minute:
            self._count_logins()
        cap.tell_changes(turn, before)
        welcome.tell_changes(turn, before)
        policy.tell_change(turn, before)

    def leave_out(self, turn: Turn, addresses: frozenset[str]) -> None:
        """Of the addresses in the settings tell nobody these, which lead nowhere."""
        if addresses != self._left_out:
            self._left_out = addresses
            self.take_settings(turn, self._given)

    def _count_logins(self) -> None:
        """From the beginning, as how fast they are forgotten is a setting."""
        seconds = 60.0 / self.settings.logins_per_minute
        self.model.logins = Levels(seconds, LOGINS_AT_ONCE, MAX_KEYS)

    def turn(self, now_ms: int, clock: float) -> Turn:
        """An empty turn. now_ms: milliseconds since 1970 (UTC). clock: monotonic seconds."""
        return Turn(self.model, self.settings, self.vault, now_ms, clock, self.outside)

    def start(self, turn: Turn) -> None:
        """Make the lobby on the first start, and mend what was changed while no server ran."""
        name = self.settings.lobby
        new = name is not None and channels.lobby_of(turn) is None
        if name is not None and new and channels.like_lobby(self.model, name) is None:
            start = turn.savepoint()
            # Nobody's: the lobby has no founder, whoever comes first.
            channels.create(turn, names.channel_name(name), None)
            turn.finish_span(None, "START", start)
        # After the lobby, which mend() must know.
        ownership.mend(turn)

    def opened(self, turn: Turn, session: Session) -> None:
        """A connection has finished its TLS handshake."""
        self.model.sessions[session] = None
        # It may have been admitted just before.
        bans = address_bans.address_bans(self.model.kept.get(address_bans.KEY))
        if (ban := bans.find(session.address, turn.now_ms)) is not None:
            turn.close(session, addresses.told(ban))

    def closed(self, turn: Turn, session: Session, reason: str) -> None:
        """A connection is gone; reason is shown to others as the QUIT message."""
        if session.held and (arrival := arrivals.of(turn, session)):
            self._admit(turn, [arrival])  # what it said before it went counts
        # First of all: whatever fails below, a closed session must not stay in the model.
        if session in self.model.sessions:
            del self.model.sessions[session]
            self.model.closing -= session.state is State.CLOSED
        # Not clean: a connection that is gone has taken nobody knows what.
        online.leave(turn, session, reason, clean=False)
        if session.state is not State.CLOSED:
            session.move(Trigger.CLOSING)

    def line(self, turn: Turn, session: Session, raw: bytes) -> None:
        """A line of a client, without its line end; TOO_LONG for one that was over the limit."""
        session.heard_at = turn.clock
        if session.account is not None:
            turn.touched[session.account] = None
        # Its lines stay in order: the next one may build on the answer to this one.
        if session.state in WAITING or session.answering is not None:
            self._hold(turn, session, raw)
        elif session.state is not State.CLOSED:
            dispatch.run(turn, session, raw)

    def _hold(self, turn: Turn, session: Session, raw: bytes) -> None:
        """Lines wait for a worker's answer in their order, but not without end."""
        # Closed, and not left unread: the I/O thread has read them already.
        if len(session.held) >= self.settings.max_held_lines:
            turn.close(session, "Too many lines before the login was answered")
        else:
            session.held.append(raw)

    def go_on(self, turn: Turn, session: Session, more: Callable[[], bool]) -> None:
        """The next part of a session's long answer, and further ones while more() is true."""
        # One that is closed is given nothing more. What it waits for in the log is not brought to
        # it either, and for that its end, which stands behind its lines, would wait for ever.
        if session.state is State.CLOSED:
            session.answering = None
            return
        dispatch.go_on(turn, session, more)
        self._run_held(turn, session)

    def answered(self, turn: Turn, answer: Answer) -> None:
        """A worker has done a job. The session's held lines follow at once."""
        session = answer.session
        # It has gone while the worker was busy.
        if session.state is State.CLOSED:
            return
        if session.account is not None:
            turn.touch(session.account)
        # First, as commands wait for the log in any session that is ready.
        if isinstance(answer, LogRead):
            dispatch.found(turn, answer)
            self._run_held(turn, session)
            return
        if isinstance(answer, Verified):
            # In a span of its own, before that of the login.
            login.keep_rehashed(turn, answer)
        start, label = turn.savepoint(), labels.awaited(session)
        # Who is in the broadcast set has no login to complete.
        if session.state is State.READY:
            command = self._answered_member(turn, answer)
        else:
            command = "LOGIN"
            self._answered_login(turn, answer)
        if label:
            effects, first, server = turn.effects, start.effects, self.settings.name
            labels.respond(
                effects, first, session, label, server, more=False, reference=labels.LATER
            )
        turn.finish_span(session, command, start, label)
        self._run_held(turn, session)

    def _answered_login(self, turn: Turn, answer: Answer) -> None:
        if isinstance(answer, Verified):
            login.verified(turn, answer)
        elif isinstance(answer, Hashed):
            registration.hashed(turn, answer)
        elif isinstance(answer, Missed):
            self.model.arriving.append(answer)
        else:
            self._failed(turn, answer.session)

    def _answered_member(self, turn: Turn, answer: Answer) -> str:
        """Of one who is logged in: a password that was shown again, or a new one. The command."""
        session = answer.session
        if session.exchange is None or not session.exchange.checking:
            credentials.answered(turn, answer)
            return "PASSWD"
        if isinstance(answer, Verified):
            login.verified(turn, answer)
        else:
            login.failed(turn, session)
        return "AUTHENTICATE"

    def _failed(self, turn: Turn, session: Session) -> None:
        if session.state is State.LOADING:
            turn.close(session, arrivals.UNREAD)
        elif session.state is State.CREATING:
            registration.failed(turn, session)
        else:
            login.failed(turn, session)

    def _run_held(self, turn: Turn, session: Session) -> None:
        """What it said while it waited, up to where it has to wait again."""
        # Taken away at once: what is held again while these run comes behind them.
        held, session.held = session.held, []
        for number, raw in enumerate(held):
            if session.answering is not None:
                # It gives a long answer now, and the rest waits for its end.
                session.held = held[number:]
                break
            self.line(turn, session, raw)
            # Without a pause: who held lines back has waited already, and they are few.
            dispatch.go_on(turn, session, lambda: True)
        done = len(held) - len(session.held)
        if done and session.account is not None:
            # They were not paid for when they came: it wasn't known whose they are.
            turn.charge(session.account, done)

    def admit(self, turn: Turn) -> None:
        """At the beginning of a turn: those enter whose logins have become complete in the last
        one, as many as there is time for. What they have said meanwhile follows.
        """
        left = arrivals.MOST_AT_ONCE
        # By groups, as one who is new to the lobby comes alone.
        while left > 0 and (group := arrivals.next_group(turn, left)):
            left -= len(group)
            self._admit(turn, group)

    def _admit(self, turn: Turn, group: Sequence[Missed]) -> None:
        try:
            batch = arrivals.ArrivalBatch(turn, group)
        except Exception:
            log.exception("a bug: %d arrivals failed and were taken back", len(group))
            # Nobody knows how far it had come, so all of them end.
            for found in group:
                arrivals.take_back(turn, found.session, FAILED)
            return
        # Two loops: all have been welcomed before the first of them speaks.
        for arrival in batch.arrivals:
            self._enter(turn, batch, arrival)
        for arrival in batch.arrivals:
            self._run_held(turn, arrival.session)

    def _enter(self, turn: Turn, batch: arrivals.ArrivalBatch, arrival: Missed) -> None:
        start = turn.savepoint()
        try:
            batch.enter(arrival)
            if arrival.session.state is State.READY:
                places.tell(turn, arrival.session)
                announcements.show(turn, arrival.session)
                reports.tell_open(turn, arrival.session)
        except Exception:
            turn.roll_back(start)
            log.exception("a bug: an arrival failed and was taken back")
            arrivals.take_back(turn, arrival.session, FAILED)
        turn.finish_span(arrival.session, "LOGIN", start)
        if arrival.session.state is State.READY:
            start = turn.savepoint()
            arrivals.tell_kicks(turn, arrival.session)
            turn.finish_span(arrival.session, "KICK", start)
            start = turn.savepoint()
            metadata.store_early(turn, arrival.session)
            turn.finish_span(arrival.session, "METADATA", start)

    def tick(self, turn: Turn) -> None:
        """About once a second: deadlines, PINGs, and what has arrived where. A bug in one of these
        doesn't keep the others from being done.
        """
        # Before the sessions: who has been sent something is asked below.
        guarded(turn, "the look at the marks", lambda: acknowledgements.look(self.model))
        passed, self._ticked_at = turn.clock - self._ticked_at, turn.clock
        # A copy: a deadline takes its session out.
        for session in self.model.here():
            if session.state is not State.CLOSED:
                check = partial(self._check_deadlines, turn, session, passed)
                guarded(turn, "a look at a session", check, [session])
        for part in (
            online.end_lingering,
            _ask_due,
            login.go_on,
            acknowledgements.store,
            self._store_used,
        ):
            guarded(turn, part.__name__, partial(part, turn))
        # Less often than the rest, as it writes a row for everybody who has spoken.
        if self.counts_usage and turn.clock - self._counted_at >= USAGE_SECONDS:
            self._counted_at = turn.clock
            guarded(turn, "store_usage", partial(quota.store_usage, turn))

    def _store_used(self, turn: Turn) -> None:
        """When tokens and certificates were last used; within the second is near enough."""
        start, model = turn.savepoint(), self.model
        for item in model.used:
            if item.used_ms is None:
                continue
            if isinstance(item, Token):
                if model.tokens.get(item.digest) is item:
                    turn.record(TokenUsed(item.used_ms, item.digest))
            elif model.certificates.get(item.fingerprint) is item:
                turn.record(CertificateUsed(item.used_ms, item.fingerprint))
        model.used.clear()
        turn.finish_span(None, "TICK", start)

    def _check_deadlines(self, turn: Turn, session: Session, passed: float) -> None:
        settings = self.settings
        if session.state is not State.READY:
            login.check_time(turn, session, passed)
            return
        multiline.check_time(turn, session)
        # Any line counts as a sign of life, not only a PONG.
        silent = turn.clock - session.heard_at
        if silent > settings.dead_seconds:
            online.end_all(turn, [session], f"No answer for {silent:.0f} seconds")
        elif turn.clock - session.asked_at > settings.ping_seconds:
            acknowledgements.ask(turn, session)

    def end_sessions(self, turn: Turn, account: Account, reason: str) -> None:
        """An administrator's act: whatever is logged in as the account, or about to be, ends."""
        online.end_account(turn, account, reason)

    def account_removed(self, turn: Turn, account: Account, reason: str) -> None:
        """An administrator has deleted an account: its sessions end, it leaves its channels."""
        # First, so that nothing of it is online when its memberships end.
        self.end_sessions(turn, account, reason)
        self.model.departed.pop(account.folded, None)  # who is deleted was never here
        start = turn.savepoint()
        # By the rule for any member: a channel that it owned goes to the next one.
        for channel in list(account.channels):
            ownership.leave(turn, channel, account)
        turn.finish_span(None, "DELETE", start)

    def announce(self, turn: Turn, sessions: Iterable[Session], text: str) -> None:
        """A NOTICE of the server to those of some sessions that are logged in."""
        for session in sessions:
            if session.state is State.READY:
                turn.notice(session, text)

    def ask_all(self, turn: Turn, sessions: Iterable[Session] | None = None) -> None:
        """A last PING before the server stops, to learn what has arrived. sessions: those that are
        meant; None for all.
        """
        asked = self.model.here() if sessions is None else sessions
        acknowledgements.ask_all(turn, [one for one in asked if one.state is State.READY])

    def send_away(self, turn: Turn, sessions: Iterable[Session], reason: str, seen: str) -> None:
        """End sessions that are to go to another node. seen: what the others see of it."""
        for session in sessions:
            if session.state is not State.CLOSED:
                online.leave(turn, session, seen, clean=False)
                turn.close(session, reason)

    def all_answered(self) -> bool:
        """Whether everybody who is online has received everything."""
        newest = self.model.last_seq
        online = (session for account in self.model.online for session in account.sessions)
        # A client that never answers keeps this false; who stops the server waits only so long.
        return all((one.delivered or 0) >= newest for one in online if one.is_here)

    def stop(self, turn: Turn, reason: str, seen: str = "") -> None:
        """Tell everybody that the server stops. seen: what those at other nodes see of it, if not
        the reason.
        """
        # Before the sessions are closed, with which the marks could not move any more.
        parts = [acknowledgements.store, self._store_used]
        for part in [*parts, quota.store_usage] if self.counts_usage else parts:
            guarded(turn, part.__name__, partial(part, turn))
        here = self.model.here()
        if self.is_node:  # who is at the others sees it, and hears from them meanwhile
            self.send_away(turn, here, reason, seen or reason)
            online.end_lingering(turn, at_once=True)
        for session in here:
            turn.close(session, reason)


def _ask_due(turn: Turn) -> None:
    if due := acknowledgements.due(turn):
        acknowledgements.ask_all(turn, due)
