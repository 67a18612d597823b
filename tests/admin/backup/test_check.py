"""A look at everything that a server starts on."""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from securechat.admin.backup.check import check_up, in_use
from securechat.ca.ensure import ensure_server_certificate
from securechat.server.config import Config
from securechat.server.data import DataDirectory
from securechat.store.sql.fragments import MESSAGES
from securechat.store.sqlite.database import open_database
from securechat.store.sqlite.schema import MIGRATIONS
from tests.support.certificates import DAY, Authority, pem
from tests.support.data_directory import everything, make_directory
from tests.support.server import running

NOW = datetime.now(UTC)
NEWEST = len(MIGRATIONS)


@pytest.fixture
def data(tmp_path: Path) -> Iterator[DataDirectory]:
    yield make_directory(tmp_path / "data")
    (tmp_path / "data").chmod(0o700)


def told(
    data: DataDirectory,
    *,
    good: bool,
    config: Config | None = None,
    quick: bool = False,
    now: datetime = NOW,
) -> list[str]:
    """What is in order, or what isn't."""
    found = check_up(data, config, quick=quick, now=now)
    return [text for is_good, text in found if is_good == good]


def faults(data: DataDirectory, *, config: Config | None = None, now: datetime = NOW) -> str:
    return "\n".join(told(data, good=False, config=config, now=now))


def test_a_sound_server_has_no_faults(data: DataDirectory) -> None:
    """Each thing that was looked at is told."""
    assert faults(data) == ""
    first, second, *rest = told(data, good=True)
    assert first == f"{data.path} is closed to others"
    assert second == "so is every file with a secret in it"
    assert rest[0] == f"{data.database} is whole (its format is {NEWEST})"
    assert rest[1] == f"{data.pepper} is the database's own"
    assert "server.pem is valid for 89 more days, for localhost" in rest[2]
    assert rest[3] == f"the authority in {data.tls} is in order"


def test_nothing_is_changed(data: DataDirectory) -> None:
    """Not a byte. What SQLite makes to read beside others, it makes as private as the database."""
    before = everything(data.path)
    assert faults(data) == ""
    assert faults(data) == ""  # of those files, too
    after = everything(data.path)
    after.pop("securechat.db-shm", None)
    assert after.pop("securechat.db-wal", b"") == b""
    assert after == before


