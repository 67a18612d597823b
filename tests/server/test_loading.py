"""From the database to the model: all of it at the start, changes while it runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from securechat.core.journal.events import Audited
from securechat.core.journal.events.accounts import (
    AccountCreated,
    CertificateAdded,
    CertificateUsed,
    FactorRemoved,
    FactorSet,
    FactorUsed,
    RecoveryCodeAdded,
    TokenCreated,
    TokenUsed,
)
from securechat.core.journal.events.channels import (
    BanAdded,
    ChannelClosed,
    ChannelCreated,
    DirectOpened,
    InvitationMade,
    Logged,
    MemberJoined,
    MemberModesChanged,
    ModesChanged,
    TopicChanged,
)
from securechat.core.model.credentials import Certificate, Token
from securechat.core.model.entities import Session
from securechat.core.model.state import Model
from securechat.core.model.states import State, Trigger
from securechat.core.rules import Rules
from securechat.core.settings import Settings
from securechat.core.turn import Turn
from securechat.credentials.device import token_digest
from securechat.server.loading import load_model, take_changes
from securechat.store.admin import Admin, NewAccount
from securechat.store.credentials import TOKENS
from securechat.store.sqlite.database import FILE_NAME
from securechat.store.sqlite.journal import Journal
from securechat.store.sqlite.reader import Reader
from tests.support.pepper import PEPPER

ALICE, BOB = 1, 2
DEN, OLD, TALK = 10, 11, 12
SETTINGS = Settings(name="chat.test", version="test", started_ms=0)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """The writer of a database with two accounts and a room."""
    opened = Journal(tmp_path / FILE_NAME, PEPPER)
    opened.commit(
        [
            AccountCreated(ALICE, "Alice", "alice", "al", "hash", True, 0, 3),
            AccountCreated(BOB, "bob", "bob", "bob", "hash", False, 0, 0),
            ChannelCreated(DEN, "#Den", "#den", "#den", ALICE, "nt", 3000),
            MemberJoined(DEN, ALICE, "q", 0),
            MemberJoined(DEN, BOB, "", 2),
        ]
    )
    yield opened
    opened.close()


@pytest.fixture
def office(journal: Journal, tmp_path: Path) -> Iterator[Admin]:
    """The administrator, in a process beside the server."""
    admin = Admin(tmp_path / FILE_NAME)
    yield admin
    admin.close()


def load(journal: Journal) -> Model:
    return load_model(Reader(journal.connection), PEPPER)


# --- at the start --------------------------------------------------------------------------------


def test_accounts_are_found_by_id_name_and_looks(journal: Journal) -> None:
    """With what is theirs to miss."""
    model = load(journal)
    alice = model.accounts[ALICE]
    assert alice is model.by_name["alice"] is model.account_skeletons["al"]
    assert (alice.name, alice.admin, alice.starts_after, alice.bot) == ("Alice", True, 3, False)
    assert not alice.sessions


def test_a_room_is_as_it_was_left(journal: Journal) -> None:
    """Topic, modes, key, limit, roles, bans and invitations; nobody is present yet."""
    journal.commit(
        [
            TopicChanged("Tea", "Alice", 4000, DEN),
            ModesChanged("int", "key", 7, DEN),
            MemberModesChanged("o", DEN, BOB),
            BanAdded(DEN, "eve!*@*", "Alice", 5000),
            InvitationMade(DEN, BOB, "Alice"),
            Logged(9, DEN, ALICE, 6000, "PRIVMSG", "hi", None),
        ]
    )
    model = load(journal)
    alice, bob, den = model.accounts[ALICE], model.accounts[BOB], model.channels["#den"]
    assert (den.topic, den.topic_by, den.topic_ms) == ("Tea", "Alice", 4000)
    assert (den.modes, den.key, den.limit, den.last_seq) == ("int", "key", 7, 9)
    assert {account: (m.modes, m.seq) for account, m in den.members.items()} == {
        alice: ("q", 0),
        bob: ("o", 2),
    }
    assert den.bans == {"eve!*@*": ("Alice", 5000)}
    assert bob.invited_to == {den: "Alice"}
    assert list(alice.channels) == [den]
    assert not den.present


def test_conversations_are_found_from_both_sides(journal: Journal) -> None:
    """With their newest entry."""
    journal.commit([DirectOpened(TALK, ALICE, BOB), Logged(4, TALK, BOB, 0, "PRIVMSG", "hi", None)])
    model = load(journal)
    alice, bob = model.accounts[ALICE], model.accounts[BOB]
    assert alice.directs[bob] is bob.directs[alice]
    talk = alice.directs[bob]
    assert (talk.id, talk.low, talk.high, talk.last_seq) == (TALK, ALICE, BOB, 4)


def test_a_conversation_with_nobody_is_passed_over(journal: Journal) -> None:
    """A message to an account that was stored in the same moment, and then was not."""
    journal.commit([DirectOpened(TALK, ALICE, 99), Logged(4, TALK, ALICE, 0, "PRIVMSG", "x", None)])
    model = load(journal)
    assert not model.accounts[ALICE].directs
    assert (TALK in model.targets, model.last_target) == (False, TALK)


def test_numbers_go_on_where_they_stopped(journal: Journal) -> None:
    """Of the log, and of rooms; also those of a room that is closed are never used again."""
    journal.commit(
        [
            ChannelCreated(OLD, "#old", "#old", "#old", BOB, "nt", 0),
            Logged(41, OLD, BOB, 0, "PRIVMSG", "hi", None),
            ChannelClosed(OLD),
        ]
    )
    model = load(journal)
    assert (model.last_seq, model.committed_seq, model.last_target) == (41, 41, OLD)
    assert list(model.channels) == ["#den"]
    assert OLD not in model.targets


def test_message_ids_keep_their_beginning(journal: Journal) -> None:
    """The database's name: a restart changes no message's id."""
    assert load(journal).msgid(1) == load(journal).msgid(1)


def test_a_deleted_account_keeps_only_its_name(journal: Journal, office: Admin) -> None:
    """The log names it; it is in no room."""
    office.delete(office.find("bob", "bob"))
    model = load(journal)
    bob = model.by_name["bob"]
    assert bob.deleted
    assert not bob.usable
    assert bob not in model.channels["#den"].members


def test_only_invites_that_work_are_kept(journal: Journal, office: Admin) -> None:
    """A used-up one is nothing to the rules."""
    office.invite(uses=2, expires_ms=99, now_ms=1, admin=True)
    office.invite(uses=1, expires_ms=99, now_ms=2)
    office.revoke_invites(office.reader.invites()[1:])
    [invite] = load(journal).invites.values()
    assert (invite.uses, invite.expires_ms, invite.admin) == (2, 99, True)


# --- while it runs -------------------------------------------------------------------------------


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
        self.last_change = take_changes(
            self.rules, turn, self.reader, self.last_change, self.journal.remember
        )
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


def test_a_new_account_is_there_at_once(running: Running, office: Admin) -> None:
    """Under its name, with what was said before not counted as missed."""
    office.add([NewAccount("carol", "carol", "carol", "hash", admin=True)], 1)
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
    running: Running, office: Admin, act: str, told: str
) -> None:
    """All sessions of that account end, also one that is only half logged in; others stay."""
    alice, bob = running.comes(ALICE), running.comes(BOB)
    row = office.find("bob", "bob")
    if act == "disable":
        office.set_disabled(row, disabled=True)
    elif act == "delete":
        office.delete(row)
    else:
        office.set_password(row, "new hash")
    turn = running.looks()
    assert [(closing.session, closing.reason) for closing in turn.closings] == [(bob, told)]
    assert alice.state is State.PROVEN
    assert running.model.accounts[BOB].usable == (act == "passwd")


def test_a_deleted_account_leaves_its_rooms(running: Running, office: Admin) -> None:
    """In memory as in the database, where the deletion itself did it."""
    office.delete(office.find("bob", "bob"))
    running.looks()
    assert [account.id for account in running.model.channels["#den"].members] == [ALICE]


def test_an_enabled_account_may_come_back(running: Running, office: Admin) -> None:
    """Two changes in one look: the last one counts."""
    row = office.find("bob", "bob")
    office.set_disabled(row, disabled=True)
    office.set_disabled(row, disabled=False)
    running.looks()
    assert running.model.accounts[BOB].usable


def test_invites_come_and_go(running: Running, office: Admin) -> None:
    """Made and revoked while the server runs."""
    office.invite(uses=1, expires_ms=99, now_ms=1)
    running.looks()
    assert len(running.model.invites) == 1
    office.revoke_invites(office.reader.invites())
    running.looks()
    assert running.model.invites == {}


def test_taking_a_change_twice_is_harmless(running: Running, office: Admin) -> None:
    """The hub does so when it could not note that it had taken it."""
    office.delete(office.find("bob", "bob"))
    before = running.last_change
    running.looks()
    running.last_change = before
    running.looks()
    assert running.model.accounts[BOB].deleted


# --- credentials ---------------------------------------------------------------------------------

TOKEN, FACTOR = TokenCreated(b"t", ALICE, "laptop", 5), FactorSet(ALICE, "sealed", 7, 5)


def test_credentials_are_loaded(journal: Journal) -> None:
    """As they were left."""
    journal.commit([TOKEN, TokenUsed(9, b"t"), TokenCreated(b"u", BOB, "laptop", 6)])
    journal.commit([FACTOR, RecoveryCodeAdded(b"r", ALICE), FactorUsed(8, ALICE)])
    journal.commit([CertificateAdded(b"c", BOB, "work", 5), CertificateUsed(9, b"c")])
    model = load(journal)
    alice = model.accounts[ALICE]
    assert model.tokens[b"t"] is alice.tokens["laptop"]
    assert (model.tokens[b"t"].used_ms, model.tokens[b"u"].account) == (9, BOB)
    assert model.certificates[b"c"] is model.accounts[BOB].certificates["work"]
    assert model.certificates[b"c"].used_ms == 9
    assert alice.factor is not None
    assert (alice.factor.secret, alice.factor.counter, alice.factor.recovery) == (
        *("sealed", 8, {b"r"}),
    )
    assert model.accounts[BOB].factor is None


def test_where_people_have_been_is_remembered(journal: Journal) -> None:
    """So that after a restart, too, nobody's guessing slows the owner there."""
    journal.commit(
        [
            Audited(5, "login", "Alice", "192.0.2.1", "ok", "{}"),
            Audited(6, "login", "Alice", "2001:db8:1:2::3", "ok", "{}"),
            Audited(7, "login", "bob", "192.0.2.7", "wrong password", "{}"),
            Audited(8, "login", "gone", "192.0.2.8", "ok", "{}"),
        ]
    )
    guesses = load(journal).login_throttle
    places = ("192.0.2.1", "2001:db8:1:2::/64", "192.0.2.7")
    assert [guesses.known("alice", place) for place in places] == [True, True, False]
    assert not guesses.known("bob", "192.0.2.7")


