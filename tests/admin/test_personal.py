"""What the database has of a person, column by column: whether an export has it, and what takes it
away. Whoever adds a column decides it here.
"""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Literal

import pytest

from securechat.admin.listing import utc
from securechat.store.sqlite.database import FILE_NAME, open_database
from tests.support.admin_cli import AdminCli, served_once

End = Literal["erase", "delete", "stays"]
"""`user erase` takes it away; or `user delete` does, as it is no word of theirs and the account
needs it; or it stays after both, and then a comment says why.
"""

YES, NO = True, False

DECIDED: dict[str, dict[str, tuple[bool, End]]] = {
    # The name is never given to anybody else, and the log of others names it. A folded name and a
    # skeleton follow from it; starts_after is a place in the log.
    "accounts": {
        "id": (NO, "stays"),
        "name": (YES, "stays"),
        "folded": (NO, "stays"),
        "skeleton": (NO, "stays"),
        "password": (NO, "delete"),  # a secret
        "admin": (YES, "delete"),
        "disabled": (YES, "stays"),
        "deleted": (YES, "stays"),
        "deleted_ms": (NO, "stays"),
        "quota_mib": (YES, "stays"),
        "created_ms": (YES, "stays"),
        "starts_after": (NO, "stays"),
        "bot": (YES, "stays"),
        "chosen_name": (YES, "erase"),
        "metadata": (YES, "erase"),
    },
    # A channel is of all who are in it: its name and modes stay, and are in its own export. Of a
    # direct conversation nothing but who had it stays, for the other one's messages in it.
    "targets": {
        "id": (NO, "stays"),
        "name": (YES, "stays"),
        "folded": (NO, "stays"),
        "skeleton": (NO, "stays"),
        "founder": (YES, "stays"),  # under founded
        "modes": (NO, "stays"),
        "channel_key": (NO, "stays"),
        "member_limit": (NO, "stays"),
        "topic": (YES, "erase"),
        "topic_by": (NO, "erase"),  # topics are chosen by it
        "topic_ms": (NO, "erase"),
        "created_ms": (NO, "stays"),
        "low": (YES, "stays"),
        "high": (YES, "stays"),
        "history_from": (NO, "stays"),
        "metadata": (NO, "stays"),  # nobody knows who has set it
        "keep_days": (NO, "stays"),
    },
    "memberships": {
        "channel": (YES, "delete"),
        "account": (YES, "delete"),
        "modes": (YES, "delete"),
        "seq": (NO, "delete"),  # a place in the log
    },
    # They keep somebody out, or let somebody in: also when who has set them is gone.
    "channel_masks": dict.fromkeys(("channel", "kind", "mask", "by", "at_ms"), (YES, "stays")),
    "invitations": dict.fromkeys(("channel", "account", "by"), (YES, "delete")),
    "log": dict.fromkeys(
        ("seq", "target", "sender", "at_ms", "kind", "text", "tags"), (YES, "erase")
    ),
    # What a running server is to take up: kinds and numbers, never a word of anybody's.
    "changes": dict.fromkeys(("id", "kind", "account"), (NO, "stays")),
    "tokens": {
        "digest": (NO, "delete"),  # a secret's
        **dict.fromkeys(("account", "name", "created_ms", "used_ms"), (YES, "delete")),
    },
    "certificates": dict.fromkeys(
        ("fingerprint", "account", "name", "created_ms", "used_ms"), (YES, "delete")
    ),
    # That there is one is exported.
    "factors": dict.fromkeys(("account", "secret", "counter", "created_ms"), (NO, "delete")),
    "recovery_codes": dict.fromkeys(("digest", "account"), (NO, "delete")),
    # Append-only, as an intruder would erase their traces: `audit prune` takes away what is old.
    "audit": {
        "id": (NO, "stays"),
        **dict.fromkeys(
            ("at_ms", "event", "account", "address", "result", "facts"), (YES, "stays")
        ),
    },
    "usage": dict.fromkeys(("account", "bytes"), (YES, "erase")),  # counted down
    "devices": {
        **dict.fromkeys(("account", "name", "used_ms"), (YES, "delete")),
        "delivered": (NO, "delete"),  # a place in the log
    },
    # Of the person until they are told; of the person's own only the reason is a word.
    "kicks": {
        **dict.fromkeys(("account", "name", "by", "at_ms"), (YES, "delete")),
        "reason": (YES, "erase"),
    },
    # By chance, and the same times as in the log.
    "message_keys": dict.fromkeys(("account", "slot", "key", "seq", "at_ms"), (NO, "erase")),
    "read_markers": dict.fromkeys(("account", "target", "at_ms"), (YES, "delete")),
    # Of nobody: what the server remembers of itself, invitations to whom it may concern, and which
    # parts of the search's index are to be made anew.
    "meta": dict.fromkeys(("key", "value"), (NO, "stays")),
    "invites": dict.fromkeys(
        ("code_sha256", "uses", "expires_ms", "admin", "created_ms", "note"), (NO, "stays")
    ),
    "search_stale": dict.fromkeys(("part", "times"), (NO, "stays")),
    # Reserved as the name is; the audit, which is exported, tells of each.
    "former_names": dict.fromkeys(("folded", "skeleton", "name", "account"), (NO, "stays")),
    # Gone within seconds, when the administrator has read the answer.
    "requests": dict.fromkeys(("id", "kind", "by", "facts", "answer"), (NO, "stays")),
}

