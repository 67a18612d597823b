"""What an administrator does to people beside a running server, at once."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator

import pytest

from tests.support.admin_cli import AdminCli
from tests.support.client import SERVER, of
from tests.support.server import ServerUnderTest, running


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerUnderTest]:
    with running(tmp_path_factory.mktemp("moderated") / "server", "alice", "bob") as server:
        yield server


@pytest.fixture(scope="module")
def cli(server: ServerUnderTest) -> AdminCli:
    return AdminCli(server.data.path)


def test_a_lesson_beside_a_running_server(server: ServerUnderTest, cli: AdminCli) -> None:
    """A teacher makes a class's channel, moderates it, and ends it; members see it at once."""
    bob = server.member("bob")
    made = cli("channel create '#7b' --owner alice --all --topic 'Hello' --mode +s")
    assert (made.code, made.out) == (0, "#7b is there; alice owns it, and 1 other is in it.\n")
    assert of(bob.hears_until(" 366 "), "332")
    assert cli("channel mode '#7b' -s+k --stdin", "sesame").out == "The modes are +ntk.\n"
    assert bob.hears_until(" MODE ")[-1].endswith(f":{SERVER} MODE #7b -s+k sesame")
    shown = cli("channel show '#7B'").out.splitlines()
    assert shown[1:3] == [f"topic: Hello (by {SERVER})", "modes: +nt, with a key"]
    assert shown[-3:] == [
        "members: 2, online: 1",
        "  alice  owner, operator",
        "  bob  online",
    ]
    assert cli("channel ban '#7b' bob --kick").out == "~a:bob is banned.\nPut out: bob.\n"
    assert bob.hears_until(" KICK ")
    assert cli("channel drop '#7b' --yes").out == "#7b has ended; it had 1 member.\n"
    assert [event for by, event, _ in cli.audited() if by.startswith("os:")] == [
        *("channel created", "topic changed", "modes changed", "member added"),
        *("modes changed", "modes changed", "kick", "channel dropped"),
    ]


def test_the_only_administrator_owns_what_is_made(server: ServerUnderTest, cli: AdminCli) -> None:
    """Where it is one; else it has to be said whose the channel is."""
    said = cli("channel create '#8c'")
    assert (said.code, "nobody administers this server" in said.err) == (2, True)
    assert cli("user admin alice").code == 0
    assert cli("channel create '#8c'").out.startswith("#8c is there; alice owns it")
    assert cli("user admin bob").code == 0
    said = cli("channel create '#8d'")
    assert (said.code, "several administer this server: alice, bob" in said.err) == (2, True)
    assert [cli(f"user admin {name} --revoke").code for name in ("alice", "bob")] == [0, 0]
    assert cli("channel drop '#8c' --yes").code == 0


def test_an_address_is_banned(server: ServerUnderTest, cli: AdminCli) -> None:
    """Who is there is shown first, and put out; nobody comes from there until it is lifted."""
    alice = server.member("alice")
    assert cli("user ban 127.0.0.1 --yes").code == 1
    said = cli("user ban 127.0.0.1 --force")
    assert "there is no terminal to ask" in said.err
    assert "Online from 127.0.0.1 now: alice." not in said.out
    said = cli("user ban 127.0.0.1 --force --yes --for 1h --reason flooding")
    assert said.out.startswith("127.0.0.1 is banned until ")
    assert alice.hears_until("banned from this server: flooding")
    with pytest.raises((ConnectionError, ssl.SSLError)):
        server.connect()
    [entry] = json.loads(cli("user bans --json").out)
    assert (entry["address"], entry["reason"]) == ("127.0.0.1", "flooding")
    assert cli("user unban 127.0.0.1").out == "127.0.0.1 is not banned any more.\n"
    server.member("alice")


def test_everybody_is_told_something(server: ServerUnderTest, cli: AdminCli) -> None:
    """And what they tell is seen, by those who administer."""
    alice = server.member("alice")
    assert cli("announce 'Maintenance at 18:00' --for 1h").out.endswith("heard it.\n")
    assert alice.hears_until("Announcement: Maintenance at 18:00")
    alice.sends("REPORT bob :calls me names")
    assert alice.hears_until("Reported to whoever runs this server")
    [entry] = json.loads(cli("reports --json").out)
    assert (entry["by"], entry["about"], entry["why"]) == ("alice", "bob", "calls me names")
