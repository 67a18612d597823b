"""What the administrator does to accounts and invites, on the database alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from securechat.irc.link import code_digest
from securechat.irc.names import account_name
from securechat.irc.token import is_token, token_digest
from securechat.store.admin import (
    APPLIED,
    MAX_TOKENS,
    Admin,
    NewAccount,
    UnknownError,
    account_is_gone,
    invite_id,
)
from securechat.store.audit import Wanted
from securechat.store.database import ConflictError, open_database
from securechat.store.journal import Journal
from securechat.store.reader import AccountRow
from tests.support.pepper import PEPPER


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "securechat.db"


@pytest.fixture
def admin(path: Path) -> Iterator[Admin]:
    admin = Admin(path)
    yield admin
    admin.close()


def new(name: str, *, password: str = "hash", admin: bool = False) -> NewAccount:
    forms = account_name(name)
    return NewAccount(forms.display, forms.folded, forms.skeleton, password, admin)


def made(admin: Admin, name: str) -> AccountRow:
    """An account that has been made."""
    admin.add([new(name)], 1000)
    return admin.find(account_name(name).folded, name)


def protect(admin: Admin, account: AccountRow) -> None:
    """Give it a second factor with a recovery code."""
    connection = admin._connection
    connection.execute("INSERT INTO factors VALUES (?, 'sealed', 1, 1)", (account.id,))
    connection.execute("INSERT INTO recovery_codes VALUES (randomblob(32), ?)", (account.id,))


def audited(admin: Admin) -> list[tuple[str, dict[str, object]]]:
    """Each event in the audit, with its facts."""
    return [(row.event, row.told()) for row in admin.audited(Wanted())]


def found(admin: Admin, name: str) -> AccountRow:
    row = admin.reader.account_named(name)
    assert row is not None
    return row


def count(path: Path, table: str) -> int:
    connection = open_database(path)
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
    assert (row.created_ms, row.seen) == (1000, 7)
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


def test_deleting_leaves_the_name_and_the_messages(admin: Admin, path: Path) -> None:
    """Password, role, rooms and invitations go; others' stay."""
    alice, bob = made(admin, "alice"), made(admin, "bob")
    admin.set_admin(alice, admin=True)
    for number in (alice.id, bob.id):
        admin._connection.execute("INSERT INTO memberships VALUES (1, ?, 'o', 0)", (number,))
        admin._connection.execute("INSERT INTO invitations VALUES (2, ?, 'x!x@x')", (number,))
    admin._connection.execute(
        "INSERT INTO log VALUES (1, 1, ?, 1, 'PRIVMSG', 'hello', NULL)", (alice.id,)
    )
    assert not account_is_gone(admin._connection, alice.id)
    admin.delete(alice)
    row = found(admin, "alice")
    assert (row.name, row.admin, row.deleted) == ("alice", 0, 1)
    assert admin.reader.password(alice.id) is None
    assert account_is_gone(admin._connection, alice.id)
    assert [account for _, account, _, _ in admin.reader.memberships()] == [bob.id]
    assert [account for _, account, _ in admin.reader.invitations()] == [bob.id]
    assert count(path, "log") == 1


def test_a_deleted_account_stays_deleted(admin: Admin) -> None:
    """A password set by somebody who found it a moment before lets nobody in."""
    alice = made(admin, "alice")
    admin.delete(alice)
    admin.set_password(alice, "too late")
    admin.set_disabled(alice, disabled=False)
    assert admin.reader.password(alice.id) is None


def test_a_new_password_ends_all_tokens(admin: Admin) -> None:
    """Of that account; the server is told of both."""
    alice, bob = made(admin, "alice"), made(admin, "bob")
    for name in ("laptop", "phone"):
        admin.make_token(alice, name, 1)
    admin.make_token(bob, "laptop", 1)
    before = admin.reader.last_change()
    admin.set_password(alice, "new hash")
    assert [row.account for row in admin.reader.tokens()] == [bob.id]
    told = [(kind, account) for _, kind, account in admin.reader.changes(before)]
    assert told == [("tokens", alice.id), ("password", alice.id)]


