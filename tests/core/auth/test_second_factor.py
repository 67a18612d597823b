"""Who has to have a second factor: `require_second_factor`, and the login that begins one."""

from __future__ import annotations

import base64

from securechat.core.auth import totp
from securechat.core.auth.second_factor import ENROLMENT_SECONDS
from securechat.core.model.credentials import Token
from securechat.core.model.states import State
from securechat.core.shared import MAX_OFFERS
from securechat.credentials.device import format_token, token_digest
from tests.support.client import Client, codes, of
from tests.support.rules import RIGHT, RulesUnderTest, plain

TOKEN = format_token(bytes(32))


def tries(
    rules: RulesUnderTest, password: str, name: str = "alice", address: str = "192.0.2.1"
) -> tuple[Client, list[str]]:
    """A login on a connection of its own; what is heard."""
    person = rules.connect(address=address)
    begin = ("CAP LS 302", f"NICK {name}", f"USER {name} 0 * :A", "CAP REQ :sasl")
    person.says(*begin, "AUTHENTICATE PLAIN")
    return person, person.says(f"AUTHENTICATE {plain(name, password)}", "CAP END")


def offer(heard: list[str]) -> bytes:
    """The secret that a login was told."""
    [note] = of(heard, "NOTE")
    assert note.params[:2] == ["TOTP", "SECRET"]
    assert note.params[3].startswith("otpauth://totp/")
    return base64.b32decode(note.params[2])


