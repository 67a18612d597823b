"""What happens to connections: who comes first, who goes, who gets less room, how they begin."""

from __future__ import annotations

import contextlib
import logging
import ssl
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import pytest

from securechat.common.cpu_meter import CpuMeter
from securechat.net import driver, loop, transport
from securechat.net.connection import ENDED, Connection, Lines, Opened, Phase
from securechat.net.driver import NO_ROOM
from securechat.net.errors import CheckedError, LostError
from securechat.net.opening import TlsOpening
from securechat.net.poller import READ, WRITE
from securechat.net.throttle import Rate
from securechat.net.transport import CLOSED_BY_CLIENT, Heard
from tests.net.io_under_test import FREELY, PATIENCE, IoUnderTest, at, io_under_test


@pytest.fixture
def io(server: ssl.SSLContext, trusting: ssl.SSLContext) -> Iterator[IoUnderTest]:
    """An I/O thread that lets everybody speak as fast as they can."""
    with io_under_test(server, trusting) as opened:
        yield opened


def test_a_member_is_attended_to_before_the_unauthenticated(io: IoUnderTest) -> None:
    """However early they were ready."""
    newcomer, member = io.visit(), io.visit()
    io.thread.mark_authenticated(member.connection)
    io.settles(member)
    with io.held():
        newcomer.says("me first")
        member.says("no, me")
    assert io.next() == Lines(member.connection, [b"no, me"])
    assert io.next() == Lines(newcomer.connection, [b"me first"])