def test_disabling_keeps_what_enabling_brings_back(admin: Admin) -> None:
    """Tokens and second factor: the person is kept out, and is the same person afterwards."""
    alice = made(admin, "alice")
    admin.make_token(alice, "laptop", 1)
    protect(admin, alice)
    admin.set_disabled(alice, disabled=True)
    assert len(admin.reader.tokens_of(alice.id)) == 1
    assert admin.reader.has_factor(alice.id)


def test_deleting_takes_all_credentials(admin: Admin) -> None:
    """Nobody will ever log in as this account again; the neighbour may."""
    alice, bob = made(admin, "alice"), made(admin, "bob")
    for account in (alice, bob):
        admin.make_token(account, "laptop", 1)
        protect(admin, account)
    admin.delete(alice)
    assert [row.account for row in admin.reader.tokens()] == [bob.id]
    assert [row.account for row in admin.reader.factors()] == [bob.id]
    assert [account for _, account in admin.reader.recovery_codes()] == [bob.id]


# --- tokens and the second factor ----------------------------------------------------------------


def test_a_token_is_kept_as_a_hash(admin: Admin, path: Path) -> None:
    """It reads as a token does and is nowhere in the database."""
    alice = made(admin, "alice")
    token = admin.make_token(alice, "laptop", 1234)
    assert is_token(token)
    assert admin.reader.tokens() == [(token_digest(token), alice.id, "laptop", 1234, None)]
    admin._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert token.encode() not in path.read_bytes()


def test_no_two_tokens_are_the_same(admin: Admin) -> None:
    """They are drawn at random."""
    alice = made(admin, "alice")
    assert len({admin.make_token(alice, f"t{n}", 1) for n in range(MAX_TOKENS)}) == MAX_TOKENS


def test_a_tokens_name_is_its_own_in_the_account(admin: Admin) -> None:
    """Another account may have one of the same name."""
    alice, bob = made(admin, "alice"), made(admin, "bob")
    admin.make_token(alice, "laptop", 1)
    with pytest.raises(ConflictError, match="alice has a token named laptop already"):
        admin.make_token(alice, "laptop", 2)
    admin.make_token(bob, "laptop", 3)
    assert [row.created_ms for row in admin.reader.tokens_of(alice.id)] == [1]


def test_an_account_has_so_many_tokens_and_no_more(admin: Admin) -> None:
    """One that is revoked makes room."""
    alice = made(admin, "alice")
    for number in range(MAX_TOKENS):
        admin.make_token(alice, f"t{number}", 1)
    with pytest.raises(ConflictError, match="alice has 20 tokens, and an account may have 20"):
        admin.make_token(alice, "more", 1)
    admin.revoke_token(alice, "t7")
    admin.make_token(alice, "more", 1)


def test_a_deleted_account_gets_no_token(admin: Admin) -> None:
    """Not even from somebody who found it a moment before."""
    alice = made(admin, "alice")
    admin.delete(alice)
    with pytest.raises(UnknownError, match="alice was deleted meanwhile"):
        admin.make_token(alice, "laptop", 1)
    assert admin.reader.tokens() == []


def test_revoking_ends_one_token(admin: Admin) -> None:
    """Of one account; the server is told."""
    alice, bob = made(admin, "alice"), made(admin, "bob")
    admin.make_token(alice, "laptop", 1)
    admin.make_token(alice, "phone", 1)
    admin.make_token(bob, "laptop", 1)
    before = admin.reader.last_change()
    admin.revoke_token(alice, "laptop")
    left = {(row.account, row.name) for row in admin.reader.tokens()}
    assert left == {(alice.id, "phone"), (bob.id, "laptop")}
    assert admin.reader.changes(before) == [(before + 1, "tokens", alice.id)]


def test_an_unknown_token_is_told(admin: Admin) -> None:
    """And changes nothing: neither the audit nor the server hears of it."""
    alice = made(admin, "alice")
    before = admin.reader.last_change(), audited(admin)
    with pytest.raises(UnknownError, match="alice has no token 'phone'; `token list alice` shows"):
        admin.revoke_token(alice, "phone")
    assert (admin.reader.last_change(), audited(admin)) == before


