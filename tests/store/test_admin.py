"""What the administrator does to accounts, on the database alone; invites: test_invites.py."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

import pytest

from securechat.irc.names import account_name
from securechat.store.admin import (
    APPLIED,
    Admin,
    NewAccount,
)
from securechat.store.database import Location, open_database
from securechat.store.errors import ConflictError, UnknownError
from securechat.store.sql.journal import Journal
from securechat.store.sql.rows import AccountRow
from tests.store.people import made, new
from tests.support.pepper import PEPPER
from tests.support.stored import is_told


def found(admin: Admin, name: str) -> AccountRow:
    row = admin.reader.account_named(name)
    assert row is not None
    return row


def count(location: Location, table: str) -> int:
    connection = open_database(location)
    number: int = connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    connection.close()
    return number


# --- accounts ------------------------------------------------------------------------------------


def test_an_account_is_stored(admin: Admin) -> None:
    """All of it; what was written before it came is not its to read."""
    admin._connection.execute("INSERT INTO log VALUES (7, 1, 1, 1, 'PRIVMSG', 'early', NULL)")
    admin.add([new("Alice", password="its hash", admin=True)], 1000)
    row = found(admin, "alice")
    assert (row.name, row.admin, row.disabled, row.deleted) == ("Alice", 1, 0, 0)
    assert (row.created_ms, row.starts_after) == (1000, 7)
    assert admin.reader.password(row.id) == "its hash"


def test_accounts_are_made_all_or_none(admin: Admin) -> None:
    """One that is taken holds up the others, and leaves no change behind."""
    made(admin, "bob")
    before = admin.reader.last_change()
    with pytest.raises(ConflictError, match="bob exists already"):
        admin.add([new("alice"), new("bob"), new("carol")], 1)
    assert [row.name for row in admin.reader.accounts()] == ["bob"]
    assert admin.reader.last_change() == before


def test_two_of_one_name_are_not_made(admin: Admin) -> None:
    """Nor two that look alike."""
    with pytest.raises(ConflictError, match="alice exists already"):
        admin.add([new("alice"), new("Alice")], 1)
    with pytest.raises(ConflictError, match="aIice looks like alice, which exists"):
        admin.add([new("alice"), new("aIice")], 1)
    assert admin.reader.accounts() == []


@pytest.mark.parametrize("name", ["alice", "ALICE", "aIice"])
def test_a_deleted_name_is_not_given_again(admin: Admin, name: str) -> None:
    """Nor one that looks like it: messages keep their author."""
    admin.delete(made(admin, "alice"))
    reason = admin.taken(new(name))
    assert reason is not None
    assert "deleted" in reason
    with pytest.raises(ConflictError):
        admin.add([new(name)], 1)


def test_the_same_name_is_a_better_reason_than_a_look_alike(admin: Admin) -> None:
    """When a name is the one account and looks like another."""
    admin.add([new("alice")], 1)
    connection = admin._connection
    both = NewAccount("bob", "bob", account_name("alice").skeleton, "hash")
    connection.execute(
        "INSERT INTO accounts (id, name, folded, skeleton, password, created_ms) "
        "VALUES (1, 'bob', 'bob', 'bob', '', 1)"
    )
    assert admin.taken(both) == "bob exists already"


def test_a_free_name_is_not_taken(admin: Admin) -> None:
    """None is the answer."""
    made(admin, "alice")
    assert admin.taken(new("bob")) is None


@pytest.mark.parametrize("name", ["nobody", "", "gone"])
def test_what_is_not_there_is_not_found(admin: Admin, name: str) -> None:
    """A deleted account isn't, either."""
    admin.delete(made(admin, "gone"))
    with pytest.raises(UnknownError, match="there is no account Shown; `user list` shows them"):
        admin.find(name, "Shown")


def test_a_password_is_replaced(admin: Admin) -> None:
    """By its stored form; the change is told as one of a password."""
    alice = made(admin, "alice")
    before = admin.reader.last_change()
    admin.set_password(alice, "new hash")
    assert admin.reader.password(alice.id) == "new hash"
    assert admin.reader.changes(before) == [(before + 1, "password", alice.id)]


def test_disabling_hides_the_password(admin: Admin) -> None:
    """So no login can succeed; enabling brings it back."""
    alice = made(admin, "alice")
    admin.set_disabled(alice, disabled=True)
    assert found(admin, "alice").disabled == 1
    assert admin.reader.password(alice.id) is None
    admin.set_disabled(alice, disabled=False)
    assert admin.reader.password(alice.id) == "hash"


