"""The I/O thread over real TLS: handshakes, reading, writing, ending."""

from __future__ import annotations

import contextlib
import logging
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from securechat.irc.framing import TOO_LONG
from securechat.net import driver
from securechat.net.connection import Closed, Connection, Lines, Opened, Phase, Taken
from securechat.net.driver import ConnectionDriver
from securechat.net.opening import TLS_ONLY
from securechat.net.poller import READ, WRITE
from securechat.net.throttle import IoLimits, Rate
from securechat.net.transport import MAX_READ, MAX_RECORDS
from tests.net.io_under_test import FREELY, PATIENCE, IoUnderTest, Visit, at, io_under_test

BURST = 10


@pytest.fixture
def io(server: ssl.SSLContext, trusting: ssl.SSLContext) -> Iterator[IoUnderTest]:
    """An I/O thread that lets everybody speak as fast as they can."""
    with io_under_test(server, trusting) as opened:
        yield opened


def numbered(count: int) -> list[str]:
    return [f"line {number}" for number in range(count)]


def encoded(lines: list[str]) -> list[bytes]:
    return [line.encode() for line in lines]


# --- beginning -----------------------------------------------------------------------------------


def test_a_handshake_opens_a_connection(io: IoUnderTest) -> None:
    """Opened comes once TLS stands, and it is TLS 1.3."""
    visit = io.visit()
    assert visit.connection.phase is Phase.OPEN
    assert visit.client.version() == "TLSv1.3"
    assert visit.connection.fingerprint is None


def test_lines_may_come_with_the_end_of_the_handshake(io: IoUnderTest) -> None:
    """A client that speaks at once is heard: Opened first, then its lines."""
    connection, raw = io.knocks()
    with io._client.wrap_socket(raw, server_hostname="localhost") as client:
        client.sendall(b"at once\r\n")
        assert io.next() == Opened(connection)
        assert io.next() == Lines(connection, [b"at once"])


def hears_in_plaintext(io: IoUnderTest, said: bytes) -> tuple[bytes, Connection]:
    """All that somebody without TLS gets."""
    connection, raw = io.knocks()
    raw.sendall(said)
    heard = b""
    while piece := raw.recv(100):
        heard += piece
    assert io.released.get(timeout=PATIENCE) is connection
    assert io.inputs.empty()
    return heard, connection


