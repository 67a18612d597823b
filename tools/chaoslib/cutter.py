"""Stands between a chat server and PostgreSQL, or two servers of it, and cuts the connection: amid
a commit, or so that neither notices.
"""

from __future__ import annotations

import re
import socket
import threading
import time
from pathlib import Path
from typing import Final
from weakref import WeakKeyDictionary

from tests.support.cutter import Cutter

BEFORE, AFTER = "word", "answer"
"""A commit that PostgreSQL never hears of, and one of whose answer the server never hears."""

# https://www.postgresql.org/docs/current/protocol-message-formats.html
_ANSWER: Final = b"C\x00\x00\x00\x0bCOMMIT\x00"
_QUERY: Final = b"Q\x00\x00\x00\x0bCOMMIT\x00"
_LAST: Final = b"; COMMIT\x00"
_PREPARED: Final = re.compile(rb"P....([^\0]*)\0COMMIT\0", re.DOTALL)


class CommitCutter(Cutter):
    """place: the directory of the server's socket. here: of the one that takes its place. delay:
    seconds that each word and each answer takes.
    """

    def __init__(self, place: Path, here: Path) -> None:
        self._names: WeakKeyDictionary[socket.socket, set[bytes]] = WeakKeyDictionary()
        self._passes = threading.Event()
        self._passes.set()
        self.here = here
        self.delay = 0.0
        super().__init__(place, here)

    def hold(self) -> None:
        """Nothing passes any more, and nobody is told."""
        self._passes.clear()

    def let_go(self) -> None:
        """What was held is gone, with its connection: who has died meanwhile is heard no more."""
        self.delay = 0.0
        self._passes.set()

    def _cuts(self, what: str, source: socket.socket, data: bytes) -> bool:
        if self.delay:
            time.sleep(self.delay)
        if not self._passes.is_set():
            self._passes.wait()
            return True
        # Looked at in any case: psycopg sends a statement as one piece, and names one that comes
        # often.
        is_commit = _ANSWER in data if what == AFTER else self._asks(source, data)
        return is_commit and super()._cuts(what, source, data)

    def _asks(self, source: socket.socket, data: bytes) -> bool:
        names = self._names.setdefault(source, set())
        found = _PREPARED.findall(data)
        names.update(found)
        if _QUERY in data or _LAST in data:
            return True
        return bool(found) or any(b"\0%s\0" % name in data for name in names)
