"""How a command has something done by the rules, with a server beside it and without one."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from securechat.core.administration.requests import ACTIONS, Request
from securechat.core.channels import channels
from securechat.core.turn import Turn
from securechat.irc import names
from securechat.store.admin import Admin
from securechat.store.sqlite.database import FILE_NAME
from tests.support.admin_cli import AdminCli, served_once
from tests.support.pepper import PEPPER
from tests.support.server import running


def opens(turn: Turn, asked: Request) -> int:
    """In the place of an account's sessions: makes a channel, and ends one session."""
    channels.create(turn, names.channel_name("#new"), None)
    return 1


@pytest.fixture(autouse=True)
def action(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ACTIONS, "logout", opens)


def test_without_a_server_it_is_done_here(tmp_path: Path) -> None:
    """By the same rules, in the same database; nobody needs to start a server for it."""
    cli = served_once(tmp_path / "data")
    cli.adds("alice")
    assert cli("user logout alice").code == 0
    assert "#new" in stored(cli)


def test_what_a_killed_command_asked_for_is_not_done_by_another(tmp_path: Path) -> None:
    """It has told nobody whether it was done, and perhaps somebody else does something else now."""
    cli = served_once(tmp_path / "data")
    cli.adds("alice")
    with closing(Admin(cli.data / FILE_NAME)) as admin:
        admin.requests.ask("logout", {})
    assert cli("user rename alice zoe").code == 0
    assert "#new" not in stored(cli)


def test_a_server_that_does_not_answer_does_not_do_it_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not waited for without end, and what was told as not done is not done later."""
    monkeypatch.setattr("securechat.admin.requests.EFFECT_SECONDS", -1.0)
    with running(tmp_path / "server", "alice") as server:
        cli = AdminCli(server.data.path)
        said = cli("user logout alice")
        assert (said.code, said.out) == (1, "")
        assert "nothing was done" in said.err
        assert "#new" not in stored(cli)


def stored(cli: AdminCli) -> set[str]:
    """The channels that the database has."""
    with cli.reading() as reader:
        return {channel.name for channel in reader.channels(PEPPER)}
