"""Several nodes in this process, without a database: each has rules and a model of its own, and
takes up what the turns of the others have told before its own next one.

    nodes = NodesUnderTest("alice", "bob")
    a, b = nodes
    alice, bob = a.member("alice"), b.member("bob")
    alice.says("PRIVMSG bob :hi")
    assert bob.hears() == [...]
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from itertools import count
from typing import Any, NamedTuple, cast

from securechat.core.delivery.fan_out import deliveries, together
from securechat.core.jobs import Answer, Job
from securechat.core.journal.events import JournalEvent
from securechat.core.journal.events.channels import Logged
from securechat.core.model.entities import Session
from securechat.core.nodes import following
from securechat.core.nodes.ahead import Ahead
from securechat.core.nodes.encoding import body_text, read_body, values_of
from securechat.core.nodes.presence import Key, Presence, Row, row_of
from securechat.core.nodes.turns import OwnTurns
from securechat.core.turn import Turn
from securechat.server.changes import Change, Changes, take_changes
from securechat.server.commit import store_spans
from securechat.server.requests import Requests
from securechat.store.errors import StoreError
from securechat.store.sql.journal import Journal
from securechat.store.sql.reader import Reader
from tests.support.rules import NOT_STORED, RulesLink, RulesUnderTest

APART = 5000.0
"""Seconds between the monotonic clocks of two nodes: no two machines have the same one."""


SaidLine = tuple[Session, bytes]


class ToldTurn(NamedTuple):
    """What stands in the table of turns."""

    node: int
    text: str


class NodesUnderTest:
    """names: the accounts there are. number: of nodes. settings: as of RulesUnderTest. furnish:
    what else there is from the beginning, at each node.
    """

    def __init__(
        self,
        *names: str,
        number: int = 2,
        furnish: Callable[[RulesUnderTest], object] = lambda rules: None,
        **settings: Any,
    ) -> None:
        self.names, self.settings, self.furnish = names, settings, furnish
        self.told: list[ToldTurn] = []
        """The turns, by their order."""
        self.rows: dict[Key, Row] = {}
        """What stands in the table of sessions."""
        self.stored: list[JournalEvent] = []
        self.jobs: list[Job] = []
        self.busy = False
        """Whether the workers leave their jobs for later, that is for work()."""
        self.failed = False
        """Whether anything could not be stored."""
        self.in_order = True
        """Whether all is in the same order at all nodes: what could not be stored is put back at
        its end, and one that begins later reads things in another one.
        """
        self.full = False
        """Whether the next turn that changes something can't be stored."""
        self.refuses: Callable[[Sequence[JournalEvent]], StoreError | None] = lambda events: None
        """Why a span can't be stored."""
        self.administered: dict[int, Callable[[NodeUnderTest], Reader]] = {}
        """What has been changed in the database: by its number, what a node's reader finds."""
        self._epochs = count(1)
        self.ids = count(1)
        self.nodes: list[NodeUnderTest] = []
        for _ in range(number):
            self.nodes.append(NodeUnderTest(self, next(self._epochs)))
        self.ids = count(1 + len(self.nodes[0].model.accounts))
        for node in self.nodes:
            node.use_shared()

    def __iter__(self) -> Iterator[NodeUnderTest]:
        return iter(self.nodes)

    def begins(self) -> NodeUnderTest:
        """One more node begins: it reads what is stored, and who is there."""
        node = NodeUnderTest(self, next(self._epochs))
        node.now_ms = self.nodes[0].now_ms
        node.use_shared()
        node.rules.vault = self.nodes[0].rules.vault
        self.nodes.append(node)
        self.in_order = False
        return node

    def follow(self) -> None:
        """All nodes take up what the others have done."""
        for node in self.nodes:
            node.follow()

    def passes(self, seconds: float) -> None:
        """Time goes by, and every node has a look at it."""
        for node in self.nodes:
            node.clock += seconds
            node.now_ms += int(seconds * 1000)
        for node in self.nodes:
            with node.turn() as turn:
                node.rules.tick(turn)

    def dies(self, node: NodeUnderTest) -> None:
        """A node stops in the middle of everything, and the next one notices."""
        self.nodes.remove(node)
        self.jobs[:] = [job for job in self.jobs if node_of(job.session) is not node]
        self.rows = {key: row for key, row in self.rows.items() if key.node != node.epoch}
        other = self.nodes[0]
        other.rules.counts_usage = True
        with other.turn() as turn:
            other.own.depart(turn, [node.epoch])

    def work(self) -> None:
        """Do the jobs, each answer in a turn of its own, at the node that has asked."""
        while self.jobs:
            job = self.jobs.pop(0)
            node = node_of(job.session)
            node.answer(node.do(job))