def test_a_second_factor_is_removed_with_its_codes(admin: Admin) -> None:
    """The server is told; a second time there is none."""
    alice = made(admin, "alice")
    protect(admin, alice)
    before = admin.reader.last_change()
    admin.remove_factor(alice)
    assert not admin.reader.has_factor(alice.id)
    assert admin.reader.recovery_codes() == []
    assert admin.reader.changes(before) == [(before + 1, "factor", alice.id)]
    with pytest.raises(UnknownError, match="alice has no second factor"):
        admin.remove_factor(alice)


# --- invites -------------------------------------------------------------------------------------


def test_an_invite_is_kept_as_a_hash(admin: Admin, path: Path) -> None:
    """Its code has 128 bits and is nowhere in the database."""
    code = admin.invite(uses=3, expires_ms=5000, now_ms=1000, admin=True, note="for Bob")
    [row] = admin.reader.invites()
    assert row == (code_digest(code), 3, 5000, 1, 1000, "for Bob")
    assert len(code) >= 22
    assert code not in repr(row)
    admin._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert code.encode() not in path.read_bytes()


def test_no_two_codes_are_the_same(admin: Admin) -> None:
    """They are drawn at random."""
    assert len({admin.invite(uses=1, expires_ms=1, now_ms=1) for _ in range(20)}) == 20


def test_an_id_does_not_give_the_code_away(admin: Admin) -> None:
    """It's the beginning of the hash."""
    code = admin.invite(uses=1, expires_ms=1, now_ms=1)
    [row] = admin.reader.invites()
    assert invite_id(row) == code_digest(code).hex()[:12]


def test_revoking_ends_one_invite(admin: Admin) -> None:
    """By the beginning of its id, in any case of letters; the row stays."""
    for note in ("one", "two"):
        admin.invite(uses=5, expires_ms=1, now_ms=1, note=note)
    one, two = sorted(admin.reader.invites(), key=lambda row: row.note)
    assert admin.revoke(invite_id(one).upper()).note == "one"
    left = {row.note: row.uses for row in admin.reader.invites()}
    assert left == {"one": 0, "two": two.uses}


@pytest.mark.parametrize("prefix", ["", "xyz", "%", "_"])
def test_an_unknown_id_revokes_nothing(admin: Admin, prefix: str) -> None:
    """The empty one fits every invite and means none."""
    admin.invite(uses=1, expires_ms=1, now_ms=1)
    with pytest.raises(UnknownError, match="no invite has the id"):
        admin.revoke(prefix)
    assert admin.reader.invites()[0].uses == 1


def test_an_ambiguous_id_revokes_nothing(admin: Admin) -> None:
    """Seventeen ids of sixteen digits: two begin alike."""
    for _ in range(17):
        admin.invite(uses=1, expires_ms=1, now_ms=1)
    firsts = [invite_id(row)[0] for row in admin.reader.invites()]
    shared = next(digit for digit in firsts if firsts.count(digit) > 1)
    with pytest.raises(UnknownError, match="several invites have an id beginning with"):
        admin.revoke(shared)
    assert all(row.uses for row in admin.reader.invites())


# --- a running server ----------------------------------------------------------------------------


def test_every_act_is_told_to_the_server(admin: Admin) -> None:
    """One change each, in their order."""
    alice = made(admin, "alice")
    admin.set_password(alice, "new hash")
    admin.set_disabled(alice, disabled=True)
    admin.set_admin(alice, admin=True)
    admin.delete(alice)
    admin.invite(uses=1, expires_ms=1, now_ms=1)
    admin.revoke_all(admin.reader.invites())
    assert [(kind, account) for _, kind, account in admin.reader.changes(0)] == [
        ("account", alice.id),
        ("password", alice.id),
        *[("account", alice.id)] * 3,
        *[("invites", None)] * 2,
    ]


