"""A server of PostgreSQL for the tests, from Debian's packages, in a directory of its own; and a
database on it for each test. As the server refuses to run as root, it runs as `postgres` then.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Final

import psycopg

from securechat.store.postgres.location import PostgresLocation

USER = "postgres"

# No disk is waited for: what is lost in a power cut is a test's.
SETTINGS: Final = """
listen_addresses = ''
unix_socket_directories = '{place}'
fsync = off
full_page_writes = off
max_connections = 60
shared_buffers = 32MB
"""


def programs() -> Path | None:
    """Where the server's programs are: in none of the usual places, with Debian. None without."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=_version)
    if found:
        return found[-1].parent
    other = shutil.which("initdb")
    return Path(other).resolve().parent if other else None


def _version(initdb: Path) -> int:
    name = initdb.parent.parent.name
    return int(name) if name.isdigit() else 0


class PostgresServer:
    """One that runs. Its databases are reached through a socket in its directory."""

    def __init__(self, programs: Path, place: Path) -> None:
        self.programs = programs
        self.place = place
        self._numbers = count(1)
        if os.getuid() == 0:
            shutil.chown(place, USER, USER)
        self._run("initdb", "-D", self.data, "-A", "trust", "-U", USER, "-E", "UTF8")
        with (place / "data" / "postgresql.conf").open("a") as file:
            file.write(SETTINGS.format(place=place))
        self.start()

    @property
    def data(self) -> str:
        """Its own directory."""
        return str(self.place / "data")

    def _run(self, program: str, *arguments: str) -> None:
        words = [str(self.programs / program), *arguments]
        if os.getuid() == 0:
            words = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", *words]
        if program == "initdb":
            words += ["--no-sync", "--locale=C"]
        subprocess.run(words, check=True, timeout=60, cwd=self.place, stdout=subprocess.DEVNULL)

    def start(self) -> None:
        """Returns when it takes connections."""
        self._run("pg_ctl", "-D", self.data, "-l", f"{self.place}/log", "-w", "start")

    def stop(self, how: str = "fast") -> None:
        """how: "fast", or "immediate", as a crash would."""
        self._run("pg_ctl", "-D", self.data, "-m", how, "-w", "stop")

    def execute(self, sql: str) -> None:
        """As its administrator."""
        with psycopg.connect(self.url(USER), autocommit=True) as connection:
            connection.execute(sql)

    def url(self, database: str) -> str:
        """How a database is named."""
        return f"postgresql://{USER}@/{database}?host={self.place}"

    def database(self) -> PostgresLocation:
        """A new one, with nothing in it."""
        name = f"chat{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} STRATEGY file_copy")
        return PostgresLocation(self.url(name))


@contextmanager
def running() -> Iterator[PostgresServer | None]:
    """A server until the block ends; None where PostgreSQL isn't installed."""
    found = programs()
    if found is None:
        yield None
        return
    # A socket's path may have 107 characters, and pytest's directories have many.
    with tempfile.TemporaryDirectory(prefix="pg", dir=_short()) as place:
        server = PostgresServer(found, Path(place))
        try:
            yield server
        finally:
            server.stop("immediate")


def _short() -> str:
    return "/dev/shm" if Path("/dev/shm").is_dir() else "/tmp"