def code(rules: RulesUnderTest, secret: bytes) -> str:
    return totp.code_of(secret, rules.now_ms // totp.STEP_MS).decode()


def has_token(rules: RulesUnderTest, name: str = "alice") -> None:
    account = rules.account(name)
    rules.model.add_token(Token(token_digest(TOKEN), account.id, "old", rules.now_ms))


def test_who_has_none_is_told_how_to_begin_one() -> None:
    """Also where a client shows the numeric alone; nobody is logged in, and nothing is seen."""
    rules = RulesUnderTest("alice", require_second_factor="all")
    person, heard = tries(rules, RIGHT)
    secret = offer(heard)
    key = base64.b32encode(secret).decode()
    assert codes(heard) == ["NOTE", "FAIL", "904", "FAIL", "ERROR"]
    assert of(heard, "FAIL")[0].params[:2] == ["AUTHENTICATE", "SECOND_FACTOR_REQUIRED"]
    shown = of(heard, "904")[0].params[-1]
    assert key in shown.replace(" ", "")
    assert "directly behind the password" in shown
    assert person.session.state is not State.READY
    assert not rules.account("alice").sessions


def test_the_code_behind_the_password_begins_it() -> None:
    """That login is the first with it, and is told the recovery codes; the code is used then."""
    rules = RulesUnderTest("alice", require_second_factor="all")
    secret = offer(tries(rules, RIGHT)[1])
    now = code(rules, secret)
    _, heard = tries(rules, RIGHT + now)
    assert "001" in codes(heard)
    recovery = of(heard, "NOTE")[0].params
    assert recovery[:2] == ["TOTP", "RECOVERY"]
    assert len(recovery) > 8
    assert rules.account("alice").factor is not None
    assert "001" not in codes(tries(rules, RIGHT + now)[1])
    assert "001" not in codes(tries(rules, RIGHT)[1])
    assert "001" in codes(tries(rules, RIGHT + recovery[2])[1])
    assert any("second factor enabled" in str(audited) for audited in rules.audits)


def test_who_waits_elsewhere_does_not_know_the_secret() -> None:
    """Somebody who has stolen the password, too; the owner's code is good in both networks."""
    rules = RulesUnderTest("alice", require_second_factor="all")
    stolen = offer(tries(rules, RIGHT, address="203.0.113.9")[1])
    secret = offer(tries(rules, RIGHT)[1])
    assert secret != stolen
    assert offer(tries(rules, RIGHT, address="203.0.113.8")[1]) == stolen
    assert "001" in codes(tries(rules, RIGHT + code(rules, secret), address="2001:db8::1")[1])
    assert not rules.model.enrolments


def test_a_secret_is_offered_for_a_while() -> None:
    """Its code begins nothing later; few are offered at a time."""
    rules = RulesUnderTest("alice", require_second_factor="all")
    old = offer(tries(rules, RIGHT)[1])
    rules.passes(ENROLMENT_SECONDS)
    assert "001" not in codes(tries(rules, RIGHT + code(rules, old))[1])
    for number in range(9):
        tries(rules, RIGHT, address=f"10.0.{number}.1")
    [offers] = rules.model.enrolments.values()
    assert len(offers) == MAX_OFFERS


def test_a_wrong_code_begins_nothing() -> None:
    """The same secret stands, as somebody may have scanned it, for half an hour; ten wrong codes
    are looked at, and then none for a while.
    """
    rules = RulesUnderTest("alice", require_second_factor="all", max_login_failures=100)
    secret = offer(tries(rules, RIGHT)[1])
    wrong = f"{(int(code(rules, secret)) + 7) % 1_000_000:06}"
    assert offer(tries(rules, RIGHT + wrong)[1]) == secret
    for _ in range(9):
        tries(rules, RIGHT + wrong)
    heard = tries(rules, RIGHT + code(rules, secret))[1]
    assert "TOO_MANY_CODES" in of(heard, "FAIL")[0].params
    rules.passes(ENROLMENT_SECONDS)
    assert offer(tries(rules, RIGHT)[1]) != secret
    assert rules.account("alice").factor is None


def test_nobody_learns_of_it_without_the_password() -> None:
    """What a wrong password is answered with doesn't tell who has none."""
    rules = RulesUnderTest("alice", require_second_factor="all")
    rules.passes(1)
    assert codes(tries(rules, "wrong")[1]) == codes(tries(rules, "wrong", "nobody")[1])
    assert rules.model.enrolments == {}


def test_a_token_is_no_way_around_it() -> None:
    """Nor does a session that is there make one; once there is a factor, tokens are as ever."""
    rules = RulesUnderTest("alice", require_second_factor="all")
    has_token(rules)
    heard = tries(rules, TOKEN)[1]
    assert of(heard, "FAIL")[0].params[:2] == ["AUTHENTICATE", "SECOND_FACTOR_REQUIRED"]
    assert "001" not in codes(heard)
    secret = offer(tries(rules, RIGHT)[1])
    tries(rules, RIGHT + code(rules, secret))
    assert "001" in codes(tries(rules, TOKEN)[1])


def test_a_bot_needs_none() -> None:
    """It has a token of the administrator's, and nobody who could read a code."""
    rules = RulesUnderTest("robot", require_second_factor="all")
    rules.account("robot").bot = True
    has_token(rules, "robot")
    assert "001" in codes(tries(rules, TOKEN, "robot")[1])


def test_administrators_only() -> None:
    """Of the others none is asked."""
    rules = RulesUnderTest("alice", require_second_factor="administrators")
    rules.add("root", admin=True)
    assert "001" in codes(tries(rules, RIGHT)[1])
    assert "001" not in codes(tries(rules, RIGHT, "root")[1])


def test_who_registers_is_in_and_told() -> None:
    """For this once; no token is made before there is a second factor, and it can't be removed."""
    rules = RulesUnderTest(require_second_factor="all", registration="open")
    alice = rules.connect()
    heard = alice.registers("alice")
    assert any("begin it now by TOTP ENROLL" in line for line in heard)
    assert "SECOND_FACTOR_REQUIRED" in alice.says("TOKEN CREATE laptop")[0]
    secret = base64.b32decode(of(alice.says("TOTP ENROLL"), "NOTE")[0].params[2])
    alice.says(f"TOTP CONFIRM {code(rules, secret)}")
    assert "CREATED" in alice.says("TOKEN CREATE laptop")[0]
    rules.passes(30)
    assert "SECOND_FACTOR_REQUIRED" in alice.says(f"TOTP REMOVE {code(rules, secret)}")[0]
    assert "TOTP STATUS REQUIRED" in alice.says("TOTP STATUS")[0]


def test_what_cannot_be_stored_lets_nobody_in() -> None:
    """The login is taken back, and the same secret can be tried again."""
    rules = RulesUnderTest("alice", require_second_factor="all")
    secret = offer(tries(rules, RIGHT)[1])
    rules.full = True
    assert "001" not in codes(tries(rules, RIGHT + code(rules, secret))[1])
    rules.full = False
    assert rules.account("alice").factor is None
    assert "001" in codes(tries(rules, RIGHT + code(rules, secret))[1])
