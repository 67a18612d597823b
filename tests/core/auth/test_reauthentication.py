"""AUTHENTICATE of somebody who is logged in."""

from __future__ import annotations

import pytest

from securechat.core.auth.throttle import FREE, MAX_WAIT_SECONDS
from securechat.core.commands.verbs import FRESH_SECONDS
from securechat.core.model.state import LOGINS_AT_ONCE
from securechat.core.model.states import State
from tests.core.commands.test_credentials import code, secret_of
from tests.support.client import Client, batched, codes, of, only
from tests.support.rules import NOT_STORED, RIGHT, RulesUnderTest, plain

WRONG = "wrong"


@pytest.fixture
def rules() -> RulesUnderTest:
    return RulesUnderTest("alice", "bob", external=True, ping_seconds=1e9, dead_seconds=1e9)


def by_token(rules: RulesUnderTest, name: str = "phone") -> tuple[Client, str]:
    """Alice, on a connection that a token has let in."""
    token = only(rules.member("alice").says(f"TOKEN CREATE {name}")).params[3]
    alice = rules.connect()
    alice.logs_in("alice", password=token)
    alice.hears()
    return alice, token


def shows(person: Client, password: str = RIGHT, name: str = "alice") -> list[str]:
    """What a whole exchange is answered with."""
    assert person.says("AUTHENTICATE PLAIN") == ["AUTHENTICATE +"]
    return person.says(f"AUTHENTICATE {plain(name, password)}")


def here(*people: Client) -> list[bool]:
    return [person.session.state is State.READY for person in people]


def may_change(person: Client) -> bool:
    """Whether a credential may be changed: that wants a password shown not long ago."""
    return only(person.says("TOTP ENROLL")).params[1] == "SECRET"


# What it is for


def test_the_password_shown_again_is_fresh_again(rules: RulesUnderTest) -> None:
    """What a login allows for ten minutes is allowed anew, without a new connection."""
    alice = rules.member("alice")
    rules.passes(FRESH_SECONDS + 1)
    assert not may_change(alice)
    assert codes(shows(alice)) == ["900", "903"]
    assert may_change(alice)


def test_a_session_of_a_token_becomes_one_of_the_password(rules: RulesUnderTest) -> None:
    """It outlives the token then."""
    alice, _ = by_token(rules)
    shows(alice)
    rules.member("alice").says("TOKEN REVOKE phone")
    assert here(alice) == [True]
    assert may_change(alice)


def test_a_session_is_bound_to_the_token_that_it_shows(rules: RulesUnderTest) -> None:
    """It ends with it, and may do no more than a login by it."""
    _, token = by_token(rules)
    alice, other = rules.member("alice"), rules.member("alice")
    rules.busy = True  # a token needs no worker
    assert codes(shows(alice, token)) == ["900", "903"]
    assert not may_change(alice)
    other.says("TOKEN REVOKE phone")
    assert here(alice, other) == [False, True]


def test_a_session_is_bound_to_the_certificate_that_it_shows(rules: RulesUnderTest) -> None:
    """One that was added on this very connection, say."""
    alice = rules.connect(certificate="alice's")
    alice.logs_in("alice")
    alice.says("CERT ADD laptop", "AUTHENTICATE EXTERNAL")
    assert codes(alice.says("AUTHENTICATE +")) == ["900", "903"]
    rules.member("alice").says("CERT DEL laptop")
    assert here(alice) == [False]


def test_what_has_arrived_stays_the_device_s(rules: RulesUnderTest) -> None:
    """The mark of the credential's own device doesn't move: it hasn't had what came before."""
    alice, token = by_token(rules)
    rules.passes(1)
    alice.hangs_up()
    rules.member("bob").says("PRIVMSG alice :for the phone too")
    alice = rules.member("alice")
    shows(alice, token)
    rules.passes(3)
    alice.says(f"PONG :delivered-{rules.model.last_seq}")
    alice.hangs_up()
    phone = rules.connect()
    assert "PRIVMSG" in codes(phone.logs_in("alice", password=token))


# Who may not


