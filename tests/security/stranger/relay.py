"""Somebody on the wire between a client and the server, who may change what passes."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from tests.support.links import PATIENCE

Meddle = Callable[[bytes], bytes | None]
"""What becomes of bytes on their way; None cuts the connection there."""


class Relay:
    """Passes one connection on to a port of this machine, each direction as it was told."""

    def __init__(
        self,
        port: int,
        *,
        to_server: Meddle = lambda data: data,
        to_client: Meddle = lambda data: data,
    ) -> None:
        self._far = port
        self._meddles = to_server, to_client
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with contextlib.suppress(OSError):  # ENOTCONN: it has come and gone
            self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(PATIENCE)
        self._listener.close()

    def _serve(self) -> None:
        try:
            client, _ = self._listener.accept()
        except OSError:
            return
        client.settimeout(PATIENCE)
        to_server, to_client = self._meddles
        with client, socket.create_connection(("127.0.0.1", self._far), PATIENCE) as server:
            back = threading.Thread(target=_pass, args=(server, client, to_client))
            back.start()
            _pass(client, server, to_server)
            back.join(PATIENCE)


def _pass(source: socket.socket, sink: socket.socket, meddle: Meddle) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            changed = meddle(data)
            if changed is None:
                break
            sink.sendall(changed)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
