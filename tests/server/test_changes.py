"""What an administrator changes while the server runs."""

from __future__ import annotations

import pytest

from securechat.core.journal.appliers.channels import log_entry
from securechat.core.journal.events.accounts import CertificateAdded, FactorSet, TokenCreated
from securechat.core.journal.events.channels import Logged
from securechat.core.model.credentials import Certificate, Token
from securechat.core.model.entities import Session
from securechat.core.model.state import Model
from securechat.core.model.states import State, Trigger
from securechat.core.rules import Rules
from securechat.core.settings import Settings
from securechat.core.turn import Turn
from securechat.credentials.device import token_digest
from securechat.server.changes import take_changes
from securechat.server.loading import load_model
from securechat.store.admin import Admin, NewAccount
from securechat.store.credentials import TOKENS
from securechat.store.sql.journal import Journal
from securechat.store.sql.reader import Reader
from tests.support.pepper import PEPPER

ALICE, BOB, DEN = 1, 2, 10
FACTOR = FactorSet(ALICE, "sealed", 7, 5)
SETTINGS = Settings(name="chat.test", version="test", started_ms=0)


class Running:
    """Rules on a database that an administrator changes beside them."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.reader = Reader(journal.connection)
        self.rules = Rules(load_model(self.reader, PEPPER), SETTINGS, PEPPER)
        self.last_change = self.reader.last_change()

    @property
    def model(self) -> Model:
        return self.rules.model

    def comes(self, account: int) -> Session:
        """A session that is logged in, short of being ready."""
        session = Session(object(), io=0, address="", fingerprint=None, opened_at=0.0)
        self.model.sessions[session] = None
        session.move(Trigger.PASSWORD)
        session.move(Trigger.GRANTED)
        session.account = self.model.accounts[account]
        return session

    def looks(self) -> Turn:
        turn = self.rules.turn(0, 0.0)
        self.last_change = take_changes(self.rules, turn, self.reader, self.last_change)
        return turn


@pytest.fixture
def running(journal: Journal) -> Running:
    """The rules, as the hub has them."""
    return Running(journal)


def test_nothing_changed_changes_nothing(running: Running) -> None:
    """The number stays."""
    before = running.last_change
    running.looks()
    assert running.last_change == before


def test_a_new_account_is_there_at_once(running: Running, admin: Admin) -> None:
    """Under its name, with what was said before not counted as missed."""
    admin.add([NewAccount("carol", "carol", "carol", "hash", admin=True)], 1)
    running.looks()
    carol = running.model.by_name["carol"]
    assert (carol.admin, carol.usable) == (True, True)


@pytest.mark.parametrize(
    ("act", "told"),
    [
        ("disable", "Your account has been disabled"),
        ("delete", "Your account has been deleted"),
        ("passwd", "Your password has been changed; log in with the new one"),
    ],
)
def test_who_is_not_welcome_any_more_is_told(
    running: Running, admin: Admin, act: str, told: str
) -> None:
    """All sessions of that account end, also one that is only half logged in; others stay."""
    alice, bob = running.comes(ALICE), running.comes(BOB)
    row = admin.find("bob", "bob")
    if act == "disable":
        admin.set_disabled(row, disabled=True)
    elif act == "delete":
        admin.delete(row)
    else:
        admin.set_password(row, "new hash")
    turn = running.looks()
    assert [(closing.session, closing.reason) for closing in turn.closings] == [(bob, told)]
    assert alice.state is State.PROVEN
    assert running.model.accounts[BOB].usable == (act == "passwd")


def test_a_name_that_is_freed_is_forgotten(running: Running, admin: Admin) -> None:
    """With what it looks like; the deletion may come together with it. The next of that name is
    another one.
    """
    session = running.comes(BOB)
    admin.delete(admin.find("bob", "bob"))
    running.journal.connection.execute("DELETE FROM log WHERE sender = ?", (BOB,))
    admin.free("bob", "bob", running=False)
    admin.add([NewAccount("bob", "bob", "bob", "x")], 1)
    running.looks()
    assert session.state is State.CLOSED
    assert BOB not in running.model.accounts
    assert running.model.by_name["bob"].id != BOB
    assert running.model.account_skeletons["bob"] is running.model.by_name["bob"]


def test_a_deleted_account_leaves_its_channels(running: Running, admin: Admin) -> None:
    """In memory as in the database, where the deletion itself did it."""
    admin.delete(admin.find("bob", "bob"))
    running.looks()
    assert [account.id for account in running.model.channels["#den"].members] == [ALICE]


def test_an_enabled_account_may_come_back(running: Running, admin: Admin) -> None:
    """Two changes in one look: the last one counts."""
    row = admin.find("bob", "bob")
    admin.set_disabled(row, disabled=True)
    admin.set_disabled(row, disabled=False)
    running.looks()
    assert running.model.accounts[BOB].usable


def test_invites_come_and_go(running: Running, admin: Admin) -> None:
    """Made and revoked while the server runs."""
    admin.invites.make(uses=1, expires_ms=99, now_ms=1)
    running.looks()
    assert len(running.model.invites) == 1
    admin.invites.revoke_all(admin.reader.invites())
    running.looks()
    assert running.model.invites == {}


def test_taking_a_change_twice_is_harmless(running: Running, admin: Admin) -> None:
    """The hub does so when it could not note that it had taken it."""
    admin.delete(admin.find("bob", "bob"))
    before = running.last_change
    running.looks()
    running.last_change = before
    running.looks()
    assert running.model.accounts[BOB].deleted


def test_a_token_made_by_the_administrator_lets_in(running: Running, admin: Admin) -> None:
    """At once; and revoking it ends what it let in."""
    row = admin.find("alice", "alice")
    made = admin.make_token(row, "robot", 1)
    running.looks()
    token = running.model.tokens[token_digest(made)]
    alice, other = running.comes(ALICE), running.comes(ALICE)
    alice.token = token
    admin.revoke_credential(TOKENS, row, "robot")
    turn = running.looks()
    assert [closing.session for closing in turn.closings] == [alice]
    assert not running.model.tokens
    assert not running.model.accounts[ALICE].tokens
    assert other.state is State.PROVEN


def test_a_factor_taken_away_by_the_administrator_is_gone(journal: Journal, admin: Admin) -> None:
    """Sessions go on; the next login needs the password only."""
    journal.commit([FACTOR])
    running = Running(journal)
    session = running.comes(ALICE)
    admin.remove_factor(admin.find("alice", "alice"))
    running.looks()
    assert running.model.accounts[ALICE].factor is None
    assert session.state is State.PROVEN


def test_a_token_made_by_the_old_password_ends_with_it(
    journal: Journal, running: Running, admin: Admin
) -> None:
    """Also when it was made after the administrator's change and before that was looked at; the
    administrator's own new one stays. So with certificates.
    """
    row = admin.find("alice", "alice")
    admin.set_password(row, "new hash")
    journal.commit([TokenCreated(b"late", ALICE, "late", 5)])
    running.model.add_token(Token(b"late", ALICE, "late", 5))
    journal.commit([CertificateAdded(b"late", ALICE, "late", 5)])
    running.model.add_certificate(Certificate(b"late", ALICE, "late", 5))
    made = admin.make_token(row, "robot", 6)
    admin.add_certificate(row, "robot", b"new", 6)
    turn = running.looks()
    journal.commit(turn.events)
    assert list(running.model.certificates) == [b"new"]
    assert [one.name for one in running.reader.certificates()] == ["robot"]
    assert list(running.model.tokens) == [token_digest(made)]
    assert [token.name for token in running.reader.tokens()] == ["robot"]


def test_what_is_erased_is_forgotten(running: Running, admin: Admin) -> None:
    """By the memory of what was said last, and by what is kept of the account; once, also where a
    turn that was taken back takes the change up again. What is not stored yet stays.
    """
    model, alice = running.model, running.model.accounts[ALICE]
    entries = [
        Logged(seq, DEN, ALICE if seq % 2 else BOB, 1, "PRIVMSG", "hi", None) for seq in (1, 2, 3)
    ]
    for entry in entries:
        log_entry(model, entry)
    running.journal.commit(entries[:2])
    model.committed_seq, model.last_seq = 2, 3
    size = alice.stored_bytes // 2
    before = running.last_change
    admin.erase(admin.find("alice", "alice"), 3, lambda _: None)
    running.looks()
    assert [entry.seq for entry in model.recent] == [2, 3]
    assert alice.stored_bytes == size
    running.last_change = before
    running.looks()
    assert alice.stored_bytes == size
