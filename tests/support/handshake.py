"""Real TLS on loopback: one handshake, and what each side saw of the other."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from securechat.net.tls import shown_chain

PATIENCE = 20.0  # seconds until a handshake that hangs fails its test


@dataclass
class Side:
    """What one side of a connection saw, or the error that ended it."""

    version: str | None = None
    cipher: str = ""
    compression: str | None = None
    chain: list[bytes] | None = None
    session: ssl.SSLSession | None = None
    resumed: bool = False
    error: Exception | None = None


def talk_over(connection: ssl.SSLSocket, seen: Side) -> None:
    """Send a byte, wait for the other side's, and note what the connection is."""
    connection.sendall(b"!")
    assert connection.recv(1) == b"!"
    seen.version, seen.compression = connection.version(), connection.compression()
    seen.cipher = (connection.cipher() or ("", "", 0))[0]
    seen.chain = shown_chain(connection)
    seen.session, seen.resumed = connection.session, bool(connection.session_reused)


def meet(
    server: ssl.SSLContext,
    client: ssl.SSLContext,
    host: str = "localhost",
    session: ssl.SSLSession | None = None,
) -> tuple[Side, Side]:
    """One handshake and a byte each way: what the server saw, what the client saw."""
    server_side, client_side = Side(), Side()

    def run(side: Side, connect: Callable[[], ssl.SSLSocket]) -> None:
        try:
            with connect() as connection:
                talk_over(connection, side)
        except OSError as error:
            side.error = error

    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        ThreadPoolExecutor(1) as other,
        socket.create_connection(listener.getsockname(), timeout=PATIENCE) as raw,
    ):
        accepted = listener.accept()[0]
        accepted.settimeout(PATIENCE)
        served = other.submit(
            run, server_side, lambda: server.wrap_socket(accepted, server_side=True)
        )
        run(client_side, lambda: client.wrap_socket(raw, server_hostname=host, session=session))
        served.result(PATIENCE)
    return server_side, client_side


def only(context: ssl.SSLContext, version: ssl.TLSVersion) -> ssl.SSLContext:
    """A peer that speaks nothing else."""
    context.minimum_version = context.maximum_version = version
    return context
