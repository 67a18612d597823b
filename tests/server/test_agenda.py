"""Whose input is next: party after party, connection after connection, each one's in its order."""

from __future__ import annotations

import socket

from securechat.net.connection import Closed, Connection, Input, Lines, Opened
from securechat.server.agenda import Agenda, count_lines


def somebody() -> Connection:
    sock = socket.socket()
    sock.close()
    return Connection(sock, "192.0.2.1", 4711, 0)


def said(connection: Connection, *lines: str) -> Lines:
    return Lines(connection, [line.encode() for line in lines])


def taken(agenda: Agenda) -> list[bytes]:
    """The first line of each, to the end."""
    found = []
    while agenda:
        event = agenda.take()
        assert isinstance(event, Lines)
        found.append(event.lines[0])
    return found


def test_what_is_of_one_connection_stays_in_its_order() -> None:
    """Its beginning, its lines, its end."""
    agenda, one = Agenda(), somebody()
    events: list[Input] = [Opened(one), said(one, "a"), said(one, "b"), Closed(one, "gone")]
    for event in events:
        agenda.add("alice", event)
    assert [agenda.take() for _ in events] == events
    assert not agenda


def test_each_party_has_its_turn() -> None:
    """Who came first is first; who has more waits for the others between."""
    agenda, one, two = Agenda(), somebody(), somebody()
    for text in ("a", "b", "c"):
        agenda.add("alice", said(one, text))
    agenda.add("bob", said(two, "A"))
    assert taken(agenda) == [b"a", b"A", b"b", b"c"]


def test_many_connections_are_one_party() -> None:
    """They share its turn among themselves."""
    agenda, other = Agenda(), somebody()
    for number in range(3):
        crowd = somebody()
        agenda.add("alice", said(crowd, f"{number}"))
        agenda.add("alice", said(crowd, f"{number} again"))
    agenda.add("bob", said(other, "A"))
    agenda.add("bob", said(other, "B"))
    assert taken(agenda) == [b"0", b"A", b"1", b"B", b"2", b"0 again", b"1 again", b"2 again"]


def test_what_is_left_of_one_is_the_next_of_its_connection() -> None:
    """But not before another party's turn."""
    agenda, one, two = Agenda(), somebody(), somebody()
    agenda.add("alice", said(one, "a", "b"))
    agenda.add("alice", said(one, "c"))
    agenda.add("bob", said(two, "A"))
    assert agenda.take() == said(one, "a", "b")
    agenda.put_back("alice", said(one, "b"))
    assert taken(agenda) == [b"A", b"b", b"c"]


def test_what_is_left_of_the_last_one_goes_on() -> None:
    """Also when nothing else of its connection waits."""
    agenda, one = Agenda(), somebody()
    agenda.add("alice", said(one, "a", "b"))
    agenda.take()
    assert one not in agenda
    agenda.put_back("alice", said(one, "b"))
    assert one in agenda
    assert taken(agenda) == [b"b"]


def test_it_counts_its_lines() -> None:
    """Those that wait, and nothing else."""
    agenda, one = Agenda(), somebody()
    agenda.add("alice", Opened(one))
    agenda.add("alice", said(one, "a", "b", "c"))
    assert agenda.lines == 3
    agenda.take()
    assert agenda.lines == 3
    agenda.take()
    assert agenda.lines == 0
    agenda.put_back("alice", said(one, "c"))
    assert agenda.lines == 1
    assert count_lines(Closed(one, "gone")) == 0
