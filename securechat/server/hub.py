"""The hub thread: the only owner of the chat's state.

For each batch of input: run the rules on all of it, store the turn's events in one transaction,
and only then hand its output on. While one batch is being stored the next one gathers, so a busy
server commits many messages at once, and an idle one each on its own.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

from securechat.common.cpu_meter import CpuMeter
from securechat.common.threads import NamedThread
from securechat.core.administration.requests import Request
from securechat.core.audit import note
from securechat.core.delivery.fan_out import deliveries
from securechat.core.guard import FAILED, guarded
from securechat.core.jobs import Answer, Job, LogRead
from securechat.core.model.entities import Session
from securechat.core.model.states import State
from securechat.core.ports import Outside
from securechat.core.rules import Rules
from securechat.core.settings import Settings
from securechat.core.turn import Turn
from securechat.net.address_blocks import address_block_of
from securechat.net.connection import Closed, Connection, Input, Lines, Opened, Taken
from securechat.net.loop import IoThread
from securechat.net.throttle import DEFAULT_RATE, Rate
from securechat.net.transport import CLOSED_BY_CLIENT
from securechat.server.allowance import Allowance, cost_of, cost_of_answers
from securechat.server.changes import Changes
from securechat.server.commit import Committer, MustEndError
from securechat.server.counters import Counters
from securechat.server.inbox import Inbox, Stop
from securechat.server.input_queue import TIME_SLICES, FairInputQueue, TimeSlices
from securechat.server.leaving import MOVES, Leaving
from securechat.server.reading import look_up
from securechat.server.requests import Requests
from securechat.server.storage_health import Space, StorageHealth
from securechat.store.errors import StoreError
from securechat.store.sql.journal import Journal
from securechat.store.sql.reader import Reader

if TYPE_CHECKING:  # it needs PostgreSQL's driver, which comes with an extra
    from securechat.server.nodes import Nodes

log = logging.getLogger(__name__)

CHANGES_SECONDS = 0.25
"""How often the hub looks for what an administrator has changed; the look costs microseconds."""

TICK_SECONDS = 1.0

GATHER_SECONDS = 0.005
"""After the beginning of a turn in which several have spoken, the next one begins no sooner. What
they answer then falls into one turn, which costs one commit and one write to each member instead of
several. A lone speaker never waits (PostgreSQL knows this as commit_delay and commit_siblings).
"""

LAST_ANSWERS_SECONDS = 1.0
"""How long a stopping server waits to learn what its clients have received."""


class NewSettings(NamedTuple):
    """What a reload brings: the rules' settings, the rate of each account's lines, the bytes that
    stay free on the disk and those that the database may take, and facts to remember.
    """

    rules: Settings
    rate: Rate
    free_bytes: int
    most_bytes: int
    facts: Mapping[str, str]


class Hub(NamedThread):
    """rules, journal: used by this thread only, once it runs. submit: takes the jobs of a turn.
    failed: called when the thread dies of a bug.

    last_change: the newest of the administrator's changes that the rules' model has in it. slices:
    for how long a turn takes whose input. rate: of each account's lines. space: tells whether there
    is room for more; without it there always is. of_process, node: see
    Requests.
    """

    def __init__(
        self,
        rules: Rules,
        journal: Journal,
        submit: Callable[[Job], None],
        failed: Callable[[BaseException], None],
        last_change: int,
        slices: TimeSlices = TIME_SLICES,
        rate: Rate = DEFAULT_RATE,
        space: Space | None = None,
        of_process: Mapping[str, Callable[[Request], object]] | None = None,
        node: str = "",
    ) -> None:
        super().__init__("hub")
        self._rules = rules
        self._journal = journal
        self._reader = Reader(journal.connection)
        self._submit = submit
        self._failed = failed
        self._slices = slices
        self._space = space
        self._io: Sequence[IoThread] = ()
        self._allowance = Allowance(rate)
        self.inbox = Inbox(self._allowance)
        self.requests = Requests(self._reader, of_process or {}, node=node)
        self._changes = Changes(rules, journal, self._reader, last_change, self.requests)
        self._next_tick = self._next_look = 0.0
        self._reloaded: deque[NewSettings] = deque()
        self._notes: deque[tuple[str, str, Mapping[str, str]]] = deque()
        self._nodes: Nodes | None = None
        self._leaving: Leaving | None = None
        self._stop: Stop | None = None
        self._ending: Stop | None = None
        self._stop_at = 0.0
        self._began = 0.0
        self._meter = CpuMeter()
        self._spoke: set[Session] = set()
        """Who has had something to say in this turn."""
        self.counters = Counters()
        self.every_second: Callable[[], object] = lambda: None
        self.storage_health = StorageHealth(rules, journal)
        self._committer = Committer(
            rules, journal, self._changes, self.storage_health, self.counters
        )
        rules.outside = Outside(taken=self._has_taken, read=lambda job: look_up(self._reader, job))

    def join_nodes(self, nodes: Nodes, leaving: Leaving) -> None:
        """Before it runs: it is the hub of one node among several. Its journal is theirs."""
        self._nodes, self._leaving = nodes, leaving
        nodes.use(self._committer, self._changes, self.counters)

    def serve(self, io: Sequence[IoThread]) -> None:
        """Start, with the I/O threads to deliver to."""
        self._io = io
        self.start()

    def take_up(self, settings: NewSettings) -> None:
        """Go on with other settings in a moment. Any thread."""
        self._reloaded.append(settings)

    @property
    def last_tick(self) -> float:
        """When it last did what is due each second (time.monotonic()). Any thread."""
        return self._next_tick - TICK_SECONDS

    def note(self, event: str, actor: str, facts: Mapping[str, str]) -> None:
        """Have the audit know what was done to the process. actor: as of Turn.audit_own(). Any
        thread.
        """
        self._notes.append((event, actor, facts))

    # Hub thread only, from here on

    def run(self) -> None:
        """The loop."""
        try:
            while not self._may_begin():
                self._check_displaced()
            turn = self._new_turn()
            self._rules.start(turn)
            self._finish(turn)
            while not self._done():
                self._run_turn()
                self._check_displaced()
            if self._may_begin():
                turn = self._new_turn()
                reason = self._ending.reason if self._ending else ""
                self._rules.stop(turn, reason, self._seen_at_stop())
                if self._nodes is not None:
                    self._nodes.end()
                self._finish(turn)
        except BaseException as error:
            self._failed(error)
        finally:
            # In any case: I/O threads that wait for room would wait for ever.
            self.inbox.close()
            self._journal.close()

    def _check_displaced(self) -> None:
        if self._journal.displaced is not None:
            raise MustEndError(str(self._journal.displaced))

    def _done(self) -> bool:
        if self._ending is None:
            return False
        # Somebody may never answer; the server stops all the same.
        if time.monotonic() > self._stop_at:
            return True
        inbox, arriving = self.inbox, self._rules.model.arriving
        left = inbox.authenticated.holds_any or inbox.logins or inbox.answers or arriving
        return not left and self._rules.all_answered()

    def _new_turn(self) -> Turn:
        return self._rules.turn(int(time.time() * 1000), time.monotonic())

    def _run_turn(self) -> None:
        self._let_gather()
        now = time.monotonic()
        # The next moment at which something is due without anybody's input.
        wait = min(self._next_tick - now, self._next_look - now, self.inbox.authenticated.wait(now))
        # They wait for nothing but the next turn's beginning.
        if self._rules.model.arriving:
            wait = 0.0
        stop = self.inbox.gather(wait if self._ending is None else min(wait, 0.02))
        # Kept, as the turn in which it is done may not begin yet.
        self._stop = self._stop or stop
        if self._nodes is not None and not self._is_due(now + wait):
            self._nodes.follow()
            self._release(self._followed())
            return
        if not self._may_begin():
            self._release(self._followed())
            self._give_up(now)
            return
        stop, self._stop = self._stop, None
        turn = self._new_turn()
        self._began = turn.clock
        self._spoke.clear()
        self.inbox.authenticated.begin_turn(turn.clock)
        self._do_what_is_due(turn)  # first: what the input changes isn't in the database yet
        self._guarded(turn, None, lambda turn, _: self._rules.admit(turn), None)
        if stop is not None:
            self._begin_stop(turn, stop)
        # Here, as what was done before is charged to nobody.
        self._meter.begin()
        self._work_off(
            turn, self.inbox.authenticated, self._slices.authenticated, self._slices.busy
        )
        self._take_answers(turn, self._slices.logins)
        self._work_off(turn, self.inbox.logins, self._slices.logins)
        self._work_off(turn, self.inbox.unauthenticated, self._slices.unauthenticated)
        for account, cost in turn.charges:
            # Only in lines: its time was measured where it was spent.
            self.inbox.authenticated.charge(account, cost, 0.0)
        self._finish(turn)

    def _give_up(self, now: float) -> None:
        """A server that is to stop waits for its turn no longer than for its clients."""
        if self._stop is not None:
            self._stop_at = self._stop_at or now + LAST_ANSWERS_SECONDS
            if now > self._stop_at:
                self._ending = self._stop

    def _is_due(self, moment: float) -> bool:
        """Whether there is something to do here. moment: when there is without anybody's input."""
        return self.inbox.has_work or self._stop is not None or time.monotonic() >= moment

    def _may_begin(self) -> bool:
        """Whether a turn begins now. Where there are several nodes each waits for the others'."""
        return self._nodes is None or self._nodes.enter()

    def _followed(self) -> list[Turn]:
        return self._nodes.followed() if self._nodes is not None else []

    def _let_gather(self) -> None:
        """When several spoke in the last turn, more will in this one: it begins a little later."""
        early = self._began + GATHER_SECONDS - time.monotonic()
        if len(self._spoke) > 1 and early > 0 and self._ending is None:
            time.sleep(early)

    def _begin_stop(self, turn: Turn, stop: Stop) -> None:
        self._ending = self._ending or stop
        self._stop_at = turn.clock + LAST_ANSWERS_SECONDS
        self.inbox.authenticated.end_rest()
        self._rules.ask_all(turn)

    def _take_answers(self, turn: Turn, seconds: float) -> None:
        """Of pages and searches only as many as there is time for: those who ask for one after the
        other wait for each other, and add little to anybody else's wait.
        """
        now = time.monotonic()
        end, end_of_pages = now + seconds, now + self._slices.pages
        answers, later, full = self.inbox.answers, list[Answer](), False
        while answers:
            answer = answers.popleft()
            if full and isinstance(answer, LogRead):
                later.append(answer)
                continue
            self._guarded(turn, answer.session, self._rules.answered, answer)
            now = time.monotonic()
            full = now >= end_of_pages
            if now >= end:
                break
        answers.extendleft(reversed(later))

    def _work_off(
        self, turn: Turn, inputs: FairInputQueue, seconds: float, busy: float = 0.0
    ) -> None:
        """busy: seconds for those who have said much, after all the others have had their turn."""
        end = time.monotonic() + seconds
        while inputs.fresh:
            self._take_next(turn, inputs)
            if time.monotonic() >= end:
                return
        end = time.monotonic() + busy
        while inputs.busy and not inputs.fresh:
            self._take_next(turn, inputs)
            if time.monotonic() >= end:
                return

    def _take_next(self, turn: Turn, inputs: FairInputQueue) -> None:
        event = inputs.take()
        session = event.connection.owner
        # Most inputs are lines, and have their own way without a savepoint for each.
        if type(event) is not Lines or not isinstance(session, Session):
            self._guarded(turn, session, self._take_input, event)
            return
        try:
            self._run_lines(turn, session, event)
        except Exception:  # the rules have taken back what failed in them
            self._bug(turn, session, event)

    def _guarded(
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

    def _run_lines(self, turn: Turn, session: Session, event: Lines) -> None:
        """As many as there is time for; the others when it is this connection's turn again."""
        account = session.account if session.state is State.READY else None
        # As local names: this loop runs for every line that anybody says.
        lines, run, now, effects = event.lines, self._rules.line, time.monotonic, turn.effects
        start, began = len(effects), now()
        end = began + self._slices.per_account
        most = len(lines)
        if account is not None:
            self._spoke.add(session)
            if most > 1:  # one always is
                most = self.inbox.authenticated.affordable(account, most)
        number = 0
        while True:
            if session.answering is not None:
                self._rules.go_on(turn, session, partial(_is_before, end))
            if number >= most or session.answering is not None:
                break
            run(turn, session, lines[number])
            number += 1
            # Asked behind each line: one at least is done, however little time there is.
            if number < most and now() >= end:
                break
        # The I/O thread reads it without a lock, to see how many are still waiting.
        event.connection.done += number
        if number < len(lines) or session.answering is not None:
            self._put_back(event._replace(lines=lines[number:]), session)
        if account is not None:
            cost = cost_of(lines if number == len(lines) else lines[:number])
            if len(effects) - start > number:  # each line has paid for one
                cost += cost_of_answers(effects[start:])
            self.inbox.authenticated.charge(account, cost, self._meter.seconds(began))

    def _put_back(self, rest: Lines, session: Session) -> None:
        inputs, party = self.inbox.place(rest)
        inputs.put_back(party, rest, later=session.answering is not None)

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

    def _do_what_is_due(self, turn: Turn) -> None:
        """Do what is due by the clock. Nothing in here may end the server: a bug in one part is
        logged, and the next part is done.
        """
        if turn.clock >= self._next_tick:
            self._next_tick = turn.clock + TICK_SECONDS
            guarded(turn, "the tick", lambda: self._rules.tick(turn))
            guarded(turn, "the look at the storage", lambda: self.storage_health.look(turn))
            guarded(turn, "the look at the space", lambda: self._look_at_space(turn))
            if self._nodes is not None:
                guarded(turn, "the look at the nodes", partial(self._nodes.look, turn))
                guarded(turn, "the way out of service", partial(self._leave, turn, self._nodes))
            self.counters.settle()
            guarded(turn, "the look at the minute", self.every_second)
        # Also before what a worker has found out is used: it may have read what was changed since.
        if turn.clock >= self._next_look or self.inbox.answers:
            self._next_look = turn.clock + CHANGES_SECONDS
            guarded(turn, "the look at the changes", lambda: self._changes.look(turn))
            self.requests.take_answers(turn)
            while self._reloaded:
                new = self._reloaded.popleft()
                guarded(turn, "the reload", partial(self._take_up, turn, new))
            while self._notes:
                event, actor, facts = self._notes.popleft()
                turn.audit_own(event, actor=actor, **facts)

    def _take_up(self, turn: Turn, new: NewSettings) -> None:
        self._allowance.change(new.rate, turn.clock)
        if self._space is not None:
            self._space.change(new.free_bytes, new.most_bytes)
        self._rules.take_settings(turn, new.rules)
        try:
            for key, value in new.facts.items():
                self._journal.remember(key, value)
        except StoreError as error:
            log.error("securechat-admin isn't told of what was reloaded: %s", error)  # noqa: TRY400

    def _look_at_space(self, turn: Turn) -> None:
        if self._space is not None:
            self.storage_health.look_at_space(turn, self._space.shortage())

    def _leave(self, turn: Turn, nodes: Nodes) -> None:
        if self._leaving is not None:
            self._leaving.look(turn, wanted=nodes.leaving)

    def _seen_at_stop(self) -> str:
        return MOVES if self._nodes is not None and self._nodes.view.others_up else ""

    def _has_taken(self, session: Session) -> bool:
        link = session.link
        return isinstance(link, Connection) and self._io[session.io].has_written(link)

    # Storing, then sending

    def _finish(self, turn: Turn) -> None:
        if self._nodes is None:
            self._committer.store(turn)
            self._changes.keep()
        else:
            self._nodes.store(turn)
        self.storage_health.greet(turn)
        self._release([*self._followed(), turn])
        if turn.effects or turn.events:  # an idle turn would only hide what the others take
            self.counters.turns.add(time.monotonic() - turn.clock)
        turn.done()

    def _release(self, turns: Sequence[Turn]) -> None:
        """Hand on what turns say, and what they have others do."""
        for turn in turns:
            for session in turn.arrived:  # before its welcome: who has read that may speak
                self._io[session.io].mark_authenticated(session.link)
        effects = chain.from_iterable(turn.effects for turn in turns)
        for number, found in deliveries(effects, self.counters.volume).items():
            self._io[number].deliver(found)
        for turn in turns:
            for closing in turn.closings:
                session = closing.session
                if session.is_here:
                    self._io[session.io].close([(session.link, closing.reason)])
            for job in turn.jobs:
                self._submit(job)


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