@pytest.mark.parametrize("name", ["bob", "nobody", "not a name"])
def test_nobody_else_can_be_tried(rules: RulesUnderTest, name: str) -> None:
    """Before anything is looked at, so that it tells nothing of others' passwords."""
    alice = rules.member("alice")
    rules.busy = True
    assert codes(shows(alice, RIGHT, name)) == ["907"]
    assert rules.jobs == []
    assert alice.session.who is rules.account("alice")


def test_a_certificate_of_somebody_else_is_refused(rules: RulesUnderTest) -> None:
    """907 as well; and one that nobody has added is told to be unknown."""
    rules.registers("bob", "bob's")
    for shown, expected in (("bob's", ["907"]), ("nobody's", ["FAIL", "904"])):
        alice = rules.connect(certificate=shown)
        alice.logs_in("alice")
        alice.says("AUTHENTICATE EXTERNAL")
        assert codes(alice.says("AUTHENTICATE +")) == expected
        assert alice.session.certificate is None


def test_a_failure_changes_nothing(rules: RulesUnderTest) -> None:
    """However often: the session stays its credential's, with what it may do."""
    alice, _ = by_token(rules)
    before = alice.session.token
    for _ in range(rules.settings.max_login_failures + 1):
        heard = shows(alice, WRONG)
        assert codes(heard) == ["904"]
        assert of(heard, "904")[0].params[-1].endswith("wrong account or password")
    assert here(alice) == [True]
    assert alice.session.token is before
    assert not may_change(alice)


def test_wrong_passwords_wait_as_at_a_login(rules: RulesUnderTest) -> None:
    """And those of logins count, and hers at logins."""
    alice = rules.member("alice")
    for _ in range(FREE + 1):
        assert codes(shows(alice, WRONG)) == ["904"]
    told = only(shows(alice))
    assert told.params[:2] == ["AUTHENTICATE", "WAIT"]
    assert alice.says("PING x")[-1].endswith(" :x")  # she goes on meanwhile
    rules.passes(MAX_WAIT_SECONDS)
    assert codes(alice.hears()) == ["900", "903"]
    stranger = rules.connect()
    stranger.says("CAP REQ sasl", "NICK alice", "USER a 0 * :A", "AUTHENTICATE PLAIN")
    assert codes(stranger.says(f"AUTHENTICATE {plain('alice')}")) == ["NOTE"]


def test_it_may_not_be_tried_more_often_than_a_login(rules: RulesUnderTest) -> None:
    """Right or wrong, before a worker is asked; who came by a token is counted apart."""
    alice, token = by_token(rules)
    for _ in range(LOGINS_AT_ONCE - 1):
        assert codes(shows(alice, token)) == ["900", "903"]
    assert "too often" in shows(alice, RIGHT)[0]
    assert codes(shows(rules.member("alice"))) == ["900", "903"]


def test_the_second_factor_is_asked_for(rules: RulesUnderTest) -> None:
    """The password alone is not enough here either."""
    alice = rules.member("alice")
    secret = secret_of(alice)
    alice.says(f"TOTP CONFIRM {code(rules, secret)}")
    heard = shows(alice)
    assert codes(heard) == ["FAIL", "904"]
    assert heard[0].split()[3] == "CODE_REQUIRED"
    rules.passes(30)
    assert codes(shows(alice, RIGHT + code(rules, secret))) == ["900", "903"]
    assert rules.audits[-1].facts == '{"by": "password and code", "again": "yes"}'


# While it goes on


def test_one_is_looked_at_at_a_time(rules: RulesUnderTest) -> None:
    """The next is refused, and what is said beside it is done at once."""
    alice = rules.member("alice")
    rules.busy = True
    assert shows(alice) == []
    assert codes(alice.says("AUTHENTICATE PLAIN")) == ["904"]
    assert only(alice.says("PASSWD :quite another password")).params[1] == "TEMPORARILY_UNAVAILABLE"
    assert len(rules.jobs) == 1
    rules.work()
    assert codes(alice.hears()) == ["900", "903"]