def test_a_factor_goes_with_its_recovery_codes(journal: Journal) -> None:
    """All at once."""
    journal.commit([FACTOR, RecoveryCodeAdded(b"r", ALICE), RecoveryCodeAdded(b"s", BOB)])
    journal.commit([FactorRemoved(ALICE)])
    assert Reader(journal.connection).recovery_codes() == [(b"s", BOB)]


def test_a_token_made_by_the_administrator_lets_in(running: Running, office: Admin) -> None:
    """At once; and revoking it ends what it let in."""
    row = office.find("alice", "alice")
    made = office.make_token(row, "robot", 1)
    running.looks()
    token = running.model.tokens[token_digest(made)]
    alice, other = running.comes(ALICE), running.comes(ALICE)
    alice.token = token
    office.revoke_credential(TOKENS, row, "robot")
    turn = running.looks()
    assert [closing.session for closing in turn.closings] == [alice]
    assert not running.model.tokens
    assert not running.model.accounts[ALICE].tokens
    assert other.state is State.PROVEN


def test_a_factor_taken_away_by_the_administrator_is_gone(journal: Journal, office: Admin) -> None:
    """Sessions go on; the next login needs the password only."""
    journal.commit([FACTOR])
    running = Running(journal)
    session = running.comes(ALICE)
    office.remove_factor(office.find("alice", "alice"))
    running.looks()
    assert running.model.accounts[ALICE].factor is None
    assert session.state is State.PROVEN


def test_a_token_made_by_the_old_password_ends_with_it(
    journal: Journal, running: Running, office: Admin
) -> None:
    """Also when it was made after the administrator's change and before that was looked at; the
    administrator's own new one stays. So with certificates.
    """
    row = office.find("alice", "alice")
    office.set_password(row, "new hash")
    journal.commit([TokenCreated(b"late", ALICE, "late", 5)])
    running.model.add_token(Token(b"late", ALICE, "late", 5))
    journal.commit([CertificateAdded(b"late", ALICE, "late", 5)])
    running.model.add_certificate(Certificate(b"late", ALICE, "late", 5))
    made = office.make_token(row, "robot", 6)
    office.add_certificate(row, "robot", b"new", 6)
    turn = running.looks()
    journal.commit(turn.events)
    assert list(running.model.certificates) == [b"new"]
    assert [one.name for one in running.reader.certificates()] == ["robot"]
    assert list(running.model.tokens) == [token_digest(made)]
    assert [token.name for token in running.reader.tokens()] == ["robot"]
