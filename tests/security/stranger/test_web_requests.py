"""A stranger comes to the page's port and asks for more than the page, or for nothing at all."""

from __future__ import annotations

import contextlib
import logging
import socket
import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from securechat.net import admission
from securechat.net.connection import Input
from securechat.web.headers import SECURITY
from securechat.web.opening import REQUEST_SECONDS, WebOpening
from tests.support.flood import client_hello
from tests.support.frames import masked
from tests.support.links import PATIENCE
from tests.support.server import ServerUnderTest, running
from tests.support.web import Browser, handshake, request

WEB = {"host": "127.0.0.1", "port": 0}
IRC = "CAP LS 302\r\nNICK eve\r\nUSER eve 0 * :eve\r\nPRIVMSG #lobby :hello\r\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerUnderTest]:
    """One for all tests here, with a page."""
    with running(tmp_path_factory.mktemp("page") / "data", "alice", "bob", web=WEB) as server:
        yield server


@pytest.fixture
def browser(server: ServerUnderTest) -> Iterator[Browser]:
    opened = server.browser()
    yield opened
    opened.close()


def plain(server: ServerUnderTest, source: str = "127.0.0.1") -> socket.socket:
    """A connection to the page's port, without TLS."""
    return socket.create_connection(("127.0.0.1", server.web_port), PATIENCE, (source, 0))


def counted(server: ServerUnderTest) -> tuple[int, int]:
    """Connections that talk, and how many of them have not logged in."""
    return server.service._admission.counts()


# --- Slow ones -----------------------------------------------------------------------------------


def test_a_browser_has_seconds_only() -> None:
    """As much as a slow network takes, and no more."""
    assert REQUEST_SECONDS == WebOpening.seconds == 5.0


