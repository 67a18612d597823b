"""From the database to the model, at the start."""

from __future__ import annotations

import json

import pytest

from securechat.core.journal.events import Audited
from securechat.core.journal.events.accounts import (
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
    ChannelClosed,
    ChannelCreated,
    DirectOpened,
    InvitationMade,
    Logged,
    MaskAdded,
    MemberModesChanged,
    ModesChanged,
    TopicChanged,
)
from securechat.core.model.state import Model
from securechat.server.loading import load_model
from securechat.store.admin import Admin
from securechat.store.sql.journal import Journal
from securechat.store.sql.reader import Reader
from tests.support.pepper import PEPPER

ALICE, BOB = 1, 2
DEN, OLD, TALK = 10, 11, 12
TOKEN, FACTOR = TokenCreated(b"t", ALICE, "laptop", 5), FactorSet(ALICE, "sealed", 7, 5)


def load(journal: Journal) -> Model:
    return load_model(Reader(journal.connection), PEPPER)


def test_accounts_are_found_by_id_name_and_looks(journal: Journal) -> None:
    """With what is theirs to miss."""
    model = load(journal)
    alice = model.accounts[ALICE]
    assert alice is model.by_name["alice"] is model.account_skeletons["al"]
    assert (alice.name, alice.admin, alice.starts_after, alice.bot) == ("Alice", True, 3, False)
    assert not alice.sessions


def test_a_channel_is_as_it_was_left(journal: Journal) -> None:
    """Topic, modes, key, limit, roles, bans and invitations; nobody is present yet."""
    journal.commit(
        [
            TopicChanged("Tea", "Alice", 4000, DEN),
            ModesChanged("int", "key", 7, DEN),
            MemberModesChanged("o", DEN, BOB),
            MaskAdded(DEN, "b", "eve!*@*", "Alice", 5000),
            MaskAdded(DEN, "e", "~a:bob", "Alice", 5000),
            MaskAdded(DEN, "I", "carol!*@*", "Alice", 5000),
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
    assert (list(den.exceptions), list(den.invite_exceptions)) == (["~a:bob"], ["carol!*@*"])
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
    """Of the log, and of channels; also those of a channel that is closed are never used again."""
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


def test_a_deleted_account_keeps_only_its_name(journal: Journal, admin: Admin) -> None:
    """The log names it; it is in no channel."""
    admin.delete(admin.find("bob", "bob"))
    model = load(journal)
    bob = model.by_name["bob"]
    assert bob.deleted
    assert not bob.usable
    assert bob not in model.channels["#den"].members


def test_only_invites_that_work_are_kept(journal: Journal, admin: Admin) -> None:
    """A used-up one is nothing to the rules."""
    admin.invites.make(uses=2, expires_ms=99, now_ms=1, admin=True)
    admin.invites.make(uses=1, expires_ms=99, now_ms=2)
    admin.invites.revoke_all(admin.reader.invites()[1:])
    [invite] = load(journal).invites.values()
    assert (invite.uses, invite.expires_ms, invite.admin) == (2, 99, True)


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


def logged_in(account: str, address: str, at_ms: int) -> Audited:
    return Audited(at_ms, "login", account, address, "ok", "{}")


def test_a_login_from_a_new_place_before_the_start_is_told(journal: Journal) -> None:
    """Where the newest logins are from a place that is new since; not what the owner has seen."""
    logins = [("Alice", "192.0.2.7"), ("Bob", "192.0.2.7"), ("Alice", "203.0.113.9")]
    logins += [("Bob", "203.0.113.9"), ("Bob", "192.0.2.8"), ("Alice", "203.0.113.9")]
    journal.commit([logged_in(*login, 1000 * at) for at, login in enumerate(logins)])
    places = load(journal).login_places
    [place] = places.take(ALICE, "192.0.2.0/24")
    assert (place.name, place.place, place.at_ms) == ("Alice", "203.0.113.0/24", 5000)
    assert places.take(BOB, "198.51.100.0/24") == []


def test_two_new_places_before_the_start_are_both_told(journal: Journal) -> None:
    """The second one takes no news of the first away, nor does another login from there."""
    addresses = ["192.0.2.7", "203.0.113.9", "2001:db8::1", "203.0.113.9"]
    journal.commit([logged_in("Alice", address, 0) for address in addresses])
    places = load(journal).login_places.take(ALICE, "192.0.2.0/24")
    assert [place.place for place in places] == ["203.0.113.0/24", "2001:db8::/48"]


@pytest.mark.parametrize("bound", [True, False])
def test_a_token_that_a_client_made_for_itself_is_no_new_device(
    journal: Journal, *, bound: bool
) -> None:
    """As while the server runs: where it was made, with the doubt of the login there was then."""
    web = {"token": "web"}
    facts = json.dumps({**web, "bound": "yes"} if bound else web)

    def made_and_used(address: str, *used: str) -> list[Audited]:
        made = Audited(2, "token created", "Alice", address, "ok", facts)
        logins = [Audited(3, "login", "Alice", one, "ok", json.dumps(web)) for one in used]
        return [logged_in("Alice", address, 1), made, *logins]

    journal.commit(made_and_used("192.0.2.7", "192.0.2.7", "198.51.100.1"))
    journal.commit(made_and_used("203.0.113.9", "203.0.113.9"))
    heard = [place.place for place in load(journal).login_places.take(ALICE, "192.0.2.0/24")]
    assert "198.51.100.0/24 (token web)" in heard
    assert "203.0.113.0/24" in heard
    assert ("192.0.2.0/24 (token web)" in heard) is not bound
    assert ("203.0.113.0/24 (token web)" in heard) is not bound
