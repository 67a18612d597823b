"""AUTHENTICATE; for REGISTER see test_registration."""

from __future__ import annotations

from base64 import b64encode

import pytest

from securechat.core.model.state import LOGINS_AT_ONCE
from securechat.core.model.states import State
from securechat.irc.sasl import CHUNK, MAX_PAYLOAD, encode_chunks, encode_plain
from tests.support.client import SERVER, Client, codes, of, only
from tests.support.rules import RIGHT, RulesUnderTest, plain


def greeted(rules: RulesUnderTest, nick: str = "alice", certificate: str | None = None) -> Client:
    """An unauthenticated connection that has said all but who it is."""
    person = rules.connect(certificate=certificate)
    person.says("CAP LS 302", f"NICK {nick}", f"USER {nick} 0 * :{nick.title()}")
    return person


# PLAIN


def test_plain_logs_in() -> None:
    """AUTHENTICATE + invites the payload, then come 900 and 903, then CAP END the welcome."""
    person = greeted(RulesUnderTest("alice"))
    assert person.says("AUTHENTICATE plain") == ["AUTHENTICATE +"]
    assert person.says(f"AUTHENTICATE {plain('alice')}") == [
        f":{SERVER} 900 alice alice!alice@{SERVER} alice :You are now logged in as alice",
        f":{SERVER} 903 alice :SASL authentication successful",
    ]
    assert codes(person.says("CAP END"))[0] == "001"


def test_a_name_is_found_in_any_spelling() -> None:
    """The account's own spelling is shown."""
    person = greeted(RulesUnderTest("Alice"))
    person.says("AUTHENTICATE PLAIN")
    heard = person.says(f"AUTHENTICATE {plain('aLICE', authzid='aLICE')}")
    assert of(heard, "900")[0].params[2] == "Alice"


@pytest.mark.parametrize("name", ["alice", "nobody", "not a name", "disabled", "deleted"])
def test_all_refusals_look_alike(name: str) -> None:
    """Whether there is such an account can't be told from the answer."""
    rules = RulesUnderTest("alice", "disabled", "deleted")
    rules.account("disabled").disabled = rules.account("deleted").deleted = True
    person = greeted(rules, "x")
    person.says("AUTHENTICATE PLAIN")
    password = "wrong" if name == "alice" else RIGHT
    assert person.says(f"AUTHENTICATE {plain(name, password)}") == [
        f":{SERVER} 904 x :SASL authentication failed: wrong account or password"
    ]


@pytest.mark.parametrize("name", ["nobody", "disabled"])
def test_an_unknown_account_costs_a_worker_the_same(name: str) -> None:
    """The job is asked for all the same, with no account."""
    rules = RulesUnderTest("disabled")
    rules.account("disabled").disabled = True
    rules.busy = True
    person = greeted(rules)
    person.says("AUTHENTICATE PLAIN", f"AUTHENTICATE {plain(name)}")
    (job,) = rules.jobs
    assert getattr(job, "account", 0) is None
    assert RIGHT not in repr(job)


def test_an_account_disabled_while_the_worker_works_stays_out() -> None:
    """The answer is judged by what is true then."""
    rules = RulesUnderTest("alice")
    rules.busy = True
    person = greeted(rules)
    person.says("AUTHENTICATE PLAIN", f"AUTHENTICATE {plain('alice')}")
    rules.account("alice").disabled = True
    rules.work()
    assert codes(person.hears()) == ["904"]


def test_a_failed_login_may_be_tried_again_but_not_for_ever() -> None:
    """The connection ends with the third failure."""
    person = greeted(RulesUnderTest("alice"))
    for expected in (["904"], ["904"], ["904", "ERROR"]):
        person.says("AUTHENTICATE PLAIN")
        assert codes(person.says(f"AUTHENTICATE {plain('alice', 'wrong')}")) == expected
    assert person.session.state is State.CLOSED


def test_a_worker_s_failure_is_not_the_client_s() -> None:
    """It is told to come again, and may."""
    rules = RulesUnderTest("alice")
    rules.busy = True
    person = greeted(rules)
    person.says("AUTHENTICATE PLAIN", f"AUTHENTICATE {plain('alice')}")
    rules.fail_job()
    fail, refused = person.hears()
    assert "TEMPORARILY_UNAVAILABLE" in fail
    assert codes([refused]) == ["904"]
    rules.busy = False
    person.says("AUTHENTICATE PLAIN")
    assert codes(person.says(f"AUTHENTICATE {plain('alice')}")) == ["900", "903"]


def test_nobody_logs_in_as_another() -> None:
    """An authzid other than the authcid is refused."""
    person = greeted(RulesUnderTest("alice", "bob"))
    person.says("AUTHENTICATE PLAIN")
    assert codes(person.says(f"AUTHENTICATE {plain('alice', authzid='bob')}")) == ["904"]
    assert person.session.account is None


