"""A stranger opens WebSockets, and breaks their rules or floods them within these."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from securechat.irc.message import MAX_LINE_BYTES
from securechat.net.connection import Connection
from securechat.net.throttle import UNAUTHENTICATED_RATE
from tests.support.client import Client, sasl_plain
from tests.support.frames import CONT, PING, TEXT, masked
from tests.support.server import PASSWORD, ServerUnderTest, running
from tests.support.web import WebLink

WEB = {"host": "127.0.0.1", "port": 0}
BURST = int(UNAUTHENTICATED_RATE.burst)
SPARE = 5
"""Tokens that come while a test runs."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerUnderTest]:
    """One for all tests here, with a page."""
    with running(tmp_path_factory.mktemp("socket") / "data", "alice", "bob", web=WEB) as server:
        yield server


@pytest.fixture
def alice(server: ServerUnderTest) -> Iterator[Client]:
    """A member who talks on meanwhile."""
    with server.member("alice", web=True) as person:
        yield person
        assert person.says("PRIVMSG alice :still here")


@pytest.fixture
def eve(server: ServerUnderTest) -> Iterator[Client]:
    with server.connect(web=True) as person:
        yield person


def link(person: Client) -> WebLink:
    assert isinstance(person.link, WebLink)
    return person.link


def inner(server: ServerUnderTest, person: Client) -> Connection:
    """The server's side of a connection."""
    port = person.sock.getsockname()[1]
    every = [c for io in server.service._io for c in list(io.driver.connections)]
    [found] = [connection for connection in every if connection.port == port]
    return found


def is_paused(server: ServerUnderTest, person: Client) -> bool:
    """Whether the server reads no more of it, as it has said what it may."""
    framing = inner(server, person).framing
    return framing is not None and framing.has_line


@pytest.mark.parametrize(
    "frame",
    [
        masked(b"?", PING),
        masked(b"", TEXT),
        masked(b"A\nA\nA\nA\nA\nA\nA\nA\nA\nA", TEXT),
        masked(b"x", 1, fin=False) + masked(b"", CONT, fin=False) * 8 + masked(b"", CONT),
    ],
    ids=["pings", "empty messages", "many lines in a message", "fragments"],
)
@pytest.mark.usefixtures("alice")
def test_frames_that_say_nothing_are_as_dear_as_lines(
    server: ServerUnderTest, eve: Client, frame: bytes
) -> None:
    """A flood of them waits in the flooder's own buffers."""
    eve.sock.sendall(frame * 300)
    server.wait_for(lambda: is_paused(server, eve))
    connection = inner(server, eve)
    assert connection.bucket is not None
    # A part of frames is taken at once, and what goes beyond the rate is owed.
    assert connection.handed <= BURST + SPARE


def test_pings_are_answered_no_faster_than_lines(server: ServerUnderTest, eve: Client) -> None:
    """The answers to a flood are none."""
    eve.sock.sendall(b"".join(masked(b"%d" % number, PING) for number in range(500)))
    server.wait_for(lambda: is_paused(server, eve))
    assert inner(server, eve).sent < 1000 + 4 * (BURST + 1024 // 7)


@pytest.mark.usefixtures("alice")
def test_a_line_of_frames_of_one_byte(eve: Client) -> None:
    """Each in a TLS record of its own, and cut within: it is a line at its end, and dear."""
    line = b"CAP LS"
    parts = [masked(line[:1], TEXT, fin=False)]
    parts += [masked(line[at : at + 1], CONT, fin=False) for at in range(1, len(line))]
    for byte in b"".join([*parts, masked(b"", CONT)]):
        eve.sock.sendall(bytes([byte]))
    assert " CAP * LS " in eve.hears_line()


@pytest.mark.usefixtures("alice")
def test_fragments_without_end(eve: Client) -> None:
    """No more is kept of them than of any message; then the connection ends, and is told why."""
    eve.sock.sendall(masked(b"x" * 1000, TEXT, fin=False))
    for _ in range(2 * MAX_LINE_BYTES // 1000 + 1):
        eve.sock.sendall(masked(b"x" * 1000, CONT, fin=False))
    assert eve.hears_the_end() == []
    assert (link(eve).closed or b"").startswith(b"\x03\xf1")  # 1009


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (masked(b"NICK eve", key=b""), b"\x03\xea"),
        (masked(b"NICK eve", reserved=4), b"\x03\xea"),
        (masked(b"NICK eve", 3), b"\x03\xea"),
        (masked(b"x" * 200, PING), b"\x03\xea"),
        (masked(b"\xff\xfe"), b"\x03\xef"),
        (b"\x81\xff" + b"\x7f" + b"\xff" * 7 + b"mask", b"\x03\xf1"),
        (b"GET / HTTP/1.1\r\n\r\n", b"\x03\xea"),
    ],
)
@pytest.mark.usefixtures("alice")
def test_what_is_no_frame_ends_it(eve: Client, frame: bytes, code: bytes) -> None:
    """With a code, and nothing of it is a line."""
    eve.sock.sendall(frame + masked(b"PING 1"))
    assert eve.hears_the_end() == []
    assert (link(eve).closed or b"").startswith(code)


def test_the_log_has_no_passwords(
    server: ServerUnderTest, caplog: pytest.LogCaptureFixture
) -> None:
    """Not of whoever has set the level to the lowest either: the libraries would log frames."""
    caplog.set_level(logging.DEBUG)
    for name in ("websockets", "websockets.server", "h11"):
        caplog.set_level(logging.DEBUG, logger=name)
    with server.connect(web=True) as person:
        person.logs_in("alice", caps="sasl")
        person.says(f"PASS {PASSWORD}", f"OPER alice :{PASSWORD}")
    secret = sasl_plain("alice", PASSWORD)
    with server.connect(web=True) as person:
        person.says("CAP REQ :sasl", "AUTHENTICATE PLAIN", f"AUTHENTICATE {secret}")
        person.sock.sendall(masked(b"PASS " + PASSWORD.encode(), key=b""))
        person.hears_the_end()
    assert [one for one in (PASSWORD, secret, "AUTHENTICATE") if one in caplog.text] == []
    assert "login" in caplog.text


@pytest.mark.usefixtures("alice")
def test_a_crowd_that_never_logs_in_pushes_out_no_member(
    server: ServerUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """WebSockets are counted as all other connections are."""
    monkeypatch.setattr(server.service._admission, "_max_unauthenticated", 3)
    crowd = [server.connect(web=True, source=f"127.77.0.{number + 1}") for number in range(6)]
    told = [person.hears_the_end() for person in crowd[:3]]
    assert all("ERROR :Closing link: Too many connections" in heard[-1] for heard in told)
    for person in crowd:
        person.hangs_up()
