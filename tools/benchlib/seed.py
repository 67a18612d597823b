"""Fills the database of a server that does not run: accounts, tokens, rooms, and a log of millions.

The messages are made by SQLite itself, as Python would need several times as long.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from benchlib.servers import Plan, nick, room_name
from benchlib.stream import ALPHABET, FILLER
from securechat.credentials.device import format_token, token_digest
from securechat.irc.names import account_name, channel_name
from securechat.store.database import Connection
from securechat.store.postgres import database as postgres
from securechat.store.postgres.location import PostgresLocation
from securechat.store.sqlite.database import open_database

FIRST_MS = 1_700_000_000_000
"""When the first message was said; the others follow, each a hundredth of a second later."""

STEP_MS = 10

# Message i of the log is said in room i % rooms, as number i / rooms of that room; its authors, who
# are the first members of the room, take turns. The text is that of stream.compose().
_MESSAGES = """
WITH RECURSIVE
    places(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM places WHERE i + 1 < :messages),
    spoken(i, room, sender, number) AS (
        SELECT i, i % :rooms, i % :rooms * :members + i / :rooms % :authors,
            i / :rooms / :authors
        FROM places
    ),
    headed(i, room, sender, number, head) AS (
        SELECT i, room, sender, number, sender || ' ' || number || ' ' || i || ' ' FROM spoken
    )
INSERT INTO log (seq, target, sender, at_ms, kind, text)
SELECT i + 1, room + 1, sender + 1, :first_ms + i * :step_ms, 'PRIVMSG',
    head || substr(:filler, (sender + number) % :alphabet + 1, max(0, :size - length(head)))
FROM headed
"""


def token(number: int) -> str:
    """The device token of a user of the load."""
    return format_token(hashlib.sha256(b"token of load%d" % number).digest())


def fill_postgres(location: PostgresLocation, plan: Plan, password: str) -> None:
    """Make a database on PostgreSQL, with the accounts that a plan asks for. password: as below."""
    with closing(postgres.open_database(location)) as connection:
        connection.begin()
        _add_accounts(connection, plan, password)
        connection.commit()


def fill(database: Path, plan: Plan, password: str) -> None:
    """Make the database and all that a plan asks for. password: in its stored form."""
    with closing(open_database(database)) as connection:
        # If the machine fails now there is nothing to be kept.
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("BEGIN")
        _add_accounts(connection, plan, password)
        if plan.credential == "token":
            _add_tokens(connection, plan)
        if plan.rooms:
            _add_rooms(connection, plan)
        if plan.messages:
            _add_messages(connection, plan)
        connection.execute("COMMIT")


def _add_accounts(connection: sqlite3.Connection | Connection, plan: Plan, password: str) -> None:
    forms = ((number, account_name(nick(number))) for number in range(plan.accounts))
    seen = 0 if plan.unread else plan.messages
    connection.executemany(
        "INSERT INTO accounts (id, name, folded, skeleton, password, created_ms, starts_after) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            (number + 1, form.display, form.folded, form.skeleton, password, FIRST_MS, seen)
            for number, form in forms
        ),
    )


def _add_tokens(connection: sqlite3.Connection, plan: Plan) -> None:
    connection.executemany(
        "INSERT INTO tokens (digest, account, name, created_ms) VALUES (?, ?, 'bench', ?)",
        ((token_digest(token(n)), n + 1, FIRST_MS) for n in range(plan.accounts)),
    )


def register(database: Path, fingerprints: Sequence[bytes]) -> None:
    """Let each account in by a client certificate, in their order."""
    with closing(open_database(database)) as connection:
        connection.executemany(
            "INSERT INTO certificates (fingerprint, account, name, created_ms) "
            "VALUES (?, ?, 'bench', ?)",
            ((shown, number + 1, FIRST_MS) for number, shown in enumerate(fingerprints)),
        )


def _add_rooms(connection: sqlite3.Connection, plan: Plan) -> None:
    forms = ((room, channel_name(room_name(room))) for room in range(plan.rooms))
    connection.executemany(
        "INSERT INTO targets (id, name, folded, skeleton, founder, modes, created_ms) "
        "VALUES (?, ?, ?, ?, ?, 'nt', ?)",
        ((room + 1, form.display, form.folded, form.skeleton, 1, FIRST_MS) for room, form in forms),
    )
    connection.executemany(
        "INSERT INTO memberships (channel, account, modes, seq) VALUES (?, ?, '', 0)",
        _memberships(plan),
    )


def _memberships(plan: Plan) -> Iterator[tuple[int, int]]:
    """(room, account) as they are numbered in the database."""
    for account in range(plan.accounts):
        for room in rooms_of(plan, account):
            yield room + 1, account + 1


def rooms_of(plan: Plan, account: int) -> list[int]:
    """The rooms of an account: one with its neighbours, and others in even distances from that."""
    first = min(account // members_of(plan), plan.rooms - 1)
    step = max(1, plan.rooms // plan.each)
    return [(first + place * step) % plan.rooms for place in range(plan.each)]


def members_of(plan: Plan) -> int:
    """Accounts whose first room is the same."""
    return plan.accounts // plan.rooms


def _add_messages(connection: sqlite3.Connection, plan: Plan) -> None:
    """An index is made several times as fast when all rows are there."""
    indexes = connection.execute(
        "SELECT name, sql FROM sqlite_schema "
        "WHERE type = 'index' AND tbl_name = 'log' AND sql IS NOT NULL"
    ).fetchall()
    for name, _ in indexes:
        connection.execute(f"DROP INDEX {name}")
    values = {
        "messages": plan.messages,
        "rooms": plan.rooms,
        "members": members_of(plan),
        "authors": plan.authors,
        "first_ms": FIRST_MS,
        "step_ms": STEP_MS,
        "filler": FILLER.decode(),
        "alphabet": len(ALPHABET),
        "size": plan.size,
    }
    connection.execute(_MESSAGES, values)
    for _, sql in indexes:
        connection.execute(sql)
