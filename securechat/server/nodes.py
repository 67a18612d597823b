"""One server among several: a turn of the hub is one of all nodes, and it follows theirs.

Before its turn runs, a node has the head of the database to itself, and has taken up all turns that
were before; so the rules see the state that everybody has, and nothing that they decide can be in
conflict with another node. The turn holds the head until it is stored. Messages alone are run
before, while others have the head (core/nodes/ahead.py). Hub thread only, but for what says
otherwise.
"""

from __future__ import annotations

import json
import logging
import socket
import time
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from securechat.core.nodes import encoding, following
from securechat.core.nodes.ahead import Ahead
from securechat.core.nodes.encoding import UnreadableError, read_body
from securechat.core.nodes.presence import row_of
from securechat.core.nodes.turns import OwnTurns, Telling
from securechat.core.rules import Rules
from securechat.core.turn import CommandSpan, Turn
from securechat.credentials.link import join_places, split_places
from securechat.server.agreement import ClusterError, check_clock
from securechat.server.changes import Changes
from securechat.server.commit import Committer, MustEndError
from securechat.server.counters import Counters
from securechat.server.node_threads import FENCE_SECONDS
from securechat.server.stalls import Stalls
from securechat.store.errors import StoreError
from securechat.store.postgres.node_connection import ForeignTurn
from securechat.store.postgres.node_journal import NodeJournal, PresenceChange, sessions_there
from securechat.store.postgres.nodes import GONE, LEAVING, REPLACED_SECONDS, UP, NodeRow, clocks

log = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 2.0
"""So often a node says that it is there, where its turns don't."""

TELL_SECONDS = 1.0
"""So often, at most, a node tells how far it was behind: that takes longer than all else that it
tells of itself.
"""

LONG_GONE_SECONDS = 3600.0
"""The address of a node that is gone is told for so long: it may come again, as with a new version,
and who has forgotten it could not come by it if another one fails then.
"""

TIDY_SECONDS = 10.0

PAUSE_SECONDS = 0.05
"""Between two tries to begin a turn, where the database can't be reached."""


class NodeView(NamedTuple):
    """name: of this node. others_up: so many other nodes are up. elsewhere: so many sessions are
    there. behind: so many turns of theirs had to be taken up at once, at most, since the last look.
    """

    name: str
    others_up: int
    elsewhere: int
    behind: int


