"""Who is let in to a database, and whom the program lets itself in with: passwords, TLS, and what
is said where it fails.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
import pytest

from securechat.common import files
from securechat.store.database import Connection, Transaction, open_database
from securechat.store.errors import HeldError, StoreError
from securechat.store.postgres.location import PostgresLocation, parse_location
from tests.support.certificates import Authority
from tests.support.postgres import USER, PostgresServer
from tests.support.waiting import until

SECRET = "otter-7281"

# On Linux all addresses in 127/8 are this machine: so two runs are not in each other's way.
ADDRESS = f"127.84.{os.getpid() >> 8 & 255}.{os.getpid() & 255}"

RULES = """
local all chat scram-sha-256
local all few trust
hostssl all chat all scram-sha-256
"""


@dataclass(frozen=True)
class There:
    """A server that speaks TLS, as db.example, and a database that `chat` owns. directory: for
    files of the program's.
    """

    server: PostgresServer
    directory: Path
    authority: Path
    name: str

    def location(self, words: str, password: str | None = SECRET) -> PostgresLocation:
        """By a URL with some words for the host, and `?` with more."""
        url = f"postgresql://chat@{words.replace('/', f'/{self.name}', 1)}"
        if password is None:
            return parse_location(url)
        file = self.directory / "password"
        file.unlink(missing_ok=True)
        files.write_new(file, f"{password}\nmore\n".encode())
        return parse_location(url, file)

    def by_tls(self, host: str = "db.example", more: str = "") -> PostgresLocation:
        return self.location(f"{host}/?hostaddr={ADDRESS}&sslrootcert={self.authority}{more}")

    def by_socket(self, password: str | None = SECRET) -> PostgresLocation:
        return self.location(f"/?host={self.server.place}", password)


@pytest.fixture(scope="module")
def there(
    postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[There]:
    name = postgres_server.database().url.split("/")[3].split("?")[0]
    for sql in (
        f"CREATE ROLE chat LOGIN PASSWORD '{SECRET}'",
        "CREATE ROLE few LOGIN CONNECTION LIMIT 0",
        f"ALTER DATABASE {name} OWNER TO chat",
    ):
        postgres_server.execute(sql)
    with postgres_server.speaking_tls(ADDRESS, RULES) as authority:
        yield There(postgres_server, tmp_path_factory.mktemp("access"), authority, name)


def refusal(location: PostgresLocation) -> str:
    with pytest.raises(StoreError) as caught:
        open_database(location)
    told = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert SECRET not in told
    return str(caught.value)


def is_encrypted(connection: Connection) -> bool:
    sql = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
    return bool(connection.execute(sql).fetchone() == (1,))


# --- the password --------------------------------------------------------------------------------


def test_the_password_is_read_from_its_file(there: There, caplog: pytest.LogCaptureFixture) -> None:
    """The first line of it; it is in nothing that is said or shown."""
    location = there.by_socket()
    with closing(open_database(location)) as connection:
        with Transaction(connection):
            connection.execute("INSERT INTO meta VALUES ('a', 'b')")
        assert SECRET not in f"{connection!r} {location!r} {location}"
    assert SECRET not in caplog.text


@pytest.mark.parametrize("password", ["wrong", "", None])
def test_a_wrong_password_is_told(
    there: There, monkeypatch: pytest.MonkeyPatch, password: str | None
) -> None:
    """And one that is lacking."""
    monkeypatch.setenv("PGPASSFILE", str(there.directory / "none"))
    assert "doesn't take the password; look at the file" in refusal(there.by_socket(password))


@pytest.mark.parametrize("content", [None, b"", b"\xff\n"])
def test_a_file_without_a_password_is_told(there: There, content: bytes | None) -> None:
    """With its name, and not what stands in it."""
    file = there.directory / "odd"
    file.unlink(missing_ok=True)
    if content is not None:
        file.write_bytes(content)
    told = refusal(replace(there.by_socket(), password_file=file))
    assert f"{file}: expected the password of the database in its first line" in told


# --- TLS -----------------------------------------------------------------------------------------


def test_elsewhere_a_server_has_to_prove_who_it_is(there: There) -> None:
    """Nobody has to ask for it."""
    for more in ("", "&sslmode=verify-full"):
        with closing(open_database(there.by_tls(more=more))) as connection:
            assert is_encrypted(connection)


def test_one_that_does_not_is_not_talked_to(
    there: There, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of another name, or of another authority; whatever the environment says of it."""
    monkeypatch.setenv("PGSSLMODE", "disable")
    monkeypatch.setenv("HOME", str(tmp_path))
    foreign = Authority("Another").write(tmp_path)
    for location in (
        there.by_tls("other.example"),
        there.location(f"db.example/?hostaddr={ADDRESS}&sslrootcert={foreign}"),
        there.location(f"db.example/?hostaddr={ADDRESS}"),
        PostgresLocation(f"{there.by_tls('other.example').url}&sslmode=require"),
    ):
        assert "hasn't proven who it is; name the file of the authority" in refusal(location)