COLUMNS = [(table, column) for table, columns in DECIDED.items() for column in columns]
DEN = 10


def number(table: str, column: str) -> int:
    """A value that stands nowhere else, which may be a time."""
    return 1_600_000_000_000 + COLUMNS.index((table, column)) * 1_000_000


def marker(table: str, column: str) -> str:
    """The same for a text."""
    return f"mark-{table}-{column}"


def shown(table: str, column: str) -> list[str]:
    """How either may be written."""
    value, text = number(table, column), marker(table, column)
    return [str(value), utc(value, milliseconds=True), text, text.encode().hex()]


def fill(connection: sqlite3.Connection, table: str, **links: object) -> None:
    """A row, all of whose values are found again but those that are given."""
    row = {}
    for _, column, kind, *_ in connection.execute(f"PRAGMA table_info({table})"):
        text = marker(table, column)
        made = {"INTEGER": number(table, column), "TEXT": text, "BLOB": text.encode()}[kind]
        row[column] = links.get(column, made)
    marks = ", ".join("?" * len(row))
    sql = f"INSERT OR REPLACE INTO {table} ({', '.join(row)}) VALUES ({marks})"
    connection.execute(sql, tuple(row.values()))


@pytest.fixture
def cli(tmp_path: Path) -> AdminCli:
    cli = served_once(tmp_path / "data")
    cli.adds("alice", "bob")
    alice, bob = (cli.accounts()[name].id for name in ("alice", "bob"))
    connection = open_database(cli.data / FILE_NAME)
    sql = "UPDATE accounts SET chosen_name = ?, metadata = ?, created_ms = ? WHERE id = ?"
    metadata = f'{{"url":"{marker("accounts", "metadata")}"}}'
    made = number("accounts", "created_ms")
    connection.execute(sql, (marker("accounts", "chosen_name"), metadata, made, alice))
    by_alice = {"topic_by": "alice!alice@x", "founder": alice, "metadata": ""}
    fill(connection, "targets", id=DEN, low=None, high=None, **by_alice)
    for table in ("memberships", "invitations", "channel_masks"):
        fill(connection, table, channel=DEN, account=alice)
    by = f"alice!{marker('channel_masks', 'by')}"
    connection.execute("UPDATE channel_masks SET by = ?", (by,))
    fill(connection, "log", seq=5, target=DEN, sender=alice)
    connection.execute("UPDATE meta SET value = '5' WHERE key = 'usage_upto'")
    for table in (
        *("tokens", "certificates", "factors", "recovery_codes", "usage"),
        *("kicks", "message_keys", "read_markers"),
    ):
        fill(connection, table, account=alice)
    fill(connection, "devices", account=alice, delivered=0)
    fill(connection, "kicks", account=bob, by="ALICE", name="#x", at_ms=1)
    connection.execute("UPDATE kicks SET reason = '' WHERE account = ?", (alice,))
    fill(connection, "audit", account="alice", facts=f'{{"a": "{marker("audit", "facts")}"}}')
    connection.close()
    return cli


def kept(cli: AdminCli) -> str:
    """All that is in the tables."""
    connection = open_database(cli.data / FILE_NAME)
    values = [
        value.hex() if isinstance(value, bytes) else str(value)
        for table in DECIDED
        for row in connection.execute(f"SELECT * FROM {table}")
        for value in row
    ]
    connection.close()
    return "\n".join(values)


