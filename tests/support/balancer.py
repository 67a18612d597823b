"""A TCP balancer before several nodes, as haproxy is one: whoever comes goes to the first of them
that takes them.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Balancer:
    """ports: of the nodes, the first choice first; they may be changed at any time."""

    def __init__(self) -> None:
        self.ports: list[int] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        for port in list(self.ports):
            try:
                node = socket.create_connection(("127.0.0.1", port), 10)
            except OSError:
                continue
            for pair in ((client, node), (node, client)):
                threading.Thread(target=_pass_on, args=pair, daemon=True).start()
            return
        client.close()


def _pass_on(source: socket.socket, goal: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            goal.sendall(data)
    for sock in (source, goal):
        with suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)


@contextmanager
def balancing() -> Iterator[Balancer]:
    """For the time of a block."""
    balancer = Balancer()
    try:
        yield balancer
    finally:
        balancer.close()
