"""What a start puts in order: it ends as if a server had been running all the time."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from securechat.admin.backup.check import check_up
from securechat.irc.lookalikes import data_version
from securechat.server.data import DataDirectory, DataError
from securechat.store.admin import Admin
from securechat.store.credentials import TOKENS
from securechat.store.sqlite.database import FILE_NAME
from tests.support.server import ServerUnderTest, config, running

TABLES = (
    "accounts",
    "targets",
    "memberships",
    "channel_masks",
    "invitations",
    "tokens",
    "factors",
    "kicks",
)
PLAIN = {
    "id",
    "created_ms",
    "deleted_ms",
    "topic_ms",
    "at_ms",
    "digest",
    "seq",
    "password",
    "starts_after",
}
"""What differs from one run to the other."""


def rows(path: Path) -> dict[str, list[tuple[str, ...]]]:
    """What is stored, without times; accounts and channels by their names."""
    connection = sqlite3.connect(path / FILE_NAME)
    connection.row_factory = sqlite3.Row
    names: dict[object, str] = {}
    for table in ("accounts", "targets"):
        names |= {row["id"]: row["name"] for row in connection.execute(f"SELECT * FROM {table}")}

    def shown(row: sqlite3.Row) -> tuple[str, ...]:
        known = ("account", "room", "founder")
        return tuple(
            str(names.get(row[key], row[key]) if key in known else row[key])
            for key in row.keys()  # noqa: SIM118 - a row's own iterator gives its values
            if key not in PLAIN
        )

    found = {
        table: sorted(map(shown, connection.execute(f"SELECT * FROM {table}"))) for table in TABLES
    }
    connection.close()
    return found


def lives(server: ServerUnderTest) -> None:
    """Three people, with channels, bans and invitations."""
    alice, bob = server.member("alice"), server.member("bob")
    alice.sends("JOIN #den,#mine,#ours")
    alice.sends("MODE #den +b eve!*@*")
    alice.says("INVITE carol #den")
    bob.says("JOIN #den,#ours")
    for person in (alice, bob):
        person.hangs_up()


def deletes(server: ServerUnderTest, *names: str) -> None:
    with server.admin() as admin:
        for name in names:
            admin.delete(admin.find(name, name))
        server.wait_for(admin.in_effect)


@pytest.mark.parametrize("names", [("alice",), ("alice", "bob"), ("bob",)])
def test_offline_changes_end_as_online_ones(tmp_path: Path, names: tuple[str, ...]) -> None:
    """Accounts that are deleted while a server runs, and while none does."""
    for where in ("on", "off"):
        with running(tmp_path / where, "alice", "bob", "carol") as server:
            lives(server)
            if where == "on":
                deletes(server, *names)
    deletes(ServerUnderTest(tmp_path / "off", config()), *names)
    checked = check_up(DataDirectory(tmp_path / "off"), None, quick=True, now=datetime.now(UTC))
    left = [found.text for found in checked]
    with running(tmp_path / "off") as server:
        server.member("carol")
    with running(tmp_path / "on") as server:
        server.member("carol")
    assert rows(tmp_path / "off") == rows(tmp_path / "on")
    if "alice" in names:
        assert any("channels without" in text for text in left)


def acts(server: ServerUnderTest, admin: Admin, in_effect: Callable[[], None]) -> None:
    """All that an administrator may do to accounts."""
    bob, carol = (admin.find(name, name) for name in ("bob", "carol"))
    admin.make_token(bob, "phone", 1)
    in_effect()
    admin.set_password(bob, admin.reader.password(carol.id) or "")
    admin.set_disabled(bob, disabled=True)
    in_effect()
    admin.set_disabled(bob, disabled=False)
    admin.make_token(bob, "laptop", 1)
    admin.set_admin(carol, admin=True)
    in_effect()
    admin.delete(admin.find("alice", "alice"))
    in_effect()
    admin.revoke_credential(TOKENS, bob, "laptop")
    in_effect()


def test_a_series_of_acts_ends_the_same(tmp_path: Path) -> None:
    """Whether a server runs meanwhile or not: the owner is followed, her channel is closed, tokens
    and passwords are as the last act left them.
    """
    with running(tmp_path / "on", "alice", "bob", "carol") as server, server.admin() as admin:
        lives(server)
        acts(server, admin, lambda: server.wait_for(admin.in_effect))
    with running(tmp_path / "off", "alice", "bob", "carol") as server:
        lives(server)
    server = ServerUnderTest(tmp_path / "off", config())
    with server.admin() as admin:
        acts(server, admin, lambda: None)
    for where in ("on", "off"):
        with running(tmp_path / where):
            pass
    assert rows(tmp_path / "off") == rows(tmp_path / "on")
    assert ("#mine", "None", "None") in {row[:3] for row in rows(tmp_path / "on")["targets"]}


def test_a_lobby_that_looks_like_a_channel(tmp_path: Path) -> None:
    """Nobody could tell them apart: a start is refused, with what to write; as it stands, in
    whatever case, the channel becomes the lobby.
    """
    with running(tmp_path / "data", "alice") as server:
        alice = server.member("alice")
        alice.says("JOIN #lobby1")
    with (
        pytest.raises(DataError, match=r'looks like the channel #lobby1 .* lobby = "#lobby1"'),
        running(tmp_path / "data", server={"lobby": "#lobbyl"}),
    ):
        pass
    with running(tmp_path / "data", "bob", server={"lobby": "#LOBBY1"}) as server:
        bob = server.member("bob")
        bob.sends("NAMES #lobby1")
        assert "bob" in bob.hears_until(" 353 ")[-1]


def test_a_start_tells_what_it_has_removed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Also what an administrator's act left that a server's death came upon."""
    with running(tmp_path / "data", "alice", "bob") as server:
        lives(server)
    connection = sqlite3.connect(tmp_path / "data" / FILE_NAME)
    connection.execute("UPDATE accounts SET deleted = 1 WHERE name = 'bob'")
    connection.commit()
    connection.close()
    caplog.set_level(logging.WARNING)
    with running(tmp_path / "data") as server:
        alice = server.member("alice")
        alice.sends("NAMES #den")
        assert alice.hears_until(" 353 ")[-1].endswith(":~alice")
    assert "rows of memberships were of an account or a channel that is gone" in caplog.text


def test_the_data_of_the_skeletons_has_a_version() -> None:
    """The same one each time."""
    assert data_version() == data_version()
    assert len(data_version()) == 64
