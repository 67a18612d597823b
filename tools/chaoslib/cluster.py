"""A primary of PostgreSQL with its synchronous standbys, and what befalls them."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import psycopg

from chaoslib.checker import Entry
from chaoslib.network import Network
from securechat.store.postgres.location import PostgresLocation
from tests.support.cutter import SOCKET
from tests.support.postgres import USER, PostgresServer

PATIENCE = 30.0
NAMES: Final = ("one", "two", "three")

QUORUM: Final = "ANY 1 (*)"

SETTINGS: Final = f"""
cluster_name = '{{name}}'
synchronous_standby_names = '{QUORUM}'
max_wal_size = 64MB
wal_keep_size = 64MB
wal_receiver_timeout = 3s
wal_sender_timeout = 3s
wal_retrieve_retry_interval = 100ms
dynamic_shared_memory_type = mmap
"""
"""The last: who is killed leaves nothing outside of its directory."""

WITH = "RESET synchronous_standby_names"
WITHOUT = "SET synchronous_standby_names = ''"

READ_LOG = "SELECT seq, text FROM securechat.log WHERE kind = 'PRIVMSG' ORDER BY seq"
SAYS_SO_FAR = "SELECT pg_current_wal_flush_lsn()"
HAS_ALL = "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming' AND flush_lsn >= %s"
RECEIVED = "SELECT GREATEST(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) - '0/0'::pg_lsn"

IMPATIENT: Final = "connect_timeout=2 tcp_user_timeout=3000"
OURS = "application_name = 'securechat'"
WAITING = f"FROM pg_stat_activity WHERE {OURS} AND wait_event = 'SyncRep'"


class Server(PostgresServer):
    """name: one of NAMES. leader: whom it is a copy of, and follows; None for the first one."""

    def __init__(
        self, programs: Path, place: Path, network: Network, leader: Server | None = None
    ) -> None:
        self.name = place.name
        self.leader = leader
        self._network = network
        self._reached = network.add_server(self.name, place)
        network.disk(place / "data")
        super().__init__(programs, place, network.within(self.name))

    def _settings(self) -> str:
        return super()._settings() + SETTINGS.format(name=self.name) + self._reached

    def _make(self) -> None:
        if self.leader is None:
            super()._make()
            with Path(self.data, "pg_hba.conf").open("a") as file:
                file.write("hostssl all all samenet trust\nhostssl replication all samenet trust\n")
            return
        words = ("-X", "stream", "-c", "fast", "--no-sync", "-U", USER)
        self._run("pg_basebackup", "-D", self.data, "-h", str(self.leader.place), *words)
        Path(self.data, "standby.signal").touch()
        self._look_to(self.leader)

    def _look_to(self, leader: Server) -> None:
        self.leader = leader
        way = self._network.way(self.name, [leader.name]).replace("&", " ")
        with Path(self.data, "postgresql.auto.conf").open("a") as file:
            file.write(f"primary_conninfo = '{way} user={USER} {IMPATIENT}'\n")

    def follow(self, leader: Server) -> None:
        """Another one from now on."""
        self._look_to(leader)
        self.execute("SELECT pg_reload_conf()")

    def promote(self) -> None:
        """Returns when it takes writes."""
        self.leader = None
        self._run("pg_ctl", "-D", self.data, "-w", "promote")

    def renew(self, leader: Server) -> None:
        """Be a new one that follows, with nothing of what was there."""
        for file in Path(self.data).iterdir():
            shutil.rmtree(file) if file.is_dir() else file.unlink()
        self.leader = leader
        self._set_up()

    @property
    def received(self) -> int:
        """How many bytes, of all that was ever written, a standby has on its disk."""
        with psycopg.connect(self.url(USER), autocommit=True) as connection:
            [[found]] = connection.execute(RECEIVED).fetchall()
        return int(found or 0)


class Cluster:
    """place: a directory for all of it. standbys: how many there are; one of them confirms each
    commit.
    """

    def __init__(
        self,
        programs: Path,
        place: Path,
        network: Network,
        *,
        standbys: int = 2,
    ) -> None:
        self.network = network
        self._numbers = 0
        self._hosts: dict[str, str] = {}
        if os.getuid() == 0:
            place.chmod(0o711)
        self.servers: list[Server] = []
        try:
            for name in NAMES[: standbys + 1]:
                (place / name).mkdir(mode=0o700)
                leader = self.servers[0] if self.servers else None
                self.servers.append(Server(programs, place / name, network, leader))
            self.primary = self.servers[0]
            self.wait_for_standbys()
        except BaseException:
            self.close()
            raise

    @property
    def standbys(self) -> list[Server]:
        """All others."""
        return [server for server in self.servers if server is not self.primary]

    def close(self) -> None:
        """All end at once."""
        for server in self.servers:
            kill(server)

    def new_database(self) -> str:
        """Its name."""
        self._numbers += 1
        name = f"chaos{self._numbers}"
        self.primary.execute(f"CREATE DATABASE {name}")
        return name

    def host(self, node: str) -> str:
        """Where a chat server listens; it may be the second one of that name."""
        if node not in self._hosts:
            self._hosts[node] = self.network.add_node(node)
        return self._hosts[node]

    def location(self, database: str, who: str) -> PostgresLocation:
        """Where somebody finds it, wherever the primary is."""
        way = self.network.way(who, [server.name for server in self.servers])
        return PostgresLocation(
            f"postgresql://{USER}@/{database}?{way}&target_session_attrs=read-write"
        )

    def inside(self, database: str) -> PostgresLocation:
        """Where this program finds it, on the primary, whatever is cut."""
        return PostgresLocation(self.primary.url(database))

    def ask(self, sql: str, *params: Any, database: str = USER) -> list[tuple[Any, ...]]:
        """The primary, whatever is cut."""
        with psycopg.connect(self.primary.url(database), autocommit=True) as connection:
            return connection.execute(sql, params).fetchall()

    def log(self, database: str) -> list[Entry]:
        """All messages that are stored, in their order."""
        return [(seq, text) for seq, text in self.ask(READ_LOG, database=database)]

    def use_quorum(self, *, quorum: bool) -> None:
        """From now on, whoever is the primary. Returns when all standbys have what there is."""
        for server in self.servers:
            server.execute(f"ALTER SYSTEM {WITH if quorum else WITHOUT}")
            server.execute("SELECT pg_reload_conf()")
        self.wait_for_standbys()

    def wait_for_standbys(self) -> None:
        """Until they have all that was ever acknowledged."""
        [[upto]] = self.ask(SAYS_SO_FAR)
        number = len(self.standbys)
        wait_until(lambda: self.ask(HAS_ALL, upto)[0][0] == number, "all standbys follow")

    def fail_over(
        self,
        dies: Callable[[Server], object] | None = None,
        late: Callable[[], object] = lambda: None,
    ) -> None:
        """The primary dies; the standby that has most takes its place, and a new standby the place
        of the primary. What was cut off from the primary is so until then. dies: in another way
        than by kill -9. late: what is done before the old one has ended at the latest.
        """
        old = self.primary
        (dies or kill)(old)
        self.primary = max(self.standbys, key=lambda one: one.received)
        self.primary.promote()
        for server in self.standbys:
            if server is not old:
                server.follow(self.primary)
        late()
        kill(old)
        self.network.heal()
        old.renew(self.primary)
        self.wait_for_standbys()

    def cut_off_standbys(self, *standbys: Server) -> None:
        """The primary and they hear nothing of each other any more. standbys: all without."""
        for standby in standbys or self.standbys:
            self.network.cut(self.primary.name, standby.name)

    def start_again(self, server: Server) -> None:
        """One that has ended, or is killed now."""
        kill(server)
        server.start()

    def end_connections(self) -> None:
        """All that chat servers have."""
        self.ask(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {OURS}")

    def cancel_waits(self) -> None:
        """What waits for the standby to confirm a commit waits no longer."""
        self.ask(f"SELECT pg_cancel_backend(pid) {WAITING}")

    def end_waits(self) -> None:
        """Those that wait so lose their connection."""
        self.ask(f"SELECT pg_terminate_backend(pid) {WAITING}")

    def waits_for_standby(self) -> bool:
        """Whether a chat server waits for it to confirm a commit."""
        return bool(self.ask(f"SELECT pid {WAITING}"))

    def is_up(self) -> bool:
        """Whether the primary lets anybody in."""
        with suppress(psycopg.Error):
            self.ask("SELECT 1")
            return True
        return False


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