def found(text: str) -> set[tuple[str, str]]:
    return {place for place in COLUMNS if any(one in text for one in shown(*place))}


def test_each_column_is_decided(tmp_path: Path) -> None:
    """A new one is too."""
    connection = open_database(tmp_path / FILE_NAME)
    sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    columns = {
        table: {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}
        for (table,) in connection.execute(sql).fetchall()
    }
    connection.close()
    assert {table: set(columns) for table, columns in DECIDED.items()} == columns


def test_an_export_has_what_is_to_be_in_it(cli: AdminCli) -> None:
    """And none of the rest."""
    there = found(kept(cli))
    assert len(there) > 50
    wanted = {(table, column) for table, column in there if DECIDED[table][column][0]}
    assert found(cli("export user alice -").out) == wanted


def test_what_is_erased_and_what_goes_with_the_account(cli: AdminCli) -> None:
    """First the words, then the account: what is left after both is what stays."""
    there = found(kept(cli))
    told = cli("user erase alice --yes").out
    assert "Erased too: the real name, the metadata, 1 topic, 1 reason of kicks." in told
    ends = {place: DECIDED[place[0]][place[1]][1] for place in there}
    assert found(kept(cli)) == {place for place, end in ends.items() if end != "erase"}
    cli("user delete alice --yes")
    assert found(kept(cli)) == {place for place, end in ends.items() if end == "stays"}


def test_what_they_were_called_before_names_them_too(cli: AdminCli) -> None:
    """Topics, kicks, reports and the audit have the names of then."""
    connection = open_database(cli.data / FILE_NAME)
    # As `user rename` does, for which the values here would have to make sense.
    sql = "UPDATE accounts SET name = 'zoe', folded = 'zoe', skeleton = 'zoe' WHERE name = 'alice'"
    connection.execute(sql)
    connection.close()
    there = found(kept(cli))
    wanted = {(table, column) for table, column in there if DECIDED[table][column][0]}
    assert found(cli("export user zoe -").out) == wanted
    told = cli("user erase zoe --yes").out
    assert "Erased too: the real name, the metadata, 1 topic, 1 reason of kicks." in told
    assert cli("user erase zoe --yes").err == "The history has nothing of zoe.\n"


def test_only_their_own_is_taken(cli: AdminCli) -> None:
    """Also where another name begins, or looks to SQL, like theirs."""
    connection = open_database(cli.data / FILE_NAME)
    sql = "INSERT INTO targets (id, name, folded, topic, topic_by) VALUES (?, ?, ?, 'tea', ?)"
    for at, by in enumerate(("alice2!a@x", "alic_!a@x", "bob!alice@x"), 100):
        connection.execute(sql, (at, f"#{at}", f"#{at}", by))
    connection.close()
    cli("user erase alice --yes")
    connection = open_database(cli.data / FILE_NAME)
    left = connection.execute("SELECT count(*) FROM targets WHERE topic = 'tea'").fetchone()
    connection.close()
    assert left == (3,)


def test_the_audit_names_them_in_any_spelling(cli: AdminCli) -> None:
    """As they were called then, by whoever it was done, and nobody who is called alike."""
    connection = open_database(cli.data / FILE_NAME)
    for event, account, facts in (
        ("by", "ALICE", "{}"),
        ("of", "bob", '{"of": "Alice"}'),
        ("admin", "os:root", '{"account": "aLice"}'),
        ("another", "alice2", '{"of": "bob"}'),
        ("broken", "bob", "no JSON, of alice"),
        ("spoilt", "alice", "no JSON"),
    ):
        sql = "INSERT INTO audit (at_ms, event, account, address, result, facts) VALUES "
        connection.execute(f"{sql} (1, ?, ?, '', 'ok', ?)", (event, account, facts))
    connection.close()
    lines = [json.loads(line) for line in cli("export user alice -").out.splitlines()]
    events = [one["event"] for one in lines if one["type"] == "audit"]
    assert [event for event in events if len(event) < 8] == ["by", "of", "admin", "spoilt"]


def test_nothing_is_left_to_be_erased(cli: AdminCli) -> None:
    """After it was."""
    cli("user erase alice --yes")
    assert cli("user erase alice --yes").err == "The history has nothing of alice.\n"
