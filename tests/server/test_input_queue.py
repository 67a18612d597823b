"""Whose input is next: party after party, connection after connection, each one's in its order."""

from __future__ import annotations

import socket

import pytest

from securechat.core.model.entities import Account
from securechat.net.connection import Closed, Connection, Input, Lines, Opened, Phase
from securechat.net.throttle import Rate
from securechat.server.allowance import LINE_SECONDS, Allowance
from securechat.server.input_queue import MOST_UNSENT, UNSENT_SECONDS, FairInputQueue, count_lines


def somebody() -> Connection:
    sock = socket.socket()
    sock.close()
    return Connection(sock, "192.0.2.1", 4711, 0)


def said(connection: Connection, *lines: str) -> Lines:
    return Lines(connection, [line.encode() for line in lines])


def taken(inputs: FairInputQueue) -> list[bytes]:
    """The first line of each, to the end."""
    found = []
    while inputs:
        event = inputs.take()
        assert isinstance(event, Lines)
        found.append(event.lines[0])
    return found


def test_what_is_of_one_connection_stays_in_its_order() -> None:
    """Its beginning, its lines, its end."""
    inputs, one = FairInputQueue(), somebody()
    events: list[Input] = [Opened(one), said(one, "a"), said(one, "b"), Closed(one, "gone")]
    for event in events:
        inputs.add("alice", event)
    assert [inputs.take() for _ in events] == events
    assert not inputs


def test_each_party_has_its_turn() -> None:
    """The first to come is first; an account with more waits for the others between."""
    inputs, one, two = FairInputQueue(), somebody(), somebody()
    for text in ("a", "b", "c"):
        inputs.add("alice", said(one, text))
    inputs.add("bob", said(two, "A"))
    assert taken(inputs) == [b"a", b"A", b"b", b"c"]


def test_many_connections_are_one_party() -> None:
    """They share its turn among themselves."""
    inputs, other = FairInputQueue(), somebody()
    for number in range(3):
        crowd = somebody()
        inputs.add("alice", said(crowd, f"{number}"))
        inputs.add("alice", said(crowd, f"{number} again"))
    inputs.add("bob", said(other, "A"))
    inputs.add("bob", said(other, "B"))
    assert taken(inputs) == [b"0", b"A", b"1", b"B", b"2", b"0 again", b"1 again", b"2 again"]


def test_what_is_left_of_one_is_the_next_of_its_connection() -> None:
    """But not before another party's turn."""
    inputs, one, two = FairInputQueue(), somebody(), somebody()
    inputs.add("alice", said(one, "a", "b"))
    inputs.add("alice", said(one, "c"))
    inputs.add("bob", said(two, "A"))
    assert inputs.take() == said(one, "a", "b")
    inputs.put_back("alice", said(one, "b"))
    assert taken(inputs) == [b"A", b"b", b"c"]


def test_what_is_left_of_the_last_one_goes_on() -> None:
    """Also when nothing else of its connection waits."""
    inputs, one = FairInputQueue(), somebody()
    inputs.add("alice", said(one, "a", "b"))
    inputs.take()
    assert one not in inputs.inputs
    inputs.put_back("alice", said(one, "b"))
    assert one in inputs.inputs
    assert taken(inputs) == [b"b"]


def test_it_counts_its_lines() -> None:
    """Those that wait, and nothing else."""
    inputs, one = FairInputQueue(), somebody()
    inputs.add("alice", Opened(one))
    inputs.add("alice", said(one, "a", "b", "c"))
    assert inputs.lines == 3
    inputs.take()
    assert inputs.lines == 3
    inputs.take()
    assert inputs.lines == 0
    inputs.put_back("alice", said(one, "c"))
    assert inputs.lines == 1
    assert count_lines(Closed(one, "gone")) == 0


# --- what the accounts draw on -------------------------------------------------------------------


@pytest.fixture
def limited() -> FairInputQueue:
    """Of whose accounts each may say ten lines at once, and then two a second."""
    inputs = FairInputQueue(Allowance(Rate(lines=2.0, burst=10.0)))
    inputs.begin_turn(100.0)
    return inputs


def account(name: str) -> Account:
    return Account(len(name), name, name, name)


def test_who_has_said_much_comes_behind_those_who_have_not(limited: FairInputQueue) -> None:
    """However early it was there."""
    alice, bob, one, two = account("alice"), account("bob"), somebody(), somebody()
    limited.add(alice, said(one, "a"))
    limited.add(alice, said(one, "b"))
    limited.charge(alice, 6, 0.0)
    limited.add(bob, said(two, "A"))
    limited.add(bob, said(two, "B"))
    assert list(limited.fresh) == [bob]
    assert taken(limited) == [b"A", b"B", b"a", b"b"]


