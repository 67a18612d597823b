"""`securechat-admin channel …` while no server runs; test_moderating has it beside one."""

from __future__ import annotations

import json

import pytest

from tests.support.admin_cli import AdminCli, served_once


@pytest.fixture(scope="module")
def cli(tmp_path_factory: pytest.TempPathFactory) -> AdminCli:
    cli = served_once(tmp_path_factory.mktemp("channels") / "data")
    cli.adds("alice", "bob")
    return cli


def test_mistyped_names_are_told(cli: AdminCli) -> None:
    """With what was probably meant; and nothing is done."""
    assert cli("channel create '#lessons' --owner alice").code == 0
    said = cli("channel topic '#leson' hello")
    assert (
        "there is no channel '#leson'; `channel list` shows them; did you mean #lessons?"
        in said.err
    )
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


def test_it_is_done_without_a_server(cli: AdminCli) -> None:
    """And holds when one starts."""
    assert cli("channel create '#den' --owner alice").code == 0
    assert cli("channel topic '#den' 'see you'").code == 0
    assert cli("channel role '#den' alice operator").code == 1
    assert cli("channel add '#den' bob").out == "Put into #den: 1; in it before: 0.\n"
    assert cli("channel role '#den' bob owner").out == "bob is an owner now.\n"
    assert cli("channel ban '#den' 'x!*@*'").out == "x!*@* is banned.\n"
    assert cli("channel unban '#den' 'X!*@*'").out == "X!*@* is not banned any more.\n"
    assert cli("channel rename '#den' '#lair'").out == "It is called #lair now.\n"
    assert cli("channel kick '#lair' bob").out == "bob is put out.\n"
    assert "topic: see you" in cli("channel show '#lair'").out
    assert cli("channel drop '#lair' --yes").code == 0
    assert "#lair" not in cli("channel list --json").out
