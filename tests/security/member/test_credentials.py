"""A member reaches for the credentials of others, or for more with a stolen one than it is worth:
tokens, codes of the second factor, the password itself.
"""

from __future__ import annotations

import base64
import itertools
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from securechat.core.auth import throttle, totp
from securechat.core.commands.verbs import FRESH_SECONDS
from securechat.core.model.states import State
from tests.support.client import Client, of, only
from tests.support.rules import RIGHT, RulesUnderTest, plain
from tests.support.server import PASSWORD, ServerUnderTest, running

FRESH_ACTS = ["TOKEN CREATE more", "CERT ADD", "TOTP ENROLL", "PASSWD :another fine password"]
FACTOR_ACTS = ["TOTP REMOVE {}", "TOTP RECOVERY {}"]


@pytest.fixture(autouse=True)
def nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Guessing is slowed elsewhere; here every attempt is looked at."""
    monkeypatch.setattr(throttle, "FREE", throttle.MAX_LEVEL)


def token_of(person: Client, name: str = "laptop") -> str:
    person.hears()
    return only(person.says(f"TOKEN CREATE {name}")).params[3]


def code(rules: RulesUnderTest, secret: bytes, steps: int = 0) -> str:
    return totp.code_of(secret, rules.now_ms // totp.STEP_MS + steps).decode()


def protected(rules: RulesUnderTest, name: str = "alice") -> tuple[bytes, list[str]]:
    """An account gets a second factor: its secret, and the recovery codes."""
    person = rules.member(name)
    secret = base64.b32decode(only(person.says("TOTP ENROLL")).params[2])
    _, recovery = of(person.says(f"TOTP CONFIRM {code(rules, secret)}"), "NOTE")
    person.hangs_up()
    rules.passes(60)
    return secret, recovery.params[2:-1]


def refusal(lines: list[str]) -> str:
    """The code of the one FAIL that was heard."""
    [failed] = of(lines, "FAIL")
    assert len(lines) == 1, lines
    return failed.params[1]


def tries(rules: RulesUnderTest, name: str, password: str) -> Client:
    person = rules.connect()
    person.logs_in(name, password=password)
    return person


# --- one member's tokens and another's -----------------------------------------------------------


def test_a_token_is_its_own_account_s_to_see_and_to_end() -> None:
    """Of the same name or not: LIST shows one's own, REVOKE ends one's own, both keep their own."""
    rules = RulesUnderTest("alice", "mallory")
    alice, mallory = rules.member("alice"), rules.member("mallory")
    secret = token_of(alice)
    for name in ("laptop", "LAPTOP", "alice/laptop", "*", "%", secret, secret[:20], "' OR 1=1"):
        assert refusal(mallory.says(f"TOKEN REVOKE :{name}")) == "NO_SUCH_TOKEN"
    assert [m.params[1] for m in of(mallory.says("TOKEN LIST"), "NOTE")] == ["END"]
    own = token_of(mallory)
    assert only(mallory.says("TOKEN REVOKE laptop")).params[1] == "REVOKED"
    assert tries(rules, "alice", secret).session.state is State.READY
    assert tries(rules, "mallory", own).session.account is None
    assert [m.params[2] for m in of(alice.says("TOKEN LIST"), "NOTE")] == ["laptop", "1"]


def test_a_token_opens_the_account_it_was_made_for_and_no_other() -> None:
    """Under another's name, in other spellings, cut, doubled, in another case, with a code."""
    rules = RulesUnderTest("alice", "mallory")
    token = token_of(rules.member("mallory"))
    for name, password in [
        ("alice", token),
        ("mallory", token[:-1]),
        ("mallory", token + "x"),
        ("mallory", token.upper()),
        ("mallory", token + "123456"),
        ("mallory", " " + token),
        ("mallory", token.removeprefix("sct1_")),
        ("mallory", "sct1_" + "A" * 43),
        ("", token),
        ("*", token),
    ]:
        assert tries(rules, name, password).session.account is None, (name, password)