class NodeUnderTest(RulesUnderTest):
    """One of them. epoch: its own."""

    def __init__(self, nodes: NodesUnderTest, epoch: int) -> None:
        self.nodes = nodes
        self.epoch = epoch
        self._applied = 0
        self._again = False
        self._ahead: tuple[Turn, Ahead] | None = None
        self._followed: list[Turn] = []
        """What others have done and nobody here has been told of."""
        self._found: list[Change] = []
        """What its turn has taken up of the administrator's changes."""
        super().__init__(*nodes.names, **nodes.settings)

    @cached_property
    def own(self) -> OwnTurns:
        """Its own turns."""
        self.nodes.furnish(self)
        self.rules.is_node = True
        self.rules.counts_usage = self.epoch == 1
        self.clock += self.epoch * APART
        self.busy = True  # all nodes have the same workers
        own = OwnTurns(self.rules, self.epoch)
        if self.nodes.nodes and self not in self.nodes.nodes:
            self._load(own.presence)
        return own

    def _load(self, presence: Presence) -> None:
        """What is stored, as one who follows from the beginning has it; and who is there."""
        self._applied = len(self.nodes.told)
        self.now_ms = self.nodes.nodes[0].now_ms
        turn = self.rules.turn(self.now_ms, self.clock)
        body = {"events": [values_of(event) for event in self.nodes.stored]}
        following.take_up(turn, presence, read_body(body_text(body)), lambda changes: None)
        rows = [row_of(*json.loads(json.dumps(row))) for _, row in sorted(self.nodes.rows.items())]
        presence.load(self.rules.turn(self.now_ms, self.clock), rows)

    def use_shared(self) -> None:
        """All nodes are there: from now on they number accounts together."""
        self.stored, self.jobs, self._ids = self.nodes.stored, self.nodes.jobs, self.nodes.ids

    # Turns

    @contextmanager
    def turn(self) -> Iterator[Turn]:
        """What happens in the block happens in one turn, which all nodes take up at its end."""
        if self._turn is not None:
            yield self._turn
            return
        self.follow()
        self.own.begin()
        if self._ahead is not None and self._ahead[1].holds:
            self._ahead[1].apply(self.now_ms)
        with super().turn() as turn:
            yield turn
        if self._again:  # what was done all the same is told with the next turn
            self._again = False
            with self.turn():
                pass
        self.nodes.follow()
        if not self.nodes.busy:
            self.nodes.work()

    @contextmanager
    def ahead(self, lines: Sequence[SaidLine]) -> Iterator[Ahead]:
        """Run lines before this node has the head, as far as that goes. What others do in the block
        has its place before them.
        """
        turn = self.rules.turn(self.now_ms, self.clock)
        ahead = Ahead(turn, self.rules.line)
        left: list[SaidLine] = []
        for session, raw in lines:
            if session in dict(left) or not ahead.run(turn, session, raw):
                left.append((session, raw))
        ahead.set_aside()
        self._ahead = turn, ahead
        yield ahead
        with self.turn() as turn:
            self._ahead = None
            for session, raw in [*([] if ahead.holds else ahead.discard()), *left]:
                self.rules.line(turn, session, raw)
                self.rules.go_on(turn, session, lambda: True)

    def _new_turn(self) -> Turn:
        return self._ahead[0] if self._ahead is not None else super()._new_turn()

    def _store(self, turn: Turn) -> None:
        """As a node does."""
        stored: list[JournalEvent] = []

        def commit(events: Sequence[JournalEvent]) -> None:
            error = self.nodes.refuses(events)
            if error is not None:
                raise error
            stored.extend(events)

        failed = [] if self.nodes.full else [span for span, _ in store_spans(turn, commit)]
        turn.fail(failed, NOT_STORED)
        if failed:
            self.nodes.failed, self.nodes.in_order = True, False
        told = self.own.tell(turn, failed, self._found)
        self._found = []
        if self.nodes.full and (turn.events or told.there or told.gone):
            self.nodes.full, self._again = False, True
            self.nodes.failed, self.nodes.in_order = True, False
            turn.fail(turn.spans if turn.events else [], NOT_STORED)
            self.own.was_refused(turn)
        else:
            self._put(told.text, told.there, told.gone)
            self.nodes.stored.extend(stored)
            self.own.was_stored(turn)
        self.audits += turn.audits

    def _put(self, text: str | None, there: Sequence[Row], gone: Sequence[Key]) -> None:
        if text is not None:
            self.nodes.told.append(ToldTurn(self.epoch, text))
        self.nodes.rows.update({Key(*row[:2]): row for row in there})
        for key in gone:
            self.nodes.rows.pop(key, None)

    def follow(self) -> None:
        """Take up what the other nodes have done."""
        presence = self.own.presence  # first, as it begins with what is there
        while self._applied < len(self.nodes.told):
            epoch, text = self.nodes.told[self._applied]
            self._applied += 1
            if epoch != self.epoch:
                self._take_up(presence, text)
        if self._ahead is None:  # else it is handed on with the turn that is on
            self._hand_on()

    def _take_up(self, presence: Presence, text: str) -> None:
        body = read_body(text)
        if self._ahead is not None:
            self._ahead[1].look(body)
        found = [self._read(number) for number, _, _ in body.get("changes", ())]
        for changes, there in found:
            changes.know_accounts(there)
        turn = self.rules.turn(self.now_ms, self.clock)

        def administered(_: object) -> None:
            for changes, there in found:
                changes.follow(turn, there)

        following.take_up(turn, presence, body, administered)
        self._followed.append(turn)

    def _read(self, number: int) -> tuple[Changes, Sequence[Change]]:
        """What an administrator has changed, as this node finds it."""
        reader = self.nodes.administered[number](self)
        journal, requests = cast(Journal, None), cast(Requests, None)
        return Changes(self.rules, journal, reader, 0, requests), reader.changes(0)

    def _release(self, turn: Turn) -> None:
        self._hand_on(turn)

    def _hand_on(self, *own: Turn) -> None:
        """As the hub does: what others have done comes first, and all goes out together."""
        turns, self._followed = [*self._followed, *own], []
        for effects in together([turn.effects for turn in turns]):
            for io, found in deliveries(effects).items():
                for links, data in found:
                    for link in links:
                        assert isinstance(link, RulesLink)
                        assert link.session.io == io, "bytes for a link of another I/O thread"
                        link.take(data)
        for turn in turns:
            self.closings += [one for one in turn.closings if one.session.is_here]
            self.jobs += turn.jobs

    # The administrator

    def administers(self, changes: Callable[[NodeUnderTest], Reader]) -> None:
        """The administrator has changed something in the database, and this node is the one that
        takes it up. changes: what a node's reader finds then.
        """
        number = len(self.nodes.administered) + 1
        self.nodes.administered[number] = changes
        with self.turn() as turn:
            self._found = [(number, "", None)]
            take_changes(self.rules, turn, changes(self), 0)

    # Workers

    def answer(self, answer: Answer) -> None:
        """At the node that has asked."""
        node = node_of(answer.session)
        if node is self:
            super().answer(answer)
        else:
            node.answer(answer)

    @property
    def log(self) -> list[Logged]:
        """The log as it was stored, by whichever node."""
        return [event for event in self.nodes.stored if isinstance(event, Logged)]


def node_of(session: Session) -> NodeUnderTest:
    """The node that a session's connection is at."""
    assert isinstance(session.link, RulesLink)
    node = session.link._rules
    assert isinstance(node, NodeUnderTest)
    return node
