"""Ways to one server, each at an address of its own: as if it had several nodes, which die."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator, Sequence


class Way:
    """Passes all connections on, until it dies. mute: what the server says is swallowed from now
    on, as by a node that has stored something and dies before it could say so. doomed: the next
    that the server says is its end.
    """

    def __init__(self, far: int) -> None:
        self._far = far
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.mute = self.doomed = False
        self.swallowed = threading.Event()
        self.came = 0
        self._ends: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def dies(self) -> None:
        """Nobody comes in any more, and who is there is cut off."""
        self._shut()
        self._listener.close()
        for end in list(self._ends):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        for thread in list(self._threads):
            thread.join(20)

    def _shut(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                self.came += 1
                far = socket.create_connection(("127.0.0.1", self._far))
                self._ends += [near, far]
                for source, sink in ((near, far), (far, near)):
                    thread = threading.Thread(
                        target=self._pass, args=(source, sink, source is far), daemon=True
                    )
                    self._threads.append(thread)
                    thread.start()

    def _pass(self, source: socket.socket, sink: socket.socket, answers: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if answers and self.doomed:
                    self._shut()
                    break
                if answers and self.mute:
                    self.swallowed.set()
                else:
                    sink.sendall(data)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def ways(port: int, count: int = 2) -> Iterator[Sequence[Way]]:
    """For the time of a block."""
    found = [Way(port) for _ in range(count)]
    try:
        yield found
    finally:
        for way in found:
            way.dies()
