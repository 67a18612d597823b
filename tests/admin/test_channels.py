"""`securechat-admin channel …`: beside a running server, and without one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.admin_cli import AdminCli, served_once
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
        "members: 2, of whom 1 is online",
        "  alice  owner, operator",
        "  bob  online",
    ]
    assert cli("channel ban '#7b' bob --kick").out == "~a:bob is banned; put out: bob.\n"
    assert bob.hears_until(" KICK ")
    assert cli("channel drop '#7b' --yes").out == "#7b has ended; it had 1 member.\n"
    assert [event for by, event, _ in cli.audited() if by.startswith("os:")] == [
        *("channel created", "topic changed", "modes changed", "member added"),
        *("modes changed", "modes changed", "kick", "channel dropped"),
    ]


def test_mistyped_names_are_told(cli: AdminCli) -> None:
    """With what was probably meant; and nothing is done."""
    assert cli("channel create '#lessons' --owner alice").code == 0
    said = cli("channel topic '#leson' hello")
    assert "there is no channel '#leson'; did you mean #lessons?" in said.err
    said = cli("channel add '#lessons' bbo")
    assert said.code == 1
    assert "there is no account bbo" in said.err
    assert "did you mean bob?" in said.err
    assert "'bob' is not one of 'owner'" in cli("channel role '#lessons' alice bob").err
    assert "a channel needs" not in cli("channel show '#lessons'").err


def test_a_key_is_not_taken_from_the_command_line(cli: AdminCli) -> None:
    """Everybody on the machine could read it there."""
    said = cli("channel mode '#x' +k sesame")
    assert said.code == 2
    assert "expected the key of +k on standard input" in said.err


def test_all_channels_are_listed(cli: AdminCli) -> None:
    """Secret ones too."""
    assert cli("channel create '#hidden' --owner alice --mode +s").code == 0
    listed = {one["name"]: one for one in json.loads(cli("channel list --json").out)}
    assert listed["#hidden"] | {"created": ""} == {
        "name": "#hidden",
        "members": 1,
        "modes": "nst",
        "topic": "",
        "keep_days": None,
        "created": "",
    }
    assert "#hidden" in cli("channel list").out
    assert json.loads(cli("channel export '#hidden' -").out.splitlines()[0])["name"] == "#hidden"
    assert json.loads(cli("user export alice -").out.splitlines()[0])["name"] == "alice"


def test_it_is_done_without_a_server(tmp_path: Path) -> None:
    """And holds when one starts."""
    cli = served_once(tmp_path / "data")
    cli.adds("alice")
    assert cli("channel create '#den' --owner alice").code == 0
    assert cli("channel topic '#den' 'see you'").code == 0
    assert cli("channel role '#den' alice operator").code == 1
    cli.adds("bob")
    assert cli("channel add '#den' bob").out == "1 was put into #den; 0 were in it before.\n"
    assert cli("channel role '#den' bob owner").out == "bob is an owner now.\n"
    assert cli("channel ban '#den' 'x!*@*'").out == "x!*@* is banned.\n"
    assert cli("channel unban '#den' 'X!*@*'").out == "X!*@* is not banned any more.\n"
    assert cli("channel rename '#den' '#lair'").out == "It is called #lair now.\n"
    assert cli("channel kick '#lair' bob").out == "bob is put out.\n"
    assert "topic: see you" in cli("channel show '#lair'").out
    assert cli("channel drop '#lair' --yes").code == 0
    assert json.loads(cli("channel list --json").out) == []
