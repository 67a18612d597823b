"""TOKEN, TOTP, PASSWD: what somebody does to their own credentials, and what then lets them in."""

from __future__ import annotations

import base64
import json

import pytest

from securechat.core.auth import totp
from securechat.core.commands.verbs import FRESH_SECONDS
from securechat.core.journal.events.accounts import (
    PasswordChanged,
    RecoveryCodeUsed,
    TokenCreated,
    TokenUsed,
)
from securechat.core.model.states import State
from securechat.credentials.device import MAX_TOKENS, is_token, token_digest
from securechat.irc.message import Message
from tests.support.client import Client, codes, of, only
from tests.support.rules import NOT_STORED, OLD_HASH, RIGHT, WEAK, RulesUnderTest, plain


def params(lines: list[str]) -> list[str]:
    """Of the one line that was heard, without the text."""
    return only(lines).params[:-1]


def token_of(person: Client, name: str = "laptop") -> str:
    """A new device token."""
    noted = only(person.says(f"TOKEN CREATE {name}"))
    assert noted.params[:3] == ["TOKEN", "CREATED", name]
    return noted.params[3]


def secret_of(person: Client) -> bytes:
    """A second factor is begun."""
    noted = only(person.says("TOTP ENROLL"))
    return base64.b32decode(noted.params[2])


