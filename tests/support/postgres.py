"""A server of PostgreSQL for the tests, from Debian's packages, in a directory of its own; and a
database on it for each test. As the server refuses to run as root, it runs as `postgres` then.

A new database takes a third of a second, and one that is emptied a hundredth: so the tests hand on
what they have had, unless they have changed its tables.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import psycopg

from securechat.store.postgres.database import open_database
from securechat.store.postgres.location import PostgresLocation
from securechat.store.postgres.schema import NAME
from tests.support.certificates import Authority

USER = "postgres"

# No disk is waited for: what is lost in a power cut is a test's.
SETTINGS: Final = """
listen_addresses = ''
unix_socket_directories = '{place}'
fsync = off
full_page_writes = off
max_connections = 60
autovacuum = off
jit = off
shared_buffers = 32MB
"""

# What the tables are like, but for their rows.
SHAPE: Final = f"""
SELECT md5(string_agg(part, ' ' ORDER BY part)) FROM (
    SELECT concat_ws(' ', relname, attnum, attname, atttypid, attnotnull) FROM pg_class
        JOIN pg_attribute ON attrelid = pg_class.oid WHERE relnamespace = '{NAME}'::regnamespace
    UNION ALL SELECT concat_ws(' ', tgname, tgrelid::regclass, tgenabled) FROM pg_trigger
    UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = '{NAME}'::regnamespace
) AS parts (part)
"""

# What every database has from its beginning stands in KEPT; no trigger sees the others go.
EMPTY: Final = f"""
SET session_replication_role = replica;
DO $$
DECLARE one record;
BEGIN
    FOR one IN SELECT oid::regclass AS name, relkind AS kind FROM pg_class
        WHERE relnamespace = '{NAME}'::regnamespace AND relkind IN ('r', 'S')
    LOOP
        IF one.kind = 'S' THEN PERFORM setval(one.name, 1, false);
        ELSE EXECUTE format('DELETE FROM %s', one.name);
        END IF;
    END LOOP;
END $$;
INSERT INTO {NAME}.head VALUES (1, 0, 0);
INSERT INTO {NAME}.meta VALUES ('usage_upto', '0'), ('instance', md5(random()::text));
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
    """One that runs. Its databases are reached through a socket in its directory. within: the
    program and its arguments that another one is run by, as on a machine of its own.
    """

    def __init__(self, programs: Path, place: Path, within: Sequence[str] = ()) -> None:
        self.programs = programs
        self.place = place
        self._within = within
        self._numbers = count(1)
        self._template: str | None = None
        self._shape: object = None
        self._format = ""
        self._spare: list[PostgresLocation] = []
        self._cleaners: dict[str, psycopg.Connection[Any]] = {}
        if os.getuid() == 0:
            shutil.chown(place, USER, USER)
        self._set_up()

    def _set_up(self) -> None:
        self._make()
        with (self.place / "data" / "postgresql.conf").open("a") as file:
            file.write(self._settings())
        self.start()

    def _settings(self) -> str:
        return SETTINGS.format(place=self.place)

    def _make(self) -> None:
        words = ("-A", "trust", "-U", USER, "-E", "UTF8", "--locale=C", "--no-sync")
        self._run("initdb", "-D", self.data, *words)

    @property
    def data(self) -> str:
        """Its own directory."""
        return str(self.place / "data")

    def _run(self, program: str, *arguments: str) -> None:
        words = [str(self.programs / program), *arguments]
        if os.getuid() == 0:
            words = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", *words]
        words = [*self._within, *words]
        # What is in the home of whoever runs this it may not read.
        env = {**os.environ, "HOME": str(self.place)}
        null = subprocess.DEVNULL
        subprocess.run(words, check=True, timeout=60, cwd=self.place, env=env, stdout=null)

    def start(self) -> None:
        """Returns when it takes connections."""
        self._run("pg_ctl", "-D", self.data, "-l", f"{self.place}/log", "-w", "start")

    def stop(self, how: str = "fast") -> None:
        """how: "fast", or "immediate", as a crash would."""
        for cleaner in self._cleaners.values():
            cleaner.close()
        self._cleaners.clear()
        self._run("pg_ctl", "-D", self.data, "-m", how, "-w", "stop")

    def execute(self, sql: str) -> None:
        """As its administrator."""
        with psycopg.connect(self.url(USER), autocommit=True) as connection:
            connection.execute(sql)

    @contextmanager
    def configured(self, *, anew: bool = False, **settings: str) -> Iterator[None]:
        """With settings of its configuration. anew: whether it has to be started for them."""
        try:
            for name, value in settings.items():
                self.execute(f"ALTER SYSTEM SET {name} = '{value}'")
            self._take_up(anew)
            yield
        finally:
            for name in settings:
                self.execute(f"ALTER SYSTEM RESET {name}")
            self._take_up(anew)

    @contextmanager
    def speaking_tls(self, address: str, rules: str) -> Iterator[Path]:
        """At an address, as db.example; the file of the authority of its certificate. rules: of its
        pg_hba.conf, before those that there are.
        """
        authority = Authority()
        certificate, key = authority.server("db.example").write(self.place, "server")
        if os.getuid() == 0:
            for path in (certificate, key):
                shutil.chown(path, USER, USER)
        hba = self.place / "data" / "pg_hba.conf"
        before = hba.read_text()
        hba.write_text(rules + before)
        names = {"ssl_cert_file": str(certificate), "ssl_key_file": str(key)}
        try:
            with self.configured(anew=True, listen_addresses=address, ssl="on", **names):
                yield authority.write(self.place)
        finally:
            hba.write_text(before)

    def _take_up(self, anew: bool) -> None:
        if anew:
            self.stop()
            self.start()
        else:
            self.reload()

    def reload(self) -> None:
        """Take up its configuration; returns when all of it is in effect."""
        self.execute("SELECT pg_reload_conf()")
        # Commits wait for a standby as soon as the checkpointer has seen that they are to: it has
        # a look before it does what it is asked for.
        self.execute("CHECKPOINT")

    def url(self, database: str) -> str:
        """How a database is named."""
        return f"postgresql://{USER}@/{database}?host={self.place}"

    def database(self, template: str = "template1") -> PostgresLocation:
        """A new one, with nothing in it, or with what its template has."""
        name = f"chat{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        return PostgresLocation(self.url(name))

    @contextmanager
    def lent(self) -> Iterator[PostgresLocation]:
        """One with empty tables."""
        if self._template is None:
            made = self.database()
            open_database(made).close()
            with psycopg.connect(made.url) as connection:
                self._shape = connection.execute(SHAPE).fetchone()
                sql = f"SELECT value FROM {NAME}.meta WHERE key = 'format'"
                ((self._format,),) = connection.execute(sql)
            self._template = _name(made)
        location = self._spare.pop() if self._spare else self.database(self._template)
        yield location
        self._take_back(location)

    def _take_back(self, location: PostgresLocation) -> None:
        cleaner = self._cleaner(location)
        cleaner.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        if cleaner.execute(SHAPE).fetchone() == self._shape:
            cleaner.execute(EMPTY)
            sql = f"INSERT INTO {NAME}.meta VALUES ('format', %s)"
            cleaner.execute(sql, (self._format,))
            self._cleaners[location.url] = cleaner
            self._spare.append(location)
        else:
            cleaner.close()
            self.execute(f"DROP DATABASE {_name(location)} WITH (FORCE)")

    def _cleaner(self, location: PostgresLocation) -> psycopg.Connection[Any]:
        """A connection that is kept, as with a new one each table would be looked up again."""
        found = self._cleaners.pop(location.url, None)
        if found is not None:
            with suppress(psycopg.OperationalError):
                found.execute("SELECT 1")
                return found
        return psycopg.connect(location.url, autocommit=True)


