"""A server that shows somebody's certificate and keeps all that it is told."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.links import PATIENCE


class Impostor:
    """chain, key: PEM files, of whatever strength. newest: of the versions that it speaks. heard:
    what clients have said to it within TLS. connections: how many have come.
    """

    def __init__(
        self, chain: Path, key: Path, newest: ssl.TLSVersion = ssl.TLSVersion.MAXIMUM_SUPPORTED
    ) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        self._context.maximum_version = newest
        self._context.set_ciphers("ALL:@SECLEVEL=0")
        self._context.load_cert_chain(chain, key)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.heard = b""
        self.connections = 0
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
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(PATIENCE)
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                raw, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            raw.settimeout(PATIENCE)
            with raw, contextlib.suppress(OSError):
                self._listen(raw)

    def _listen(self, raw: socket.socket) -> None:
        with self._context.wrap_socket(raw, server_side=True) as tls:
            while data := tls.recv(65536):
                self.heard += data
                tls.sendall(_coaxes(data))


def _coaxes(said: bytes) -> bytes:
    """What brings a client to say more, up to its password."""
    if b"CAP LS" in said:
        return b":a CAP * LS :sasl=PLAIN batch server-time message-tags echo-message\r\n"
    if b"CAP REQ :" in said:
        wanted = said.partition(b"CAP REQ :")[2].partition(b"\r\n")[0]
        return b":a CAP * ACK :" + wanted + b"\r\n"
    if b"AUTHENTICATE PLAIN" in said:
        return b"AUTHENTICATE +\r\n"
    return b":a 904 alice :Thank you\r\n"
