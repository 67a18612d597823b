"""Stands between a chat server and PostgreSQL, and cuts the connection amid a commit."""

from __future__ import annotations

import re
import socket
from pathlib import Path
from typing import Final
from weakref import WeakKeyDictionary

from tests.support.cutter import Cutter

BEFORE, AFTER = "word", "answer"
"""A commit that PostgreSQL never hears of, and one of whose answer the server never hears."""

# https://www.postgresql.org/docs/current/protocol-message-formats.html
_ANSWER: Final = b"C\x00\x00\x00\x0bCOMMIT\x00"
_QUERY: Final = b"Q\x00\x00\x00\x0bCOMMIT\x00"
_PREPARED: Final = re.compile(rb"P....([^\0]*)\0COMMIT\0", re.DOTALL)


class CommitCutter(Cutter):
    """place: the directory of the server's socket. here: of the one that takes its place."""

    def __init__(self, place: Path, here: Path) -> None:
        self._names: WeakKeyDictionary[socket.socket, set[bytes]] = WeakKeyDictionary()
        super().__init__(place, here)

    def _cuts(self, what: str, source: socket.socket, data: bytes) -> bool:
        # Looked at in any case: psycopg sends a statement as one piece, and names one that comes
        # often.
        is_commit = _ANSWER in data if what == AFTER else self._asks(source, data)
        return is_commit and super()._cuts(what, source, data)

    def _asks(self, source: socket.socket, data: bytes) -> bool:
        names = self._names.setdefault(source, set())
        found = _PREPARED.findall(data)
        names.update(found)
        return bool(found) or _QUERY in data or any(b"\0%s\0" % name in data for name in names)
