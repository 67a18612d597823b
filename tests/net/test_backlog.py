"""Whose output waits: who may stay, and who must go."""

from __future__ import annotations

import socket

import pytest

from securechat.net.backlog import Backlog
from securechat.net.connection import Connection
from securechat.net.throttle import MOST_FACTOR, IoLimits

KIB = 1024
LIMITS = IoLimits(
    out_bytes=100 * KIB,
    slow_rate=KIB,
    slow_seconds=10.0,
    all_out_bytes=2000 * KIB,
    unauthenticated_out_bytes=10 * KIB,
)


class Waiting:
    """A backlog, and how much each connection in it has taken."""

    def __init__(self) -> None:
        self.taken: dict[Connection, int] = {}
        self.backlog = Backlog(LIMITS, lambda connection: self.taken[connection])

    def one(self, kib: float, now: float = 0.0, *, authenticated: bool = True) -> Connection:
        """Somebody for whom so much waits since then."""
        connection = Connection(socket.socket(), "192.0.2.1", len(self.taken), 0)
        connection.sock.close()
        connection.authenticated = authenticated
        connection.out_bytes = int(kib * KIB)
        self.taken[connection] = 0
        self.backlog.add(connection, now)
        return connection

    def takes(self, connection: Connection, kib: float) -> None:
        self.taken[connection] += int(kib * KIB)
        connection.out_bytes -= int(kib * KIB)

    def looks(self, now: float) -> tuple[list[Connection], list[Connection]]:
        """The connections that must go by then, and those that have shown that they are alive."""
        seen = list(self.backlog.look(now))
        return [c for c, verdict in seen if verdict], [c for c, verdict in seen if not verdict]

    def gone(self, now: float = 0.0) -> list[Connection]:
        """Who must go at once."""
        return [verdict.connection for verdict in self.backlog.overfull(now)]


@pytest.fixture
def waiting() -> Waiting:
    return Waiting()


def test_who_takes_enough_may_have_more_than_the_bound(waiting: Waiting) -> None:
    """However long it takes; it shows each time that it is alive."""
    reader = waiting.one(700)
    for now in range(10, 400, 10):
        assert waiting.gone(now - 5.0) == []
        waiting.takes(reader, 10)
        assert waiting.looks(now) == ([], [reader])
    assert reader.out_bytes == 310 * KIB


def test_who_takes_too_little_is_closed_after_some_seconds(waiting: Waiting) -> None:
    """Past the bound; the log says how much it left."""
    reader = waiting.one(101)
    waiting.takes(reader, 0.5)
    assert waiting.looks(9.9) == ([], [])
    [(connection, verdict)] = waiting.backlog.look(10.0)
    assert connection is reader
    assert verdict is not None
    assert verdict.reason == "reads too slowly: 102912 bytes unsent"
    assert reader not in waiting.backlog


def test_within_the_bound_nobody_is_closed(waiting: Waiting) -> None:
    """A connection that takes nothing at all is found dead by the hub, as no sign of life comes."""
    reader = waiting.one(100)
    for now in (10.0, 20.0, 30.0):
        assert waiting.looks(now) == ([], [])
    assert reader in waiting.backlog


def test_who_stops_in_the_middle_is_closed(waiting: Waiting) -> None:
    """What it took before doesn't help."""
    reader = waiting.one(500)
    waiting.takes(reader, 300)
    assert waiting.looks(10.0) == ([], [reader])
    assert waiting.looks(20.0) == ([reader], [])


def test_nobody_may_exceed_a_multiple(waiting: Waiting) -> None:
    """However well it reads: memory is not the reader's."""
    most = 100 * MOST_FACTOR
    reader, other = waiting.one(most), waiting.one(20)
    waiting.takes(reader, 50)
    assert waiting.gone(1.0) == []
    reader.out_bytes = most * KIB + 1
    assert waiting.gone(1.0) == [reader]
    assert other in waiting.backlog


def test_the_unauthenticated_have_their_bound_and_no_more(waiting: Waiting) -> None:
    """Its answers are short."""
    newcomer = waiting.one(11, authenticated=False)
    assert waiting.gone() == [newcomer]


def test_when_all_have_too_much_the_slowest_go(waiting: Waiting) -> None:
    """Measured by how long they would take for what waits for them; an eighth is made free."""
    stuck = [waiting.one(90 + number / 10) for number in range(20)]
    assert waiting.gone(9.0) == []
    reader = waiting.one(700)  # 2500 in all
    waiting.takes(reader, 200)  # 2300 now, at 100 a second
    assert waiting.gone(10.0) == stuck[::-1][:7]
    assert sum(c.out_bytes for c in waiting.backlog._marks) <= LIMITS.all_out_bytes * 7 / 8
    assert waiting.gone(10.0) == []


def test_of_two_as_slow_the_one_with_more_goes(waiting: Waiting) -> None:
    """It would take longer."""
    for _ in range(2):
        waiting.one(700)
    most = waiting.one(750)
    assert waiting.gone(5.0) == [most]


def test_who_has_just_been_looked_at_counts_as_before(waiting: Waiting) -> None:
    """A new mark is no reason to be taken for one who takes nothing."""
    reader = waiting.one(790)
    waiting.takes(reader, 100)
    assert waiting.looks(10.0) == ([], [reader])
    waiting.one(700, 9.0)
    stuck = waiting.one(710, 9.0)
    assert waiting.gone(10.0) == [stuck]


def test_who_has_taken_all_is_forgotten(waiting: Waiting) -> None:
    """Nobody is looked at whose output doesn't wait."""
    reader = waiting.one(200)
    assert waiting.backlog.next_look == 10.0
    waiting.backlog.discard(reader)
    waiting.backlog.discard(reader)
    assert not waiting.backlog
    assert waiting.backlog.next_look == float("inf")
    assert waiting.looks(1000.0) == ([], [])


def test_a_reader_of_last_words_is_judged_anew(waiting: Waiting) -> None:
    """From its close on; the question itself is the next mark."""
    reader = waiting.one(50)
    waiting.backlog.add(reader, 8.0)
    waiting.takes(reader, 5)
    assert waiting.backlog.goes_on(reader, 13.0)
    assert not waiting.backlog.goes_on(reader, 18.0)
    waiting.backlog.discard(reader)
    assert not waiting.backlog.goes_on(reader, 20.0)
