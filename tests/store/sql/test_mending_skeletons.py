"""What names look like, when the data has changed that tells it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from securechat.core.journal.events.accounts import AccountCreated
from securechat.core.journal.events.channels import ChannelClosed, ChannelCreated
from securechat.store.database import Connection, Location
from securechat.store.sql.journal import Journal
from securechat.store.sql.mending import look_alikes, refresh_skeletons
from tests.support.pepper import PEPPER


@pytest.fixture
def connection(location: Location) -> Iterator[Connection]:
    """Accounts and channels, whose skeletons are of other data."""
    journal = Journal(location, PEPPER)
    for number, name in enumerate(("alice", "bob", "eve")):
        journal.commit([AccountCreated(number, name, name, f"old {name}", "", False, number, 0)])
    for number, name in enumerate(("#den", "#lab")):
        journal.commit([ChannelCreated(number, name, name, f"old {name}", 1, "", 0)])
    journal.commit([ChannelClosed(1)])
    yield journal.connection
    journal.close()


def skeletons(connection: Connection, table: str = "accounts") -> list[str]:
    return [text for (text,) in connection.execute(f"SELECT skeleton FROM {table} ORDER BY id")]


def test_they_are_made_anew_once(connection: Connection) -> None:
    """For each version of the data; a closed channel's name is free, and has none."""
    assert refresh_skeletons(connection, "1", lambda name: f"new {name}") == []
    assert skeletons(connection) == ["new alice", "new bob", "new eve"]
    assert skeletons(connection, "targets") == ["new #den", None]
    assert refresh_skeletons(connection, "1", lambda name: "never asked") == []
    assert skeletons(connection)[0] == "new alice"
    refresh_skeletons(connection, "2", lambda name: f"newer {name}")
    assert skeletons(connection)[0] == "newer alice"


def test_two_may_change_places(connection: Connection) -> None:
    """Though each is unique at any time."""
    swapped = {"alice": "old bob", "bob": "old alice"}
    assert refresh_skeletons(connection, "1", lambda name: swapped.get(name, name)) == []
    assert skeletons(connection) == ["old bob", "old alice", "eve"]


def test_who_looks_like_another_now_stays(connection: Connection) -> None:
    """The older one keeps the look for itself, so that nobody else can take it."""
    assert refresh_skeletons(connection, "1", lambda name: name[:1] + "e") == []
    alike = refresh_skeletons(connection, "2", lambda name: "same")
    assert alike == ["bob", "eve"]
    assert skeletons(connection)[0] == "same"
    assert len(set(skeletons(connection))) == 3
    assert look_alikes(connection) == ["bob", "eve"]
