"""Somebody who talks as fast as the server takes it, and what of it is in the log afterwards."""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path

from securechat.server.data import DataDirectory
from securechat.store.database import open_database
from tests.support.client import Client

WINDOW = 64
"""Messages that each may have said and not heard yet."""

Entry = tuple[str, str]
"""A message's id and its text."""


class Talker(threading.Thread):
    """Says numbered messages, many at a time, and keeps what it hears, to the connection's end.

    begin: of its messages. counts: the beginning of all messages that count, its first two letters
    when not given. enough: set when it has heard so many of them. target: where it talks.
    """

    def __init__(
        self, client: Client, begin: str, *, enough: int, target: str = "#lobby", counts: str = ""
    ) -> None:
        super().__init__()
        self._client = client
        self._begin = begin
        self._enough = enough
        self._target = target
        self._counts = counts or begin[:2]
        self._said = self._echoed = 0
        self.heard: list[Entry] = []
        self.enough = threading.Event()

    def run(self) -> None:
        with contextlib.suppress(OSError, EOFError):
            while True:
                if self._said - self._echoed < WINDOW:
                    numbers = range(self._said, self._said + WINDOW // 4)
                    lines = (f"PRIVMSG {self._target} :{self._begin}{n}" for n in numbers)
                    self._client.sends(*lines)
                    self._said = numbers.stop
                self._keep(self._client.hears_line())
        with contextlib.suppress(OSError, EOFError):  # what came before the end still counts
            while True:
                self._keep(self._client.hears_line())

    def _keep(self, line: str) -> None:
        tags, _, rest = line.partition(" ")
        text = rest.rpartition(" :")[2]
        if " PRIVMSG " not in rest or not text.startswith(self._counts):
            return
        [msgid] = [tag for tag in tags.lstrip("@").split(";") if tag.startswith("msgid=")]
        self.heard.append((msgid.removeprefix("msgid="), text))
        self._echoed += text.startswith(self._begin)
        if len(self.heard) >= self._enough:
            self.enough.set()


def stored(directory: Path, begin: str) -> list[Entry]:
    """Ids and texts of messages in the log of a data directory, in its order."""
    connection = open_database(DataDirectory(directory).location, read_only=True)
    [instance] = connection.execute("SELECT value FROM meta WHERE key = 'instance'").fetchone()
    rows = connection.execute(
        "SELECT seq, text FROM log WHERE kind = 'PRIVMSG' AND text LIKE ? ORDER BY seq",
        (begin + "%",),
    ).fetchall()
    connection.close()
    return [(f"{instance}-{seq:x}", text) for seq, text in rows]