def code(rules: RulesUnderTest, secret: bytes, steps: int = 0) -> str:
    return totp.code_of(secret, rules.now_ms // totp.STEP_MS + steps).decode()


def protected(rules: RulesUnderTest, name: str = "alice") -> tuple[bytes, list[str]]:
    """An account's second factor is turned on: the secret, and the recovery codes.

    Time goes on by a step, as the code that did it can't be used again.
    """
    person = rules.member(name)
    secret = secret_of(person)
    enabled, recovery = of(person.says(f"TOTP CONFIRM {code(rules, secret)}"), "NOTE")
    assert enabled.params[:2] == ["TOTP", "ENABLED"]
    person.hangs_up()
    rules.passes(30)
    return secret, recovery.params[2:-1]


def greeted(
    rules: RulesUnderTest, password: str, name: str = "alice", address: str = "192.0.2.1"
) -> bool:
    """Whether a password lets somebody in."""
    person = rules.connect(address=address)
    return "001" in codes(person.logs_in(name, password=password))


# Device tokens


def test_a_token_lets_its_owner_in() -> None:
    """In the password's place, by SASL and by PASS, and nobody else."""
    rules = RulesUnderTest("alice", "bob")
    token = token_of(rules.member("alice"))
    assert is_token(token)
    assert greeted(rules, token)
    assert not greeted(rules, token, "bob")
    person = rules.connect()
    assert "001" in codes(person.says(f"PASS alice:{token}", "NICK alice", "USER a 0 * :A"))


def test_a_token_needs_no_worker() -> None:
    """So a thousand clients that come back at once don't wait for bcrypt."""
    rules = RulesUnderTest("alice")
    token = token_of(rules.member("alice"))
    rules.busy = True
    assert greeted(rules, token)
    assert rules.jobs == []


def test_only_the_digest_is_stored() -> None:
    """And the token is in no audit either."""
    rules = RulesUnderTest("alice")
    token = token_of(rules.member("alice"))
    [event] = [e for e in rules.stored if isinstance(e, TokenCreated)]
    assert (event.digest, event.name) == (token_digest(token), "laptop")
    assert token not in f"{rules.stored} {rules.audits}"


def test_a_token_is_no_key_to_more_tokens() -> None:
    """A thief who has found one is shut out by revoking it."""
    rules = RulesUnderTest("alice")
    token = token_of(rules.member("alice"))
    thief = rules.connect()
    thief.logs_in("alice", password=token)
    thief.hears()
    for line in ("TOKEN CREATE more", "TOTP ENROLL", "PASSWD :quite another password"):
        assert params(thief.says(line))[1] == "REAUTHENTICATE"


def test_credentials_are_changed_soon_after_the_password_was_shown() -> None:
    """Not by who finds the screen unattended."""
    rules = RulesUnderTest("alice", ping_seconds=1e9, dead_seconds=1e9)
    alice = rules.member("alice")
    rules.passes(FRESH_SECONDS)
    token_of(alice)
    rules.passes(1)
    for line in ("TOKEN CREATE more", "TOTP ENROLL", "PASSWD :quite another password"):
        assert params(alice.says(line))[1] == "REAUTHENTICATE"
    assert params(alice.says("TOKEN REVOKE laptop"))[1] == "REVOKED"


def test_who_has_just_registered_may_have_a_token() -> None:
    """The password was shown."""
    rules = RulesUnderTest(registration="open")
    person = rules.connect()
    person.says("CAP LS", "NICK carol", "USER c 0 * :C", "REGISTER * * pw", "CAP END")
    assert person.session.state is State.READY
    token_of(person)


@pytest.mark.parametrize("name", ["", "x" * 33, ":", "a\x01b"])
def test_a_token_has_a_name(name: str) -> None:
    """One printable word."""
    refused = only(RulesUnderTest("alice").member("alice").says(f"TOKEN CREATE {name}"))
    assert (refused.command, refused.params[1]) == ("FAIL", "INVALID_NAME")


def test_names_are_unique_within_an_account() -> None:
    """Another account may use the same."""
    rules = RulesUnderTest("alice", "bob")
    alice = rules.member("alice")
    token_of(alice)
    assert params(alice.says("TOKEN CREATE laptop")) == ["TOKEN", "NAME_TAKEN", "laptop"]
    token_of(rules.member("bob"))


def test_there_is_a_limit() -> None:
    """And after revoking one there is room again."""
    alice = RulesUnderTest("alice").member("alice")
    for number in range(MAX_TOKENS):
        token_of(alice, f"device{number}")
    assert params(alice.says("TOKEN CREATE more")) == ["TOKEN", "TOO_MANY"]
    alice.says("TOKEN REVOKE device3")
    token_of(alice, "more")


def test_the_list_tells_when_each_was_used() -> None:
    """In the order in which they were made; only one's own."""
    rules = RulesUnderTest("alice", "bob")
    alice = rules.member("alice")
    token = token_of(alice, "laptop")
    rules.passes(5)
    token_of(alice, "phone")
    token_of(rules.member("bob"), "bobs")
    rules.passes(60)
    greeted(rules, token)
    alice.hears()  # of the new device
    first, second, end = [only([line]).params for line in alice.says("TOKEN LIST")]
    assert first[:-1] == [
        *("TOKEN", "ENTRY", "laptop", "2023-11-14T22:13:20Z", "2023-11-14T22:14:25Z")
    ]
    assert second[:-1] == ["TOKEN", "ENTRY", "phone", "2023-11-14T22:13:25Z", "*"]
    assert end[:-1] == ["TOKEN", "END", "2"]


def test_the_last_use_is_stored_within_a_second() -> None:
    """Once, however often it was."""
    rules = RulesUnderTest("alice")
    token = token_of(rules.member("alice"))
    greeted(rules, token)
    greeted(rules, token)
    rules.passes(1)
    used = [event for event in rules.stored if isinstance(event, TokenUsed)]
    assert used == [TokenUsed(rules.now_ms - 1000, token_digest(token))]


def test_revoking_ends_what_it_let_in() -> None:
    """At once; other sessions go on."""
    rules = RulesUnderTest("alice")
    alice = rules.member("alice")
    token = token_of(alice)
    device = rules.connect()
    device.logs_in("alice", password=token)
    device.hears()
    half = rules.connect()
    half.says("CAP LS", "AUTHENTICATE PLAIN", f"AUTHENTICATE {plain('alice', token)}")
    half.hears()
    alice.hears()  # of the new device
    assert params(alice.says("TOKEN REVOKE laptop")) == ["TOKEN", "REVOKED", "laptop"]
    assert codes(device.hears()) == ["ERROR"]
    assert codes(half.hears()) == ["ERROR"]
    assert alice.session.state is State.READY
    assert not greeted(rules, token)
    assert params(alice.says("TOKEN REVOKE laptop")) == ["TOKEN", "NO_SUCH_TOKEN", "laptop"]


def test_a_device_may_revoke_its_own_token() -> None:
    """It hears that it is done, and then goes: that is logging out."""
    rules = RulesUnderTest("alice")
    token = token_of(rules.member("alice"))
    device = rules.connect()
    device.logs_in("alice", password=token)
    device.hears()
    assert codes(device.says("TOKEN REVOKE laptop")) == ["NOTE", "ERROR"]


def test_another_s_token_is_out_of_reach() -> None:
    """Its name means nothing to others."""
    rules = RulesUnderTest("alice", "bob")
    token = token_of(rules.member("alice"))
    bob = rules.member("bob")
    assert params(bob.says("TOKEN REVOKE laptop")) == ["TOKEN", "NO_SUCH_TOKEN", "laptop"]
    assert params(bob.says("TOKEN LIST")) == ["TOKEN", "END", "0"]
    assert greeted(rules, token)


def test_a_disabled_account_s_tokens_let_nobody_in() -> None:
    """They work again when it is enabled."""
    rules = RulesUnderTest("alice")
    token = token_of(rules.member("alice"))
    rules.account("alice").disabled = True
    assert not greeted(rules, token)
    rules.account("alice").disabled = False
    assert greeted(rules, token)


def test_what_is_not_stored_is_no_token() -> None:
    """Nobody is told of one."""
    rules = RulesUnderTest("alice")
    alice = rules.member("alice")
    rules.full = True
    heard = alice.says("TOKEN CREATE laptop")
    assert (codes(heard), rules.model.tokens) == (["400"], {})
    assert NOT_STORED in heard[0]


@pytest.mark.parametrize("command", ["TOKEN", "TOTP"])
def test_an_unknown_subcommand_is_told_what_there_is(command: str) -> None:
    """By name."""
    refused = only(RulesUnderTest("alice").member("alice").says(f"{command} dance"))
    assert refused.params[:2] == [command, "UNKNOWN_SUBCOMMAND"]
    assert "RE" in refused.params[2]


# The second factor


def test_a_second_factor_is_asked_for() -> None:
    """The password alone is told so; with a code behind it, it lets in."""
    rules = RulesUnderTest("alice")
    secret, _ = protected(rules)
    person = rules.connect()
    person.says("CAP LS", "NICK alice", "USER a 0 * :A", "AUTHENTICATE PLAIN")
    asked, refused = [only([x]) for x in person.says(f"AUTHENTICATE {plain('alice')}")]
    assert (asked.command, asked.params[:2]) == ("FAIL", ["AUTHENTICATE", "CODE_REQUIRED"])
    assert refused.command == "904"
    person.says("AUTHENTICATE PLAIN")
    right = plain("alice", RIGHT + code(rules, secret))
    assert codes(person.says(f"AUTHENTICATE {right}")) == ["900", "903"]
    assert "001" in codes(person.says("CAP END"))


def test_by_pass_too() -> None:
    """As old clients send it."""
    rules = RulesUnderTest("alice")
    secret, _ = protected(rules)
    person = rules.connect()
    heard = person.says(f"PASS alice:{RIGHT}", "NICK alice", "USER a 0 * :A")
    assert codes(heard)[:2] == ["FAIL", "464"]
    now = code(rules, secret)
    heard = rules.connect().says(f"PASS alice:{RIGHT}{now}", "NICK alice", "USER a 0 * :A")
    assert "001" in codes(heard)


def test_a_code_lets_in_once() -> None:
    """A thief who looked over the shoulder is too late, on any connection."""
    rules = RulesUnderTest("alice")
    secret, _ = protected(rules)
    now = code(rules, secret)
    assert greeted(rules, RIGHT + now)
    assert not greeted(rules, RIGHT + now)
    rules.passes(30)
    assert not greeted(rules, RIGHT + now)
    assert greeted(rules, RIGHT + code(rules, secret))


def test_two_at_once_with_one_code_are_one() -> None:
    """Both passwords are checked before either answer is looked at."""
    rules = RulesUnderTest("alice")
    secret, _ = protected(rules)
    rules.busy = True
    people = [rules.connect() for _ in range(2)]
    for person in people:
        person.logs_in("alice", password=RIGHT + code(rules, secret))
    with rules.turn() as turn:
        for job in rules.jobs[:]:
            rules.jobs.remove(job)
            rules.rules.answered(turn, rules.do(job))
    rules.work()
    assert sorted("001" in codes(person.hears()) for person in people) == [False, True]


def test_a_code_that_can_t_be_stored_as_used_lets_nobody_in() -> None:
    """It might be used again after a crash; the connection may try again."""
    rules = RulesUnderTest("alice")
    secret, _ = protected(rules)
    rules.full = True
    person = rules.connect()
    heard = person.logs_in("alice", password=RIGHT + code(rules, secret))
    assert "001" not in codes(heard)
    assert person.session.state is State.CONNECTED
    assert rules.account("alice").sessions == []
    rules.full = False
    assert greeted(rules, RIGHT + code(rules, secret))


def test_a_code_needs_its_password() -> None:
    """And is not used up by a wrong one."""
    rules = RulesUnderTest("alice")
    secret, _ = protected(rules)
    assert not greeted(rules, "wrong" + code(rules, secret))
    assert not greeted(rules, code(rules, secret))
    assert greeted(rules, RIGHT + code(rules, secret))


def test_who_has_no_second_factor_needs_no_code() -> None:
    """And a password with one behind it is another password."""
    rules = RulesUnderTest("alice")
    assert not greeted(rules, RIGHT + "123456")
    assert greeted(rules, RIGHT)


def test_a_recovery_code_stands_in_once() -> None:
    """Each of the ten."""
    rules = RulesUnderTest("alice")
    _, recovery = protected(rules)
    assert len(recovery) == 10
    for number, spare in enumerate(recovery):
        rules.passes(600)
        assert greeted(rules, RIGHT + spare), number
        assert not greeted(rules, RIGHT + spare)
    assert len([e for e in rules.stored if isinstance(e, RecoveryCodeUsed)]) == 10


def test_codes_can_t_be_guessed_by_who_has_the_password() -> None:
    """After ten wrong ones no code is looked at for a while; a device token still lets in."""
    rules = RulesUnderTest("alice", max_login_failures=99)
    token = token_of(rules.member("alice"))
    secret, _ = protected(rules)
    for number in range(10):
        rules.connect(address=f"203.0.113.{number}").logs_in("alice", password=f"{RIGHT}000000")
        rules.passes(20)
    assert not greeted(rules, RIGHT + code(rules, secret), address="198.51.100.1")
    assert greeted(rules, token, address="198.51.100.1")
    rules.passes(400)
    assert greeted(rules, RIGHT + code(rules, secret), address="198.51.100.1")


def test_enrolling_needs_the_code_of_now() -> None:
    """A wrong one can be tried again; nothing is on before."""
    rules = RulesUnderTest("alice")
    alice = rules.member("alice")
    assert params(alice.says("TOTP CONFIRM 123456")) == ["TOTP", "NOT_ENROLLING"]
    secret = secret_of(alice)
    assert params(alice.says("TOTP CONFIRM 000000")) == ["TOTP", "WRONG_CODE"]
    assert params(alice.says("TOTP CONFIRM")) == ["TOTP", "WRONG_CODE"]
    assert greeted(rules, RIGHT)
    assert codes(alice.says(f"TOTP CONFIRM {code(rules, secret)}")) == ["NOTE", "NOTE"]
    assert params(alice.says("TOTP ENROLL")) == ["TOTP", "ALREADY_ENABLED"]
    assert params(alice.says("TOTP CONFIRM 1")) == ["TOTP", "ALREADY_ENABLED"]


def test_the_status_tells_whether_there_is_one() -> None:
    """And how many recovery codes are left."""
    rules = RulesUnderTest("alice")
    alice = rules.member("alice")
    assert params(alice.says("TOTP STATUS")) == ["TOTP", "STATUS", "OFF", "0"]
    _, recovery = protected(rules)
    assert greeted(rules, RIGHT + recovery[0])
    status = params(alice.says("TOTP STATUS"))
    assert status == ["TOTP", "STATUS", "ON", str(len(recovery) - 1)]


def test_enrolling_gives_what_an_authenticator_needs() -> None:
    """The URI holds the same secret."""
    rules = RulesUnderTest("alice", network="ourchat")
    noted: Message = only(rules.member("alice").says("TOTP ENROLL"))
    assert noted.params[:2] == ["TOTP", "SECRET"]
    assert noted.params[3].startswith("otpauth://totp/ourchat:alice?")
    assert f"secret={noted.params[2]}" in noted.params[3]


def test_the_secret_is_stored_sealed() -> None:
    """And recovery codes as digests; none of them is in the audit."""
    rules = RulesUnderTest("alice")
    secret, recovery = protected(rules)
    kept = f"{rules.stored} {rules.audits}"
    for hidden in (totp.base32(secret), repr(secret)[2:-1], secret.hex(), *recovery):
        assert hidden not in kept


def test_turning_it_off_needs_a_code() -> None:
    """Then the password is enough again, and the recovery codes are nothing."""
    rules = RulesUnderTest("alice")
    secret, recovery = protected(rules)
    alice = rules.connect()
    alice.logs_in("alice", password=RIGHT + code(rules, secret))
    alice.hears()
    assert params(alice.says("TOTP REMOVE 000000")) == ["TOTP", "WRONG_CODE"]
    assert params(alice.says(f"TOTP REMOVE {code(rules, secret)}")) == ["TOTP", "WRONG_CODE"]
    rules.passes(30)
    assert params(alice.says(f"TOTP REMOVE {code(rules, secret)}")) == ["TOTP", "REMOVED"]
    assert greeted(rules, RIGHT)
    assert not greeted(rules, RIGHT + recovery[0])
    assert params(alice.says("TOTP REMOVE 000000")) == ["TOTP", "NOT_ENABLED"]


def test_recovery_codes_are_renewed_all_together() -> None:
    """With one of the old ones, too; then the others end."""
    rules = RulesUnderTest("alice")
    secret, old = protected(rules)
    alice = rules.connect()
    alice.logs_in("alice", password=RIGHT + code(rules, secret))
    alice.hears()
    noted = only(alice.says(f"TOTP RECOVERY {old[0]}"))
    assert (noted.params[:2], len(noted.params)) == (["TOTP", "RECOVERY"], 13)
    assert not greeted(rules, RIGHT + old[1])
    assert greeted(rules, RIGHT + noted.params[2])


def test_a_restart_in_the_middle_begins_again() -> None:
    """A secret that isn't confirmed belongs to its session."""
    rules = RulesUnderTest("alice")
    secret = secret_of(rules.member("alice"))
    other = rules.member("alice")
    assert params(other.says(f"TOTP CONFIRM {code(rules, secret)}")) == ["TOTP", "NOT_ENROLLING"]


# The password


def test_a_new_password_is_hashed_by_a_worker() -> None:
    """And stored as its hash."""
    rules = RulesUnderTest("alice")
    alice = rules.member("alice")
    heard = alice.says("PASSWD :quite another password")
    assert params(heard) == ["PASSWD", "CHANGED"]
    assert rules.stored[-1] == PasswordChanged("a hash", rules.account("alice").id, OLD_HASH)


def test_it_ends_everything_that_the_old_one_let_in() -> None:
    """Other sessions, logins under way, whose password was the old one, and tokens; not the one
    that changed it.
    """
    rules = RulesUnderTest("alice")
    alice = rules.member("alice")
    token = token_of(alice)
    other = rules.member("alice")
    rules.busy = True
    late = rules.connect()
    late.logs_in("alice")
    old = rules.do(rules.jobs.pop())
    alice.says("PASSWD :quite another password")
    rules.work()
    rules.answer(old)
    assert params(alice.hears()) == ["PASSWD", "CHANGED"]
    assert codes(other.hears()) == ["ERROR"]
    assert codes(late.hears()) == ["904", "FAIL", "ERROR"]
    assert alice.session.state is State.READY
    rules.busy = False
    assert not greeted(rules, token)


def test_a_weak_one_is_refused() -> None:
    """With the reason, and nothing changes."""
    rules = RulesUnderTest("alice")
    alice, other = rules.member("alice"), rules.member("alice")
    refused = only(alice.says(f"PASSWD {WEAK}"))
    assert refused.params == ["PASSWD", "WEAK_PASSWORD", "Too weak"]
    assert other.session.state is State.READY
    assert not [event for event in rules.stored if isinstance(event, PasswordChanged)]


def test_one_change_at_a_time() -> None:
    """The second waits for the first one's answer; talk goes on meanwhile."""
    rules = RulesUnderTest("alice")
    alice = rules.member("alice")
    rules.busy = True
    alice.says("PASSWD :quite another password")
    assert params(alice.says("PASSWD :and another")) == ["PASSWD", "TEMPORARILY_UNAVAILABLE"]
    assert codes(alice.says("PING x")) == ["PONG"]
    rules.fail_job()
    assert params(alice.hears()) == ["PASSWD", "TEMPORARILY_UNAVAILABLE"]
    alice.says("PASSWD :quite another password")
    rules.work()
    assert params(alice.hears()) == ["PASSWD", "CHANGED"]


def test_a_password_that_is_not_stored_is_not_changed() -> None:
    """And the tokens stay."""
    rules = RulesUnderTest("alice")
    alice = rules.member("alice")
    token = token_of(alice)
    rules.full = True
    assert codes(alice.says("PASSWD :quite another password")) == ["400"]
    rules.full = False
    assert greeted(rules, token)


# What is told of it


def test_all_of_it_is_audited() -> None:
    """Who, from where, what."""
    rules = RulesUnderTest("alice")
    secret, _ = protected(rules)
    alice = rules.connect(address="198.51.100.1")
    alice.logs_in("alice", password=RIGHT + code(rules, secret))
    alice.says("TOKEN CREATE laptop", "TOKEN REVOKE laptop")
    rules.passes(30)
    alice.says(f"TOTP RECOVERY {code(rules, secret)}")
    rules.passes(30)
    alice.says("TOTP REMOVE 000000")
    alice.says(f"TOTP REMOVE {code(rules, secret)}", "PASSWD :quite another password")
    found = [(a.event, json.loads(a.facts)) for a in rules.audits if a.address == "198.51.100.1"]
    assert found == [
        ("login", {"by": "password and code"}),
        ("token created", {"token": "laptop"}),
        ("token revoked", {"token": "laptop"}),
        ("recovery codes renewed", {}),
        ("second factor code", {}),
        ("second factor removed", {}),
        ("password changed", {}),
    ]
    assert {audited.account for audited in rules.audits} == {"alice"}
