"""CERT: which client certificates log an account in."""

from __future__ import annotations

import pytest

from securechat.core.commands.verbs import FRESH_SECONDS
from securechat.core.journal.events.accounts import CertificateUsed
from securechat.core.model.states import State
from securechat.credentials.device import MAX_CERTIFICATES, default_name, fingerprint_of
from tests.support.client import Client, codes, only
from tests.support.rules import NOT_STORED, RIGHT, RulesUnderTest

SHOWN = "alice's"
FINGERPRINT = fingerprint_of(SHOWN.encode())


def shows(rules: RulesUnderTest, certificate: str = SHOWN, name: str = "alice") -> Client:
    """Logged in with the password, on a connection that shows a certificate."""
    person = rules.connect(certificate=certificate)
    person.logs_in(name)
    person.hears()
    return person


def external(rules: RulesUnderTest, certificate: str = SHOWN) -> Client:
    person = rules.connect(certificate=certificate)
    person.says("CAP REQ :sasl", "NICK alice", "USER a 0 * :A", "AUTHENTICATE EXTERNAL")
    person.says("AUTHENTICATE +", "CAP END")
    person.hears()
    return person


def here(*people: Client) -> list[bool]:
    return [person.session.state is State.READY for person in people]


def params(lines: list[str]) -> list[str]:
    return only(lines).params[:-1]


@pytest.fixture
def rules() -> RulesUnderTest:
    return RulesUnderTest("alice", "bob", external=True)


def test_the_certificate_of_this_connection_is_added(rules: RulesUnderTest) -> None:
    """And logs in from then on, without a worker; another one does not."""
    alice = shows(rules)
    assert here(external(rules)) == [False]
    added = params(alice.says("CERT ADD laptop"))
    assert added == ["CERT", "ADDED", "laptop", FINGERPRINT.hex()]
    rules.busy = True
    assert here(external(rules), external(rules, "mallory's")) == [True, False]


def test_it_needs_no_name(rules: RulesUnderTest) -> None:
    """It is called by its fingerprint's beginning then."""
    assert params(shows(rules).says("CERT ADD"))[2] == default_name(FINGERPRINT)


def test_the_list_tells_when_each_was_used(rules: RulesUnderTest) -> None:
    """Which is stored within a second, once."""
    alice = shows(rules)
    alice.says("CERT ADD laptop")
    rules.passes(60)
    external(rules)
    external(rules)
    rules.passes(1)
    alice.hears()  # of the new device
    entry, end = [only([line]).params for line in alice.says("CERT LIST")]
    assert entry[:-1] == [
        *("CERT", "ENTRY", "laptop", FINGERPRINT.hex()),
        *("2023-11-14T22:13:20Z", "2023-11-14T22:14:20Z"),
    ]
    assert end[:-1] == ["CERT", "END", "1"]
    used = [event for event in rules.stored if isinstance(event, CertificateUsed)]
    assert used == [CertificateUsed(rules.now_ms - 1000, FINGERPRINT)]


def test_a_session_says_by_which_certificate(rules: RulesUnderTest) -> None:
    """In the list of sessions, and in the audit."""
    shows(rules).says("CERT ADD laptop")
    entry = only(external(rules).says("SESSIONS LIST")[1:2])
    assert entry.params[3:5] == ["certificate", "laptop"]
    assert '"by": "certificate", "certificate": "laptop"' in rules.audits[-1].facts


def test_deleting_ends_what_it_let_in(rules: RulesUnderTest) -> None:
    """At once, sessions that are only half logged in included; others go on."""
    alice = shows(rules)
    alice.says("CERT ADD laptop")
    device = external(rules)
    half = rules.connect(certificate=SHOWN)
    half.says("CAP LS", "AUTHENTICATE EXTERNAL", "AUTHENTICATE +")
    assert half.session.account is not None
    alice.hears()  # of the new device
    assert params(alice.says("CERT DEL laptop")) == ["CERT", "DELETED", "laptop"]
    assert here(alice, device) == [True, False]
    assert half.session.state is State.CLOSED
    assert here(external(rules)) == [False]
    assert params(alice.says("CERT DEL laptop")) == ["CERT", "NO_SUCH_CERTIFICATE", "laptop"]