def test_a_running_server_is_no_fault(data: DataDirectory) -> None:
    """It is looked at as it is."""
    data.lock()
    with closing(sqlite3.connect(data.database, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("BEGIN IMMEDIATE")
        assert faults(data) == ""
    data.unlock()


def test_every_open_file_is_told(data: DataDirectory) -> None:
    """With the command that closes it, not only the first."""
    data.path.chmod(0o755)
    data.pepper.chmod(0o640)
    (data.tls / "ca-key.pem").chmod(0o604)
    found = faults(data)
    assert f"chmod 700 {data.path}" in found
    assert f"chmod 600 {data.pepper}" in found
    assert f"chmod 600 {data.tls}/ca-key.pem" in found
    assert f"{data.database} is whole (its format is {NEWEST})" in told(data, good=True)


def test_a_damaged_database_is_told(data: DataDirectory) -> None:
    """With what to do; the rest is looked at all the same."""
    with closing(sqlite3.connect(data.database, isolation_level=None)) as connection:
        connection.execute("DROP INDEX log_messages")
        connection.execute(
            f"CREATE INDEX log_messages ON log (target, seq) WHERE {MESSAGES} AND seq > 1"
        )
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute(
            "UPDATE sqlite_master SET sql = ? WHERE name = 'log_messages'",
            (f"CREATE INDEX log_messages ON log (target, seq) WHERE {MESSAGES}",),
        )
    found = faults(data)
    assert f"{data.database} is no good: it is damaged: row 1 missing from index" in found
    assert "restore a backup" in found
    assert told(data, good=False, quick=True) == []


def test_something_else_than_a_database_is_told(data: DataDirectory) -> None:
    """Once for the database, and once for the pepper, which can't be compared with it."""
    data.database.write_bytes(b"no database, " * 1000)
    assert "this is not a securechat database" in faults(data)


def test_a_database_of_an_older_format_is_no_fault(data: DataDirectory) -> None:
    """The server brings it up to date."""
    with closing(sqlite3.connect(data.database)) as connection:
        kept = connection.execute("SELECT * FROM meta").fetchall()
    data.database.unlink()
    data.database.touch(0o600)
    with closing(sqlite3.connect(data.database, isolation_level=None)) as connection:
        connection.executescript(MIGRATIONS[0])
        connection.executemany("INSERT INTO meta VALUES (?, ?)", kept)
        connection.execute("PRAGMA user_version = 1")
    assert faults(data) == ""
    assert (
        f"{data.database} is whole (its format is 1; the server's next start makes it {NEWEST})"
        in told(data, good=True)
    )


def test_a_missing_or_foreign_pepper_is_told(data: DataDirectory) -> None:
    """With what it means."""
    data.pepper.write_bytes(b"x" * 32)
    assert f"{data.pepper} is the key of another database" in faults(data)
    data.pepper.unlink()
    assert f"{data.pepper} is missing" in faults(data)


def test_a_certificate_at_its_end_is_told(data: DataDirectory) -> None:
    """A month before; and when it has ended, and when its time has not come."""
    assert faults(data, now=NOW + timedelta(days=59)) == ""
    found = faults(data, now=NOW + timedelta(days=61))
    assert "server.pem is valid for 28 more days" in found
    assert "restart the server, which renews it" in found
    assert "the certificate expired on" in faults(data, now=NOW + timedelta(days=400))
    assert "valid only from" in faults(data, now=NOW - timedelta(days=400))


def test_an_authority_at_its_end_is_told(data: DataDirectory) -> None:
    """Nothing could be signed any more."""
    found = faults(data, now=NOW + timedelta(days=365 * 40))
    assert "ca.pem" in found
    assert "expired" in found


def test_a_key_that_is_not_its_certificates_is_told(data: DataDirectory, tmp_path: Path) -> None:
    """Of the server and of the authority."""
    other = tmp_path / "other"
    ensure_server_certificate(other, ["localhost"], now=NOW)
    for name in ("server-key.pem", "ca-key.pem"):
        shutil.copy(other / name, data.tls / name)
    found = faults(data)
    assert "server.pem" in found
    assert "ca-key.pem" in found
    assert found.count("does not belong to the certificate") == 2


def test_a_certificate_of_another_authority_is_told(data: DataDirectory, tmp_path: Path) -> None:
    """Members trust the one, and would be shown the other."""
    other = tmp_path / "other"
    ensure_server_certificate(other, ["localhost"], now=NOW)
    for name in ("server.pem", "server-key.pem"):
        shutil.copy(other / name, data.tls / name)
    assert f"server.pem is not from the authority in {data.tls}/ca.pem" in faults(data)


def test_an_authority_whose_key_is_kept_elsewhere_is_no_fault(data: DataDirectory) -> None:
    """SECURITY.md proposes it."""
    (data.tls / "ca-key.pem").unlink()
    assert faults(data) == ""


def test_a_certificate_elsewhere_is_pointed_at(data: DataDirectory) -> None:
    """A server of before has not kept where --cert had it."""
    shutil.rmtree(data.tls)
    assert faults(data) == ""
    assert "`securechat-server --check` tells" in told(data, good=True)[-1]


def test_the_configurations_certificate_is_looked_at(data: DataDirectory, tmp_path: Path) -> None:
    """In the own one's place, by the rules of one that somebody else renews."""
    other = tmp_path / "other"
    ensure_server_certificate(other, ["127.0.0.1"], now=NOW)
    config = Config(directory=tmp_path).with_values("tls", {"cert": "other/server.pem"}, "test")
    assert faults(data, config=config) == ""
    assert (
        f"{other}/server.pem is valid for 89 more days" in told(data, good=True, config=config)[-1]
    )
    found = faults(data, config=config, now=NOW + timedelta(days=61))
    assert "renew it and send the server a SIGHUP" in found
    (other / "server.pem").unlink()
    assert f"{other}/server.pem: no such file" in faults(data, config=config)


# --- the certificate in use ----------------------------------------------------------------------


def keeps(data: DataDirectory, **facts: str) -> None:
    """What a server keeps about itself when it starts."""
    with closing(open_database(data.database)) as connection:
        for fact in facts.items():
            connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", fact)


def runs_with(data: DataDirectory, certificate: Path, authority: Authority) -> None:
    keeps(
        data,
        host="chat.example",
        listen="0.0.0.0",
        address="chat.example",
        cert=str(certificate),
        key=str(certificate.with_name(f"{certificate.stem}-key.pem")),
        ca_sha256=hashlib.sha256(authority.der).hexdigest(),
    )


def test_the_certificate_that_the_server_runs_with_is_looked_at(
    data: DataDirectory, tmp_path: Path
) -> None:
    """It was given by --cert, where no configuration names it; the own one is told as unused."""
    authority = Authority()
    path, _ = authority.server("*.example", lasts=90 * DAY).write(tmp_path, "site")
    runs_with(data, path, authority)
    assert faults(data) == ""
    *_, unused, used = told(data, good=True)
    assert unused == f"{data.tls}/server.pem is not in use, but {path} is"
    assert used.startswith(f"{path} is valid for ")
    assert used.endswith(" more days, for *.example")


def test_what_can_be_wrong_with_it(data: DataDirectory, tmp_path: Path) -> None:
    """Its end, its key, its chain, its names, its authority, and that it is there."""
    authority, other = Authority(), Authority("Another CA")
    issued = authority.server("chat.example", lasts=90 * DAY)
    path, key = issued.write(tmp_path, "site")
    runs_with(data, path, authority)
    assert "renew it and send the server a SIGHUP" in faults(data, now=NOW + 70 * DAY)
    assert "the certificate expired on" in faults(data, now=NOW + 91 * DAY)
    path.write_bytes(pem(issued.certificate) + other.pem.encode())
    assert "the chain is broken or out of order" in faults(data)
    assert "from another authority than the one that links name" in faults(data)
    authority.server("mail.example", lasts=90 * DAY).write(tmp_path, "site")
    found = faults(data)
    assert "is for mail.example, and clients are told to connect to chat.example" in found
    assert "address in [server]" in found
    authority.server("chat.example").write(tmp_path, "other")
    shutil.copy(tmp_path / "other-key.pem", key)
    assert "does not belong to the certificate" in faults(data)
    path.unlink()
    assert f"{path}: no such file" in faults(data)


def test_an_own_certificate_that_lacks_the_address(data: DataDirectory) -> None:
    """Members' clients would refuse it."""
    keeps(data, host="10.0.0.9", listen="10.0.0.9", address="", cert="", key="")
    found = faults(data)
    assert "server.pem is for localhost, and clients are told to connect to 10.0.0.9" in found
    assert "restart the server" in found


def test_a_server_keeps_which_certificate_it_runs_with(tmp_path: Path) -> None:
    """As an absolute path, whatever directory it was started in; nothing of its own one."""
    issued = Authority().server("127.0.0.1", lasts=90 * DAY)
    path, _ = issued.write(tmp_path, "site")
    with running(tmp_path / "data", tls={"cert": str(path)}) as server:
        assert in_use(server.data, None).certificate == path
        assert not in_use(server.data, None).own
    with running(tmp_path / "data") as server:
        assert in_use(server.data, None).certificate == server.data.tls / "server.pem"
        assert in_use(server.data, None).own
