"""docs/privacy.md and its Russian form: what stands there of the database and the network is so."""

from __future__ import annotations

import ast
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from securechat.store.sqlite.schema import MIGRATIONS

ROOT = Path(__file__).resolve().parent.parent
CODE = ROOT / "securechat"
ENGLISH, RUSSIAN = (ROOT / "docs" / name for name in ("privacy.md", "privacy.ru.md"))

NOT_OF_PEOPLE = {
    *("audit.id", "changes.id", "requests.id", "requests.kind"),
    "accounts.id",  # a random number
    *("channel_masks.channel", "channel_masks.kind", "invitations.channel"),
    *("invites.code_sha256", "invites.uses", "invites.expires_ms", "invites.admin"),
    *("log.seq", "message_keys.slot", "meta.key"),
    *("search_stale.part", "search_stale.times"),
    *("targets.id", "targets.folded", "targets.skeleton", "targets.modes", "targets.channel_key"),
    *("targets.member_limit", "targets.created_ms", "targets.history_from", "targets.keep_days"),
}
"""Columns that the page needn't name. A new column is a person's unless it stands here."""

SENDING = {"connect", "connect_ex", "create_connection", "sendto", "urlopen", "open_connection"}
"""Names of functions by which a program begins to talk to another one."""

TALKS = {
    ("server/identity.py", "connect"),  # asks the system for this machine's own address
    ("server/notify.py", "connect"),  # systemd, on this machine
    ("server/notify.py", "sendto"),
    ("store/postgres/database.py", "connect"),  # where the administrator has put the database
}


def columns() -> Iterator[str]:
    """Each column of the database, as table.column."""
    with closing(sqlite3.connect(":memory:")) as connection:
        for script in MIGRATIONS:
            connection.executescript(script)
        sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        for (table,) in connection.execute(sql).fetchall():
            for row in connection.execute(f"PRAGMA table_info({table})"):
                yield f"{table}.{row[1]}"


def named(page: Path) -> set[str]:
    """The columns that the last table of a page names, and each table."""
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \|", page.read_text(), re.MULTILINE)
    return {
        name
        for table, text in rows
        for name in (table, *(f"{table}.{column}" for column in re.findall(r"`(\w+)`", text)))
    }


@pytest.mark.parametrize("page", [ENGLISH, RUSSIAN], ids=lambda page: page.name)
def test_each_table_and_column_is_told(page: Path) -> None:
    """All that is kept of people stands there, and nothing that isn't kept."""
    there = set(columns())
    tables = {name.partition(".")[0] for name in there}
    assert (there - NOT_OF_PEOPLE) | tables == named(page)
    assert there >= NOT_OF_PEOPLE


def test_both_languages_say_the_same() -> None:
    """As far as it can be counted: parts, blanks, rows, commands, files that are named."""
    english, russian = ENGLISH.read_text(), RUSSIAN.read_text()
    for pattern in (
        r"^#+ ",
        r"\*\*\[",
        r"^\| ",
        r"^- ",
        r"^securechat-admin [^#]*",
        r"`tests/[^`]*`",
    ):
        counted = [re.findall(pattern, text, re.MULTILINE) for text in (english, russian)]
        assert [text.strip() for text in counted[0]] == [text.strip() for text in counted[1]], (
            pattern
        )


def test_the_server_connects_to_nobody() -> None:
    """In none of its packages is there a call that begins to talk to another program."""
    packages = ("admin", "ca", "common", "core", "credentials", "irc", "net", "server", "store")
    found = {
        (path.relative_to(CODE).as_posix(), name)
        for package in packages
        for path in (CODE / package).rglob("*.py")
        for name in sending(path.read_text())
    }
    assert found <= TALKS


def sending(text: str) -> Iterator[str]:
    """The calls in a module that begin to talk to another program."""
    # Most have none of the words, and parsing takes a second.
    if not any(f".{name}(" in text for name in SENDING):
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            of = node.func.value
            if node.func.attr in SENDING and not (isinstance(of, ast.Name) and of.id == "sqlite3"):
                yield node.func.attr
