"""The tables as the migrations make them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from securechat.store.sql import pages, reader
from securechat.store.sql.fragments import EVENTS, MESSAGES, UNTOLD
from securechat.store.sql.retention import OLD
from securechat.store.sqlite.database import open_database
from securechat.store.sqlite.schema import MIGRATIONS


@pytest.fixture
def fresh() -> sqlite3.Connection:
    """A database in memory after all migrations."""
    connection = sqlite3.connect(":memory:")
    for script in MIGRATIONS:
        connection.executescript(script)
    return connection


def tables(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    sql = "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    return connection.execute(sql + " ORDER BY name").fetchall()


def test_these_are_the_tables(fresh: sqlite3.Connection) -> None:
    """What a backup holds, by name."""
    assert [name for name, _ in tables(fresh)] == [
        "accounts",
        "audit",
        "certificates",
        "changes",
        "channel_masks",
        "devices",
        "factors",
        "former_names",
        "invitations",
        "invites",
        "kicks",
        "log",
        "memberships",
        "message_keys",
        "meta",
        "read_markers",
        "recovery_codes",
        "requests",
        "search_stale",
        "targets",
        "tokens",
        "usage",
    ]


def test_every_table_is_strict(fresh: sqlite3.Connection) -> None:
    """A column holds its type and nothing else: a text never stands where a number belongs."""
    assert [name for name, sql in tables(fresh) if "STRICT" not in sql] == []


def test_names_are_unique_in_each_form(fresh: sqlite3.Connection) -> None:
    """Also what only looks like another name is refused by the table itself."""
    insert = (
        "INSERT INTO accounts (id, name, folded, skeleton, password, created_ms) "
        "VALUES (?, ?, ?, ?, 'hash', 0)"
    )
    fresh.execute(insert, (1, "Alice", "alice", "alice"))
    for row in [(2, "alice", "alice", "other"), (3, "a1ice", "a1ice", "alice")]:
        with pytest.raises(sqlite3.IntegrityError):
            fresh.execute(insert, row)


def test_closed_channels_give_their_name_back(fresh: sqlite3.Connection) -> None:
    """Channels without a folded name may be many; with one, each is unique."""
    insert = "INSERT INTO targets (id, name, folded) VALUES (?, ?, ?)"
    fresh.execute(insert, (1, "#den", None))
    fresh.execute(insert, (2, "#den", None))
    fresh.execute(insert, (3, "#den", "#den"))
    with pytest.raises(sqlite3.IntegrityError):
        fresh.execute(insert, (4, "#den", "#den"))


def test_two_accounts_have_one_conversation(fresh: sqlite3.Connection) -> None:
    """And an account has one with itself."""
    insert = "INSERT INTO targets (id, low, high) VALUES (?, ?, ?)"
    fresh.execute(insert, (1, 7, 8))
    fresh.execute(insert, (2, 7, 7))
    with pytest.raises(sqlite3.IntegrityError):
        fresh.execute(insert, (3, 7, 8))


def test_an_invite_can_t_be_used_more_often_than_it_has_uses(fresh: sqlite3.Connection) -> None:
    """The table refuses what the rules should have refused."""
    fresh.execute("INSERT INTO invites VALUES (x'00', 1, 0, 0, 0, '')")
    use = "UPDATE invites SET uses = uses - 1"
    fresh.execute(use)
    with pytest.raises(sqlite3.IntegrityError):
        fresh.execute(use)


def test_a_place_in_the_log_is_given_once(fresh: sqlite3.Connection) -> None:
    """The one order has no two entries at one place."""
    insert = "INSERT INTO log VALUES (1, 1, 1, 0, 'PRIVMSG', 'hi', NULL)"
    fresh.execute(insert)
    with pytest.raises(sqlite3.IntegrityError):
        fresh.execute(insert)


def test_what_may_be_replayed_is_read_by_an_index(fresh: sqlite3.Connection) -> None:
    """A long log of other channels, or of what nobody is given back, costs a reader nothing."""
    plan = fresh.execute(f"EXPLAIN QUERY PLAN {reader._MISSED}", (1, 2, 3, 4)).fetchall()
    assert "log_messages (target=? AND seq>? AND seq<?)" in plan[0][3]
    assert len(plan) == 1  # no sorting


def test_the_newest_entry_of_a_channel_is_read_by_three(fresh: sqlite3.Connection) -> None:
    """At the start, of every channel: one look into each index."""
    plan = [row[3] for row in fresh.execute(f"EXPLAIN QUERY PLAN {reader._DIRECTS}")]
    assert [step.split(" USING ")[1] for step in plan if "SEARCH log" in step] == [
        "INDEX log_messages (target=?)",
        "INDEX log_untold (target=?)",
        "INDEX log_events (target=?)",
    ]


def test_only_what_is_old_is_looked_at(fresh: sqlite3.Connection) -> None:
    """Along the indexes, up to the border."""
    names = ("target", "after", "border", "before", "limit")
    plan = fresh.execute(f"EXPLAIN QUERY PLAN {OLD}", dict.fromkeys(names, 9)).fetchall()
    searches = [row[3] for row in plan if "log" in row[3]]
    assert len(searches) == 3
    assert all("(target=? AND seq>? AND seq<?)" in step for step in searches)


@pytest.mark.parametrize("sql", pages.SQL.values())
def test_a_page_is_read_along_an_index(fresh: sqlite3.Connection, sql: str) -> None:
    """Wherever it is, and however long the log: nothing is walked over, nothing is sorted."""
    plan = fresh.execute(f"EXPLAIN QUERY PLAN {sql}", (1, 2, 3, 4)).fetchall()
    assert len(plan) == 1
    assert "INDEX log_" in plan[0][3]
    assert "(target=? AND seq>? AND seq<?)" in plan[0][3]


def test_a_time_is_found_by_the_numbers(fresh: sqlite3.Connection) -> None:
    """Each step of the search by halves is one look."""
    plan = fresh.execute(f"EXPLAIN QUERY PLAN {pages.NEXT}", (1,)).fetchall()
    assert len(plan) == 1
    assert "INTEGER PRIMARY KEY (rowid>?)" in plan[0][3]


def test_each_entry_stands_in_one_index(fresh: sqlite3.Connection) -> None:
    """So a row costs no more than with the one index that there was."""
    kinds = ["PRIVMSG", "NOTICE", "CTCP", "CTCPREPLY", "REDACTED", "TAGMSG", "JOIN"]
    insert = "INSERT INTO log VALUES (?, 1, 1, 0, ?, '', NULL)"
    fresh.executemany(insert, enumerate(kinds, 1))

    def seqs(where: str) -> list[int]:
        sql = f"SELECT seq FROM log WHERE target = 1 AND {where}"
        return [seq for (seq,) in fresh.execute(sql)]

    assert [seqs(MESSAGES), seqs(UNTOLD), seqs(EVENTS)] == [[1, 2], [3, 4, 5], [6, 7]]


def test_a_new_message_costs_no_trigger(fresh: sqlite3.Connection) -> None:
    """What the index for searching needs is counted where something is erased."""
    sql = "SELECT sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'log'"
    triggers = [row[0] for row in fresh.execute(sql)]
    assert triggers
    assert not [one for one in triggers if "AFTER INSERT" in one.upper()]


def test_an_older_database_gets_classes(tmp_path: Path) -> None:
    """What programs said to each other is told apart by its kind; what people did is a message."""
    path = tmp_path / "old.db"
    old = sqlite3.connect(path, isolation_level=None)
    old.executescript("".join(MIGRATIONS[:10]) + "PRAGMA user_version = 10;")
    texts = ["hi", "\x01ACTION waves\x01", "\x01VERSION\x01", "", "\x01"]
    rows = [(kind, text) for kind in ("PRIVMSG", "NOTICE", "TAGMSG") for text in texts]
    insert = "INSERT INTO log VALUES (?, 1, 1, 0, ?, ?, NULL)"
    old.executemany(insert, [(seq, *row) for seq, row in enumerate(rows, 1)])
    old.close()
    with closing(open_database(path)) as new:
        kinds = [kind for (kind,) in new.execute("SELECT kind FROM log ORDER BY seq")]
    assert kinds == [
        *("PRIVMSG", "PRIVMSG", "CTCP", "PRIVMSG", "CTCP"),
        *("NOTICE", "NOTICE", "CTCPREPLY", "NOTICE", "CTCPREPLY"),
        *("TAGMSG",) * 5,
    ]


def test_an_older_database_keeps_what_each_device_has_received(tmp_path: Path) -> None:
    """It had one mark for all: tokens, and who logs in with the password, go on from there."""
    path = tmp_path / "old.db"
    old = sqlite3.connect(path, isolation_level=None)
    old.executescript("".join(MIGRATIONS[:2]) + "PRAGMA user_version = 2;")
    account = (
        "INSERT INTO accounts (id, name, folded, skeleton, password, created_ms, deleted, seen) "
        "VALUES (?, ?, ?, ?, 'hash', 7, ?, 5)"
    )
    old.executemany(account, [(1, "a", "a", "a", 0), (2, "b", "b", "b", 1)])
    old.execute("INSERT INTO tokens VALUES (x'00', 1, 'Laptop', 8, 9)")
    log = "INSERT INTO log VALUES (?, 3, 1, 0, ?, 'hi', NULL)"
    old.executemany(log, [(1, "PRIVMSG"), (2, "TAGMSG"), (6, "NOTICE")])
    old.close()
    found = reader.Reader(open_database(path))
    assert found.devices() == [(1, "", 5, 7), (1, "token:Laptop", 5, 9)]
    assert [(row.starts_after, row.bot) for row in found.accounts()] == [(5, 0), (5, 0)]
    assert [row[0] for row in found.missed([(3, 0)], 9, 9)[0]] == [1, 6]
    found.close()


def test_an_older_database_keeps_who_may_do_what(tmp_path: Path) -> None:
    """A member had one mode, the highest; bans, invitations and keys stay with their channels."""
    path = tmp_path / "old.db"
    old = sqlite3.connect(path, isolation_level=None)
    old.executescript("".join(MIGRATIONS[:8]) + "PRAGMA user_version = 8;")
    target = "INSERT INTO targets (id, name, folded, skeleton, room_key) VALUES (?, ?, ?, ?, ?)"
    old.executemany(target, [(10, "#a", "#a", "#a", "key"), (11, "#b", "#b", "#b", None)])
    member = "INSERT INTO memberships (room, account, role, seq) VALUES (10, ?, ?, ?)"
    old.executemany(member, [(1, "q", 3), (2, "o", 4), (3, "v", 5), (4, "", 6)])
    old.execute("INSERT INTO bans VALUES (10, 'x!*@*', 'a', 7)")
    old.execute("INSERT INTO invitations VALUES (10, 5, 'a!a@h'), (11, 5, 'a!a@h')")
    old.close()
    connection = open_database(path)
    found = reader.Reader(connection)
    assert found.memberships() == [
        (10, 1, "q", 3),
        (10, 2, "o", 4),
        (10, 3, "v", 5),
        (10, 4, "", 6),
    ]
    assert found.masks() == [(10, "b", "x!*@*", "a", 7)]
    keys = connection.execute("SELECT id, channel_key FROM targets").fetchall()
    assert keys == [(10, "key"), (11, None)]
    connection.execute("UPDATE targets SET folded = NULL WHERE id = 10")  # it closes
    assert found.masks() == []
    assert found.invitations() == [(11, 5, "a!a@h")]
    found.close()


def test_an_older_database_knows_what_the_server_did(tmp_path: Path) -> None:
    """It is nobody's, and counts for nobody; the search's index stays as it is."""
    path = tmp_path / "securechat.db"
    old = sqlite3.connect(path)
    old.executescript("".join(MIGRATIONS[:21]) + "PRAGMA user_version = 21;")
    for row in ((1, "PRIVMSG", "hello"), (2, "SERVERMODE", "+q bob"), (3, "MODE", "+i")):
        old.execute("INSERT INTO log VALUES (?, 1, 7, 0, ?, ?, NULL)", row)
    old.execute("INSERT INTO usage VALUES (7, 313)")
    old.execute("UPDATE meta SET value = '3' WHERE key = 'usage_upto'")
    old.commit()
    old.close()
    with closing(open_database(path)) as now:
        sql = "SELECT sender, kind, text FROM log ORDER BY seq"
        assert now.execute(sql).fetchall() == [
            (7, "PRIVMSG", "hello"),
            (0, "MODE", "+q bob"),
            (7, "MODE", "+i"),
        ]
        assert now.execute("SELECT * FROM usage").fetchall() == [(7, 207)]
        assert now.execute("SELECT * FROM search_stale").fetchall() == []
        now.execute("UPDATE log SET text = '' WHERE seq = 1")
        assert now.execute("SELECT * FROM search_stale").fetchall() == [(0, 1)]


def test_a_real_name_goes_with_its_person(fresh: sqlite3.Connection) -> None:
    """When an account is deleted: its name is kept, so that nobody takes it."""
    account = (
        "INSERT INTO accounts (id, name, folded, skeleton, password, created_ms, chosen_name) "
        "VALUES (1, 'a', 'a', 'a', 'hash', 7, 'Alice A.')"
    )
    fresh.execute(account)
    fresh.execute("UPDATE accounts SET disabled = 1")
    assert fresh.execute("SELECT chosen_name FROM accounts").fetchone() == ("Alice A.",)
    fresh.execute("UPDATE accounts SET deleted = 1")
    assert fresh.execute("SELECT name, chosen_name FROM accounts").fetchone() == ("a", "")
