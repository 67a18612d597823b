"""Somebody else reaches for the page of `securechat open`: another user of the machine, or a web
page in the same browser.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator

import pytest
from websockets.exceptions import InvalidStatus

from securechat.client.open import port, visits
from securechat.client.open.page import SECRET_BYTES
from securechat.client.open.peers import TABLES
from tests.support import forked
from tests.support.links import PATIENCE
from tests.support.opened import Opened, opened
from tests.support.server import PASSWORD, ServerUnderTest, running

NOBODY = 65534


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerUnderTest]:
    with running(tmp_path_factory.mktemp("server") / "data", "alice") as server:
        yield server


@pytest.fixture(scope="module")
def page(server: ServerUnderTest) -> Iterator[Opened]:
    with opened(server, "alice") as page:
        yield page


def refused(page: Opened, **how: str) -> int:
    """The status by which a WebSocket is refused."""
    with pytest.raises(InvalidStatus) as refusal:
        page.talks(**how).close()
    return refusal.value.response.status_code


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "OPTIONS", "DELETE"])
@pytest.mark.parametrize(
    "path", ["/", "/index.html", "/local.json", "/socket", "/version.json", "/x" * 20 + "/", "*"]
)
def test_nothing_is_told_without_the_secret(page: Opened, path: str, method: str) -> None:
    """Not even which paths there are, or which methods."""
    path = path.replace("*", page.path[:-2] + "/")
    status, body = page.asks(path, method)
    assert status == 404
    assert body in (b"", b"404 Not Found: there is no such page here\n")
    assert refused(page, path=path) == 404


def test_the_secret_cannot_be_guessed(page: Opened) -> None:
    assert SECRET_BYTES * 8 >= 128
    assert len(page.path) >= 43


@pytest.mark.parametrize(
    "host", ["localhost:{port}", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1"]
)
def test_a_name_that_leads_here_is_none_of_ours(page: Opened, host: str) -> None:
    """A page of theirs, whose name they have lead to this machine (DNS rebinding)."""
    host = host.format(port=page.port)
    assert page.asks(page.path + "local.json", host=host)[0] == 421


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "http://localhost:{port}", "https://127.0.0.1:{port}", "null"]
)
def test_another_page_opens_no_websocket(page: Opened, origin: str) -> None:
    """Even if it knew the secret."""
    assert refused(page, origin=origin.format(port=page.port)) == 403


def test_the_page_never_has_what_lets_one_in(page: Opened) -> None:
    """Who gets to know what it has can do nothing with it at the server."""
    _status, told = page.asks(page.path + "local.json")
    assert PASSWORD.encode() not in told
    assert page.stand_in.text.encode() in told


@pytest.mark.skipif(
    not TABLES[0].exists() or os.geteuid() != 0, reason="only root can be another user"
)
def test_another_user_is_let_in_by_no_secret(page: Opened) -> None:
    """They are hung up on before they have said anything."""
    asked = f"GET {page.path} HTTP/1.1\r\nHost: 127.0.0.1:{page.port}\r\n\r\n"

    def theirs(argv: list[str]) -> int:
        os.setuid(int(argv[0]))
        with socket.create_connection(("127.0.0.1", page.port), PATIENCE) as connection:
            try:
                connection.sendall(asked.encode())
                heard = connection.recv(12)
            except ConnectionError:  # hung up on with what it has said unread
                heard = b""
        return len(heard)

    assert forked.run(theirs, NOBODY).code == 0
    assert forked.run(theirs, os.geteuid()).code == len(b"HTTP/1.1 200")


def test_who_is_refused_is_hung_up_on(server: ServerUnderTest) -> None:
    """On a system whose answer is that it's another user."""
    with (
        opened(server, "alice", lambda _connection: True) as page,
        socket.create_connection(("127.0.0.1", page.port), PATIENCE) as theirs,
    ):
        assert theirs.recv(1) == b""


def test_connections_have_a_limit(server: ServerUnderTest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those beyond are closed, and the others go on."""
    monkeypatch.setattr(port, "MOST_VISITS", 3)
    with opened(server, "alice") as page, contextlib.ExitStack() as held:
        first, *_others, beyond = [
            held.enter_context(socket.create_connection(("127.0.0.1", page.port), PATIENCE))
            for _ in range(4)
        ]
        assert beyond.recv(1) == b""
        first.sendall(f"GET {page.path} HTTP/1.1\r\nHost: 127.0.0.1:{page.port}\r\n\r\n".encode())
        assert first.recv(12) == b"HTTP/1.1 200"


def test_half_a_request_is_not_waited_for(page: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is who says nothing at all."""
    monkeypatch.setattr(visits, "REQUEST_SECONDS", 0.1)
    with socket.create_connection(("127.0.0.1", page.port), PATIENCE) as slow:
        slow.sendall(b"GET / HTTP/1.1\r\n")
        assert slow.recv(1) == b""
    monkeypatch.setattr(visits, "IDLE_SECONDS", 0.1)
    with socket.create_connection(("127.0.0.1", page.port), PATIENCE) as silent:
        assert silent.recv(1) == b""


def test_tabs_that_talk_have_a_limit(page: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = [page.entry.tunnels.acquire(blocking=False) for _ in range(visits.MOST_TUNNELS)]
    try:
        assert all(taken)
        assert refused(page) == 503
    finally:
        for _ in taken:
            page.entry.tunnels.release()