def _name(location: PostgresLocation) -> str:
    return urlsplit(location.url).path.lstrip("/")


class StandbyServer(PostgresServer):
    """A second one, which follows another, and on whose disk each of that one's commits is before
    it returns; until it is promoted.
    """

    def __init__(self, primary: PostgresServer, place: Path) -> None:
        self._primary = primary
        super().__init__(primary.programs, place)
        primary.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
        primary.reload()

    def _make(self) -> None:
        words = ("-R", "-X", "stream", "-c", "fast", "--no-sync", "-U", USER)
        self._run("pg_basebackup", "-D", self.data, "-h", str(self._primary.place), *words)

    def promote(self) -> None:
        """Returns when it takes writes."""
        self._run("pg_ctl", "-D", self.data, "-w", "promote")


@contextmanager
def running(within: Sequence[str] = ()) -> Iterator[PostgresServer | None]:
    """A server until the block ends; None where PostgreSQL isn't installed. within: see there."""
    found = programs()
    if found is None:
        yield None
        return
    with place_for_servers() as place:
        server = PostgresServer(found, place, within)
        try:
            yield server
        finally:
            server.stop("immediate")


WATCH = """
cat
for file in "$1"/data/postmaster.pid "$1"/*/data/postmaster.pid; do
    data="${file%/*}"
    pid="$(head -n 1 "$file")" || continue
    if [ "/proc/$pid/cwd" -ef "$data" ]; then
        kill -QUIT "$pid"
        kill -CONT "$pid"
        while [ "/proc/$pid/cwd" -ef "$data" ]; do sleep 0.02; done
    fi
done
rm -rf "$1"
"""


@contextmanager
def place_for_servers() -> Iterator[Path]:
    """A directory for a server, or for several with one each. Both end with the block, also where
    this process is killed in it: a server belongs to nobody once it runs.
    """
    # A socket's path may have 107 characters, and pytest's directories have many.
    parent = "/dev/shm" if Path("/dev/shm").is_dir() else "/tmp"
    place = tempfile.mkdtemp(prefix="pg", dir=parent)
    words = ["sh", "-c", WATCH, "watch", place]
    quiet = subprocess.DEVNULL
    # In a session of its own, as Ctrl-C is for all processes of one. Its input ends with us.
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=quiet, stderr=quiet, start_new_session=True
    ):
        yield Path(place)