def test_not_while_the_password_changes(rules: RulesUnderTest) -> None:
    """The one that is right now may be wrong when it has been looked at."""
    alice = rules.member("alice")
    rules.busy = True
    alice.says("AUTHENTICATE PLAIN", "PASSWD :quite another password")
    assert codes(alice.says(f"AUTHENTICATE {plain('alice')}")) == ["904"]
    rules.work()
    assert only(alice.hears()).params[1] == "CHANGED"
    assert codes(shows(alice)) == []


@pytest.mark.parametrize("password", [RIGHT, WRONG])
def test_an_abort_while_a_worker_works(rules: RulesUnderTest, password: str) -> None:
    """906, and what is found changes nothing and is not told; then it may be tried anew."""
    alice, _ = by_token(rules)
    rules.busy = True
    shows(alice, password)
    assert codes(alice.says("AUTHENTICATE *")) == ["906"]
    rules.work()
    assert alice.hears() == []
    assert alice.session.token is not None
    assert codes(alice.says("AUTHENTICATE *", "AUTHENTICATE PLAIN")) == ["906", "AUTHENTICATE"]


def test_a_worker_s_failure_is_told(rules: RulesUnderTest) -> None:
    """The session goes on."""
    alice = rules.member("alice")
    rules.busy = True
    shows(alice)
    rules.fail_job()
    assert codes(alice.hears()) == ["FAIL", "904"]
    assert here(alice) == [True]
    assert codes(alice.says("AUTHENTICATE PLAIN")) == ["AUTHENTICATE"]


def test_who_has_gone_meanwhile_is_told_nothing(rules: RulesUnderTest) -> None:
    """As for a login."""
    alice = rules.member("alice")
    rules.busy = True
    shows(alice)
    alice.says("QUIT")
    rules.work()
    assert alice.session.state is State.CLOSED


def test_a_code_that_is_not_stored_as_used_changes_nothing(rules: RulesUnderTest) -> None:
    """It might be used again."""
    alice = rules.member("alice")
    secret = secret_of(alice)
    alice.says(f"TOTP CONFIRM {code(rules, secret)}")
    rules.passes(FRESH_SECONDS + 1)
    rules.full = True
    heard = shows(alice, RIGHT + code(rules, secret))
    assert codes(heard) == ["400"]
    assert NOT_STORED in heard[0]
    rules.full = False
    assert only(alice.says("TOKEN CREATE x")).params[1] == "REAUTHENTICATE"


def test_it_is_audited(rules: RulesUnderTest) -> None:
    """As a login, and that it was one once more."""
    alice, _ = by_token(rules)
    shows(alice)
    shows(alice, WRONG)
    right, wrong = rules.audits[-2:]
    assert (right.event, right.result) == ("login", "ok")
    assert right.facts == '{"by": "password", "again": "yes"}'
    assert (wrong.event, wrong.account, wrong.result) == ("login", "alice", "wrong password")


def test_the_answer_has_the_label(rules: RulesUnderTest) -> None:
    """Also when it comes between the parts of a long one; and PASSWD's."""
    alice = rules.member("alice", caps="batch labeled-response")
    rules.busy = True
    alice.says("AUTHENTICATE PLAIN")
    assert alice.says(f"@label=1 AUTHENTICATE {plain('alice')}") == []
    assert only(alice.says("@label=2 PING x")).tags == {"label": "2"}
    rules.work()
    heard = alice.hears()
    assert of(heard, "BATCH")[0].tags == {"label": "1"}
    assert [line.command for line in batched(heard, "labeled-response")] == ["900", "903"]
    assert alice.says("@label=3 PASSWD :another fine password") == []
    rules.work()
    assert only(alice.hears()).tags == {"label": "3"}


def test_a_token_s_answer_has_the_label_at_once(rules: RulesUnderTest) -> None:
    """No worker is asked."""
    _, token = by_token(rules)
    alice = rules.member("alice", caps="batch labeled-response")
    alice.says("AUTHENTICATE PLAIN")
    heard = alice.says(f"@label=1 AUTHENTICATE {plain('alice', token)}")
    assert [line.command for line in batched(heard, "labeled-response")] == ["900", "903"]
    assert only(alice.says("@label=2 PING x")).tags == {"label": "2"}
