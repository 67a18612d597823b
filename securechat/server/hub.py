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
from typing import TYPE_CHECKING, NamedTuple

from securechat.common.threads import NamedThread
from securechat.core.administration.requests import Request
from securechat.core.delivery.fan_out import deliveries, together
from securechat.core.guard import guarded
from securechat.core.jobs import Job
from securechat.core.model.entities import Session
from securechat.core.nodes.ahead import Ahead
from securechat.core.ports import Outside
from securechat.core.rules import Rules
from securechat.core.settings import Settings
from securechat.core.turn import Turn
from securechat.net.connection import Connection
from securechat.net.loop import IoThread
from securechat.net.throttle import DEFAULT_RATE, Rate
from securechat.server.allowance import Allowance
from securechat.server.changes import Changes
from securechat.server.commit import Committer, MustEndError
from securechat.server.counters import Counters
from securechat.server.inbox import Inbox, Stop
from securechat.server.input_queue import TIME_SLICES, TimeSlices
from securechat.server.input_runner import InputRunner
from securechat.server.leaving import MOVES, Leaving
from securechat.server.reading import look_up
from securechat.server.requests import Requests
from securechat.server.stalls import Stalls
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

FEW_LINES = 20
"""So many are run in a turn of a node, though they hold up the other nodes: they would wait for the
next one, which costs more.
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
        self._space = space
        self._io: Sequence[IoThread] = ()
        self._allowance = Allowance(rate)
        self.inbox = Inbox(self._allowance)
        self._runner = InputRunner(rules, self.inbox, slices)
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
        self._postponed = False
        """Whether the last turn has left messages to this one."""
        self.counters = Counters()
        self.stalls = Stalls()
        self.every_second: Callable[[], object] = lambda: None
        self.storage_health = StorageHealth(rules, journal)
        self._committer = Committer(
            rules, journal, self._changes, self.storage_health, self.counters, self.stalls
        )
        rules.outside = Outside(taken=self._has_taken, read=lambda job: look_up(self._reader, job))

    def join_nodes(self, nodes: Nodes, leaving: Leaving) -> None:
        """Before it runs: it is the hub of one node among several. Its journal is theirs."""
        self._nodes, self._leaving = nodes, leaving
        nodes.use(self._committer, self._changes, self.counters, self.stalls)

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
        said = inbox.authenticated.holds_any or self._runner.has_lines
        left = said or inbox.logins or inbox.answers or arriving
        return not left and self._rules.all_answered()

    def _new_turn(self) -> Turn:
        return self._rules.turn(int(time.time() * 1000), time.monotonic())

    def _run_turn(self) -> None:
        self._let_gather()
        now = time.monotonic()
        # The next moment at which something is due without anybody's input.
        wait = min(self._next_tick - now, self._next_look - now, self.inbox.authenticated.wait(now))
        # They wait for nothing but the next turn's beginning.
        if self._rules.model.arriving or self._runner.has_lines:
            wait = 0.0
        stop = self.inbox.gather(wait if self._ending is None else min(wait, 0.02))
        # Kept, as the turn in which it is done may not begin yet.
        self._stop = self._stop or stop
        self.stalls.begin()
        if self._nodes is not None and not self._is_due(now + wait):
            if self._nodes.follow():
                self.stalls.end()
            self._release(self._followed())
            return
        turn = self._new_turn()
        self._began = turn.clock
        self._runner.begin(turn)
        ahead, messages = self._run_ahead(turn)
        if not self._may_begin(ahead):
            self._runner.put_off(ahead)
            self._release(self._followed())
            self._give_up(now)
            return
        # The head may have been waited for.
        turn.now_ms, turn.clock = int(time.time() * 1000), time.monotonic()
        stop, self._stop = self._stop, None
        self._do_what_is_due(turn)  # first: what the input changes isn't in the database yet
        self._runner.guarded(turn, None, lambda turn, _: self._rules.admit(turn), None)
        if stop is not None:
            self._begin_stop(turn, stop)
        self._runner.run(turn, ahead, messages=messages)
        self._finish(turn)
        self.stalls.end()

    def _run_ahead(self, turn: Turn) -> tuple[Ahead | None, bool]:
        """Run what need not wait for the head: nothing, where something is due before it. Also
        whether messages are to be run in the turn then: many wait for the next one, unless they
        have done so before.
        """
        if self._nodes is None:
            return None, True
        model, inbox = self._rules.model, self.inbox
        is_due = turn.clock >= min(self._next_tick, self._next_look)
        if is_due or inbox.answers or model.arriving or self._stop or self._ending:
            self._postponed = not self._postponed and inbox.authenticated.lines > FEW_LINES
            return None, not self._postponed
        self._postponed = False
        return self._runner.run_ahead(turn), True

    def _give_up(self, now: float) -> None:
        """A server that is to stop waits for its turn no longer than for its clients."""
        if self._stop is not None:
            self._stop_at = self._stop_at or now + LAST_ANSWERS_SECONDS
            if now > self._stop_at:
                self._ending = self._stop

    def _is_due(self, moment: float) -> bool:
        """Whether there is something to do here. moment: when there is without anybody's input."""
        waits = self.inbox.has_work or self._runner.has_lines or self._stop is not None
        return waits or time.monotonic() >= moment

    def _may_begin(self, ahead: Ahead | None = None) -> bool:
        """Whether a turn begins now. Where there are several nodes each waits for the others'.
        ahead: what the turn has said already.
        """
        return self._nodes is None or self._nodes.enter(ahead)

    def _followed(self) -> list[Turn]:
        return self._nodes.followed() if self._nodes is not None else []

    def _let_gather(self) -> None:
        """When several spoke in the last turn, more will in this one: it begins a little later."""
        early = self._began + GATHER_SECONDS - time.monotonic()
        if len(self._runner.spoke) > 1 and early > 0 and self._ending is None:
            time.sleep(early)

    def _begin_stop(self, turn: Turn, stop: Stop) -> None:
        self._ending = self._ending or stop
        self._stop_at = turn.clock + LAST_ANSWERS_SECONDS
        self.inbox.authenticated.end_rest()
        self._rules.ask_all(turn)

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
        for effects in together([turn.effects for turn in turns]):
            for number, found in deliveries(effects, self.counters.volume).items():
                self._io[number].deliver(found)
        for turn in turns:
            for closing in turn.closings:
                session = closing.session
                if session.is_here:
                    self._io[session.io].close([(session.link, closing.reason)])
            for job in turn.jobs:
                self._submit(job)