def test_the_administrators_role(admin: Admin) -> None:
    """Given and taken, each a change."""
    alice = made(admin, "alice")
    before = admin.reader.last_change()
    admin.set_admin(alice, admin=True)
    assert found(admin, "alice").admin == 1
    admin.set_admin(alice, admin=False)
    assert found(admin, "alice").admin == 0
    assert [kind for _, kind, _ in admin.reader.changes(before)] == ["account", "account"]


def test_a_change_is_one_accounts(admin: Admin) -> None:
    """The neighbour keeps everything."""
    alice, bob = made(admin, "alice"), made(admin, "bob")
    admin.set_password(alice, "new hash")
    admin.set_disabled(alice, disabled=True)
    admin.set_admin(alice, admin=True)
    admin.delete(alice)
    assert found(admin, "bob") == bob
    assert admin.reader.password(bob.id) == "hash"


def test_deleting_leaves_the_name_and_the_messages(admin: Admin, location: Location) -> None:
    """Password, role, channels and invitations go; others' stay."""
    alice, bob = made(admin, "alice"), made(admin, "bob")
    admin.set_admin(alice, admin=True)
    for number in (alice.id, bob.id):
        admin._connection.execute("INSERT INTO memberships VALUES (1, ?, 'o', 0)", (number,))
        admin._connection.execute("INSERT INTO invitations VALUES (2, ?, 'x!x@x')", (number,))
    admin._connection.execute(
        "INSERT INTO log VALUES (1, 1, ?, 1, 'PRIVMSG', 'hello', NULL)", (alice.id,)
    )
    admin.delete(alice)
    row = found(admin, "alice")
    assert (row.name, row.admin, row.deleted) == ("alice", 0, 1)
    assert admin.reader.password(alice.id) is None
    assert [account for _, account, _, _ in admin.reader.memberships()] == [bob.id]
    assert [account for _, account, _ in admin.reader.invitations()] == [bob.id]
    assert count(location, "log") == 1


TABLES = ("accounts", "changes", "audit")
ACTS: dict[str, Callable[[Admin, AccountRow], object]] = {
    "passwd": lambda admin, row: admin.set_password(row, "a new hash"),
    "enable": lambda admin, row: admin.set_disabled(row, disabled=False),
    "admin": lambda admin, row: admin.set_admin(row, admin=True),
    "bot": lambda admin, row: admin.set_bot(row, bot=True),
    "delete": lambda admin, row: admin.delete(row),
}


@pytest.mark.parametrize("act", ACTS)
def test_an_account_that_is_deleted_meanwhile_is_not_changed(
    admin: Admin, location: Location, act: str
) -> None:
    """By another administrator, while this one typed a password: it gets none back, and the audit
    doesn't say that it did.
    """
    row = made(admin, "alice")
    admin.delete(row)
    before = kept(location)
    with pytest.raises(UnknownError, match="alice was deleted meanwhile"):
        ACTS[act](admin, row)
    assert kept(location) == before
    assert admin.reader.password(row.id) is None


def kept(location: Location) -> dict[str, list[tuple[object, ...]]]:
    """What the database has of accounts, changes and acts."""
    with closing(open_database(location)) as connection:
        return {t: connection.execute(f"SELECT * FROM {t}").fetchall() for t in TABLES}


# --- a running server ----------------------------------------------------------------------------


def test_every_act_is_told_to_the_server(admin: Admin) -> None:
    """One change each, in their order."""
    alice = made(admin, "alice")
    admin.set_password(alice, "new hash")
    admin.set_disabled(alice, disabled=True)
    admin.set_admin(alice, admin=True)
    admin.delete(alice)
    admin.invites.make(uses=1, expires_ms=1, now_ms=1)
    admin.invites.revoke_all(admin.reader.invites())
    assert [(kind, account) for _, kind, account in admin.reader.changes(0)] == [
        ("account", alice.id),
        ("password", alice.id),
        *[("account", alice.id)] * 3,
        *[("invites", None)] * 2,
    ]


def test_a_change_is_in_effect_when_the_server_says_so(admin: Admin, location: Location) -> None:
    """Without any change nothing is left to do; a later one is a new one."""
    assert admin.in_effect()
    made(admin, "alice")
    assert not admin.in_effect()
    server = Journal(location, PEPPER)
    server.remember(APPLIED, str(admin.reader.last_change()))
    assert admin.in_effect()
    made(admin, "bob")
    assert not admin.in_effect()
    server.close()


def test_a_server_notices_what_the_administrator_does(admin: Admin, location: Location) -> None:
    """And its own commits are not news to it."""
    server = Journal(location, PEPPER)
    assert not is_told(server)
    made(admin, "alice")
    assert is_told(server)
    assert not is_told(server)
    server.remember("fact", "1")
    assert not is_told(server)
    server.close()
