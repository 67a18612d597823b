"""`securechat-admin user list` and `user show`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.admin_cli import AdminCli, served_once


@pytest.fixture
def cli(tmp_path: Path) -> AdminCli:
    return served_once(tmp_path / "data")


def test_the_list_is_aligned(cli: AdminCli) -> None:
    """Also beside letters that take two columns; the deleted are left out."""
    cli.adds("bob", "Алиса", "花子", "gone")
    cli("user disable bob")
    cli("user admin 花子")
    cli("user delete gone --yes")
    cli.protects("花子")
    for name in ("laptop", "phone"):
        cli(f"token create Алиса {name}")
    said = cli("user list")
    assert said.code == 0
    made = {line.split()[0]: line[-16:] for line in said.out.splitlines()[1:]}
    assert said.out.splitlines() == [
        "NAME   STATE     ROLE   FACTOR  TOKENS  MADE",
        f"bob    disabled                         {made['bob']}",
        f"Алиса  active                   2       {made['Алиса']}",
        f"花子   active    admin  on              {made['花子']}",
    ]


def test_the_whole_list_shows_the_deleted(cli: AdminCli) -> None:
    """--all."""
    cli.adds("gone")
    cli("user delete gone --yes")
    assert "gone" not in cli("user list").out
    assert cli("user list --all").out.splitlines()[1].split()[:2] == ["gone", "deleted"]


def test_who_has_no_second_factor(cli: AdminCli, tmp_path: Path) -> None:
    """--without-factor: people, and neither bots, which can have none, nor the deleted."""
    cli.adds("alice", "bob", "gone")
    cli("user delete gone --yes")
    cli(f"user add monitor --bot --token-file {tmp_path / 'token'}")
    cli.protects("bob")
    assert [line.split()[0] for line in cli("user list --without-factor").out.splitlines()] == [
        "NAME",
        "alice",
    ]
    cli.protects("alice")
    assert cli("user list --without-factor --json").out == "[]\n"
    assert cli("user list --without-factor").err == "Everybody has a second factor.\n"


def test_the_list_for_programs(cli: AdminCli) -> None:
    """--json: one object an account."""
    cli.adds("alice", "bob")
    cli.protects("bob")
    cli("token create bob laptop")
    alice, bob = json.loads(cli("user list --json").out)
    assert alice.pop("created").endswith("+00:00")
    told = {"state": "active", "admin": False, "bot": False, "second_factor": False, "tokens": 0}
    assert alice == {"name": "alice", **told}
    assert (bob["second_factor"], bob["tokens"]) == (True, 1)


def test_an_empty_list_says_how_to_begin(cli: AdminCli) -> None:
    """For people; a program gets an empty list."""
    said = cli("user list")
    assert (said.code, said.out) == (0, "")
    assert "`user add NAME` makes one" in said.err
    assert json.loads(cli("user list --json").out) == []


def test_one_account_is_shown(cli: AdminCli) -> None:
    """With the names of its tokens, by any case of its own name."""
    cli.adds("alice")
    cli.protects("alice")
    cli("user admin alice")
    for name in ("laptop", "phone"):
        cli(f"token create alice {name}")
    said = cli("user show ALICE")
    facts = {line[:13].rstrip(): line[15:] for line in said.out.splitlines()}
    assert len(facts.pop("made")) == 16
    assert facts == {
        "name": "alice",
        "display name": "none",
        "former names": "none",
        "state": "active",
        "role": "admin",
        "second factor": "on",
        "tokens": "laptop, phone",
        "certificates": "none",
        "messages": "0.0 MiB are kept",
        "quota": "as configured",
    }


def test_an_account_without_anything_is_shown(cli: AdminCli) -> None:
    """Nothing is said to be nothing."""
    cli.adds("bob")
    said = cli("user show bob").out
    assert "role           member\n" in said
    assert "second factor  off\ntokens         none\n" in said


def test_json_keeps_names_of_every_script(cli: AdminCli) -> None:
    """Programs read both forms, people one."""
    cli.adds("жанна")
    assert '"name": "жанна"' in cli("user list --json").out