def test_a_crowd_of_unauthenticated_connections_is_attended_to_bit_by_bit(
    io: IoUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A member who speaks meanwhile waits for one of them, not for all."""
    monkeypatch.setattr(loop, "UNAUTHENTICATED_SECONDS", 0.0)
    crowd, member = [io.visit() for _ in range(5)], io.visit()
    io.thread.mark_authenticated(member.connection)
    io.settles(member)

    def speak_up(connection: Connection, line: bytes) -> None:
        if line == b"crowd":
            member.says("and me")

    io.on_line = speak_up
    with io.held():
        io.on_line = speak_up
        for newcomer in crowd:
            newcomer.says("crowd")
    heard = [item.lines for item in (io.next() for _ in range(10)) if isinstance(item, Lines)]
    assert heard == [[b"crowd"], [b"and me"]] * 5


def test_the_unauthenticated_wait_while_the_hub_is_behind(io: IoUnderTest) -> None:
    """Members are read on; and when it has caught up, nothing is lost."""
    newcomer, member = io.visit(), io.visit()
    io.thread.mark_authenticated(member.connection)
    io.settles(member)
    early, raw = io.knocks()
    io.settles(newcomer)
    io.behind = True
    raw.sendall(b"\x16\x03\x01")
    newcomer.says("whenever you like")
    for _ in range(3):
        io.settles(member)
    assert (early.phase, early.interest) == (Phase.RAW, 0)  # not looked at again and again
    io.behind = False
    assert io.next() == Lines(newcomer.connection, [b"whenever you like"])


def test_no_more_is_handed_on_than_may_be_said_at_once(
    server: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    """However fast the rate, who asks for what takes long fills no queue with it."""
    with io_under_test(server, trusting, at(Rate(lines=1e6, burst=10))) as io:
        visit = io.visit()
        io.keeps_up = False
        visit.says(*(f"{number}" for number in range(100)))
        assert len(io.lines(visit, 10)) == 10
        io.settles(io.visit())
        assert visit.connection.handed == 10
        visit.connection.done += 5
        assert io.lines(visit, 5) == [b"10", b"11", b"12", b"13", b"14"]
        io.keeps_up = True
        visit.connection.done += 10
        assert io.lines(visit, 85)[-1] == b"99"


def test_another_rate_is_for_those_too_who_wait(
    server: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    """Who was too fast for the old one, which would have been hours, goes on at once."""
    with io_under_test(server, trusting, at(Rate(lines=0.001, burst=10))) as io:
        visit = io.visit()
        io.thread.mark_authenticated(visit.connection)
        io.settles(visit)
        visit.says(*(f"{number}" for number in range(30)))
        assert io.lines(visit, 9)[-1] == b"8"  # one was said to see that all is settled
        io.thread.take_limits(at(Rate(lines=1000.0, burst=100)))
        assert io.lines(visit, 21)[-1] == b"29"


def test_who_is_authenticated_is_told_of(io: IoUnderTest) -> None:
    """Once, for the count of the unauthenticated."""
    visit = io.visit()
    assert not visit.connection.authenticated
    io.thread.mark_authenticated(visit.connection)
    io.settles(visit)
    assert io.authenticated == [visit.connection]
    assert visit.connection.authenticated


def test_an_unauthenticated_connection_that_makes_room_is_told(io: IoUnderTest) -> None:
    """One line, then the end, at once."""
    visit, other = io.visit(), io.visit()
    io.thread.make_room(visit.connection)
    assert visit.hears(len(NO_ROOM)) == NO_ROOM
    assert io.end(visit) == "made room for a newer one, as it had not logged in"
    assert io.released.get(timeout=PATIENCE) is visit.connection
    io.settles(other)


def test_a_half_open_connection_makes_room_without_a_word(
    io: IoUnderTest, caplog: pytest.LogCaptureFixture
) -> None:
    """It would not understand one."""
    caplog.set_level(logging.INFO)
    connection, raw = io.knocks()
    raw.sendall(b"\x16\x03\x01")
    io.thread.make_room(connection)
    assert io.released.get(timeout=PATIENCE) is connection
    with contextlib.suppress(ConnectionResetError):  # what it said was never read
        assert raw.recv(100) == b""
    assert "too many connections that have not logged in" in caplog.text
    assert io.inputs.empty()


def test_who_logged_in_just_now_makes_room_for_nobody(io: IoUnderTest) -> None:
    """The count was made a moment before."""
    visit = io.visit()
    io.thread.mark_authenticated(visit.connection)
    io.thread.make_room(visit.connection)
    io.settles(visit)


def test_each_gets_its_part_of_a_turn_in_one_write(io: IoUnderTest) -> None:
    """One TLS record, however many deliveries it is in."""
    one, two, three = io.visit(), io.visit(), io.visit()
    io.thread.deliver(
        [
            ([one.connection, two.connection], b"a\r\n"),
            ([one.connection], b"b\r\n"),
            ([three.connection], b"c\r\n"),
        ]
    )
    assert [visit.client.recv(100) for visit in (one, two, three)] == [
        b"a\r\nb\r\n",
        b"a\r\n",
        b"c\r\n",
    ]


def test_the_unauthenticated_have_less_room_for_what_they_don_t_read(
    server: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    """A member has all of it."""
    limits = replace(at(FREELY), out_bytes=1 << 20, unauthenticated_out_bytes=1 << 16)
    with io_under_test(server, trusting, limits) as io:
        newcomer, member = io.visit(small=True), io.visit(small=True)
        io.thread.mark_authenticated(member.connection)
        part = [([member.connection, newcomer.connection], b"x" * 50_000)]
        for _ in range(6):
            io.thread.deliver(part)
        assert io.end(newcomer).startswith("reads too slowly")
        assert member.hears(300_000) == b"x" * 300_000
        io.settles(member)


def test_who_takes_none_of_tls_s_answers_is_left_alone_for_a_while(
    io: IoUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TLS reads nothing before it has said what it has to, and to try at once, again and again,
    would keep the thread busy.
    """
    monkeypatch.setattr(driver, "STUCK_SECONDS", 1000.0)
    visit, other = io.visit(), io.visit()
    tries: list[Connection] = []
    receive = transport.receive

    def stuck(connection: Connection, *, freely: bool = True) -> Heard:
        if connection is visit.connection:
            tries.append(connection)
            if len(tries) == 1:
                return Heard(b"", stuck=True)
        return receive(connection, freely=freely)

    monkeypatch.setattr(transport, "receive", stuck)
    visit.says("hello")
    for _ in range(3):
        io.settles(other)
    assert len(tries) == 1
    io.thread.mark_authenticated(visit.connection)  # which looks at once whether there is more
    assert io.lines(visit, 1) == [b"hello"]


def test_what_takes_long_to_read_is_paid_for(
    server: ssl.SSLContext, trusting: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However few lines it is: the time of the thread is everybody's."""
    with io_under_test(server, trusting, at(Rate(lines=0.001, burst=10))) as io:
        visit, other = io.visit(), io.visit()
        io.settles(visit)
        io.settles(other)
        assert visit.connection.interest & READ
        monkeypatch.setattr(CpuMeter, "seconds", lambda meter, began: 1.0)
        io.settles(visit)
        monkeypatch.undo()
        io.settles(other)
        assert not visit.connection.interest & READ
        assert other.connection.interest & READ


# --- what a listener names -----------------------------------------------------------------------


class Whole:
    """A framing that takes what comes at once for a line."""

    has_line = False
    weight = 1
    answer = farewell = b""
    ended = ""

    def feed(self, data: bytes, most: int = -1) -> list[bytes]:
        return [data] if data else []

    @property
    def join(self) -> Callable[[Iterable[bytes]], bytes]:
        return in_brackets


def in_brackets(lines: Iterable[bytes]) -> bytes:
    return b"".join(b"[" + line.rstrip() + b"]" for line in lines)


class Upgrading(TlsOpening):
    """Asks for a word behind TLS, before the first line."""

    def step(self, connection: Connection) -> int:
        wanted = super().step(connection)
        if wanted:
            return wanted
        try:
            word = connection.sock.recv(100)
        except ssl.SSLWantReadError:
            return READ
        if word != b"upgrade":
            raise LostError("said another word")
        return 0


def test_the_listener_names_the_framing(io: IoUnderTest) -> None:
    """Lines are one of several."""
    io.opening.framing = Whole
    visit = io.visit()
    visit.client.sendall(b"no end of line")
    assert io.next() == Lines(visit.connection, [b"no end of line"])
    assert visit.connection.join([b"one\r\n", b"two\r\n"]) == b"[one][two]"


@pytest.mark.parametrize("word", [b"upgrade", b"anything"])
def test_the_listener_names_what_comes_before_the_first_line(
    io: IoUnderTest, server: ssl.SSLContext, trusting: ssl.SSLContext, word: bytes
) -> None:
    """TLS is a part of it, and something may come behind it."""
    io.opening = Upgrading(server)
    connection, raw = io.knocks()
    with trusting.wrap_socket(raw, server_hostname="localhost") as client:
        client.sendall(word)
        if word == b"upgrade":
            assert io.next() == Opened(connection)
            client.sendall(b"a line\r\n")
            assert io.next() == Lines(connection, [b"a line"])
        else:
            assert io.released.get(timeout=PATIENCE) is connection


class Answering(Whole):
    """Answers each piece with itself, and ends at "bye"."""

    farewell = b"(end)"

    def feed(self, data: bytes, most: int = -1) -> list[bytes]:
        self.answer = data
        self.ended = CLOSED_BY_CLIENT if data == b"bye" else ""
        return [data] if data else []


def test_a_framing_may_answer_and_end(io: IoUnderTest) -> None:
    """In order: what it answers, its farewell, the end of TLS; what was said last counts."""
    io.opening.framing = Answering
    visit = io.visit()
    visit.client.sendall(b"hello")
    assert io.next() == Lines(visit.connection, [b"hello"])
    assert visit.hears(5) == b"hello"
    visit.client.sendall(b"bye")
    assert io.next() == Lines(visit.connection, [b"bye"])
    assert visit.hears_the_end() == b"bye(end)"
    visit.client.close()
    assert io.end(visit) == CLOSED_BY_CLIENT


def test_what_comes_after_an_end_in_order_was_not_taken(io: IoUnderTest) -> None:
    """Though the socket goes on for a moment, until the peer has ended it too."""
    other = io.visit()
    io.opening.framing = Answering
    visit = io.visit()
    io.thread.deliver([((visit.connection,), b"before")])
    assert visit.hears(6) == b"before"
    visit.client.sendall(b"bye")
    assert io.next() == Lines(visit.connection, [b"bye"])
    assert visit.hears_the_end() == b"bye(end)"
    io.thread.deliver([((visit.connection,), b"after")])
    io.settles(other)
    visit.client.close()
    assert io.end(visit) == CLOSED_BY_CLIENT
    assert visit.connection.obeyed == 1
    assert not io.thread.has_written(visit.connection)


def test_the_farewell_is_the_last_that_is_said(io: IoUnderTest) -> None:
    """Behind what was delivered before."""
    io.opening.framing = Answering
    visit = io.visit()
    io.thread.deliver([((visit.connection,), b"one more thing")])
    io.thread.close([(visit.connection, "enough")])
    assert visit.hears_the_end() == b"one more thing(end)"
    visit.client.close()
    assert io.end(visit) == "enough"


class Serving(TlsOpening):
    """Answers each byte behind TLS by itself, and is at its end with "."."""

    def __init__(self, context: ssl.SSLContext, seconds: float) -> None:
        super().__init__(context)
        self.seconds = seconds
        self.renewals: list[bytes] = []

    def step(self, connection: Connection) -> int:
        if wanted := super().step(connection):
            return wanted
        try:
            word = connection.sock.recv(1)
        except ssl.SSLWantReadError:
            return READ
        connection.sock.send(word)
        self.renewed = True
        self.renewals.append(word)
        return ENDED if word == b"." else WRITE

    def too_late(self) -> LostError:
        return CheckedError("served")


def test_an_opening_may_have_the_last_word(
    io: IoUnderTest, server: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    """Then the connection ends in order, and nobody hears of it but who counts connections."""
    io.opening = Serving(server, 20.0)
    connection, raw = io.knocks()
    with trusting.wrap_socket(raw, server_hostname="localhost") as client:
        client.sendall(b"ab.")
        said = b""
        while piece := client.recv(10):
            said += piece
        assert said == b"ab."
    assert io.released.get(timeout=PATIENCE) is connection
    assert io.inputs.empty()
    assert io.thread.driver.refused == 0


def test_an_opening_that_has_done_something_has_its_time_anew(
    io: IoUnderTest,
    server: ssl.SSLContext,
    trusting: ssl.SSLContext,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """From each renewal; at its end it says why, quietly for what is no fault."""
    given: list[float] = []
    set_timer = io.thread.driver._set_timer

    def timed(connection: Connection, seconds: float) -> None:
        given.append(seconds)
        set_timer(connection, seconds if len(given) < 3 else 0.0)

    monkeypatch.setattr(io.thread.driver, "_set_timer", timed)
    caplog.set_level(logging.DEBUG)
    io.opening = Serving(server, 19.0)
    connection, raw = io.knocks()
    with trusting.wrap_socket(raw, server_hostname="localhost") as client:
        client.sendall(b"a")
        assert client.recv(10) == b"a"
        client.sendall(b"b")
        assert io.released.get(timeout=PATIENCE) is connection
    assert given == [19.0, 19.0, 19.0]
    assert f"ended 127.0.0.1 port {connection.port}: served" in caplog.messages
    assert io.thread.driver.refused == 0
