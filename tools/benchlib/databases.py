"""PostgreSQL for a measurement: from the system's packages, in temporary directories, and with all
that it does to keep what it has stored.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg
from chaoslib.cluster import processes

from benchlib.process import StartError
from securechat.store.postgres.location import PostgresLocation
from tests.support.postgres import PostgresServer, StandbyServer, programs

DURABLE = {"fsync": "on", "full_page_writes": "on", "shared_buffers": "256MB"}
"""What a test does without."""

COUNT = "SELECT count(*) FROM securechat.log WHERE kind = 'PRIVMSG'"


class Databases:
    """Servers that are started when they are needed first, and run until the block ends.

    directory: on whose disk they are; None for the system's temporary directory.
    """

    def __init__(self, directory: Path | None) -> None:
        self._directory = directory
        self._stack = ExitStack()
        self._servers: dict[bool, Sequence[PostgresServer]] = {}
        self._numbers = count(1)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.close()

    def servers(self, *, standby: bool) -> Sequence[PostgresServer]:
        """The primary, and behind it a synchronous standby where one is wanted. Raises
        StartError.
        """
        if standby not in self._servers:
            self._servers[standby] = self._start(standby)
        return self._servers[standby]

    def new(self, primary: PostgresServer) -> PostgresLocation:
        """An empty database."""
        name = f"bench{next(self._numbers)}"
        primary.execute(f"CREATE DATABASE {name}")
        return PostgresLocation(primary.url(name))

    def count_messages(self, location: PostgresLocation) -> int:
        """That are stored in it."""
        with psycopg.connect(location.url) as connection:
            ((found,),) = connection.execute(COUNT)
        return int(found)

    def _start(self, standby: bool) -> Sequence[PostgresServer]:
        found = programs()
        if found is None:
            raise StartError("PostgreSQL is not installed; apt-get install postgresql")
        primary = PostgresServer(found, self._place())
        self._stack.callback(primary.stop, "immediate")
        for name, value in DURABLE.items():
            primary.execute(f"ALTER SYSTEM SET {name} = '{value}'")
        primary.stop()
        primary.start()
        if not standby:
            return [primary]
        second = StandbyServer(primary, self._place())
        self._stack.callback(second.stop, "immediate")
        return [primary, second]

    def _place(self) -> Path:
        # PostgreSQL refuses to run as root, and gives this to another user then.
        made = tempfile.TemporaryDirectory(prefix="pg", dir=self._directory)
        return Path(self._stack.enter_context(made)).absolute()


def pids(servers: Sequence[PostgresServer]) -> list[list[int]]:
    """Of each server all its processes."""
    return [processes(server) for server in servers]