def test_one_without_tls_is_not_talked_to(there: There) -> None:
    """Somebody on the way may have said that it has none."""
    for state in ("off", "on"):
        there.server.execute(f"ALTER SYSTEM SET ssl = {state}")
        there.server.reload()
        is_off = state == "off"
        until(lambda: _is_told(there, "no encrypted connection can be made") == is_off)  # noqa: B023


def _is_told(there: There, text: str) -> bool:
    try:
        open_database(there.by_tls()).close()
    except StoreError as error:
        return text in str(error)
    return False


# --- what else may be wrong ----------------------------------------------------------------------


def test_who_has_no_connection_left_is_told(there: There) -> None:
    """And how there are more."""
    location = PostgresLocation(f"postgresql://few@/{there.name}?host={there.server.place}")
    assert "no connection left; raise max_connections" in refusal(location)


def test_a_database_that_is_not_there(there: There) -> None:
    """Nor is its user."""
    place = there.server.place
    none = PostgresLocation(f"postgresql://{USER}@/nothing?host={place}")
    assert "has no database of that name" in refusal(none)
    nobody = PostgresLocation(f"postgresql://nobody@/{there.name}?host={place}")
    assert "knows no such user" in refusal(nobody)
    away = PostgresLocation(f"postgresql://{USER}@/{there.name}?host={place}/data")
    assert "can't be reached" in refusal(away)


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
def test_a_database_takes_all_that_people_write(
    postgres_server: PostgresServer, encoding: str
) -> None:
    """Else it would refuse some messages for ever."""
    name = f"in_{encoding.lower()}"
    words = f"ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0"
    postgres_server.execute(f"CREATE DATABASE {name} {words}")
    location = PostgresLocation(postgres_server.url(name))
    assert f"expected a database in the encoding UTF8, got {encoding}" in refusal(location)
    with psycopg.connect(location.url) as connection:
        sql = "SELECT count(*) FROM pg_namespace WHERE nspname = 'securechat'"
        assert connection.execute(sql).fetchone() == (0,)


def test_who_may_make_no_tables_is_told(there: There) -> None:
    """In a database of somebody else's."""
    mine = there.by_socket()
    other = replace(mine, url=mine.url.replace(f"/{there.name}?", f"/{USER}?"))
    assert "may not do that there; make it the owner" in refusal(other)


@pytest.fixture
def connection(database: PostgresLocation) -> Iterator[Connection]:
    with closing(open_database(database)) as opened:
        yield opened


def test_a_standby_only_reads(connection: Connection, database: PostgresLocation) -> None:
    """Who names one is told of the primary."""
    name = database.url.split("/")[3].split("?")[0]
    with psycopg.connect(database.url, autocommit=True) as other:
        other.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        try:
            with (
                closing(open_database(database)) as standby,
                pytest.raises(StoreError, match="only reads, as a standby does; name the primary"),
            ):
                standby.begin()
            assert not standby.in_transaction
        finally:
            other.execute(
                f"SET default_transaction_read_only = off; ALTER DATABASE {name} RESET ALL"
            )


RAISE = """
CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{code}'; END $$;
CREATE {kind} fail AFTER INSERT ON log {when} FOR EACH ROW EXECUTE FUNCTION fail();
"""


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("53100", "the disk of the database's server is full; free some space"),
        ("53200", "can't be reached, or has ended"),
        ("XX001", "the database is damaged; restore a backup"),
        ("XX002", "an index is damaged; REINDEX it"),
    ],
)
def test_what_the_server_lacks_is_told(
    connection: Connection, database: PostgresLocation, code: str, told: str, late: bool
) -> None:
    """Also where it shows at the commit; nothing is stored, and the next turn may be."""
    kind, when = (
        ("CONSTRAINT TRIGGER", "DEFERRABLE INITIALLY DEFERRED") if late else ("TRIGGER", "")
    )
    with psycopg.connect(database.url, autocommit=True) as other:
        other.execute("SET search_path = securechat")
        other.execute(RAISE.format(code=code, kind=kind, when=when))
    with pytest.raises(StoreError, match=told), Transaction(connection):
        connection.execute("INSERT INTO log VALUES (1, 1, 1, 1, 'JOIN', '', NULL)")
    assert not connection.in_transaction
    assert connection.execute("SELECT count(*) FROM log").fetchone() == (0,)
    with Transaction(connection):
        connection.execute("INSERT INTO meta VALUES ('a', 'b')")


def test_who_writes_is_waited_for_and_told(
    connection: Connection, database: PostgresLocation
) -> None:
    """As with a file."""
    with closing(open_database(database)) as other, Transaction(other):
        connection.wait_at_most(0)
        with pytest.raises(HeldError, match="another program holds the database"):
            connection.begin()
    with Transaction(connection):
        connection.execute("INSERT INTO meta VALUES ('a', 'b')")
