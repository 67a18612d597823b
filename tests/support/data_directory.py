"""The data directory of a server that has run, with something in every table of its database."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from securechat.ca.ensure import ensure_server_certificate
from securechat.server.data import DataDirectory
from securechat.store.admin import Admin, NewAccount
from securechat.store.pepper import find_pepper
from securechat.store.sqlite.database import open_database
from tests.support.new_database import new_database

TABLES = [
    "INSERT INTO targets (id, name, folded, skeleton, low, high) "
    "VALUES (1, '#den', '#den', '#den', NULL, NULL), (2, NULL, NULL, NULL, {alice}, {bob})",
    "INSERT INTO memberships VALUES (1, {alice}, 'q', 0)",
    "INSERT INTO channel_masks VALUES (1, 'b', 'eve!*@*', 'alice', 1)",
    "INSERT INTO invitations VALUES (1, {bob}, 'alice')",
    "INSERT INTO log VALUES (1, 1, {alice}, 1, 'PRIVMSG', 'hello', NULL)",
    "INSERT INTO factors VALUES ({alice}, 'sealed', 1, 1)",
    "INSERT INTO former_names VALUES ('al', 'al', 'al', {alice})",
    "INSERT INTO kicks VALUES ({bob}, '#den', 'alice', 'be nice', 1)",
    "INSERT OR REPLACE INTO certificates VALUES (x'18', {alice}, 'laptop', 1, 1)",
    "INSERT INTO message_keys VALUES ({alice}, 1, 1, 1, 1)",
    "INSERT INTO requests (kind, by, facts) VALUES ('sessions', 'os:test', '{{}}')",
    "INSERT INTO search_stale VALUES (0, 1)",
    "INSERT INTO read_markers VALUES ({alice}, '#lobby', 1)",
    "INSERT OR REPLACE INTO devices VALUES ({alice}, '', 1, 1)",
    "INSERT OR REPLACE INTO usage VALUES ({alice}, 105)",
    "INSERT INTO recovery_codes VALUES (x'17', {alice})",
]


def make_directory(path: Path) -> DataDirectory:
    """All that a backup holds: database, pepper, authority and certificate."""
    data = DataDirectory(path)
    data.create()
    new_database(data.database)
    find_pepper(data.database, data.pepper)
    with closing(Admin(data.database, by="os:test")) as admin:
        admin.add([NewAccount(name, name, name, f"hash of {name}") for name in ("alice", "bob")], 1)
        alice = admin.find("alice", "alice")
        admin.make_token(alice, "laptop", 1)
        admin.invites.make(uses=3, expires_ms=1, now_ms=1)
    with closing(open_database(data.database)) as connection:
        numbers = dict(connection.execute("SELECT name, id FROM accounts").fetchall())
        for statement in TABLES:
            connection.execute(statement.format(**numbers))
    ensure_server_certificate(data.tls, ["localhost"], now=datetime.now(UTC))
    return data


def contents(database: Path) -> dict[str, list[tuple[object, ...]]]:
    """All rows of all tables."""
    with closing(sqlite3.connect(database)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        return {
            name: sorted(connection.execute(f"SELECT * FROM {name}").fetchall(), key=repr)
            for (name,) in tables.fetchall()
        }


def everything(directory: Path) -> dict[str, bytes]:
    """All files below a directory, with what is in them; a directory counts as an empty one."""
    return {
        path.relative_to(directory).as_posix(): path.read_bytes() if path.is_file() else b""
        for path in sorted(directory.rglob("*"))
    }
