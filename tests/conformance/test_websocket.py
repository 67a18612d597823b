"""WebSocket. https://ircv3.net/specs/extensions/websocket, over TLS to a whole server."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosedError
from websockets.sync.client import ClientConnection, connect

from tests.support.links import PATIENCE
from tests.support.server import ServerUnderTest, running

TEXT, BINARY = "text.ircv3.net", "binary.ircv3.net"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerUnderTest]:
    directory: Path = tmp_path_factory.mktemp("websocket")
    with running(directory, "alice", "bob", web={"host": "127.0.0.1", "port": 0}) as opened:
        yield opened


def opens(server: ServerUnderTest, *offered: str) -> ClientConnection:
    context = ssl.create_default_context(cafile=server.ca)
    port = server.service.web_addresses[0][1]
    return connect(
        f"wss://localhost:{port}/socket",
        ssl=context,
        subprotocols=offered or None,  # type: ignore[arg-type]
        compression=None,
        open_timeout=PATIENCE,
    )


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        ([TEXT], TEXT),
        ([BINARY], BINARY),
        ([BINARY, TEXT], BINARY),
        ([TEXT, BINARY], TEXT),
        (["chat", BINARY], BINARY),
        (["chat"], None),
        ([], None),
    ],
)
def test_the_server_follows_the_clients_order(
    server: ServerUnderTest, offered: list[str], chosen: str | None
) -> None:
    """ "The server MUST accept any subprotocol it supports, respecting the client's order"."""
    with opens(server, *offered) as socket:
        assert socket.subprotocol == chosen
        socket.send("CAP LS")
        heard = socket.recv(timeout=PATIENCE)
        assert isinstance(heard, bytes) == (chosen == BINARY)


def test_each_message_is_one_line_without_its_end(server: ServerUnderTest) -> None:
    """ "each message MUST consist of a single IRC line"; the welcome is many."""
    with opens(server, TEXT) as socket:
        socket.send("CAP LS 302")
        heard = [socket.recv(timeout=PATIENCE), socket.recv(timeout=PATIENCE)]
    assert all(isinstance(one, str) and " CAP * LS " in one for one in heard)
    assert not any("\n" in str(one) or "\r" in str(one) for one in heard)


def test_a_message_of_fragments_is_one_line(server: ServerUnderTest) -> None:
    """RFC 6455, section 5.4."""
    with opens(server, TEXT) as socket:
        socket.send(["CAP ", "L", "S"])
        assert " CAP * LS " in str(socket.recv(timeout=PATIENCE))


def test_a_message_that_is_too_long_is_told(server: ServerUnderTest) -> None:
    """As of a line; what is far too long ends the connection with 1009."""
    with opens(server, TEXT) as socket:
        socket.send("x" * 6000)
        assert " 417 " in str(socket.recv(timeout=PATIENCE))
        socket.send("x" * 20000)
        with pytest.raises(ConnectionClosedError) as caught:
            socket.recv(timeout=PATIENCE)
    assert caught.value.rcvd is not None
    assert caught.value.rcvd.code == 1009