@pytest.mark.parametrize(
    "act",
    ["TOKEN LIST", "TOKEN REVOKE laptop", "CERT LIST", "SESSIONS LIST", "TOTP STATUS", *FRESH_ACTS],
)
def test_nobody_hears_of_another_s_credentials(act: str) -> None:
    """Answers go to the session that asked: not to the channel, not to others of the account."""
    rules = RulesUnderTest("alice", "bob")
    alice, second, bob = rules.member("alice"), rules.member("alice"), rules.member("bob")
    for person in (alice, bob):
        person.says("JOIN #den")
    token_of(alice)
    for person in (second, bob):
        person.hears()
    alice.says(act)
    assert bob.hears() == []
    assert not of(second.hears(), "NOTE", "FAIL")


# --- the proof of the password -------------------------------------------------------------------


def by_token(rules: RulesUnderTest) -> Client:
    return tries(rules, "alice", token_of(rules.member("alice"), "other"))


def by_certificate(rules: RulesUnderTest) -> Client:
    rules.registers("alice", "alice's")
    person = rules.connect(certificate="alice's")
    person.says("CAP REQ :sasl", "NICK alice", "USER a 0 * :A", "AUTHENTICATE EXTERNAL")
    person.says("AUTHENTICATE +", "CAP END")
    return person


def long_ago(rules: RulesUnderTest) -> Client:
    person = rules.member("alice")
    rules.passes(FRESH_SECONDS + 1)
    return person


LOGINS: list[Callable[[RulesUnderTest], Client]] = [by_token, by_certificate, long_ago]


@pytest.mark.parametrize("login", LOGINS)
@pytest.mark.parametrize("act", FRESH_ACTS)
def test_without_a_fresh_password_nothing_is_changed(
    login: Callable[[RulesUnderTest], Client], act: str
) -> None:
    """And none of what a session can say makes it fresh, but the password itself."""
    rules = RulesUnderTest("alice", external=True, ping_seconds=1e9, dead_seconds=1e9)
    person = login(rules)
    assert person.session.state is State.READY
    person.hears()
    for attempt in (
        [],
        [f"PASS alice:{RIGHT}"],
        ["CAP REQ :sasl", "AUTHENTICATE PLAIN", f"AUTHENTICATE {plain('alice', 'wrong')}"],
        ["AUTHENTICATE PLAIN", "AUTHENTICATE *"],
        ["AUTHENTICATE EXTERNAL", "AUTHENTICATE +"],
        [f"REGISTER * * :{RIGHT}"],
        ["NICK alice", "USER a 0 * :A", "CAP LS 302", "CAP END"],
        ["TOTP CONFIRM 123456", "TOTP REMOVE 123456", "TOTP RECOVERY 123456"],
        [f"PASSWD {RIGHT} {RIGHT}", f"PASSWD :{RIGHT}"],
    ):
        person.says(*attempt)
        assert refusal(person.says(act)) == "REAUTHENTICATE"
    account = rules.account("alice")
    assert account.factor is None
    assert set(account.tokens) <= {"other"}


def test_another_session_s_password_is_not_one_s_own() -> None:
    """The thief of a token is online while the owner logs in with the password."""
    rules = RulesUnderTest("alice")
    thief = by_token(rules)
    rules.member("alice")
    thief.hears()
    for act in FRESH_ACTS:
        assert refusal(thief.says(act)) == "REAUTHENTICATE"


@pytest.mark.parametrize("act", FACTOR_ACTS)
def test_the_thief_of_a_token_can_t_take_the_second_factor_away(act: str) -> None:
    """Not even with a code that is right."""
    rules = RulesUnderTest("alice")
    token = token_of(rules.member("alice"))
    secret, recovery = protected(rules)
    thief = tries(rules, "alice", token)
    thief.hears()
    for given in (code(rules, secret), recovery[0], "000000", ""):
        assert refusal(thief.says(act.format(given))) == "REAUTHENTICATE"
    assert rules.account("alice").factor is not None


# --- codes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["code", "recovery code"])
def test_a_code_lets_one_in(kind: str) -> None:
    """Of two who use it in the same breath, in one batch, the second is refused."""
    rules = RulesUnderTest("alice")
    secret, recovery = protected(rules)
    given = code(rules, secret) if kind == "code" else recovery[0]
    rules.busy = True
    two = [tries(rules, "alice", RIGHT + given) for _ in range(2)]
    answers = [rules.do(job) for job in rules.jobs]
    rules.jobs, rules.busy = [], False
    with rules.turn() as turn:
        for answer in answers:
            rules.rules.answered(turn, answer)
    assert sorted(bool(person.session.account) for person in two) == [False, True]
    assert tries(rules, "alice", RIGHT + given).session.account is None


