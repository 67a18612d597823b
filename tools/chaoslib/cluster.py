"""A primary of PostgreSQL with its synchronous standby, and what befalls them."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg

from chaoslib.checker import Entry
from chaoslib.cutter import CommitCutter
from securechat.store.postgres.location import PostgresLocation
from tests.support.cutter import SOCKET
from tests.support.postgres import USER, PostgresServer, StandbyServer

PATIENCE = 30.0
READ_LOG = "SELECT seq, text FROM securechat.log WHERE kind = 'PRIVMSG' ORDER BY seq"
SAYS_SO_FAR = "SELECT pg_current_wal_flush_lsn()"
HAS_ALL = "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming' AND flush_lsn >= %s"
OURS = "application_name = 'securechat'"
WAITING = f"FROM pg_stat_activity WHERE {OURS} AND wait_event = 'SyncRep'"


class Cluster:
    """Two servers, each behind a cutter. place: a directory for all of it, whose path is short, as
    those of sockets must be. quorum: whether a commit waits for the standby.
    """

    def __init__(self, programs: Path, place: Path, *, quorum: bool = True) -> None:
        self.quorum = quorum
        self._numbers = 0
        self._cutters: dict[Path, CommitCutter] = {}
        if os.getuid() == 0:
            place.chmod(0o711)
        for name in ("one", "two"):
            (place / name).mkdir(mode=0o700)
            (front := place / f"{name}-front").mkdir(mode=0o700)
            self._cutters[place / name] = CommitCutter(place / name, front)
        self._fronts = ",".join(str(place / f"{name}-front") for name in ("one", "two"))
        self.primary = PostgresServer(programs, place / "one")
        self.standby = StandbyServer(self.primary, place / "two")
        self._wait_for_standby()

    def close(self) -> None:
        """Both end at once."""
        for cutter in self._cutters.values():
            cutter.close()
        for server in (self.primary, self.standby):
            kill(server)

    def database(self) -> PostgresLocation:
        """A new one, which is reached wherever the primary is."""
        self._numbers += 1
        name = f"chaos{self._numbers}"
        self.primary.execute(f"CREATE DATABASE {name}")
        return PostgresLocation(
            f"postgresql://{USER}@/{name}?host={self._fronts}&target_session_attrs=read-write"
        )

    @property
    def cutter(self) -> CommitCutter:
        """In front of the primary."""
        return self._cutters[self.primary.place]

    def ask(self, sql: str, *params: Any, database: str = USER) -> list[tuple[Any, ...]]:
        """The primary, past its cutter."""
        with psycopg.connect(self.primary.url(database), autocommit=True) as connection:
            return connection.execute(sql, params).fetchall()

    def log(self, database: str) -> list[Entry]:
        """All messages that are stored, in their order."""
        return [(seq, text) for seq, text in self.ask(READ_LOG, database=database)]

    def use_quorum(self, *, quorum: bool) -> None:
        """From now on."""
        self.quorum = quorum
        self._set_quorum("*" if quorum else "")

    def _set_quorum(self, names: str) -> None:
        self.primary.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{names}'")
        self.primary.execute("SELECT pg_reload_conf()")

    def _wait_for_standby(self) -> None:
        """Until it has all that was ever acknowledged."""
        self._set_quorum("*" if self.quorum else "")
        [[upto]] = self.ask(SAYS_SO_FAR)
        wait_until(lambda: self.ask(HAS_ALL, upto)[0][0], "the standby follows")

    def fail_over(self) -> None:
        """The primary is killed, with all of its processes; the standby takes its place."""
        kill(self.primary)
        self._promote()

    def fail_over_behind(self, behind: Callable[[], object]) -> None:
        """The same, when the standby has heard nothing for some time, and lost what was on its way
        to it. behind: what happens in that time.
        """
        stop(self.standby)
        behind()
        kill(self.primary)
        kill(self.standby)
        self.standby.start()
        self._promote()

    def _promote(self) -> None:
        old = self.primary
        assert isinstance(self.standby, StandbyServer)
        self.standby.promote()
        self.primary = self.standby
        # Who watches over the two does so until there is a standby again.
        self._set_quorum("")
        self._renew(old.place)

    def _renew(self, place: Path) -> None:
        shutil.rmtree(place / "data")
        self.standby = StandbyServer(self.primary, place)
        self._wait_for_standby()

    def end_connections(self) -> None:
        """All that chat servers have."""
        self.ask(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {OURS}")

    def cancel_waits(self) -> None:
        """What waits for the standby to confirm a commit waits no longer."""
        self.ask(f"SELECT pg_cancel_backend(pid) {WAITING}")

    def waits_for_standby(self) -> bool:
        """Whether a chat server waits for it to confirm a commit."""
        return bool(self.ask(f"SELECT pid {WAITING}"))


def processes(server: PostgresServer) -> list[int]:
    """The postmaster, and its children."""
    with suppress(OSError, ValueError, IndexError):
        first = int((Path(server.data) / "postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
        return [first, *map(int, children)]
    return []


def _signal(pids: list[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def stop(server: PostgresServer) -> None:
    """SIGSTOP: none of its processes goes on. The postmaster first, so that no other one begins."""
    _signal(processes(server)[:1], signal.SIGSTOP)
    _signal(processes(server), signal.SIGSTOP)


def go_on(server: PostgresServer) -> None:
    """SIGCONT."""
    _signal(processes(server), signal.SIGCONT)


def kill(server: PostgresServer) -> None:
    """SIGKILL to all at once, as when the machine loses its power; returns when they are gone."""
    stop(server)
    found = processes(server)
    _signal(found[1:] + found[:1], signal.SIGKILL)
    wait_until(lambda: not any(map(_lives, found)), "PostgreSQL is gone")
    # Where nobody reaps orphans it would be taken for one that still runs.
    for file in (Path(server.data, "postmaster.pid"), server.place / f"{SOCKET}.lock"):
        file.unlink(missing_ok=True)


def _lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return False
    return state not in "ZX"


def wait_until(holds: Callable[[], object], what: str, seconds: float = PATIENCE) -> None:
    """Raises TimeoutError."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            raise TimeoutError(f"in vain for {seconds:.0f} s: that {what}")
        time.sleep(0.02)
