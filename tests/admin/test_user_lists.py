"""`securechat-admin user list` and `user show`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.server.clerk import Clerk, served_once


@pytest.fixture
def clerk(tmp_path: Path) -> Clerk:
    return served_once(tmp_path / "data")


def test_the_list_is_aligned(clerk: Clerk) -> None:
    """Also beside letters that take two columns; the deleted are left out."""
    clerk.adds("bob", "Алиса", "花子", "gone")
    clerk("user disable bob")
    clerk("user admin 花子")
    clerk("user delete gone --yes")
    clerk.protects("花子")
    for name in ("laptop", "phone"):
        clerk(f"token create Алиса {name}")
    said = clerk("user list")
    assert said.code == 0
    made = {line.split()[0]: line[-16:] for line in said.out.splitlines()[1:]}
    assert said.out.splitlines() == [
        "NAME   STATE     ROLE   FACTOR  TOKENS  MADE",
        f"bob    disabled                         {made['bob']}",
        f"Алиса  active                   2       {made['Алиса']}",
        f"花子   active    admin  on              {made['花子']}",
    ]


def test_the_whole_list_shows_the_deleted(clerk: Clerk) -> None:
    """--all."""
    clerk.adds("gone")
    clerk("user delete gone --yes")
    assert "gone" not in clerk("user list").out
    assert clerk("user list --all").out.splitlines()[1].split()[:2] == ["gone", "deleted"]


def test_the_list_for_programs(clerk: Clerk) -> None:
    """--json: one object an account."""
    clerk.adds("alice", "bob")
    clerk.protects("bob")
    clerk("token create bob laptop")
    alice, bob = json.loads(clerk("user list --json").out)
    assert alice.pop("created").endswith("+00:00")
    told = {"state": "active", "admin": False, "bot": False, "second_factor": False, "tokens": 0}
    assert alice == {"name": "alice", **told}
    assert (bob["second_factor"], bob["tokens"]) == (True, 1)


def test_an_empty_list_says_how_to_begin(clerk: Clerk) -> None:
    """For people; a program gets an empty list."""
    said = clerk("user list")
    assert (said.code, said.out) == (0, "")
    assert "`user add NAME` makes one" in said.err
    assert json.loads(clerk("user list --json").out) == []


def test_one_account_is_shown(clerk: Clerk) -> None:
    """With the names of its tokens, by any case of its own name."""
    clerk.adds("alice")
    clerk.protects("alice")
    clerk("user admin alice")
    for name in ("laptop", "phone"):
        clerk(f"token create alice {name}")
    said = clerk("user show ALICE")
    facts = {line[:13].rstrip(): line[15:] for line in said.out.splitlines()}
    assert len(facts.pop("made")) == 16
    assert facts == {
        "name": "alice",
        "state": "active",
        "role": "admin",
        "second factor": "on",
        "tokens": "laptop, phone",
        "certificates": "none",
        "messages": "0.0 MiB are kept",
    }


def test_an_account_without_anything_is_shown(clerk: Clerk) -> None:
    """Nothing is said to be nothing."""
    clerk.adds("bob")
    said = clerk("user show bob").out
    assert "role           member\n" in said
    assert "second factor  off\ntokens         none\n" in said


def test_json_keeps_names_of_every_script(clerk: Clerk) -> None:
    """Programs read both forms, people one."""
    clerk.adds("жанна")
    assert '"name": "жанна"' in clerk("user list --json").out