def test_a_change_is_in_effect_when_the_server_says_so(admin: Admin, path: Path) -> None:
    """Without any change nothing is left to do; a later one is a new one."""
    assert admin.in_effect()
    made(admin, "alice")
    assert not admin.in_effect()
    server = Journal(path, PEPPER)
    server.remember(APPLIED, str(admin.reader.last_change()))
    assert admin.in_effect()
    made(admin, "bob")
    assert not admin.in_effect()
    server.close()


def test_a_server_notices_what_the_administrator_does(admin: Admin, path: Path) -> None:
    """And its own commits are not news to it."""
    server = Journal(path, PEPPER)
    assert not server.changed_by_others()
    made(admin, "alice")
    assert server.changed_by_others()
    assert not server.changed_by_others()
    server.remember("fact", "1")
    assert not server.changed_by_others()
    server.close()


# --- the audit -----------------------------------------------------------------------------------


def test_every_act_is_in_the_audit(path: Path) -> None:
    """With who did it and when, on this machine, and to whom."""
    admin = Admin(path, by="os:root", clock=lambda: 5000)
    admin.add([new("alice", admin=True), new("bob")], 1)
    alice = admin.find("alice", "alice")
    admin.make_token(alice, "laptop", 1)
    admin.make_token(alice, "phone", 1)
    admin.revoke_token(alice, "laptop")
    protect(admin, alice)
    admin.remove_factor(alice)
    admin.set_password(alice, "new hash")
    admin.set_disabled(alice, disabled=True)
    admin.set_disabled(alice, disabled=False)
    admin.set_admin(alice, admin=True)
    admin.set_admin(alice, admin=False)
    admin.invite(uses=3, expires_ms=1, now_ms=1, admin=True, note="for Bob")
    [invite] = admin.reader.invites()
    admin.revoke(invite_id(invite))
    admin.delete(alice)
    admin.note("backup made", file="/backup.tar")
    whom = {"account": "alice"}
    assert audited(admin) == [
        ("account created", {**whom, "rights": "administrator"}),
        ("account created", {"account": "bob"}),
        ("token created", {**whom, "token": "laptop"}),
        ("token created", {**whom, "token": "phone"}),
        ("token revoked", {**whom, "token": "laptop"}),
        ("second factor removed", whom),
        ("password set by the administrator", {**whom, "tokens_ended": 1}),
        ("account disabled", whom),
        ("account enabled", whom),
        ("administrator rights given", whom),
        ("administrator rights taken", whom),
        (
            "invite made",
            {"invite": invite_id(invite), "uses": 3, "note": "for Bob", "rights": "administrator"},
        ),
        ("invite revoked", {"invite": invite_id(invite)}),
        ("account deleted", {**whom, "tokens_ended": 0}),
        ("backup made", {"file": "/backup.tar"}),
    ]
    rows = [*admin.audited(Wanted())]
    assert {(row.at_ms, row.account, row.address, row.result) for row in rows} == {
        (5000, "os:root", "", "ok")
    }
    admin.close()


def test_what_is_taken_back_is_not_in_the_audit(admin: Admin) -> None:
    """An act and its row are one transaction."""
    made(admin, "bob")
    before = audited(admin)
    with pytest.raises(ConflictError):
        admin.add([new("alice"), new("bob")], 1)
    assert audited(admin) == before


def test_what_cannot_be_audited_is_not_done(admin: Admin) -> None:
    """The other way round: no act without its row."""
    alice = made(admin, "alice")
    admin._connection.execute(
        "CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT raise(ABORT, 'no'); END"
    )
    before = admin.reader.last_change()
    with pytest.raises(ConflictError):
        admin.set_password(alice, "new hash")
    assert admin.reader.password(alice.id) == "hash"
    assert admin.reader.last_change() == before


def test_no_secret_is_in_the_audit(admin: Admin) -> None:
    """Neither a password's hash nor a token, its hash, nor an invite's code."""
    alice = made(admin, "alice")
    admin.set_password(alice, "new hash")
    token = admin.make_token(alice, "laptop", 1)
    code = admin.invite(uses=1, expires_ms=1, now_ms=1)
    told = repr([*admin.audited(Wanted())])
    secrets = ["hash", token, token_digest(token).hex(), code, code_digest(code).hex()]
    assert [secret for secret in secrets if secret in told] == []
