"""Runs the rules on what has come: of each party as much as there is time for, in turn. A bug that
one session brings up costs only that session. Hub thread only.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from securechat.common.cpu_meter import CpuMeter
from securechat.core.audit import note
from securechat.core.guard import FAILED
from securechat.core.jobs import Answer, LogRead
from securechat.core.model.entities import Session
from securechat.core.model.states import State
from securechat.core.nodes.ahead import Ahead
from securechat.core.rules import Rules
from securechat.core.turn import Turn
from securechat.net.address_blocks import address_block_of
from securechat.net.connection import Closed, Connection, Input, Lines, Opened, Taken
from securechat.net.transport import CLOSED_BY_CLIENT
from securechat.server.allowance import cost_of, cost_of_answers
from securechat.server.inbox import Inbox
from securechat.server.input_queue import FairInputQueue, TimeSlices

log = logging.getLogger(__name__)


class InputRunner:
    """rules: run on it. inbox: where it waits. slices: for how long a turn takes whose input."""

    def __init__(self, rules: Rules, inbox: Inbox, slices: TimeSlices) -> None:
        self._rules = rules
        self._inbox = inbox
        self._slices = slices
        self._meter = CpuMeter()
        self._left = slices.authenticated
        """Seconds that the turn has for what those say who have logged in."""
        self._put_off: list[Connection] = []
        """Whose input waits until the turn has the head."""
        self._again: Sequence[tuple[Session, bytes]] = ()
        """Lines that were run, and set aside; they come before all else."""
        self.spoke: set[Session] = set()
        """Who has had something to say in this turn."""

    @property
    def has_lines(self) -> bool:
        """Whether there are lines that are to be run again."""
        return bool(self._again)

    def begin(self, turn: Turn) -> None:
        """A turn begins."""
        self.spoke.clear()
        self._left = self._slices.authenticated
        self._inbox.authenticated.begin_turn(turn.clock)

    def run_ahead(self, turn: Turn) -> Ahead | None:
        """Run messages before the turn has the head; see core.nodes.ahead."""
        inputs = self._inbox.authenticated
        if self._again or not inputs:
            return None
        ahead = Ahead(turn, self._rules.line)
        began = time.monotonic()
        self._meter.begin()
        self._work_off(turn, inputs, self._left, self._slices.busy, ahead)
        ahead.set_aside()
        # What had to wait for the head has some time in any case.
        self._left = max(self._left - (time.monotonic() - began), self._slices.busy)
        return ahead

    def put_off(self, ahead: Ahead | None) -> None:
        """The turn could not begin, so all waits for the next one."""
        if ahead is not None:
            self._again = ahead.discard()
        self._go_on()

    def run(self, turn: Turn, ahead: Ahead | None = None, *, messages: bool = True) -> None:
        """What has come. ahead: of what was run before. messages: whether that of those who have
        logged in is run, where none of it was.
        """
        inbox, slices = self._inbox, self._slices
        # Here, as what was done before is charged to nobody.
        self._meter.begin()
        if ahead is not None and not ahead.holds:
            self._again = ahead.discard()
        again, self._again = self._again, ()
        for session, raw in again:
            self._line(turn, session, raw)
        if ahead is not None:
            self._run_put_off(turn)
        elif messages:
            self._work_off(turn, inbox.authenticated, self._left, slices.busy)
        self._take_answers(turn, slices.logins)
        self._work_off(turn, inbox.logins, slices.logins)
        self._work_off(turn, inbox.unauthenticated, slices.unauthenticated)
        for account, cost in turn.charges:
            # Only in lines: its time was measured where it was spent.
            inbox.authenticated.charge(account, cost, 0.0)

    def _run_put_off(self, turn: Turn) -> None:
        """What had to wait for the head. The rest doesn't take others' time: it is run ahead of the
        next turn.
        """
        number, inputs = len(self._put_off), self._inbox.authenticated
        self._go_on()
        end = time.monotonic() + self._left
        while number and inputs:
            self._take_next(turn, inputs)
            number -= 1
            if time.monotonic() >= end:
                return

    def _go_on(self) -> None:
        self._inbox.authenticated.go_on(self._put_off)
        self._put_off.clear()

    def _line(self, turn: Turn, session: Session, raw: bytes) -> None:
        try:
            self._rules.line(turn, session, raw)
        except Exception:  # the rules have taken back what failed in them
            self._bug(turn, session, raw)

    def _take_answers(self, turn: Turn, seconds: float) -> None:
        """Of pages and searches only as many as there is time for: those who ask for one after the
        other wait for each other, and add little to anybody else's wait.
        """
        now = time.monotonic()
        end, end_of_pages = now + seconds, now + self._slices.pages
        answers, later, full = self._inbox.answers, list[Answer](), False
        while answers:
            answer = answers.popleft()
            if full and isinstance(answer, LogRead):
                later.append(answer)
                continue
            self.guarded(turn, answer.session, self._rules.answered, answer)
            now = time.monotonic()
            full = now >= end_of_pages
            if now >= end:
                break
        answers.extendleft(reversed(later))

    def _work_off(
        self,
        turn: Turn,
        inputs: FairInputQueue,
        seconds: float,
        busy: float = 0.0,
        ahead: Ahead | None = None,
    ) -> None:
        """busy: seconds for those who have said much, after all the others have had their turn.
        ahead: runs what may be run before the turn has the head; all else is put off.
        """
        end = time.monotonic() + seconds
        while inputs.fresh:
            self._take_next(turn, inputs, ahead)
            if time.monotonic() >= end:
                return
        end = time.monotonic() + busy
        while inputs.busy and not inputs.fresh:
            self._take_next(turn, inputs, ahead)
            if time.monotonic() >= end:
                return

    def _take_next(self, turn: Turn, inputs: FairInputQueue, ahead: Ahead | None = None) -> None:
        event = inputs.take()
        session = event.connection.owner
        # Most inputs are lines, and have their own way without a savepoint for each.
        if type(event) is not Lines or not isinstance(session, Session):
            if ahead is None or type(event) is Taken:
                self.guarded(turn, session, self._take_input, event)
            else:
                self._wait_for_head(event)
            return
        if ahead is not None and session.answering is not None:
            self._wait_for_head(event)
            return
        try:
            self._run_lines(turn, session, event, ahead)
        except Exception:  # the rules have taken back what failed in them
            self._bug(turn, session, event)

    def guarded(
        self, turn: Turn, session: object, action: Callable[[Turn, Any], None], item: object
    ) -> None:
        """A bug that one session brings up is taken back, and costs only that session."""
        start = turn.savepoint()
        try:
            action(turn, item)
        except Exception:
            turn.roll_back(start)
            self._bug(turn, session, item)

    def _bug(self, turn: Turn, session: object, item: object) -> None:
        log.exception("a bug: %s failed and was taken back", type(item).__name__)
        if isinstance(session, Session):
            turn.close(session, FAILED)

    def _take_input(self, turn: Turn, event: Input) -> None:
        connection = event.connection
        session = connection.owner
        if isinstance(event, Opened):
            self._open(turn, connection)
        elif not isinstance(session, Session):
            raise TypeError(f"{connection} has no session")
        elif isinstance(event, Taken):
            session.heard_at = turn.clock
        elif isinstance(event, Closed):
            _note_end(session, event.reason)
            self._rules.closed(turn, session, _shown_reason(event))
            # The two refer to each other: so they are freed at once, without the collector.
            connection.owner = None

    def _run_lines(self, turn: Turn, session: Session, event: Lines, ahead: Ahead | None) -> None:
        """As many as there is time for; the others when it is this connection's turn again."""
        account = session.account if session.state is State.READY else None
        # As local names: this loop runs for every line that anybody says.
        lines, now, effects = event.lines, time.monotonic, turn.effects
        run: Callable[[Turn, Session, bytes], object]
        run = self._rules.line if ahead is None else ahead.run
        start, began = len(effects), now()
        end = began + self._slices.per_account
        most = len(lines)
        if account is not None:
            self.spoke.add(session)
            if most > 1:  # one always is
                most = self._inbox.authenticated.affordable(account, most)
        number, needs_head = 0, False
        while True:
            if session.answering is not None:
                self._rules.go_on(turn, session, partial(_is_before, end))
            if number >= most or session.answering is not None:
                break
            if run(turn, session, lines[number]) is False:  # ahead alone says so
                needs_head = True
                break
            number += 1
            # Asked behind each line: one at least is done, however little time there is.
            if number < most and now() >= end:
                break
        # The I/O thread reads it without a lock, to see how many are still waiting.
        event.connection.done += number
        if needs_head:
            self._wait_for_head(event._replace(lines=lines[number:]))
        elif number < len(lines) or session.answering is not None:
            self._put_back(event._replace(lines=lines[number:]), session)
        if account is not None:
            cost = cost_of(lines if number == len(lines) else lines[:number])
            if len(effects) - start > number:  # each line has paid for one
                cost += cost_of_answers(effects[start:])
            self._inbox.authenticated.charge(account, cost, self._meter.seconds(began))

    def _put_back(self, rest: Lines, session: Session) -> None:
        inputs, party = self._inbox.place(rest)
        inputs.put_back(party, rest, later=session.answering is not None)

    def _wait_for_head(self, event: Input) -> None:
        _, party = self._inbox.place(event)
        self._inbox.authenticated.put_back(party, event, later=True)
        self._put_off.append(event.connection)

    def _open(self, turn: Turn, connection: Connection) -> None:
        note("connected", level=logging.DEBUG, address=connection.address, port=connection.port)
        session = Session(
            connection,
            io=connection.io,
            address=connection.address,
            address_block=address_block_of(connection.address),
            fingerprint=connection.fingerprint,
            opened_at=turn.clock,
            join=connection.join,
        )
        connection.owner = session
        self._rules.opened(turn, session)


def _is_before(end: float) -> bool:
    return time.monotonic() < end


def _note_end(session: Session, reason: str) -> None:
    """Without what somebody wrote as a farewell: no message text is logged."""
    who = session.account.name if session.account else "-"
    reason = reason.partition(":")[0]
    # Of unauthenticated connections there may be thousands a second.
    level = logging.INFO if session.account else logging.DEBUG
    note("disconnected", level=level, account=who, address=session.address, reason=reason)


def _shown_reason(event: Closed) -> str:
    """What the others see as the QUIT message."""
    return "Connection closed" if event.reason == CLOSED_BY_CLIENT else "Connection lost"
