"""What is run before a node has the head, what waits for it, and in which order all is done."""

from __future__ import annotations

import random
import socket
from itertools import chain

import pytest

from securechat.core.channels import channels
from securechat.core.dispatch import REPLIES_AT_ONCE
from securechat.core.journal.events.channels import Logged
from securechat.core.nodes.ahead import Ahead
from securechat.core.turn import Turn
from securechat.irc.names import channel_name
from securechat.net.connection import Closed, Connection, Lines
from securechat.net.throttle import DEFAULT_RATE, Rate
from securechat.server.allowance import Allowance
from securechat.server.inbox import Inbox
from securechat.server.input_queue import TIME_SLICES, TimeSlices
from securechat.server.input_runner import InputRunner
from tests.support.links import PATIENCE
from tests.support.rules import in_channel

NO_TIME = TimeSlices(0.0, 0.0, 0.0, PATIENCE, busy=0.0)
AMPLE = TIME_SLICES._replace(authenticated=PATIENCE, per_account=PATIENCE)
"""One input at least is taken in any case."""


class Runner:
    """The runner of a node, and three people in #den who are connected to it."""

    def __init__(self, slices: TimeSlices = AMPLE, rate: Rate = DEFAULT_RATE) -> None:
        names = "alice", "bob", "carol"
        self.rules, people = in_channel(*names)
        self.inbox = Inbox(Allowance(rate))
        self.runner = InputRunner(self.rules.rules, self.inbox, slices)
        self.connections: dict[str, Connection] = {}
        people.append(self.rules.member("alice"))
        for name, person in zip((*names, "alice too"), people, strict=True):
            sock = socket.socket()
            sock.close()
            self.connections[name] = connection = Connection(sock, "192.0.2.1", 4711, 0)
            connection.owner = person.session

    def says(self, name: str, *lines: str) -> None:
        """It has come, and waits for the hub."""
        said = Lines(self.connections[name], [line.encode() for line in lines])
        self.inbox.put_inputs([said])
        self.inbox.gather(0.0)

    def begins(self) -> tuple[Turn, Ahead | None]:
        """A turn, up to where it needs the head."""
        turn = self.rules.rules.turn(self.rules.now_ms, self.rules.clock)
        self.runner.begin(turn)
        return turn, self.runner.run_ahead(turn)

    def has_head(self, turn: Turn, ahead: Ahead | None, *, holds: bool = True) -> list[str]:
        """The turn goes on. holds: whether what was run is still right. What is logged."""
        if ahead is not None:
            ahead.holds = holds
            if holds:
                ahead.apply(self.rules.now_ms)
        self.runner.run(turn, ahead)
        return logged(turn)

    def turn(self, *, holds: bool = True) -> list[str]:
        """A whole one."""
        return self.has_head(*self.begins(), holds=holds)

    def some_turn(self, chance: random.Random) -> list[str]:
        """One that can't begin, or in which what was run doesn't hold, or does."""
        self.rules.clock += chance.random()
        turn, ahead = self.begins()
        if chance.random() < 0.2:
            self.runner.put_off(ahead)
            return []
        return self.has_head(turn, ahead, holds=chance.random() < 0.6)

    @property
    def is_done(self) -> bool:
        """Whether all that has come is done."""
        return not (self.inbox.authenticated.holds_any or self.runner.has_lines)


def logged(turn: Turn) -> list[str]:
    """What a turn stores, in its order."""
    return [event.text for event in turn.events if isinstance(event, Logged)]


@pytest.fixture
def node() -> Runner:
    return Runner()


def test_messages_need_no_head(node: Runner) -> None:
    """What they change is not in the model before it is there."""
    before, channel = node.rules.model.last_seq, node.rules.channel("#den")
    newest = channel.last_seq
    node.says("alice", "PRIVMSG #den :one", "PRIVMSG #den :two")
    turn, ahead = node.begins()
    assert logged(turn) == ["one", "two"]
    assert (node.rules.model.last_seq, channel.last_seq) == (before, newest)
    assert node.has_head(turn, ahead) == ["one", "two"]
    assert node.rules.model.last_seq == before + 2


def test_all_else_waits_for_it(node: Runner) -> None:
    """And what the same connection has said with it. What came later is for the next turn."""
    node.says("alice", "PRIVMSG #den :one", "TOPIC #den :tea", "PRIVMSG #den :two")
    node.says("alice", "PRIVMSG #den :three")
    node.says("bob", "PRIVMSG #den :of bob")
    turn, ahead = node.begins()
    assert logged(turn) == ["one", "of bob"]
    assert node.has_head(turn, ahead) == ["one", "of bob", "tea", "two"]
    assert node.turn() == ["three"]


def test_an_end_waits_for_it(node: Runner) -> None:
    """Others have to be told of it, whatever becomes of the turn."""
    gone = node.connections["carol"]
    session = gone.owner
    node.says("carol", "PRIVMSG #den :bye")
    node.inbox.put_inputs([Closed(gone, "gone")])
    node.inbox.gather(0.0)
    _, ahead = node.begins()
    assert session in node.rules.model.sessions
    node.runner.put_off(ahead)
    node.turn()
    assert session not in node.rules.model.sessions


