"""`securechat-admin user erase` on the directory of a stopped server."""

from __future__ import annotations

from pathlib import Path

import pytest

from securechat.store.sqlite.database import FILE_NAME, open_database
from tests.support.admin_cli import AdminCli, served_once


@pytest.fixture
def cli(tmp_path: Path) -> AdminCli:
    cli = served_once(tmp_path / "data")
    cli.adds("alice", "bob")
    connection = open_database(cli.data / FILE_NAME)
    for seq, name in enumerate(("alice", "bob", "alice"), 1):
        row = (seq, cli.accounts()[name].id, f"by {name}")
        connection.execute("INSERT INTO log VALUES (?, 1, ?, 1, 'PRIVMSG', ?, NULL)", row)
    connection.close()
    return cli


def said_by(cli: AdminCli) -> list[str]:
    connection = open_database(cli.data / FILE_NAME)
    rows = connection.execute("SELECT text FROM log ORDER BY seq").fetchall()
    connection.close()
    return [text for (text,) in rows]


# --- user erase ----------------------------------------------------------------------------------


def test_what_somebody_has_said_is_erased(cli: AdminCli) -> None:
    """And the audit has it."""
    said = cli("user erase ALICE --yes")
    assert (said.code, said.out) == (0, "2 entries of alice are erased.\n")
    assert said_by(cli) == ["by bob"]
    ((_, _, facts),) = cli.audited("messages erased")
    assert facts == {"account": "alice", "entries": 2}


def test_it_is_asked_first(cli: AdminCli) -> None:
    """It can't be undone."""
    said = cli("user erase alice", "n\n", terminal=True)
    assert said.code == 1
    assert "2 entries of alice" in said.err
    assert "nothing was erased" in said.err
    assert len(said_by(cli)) == 3
    assert cli("user erase alice").code == 2
    assert cli("user erase alice", "y\n", terminal=True).code == 0
    assert said_by(cli) == ["by bob"]


def test_a_deleted_account_is_erased(cli: AdminCli) -> None:
    """Its messages have stayed."""
    cli("user delete alice --yes")
    assert cli("user erase alice --yes").out == "2 entries of alice are erased.\n"


def test_nothing_is_nothing(cli: AdminCli) -> None:
    """Nor is it audited."""
    cli("user erase alice --yes")
    said = cli("user erase alice --yes")
    assert (said.code, said.out) == (0, "")
    assert said.err == "The history has nothing of alice.\n"
    assert len(cli.audited("messages erased")) == 1


def test_nobody_is_nobody(cli: AdminCli) -> None:
    """Who was never there has said nothing."""
    said = cli("user erase carol --yes")
    assert said.code == 1
    assert "there was never an account carol" in said.err
