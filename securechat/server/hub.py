"""The hub thread: the only owner of the chat's state.

For each batch of input: run the rules on all of it, store the turn's events in one transaction,
and only then hand its output on. While one batch is being stored the next one gathers, so a busy
server commits many messages at once, and an idle one each on its own.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any

from securechat.core.audit import note
from securechat.core.delivery import deliveries
from securechat.core.jobs import Job
from securechat.core.rules import Rules
from securechat.core.session import Session
from securechat.core.turn import Step, Turn
from securechat.net.connection import Closed, Connection, Input, Lines, Opened
from securechat.net.io_loop import IoThread
from securechat.net.thread import Owner
from securechat.server.inbox import Inbox, Item, Stop
from securechat.server.loading import take_changes
from securechat.store.admin import APPLIED
from securechat.store.database import ConflictError, StoreError
from securechat.store.journal import Journal
from securechat.store.reader import Reader

log = logging.getLogger(__name__)

CHANGES_SECONDS = 0.25
"""How often the hub looks for what an administrator has changed; the look costs microseconds."""

TICK_SECONDS = 1.0

LAST_ANSWERS_SECONDS = 1.0
"""How long a stopping server waits to learn what its clients have received."""

NOT_STORED = "Not stored, so nobody saw it: the server's disk or database fails; try again later"


class Hub(Owner):
    """rules, journal: used by this thread only, once it runs. submit: takes the turns' jobs.

    last_change: the newest of the administrator's changes that the rules' model has in it.
    """

    def __init__(
        self,
        rules: Rules,
        journal: Journal,
        submit: Callable[[Job], None],
        failed: Callable[[BaseException], None],
        last_change: int,
    ) -> None:
        super().__init__("hub")
        self._rules = rules
        self._journal = journal
        self._reader = Reader(journal.connection)
        self._submit = submit
        self._failed = failed
        self._io: Sequence[IoThread] = ()
        self.inbox = Inbox()
        self._last_change = last_change
        self._next_tick = self._next_look = 0.0
        self._ending: Stop | None = None
        self._stop_at = 0.0
        self._storing = True
        self._behind = True
        """There may be changes of the administrator's that are not taken up, or not said to be:
        at the start those that were made while no server ran.
        """

    def serve(self, io: Sequence[IoThread]) -> None:
        """Start, with the I/O threads to deliver to."""
        self._io = io
        self.start()

    # Hub thread only, from here on

    def run(self) -> None:
        """The loop."""
        try:
            turn = self._new_turn()
            self._rules.start(turn)
            self._finish(turn)
            while not self._done():
                self._run_turn()
            turn = self._new_turn()
            self._rules.stop(turn, self._ending.reason if self._ending else "")
            self._finish(turn)
        except BaseException as error:
            self._failed(error)
        finally:
            self.inbox.close()
            self._journal.close()

    def _done(self) -> bool:
        if self._ending is None:
            return False
        return time.monotonic() > self._stop_at or self._rules.all_answered()

    def _new_turn(self) -> Turn:
        return self._rules.turn(int(time.time() * 1000), time.monotonic())

    def _run_turn(self) -> None:
        wait = min(self._next_tick, self._next_look) - time.monotonic()
        items = self.inbox.take(wait if self._ending is None else min(wait, 0.02))
        turn = self._new_turn()
        self._look_around(turn)  # first: what the items change isn't in the database yet
        for item in items:
            self._take(turn, item)
        self._finish(turn)

    def _take(self, turn: Turn, item: Item) -> None:
        if isinstance(item, list):
            for event in item:
                self._guarded(turn, event.connection.owner, self._take_input, event)
        elif isinstance(item, Stop):
            self._ending = self._ending or item
            self._stop_at = turn.clock + LAST_ANSWERS_SECONDS
            self._rules.ask_all(turn)
        else:
            self._guarded(turn, item.session, self._rules.answered, item)

    def _guarded(
        self, turn: Turn, session: object, action: Callable[[Turn, Any], None], item: object
    ) -> None:
        """A bug that one session brings up is taken back, and costs only that session."""
        start = turn.mark()
        try:
            action(turn, item)
        except Exception:
            turn.roll_back(start)
            log.exception("a bug: %s failed and was taken back", type(item).__name__)
            if isinstance(session, Session):
                turn.close(session, "The server failed; it is logged")

    def _take_input(self, turn: Turn, event: Input) -> None:
        connection = event.connection
        session = connection.owner
        if isinstance(event, Opened):
            self._open(turn, connection)
        elif not isinstance(session, Session):
            raise TypeError(f"{connection} has no session")
        elif isinstance(event, Lines):
            run = self._rules.line
            for line in event.lines:
                run(turn, session, line)
        else:
            _note_end(session, event.reason)
            self._rules.closed(turn, session, _shown_reason(event))
            connection.owner = None

    def _open(self, turn: Turn, connection: Connection) -> None:
        note("connected", address=connection.address, port=connection.port)
        session = Session(
            connection,
            io=connection.io,
            address=connection.address,
            certificate_name=connection.certificate_name,
            opened_at=turn.clock,
        )
        connection.owner = session
        self._rules.opened(turn, session)

    def _look_around(self, turn: Turn) -> None:
        if turn.clock >= self._next_tick:
            self._next_tick = turn.clock + TICK_SECONDS
            self._rules.tick(turn)
        if turn.clock >= self._next_look:
            self._next_look = turn.clock + CHANGES_SECONDS
            self._take_changes(turn)

    def _take_changes(self, turn: Turn) -> None:
        try:
            if self._journal.changed_by_others() or self._behind:
                self._last_change = take_changes(self._rules, turn, self._reader, self._last_change)
                self._journal.remember(APPLIED, str(self._last_change))
                self._behind = False
        except StoreError as error:
            if not self._behind:
                log.error("can't see what the administrator has changed: %s", error)  # noqa: TRY400
            self._behind = True

    # Storing, then sending

    def _finish(self, turn: Turn) -> None:
        self._store(turn)
        self._release(turn)

    def _store(self, turn: Turn) -> None:
        if not turn.events:
            return
        try:
            self._journal.commit(turn.events)
        except ConflictError:
            self._store_steps(turn)
        except StoreError as error:
            self._not_stored(turn, turn.steps, error)
        else:
            self._stored()
        self._rules.model.committed_seq = self._rules.model.last_seq

    def _store_steps(self, turn: Turn) -> None:
        """One step is in conflict with what is stored: the others must not suffer for it."""
        failed: list[Step] = []
        reason: StoreError | None = None
        for step in turn.steps:
            try:
                self._journal.commit(turn.events[step.start.events : step.end.events])
            except StoreError as error:
                failed.append(step)
                reason = error
        if reason is not None:
            self._not_stored(turn, failed, reason)  # all at once: it moves the others' places

    def _not_stored(self, turn: Turn, steps: Sequence[Step], error: StoreError) -> None:
        if self._storing or isinstance(error, ConflictError):
            log.error("%d commands are not stored, and taken back: %s", len(steps), error)
        self._storing = isinstance(error, ConflictError)
        turn.fail(steps, NOT_STORED)

    def _stored(self) -> None:
        if not self._storing:
            log.warning("messages are stored again")
            self._storing = True

    def _release(self, turn: Turn) -> None:
        for session in turn.arrived:  # before its welcome: who has read that may speak
            self._io[session.io].trust(session.link)
        for number, found in deliveries(turn.effects).items():
            self._io[number].deliver(found)
        for closing in turn.closings:
            session = closing.session
            self._io[session.io].close([(session.link, closing.reason)])
        for job in turn.jobs:
            self._submit(job)


def _note_end(session: Session, reason: str) -> None:
    """Without what a member wrote as a farewell: no message text is logged."""
    who = session.account.name if session.account else "-"
    reason = reason.partition(":")[0]
    note("disconnected", account=who, address=session.address, reason=reason)


def _shown_reason(event: Closed) -> str:
    """What the others see as the QUIT message."""
    return "Connection closed" if event.reason == "closed by the client" else "Connection lost"