def test_a_code_seen_at_a_login_is_good_for_nothing_else() -> None:
    """Not for removing the factor, nor for new recovery codes."""
    rules = RulesUnderTest("alice")
    secret, recovery = protected(rules)
    given = code(rules, secret)
    alice = tries(rules, "alice", RIGHT + given)
    alice.hears()
    for act in FACTOR_ACTS:
        assert refusal(alice.says(act.format(given))) == "WRONG_CODE"
    assert tries(rules, "alice", RIGHT + recovery[0]).session.account is not None
    assert refusal(alice.says(f"TOTP REMOVE {recovery[0]}")) == "WRONG_CODE"


def test_a_code_is_its_own_account_s() -> None:
    """Two have a second factor; a code and the recovery codes of one open nothing of the other."""
    rules = RulesUnderTest("alice", "mallory")
    secret, recovery = protected(rules, "mallory")
    protected(rules, "alice")
    for given in (code(rules, secret), *recovery):
        assert tries(rules, "alice", RIGHT + given).session.account is None
    mallory = tries(rules, "mallory", RIGHT + code(rules, secret))
    assert mallory.session.account is not None


def test_codes_can_t_be_tried_through() -> None:
    """A thief who knows the password has ten tries, over however many connections and commands."""
    rules = RulesUnderTest("alice")
    secret, _ = protected(rules)
    wrong = (f"{number:06}" for number in itertools.count())
    right = {code(rules, secret, step) for step in (-1, 0, 1)}
    tried = itertools.islice((one for one in wrong if one not in right), throttle.CODE_GUESSES)
    for one in tried:
        assert tries(rules, "alice", RIGHT + one).session.account is None
    assert tries(rules, "alice", RIGHT + code(rules, secret)).session.account is None
    rules.passes(throttle.CODE_FORGET_SECONDS)
    assert tries(rules, "alice", RIGHT + code(rules, secret)).session.account is not None


def test_codes_in_a_session_count_with_those_of_the_login() -> None:
    """TOTP REMOVE is no way to try more of them."""
    rules = RulesUnderTest("alice")
    secret, _ = protected(rules)
    alice = tries(rules, "alice", RIGHT + code(rules, secret))
    alice.hears()
    for _ in range(throttle.CODE_GUESSES + 5):
        assert refusal(alice.says("TOTP REMOVE 000000")) == "WRONG_CODE"
    rules.passes(30)
    assert refusal(alice.says(f"TOTP REMOVE {code(rules, secret)}")) == "WRONG_CODE"
    assert rules.account("alice").factor is not None


# --- over the network ----------------------------------------------------------------------------


def logs_in(server: ServerUnderTest, password: str) -> Client:
    client = server.connect()
    client.begins_login("alice", password=password, end=False)
    return client


@pytest.mark.parametrize("kind", ["code", "recovery code"])
def test_twenty_connections_with_one_code_are_one_login(tmp_path: Path, kind: str) -> None:
    """All at once, each on its own connection."""
    with running(tmp_path / "data", "alice") as server:
        alice = server.member("alice")
        alice.sends("TOTP ENROLL")
        secret = base64.b32decode(alice.hears_until(" SECRET ")[-1].split(" ")[4])
        step = int(time.time() * 1000) // totp.STEP_MS
        alice.sends(f"TOTP CONFIRM {totp.code_of(secret, step).decode()}")
        recovery = alice.hears_until(" RECOVERY ")[-1].split(" ")[4]
        given = totp.code_of(secret, step + 1).decode() if kind == "code" else recovery
        clients = [logs_in(server, PASSWORD + given) for _ in range(20)]
        ends = [client.hears_until(is_the_verdict)[-1] for client in clients]
        assert sorted(" 903 " in line for line in ends) == [False] * 19 + [True]


def is_the_verdict(line: str) -> bool:
    return " 903 " in line or " 904 " in line