def test_without_a_certificate_there_is_nothing_to_add(rules: RulesUnderTest) -> None:
    """A fingerprint that somebody has read somewhere proves nothing."""
    alice = rules.member("alice")
    assert params(alice.says("CERT ADD")) == ["CERT", "NO_CERTIFICATE"]
    assert params(alice.says(f"CERT ADD {FINGERPRINT.hex()[:20]}")) == ["CERT", "NO_CERTIFICATE"]


def test_a_certificate_is_one_account_s(rules: RulesUnderTest) -> None:
    """Whoever comes first."""
    shows(rules).says("CERT ADD laptop")
    assert params(shows(rules).says("CERT ADD again")) == ["CERT", "ALREADY_ADDED"]
    assert params(shows(rules, name="bob").says("CERT ADD mine")) == ["CERT", "ALREADY_ADDED"]


def test_names_are_unique_within_an_account(rules: RulesUnderTest) -> None:
    """And one word."""
    shows(rules).says("CERT ADD laptop")
    second = shows(rules, "another")
    assert params(second.says("CERT ADD laptop")) == ["CERT", "NAME_TAKEN", "laptop"]
    assert params(second.says("CERT ADD my laptop")) == ["CERT", "INVALID_NAME", "my"]


def test_there_is_a_limit(rules: RulesUnderTest) -> None:
    """As of tokens."""
    for number in range(MAX_CERTIFICATES):
        rules.registers("alice", f"number {number}", f"device{number}")
    alice = shows(rules)
    assert params(alice.says("CERT ADD more")) == ["CERT", "TOO_MANY"]
    alice.says("CERT DEL device3")
    assert params(alice.says("CERT ADD more"))[1] == "ADDED"


def test_it_wants_the_password_and_not_long_ago(rules: RulesUnderTest) -> None:
    """A certificate is no key to more certificates."""
    alice = shows(rules)
    alice.says("CERT ADD laptop")
    rules.registers("alice", "other", "other")
    assert params(external(rules, "other").says("CERT ADD more")) == ["CERT", "REAUTHENTICATE"]
    rules.passes(1)
    for _ in range(int(FRESH_SECONDS // 60) + 1):
        alice.pongs()
        rules.passes(60)
    alice.hears()  # of the new device
    assert params(alice.says("CERT ADD more")) == ["CERT", "REAUTHENTICATE"]


def test_a_new_password_ends_all_certificates(rules: RulesUnderTest) -> None:
    """A thief of the password may have added one."""
    rules.registers("alice", "thief's", "thief")
    thief = external(rules, "thief's")
    alice = rules.member("alice")
    alice.says("PASSWD :quite another password")
    assert here(alice, thief) == [True, False]
    assert here(external(rules, "thief's")) == [False]
    assert params(alice.says("CERT LIST")) == ["CERT", "END", "0"]


def test_what_is_not_stored_is_no_certificate(rules: RulesUnderTest) -> None:
    """Nor is what could not be stored as deleted gone."""
    alice = shows(rules)
    rules.full = True
    assert NOT_STORED in alice.says("CERT ADD laptop")[0]
    assert rules.model.certificates == {}
    rules.full = False
    alice.says("CERT ADD laptop")
    rules.full = True
    alice.says("CERT DEL laptop")
    assert list(rules.account("alice").certificates) == ["laptop"]


def test_what_the_thief_of_a_token_can_do_with_a_certificate(rules: RulesUnderTest) -> None:
    """Nothing: adding one wants the password; its place is the last to be taken."""
    rules = RulesUnderTest("alice", external=True, max_sessions=2)
    alice = shows(rules)
    token = only(alice.says("TOKEN CREATE laptop")).params[3]
    alice.says("CERT ADD work")
    thief = rules.connect(certificate="thief's")
    thief.logs_in("alice", password=token)
    thief.hears()
    assert params(thief.says("CERT ADD")) == ["CERT", "REAUTHENTICATE"]
    device = external(rules)
    assert here(alice, thief, device) == [True, False, True]
    assert codes(rules.connect().logs_in("alice", password=RIGHT))[0] == "001"