@pytest.mark.parametrize("said", [b"NICK x\r\n", b"CAP LS 302\r\nNICK x\r\n", b"\n"])
def test_who_speaks_no_tls_is_told_so(
    io: IoUnderTest, said: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """One line, which clients show, then an end without a reset; one line in the log says why."""
    caplog.set_level(logging.INFO)
    heard, connection = hears_in_plaintext(io, said)
    assert heard == TLS_ONLY
    told = [record.message for record in caplog.records]
    assert told == [
        f"refused 127.0.0.1 port {connection.port}: plaintext; this server speaks TLS only"
    ]


@pytest.mark.parametrize(
    "said", [b"GET / HTTP/1.1\r\n\r\n", b"POST / HTTP/1.1\r\n\r\n", b"\x00", b"\x80\x2e"]
)
def test_who_is_no_chat_client_gets_not_a_byte(
    io: IoUnderTest, said: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """A browser or a scanner; the log has its line."""
    caplog.set_level(logging.INFO)
    heard, _ = hears_in_plaintext(io, said)
    assert heard == b""
    assert "plaintext; this server speaks TLS only" in caplog.text


def test_a_flood_without_tls_is_not_answered(
    server: ssl.SSLContext, trusting: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first ones are told, then a few each second."""
    monkeypatch.setattr(driver, "HINTS", Rate(lines=1e-6, burst=3))
    with io_under_test(server, trusting) as io:
        heard = []
        for _ in range(5):
            with contextlib.suppress(ConnectionResetError):  # what it said was never read
                heard.append(hears_in_plaintext(io, b"NICK x\r\n")[0])
        assert [line for line in heard if line] == [TLS_ONLY] * 3


def test_who_goes_before_a_word_is_forgotten(
    io: IoUnderTest, caplog: pytest.LogCaptureFixture
) -> None:
    """A port scan leaves a line in the log and nothing else."""
    caplog.set_level(logging.INFO)
    connection, raw = io.knocks()
    raw.close()
    assert io.released.get(timeout=PATIENCE) is connection
    assert "closed by the client before TLS began" in caplog.text
    assert io.inputs.empty()


@pytest.mark.parametrize("said", [b"\x16\x03\x01", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"])
def test_who_goes_in_the_handshake_is_forgotten(
    io: IoUnderTest, said: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """Half a ClientHello, then nothing: the reason is in the log."""
    caplog.set_level(logging.INFO)
    connection, raw = io.knocks()
    raw.sendall(said)
    raw.close()
    assert io.released.get(timeout=PATIENCE) is connection
    assert "TLS handshake failed" in caplog.text
    assert io.inputs.empty()


def test_a_broken_handshake_is_refused(io: IoUnderTest, caplog: pytest.LogCaptureFixture) -> None:
    """What begins like TLS and is none ends, at most with TLS's own alert."""
    caplog.set_level(logging.INFO)
    connection, raw = io.knocks()
    raw.sendall(b"\x16" + b"x" * 200)
    assert io.released.get(timeout=PATIENCE) is connection
    assert "TLS handshake failed" in caplog.text
    with contextlib.suppress(ConnectionResetError):  # not all it said was read
        assert raw.recv(100)[:1] in (b"", b"\x15")  # TLS's alert, or nothing


@pytest.mark.parametrize("said", [b"", b"\x16\x03\x01"], ids=["silent", "half open"])
def test_a_handshake_has_a_deadline(
    server: ssl.SSLContext,
    trusting: ssl.SSLContext,
    said: bytes,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A connection that never finishes doesn't hold a place for ever."""
    caplog.set_level(logging.INFO)
    with io_under_test(server, trusting, IoLimits(handshake_seconds=0.05)) as io:
        connection, raw = io.knocks()
        raw.sendall(said)
        assert io.released.get(timeout=PATIENCE) is connection
        assert raw.recv(100) == b""
    assert "the TLS handshake took too long" in caplog.text


def test_who_is_open_has_no_deadline(server: ssl.SSLContext, trusting: ssl.SSLContext) -> None:
    """The handshake's deadline passes without a meaning once TLS stands."""
    with io_under_test(server, trusting, IoLimits(handshake_seconds=0.2)) as io:
        early = io.visit()
        late, _ = io.knocks()
        assert io.released.get(timeout=PATIENCE) is late  # begun later, so its deadline is later
        io.settles(early)


def test_another_context_is_for_those_who_come(
    server: ssl.SSLContext, old_server: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    """Open connections go on with the certificate that they were shown."""
    with io_under_test(server, trusting) as io:
        before = io.visit()
        io.opening.use(old_server)
        after = io.visit()
        assert before.connection.tls is not None
        assert after.connection.tls is not None
        assert before.connection.tls.context is server
        assert after.connection.tls.context is old_server
        io.settles(before)


# --- reading -------------------------------------------------------------------------------------


def test_one_record_may_hold_many_lines(io: IoUnderTest) -> None:
    """They come in their order, without their ends."""
    visit = io.visit()
    visit.says(*numbered(500))
    assert io.lines(visit, 500) == encoded(numbered(500))


def test_one_line_may_be_spread_over_records(io: IoUnderTest) -> None:
    """A record a byte: a line is a line when its end has come."""
    visit = io.visit()
    for byte in b"PRIVMSG #den :hello":
        visit.client.sendall(bytes([byte]))
    visit.client.sendall(b"\r")
    visit.client.sendall(b"\nnext\n")
    assert io.lines(visit, 2) == [b"PRIVMSG #den :hello", b"next"]


def test_more_records_than_one_turn_takes(io: IoUnderTest) -> None:
    """A client that sends a record a line is heard to the end, in order."""
    visit = io.visit()
    lines = numbered(3 * MAX_RECORDS)
    for line in lines:
        visit.says(line)
    assert io.lines(visit, len(lines)) == encoded(lines)


def test_more_bytes_than_one_turn_takes(io: IoUnderTest) -> None:
    """Four times what is read at once, in records as large as TLS allows."""
    visit = io.visit()
    lines = ["x" * 400 + str(number) for number in range(4 * MAX_READ // 400)]
    visit.says(*lines)
    assert io.lines(visit, len(lines)) == encoded(lines)


def test_an_overlong_line_is_marked_and_the_next_is_heard(io: IoUnderTest) -> None:
    """In its place stands TOO_LONG, itself and not something that looks like it."""
    visit = io.visit()
    visit.says("before", "x" * 100_000, "after")
    lines = io.lines(visit, 3)
    assert lines[0] == b"before"
    assert lines[1] is TOO_LONG
    assert lines[2] == b"after"


def test_two_who_speak_are_kept_apart(io: IoUnderTest) -> None:
    """Half a line of one never meets half a line of the other."""
    one, two = io.visit(), io.visit()
    one.client.sendall(b"one ")
    two.client.sendall(b"two ")
    one.client.sendall(b"first\r\n")
    two.client.sendall(b"second\r\n")
    heard = {item.connection: item.lines for item in (io.next(), io.next())}  # type: ignore[union-attr]
    assert heard == {one.connection: [b"one first"], two.connection: [b"two second"]}


# --- throttling ----------------------------------------------------------------------------------


def test_a_flooder_is_slowed_down_and_loses_nothing(
    server: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    """The burst passes at once, the rest at its pace and in its order."""
    with io_under_test(server, trusting, at(Rate(lines=2000.0, burst=BURST))) as io:
        visit = io.visit()
        visit.says(*numbered(300))
        first = io.next()
        assert first == Lines(visit.connection, encoded(numbered(BURST)))
        assert io.lines(visit, 300 - BURST) == encoded(numbered(300))[BURST:]
        io.settles(visit)


def test_a_throttled_connection_is_not_read(
    server: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    """Its lines wait at the sender, in TCP's hands, while the others talk."""
    slowly = at(Rate(lines=0.001, burst=BURST))
    with io_under_test(server, trusting, slowly) as io:
        flooder, other = io.visit(), io.visit()
        flooder.says(*numbered(BURST + 1))
        assert io.lines(flooder, BURST) == encoded(numbered(BURST))
        io.settles(other)
        assert not flooder.connection.interest & READ
        assert flooder.connection.framing is not None
        assert flooder.connection.framing.has_line


def test_who_ends_is_heard_as_far_as_its_rate_allows(
    server: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    """Lines and the end in one go: to hang up is no way around the rate."""
    with io_under_test(server, trusting, at(Rate(lines=0.001, burst=BURST))) as io:
        visit = io.visit()
        with io.held():
            visit.says(*numbered(200))
            visit.client.close()
        assert io.lines(visit, BURST) == encoded(numbered(BURST))
        assert io.end(visit) in ("closed by the client", "connection reset by peer")


def test_who_waits_for_the_end_is_heard_to_the_end(
    server: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    """However much it has said before, at its pace."""
    with io_under_test(server, trusting, at(Rate(lines=1000.0, burst=BURST))) as io:
        visit = io.visit()
        visit.says(*numbered(200), "QUIT")
        assert io.lines(visit, 201) == encoded([*numbered(200), "QUIT"])


def test_who_takes_nothing_more_while_throttled_is_not_heard_out(
    server: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    """A failed write ends a connection that waits; what waits goes with it."""
    with io_under_test(server, trusting, at(Rate(lines=0.001, burst=BURST))) as io:
        visit, other = io.visit(), io.visit()
        visit.says(*numbered(BURST + 5))
        assert io.lines(visit, BURST) == encoded(numbered(BURST))
        visit.resets()
        io.thread.deliver([([visit.connection], b"x")])
        assert io.end(visit)
        assert visit.connection.framing is None
        io.settles(other)


def test_a_long_line_is_paid_for_by_its_bytes(
    server: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    """One of four kilobytes costs nine plain ones, and the rest waits so much longer."""
    with io_under_test(server, trusting, at(Rate(lines=0.001, burst=BURST))) as io:
        visit = io.visit()
        long = "x" * 4096
        visit.says(long, *numbered(1))
        assert io.lines(visit, 2) == encoded([long, *numbered(1)])
        visit.says("one too many")
        io.settles(io.visit())
        assert visit.connection.framing is not None
        assert visit.connection.framing.has_line


def test_a_line_without_end_is_read_no_faster(
    server: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    """What is thrown away is paid for as well, though nothing waits behind it."""
    with io_under_test(server, trusting, at(Rate(lines=0.001, burst=BURST))) as io:
        visit = io.visit()
        visit.client.sendall(b"x" * 16_384)
        assert io.lines(visit, 1)[0] is TOO_LONG
        io.settles(io.visit())
        assert not visit.connection.interest & READ


def test_line_ends_alone_are_lines(server: ssl.SSLContext, trusting: ssl.SSLContext) -> None:
    """A client that sends nothing but them is slowed down as well."""
    with io_under_test(server, trusting, at(Rate(lines=0.001, burst=BURST))) as io:
        visit = io.visit()
        visit.client.sendall(b"\n" * 1000)
        visit.says("hidden behind them")
        io.settles(io.visit())
        io.settles(io.visit())
        assert not visit.connection.interest & READ


def test_the_unauthenticated_have_a_rate_of_their_own(
    server: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    """Until it is authenticated; then what has waited comes at once."""
    limits = IoLimits(rate=FREELY, unauthenticated_rate=Rate(lines=0.001, burst=BURST))
    with io_under_test(server, trusting, limits) as io:
        visit = io.visit()
        visit.says(*numbered(500))
        assert io.lines(visit, BURST) == encoded(numbered(BURST))
        io.settles(io.visit())
        io.thread.mark_authenticated(visit.connection)
        assert io.lines(visit, 500 - BURST) == encoded(numbered(500))[BURST:]
        io.settles(visit)


def test_trust_that_comes_too_late_changes_nothing(io: IoUnderTest) -> None:
    """The connection may have gone while its login was being stored."""
    visit, other = io.visit(), io.visit()
    io.thread.close([(visit.connection, "quit")])
    io.thread.mark_authenticated(visit.connection)
    visit.client.close()
    assert io.end(visit) == "quit"
    io.thread.mark_authenticated(visit.connection)
    io.settles(other)


# --- writing -------------------------------------------------------------------------------------


def test_output_keeps_its_order(io: IoUnderTest) -> None:
    """Deliveries to one and to several, of one call and of many that wait together."""
    one, two = io.visit(), io.visit()
    both = [one.connection, two.connection]
    told, go = threading.Event(), threading.Event()

    def wait(connection: Connection, line: bytes) -> None:
        told.set()
        assert go.wait(PATIENCE)

    io.on_line = wait
    one.says("hold the thread")
    assert told.wait(PATIENCE)
    io.thread.deliver([(both, b"a\r\n"), ([one.connection], b"b\r\n"), (both, b"c\r\n")])
    io.thread.deliver([([two.connection], b"d\r\n")])
    go.set()
    assert one.hears(9) == b"a\r\nb\r\nc\r\n"
    assert two.hears(9) == b"a\r\nc\r\nd\r\n"


def test_a_reader_that_stops_gets_the_rest_when_it_goes_on(io: IoUnderTest) -> None:
    """A write that TLS can't finish is finished later, byte by byte the same, and what was
    delivered meanwhile follows it.
    """
    visit, other = io.visit(small=True), io.visit()
    parts = [bytes([65 + number]) * 40_000 for number in range(20)]
    for part in parts:
        io.thread.deliver([([visit.connection], part)])
    io.settles(other)
    assert visit.connection.blocked
    assert visit.hears(800_000) == b"".join(parts)
    io.settles(visit)
    assert visit.connection.out_bytes == 0
    assert not visit.connection.interest & WRITE


def test_a_blocked_reader_is_still_heard(io: IoUnderTest) -> None:
    """A client that doesn't read may still speak."""
    visit, other = io.visit(small=True), io.visit()
    io.thread.deliver([([visit.connection], b"x" * 500_000)])
    io.settles(other)
    assert visit.connection.blocked
    io.settles(visit)


def has_written(io: IoUnderTest, visit: Visit) -> bool:
    """Soon: the peer's kernel has a moment for its acknowledgement."""
    end = time.monotonic() + PATIENCE
    while not io.thread.has_written(visit.connection):
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def test_what_the_socket_has_taken_is_known(io: IoUnderTest) -> None:
    """All of it, also by the peer's kernel; not what waits, nor what was not yet come to."""
    visit, slow = io.visit(), io.visit(small=True)
    io.thread.deliver([([visit.connection], b"x")])
    assert visit.hears(1) == b"x"
    assert has_written(io, visit)
    io.thread.deliver([([slow.connection], b"x" * 500_000)])
    io.settles(visit)
    assert not io.thread.has_written(slow.connection)
    assert has_written(io, visit)
    io.thread._given += 1  # an order that the thread has not come to
    assert not io.thread.has_written(visit.connection)
    io.thread._given -= 1


def test_of_who_has_gone_it_counts_what_came_before(io: IoUnderTest) -> None:
    """In order: what was delivered since went nowhere."""
    clean, late = io.visit(), io.visit()
    for visit in (clean, late):
        io.thread.deliver([([visit.connection], b"x")])
        assert visit.hears(1) == b"x"
        assert has_written(io, visit)
    late.client.close()
    io.end(late)
    io.thread.deliver([([late.connection], b"y")])
    assert not io.thread.has_written(late.connection)
    clean.client.close()
    io.end(clean)
    assert io.thread.has_written(clean.connection)


def test_a_reader_too_slow_is_closed_at_the_bound(
    server: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    """Its output doesn't fill the memory, and the others notice nothing."""
    with io_under_test(
        server, trusting, IoLimits(out_bytes=65_536, rate=FREELY, unauthenticated_rate=FREELY)
    ) as io:
        slow, other = io.visit(small=True), io.visit()
        for _ in range(20):
            io.thread.deliver([([slow.connection, other.connection], b"x" * 10_000)])
        assert io.end(slow).startswith("reads too slowly: ")
        assert other.hears(200_000) == b"x" * 200_000
        assert slow.connection.out == []
        assert io.released.get(timeout=PATIENCE) is slow.connection


QUICK = IoLimits(
    out_bytes=400_000,
    slow_rate=50_000,
    slow_seconds=0.5,
    drain_seconds=0.5,
    rate=FREELY,
    unauthenticated_rate=FREELY,
)
"""Looked at soon."""

KEPT = 1 << 16
"""What either system keeps for a slow reader, so that our own has to wait for it."""

LONG = 3_000_000
"""Bytes of an answer that is seven times the bound."""


def member(io: IoUnderTest) -> Visit:
    visit = io.visit()
    visit.connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KEPT)
    visit.client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, KEPT)
    io.thread.mark_authenticated(visit.connection)
    io.settles(visit)
    return visit


def reads_slowly(visit: Visit, size: int) -> bytes:
    """Some, a rest, some more: ten times as much a second as it must be."""
    data = b""
    while len(data) < size:
        data += visit.hears(min(20_000, size - len(data)))
        time.sleep(0.01)
    return data


def test_a_slow_reader_that_goes_on_gets_everything(
    server: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    """A long answer is six times the bound, and takes its time; the hub is told of its life."""
    with io_under_test(server, trusting, QUICK) as io:
        slow = member(io)
        answer = b"".join(b"%9d\r\n" % number for number in range(LONG // 11))
        io.thread.deliver([([slow.connection], answer)])
        assert reads_slowly(slow, len(answer)) == answer
        assert io.next() == Taken(slow.connection)
        io.thread.deliver([([slow.connection], b"and on\r\n")])
        assert slow.hears(8) == b"and on\r\n"


def test_who_doesn_t_go_on_is_closed_in_time(
    server: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    """By nothing but the clock: nothing more is delivered."""
    with io_under_test(server, trusting, QUICK) as io:
        stuck = member(io)
        began = time.monotonic()
        io.thread.deliver([([stuck.connection], b"x" * LONG)])
        assert stuck.hears(20_000) == b"x" * 20_000
        last = io.next()
        while last == Taken(stuck.connection):
            last = io.next()
        assert isinstance(last, Closed)
        assert last.reason.startswith("reads too slowly: ")
        assert 0.4 < time.monotonic() - began < PATIENCE / 2


def test_a_slow_reader_gets_its_last_words(
    server: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    """A client that asks for much and quits hears the end of it, when it goes on reading."""
    with io_under_test(server, trusting, QUICK) as io:
        slow = member(io)
        answer = b"x" * LONG
        io.thread.deliver([([slow.connection], answer)])
        io.thread.close([(slow.connection, "quit")])
        assert reads_slowly(slow, len(answer)) == answer
        assert slow.hears_the_end() == b""
        slow.client.close()
        assert io.end(slow) == "quit"


def test_last_words_have_an_end(server: ssl.SSLContext, trusting: ssl.SSLContext) -> None:
    """However well they are read: who has said QUIT holds nothing for ever."""
    limits = replace(QUICK, drain_seconds=0.2, most_drain_seconds=0.4)
    with io_under_test(server, trusting, limits) as io:
        slow = member(io)
        io.thread.deliver([([slow.connection], b"x" * LONG)])
        io.thread.close([(slow.connection, "quit")])
        with contextlib.suppress(ssl.SSLError, OSError):
            while slow.client.recv(20_000):
                time.sleep(0.02)
        assert io.end(slow) == "quit"


# --- ending --------------------------------------------------------------------------------------


def test_the_last_words_come_before_the_end(io: IoUnderTest) -> None:
    """What was delivered before the close is read, then TLS's own end, not a cut wire."""
    visit = io.visit()
    io.thread.deliver([([visit.connection], b"ERROR :bye\r\n")])
    io.thread.close([(visit.connection, "quit")])
    assert visit.hears_the_end() == b"ERROR :bye\r\n"
    visit.client.close()
    assert io.end(visit) == "quit"


def test_the_last_words_come_also_to_one_who_is_still_talking(
    server: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    """Unread input must not make the kernel reset the connection and swallow the reason."""
    slowly = at(Rate(lines=0.001, burst=BURST))
    with io_under_test(server, trusting, slowly) as io:
        visit, other = io.visit(small=True), io.visit()
        visit.says(*numbered(BURST + 1))
        io.lines(visit, BURST)
        visit.client.sendall(b"y" * 30_000)  # nobody reads this any more
        much = b"x" * 100_000  # more than the systems between take at once
        io.thread.deliver([([visit.connection], much), ([visit.connection], b"ERROR :flood\r\n")])
        io.thread.close([(visit.connection, "flood")])
        assert visit.hears_the_end() == much + b"ERROR :flood\r\n"
        io.settles(other)
        assert visit.client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0
        assert visit.connection.phase is Phase.LINGERING
        visit.client.close()
        assert io.end(visit) == "flood"


def test_nothing_follows_the_end(io: IoUnderTest) -> None:
    """After close_notify the socket has no TLS any more: not a byte may leave by it."""
    visit = io.visit()
    io.thread.close([(visit.connection, "quit")])
    io.thread.deliver([([visit.connection], b"SECRET\r\n")])
    assert visit.hears_the_end() == b""
    raw = visit.client.unwrap()
    assert raw.recv(100) == b""
    assert io.end(visit) == "quit"


def test_who_never_reads_its_last_words_is_closed_in_time(
    server: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    """The drain time ends what a blocked peer would hold open."""
    with io_under_test(server, trusting, replace(at(FREELY), drain_seconds=0.05)) as io:
        visit = io.visit(small=True)
        io.thread.deliver([([visit.connection], b"x" * 500_000)])
        io.thread.close([(visit.connection, "quit")])
        assert io.end(visit) == "quit"


def test_who_never_answers_the_end_is_closed_in_time(
    server: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    """The linger time ends what a silent peer would hold open."""
    with io_under_test(
        server, trusting, IoLimits(linger_seconds=0.05, rate=FREELY, unauthenticated_rate=FREELY)
    ) as io:
        visit = io.visit()
        io.thread.close([(visit.connection, "quit")])
        assert io.end(visit) == "quit"


def test_a_client_says_goodbye(io: IoUnderTest) -> None:
    """close_notify on an idle connection is its end, and it is released once."""
    visit = io.visit()
    visit.client.setblocking(False)
    # The last where the server has closed before this looks for its answer.
    with pytest.raises((ssl.SSLWantReadError, ssl.SSLSyscallError, ssl.SSLEOFError)):
        visit.client.unwrap()
    assert io.end(visit) == "closed by the client"
    assert io.released.get(timeout=PATIENCE) is visit.connection
    assert io.released.empty()


def test_a_reset_is_an_end(io: IoUnderTest) -> None:
    """A peer that vanishes costs only its own connection."""
    visit, other = io.visit(), io.visit()
    visit.resets()
    assert io.end(visit)
    io.settles(other)


def test_who_ends_right_after_speaking_is_heard(io: IoUnderTest) -> None:
    """Lines first, then the end."""
    visit = io.visit()
    visit.says(*numbered(1000))
    visit.client.close()
    assert io.lines(visit, 1000) == encoded(numbered(1000))
    assert io.end(visit) in ("closed by the client", "connection reset by peer")


def test_who_takes_nothing_more_is_heard_out(io: IoUnderTest) -> None:
    """A failed write tells that the peer has gone; what it said before it went still counts."""
    visit = io.visit()
    read_first, gone = threading.Event(), threading.Event()

    def deliver_to_nobody(connection: Connection, line: bytes) -> None:
        if line == b"first":
            read_first.set()
            assert gone.wait(PATIENCE)
            io.thread.deliver([([connection], b"x")])

    io.on_line = deliver_to_nobody
    visit.says("first")
    assert read_first.wait(PATIENCE)
    visit.says("second")
    visit.resets()
    gone.set()
    assert io.lines(visit, 2) == [b"first", b"second"]
    assert io.end(visit)


def test_closing_twice_is_closing_once(io: IoUnderTest) -> None:
    """The rules and the peer may both end a connection; it ends once."""
    visit = io.visit()
    io.thread.close([(visit.connection, "first"), (visit.connection, "second")])
    visit.client.close()
    assert io.end(visit) == "first"
    io.settles(io.visit())
    assert io.inputs.empty()


def test_the_thread_stops_when_all_are_told(
    server: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    """What waits is written, TLS is ended, those in a handshake are closed, the thread ends."""
    with io_under_test(server, trusting, at(FREELY)) as io:
        visit = io.visit()
        _, half = io.knocks()
        half.sendall(b"\x16\x03\x01")
        io.thread.deliver([([visit.connection], b"ERROR :stopping\r\n")])
        io.thread.stop()
        assert visit.hears_the_end() == b"ERROR :stopping\r\n"
        with contextlib.suppress(ConnectionResetError):  # what it said was never read
            assert half.recv(100) == b""
        visit.client.close()
        io.thread.join(PATIENCE)
        assert not io.thread.alive
        assert [io.released.get_nowait() for _ in range(2)]


def test_who_comes_while_it_stops_is_closed(
    server: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    """A connection that was accepted a moment too late is released, not forgotten."""
    with io_under_test(server, trusting, at(FREELY)) as io:
        visit = io.visit()
        io.thread.stop()
        late, raw = io.knocks()
        assert raw.recv(100) == b""
        visit.client.close()
        released = {io.released.get(timeout=PATIENCE) for _ in range(2)}
        assert released == {visit.connection, late}


# --- bugs ----------------------------------------------------------------------------------------


def test_a_bug_at_one_connection_costs_only_that_one(
    io: IoUnderTest, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is closed and the log has the traceback; the others talk on."""
    victim, other = io.visit(), io.visit()
    take = ConnectionDriver._take

    def broken(
        driver: ConnectionDriver, connection: Connection, data: bytes, seconds: float
    ) -> bool:
        if connection is victim.connection:
            raise ZeroDivisionError
        return take(driver, connection, data, seconds)

    monkeypatch.setattr(ConnectionDriver, "_take", broken)
    victim.says("boom")
    assert io.end(victim) == "internal error"
    assert "a bug: connection from 127.0.0.1 is closed" in caplog.text
    io.settles(other)


def test_a_bug_in_the_loop_is_reported(server: ssl.SSLContext, trusting: ssl.SSLContext) -> None:
    """The thread can't go on, and whoever started it learns why."""
    io = IoUnderTest(server, trusting, IoLimits())
    told = threading.Event()

    def broken(connection: Connection, line: bytes) -> None:
        told.set()
        raise ZeroDivisionError

    io.on_line = broken
    visit = io.visit()
    visit.says("boom")
    assert told.wait(PATIENCE)
    io.close()
    assert [type(error) for error in io.failures] == [ZeroDivisionError]
