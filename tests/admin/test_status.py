"""`securechat-admin status`, beside a running server and without one."""

from __future__ import annotations

import json
import os
import pty
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast
from unittest import mock

import click
import pytest

from securechat.admin import status
from securechat.admin.context import AdminContext
from securechat.admin.status_rows import size_shown
from securechat.server.data import DataError
from securechat.server.storage_health import StorageHealth
from tests.support.admin_cli import AdminCli, served_once
from tests.support.server import ServerUnderTest, running


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerUnderTest]:
    """One for all of them."""
    with running(tmp_path_factory.mktemp("status") / "data", "alice", "bob") as server:
        yield server


@pytest.fixture
def cli(server: ServerUnderTest) -> AdminCli:
    return AdminCli(server.data.path)


def test_a_running_server_tells_how_it_is(server: ServerUnderTest, cli: AdminCli) -> None:
    """People, what they say, what was refused, what is wrong; and the exit code says that, too."""
    alice, bob = server.member("alice"), server.member("bob")
    alice.sends("PRIVMSG #lobby :hello")
    bob.hears_until("PRIVMSG #lobby :hello")
    stranger = server.connect()
    stranger.begins_login("alice", password="wrong")
    stranger.hears_until(" 904 ")
    said = cli("status")
    rows = dict(line.split("  ", 1) for line in said.out.splitlines() if not line.startswith("!"))
    rows = {name: text.strip() for name, text in rows.items()}
    assert rows["addresses"] == f"127.0.0.1 port {server.port}"
    assert rows["people"] == "2 of 2 online, in 2 sessions"
    assert rows["messages"].startswith("1 today, 1 since the start, ")
    assert rows["refused"] == "login 1 in the last hour"
    assert " ms, 99 of a hundred within " in rows["turns"]
    assert "database" in rows["files"]
    assert rows["last backup"] == "never"
    assert "! there is no backup" in said.out
    assert said.code == 1
    for person in (alice, bob, stranger):
        person.hangs_up()


def test_programs_get_an_object(server: ServerUnderTest, cli: AdminCli) -> None:
    """With the numbers that Prometheus has."""
    found = json.loads(cli("status --json").out)
    assert found["running"] is True
    assert found["server"]["hindrance"] == ""
    assert found["server"]["figures"]["channels"] == 1
    assert 80 < found["server"]["figures"]["certificate_days_left"] <= 90
    assert found["accounts"] == 2
    # Of the tests' bcrypt, and of the backup.
    assert len(found["warnings"]) == 2


def test_what_is_wrong_stands_above_all(
    server: ServerUnderTest, cli: AdminCli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as a disk that is full."""
    full = cast("StorageHealth", SimpleNamespace(fault="its disk is full"))
    watched = replace(server.service.watched, storage_health=full)
    monkeypatch.setattr(server.service._status, "_watched", watched)
    first = cli("status").out.splitlines()[0]
    assert first == "! no message can be stored: its disk is full"


@pytest.mark.parametrize(
    ("hindrance", "code", "told"),
    [("", 0, "People can log in and talk.\n"), ("the disk is full", 1, "the disk is full\n")],
)
def test_health_is_whether_people_can_talk(
    cli: AdminCli, monkeypatch: pytest.MonkeyPatch, hindrance: str, code: int, told: str
) -> None:
    """What else is wrong, such as a backup that is missing, is no reason to end a container."""
    look = status.look

    def looked(context: AdminContext, node: str) -> dict[str, object]:
        found = look(context)
        found["server"]["hindrance"] = hindrance
        return found

    monkeypatch.setattr(status, "look", looked)
    said = cli("status --health")
    assert (said.code, said.out) == (code, told)


def test_without_a_server_the_files_tell(tmp_path: Path) -> None:
    """And that none runs is what is wrong."""
    cli = served_once(tmp_path / "data")
    said = cli("status")
    assert said.out.startswith(f"! no server runs on {tmp_path / 'data'}\n")
    assert "database" in said.out
    found = json.loads(cli("status --json").out)
    assert (found["running"], found["server"]) == (False, None)


def test_a_server_that_does_not_answer_is_told(
    cli: AdminCli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The files tell all the same, and a screen that is made anew goes on."""
    errors = [DataError("it has not answered"), click.ClickException("it doesn't know how")]
    for error in errors:
        monkeypatch.setattr(status, "ask_process", mock.Mock(side_effect=error))
        said = cli("status")
        first, *rest = said.out.splitlines()
        assert first == f"! {error}"
        assert any(line.startswith("files") for line in rest)
        assert said.code == 1


def test_it_is_shown_again_until_q(
    server: ServerUnderTest, cli: AdminCli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At once when q is pressed, however long the time between two screens is."""
    ours, theirs = pty.openpty()
    with open(theirs) as terminal, mock.patch("sys.stdin", terminal), status._keys() as keys:
        os.write(ours, b"xq")
        assert keys.pressed(60)
    os.close(ours)
    monkeypatch.setattr(status, "_keys", lambda: _Pressed([False, True]))
    said = cli("status --watch 1")
    assert said.code == 0
    assert said.out.count("q ends this") == 2
    monkeypatch.setattr(status, "_keys", lambda: _Pressed([False, True]))
    assert [json.loads(line)["running"] for line in cli("status -w 1 --json").out.splitlines()] == [
        True,
        True,
    ]


class _Pressed:
    """Keys that are pressed, or not, after each screen."""

    def __init__(self, answers: list[bool]) -> None:
        self._answers = answers

    def __enter__(self) -> _Pressed:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def pressed(self, seconds: float) -> bool:
        return self._answers.pop(0)


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (5 << 40, "5.0 TiB"),
        (1 << 55, "32768.0 TiB"),
    ],
)
def test_sizes_are_for_people(number: int, shown: str) -> None:
    """In units of 1024."""
    assert size_shown(number) == shown