def test_who_has_used_up_everything_rests(limited: FairInputQueue) -> None:
    """What it says is not taken until it has earned it, and counts for nobody meanwhile."""
    alice, one = account("alice"), somebody()
    limited.add(alice, said(one, "a", "b"))
    limited.charge(alice, 12, 0.0)
    assert not limited
    assert one in limited.inputs
    assert limited.lines == 0
    limited.add(alice, said(one, "c"))
    assert not limited
    wait = limited.wait(100.0)
    limited.begin_turn(100.0 + wait - 0.1)
    assert not limited
    limited.begin_turn(100.0 + wait + 0.1)
    assert limited.lines == 3
    assert taken(limited) == [b"a", b"c"]


def test_a_new_connection_begins_with_what_is_left(limited: FairInputQueue) -> None:
    """Hanging up and coming again buys nothing."""
    alice = account("alice")
    limited.charge(alice, 12, 0.0)
    limited.add(alice, said(somebody(), "a"))
    assert not limited
    assert limited.lines == 0


def test_time_is_paid_for_as_lines_are(limited: FairInputQueue) -> None:
    """One line that takes the hub long costs as much as many."""
    alice = account("alice")
    limited.add(alice, said(somebody(), "a"))
    limited.charge(alice, 1, 20 * LINE_SECONDS)
    assert not limited


def test_no_more_is_taken_at_once_than_there_is(limited: FairInputQueue) -> None:
    """But always one, so that a line that costs more than everything is done in the end."""
    alice = account("alice")
    assert limited.affordable(alice, 40) == 10
    limited.charge(alice, 7, 0.0)
    assert limited.affordable(alice, 40) == 3
    limited.charge(alice, 7, 0.0)
    assert limited.affordable(alice, 40) == 1


def test_who_goes_while_it_rests_is_gone_at_once(limited: FairInputQueue) -> None:
    """What it had said beyond its rate doesn't count; the others of its account go on resting."""
    alice, one, two = account("alice"), somebody(), somebody()
    limited.add(alice, said(one, "a"))
    limited.add(alice, said(two, "b"))
    limited.charge(alice, 12, 0.0)
    limited.add(alice, Closed(one, "gone"))
    assert limited.take() == Closed(one, "gone")
    assert not limited
    assert two in limited.inputs


def test_what_is_put_off_counts_once(limited: FairInputQueue) -> None:
    """Though its account has used up everything meanwhile, and rests when it would go on."""
    alice, one = account("alice"), somebody()
    limited.add(alice, said(one, "a"))
    event = limited.take()
    limited.charge(alice, 12, 0.0)
    limited.put_back(alice, event, later=True)
    assert limited.lines == 1
    limited.go_on([one])
    assert limited.lines == 0
    limited.begin_turn(200.0)
    assert limited.lines == 1
    assert taken(limited) == [b"a"]


def test_the_end_of_the_server_ends_all_rest(limited: FairInputQueue) -> None:
    """What was accepted is done."""
    alice = account("alice")
    limited.add(alice, said(somebody(), "a"))
    limited.charge(alice, 12, 0.0)
    limited.end_rest()
    assert limited.lines == 1
    assert taken(limited) == [b"a"]
    limited.add(alice, said(somebody(), "b"))
    assert taken(limited) == [b"b"]


# --- long answers --------------------------------------------------------------------------------


def test_the_rest_of_an_answer_waits_for_the_next_turn() -> None:
    """And is then the first of its connection."""
    inputs, one, two = FairInputQueue(), somebody(), somebody()
    inputs.add("alice", said(one, "a"))
    inputs.add("alice", said(one, "b"))
    inputs.add("bob", said(two, "A"))
    inputs.take()
    inputs.put_back("alice", said(one, "rest"), later=True)
    assert taken(inputs) == [b"A"]
    assert one in inputs.inputs
    assert inputs.wait(0.0) <= UNSENT_SECONDS
    inputs.begin_turn(0.0)
    assert taken(inputs) == [b"rest", b"b"]


def test_an_answer_waits_for_who_takes_it() -> None:
    """Until what was sent before has been written, or nobody is there any more."""
    inputs, one = FairInputQueue(), somebody()
    one.out_bytes = MOST_UNSENT
    inputs.put_back("alice", said(one, "rest"), later=True)
    inputs.begin_turn(0.0)
    assert not inputs
    one.out_bytes = MOST_UNSENT - 1
    inputs.begin_turn(0.0)
    assert taken(inputs) == [b"rest"]
    one.out_bytes = MOST_UNSENT
    inputs.put_back("alice", said(one, "rest"), later=True)
    one.phase = Phase.CLOSED
    inputs.begin_turn(0.0)
    assert taken(inputs) == [b"rest"]


def test_lines_behind_an_answer_are_counted_once(limited: FairInputQueue) -> None:
    """Whether their account rests meanwhile or not."""
    alice, one = account("alice"), somebody()
    limited.add(alice, said(one, "a"))
    limited.add(alice, said(one, "b"))
    limited.take()
    limited.put_back(alice, said(one), later=True)
    assert limited.lines == 1
    limited.add(alice, said(somebody(), "c"))
    limited.charge(alice, 12, 0.0)
    assert limited.lines == 0
    limited.begin_turn(101.0)
    assert limited.lines == 0
    limited.begin_turn(110.0)
    assert limited.lines == 2
    while limited:
        limited.take()
    assert limited.lines == 0