@pytest.mark.parametrize(
    "said", [b"", client_hello()[:40], client_hello()], ids=["nothing", "half", "a hello"]
)
def test_who_begins_no_request_is_cut_off(
    server: ServerUnderTest, monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    """Before TLS or within it."""
    monkeypatch.setattr(WebOpening, "seconds", 0.05)
    with plain(server) as sock:
        sock.sendall(said)
        with contextlib.suppress(ConnectionError):
            while sock.recv(65536):
                pass


@pytest.mark.parametrize("said", [b"", b"G", request()[:-2], handshake()[:-1]])
def test_half_a_request_is_cut_off(
    server: ServerUnderTest, monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    """Without an answer, and without a place among those who talk."""
    monkeypatch.setattr(WebOpening, "seconds", 0.2)
    browser = server.browser()
    browser.sock.sendall(said)
    assert counted(server) == (0, 0)
    assert browser.hears_the_end() == b""


def test_a_request_byte_by_byte_is_cut_off(
    server: ServerUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No byte earns it more time (slowloris)."""
    monkeypatch.setattr(WebOpening, "seconds", 0.2)
    browser = server.browser()
    browser.sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nX: ")
    browser.sock.settimeout(0.02)
    with contextlib.suppress(ssl.SSLError, ConnectionError):
        while not_over(browser):
            browser.sock.sendall(b"x")


def not_over(browser: Browser) -> bool:
    """Whether a connection goes on, after a moment; nothing is answered on it."""
    try:
        assert browser.sock.recv(100) == b""
    except TimeoutError:
        return True
    return False


def test_who_does_not_take_the_answers_is_cut_off(
    server: ServerUnderTest, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """And of many requests that came together only those answers are made that fit."""
    monkeypatch.setattr(WebOpening, "seconds", 0.3)
    caplog.set_level(logging.INFO)
    browser = server.browser()
    browser.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    version = browser.asks(request("/version.json")).body.decode().split('"')[3]
    port = browser.sock.getsockname()[1]
    every = [c for io in server.service._io for c in list(io.driver.connections)]
    [connection] = [c for c in every if c.port == port]
    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    browser.sock.sendall(request(f"/v/{version}/vendor/preact.js") * 100)
    wanted = "the request, or taking its answer, took too long"
    server.wait_for(lambda: wanted in caplog.text)
    browser.close()


# --- Many ----------------------------------------------------------------------------------------


def test_a_crowd_of_visitors_pushes_out_nobody_who_talks(
    server: ServerUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor takes the place of somebody who comes; and one who comes alone still sees the page."""
    monkeypatch.setattr(admission, "VISITORS", 10)
    monkeypatch.setattr(admission, "VISITORS_PER_BLOCK", 8)
    alice = server.member("alice", web=True)
    waiting = server.connect(web=True)
    crowd = [plain(server, f"127.77.0.{number % 3 + 1}") for number in range(60)]
    bob = server.member("bob")
    bob.sends("PRIVMSG alice :still there?")
    assert alice.hears_until("still there?")
    waiting.sends("CAP LS")
    assert " CAP * LS " in waiting.hears_line()
    with contextlib.closing(server.browser(source="127.77.1.1")) as browser:
        assert browser.asks(request()).status == 200
    for sock in crowd:
        sock.close()
    for person in (alice, bob, waiting):
        person.hangs_up()


def test_a_class_behind_one_address_loads_the_page(
    server: ServerUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Forty browsers at once, each with six connections that it keeps open."""
    monkeypatch.setattr(WebOpening, "seconds", PATIENCE)

    def loads(number: int) -> list[int]:
        own = [server.browser(source="127.77.2.1") for _ in range(6)]
        statuses = [browser.asks(request()).status for browser in own]
        return [*statuses, *(browser.asks(request("/version.json")).status for browser in own)]

    with ThreadPoolExecutor(8) as pool:
        assert {status for got in pool.map(loads, range(40)) for status in got} == {200}


def test_one_machine_keeps_no_other_behind_its_address_from_the_page(
    server: ServerUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many it opens and says nothing on: others' requests are answered, also further ones
    by the connections that they have.
    """
    monkeypatch.setattr(WebOpening, "seconds", PATIENCE)
    monkeypatch.setattr(admission, "VISITORS_PER_BLOCK", 24)
    source = "127.77.3.1"
    with contextlib.ExitStack() as stack:
        for _ in range(40):
            stack.enter_context(plain(server, source))
        own = [
            stack.enter_context(contextlib.closing(server.browser(source=source))) for _ in "123456"
        ]
        assert [browser.asks(request()).status for browser in own] == [200] * 6
        server.wait_for(lambda: server.service._admission._served.of(source) == 6)
        for _ in range(40):
            stack.enter_context(plain(server, source))
        assert [browser.asks(request()).status for browser in own] == [200] * 6


def test_who_loads_the_page_takes_no_place_of_those_who_talk(
    server: ServerUnderTest, browser: Browser
) -> None:
    """It is counted among them when it opens its WebSocket, and only then."""
    server.wait_for(lambda: counted(server) == (0, 0))
    assert browser.asks(request()).status == 200
    assert counted(server) == (0, 0)
    assert browser.asks(handshake()).status == 101
    assert counted(server) == (1, 1)


def test_where_all_places_are_taken_the_page_is_told(
    server: ServerUnderTest, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And can be loaded on; whose places they are isn't said."""
    monkeypatch.setattr(server.service._admission, "_per_address", 0)
    answer = browser.asks(handshake())
    assert answer.status == 503
    assert b"127.0.0.1" not in answer.body
    assert browser.asks(request()).status == 200


# --- What is no request --------------------------------------------------------------------------


def test_nothing_of_http_reaches_the_rules(
    server: ServerUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever stands in it; a connection is one of the chat from its upgrade on."""
    inputs: list[Input] = []
    for io in server.service._io:
        monkeypatch.setattr(io, "_handle", inputs.extend)
    said = [
        request(),
        request("/nothing"),
        request(method="POST", **{"Content-Length": str(len(IRC))}) + IRC.encode(),
        request(method="POST", **{"Transfer-Encoding": "chunked"}) + b"80\r\n" + IRC.encode(),
        IRC.encode(),
        IRC.encode() + b"\r\n",
        masked(b"NICK eve"),
        handshake(Origin="https://evil.example") + masked(b"NICK eve"),
        handshake(**{"Sec-WebSocket-Version": "8"}) + masked(b"NICK eve"),
    ]
    for data in said:
        with contextlib.closing(server.browser()) as browser:
            browser.sock.sendall(data)
            browser.sock.shutdown(socket.SHUT_WR)
            browser.hears_the_end()
    assert inputs == []
    with contextlib.closing(server.browser()) as browser:  # so that it means something
        assert browser.asks(handshake()).status == 101
    server.wait_for(lambda: len(inputs) == 2)


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Length": "45"},
        {"Transfer-Encoding": "chunked"},
        {"Content-Length": "45", "Transfer-Encoding": "chunked"},
        {"Content-Length": "0", "content-length": "45"},
        {"Transfer-Encoding": "chunked, identity"},
        {"Transfer-Encoding": "\x0bchunked"},
        {"Content-Length ": "45"},
    ],
)
def test_a_request_within_another_is_not_answered(
    browser: Browser, headers: dict[str, str]
) -> None:
    """Whatever a proxy in between takes for the end of the first one (request smuggling)."""
    inner = request("/version.json")
    answer = browser.asks(request(method="POST", **headers) + inner)
    assert answer.status in (400, 413, 501)
    assert browser.hears_the_end() == b""


@pytest.mark.parametrize("value", ["x\r\nEvil: 1", "x\nEvil: 1", "x%0d%0aEvil: 1"])
def test_a_header_of_the_strangers_is_not_in_the_answer(browser: Browser, value: str) -> None:
    """In no path, origin or subprotocol."""
    for data in (
        request(f"/{value}"),
        handshake(Origin=value),
        handshake(**{"Sec-WebSocket-Protocol": value}),
    ):
        with contextlib.suppress(EOFError, OSError):
            answer = browser.asks(data)
            assert "evil" not in answer.head.lower()
            assert b"Evil" not in answer.body


def test_plain_http_gets_not_a_byte(
    server: ServerUnderTest, caplog: pytest.LogCaptureFixture
) -> None:
    """And a line in the log, for the administrator who wonders."""
    caplog.set_level(logging.INFO)
    with plain(server) as sock:
        sock.sendall(request())
        with contextlib.suppress(ConnectionError):
            assert sock.recv(100) == b""
    server.wait_for(lambda: "plaintext; this server speaks TLS only" in caplog.text)


def test_a_page_of_another_site_opens_no_websocket(
    server: ServerUnderTest, browser: Browser
) -> None:
    """It is refused before anything of IRC, however its visitor would log in."""
    for origin in ("https://evil.example", "null", "https://chat.test.evil.example"):
        assert browser.asks(handshake(Origin=origin)).status == 403
    assert browser.asks(handshake(Origin="https://chat.test")).status == 101


def test_every_answer_is_safe_in_a_browser(server: ServerUnderTest) -> None:
    """Pages, errors and upgrades: no script of others, no frame, no type guessed, no cookie."""
    for data in (request(), request("/x"), request(method="PUT"), b"x\r\n\r\n", handshake()):
        with contextlib.closing(server.browser()) as browser:
            head = browser.asks(data).head
        for name, value in SECURITY:
            assert f"{name.decode()}: {value.decode()}" in head
        assert "set-cookie" not in head
        assert "access-control" not in head
