"""`securechat-admin user sessions` and `user logout`, beside a running server and without one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.admin_cli import AdminCli, served_once
from tests.support.client import Client
from tests.support.server import ServerUnderTest, running


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerUnderTest]:
    with running(tmp_path / "server", "alice", "bob") as server:
        yield server


@pytest.fixture
def cli(server: ServerUnderTest) -> AdminCli:
    return AdminCli(server.data.path)


def device(server: ServerUnderTest, person: Client, name: str) -> Client:
    """Another session of alice's, by a token."""
    person.sends(f"TOKEN CREATE {name}")
    token = person.hears_until(" CREATED ")[-1].split(" ")[5]
    return server.member("alice", password=token)


def test_the_live_sessions_are_listed(server: ServerUnderTest, cli: AdminCli) -> None:
    """By what, since when, and from where; nothing of it stays in the database."""
    alice = server.member("alice")
    device(server, alice, "phone")
    server.member("bob")
    said = cli("user sessions ALICE")
    header, first, second = said.out.splitlines()
    assert re.split(" {2,}", header) == ["ID", "BY", "SINCE", "LAST HEARD", "FROM"]
    assert re.split(" {2,}", first)[1::3] == ["password", "127.0.0.1"]
    assert re.split(" {2,}", second)[1::3] == ["token phone", "127.0.0.1"]
    with cli.reading() as reader:
        assert reader.requests() == []
    listed = json.loads(cli("user sessions alice --json").out)
    assert [entry["id"] for entry in listed] == [first.split()[0], second.split()[0]]
    assert [(entry["by"], entry["name"]) for entry in listed] == [
        *(("password", None), ("token", "phone"))
    ]
    assert all(entry["since"].endswith("+00:00") for entry in listed)


def test_one_session_is_ended(server: ServerUnderTest, cli: AdminCli) -> None:
    """By its id, which is also the one that the member sees; the others stay."""
    alice = server.member("alice")
    phone = device(server, alice, "phone")
    _, entry = json.loads(cli("user sessions alice --json").out)
    alice.sends("SESSIONS LIST")
    assert any(f" {entry['id']} token phone " in line for line in alice.hears_until("SESSIONS END"))
    said = cli(f"user logout alice --session {entry['id']}")
    assert (said.code, said.out) == (0, "1 session has ended of alice.\n")
    assert "Ended by the administrator" in phone.hears_the_end()[-1]
    assert alice.hears() is not None
    said = cli(f"user logout alice --session {entry['id']}")
    assert (said.code, said.out) == (1, "")
    assert "alice has no session" in said.err


def test_all_sessions_are_ended(server: ServerUnderTest, cli: AdminCli) -> None:
    """Of this account; the audit has who did it. The password is as good as before."""
    alice = server.member("alice")
    sessions = [alice, device(server, alice, "phone")]
    bob = server.member("bob")
    assert cli("user logout alice").out == "2 sessions have ended of alice.\n"
    for session in sessions:
        assert "Ended by the administrator" in session.hears_the_end()[-1]
    assert bob.hears() is not None
    server.member("alice")
    events = [json.loads(line) for line in cli("audit --json --all").out.splitlines()]
    [ended] = [one for one in events if one["event"] == "logged out by the administrator"]
    assert "all" in json.dumps(ended)


def test_who_is_not_logged_in(server: ServerUnderTest, cli: AdminCli) -> None:
    """Is told so; a program gets an empty list."""
    assert "alice is not logged in" in cli("user sessions alice").err
    assert json.loads(cli("user sessions alice --json").out) == []
    assert cli("user logout alice").out == "alice is not logged in.\n"
    assert cli("user sessions nobody").code == 1


def test_without_a_server_nobody_is_logged_in(tmp_path: Path) -> None:
    """And nothing is left for the next one to do."""
    cli = served_once(tmp_path / "data")
    cli.adds("alice")
    assert json.loads(cli("user sessions alice --json").out) == []
    assert cli("user logout alice").code == 0
    with cli.reading() as reader:
        assert reader.requests() == []
