"""Somebody between a program and a server of PostgreSQL who cuts the line at the worst moment."""

from __future__ import annotations

import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from securechat.store.postgres.location import PostgresLocation

SOCKET = ".s.PGSQL.5432"


class Cutter:
    """Passes on all that both say. place: the directory of the server's socket."""

    def __init__(self, place: Path, here: Path) -> None:
        self._place = place
        self._here = here
        self._cut_at: str | None = None
        self.has_cut = threading.Event()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(here / SOCKET))
        self._listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def through(self, location: PostgresLocation) -> PostgresLocation:
        """The same database, by this way."""
        return PostgresLocation(location.url.replace(str(self._place), str(self._here)))

    def cut_at_next(self, what: str) -> None:
        """what: "word" that the program says, which the server doesn't hear, or "answer", which the
        program doesn't hear. "" for neither.
        """
        self.has_cut.clear()
        self._cut_at = what

    def close(self) -> None:
        """Nobody comes through any more; those who talk go on."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                program, _ = self._listener.accept()
                server = socket.socket(socket.AF_UNIX)
                try:
                    server.connect(str(self._place / SOCKET))
                except OSError:  # nobody is there now
                    program.close()
                    continue
                for pair in ((program, server, "word"), (server, program, "answer")):
                    threading.Thread(target=self._pass_on, args=pair, daemon=True).start()

    def _cuts(self, what: str, source: socket.socket, data: bytes) -> bool:
        """Whether the connection ends here. source: who has said it."""
        if self._cut_at != what:
            return False
        self._cut_at = None
        self.has_cut.set()
        return True

    def _pass_on(self, source: socket.socket, target: socket.socket, what: str) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if self._cuts(what, source, data):
                    break
                target.sendall(data)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@contextmanager
def between(place: Path) -> Iterator[Cutter]:
    """One until the block ends."""
    # A socket's path may have 107 characters, and pytest's directories have many.
    with tempfile.TemporaryDirectory(prefix="cut") as here:
        cutter = Cutter(place, Path(here))
        try:
            yield cutter
        finally:
            cutter.close()
