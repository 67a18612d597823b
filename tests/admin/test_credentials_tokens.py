"""`securechat-admin token …` on the directory of a stopped server."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from securechat.credentials.device import is_token, token_digest
from securechat.store.sql.rows import TokenRow
from securechat.store.sqlite.database import FILE_NAME, open_database
from tests.support.admin_cli import GOOD, AdminCli, served_once


@pytest.fixture
def cli(tmp_path: Path) -> AdminCli:
    """With two accounts."""
    cli = served_once(tmp_path / "data")
    cli.adds("Alice", "bob")
    return cli


def tokens(cli: AdminCli) -> list[TokenRow]:
    with cli.reading() as reader:
        return reader.tokens()


def test_a_token_is_printed_alone(cli: AdminCli) -> None:
    """So that a script gets nothing else; what it is and how it ends is said beside it."""
    said = cli("token create alice laptop")
    assert said.code == 0
    token = said.out.removesuffix("\n")
    assert is_token(token)
    [row] = tokens(cli)
    assert (row.digest, row.name, row.used_ms) == (token_digest(token), "laptop", None)
    first, effect = said.err.splitlines()
    assert first == (
        "This token logs in as Alice in the password's place. It is not shown again; to end it: "
        "securechat-admin token revoke Alice laptop"
    )
    assert effect.startswith("No server is running")


@pytest.mark.parametrize(
    "name", ["''", "'a b'", "':x'", f"{'x' * 33}", "'\x1b[2J'", "'a\tb'", "'\udcff'"]
)
def test_what_a_token_cannot_be_called(cli: AdminCli, name: str) -> None:
    """Wrong usage; the text says what a name is, and can't drive the terminal."""
    said = cli(f"token create alice {name}")
    assert (said.code, said.out) == (2, "")
    assert "expected one word of at most 32 characters" in said.err
    assert "\x1b" not in said.err
    assert tokens(cli) == []


def test_a_name_is_given_once(cli: AdminCli) -> None:
    """In one account."""
    cli("token create alice laptop")
    said = cli("token create alice laptop")
    assert (said.code, said.out) == (1, "")
    assert "Alice has a token named laptop already" in said.err
    assert cli("token create bob laptop").code == 0


def test_the_list_shows_when_they_were_used(cli: AdminCli) -> None:
    """All of them or those of one account, by account and name; never a token."""
    said = [cli(f"token create {who}").out for who in ("bob b", "alice phone", "alice laptop")]
    connection = open_database(cli.data / FILE_NAME)
    connection.execute("UPDATE tokens SET used_ms = created_ms WHERE name = 'phone'")
    connection.close()
    header, *lines = cli("token list").out.splitlines()
    assert re.split(" {2,}", header) == ["ACCOUNT", "NAME", "MADE", "LAST USED"]
    cells = [re.split(" {2,}", line) for line in lines]
    assert [(row[0], row[1], row[3] == row[2]) for row in cells] == [
        ("Alice", "laptop", False),
        ("Alice", "phone", True),
        ("bob", "b", False),
    ]
    assert cells[0][3] == "never"
    assert [line.split()[1] for line in cli("token list BOB").out.splitlines()[1:]] == ["b"]
    shown = cli("token list").out + cli("token list --json").out
    assert [token for token in said if token.strip() in shown] == []


def test_the_list_for_programs(cli: AdminCli) -> None:
    """--json: one object a token."""
    cli("token create alice laptop")
    [entry] = json.loads(cli("token list alice --json").out)
    assert entry.pop("created").endswith("+00:00")
    assert entry == {"account": "Alice", "name": "laptop", "last_used": None}


def test_an_empty_list_says_how_to_begin(cli: AdminCli) -> None:
    """For people; a program gets an empty list."""
    said = cli("token list")
    assert (said.code, said.out) == (0, "")
    assert "`token create ACCOUNT NAME` makes one" in said.err
    assert json.loads(cli("token list --json").out) == []


def test_a_token_is_revoked(cli: AdminCli) -> None:
    """By its account and its name."""
    cli("token create alice laptop")
    cli("token create bob laptop")
    said = cli("token revoke ALICE laptop")
    assert (said.code, said.out) == (
        0,
        "The token laptop of Alice is revoked; it is worth nothing.\n",
    )
    assert len(tokens(cli)) == 1


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("token create nobody laptop", "there is no account nobody"),
        ("token list nobody", "there is no account nobody"),
        ("token revoke nobody laptop", "there is no account nobody"),
        ("token revoke alice phone", "Alice has no token 'phone'; `token list Alice` shows them"),
        ("token revoke alice '\x1b[2J'", "Alice has no token '\\x1b[2J'"),
    ],
)
def test_what_is_not_there_is_told(cli: AdminCli, command: str, told: str) -> None:
    """And nothing is changed."""
    cli("token create alice laptop")
    said = cli(command)
    assert (said.code, said.out) == (1, "")
    assert told in said.err
    assert "\x1b" not in said.err
    assert len(tokens(cli)) == 1


def test_a_new_password_leaves_no_token(cli: AdminCli) -> None:
    """A thief who has got hold of the account is logged out."""
    cli("token create alice laptop")
    cli("token create bob laptop")
    cli("user passwd alice --password-stdin", GOOD + "!")
    bob = cli.accounts()["bob"].id
    assert [row.account for row in tokens(cli)] == [bob]


def test_no_token_is_in_the_audit_or_the_database(cli: AdminCli) -> None:
    """It is shown once, and kept nowhere."""
    token = cli("token create alice laptop").out.strip()
    assert token not in cli("audit --json --all").out
    files = b"".join(path.read_bytes() for path in cli.data.glob(FILE_NAME + "*"))
    assert token.encode() not in files
    assert token_digest(token) in files
