"""What the administrator does to tokens and second factors, and what the audit has of all acts."""

from __future__ import annotations

import pytest

from securechat.credentials.device import MAX_TOKENS, is_token, token_digest
from securechat.credentials.link import code_digest
from securechat.store.admin import Admin
from securechat.store.audit import Wanted
from securechat.store.credentials import TOKENS
from securechat.store.database import Location
from securechat.store.errors import ConflictError, UnknownError
from securechat.store.invites import invite_id
from tests.store.people import audited, made, new, protect
from tests.support.stored import holds

# --- tokens and the second factor ----------------------------------------------------------------


def test_a_token_is_kept_as_a_hash(admin: Admin, location: Location) -> None:
    """It reads as a token does and is nowhere in the database."""
    alice = made(admin, "alice")
    token = admin.make_token(alice, "laptop", 1234)
    assert is_token(token)
    assert admin.reader.tokens() == [(token_digest(token), alice.id, "laptop", 1234, None)]
    assert not holds(location, token)


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
    admin.revoke_credential(TOKENS, alice, "t7")
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
    admin.revoke_credential(TOKENS, alice, "laptop")
    left = {(row.account, row.name) for row in admin.reader.tokens()}
    assert left == {(alice.id, "phone"), (bob.id, "laptop")}
    assert admin.reader.changes(before) == [(before + 1, "tokens", alice.id)]


def test_an_unknown_token_is_told(admin: Admin) -> None:
    """And changes nothing: neither the audit nor the server hears of it."""
    alice = made(admin, "alice")
    before = admin.reader.last_change(), audited(admin)
    with pytest.raises(UnknownError, match="alice has no token 'phone'; `token list alice` shows"):
        admin.revoke_credential(TOKENS, alice, "phone")
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


# --- the audit -----------------------------------------------------------------------------------


def test_every_act_is_in_the_audit(location: Location) -> None:
    """With who did it and when, on this machine, and to whom."""
    admin = Admin(location, by="os:root", clock=lambda: 5000)
    admin.add([new("alice", admin=True), new("bob")], 1)
    alice = admin.find("alice", "alice")
    admin.make_token(alice, "laptop", 1)
    admin.make_token(alice, "phone", 1)
    admin.revoke_credential(TOKENS, alice, "laptop")
    protect(admin, alice)
    admin.remove_factor(alice)
    admin.set_password(alice, "new hash")
    admin.set_disabled(alice, disabled=True)
    admin.set_disabled(alice, disabled=False)
    admin.set_admin(alice, admin=True)
    admin.set_admin(alice, admin=False)
    admin.invites.make(uses=3, expires_ms=1, now_ms=1, admin=True, note="for Bob")
    [invite] = admin.reader.invites()
    admin.invites.revoke(invite_id(invite))
    admin.delete(alice)
    admin.audit.note("backup made", file="/backup.tar")
    whom = {"account": "alice"}
    assert audited(admin) == [
        ("account created", {**whom, "rights": "administrator"}),
        ("account created", {"account": "bob"}),
        ("token created", {**whom, "token": "laptop"}),
        ("token created", {**whom, "token": "phone"}),
        ("token revoked", {**whom, "token": "laptop"}),
        ("second factor removed", whom),
        ("password set by the administrator", {**whom, "tokens_ended": 1, "certificates_ended": 0}),
        ("account disabled", whom),
        ("account enabled", whom),
        ("administrator rights given", whom),
        ("administrator rights taken", whom),
        (
            "invite made",
            {"invite": invite_id(invite), "uses": 3, "note": "for Bob", "rights": "administrator"},
        ),
        ("invite revoked", {"invite": invite_id(invite)}),
        ("account deleted", {**whom, "tokens_ended": 0, "certificates_ended": 0}),
        ("backup made", {"file": "/backup.tar"}),
    ]
    rows = [*admin.audit.rows(Wanted())]
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


def test_what_cannot_be_audited_is_not_done(admin: Admin, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other way round: no act without its row."""
    alice = made(admin, "alice")
    monkeypatch.setattr(admin.audit, "_clock", lambda: 1 << 64)  # no table has room for it
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
    code = admin.invites.make(uses=1, expires_ms=1, now_ms=1)
    told = repr([*admin.audit.rows(Wanted())])
    secrets = ["hash", token, token_digest(token).hex(), code, code_digest(code).hex()]
    assert [secret for secret in secrets if secret in told] == []
