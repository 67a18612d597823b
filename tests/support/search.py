"""A log with its index for searching, and somebody who searches."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from pathlib import Path

from securechat.store.database import Location, open_database
from securechat.store.search.index import SearchIndex
from securechat.store.search.searcher import Search, Searcher

DEN, ROOM, DIRECT, OTHERS = 1, 2, 3, 4
"""Two channels, a conversation of accounts 1 and 2, and one of 2 and 3."""
MOST = 10**12


class Bench:
    """A log, its index, and somebody who searches. log: where that is."""

    def __init__(self, directory: Path, log: Location) -> None:
        self.path, self.location = directory / "search.db", log
        self.log = open_database(log)
        self.log.execute(
            "INSERT INTO targets (id, name, folded, skeleton, low, high) VALUES "
            "(1, '#den', '#den', '#den', NULL, NULL), (2, '#room', '#room', '#room', NULL, NULL), "
            "(3, NULL, NULL, NULL, 1, 2), (4, NULL, NULL, NULL, 2, 3)"
        )
        self.numbers = count(1)
        self.index = SearchIndex(self.path, self.location)
        self.now: Callable[[], float] = lambda: 0.0
        self.searcher = Searcher(self.location, self.path, lambda: self.now())

    def close(self) -> None:
        self.log.close()
        self.index.close()
        self.searcher.close()

    def says(
        self,
        *texts: str,
        target: int = DEN,
        sender: int = 1,
        kind: str = "PRIVMSG",
        seq: int | None = None,
    ) -> None:
        alone = not self.log.in_transaction
        if alone:
            self.log.begin()
        numbers = [next(self.numbers) if seq is None else seq for _ in texts]
        self.log.executemany(
            "INSERT INTO log VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (number, target, sender, 1000 * number, kind, text, None)
                for number, text in zip(numbers, texts, strict=True)
            ],
        )
        if alone:
            self.log.commit()

    def index_all(self) -> None:
        while self.index.step():
            pass

    def finds(self, text: str = "", **wanted: object) -> list[str]:
        return [row[5] for row in self.searcher.search(search(text, **wanted)).rows]


def search(text: str = "", **wanted: object) -> Search:
    """What account 1 may find in both channels and its conversation."""
    both = [(DEN, 0, MOST), (ROOM, 0, MOST)]
    usual = Search(both, [(DIRECT, 0, MOST)], 1, text, None, None, None, False, 50, MOST, 10)
    return usual._replace(**wanted)  # type: ignore[arg-type]


def holding(directory: Path, text: str) -> list[str]:
    """The files that hold a text."""
    return [path.name for path in directory.iterdir() if text.encode() in path.read_bytes()]
