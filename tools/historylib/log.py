"""Fills a database with a log of millions, as a community would have it after years.

Half of it was said in a few large channels, a twentieth in conversations, the rest in many small
channels. Rows are made by SQLite itself, as Python would need several times as long.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from benchlib.seed import FIRST_MS, STEP_MS, token
from benchlib.servers import nick, room_name

from historylib.words import TEXTS, texts
from securechat.credentials.device import token_digest
from securechat.irc.names import account_name, channel_name
from securechat.store.sqlite.database import open_database

ACCOUNTS = 500
"""Of whom those who are measured are the first."""

LARGE, CHANNELS = 4, 200
"""The first channels are the large ones."""

CONVERSATIONS = 2000

OF_SMALL_ONES = 10
"""Small channels that an account is in, besides two large ones."""

_MESSAGES = f"""
WITH RECURSIVE places(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM places WHERE i + 1 < :messages),
drawn(i, share, one, other, sender) AS MATERIALIZED (
    SELECT i, abs(random() % 1000), abs(random() % :halves), abs(random() % :halves),
        abs(random() % {ACCOUNTS}) FROM places
)
INSERT INTO log (seq, target, sender, at_ms, kind, text)
SELECT i + 1,
    CASE WHEN share < 500 THEN 1 + share % {LARGE}
        WHEN share < 950 THEN {LARGE + 1} + (i + share) % {CHANNELS - LARGE}
        ELSE {CHANNELS + 1} + i % {CONVERSATIONS} END,
    1 + sender, :first_ms + i * :step_ms, 'PRIVMSG', first.text || ' ' || second.text
FROM drawn CROSS JOIN halves AS first ON first.id = one CROSS JOIN halves AS second
    ON second.id = other
"""

# In a conversation one of its two has spoken.
_SPEAKERS = """
UPDATE log SET sender = (
    SELECT iif(log.sender % 2, low, high) FROM targets WHERE targets.id = log.target
) WHERE target > ?
"""


def channels_of(account: int) -> list[int]:
    """The numbers of the channels that an account is in, from 0, the large ones first."""
    large = [account % LARGE, (account + 1) % LARGE]
    small = CHANNELS - LARGE
    step = small // OF_SMALL_ONES
    return large + [LARGE + (account + place * step) % small for place in range(OF_SMALL_ONES)]


def stored(database: Path) -> int:
    """How many messages the log has already; 0 where there is none."""
    if not database.exists():
        return 0
    with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)) as log:
        found: int = log.execute("SELECT coalesce(max(seq), 0) FROM log").fetchone()[0]
    return found


def fill(database: Path, messages: int, password: str) -> None:
    """Make the database. password: of everybody, in its stored form."""
    with closing(open_database(database)) as log:
        # If the machine fails now there is nothing to be kept.
        log.execute("PRAGMA synchronous = OFF")
        log.execute("PRAGMA journal_mode = OFF")
        log.execute("BEGIN")
        _add_accounts(log, password)
        _add_targets(log)
        _add_messages(log, messages)
        log.execute("COMMIT")


def _add_accounts(log: sqlite3.Connection, password: str) -> None:
    forms = [account_name(nick(number)) for number in range(ACCOUNTS)]
    log.executemany(
        "INSERT INTO accounts (id, name, folded, skeleton, password, created_ms, bot) "
        "VALUES (?, ?, ?, ?, ?, ?, 1)",  # as to a bot nothing is replayed
        (
            (number + 1, form.display, form.folded, form.skeleton, password, FIRST_MS)
            for number, form in enumerate(forms)
        ),
    )
    log.executemany(
        "INSERT INTO tokens (digest, account, name, created_ms) VALUES (?, ?, 'bench', ?)",
        ((token_digest(token(n)), n + 1, FIRST_MS) for n in range(ACCOUNTS)),
    )


def _add_targets(log: sqlite3.Connection) -> None:
    forms = ((number, channel_name(room_name(number))) for number in range(CHANNELS))
    log.executemany(
        "INSERT INTO targets (id, name, folded, skeleton, founder, modes, created_ms) "
        "VALUES (?, ?, ?, ?, 1, 'nt', ?)",
        (
            (number + 1, form.display, form.folded, form.skeleton, FIRST_MS)
            for number, form in forms
        ),
    )
    log.executemany(
        "INSERT INTO targets (id, low, high) VALUES (?, ?, ?)",
        ((CHANNELS + 1 + number, low, high) for number, (low, high) in enumerate(_pairs())),
    )
    log.executemany(
        "INSERT INTO memberships (channel, account, modes, seq) VALUES (?, ?, '', 0)",
        ((channel + 1, n + 1) for n in range(ACCOUNTS) for channel in channels_of(n)),
    )


def _pairs() -> Iterator[tuple[int, int]]:
    """Who speaks with whom: each account with some that are far from it."""
    half = ACCOUNTS // 2
    for number in range(CONVERSATIONS):
        yield 1 + number % half, 1 + half + (number // half + number) % half


def _add_messages(log: sqlite3.Connection, messages: int) -> None:
    """Indexes are made several times as fast when all rows are there, and triggers cost."""
    log.execute("CREATE TEMP TABLE halves (id INTEGER PRIMARY KEY, text TEXT)")
    halves = min(TEXTS, messages)
    log.executemany("INSERT INTO halves VALUES (?, ?)", enumerate(texts(halves)))
    taken = log.execute(
        "SELECT type, name, sql FROM sqlite_schema "
        "WHERE type IN ('index', 'trigger') AND tbl_name = 'log' AND sql IS NOT NULL"
    ).fetchall()
    for kind, name, _ in taken:
        log.execute(f"DROP {kind} {name}")
    values = {
        "messages": messages,
        "halves": halves,
        "first_ms": FIRST_MS,
        "step_ms": STEP_MS,
    }
    log.execute(_MESSAGES, values)
    log.execute(_SPEAKERS, (CHANNELS,))
    for _, _, sql in taken:
        log.execute(sql)
    log.execute(
        "INSERT INTO usage SELECT sender, count(*) * 100 FROM log WHERE true GROUP BY sender "
        "ON CONFLICT (account) DO UPDATE SET bytes = excluded.bytes"
    )
    log.execute("INSERT OR REPLACE INTO meta SELECT 'usage_upto', coalesce(max(seq), 0) FROM log")