class Nodes:
    """rules: whose model all nodes have. journal: theirs. applied: the turn up to which the model
    has them. name: of this node.
    """

    def __init__(self, rules: Rules, journal: NodeJournal, applied: int, name: str) -> None:
        self._rules = rules
        self._model = rules.model
        self._journal = journal
        self._applied = applied
        self._turns = OwnTurns(rules, journal.connection.epoch)
        self._presence = self._turns.presence
        self._followed: list[Turn] = []
        self._troubled = False
        self._tidied_at = time.monotonic()
        self._connected_at = time.monotonic()
        self._looked_at = float("-inf")
        self._clock_is_wrong = False
        self._held_since = 0.0
        self.heard_at = time.monotonic()
        """When this node last said that it is there. Any thread may look."""
        self.leaving = False
        """Whether it is to be taken out of service. Any thread may look."""
        self.view = NodeView(name, 0, 0, 0)
        """How it was when it last looked. Any thread may look."""
        self._behind = 0
        """Since the last look."""
        self._untold = 0
        """The same of the looks since the others were last told, which is done less often."""
        self._told, self._told_at = 0, float("-inf")
        """What they were told then, and when."""
        rules.is_node = True
        rules.counts_usage = False

    def use(
        self, committer: Committer, changes: Changes, counters: Counters, stalls: Stalls
    ) -> None:
        """What stores a turn's spans, what takes up the administrator's changes, what counts for
        how long turns were waited for and held, and what tells of it where that was long.
        """
        self._committer, self._changes, self._counters = committer, changes, counters
        self._stalls = stalls

    def load(self, turn: Turn) -> None:
        """Who is there at the other nodes, when this one begins; within its first turn."""
        rows = [row_of(*row) for row in sessions_there(self._journal.connection)]
        self._presence.load(turn, rows)

    # A turn

    def enter(self, ahead: Ahead | None = None) -> bool:
        """Begin a turn: nobody else has one until it is stored or abandoned. False where that can't
        be; what has come waits. ahead: what the turn has said already; it has its place then, if it
        still holds.
        """
        began = time.monotonic()
        try:
            turns = self._journal.begin_turn(self._applied)
            self._held_since = time.monotonic()
            self._counters.waits.add(self._held_since - began)
            self._stalls.waited(self._held_since - began)
            self._take_up(turns, ahead)
        except StoreError as error:
            self._stalls.waited(time.monotonic() - began, error)
            self._trouble(error)
            return False
        if self._troubled:
            log.warning("the nodes' database can be reached again")
            self._troubled, self._connected_at = False, time.monotonic()
        self._turns.begin()
        if ahead is not None and ahead.holds:
            ahead.apply(int(time.time() * 1000))
        return True

    def follow(self) -> bool:
        """Take up what others have done, without a turn of its own. False where that can't be."""
        began = time.monotonic()
        try:
            self._take_up(self._journal.connection.turns(self._applied))
        except StoreError as error:
            self._stalls.waited(time.monotonic() - began, error)
            self._trouble(error)
            return False
        return True

    def look(self, turn: Turn) -> None:
        """Once a second, in a turn: which nodes there are, and which are not any more."""
        now = time.monotonic()
        if now - self._looked_at < HEARTBEAT_SECONDS / 2:
            return
        self._looked_at = now
        try:
            nodes = self._journal.connection.nodes()
            self._end_dead(turn, nodes)
            own = self._journal.connection.epoch
            there = [node for node in nodes if node.state != GONE and not node.is_dead]
            self._rules.counts_usage = bool(there) and there[0].epoch == own
            self._leave_out(turn, nodes)
            self.leaving = any(node.state == LEAVING for node in nodes if node.epoch == own)
            elsewhere = sum(node.sessions for node in there if node.epoch != own)
            up = sum(node.state == UP for node in there if node.epoch != own)
            self.view = NodeView(self.view.name, up, elsewhere, self._behind)
            self._untold = max(self._untold, self._behind)
            self._behind = 0
            if now - self._tidied_at > TIDY_SECONDS:
                self._tidied_at = now
                self._journal.tidy()
                self._check_clock()
        except StoreError as error:
            self._trouble(error)

    def _leave_out(self, turn: Turn, nodes: Sequence[NodeRow]) -> None:
        """Where no node has been for long nobody is told to look for one."""
        lost: set[str] = set()
        found: set[str] = set()
        for node in {node.name: node for node in nodes}.values():  # the last one of each name
            place = join_places(split_places(json.loads(node.facts).get("address", "")))
            is_lost = node.state == GONE and node.silent > LONG_GONE_SECONDS
            (lost if is_lost else found).add(place)
        self._rules.leave_out(turn, frozenset(lost - found))

    def _check_clock(self) -> None:
        """It was right when this node began. Times that people see are wrong by it, and nothing
        else: what nodes do by time goes by the database's clock, or by none.
        """
        try:
            wrong = check_clock(*clocks(self._journal.connection))
        except ClusterError as error:
            wrong = str(error)
        if wrong and not self._clock_is_wrong:
            log.warning("%s", wrong)
        self._clock_is_wrong = bool(wrong)

    def _end_dead(self, turn: Turn, nodes: Sequence[NodeRow]) -> None:
        """What was said to them, and whom they had, goes on at another one."""
        own = self._journal.connection.epoch
        # Who could not reach the database has not heard of them, as they have not of this one.
        patient = time.monotonic() - self._connected_at > FENCE_SECONDS
        dead = [
            node
            for node in nodes
            if node.epoch != own and node.is_dead and (patient or node.silent > REPLACED_SECONDS)
        ]
        if dead:
            self._journal.end_nodes([node.epoch for node in dead])
            for node in dead:
                log.warning("the node %s is gone; it had %d sessions", node.name, node.sessions)
        alive = {node.epoch for node in nodes if node.state != GONE} - {one.epoch for one in dead}
        gone = self._presence.nodes() - alive
        if dead or gone:
            self._turns.depart(turn, gone)

    def end(self) -> None:
        """This node ends with the turn that is on, and nobody need wait until it is missed."""
        try:
            self._journal.end_nodes([self._journal.connection.epoch])
        except StoreError as error:
            self._trouble(error)

    def store(self, turn: Turn) -> None:
        """Store a turn, with what it tells the others; what can't be is taken back. Raises
        MustEndError.
        """
        self._committer.store(turn)
        failed = self._committer.failed
        told = self._turns.tell(turn, failed, self._changes.found)
        try:
            self._changes.write()
            self._end(turn, told)
        except StoreError as error:
            self._refused(turn, failed, error)
        else:
            self._changes.written()
            self._turns.was_stored(turn)
        self._counters.holds.add(time.monotonic() - self._held_since)

    def _end(self, turn: Turn, telling: Telling) -> None:
        text, now = telling.text, time.monotonic()
        is_due = now - self.heard_at >= HEARTBEAT_SECONDS
        if text is None and not turn.audits and not is_due and not self._journal.wrote:
            self._journal.abandon()
            return
        number = self._journal.number
        upto = number if text is not None else self._applied
        rows = PresenceChange(telling.there, telling.gone)
        behind = max(self._behind, self._untold, self.view.behind)
        is_news = behind != self._told
        tells = is_news and now - self._told_at >= TELL_SECONDS
        told = behind if tells else None
        self._committer.settled(lambda: self._journal.end_turn(text, rows, upto, told))
        self._applied, self.heard_at = upto, now
        if tells:
            self._told, self._told_at = behind, now
        if tells or not is_news:
            self._untold = 0

    def _refused(self, turn: Turn, failed: Sequence[CommandSpan], error: StoreError) -> None:
        """Nothing of the turn is stored."""
        if self._journal.in_turn:
            self._journal.abandon()
        self._changes.take_back()
        if not failed:
            self._committer.refuse(turn, turn.spans if turn.events else [], error)
        elif len(failed) < len(turn.spans):
            # Their places in the turn have moved, so no others can be taken back any more.
            raise MustEndError(f"a turn could be stored neither as a whole nor in part: {error}")
        self._turns.was_refused(turn)
        if self._turns.refused > MOST_CARRIED:
            raise MustEndError(f"nothing can be stored any more: {error}")

    # Following

    def followed(self) -> list[Turn]:
        """What the others have done and nobody here has been told of yet. It is handed on in front
        of the turn that is on, when that is stored: the others don't wait for it meanwhile, and
        each member is written to once.
        """
        followed, self._followed = self._followed, []
        return followed

    def _take_up(self, turns: Iterable[ForeignTurn], ahead: Ahead | None = None) -> None:
        for behind, (number, node, text) in enumerate(turns, 1):
            self._behind = max(self._behind, behind)
            if node != self._journal.connection.epoch:
                self._take_up_one(text, ahead)
            self._applied = number
            self._journal.connection.seen(number)

    def _take_up_one(self, text: str, ahead: Ahead | None) -> None:
        turn = self._rules.turn(int(time.time() * 1000), time.monotonic())
        try:
            body = read_body(text)
            if ahead is not None:
                ahead.look(body)
            self._changes.know_accounts(_changes(body))
            following.take_up(
                turn, self._presence, body, lambda found: self._changes.follow(turn, found)
            )
        except UnreadableError as error:
            raise MustEndError(str(error)) from error
        except StoreError:
            # A half of it is in the model already.
            log.exception("what another node has done could not be taken up")
            raise MustEndError("what another node has done could not be taken up") from None
        except Exception as error:
            log.exception("a bug: what another node has done could not be taken up")
            raise MustEndError("what another node has done could not be taken up") from error
        self._followed.append(turn)

    def _trouble(self, error: StoreError) -> None:
        """The database can't be reached, or is another one's for long."""
        if not self._troubled:
            log.warning("the nodes' database can't be used; all wait for it: %s", error)
        self._troubled = True
        time.sleep(PAUSE_SECONDS)


MOST_CARRIED = 1000
"""Turns that could not be stored in a row, and whose words for other nodes are kept."""


def _changes(body: dict[str, Any]) -> list[tuple[int, str, int | None]]:
    return [(number, kind, account) for number, kind, account in body.get("changes", ())]


def facts_of(version: str, address: str) -> str:
    """What a node says of itself when it begins."""
    machine = socket.gethostname()
    facts = {"version": version, "address": address, "machine": machine, "form": encoding.VERSION}
    return json.dumps(facts)
