"""What the administrator's commands work with; the commands' own tests show the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest

from securechat.admin.context import AdminContext, remembered_config
from securechat.server.config import Config
from securechat.server.data import DataDirectory
from securechat.store.admin import APPLIED, Admin
from securechat.store.sql.journal import Journal
from securechat.store.sql.reader import Reader
from securechat.store.sqlite.database import FILE_NAME
from tests.support.admin_cli import served_once
from tests.support.pepper import PEPPER


def test_settings_that_nobody_kept_are_the_defaults(tmp_path: Path) -> None:
    """A database of before they were kept."""
    Admin(tmp_path / FILE_NAME).close()
    reader = Reader(tmp_path / FILE_NAME)
    assert remembered_config(reader) == Config()
    reader.close()


def test_settings_are_those_that_the_server_kept(tmp_path: Path) -> None:
    """Of numbers and of texts."""
    cli = served_once(
        tmp_path / "data", bcrypt_cost="7", registration="closed", name="chat.example"
    )
    reader = Reader(cli.data / FILE_NAME)
    config = remembered_config(reader)
    reader.close()
    assert config.accounts.bcrypt_cost == 7
    assert config.accounts.registration == "closed"
    assert config.accounts.min_password_length == Config().accounts.min_password_length
    assert config.server.name == "chat.example"


def test_settings_are_those_in_the_directory(tmp_path: Path) -> None:
    """As of a node that has joined: what others keep in the database may be another node's."""
    data = DataDirectory(served_once(tmp_path / "data", bcrypt_cost="7").data)
    data.configuration.write_text("[accounts]\nbcrypt_cost = 8\n")
    assert AdminContext(data, None).config.accounts.bcrypt_cost == 8
    named = tmp_path / "c.toml"
    named.write_text("[accounts]\nbcrypt_cost = 9\n")
    assert AdminContext(data, named).config.accounts.bcrypt_cost == 9


@pytest.fixture
def data(tmp_path: Path) -> Iterator[DataDirectory]:
    """A directory that a server holds."""
    data = DataDirectory(served_once(tmp_path / "data").data)
    data.lock()
    yield data
    data.unlock()


def settle(data: DataDirectory, meanwhile: Callable[[], None]) -> None:
    """Change something, and see what happens while securechat-admin waits."""
    with click.Context(click.Command("test")):
        admin = AdminContext(data, None, pause=lambda _: meanwhile())
        admin.admin.invites.make(uses=1, expires_ms=1, now_ms=0)
        admin.settle()


def test_it_waits_until_the_server_has_taken_it_up(
    data: DataDirectory, capsys: pytest.CaptureFixture[str]
) -> None:
    """A change that comes into effect meanwhile is no reason to warn."""
    steps = iter(["0", "0", "1"])

    def server() -> None:
        journal = Journal(data.database, PEPPER)
        journal.remember(APPLIED, next(steps))
        journal.close()

    settle(data, server)
    assert list(steps) == []
    assert capsys.readouterr().err == "In effect: the running server has taken it up.\n"


def test_a_server_that_stops_meanwhile_is_not_waited_for(
    data: DataDirectory, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its next start takes it up."""
    settle(data, data.unlock)
    assert "it takes effect when one starts" in capsys.readouterr().err