@pytest.mark.parametrize("size", [200, 3 * CHUNK // 4, 900])
def test_a_long_payload_comes_in_chunks(size: int) -> None:
    """400 letters each; the worker gets the password whole."""
    rules = RulesUnderTest("alice")
    rules.busy = True
    person = greeted(rules)
    person.says("AUTHENTICATE PLAIN")
    password = "x" * (size - len("alice\0alice\0"))
    chunks = encode_chunks(encode_plain("alice", password))
    assert person.says(*(f"AUTHENTICATE {chunk}" for chunk in chunks)) == []
    assert [getattr(job, "password", "") for job in rules.jobs] == [password]


@pytest.mark.parametrize(
    "payload",
    [
        "!!!!",
        "YQ",
        "+",
        b64encode(b"a\0b").decode(),
        b64encode(b"\0\xff\0x").decode(),
        plain("", "x"),
        plain("alice", ""),
    ],
)
def test_a_malformed_payload(payload: str) -> None:
    """904, and another try may follow."""
    person = greeted(RulesUnderTest("alice"))
    person.says("AUTHENTICATE PLAIN")
    assert codes(person.says(f"AUTHENTICATE {payload}")) == ["904"]
    assert person.says("AUTHENTICATE PLAIN") == ["AUTHENTICATE +"]


def test_a_chunk_over_400_letters() -> None:
    """905."""
    person = greeted(RulesUnderTest("alice"))
    person.says("AUTHENTICATE PLAIN")
    assert codes(person.says("AUTHENTICATE " + "A" * 401)) == ["905"]


def test_a_payload_without_end() -> None:
    """904 once it is over the limit; nothing is gathered beyond it."""
    person = greeted(RulesUnderTest("alice"))
    person.says("AUTHENTICATE PLAIN")
    chunks = ["AUTHENTICATE " + "A" * CHUNK] * (MAX_PAYLOAD // CHUNK)
    assert person.says(*chunks) == []
    assert codes(person.says("AUTHENTICATE QUFB")) == ["904"]


def test_an_abort() -> None:
    """906, in an exchange and without one."""
    person = greeted(RulesUnderTest("alice"))
    person.says("AUTHENTICATE PLAIN")
    assert codes(person.says("AUTHENTICATE *")) == ["906"]
    assert codes(person.says("AUTHENTICATE *")) == ["906"]
    assert person.session.state is State.CONNECTED


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-256", "EXTERNAL", "+", "x" * 300])
def test_an_unknown_mechanism(mechanism: str) -> None:
    """908 with those that there are, and 904."""
    person = greeted(RulesUnderTest("alice"))
    heard = person.says(f"AUTHENTICATE {mechanism}")
    assert codes(heard) == ["908", "904"]
    assert of(heard, "908")[0].params[1] == "PLAIN"


def test_once_is_enough_before_the_welcome() -> None:
    """907 until then; after it see test_reauthentication."""
    rules = RulesUnderTest("alice")
    person = greeted(rules)
    person.says("AUTHENTICATE PLAIN", f"AUTHENTICATE {plain('alice')}")
    assert codes(person.says("AUTHENTICATE PLAIN")) == ["907"]
    person.says("CAP END")
    assert codes(person.says("AUTHENTICATE")) == ["461"]


def test_an_account_has_a_limit_of_connections() -> None:
    """One too many by a token is told why and closed."""
    rules = RulesUnderTest("alice", max_sessions=2)
    token = only(rules.member("alice").says("TOKEN CREATE laptop")).params[3]
    rules.member("alice")
    person = greeted(rules)
    person.says("AUTHENTICATE PLAIN")
    assert person.says(f"AUTHENTICATE {plain('alice', token)}") == [
        "ERROR :Closing link: alice has 2 connections already"
    ]


# EXTERNAL


@pytest.mark.parametrize("authzid", ["+", b64encode(b"alice").decode()])
def test_a_certificate_logs_in(authzid: str) -> None:
    """It was registered for the account; no worker is needed."""
    rules = RulesUnderTest("alice", external=True)
    rules.registers("alice", "alice's")
    rules.busy = True
    person = greeted(rules, certificate="alice's")
    assert person.says("AUTHENTICATE EXTERNAL") == ["AUTHENTICATE +"]
    assert codes(person.says(f"AUTHENTICATE {authzid}")) == ["900", "903"]


@pytest.mark.parametrize(
    ("certificate", "payload"),
    [
        (None, "+"),
        ("alice's", b64encode(b"bob").decode()),
        ("alice's", b64encode(b"nobody").decode()),
        ("gone's", "+"),
    ],
)
def test_a_certificate_that_is_not_enough(certificate: str | None, payload: str) -> None:
    """None, one for somebody else, and one for an account that may not log in."""
    rules = RulesUnderTest("alice", "bob", "gone", external=True)
    for name in ("alice", "gone"):
        rules.registers(name, f"{name}'s")
    rules.account("gone").disabled = True
    person = greeted(rules, certificate=certificate)
    person.says("AUTHENTICATE EXTERNAL")
    assert codes(person.says(f"AUTHENTICATE {payload}")) == ["904"]
    assert person.session.account is None


def proves(rules: RulesUnderTest, name: str, password: str = RIGHT) -> list[str]:
    """What a login is answered with."""
    person = rules.connect()
    person.says("CAP REQ :sasl", f"NICK {name}", f"USER {name} 0 * :x", "AUTHENTICATE PLAIN")
    heard = person.says(f"AUTHENTICATE {plain(name, password)}")
    person.hangs_up()
    return heard


def test_an_account_logs_in_only_so_often() -> None:
    """Thirty times at once, then once a second; another account doesn't feel it."""
    rules = RulesUnderTest("alice", "bob")
    for _ in range(LOGINS_AT_ONCE):
        assert codes(proves(rules, "alice"))[-1] == "903"
    [heard] = proves(rules, "alice")
    assert heard == "ERROR :Closing link: alice logs in too often; try again in 1 seconds"
    assert rules.audits[-1].result == "too many logins"
    assert codes(proves(rules, "bob"))[-1] == "903"
    rules.passes(1)
    assert codes(proves(rules, "alice"))[-1] == "903"


def test_a_stolen_token_does_not_use_up_the_owner_s_logins() -> None:
    """A login with the password is counted apart."""
    rules = RulesUnderTest("alice")
    alice = rules.member("alice")
    token = only(alice.says("TOKEN CREATE laptop")).params[3]
    for _ in range(LOGINS_AT_ONCE):
        assert codes(proves(rules, "alice", token))[-1] == "903"
    assert codes(proves(rules, "alice", token)) == ["ERROR"]
    assert codes(proves(rules, "alice"))[-1] == "903"


@pytest.mark.parametrize("payload", ["+", b64encode(b"alice").decode()])
def test_a_certificate_that_is_not_registered(payload: str) -> None:
    """Whatever it says of itself: its owner is told what to do."""
    rules = RulesUnderTest("alice", external=True)
    person = greeted(rules, certificate="one whose CN is alice")
    person.says("AUTHENTICATE EXTERNAL")
    told, refused = of(person.says(f"AUTHENTICATE {payload}"), "FAIL", "904")
    assert told.params[:2] == ["AUTHENTICATE", "CERTIFICATE_UNKNOWN"]
    assert "CERT ADD" in refused.params[-1]
    assert person.session.account is None


# Going on after a refusal


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (
            ["AUTHENTICATE PLAIN", f"AUTHENTICATE {plain('alice', 'wrong')}"],
            "wrong account or password",
        ),
        (["AUTHENTICATE PLAIN", "AUTHENTICATE !"], "expected base64"),
        (["AUTHENTICATE SCRAM-SHA-256"], "unknown mechanism"),
    ],
)
def test_who_goes_on_without_a_login_hears_why_it_failed(said: list[str], reason: str) -> None:
    """Some clients pass over 904 and show only what comes behind CAP END: the reason, the end."""
    person = RulesUnderTest("alice").connect()
    person.says("CAP LS 302", "NICK alice", "USER alice 0 * :A", "CAP REQ :sasl")
    assert reason in of(person.says(*said), "904")[0].params[-1]
    fail, error = person.says("CAP END")
    assert fail.startswith(f":{SERVER} FAIL * ACCOUNT_REQUIRED :Login failed: ")
    assert reason in fail
    assert error == "ERROR :Closing link: " + fail.partition(" :")[2]


def test_who_goes_on_when_nothing_can_be_checked_hears_that() -> None:
    """The password may be right."""
    rules = RulesUnderTest("alice")
    rules.busy = True
    person = rules.connect()
    person.says("CAP LS 302", "NICK alice", "USER alice 0 * :A", "AUTHENTICATE PLAIN")
    person.says(f"AUTHENTICATE {plain('alice')}", "CAP END")
    rules.fail_job()
    heard = person.hears()
    assert codes(heard) == ["FAIL", "904", "FAIL", "ERROR"]
    assert "try again" in heard[-1]


def test_who_tries_again_in_time_comes_in() -> None:
    """A refusal ends nothing before the client goes on."""
    person = RulesUnderTest("alice").connect()
    person.says("CAP LS 302", "NICK alice", "USER alice 0 * :A", "AUTHENTICATE PLAIN")
    person.says(f"AUTHENTICATE {plain('alice', 'wrong')}", "AUTHENTICATE PLAIN")
    assert "001" in codes(person.says(f"AUTHENTICATE {plain('alice')}", "CAP END"))
    assert person.session.state is State.READY


def test_who_has_not_tried_may_still_register() -> None:
    """Nothing is closed: who has an invite is welcome."""
    rules = RulesUnderTest()
    rules.invite("code")
    person = rules.connect()
    heard = person.says("CAP LS 302", "NICK zoe", "USER z 0 * :Z", "CAP END")
    assert codes(heard)[-1] == "FAIL"
    assert codes(person.says("REGISTER * code :pw"))[0] == "REGISTER"
