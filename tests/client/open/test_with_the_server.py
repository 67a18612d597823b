"""The page's requests and its talk, through the tunnel to a real server."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from securechat.client.open import tunnel
from tests.support.links import PATIENCE
from tests.support.opened import Opened, opened
from tests.support.server import ServerUnderTest, running


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerUnderTest]:
    with running(tmp_path_factory.mktemp("server") / "data", "alice", "bob") as server:
        yield server


@pytest.fixture
def page(server: ServerUnderTest) -> Iterator[Opened]:
    with opened(server, "alice") as page:
        yield page


def hears(socket: ClientConnection, wanted: str) -> str:
    """The next line with this in it."""
    while True:
        line = socket.recv(timeout=PATIENCE)
        assert isinstance(line, str)
        if wanted in line:
            return line


def log_in(socket: ClientConnection, page: Opened) -> None:
    """As the page does, by what it was given."""
    _status, told = page.asks(page.path + "local.json")
    login = json.loads(told)
    payload = base64.b64encode(f"\0{login['account']}\0{login['token']}".encode()).decode()
    for line in ("CAP REQ :sasl draft/multiline batch", "NICK alice", "USER a 0 * a"):
        socket.send(line)
    socket.send("AUTHENTICATE PLAIN")
    hears(socket, "AUTHENTICATE +")
    socket.send("AUTHENTICATE " + payload)
    hears(socket, " 903 ")
    socket.send("CAP END")
    hears(socket, " 001 alice ")


def test_the_page_is_the_servers_own(page: Opened) -> None:
    """Each file of it, below the secret path; and it has come when its first one was asked for."""
    came: list[None] = []
    page.page.came = lambda: came.append(None)
    status, index = page.asks(page.path)
    assert (status, len(came)) == (200, 1)
    script = index.decode().partition('type="module" src="')[2].partition('"')[0]
    assert page.asks(page.path + script)[0] == 200
    assert len(came) == 1


def test_it_logs_in_and_talks_without_a_password(page: Opened, server: ServerUnderTest) -> None:
    bob = server.member("bob")
    with page.talks() as socket:
        log_in(socket, page)
        bob.sends("PRIVMSG alice :\u043f\u0440\u0438\u0432\u0435\u0442")
        assert hears(socket, "PRIVMSG alice").endswith(":\u043f\u0440\u0438\u0432\u0435\u0442")
        socket.send("PRIVMSG bob :hello")
        assert "hello" in bob.hears_until("PRIVMSG")[-1]
        # What is said just before a tab is closed is said.
        socket.send("PRIVMSG bob :last")
    assert "last" in bob.hears_until("PRIVMSG")[-1]
    bob.hangs_up()


def test_a_line_that_is_too_long_is_told(page: Opened) -> None:
    with page.talks() as socket:
        socket.send("PRIVMSG #den :" + "x" * 9000)
        assert hears(socket, " 417 ")


def test_much_passes_and_none_is_lost(page: Opened) -> None:
    """More than what is held for one end."""
    with page.talks() as socket:
        log_in(socket, page)
        for number in range(2000):
            socket.send(f"PING {number:04}{'x' * 300}")
        for number in range(2000):
            assert f"{number:04}x" in hears(socket, "PONG")


def test_the_end_of_the_command_is_told(page: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a code at which the page doesn't come back."""
    monkeypatch.setattr(tunnel, "LAST_SECONDS", 0.1)
    with page.talks() as socket:
        log_in(socket, page)
        page.stops()
        with pytest.raises(ConnectionClosed) as closed:
            hears(socket, "nothing like this")
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1001


def test_a_server_that_is_lost_closes_the_websocket(page: Opened, server: ServerUnderTest) -> None:
    """So that the page knows, and comes again."""
    with page.talks() as socket:
        log_in(socket, page)
        socket.send("QUIT")
        with pytest.raises(ConnectionClosed) as closed:
            hears(socket, "nothing like this")
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1000


def test_a_server_that_is_not_there_is_told(tmp_path_factory: pytest.TempPathFactory) -> None:
    """To the page, and to the person."""
    with running(tmp_path_factory.mktemp("gone") / "data", "alice") as server:
        page = Opened(server, "alice")
    with page.talks() as socket:
        assert hears(socket, "ERROR :").startswith("ERROR :can't connect to 127.0.0.1")
        with pytest.raises(ConnectionClosed):
            socket.recv(timeout=PATIENCE)
    page.stops()
    assert page.said[0].startswith("can't connect to 127.0.0.1")


@pytest.mark.parametrize("by_server", [True, False])
def test_only_a_server_that_hangs_up_is_told_as_such(page: Opened, by_server: bool) -> None:
    """Then the next round begins at another address; who closes a tab means no harm."""
    dropped = threading.Event()
    page.entry.dropped = dropped.set
    with page.talks() as socket:
        log_in(socket, page)
        if by_server:
            socket.send("QUIT")
            with pytest.raises(ConnectionClosed):
                hears(socket, "nothing like this")
    page.stops()
    assert dropped.is_set() == by_server