def test_a_long_answer_waits_for_it() -> None:
    """Nothing of it is lost with a turn that can't begin."""
    node, number = Runner(AMPLE._replace(per_account=0.0)), 3 * REPLIES_AT_ONCE
    with node.rules.turn() as turn:
        for at in range(number):
            channels.create(turn, channel_name(f"#{at}"), None)
    node.says("alice", "LIST")
    told = []
    for at in range(12):
        turn, ahead = node.begins()
        if at % 2:
            node.runner.put_off(ahead)
        else:
            node.has_head(turn, ahead, holds=at % 4 == 0)
            told += [effect for effect in turn.effects if " 322 " in effect.line.body]
    assert len(told) == number + 1  # and #den


def test_what_does_not_hold_is_run_again(node: Runner) -> None:
    """First, and in its order."""
    node.says("alice", "PRIVMSG #den :one", "TOPIC #den :tea")
    node.says("bob", "PRIVMSG #den :two")
    assert node.turn(holds=False) == ["one", "two", "tea"]


def test_what_could_not_begin_waits_for_the_next_turn(node: Runner) -> None:
    """The database can't be reached for a while."""
    node.says("alice", "PRIVMSG #den :one", "TOPIC #den :tea")
    for _ in range(2):
        turn, ahead = node.begins()
        node.runner.put_off(ahead)
        assert not logged(turn)
        assert node.runner.has_lines
    node.says("alice", "PRIVMSG #den :two")
    assert node.turn() == ["one", "tea", "two"]
    assert not node.runner.has_lines


def test_who_waits_for_the_head_comes_first_when_it_is_there() -> None:
    """Also where messages take all the time that there is."""
    node = Runner(NO_TIME)
    node.says("alice", "TOPIC #den :tea")
    for _ in range(3):
        node.says("bob", "PRIVMSG #den :b")
        node.says("carol", "PRIVMSG #den :c")
    found = [node.turn() for _ in range(8)]
    assert "tea" in found[0]
    assert sorted(chain(*found)) == ["b", "b", "b", "c", "c", "c", "tea"]


def test_who_waits_for_the_head_longest_comes_first() -> None:
    """Else who says something anew would overtake them, where there is no time for all."""
    node = Runner(NO_TIME._replace(authenticated=PATIENCE))
    node.says("alice", "MODE #den -t")
    node.turn()
    for name in ("alice", "bob", "carol"):
        node.says(name, f"TOPIC #den :of {name}")
    found = []
    for number in range(4):
        turn, ahead = node.begins()
        node.runner._left = 0.0  # messages have taken all the time
        found += node.has_head(turn, ahead)
        node.says("alice", f"TOPIC #den :again {number}")
    assert found == ["of alice", "of bob", "of carol", "again 0"]


@pytest.mark.parametrize("slices", [AMPLE, NO_TIME])
@pytest.mark.parametrize("rate", [Rate(1000.0, 1000.0), Rate(10.0, 8.0)])
@pytest.mark.parametrize("seed", range(8))
def test_what_each_says_stays_in_its_order(slices: TimeSlices, rate: Rate, seed: int) -> None:
    """Whatever becomes of the turns in which it is run: nothing is lost, and nothing done twice."""
    node, chance = Runner(slices, rate), random.Random(seed)
    node.rules.member("alice").says("MODE #den -t")
    said, found = dict.fromkeys(node.connections, 0), list[str]()
    for _ in range(30):
        for name in chance.choices([*said], k=chance.randrange(4)):
            for _ in range(chance.randrange(1, 6)):
                what = chance.choice(("PRIVMSG #den", "NOTICE #den", "TOPIC #den", "PRIVMSG carol"))
                node.says(name, f"{what} :{name}: {said[name]}")
                said[name] += 1
        found += node.some_turn(chance)
    for _ in range(2000):
        if node.is_done:
            break
        found += node.some_turn(chance)
    for name, number in said.items():
        of_one = [text for text in found if text.startswith(f"{name}:")]
        assert of_one == [f"{name}: {at}" for at in range(number)]


def test_messages_may_be_left_to_the_next_turn(node: Runner) -> None:
    """Where something else is due, that would else have to hold the head for them."""
    node.says("alice", "PRIVMSG #den :one")
    turn = node.rules.rules.turn(node.rules.now_ms, node.rules.clock)
    node.runner.begin(turn)
    node.runner.run(turn, messages=False)
    assert not logged(turn)
    assert node.turn() == ["one"]


def test_a_bug_costs_one_session(node: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether it comes up before the turn has the head, or when lines are run again; also where the
    turn can't begin, and nothing that it has closed would be.
    """
    line = node.rules.rules.line

    def fails(turn: Turn, session: object, raw: bytes) -> None:
        if raw.endswith(b"bug"):
            raise ZeroDivisionError
        line(turn, session, raw)  # type: ignore[arg-type]

    monkeypatch.setattr(node.rules.rules, "line", fails)
    node.says("alice", "PRIVMSG #den :bug")
    node.says("bob", "PRIVMSG #den :fine")
    turn, ahead = node.begins()
    node.runner.put_off(ahead)
    turn, ahead = node.begins()
    assert node.has_head(turn, ahead) == ["fine"]
    assert [one.reason for one in turn.closings]
