"""What is left of accounts and channels that are gone: found, and removed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from securechat.core.journal.events.accounts import (
    AccountCreated,
    FactorSet,
    ReadMarked,
    TokenCreated,
)
from securechat.core.journal.events.channels import (
    ChannelCreated,
    InvitationMade,
    KickedAway,
    MaskAdded,
    MemberJoined,
)
from securechat.store.database import Connection, Location
from securechat.store.sql.journal import Journal
from securechat.store.sql.mending import ORPHANS, find_orphans, ownerless, remove_orphans
from tests.support.pepper import PEPPER

ALICE, BOB, DEN, LAB = 1, 2, 10, 11


@pytest.fixture
def connection(location: Location) -> Iterator[Connection]:
    """Two accounts and two channels, with all that can be had of them."""
    journal = Journal(location, PEPPER)
    for number, name in ((ALICE, "alice"), (BOB, "bob")):
        journal.commit([AccountCreated(number, name, name, name, "hash", False, 0, 0)])
        journal.commit(
            [
                TokenCreated(name.encode(), number, "laptop", 0),
                FactorSet(number, "sealed", 0, 0),
                KickedAway(number, "#x", "eve", "", 0),
                ReadMarked(number, "#x", 1),
            ]
        )
    for number, name in ((DEN, "#den"), (LAB, "#lab")):
        journal.commit([ChannelCreated(number, name, name, name, ALICE, "nt", 0)])
        journal.commit(
            [
                MemberJoined(number, ALICE, "q", 0),
                MemberJoined(number, BOB, "", 0),
                MaskAdded(number, "b", "eve!*@*", "alice", 0),
                InvitationMade(number, BOB, "alice"),
            ]
        )
    yield journal.connection
    journal.close()


def test_nothing_is_one_in_good_order(connection: Connection) -> None:
    """And nothing is removed."""
    assert find_orphans(connection) == {}
    assert remove_orphans(connection) == {}
    assert ownerless(connection) == {}
    channels = "SELECT count(*) FROM memberships"
    assert connection.execute(channels).fetchone() == (4,)


def test_what_is_left_of_an_account(connection: Connection) -> None:
    """Found of each kind, and gone then; the others' stays."""
    connection.execute("UPDATE accounts SET deleted = 1 WHERE id = ?", (BOB,))
    found = remove_orphans(connection)
    assert found.keys() == ORPHANS.keys() - {
        *("channel_masks", "certificates", "devices"),
        "former_names",  # they are kept as the name is
    }
    assert find_orphans(connection) == {}
    members = connection.execute("SELECT account FROM memberships").fetchall()
    assert members == [(ALICE,), (ALICE,)]


def test_what_is_left_of_a_channel(connection: Connection) -> None:
    """Nothing: the database itself removes members, masks and invitations with it."""
    connection.execute("UPDATE targets SET folded = NULL WHERE id = ?", (DEN,))
    assert remove_orphans(connection) == {}
    for table in ("memberships", "channel_masks", "invitations"):
        left = connection.execute(f"SELECT DISTINCT channel FROM {table}").fetchall()
        assert left == [(LAB,)], table


def test_channels_that_nobody_owns_are_found(connection: Connection) -> None:
    """And those that nobody is in; not the lobby, which nobody has founded."""
    connection.execute("UPDATE memberships SET modes = '' WHERE channel = ?", (DEN,))
    connection.execute("DELETE FROM memberships WHERE channel = ?", (LAB,))
    assert ownerless(connection) == {"without a member": 1, "without an owner": 2}
    connection.execute("UPDATE targets SET founder = NULL")
    assert ownerless(connection) == {}
