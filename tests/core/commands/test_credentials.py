"""TOKEN, TOTP, PASSWD: what somebody does to their own credentials, and what then lets them in."""

from __future__ import annotations

import base64
import json

import pytest

from securechat.core.auth import totp
from securechat.core.commands.verbs import FRESH_SECONDS
from securechat.core.journal.events import (
    PasswordChanged,
    RecoveryCodeUsed,
    TokenCreated,
    TokenUsed,
)
from securechat.core.model.states import State
from securechat.credentials.token import MAX_TOKENS, is_token, token_digest
from securechat.irc.message import Message
from tests.support.stage import (
    NOT_STORED,
    OLD_HASH,
    RIGHT,
    WEAK,
    Person,
    Stage,
    codes,
    of,
    only,
    plain,
)


def params(lines: list[str]) -> list[str]:
    """Of the one line that was heard, without the text."""
    return only(lines).params[:-1]


def token_of(person: Person, name: str = "laptop") -> str:
    """A new device token."""
    noted = only(person.says(f"TOKEN CREATE {name}"))
    assert noted.params[:3] == ["TOKEN", "CREATED", name]
    return noted.params[3]


def secret_of(person: Person) -> bytes:
    """A second factor is begun."""
    noted = only(person.says("TOTP ENROLL"))
    return base64.b32decode(noted.params[2])


def code(stage: Stage, secret: bytes, steps: int = 0) -> str:
    return totp.code_of(secret, stage.now_ms // totp.STEP_MS + steps).decode()


def protected(stage: Stage, name: str = "alice") -> tuple[bytes, list[str]]:
    """An account's second factor is turned on: the secret, and the recovery codes.

    Time goes on by a step, as the code that did it can't be used again.
    """
    person = stage.member(name)
    secret = secret_of(person)
    enabled, recovery = of(person.says(f"TOTP CONFIRM {code(stage, secret)}"), "NOTE")
    assert enabled.params[:2] == ["TOTP", "ENABLED"]
    person.hangs_up()
    stage.passes(30)
    return secret, recovery.params[2:-1]


def greeted(stage: Stage, password: str, name: str = "alice", address: str = "192.0.2.1") -> bool:
    """Whether a password lets somebody in."""
    person = stage.stranger(address=address)
    return "001" in codes(person.logs_in(name, password=password))


# Device tokens


def test_a_token_lets_its_owner_in() -> None:
    """In the password's place, by SASL and by PASS, and nobody else."""
    stage = Stage("alice", "bob")
    token = token_of(stage.member("alice"))
    assert is_token(token)
    assert greeted(stage, token)
    assert not greeted(stage, token, "bob")
    person = stage.stranger()
    assert "001" in codes(person.says(f"PASS alice:{token}", "NICK alice", "USER a 0 * :A"))


def test_a_token_needs_no_worker() -> None:
    """So a thousand clients that come back at once don't wait for bcrypt."""
    stage = Stage("alice")
    token = token_of(stage.member("alice"))
    stage.busy = True
    assert greeted(stage, token)
    assert stage.jobs == []


def test_only_the_digest_is_stored() -> None:
    """And the token is in no audit either."""
    stage = Stage("alice")
    token = token_of(stage.member("alice"))
    [event] = [e for e in stage.stored if isinstance(e, TokenCreated)]
    assert (event.digest, event.name) == (token_digest(token), "laptop")
    assert token not in f"{stage.stored} {stage.audits}"


def test_a_token_is_no_key_to_more_tokens() -> None:
    """Who finds one can be shut out by revoking it."""
    stage = Stage("alice")
    token = token_of(stage.member("alice"))
    thief = stage.stranger()
    thief.logs_in("alice", password=token)
    thief.hears()
    for line in ("TOKEN CREATE more", "TOTP ENROLL", "PASSWD :quite another password"):
        assert params(thief.says(line))[1] == "REAUTHENTICATE"


def test_credentials_are_changed_soon_after_the_password_was_shown() -> None:
    """Not by who finds the screen unattended."""
    stage = Stage("alice", ping_seconds=1e9, dead_seconds=1e9)
    alice = stage.member("alice")
    stage.passes(FRESH_SECONDS)
    token_of(alice)
    stage.passes(1)
    for line in ("TOKEN CREATE more", "TOTP ENROLL", "PASSWD :quite another password"):
        assert params(alice.says(line))[1] == "REAUTHENTICATE"
    assert params(alice.says("TOKEN REVOKE laptop"))[1] == "REVOKED"


def test_who_has_just_registered_may_have_a_token() -> None:
    """The password was shown."""
    stage = Stage(registration="open")
    person = stage.stranger()
    person.says("CAP LS", "NICK carol", "USER c 0 * :C", "REGISTER * * pw", "CAP END")
    assert person.session.state is State.READY
    token_of(person)


@pytest.mark.parametrize("name", ["", "x" * 33, ":", "a\x01b"])
def test_a_token_has_a_name(name: str) -> None:
    """One printable word."""
    refused = only(Stage("alice").member("alice").says(f"TOKEN CREATE {name}"))
    assert (refused.command, refused.params[1]) == ("FAIL", "INVALID_NAME")


def test_names_are_unique_within_an_account() -> None:
    """Another account may use the same."""
    stage = Stage("alice", "bob")
    alice = stage.member("alice")
    token_of(alice)
    assert params(alice.says("TOKEN CREATE laptop")) == ["TOKEN", "NAME_TAKEN", "laptop"]
    token_of(stage.member("bob"))


def test_there_is_a_limit() -> None:
    """And after revoking one there is room again."""
    alice = Stage("alice").member("alice")
    for number in range(MAX_TOKENS):
        token_of(alice, f"device{number}")
    assert params(alice.says("TOKEN CREATE more")) == ["TOKEN", "TOO_MANY"]
    alice.says("TOKEN REVOKE device3")
    token_of(alice, "more")


def test_the_list_tells_when_each_was_used() -> None:
    """In the order in which they were made; only one's own."""
    stage = Stage("alice", "bob")
    alice = stage.member("alice")
    token = token_of(alice, "laptop")
    stage.passes(5)
    token_of(alice, "phone")
    token_of(stage.member("bob"), "bobs")
    stage.passes(60)
    greeted(stage, token)
    first, second, end = [only([line]).params for line in alice.says("TOKEN LIST")]
    assert first[:-1] == [
        *("TOKEN", "ENTRY", "laptop", "2023-11-14T22:13:20Z", "2023-11-14T22:14:25Z")
    ]
    assert second[:-1] == ["TOKEN", "ENTRY", "phone", "2023-11-14T22:13:25Z", "*"]
    assert end[:-1] == ["TOKEN", "END", "2"]


def test_the_last_use_is_stored_within_a_second() -> None:
    """Once, however often it was."""
    stage = Stage("alice")
    token = token_of(stage.member("alice"))
    greeted(stage, token)
    greeted(stage, token)
    stage.passes(1)
    used = [event for event in stage.stored if isinstance(event, TokenUsed)]
    assert used == [TokenUsed(stage.now_ms - 1000, token_digest(token))]


def test_revoking_ends_what_it_let_in() -> None:
    """At once; other sessions go on."""
    stage = Stage("alice")
    alice = stage.member("alice")
    token = token_of(alice)
    device = stage.stranger()
    device.logs_in("alice", password=token)
    device.hears()
    half = stage.stranger()
    half.says("CAP LS", "AUTHENTICATE PLAIN", f"AUTHENTICATE {plain('alice', token)}")
    half.hears()
    assert params(alice.says("TOKEN REVOKE laptop")) == ["TOKEN", "REVOKED", "laptop"]
    assert codes(device.hears()) == ["ERROR"]
    assert codes(half.hears()) == ["ERROR"]
    assert alice.session.state is State.READY
    assert not greeted(stage, token)
    assert params(alice.says("TOKEN REVOKE laptop")) == ["TOKEN", "NO_SUCH_TOKEN", "laptop"]


def test_a_device_may_revoke_its_own_token() -> None:
    """It hears that it is done, and then goes: that is logging out."""
    stage = Stage("alice")
    token = token_of(stage.member("alice"))
    device = stage.stranger()
    device.logs_in("alice", password=token)
    device.hears()
    assert codes(device.says("TOKEN REVOKE laptop")) == ["NOTE", "ERROR"]


def test_another_s_token_is_out_of_reach() -> None:
    """Its name means nothing to others."""
    stage = Stage("alice", "bob")
    token = token_of(stage.member("alice"))
    bob = stage.member("bob")
    assert params(bob.says("TOKEN REVOKE laptop")) == ["TOKEN", "NO_SUCH_TOKEN", "laptop"]
    assert params(bob.says("TOKEN LIST")) == ["TOKEN", "END", "0"]
    assert greeted(stage, token)


def test_a_disabled_account_s_tokens_let_nobody_in() -> None:
    """They work again when it is enabled."""
    stage = Stage("alice")
    token = token_of(stage.member("alice"))
    stage.account("alice").disabled = True
    assert not greeted(stage, token)
    stage.account("alice").disabled = False
    assert greeted(stage, token)


def test_what_is_not_stored_is_no_token() -> None:
    """Nobody is told of one."""
    stage = Stage("alice")
    alice = stage.member("alice")
    stage.full = True
    heard = alice.says("TOKEN CREATE laptop")
    assert (codes(heard), stage.model.tokens) == (["400"], {})
    assert NOT_STORED in heard[0]


@pytest.mark.parametrize("command", ["TOKEN", "TOTP"])
def test_an_unknown_subcommand_is_told_what_there_is(command: str) -> None:
    """By name."""
    refused = only(Stage("alice").member("alice").says(f"{command} dance"))
    assert refused.params[:2] == [command, "UNKNOWN_SUBCOMMAND"]
    assert "RE" in refused.params[2]


# The second factor


def test_a_second_factor_is_asked_for() -> None:
    """The password alone is told so; with a code behind it, it lets in."""
    stage = Stage("alice")
    secret, _ = protected(stage)
    person = stage.stranger()
    person.says("CAP LS", "NICK alice", "USER a 0 * :A", "AUTHENTICATE PLAIN")
    asked, refused = [only([x]) for x in person.says(f"AUTHENTICATE {plain('alice')}")]
    assert (asked.command, asked.params[:2]) == ("FAIL", ["AUTHENTICATE", "CODE_REQUIRED"])
    assert refused.command == "904"
    person.says("AUTHENTICATE PLAIN")
    right = plain("alice", RIGHT + code(stage, secret))
    assert codes(person.says(f"AUTHENTICATE {right}")) == ["900", "903"]
    assert "001" in codes(person.says("CAP END"))


def test_by_pass_too() -> None:
    """As old clients send it."""
    stage = Stage("alice")
    secret, _ = protected(stage)
    person = stage.stranger()
    heard = person.says(f"PASS alice:{RIGHT}", "NICK alice", "USER a 0 * :A")
    assert codes(heard)[:2] == ["FAIL", "464"]
    now = code(stage, secret)
    heard = stage.stranger().says(f"PASS alice:{RIGHT}{now}", "NICK alice", "USER a 0 * :A")
    assert "001" in codes(heard)


def test_a_code_lets_in_once() -> None:
    """Whoever looked over the shoulder is too late, on any connection."""
    stage = Stage("alice")
    secret, _ = protected(stage)
    now = code(stage, secret)
    assert greeted(stage, RIGHT + now)
    assert not greeted(stage, RIGHT + now)
    stage.passes(30)
    assert not greeted(stage, RIGHT + now)
    assert greeted(stage, RIGHT + code(stage, secret))


def test_two_at_once_with_one_code_are_one() -> None:
    """Both passwords are checked before either answer is looked at."""
    stage = Stage("alice")
    secret, _ = protected(stage)
    stage.busy = True
    people = [stage.stranger() for _ in range(2)]
    for person in people:
        person.logs_in("alice", password=RIGHT + code(stage, secret))
    with stage.turn() as turn:
        for job in stage.jobs[:]:
            stage.jobs.remove(job)
            stage.rules.answered(turn, stage.do(job))
    stage.work()
    assert sorted("001" in codes(person.hears()) for person in people) == [False, True]


def test_a_code_that_can_t_be_stored_as_used_lets_nobody_in() -> None:
    """It might be used again after a crash; the connection may try again."""
    stage = Stage("alice")
    secret, _ = protected(stage)
    stage.full = True
    person = stage.stranger()
    heard = person.logs_in("alice", password=RIGHT + code(stage, secret))
    assert "001" not in codes(heard)
    assert person.session.state is State.CONNECTED
    assert stage.account("alice").sessions == []
    stage.full = False
    assert greeted(stage, RIGHT + code(stage, secret))


def test_a_code_needs_its_password() -> None:
    """And is not used up by a wrong one."""
    stage = Stage("alice")
    secret, _ = protected(stage)
    assert not greeted(stage, "wrong" + code(stage, secret))
    assert not greeted(stage, code(stage, secret))
    assert greeted(stage, RIGHT + code(stage, secret))


def test_who_has_no_second_factor_needs_no_code() -> None:
    """And a password with one behind it is another password."""
    stage = Stage("alice")
    assert not greeted(stage, RIGHT + "123456")
    assert greeted(stage, RIGHT)


def test_a_recovery_code_stands_in_once() -> None:
    """Each of the ten."""
    stage = Stage("alice")
    _, recovery = protected(stage)
    assert len(recovery) == 10
    for number, spare in enumerate(recovery):
        stage.passes(600)
        assert greeted(stage, RIGHT + spare), number
        assert not greeted(stage, RIGHT + spare)
    assert len([e for e in stage.stored if isinstance(e, RecoveryCodeUsed)]) == 10


def test_codes_can_t_be_guessed_by_who_has_the_password() -> None:
    """After ten wrong ones no code is looked at for a while; a device token still lets in."""
    stage = Stage("alice", max_login_failures=99)
    token = token_of(stage.member("alice"))
    secret, _ = protected(stage)
    for number in range(10):
        stage.stranger(address=f"203.0.113.{number}").logs_in("alice", password=f"{RIGHT}000000")
        stage.passes(20)
    assert not greeted(stage, RIGHT + code(stage, secret), address="198.51.100.1")
    assert greeted(stage, token, address="198.51.100.1")
    stage.passes(400)
    assert greeted(stage, RIGHT + code(stage, secret), address="198.51.100.1")


def test_enrolling_needs_the_code_of_now() -> None:
    """A wrong one can be tried again; nothing is on before."""
    stage = Stage("alice")
    alice = stage.member("alice")
    assert params(alice.says("TOTP CONFIRM 123456")) == ["TOTP", "NOT_ENROLLING"]
    secret = secret_of(alice)
    assert params(alice.says("TOTP CONFIRM 000000")) == ["TOTP", "WRONG_CODE"]
    assert params(alice.says("TOTP CONFIRM")) == ["TOTP", "WRONG_CODE"]
    assert greeted(stage, RIGHT)
    assert codes(alice.says(f"TOTP CONFIRM {code(stage, secret)}")) == ["NOTE", "NOTE"]
    assert params(alice.says("TOTP ENROLL")) == ["TOTP", "ALREADY_ENABLED"]
    assert params(alice.says("TOTP CONFIRM 1")) == ["TOTP", "ALREADY_ENABLED"]


def test_enrolling_gives_what_an_authenticator_needs() -> None:
    """The URI holds the same secret."""
    stage = Stage("alice", network="ourchat")
    noted: Message = only(stage.member("alice").says("TOTP ENROLL"))
    assert noted.params[:2] == ["TOTP", "SECRET"]
    assert noted.params[3].startswith("otpauth://totp/ourchat:alice?")
    assert f"secret={noted.params[2]}" in noted.params[3]


def test_the_secret_is_stored_sealed() -> None:
    """And recovery codes as digests; none of them is in the audit."""
    stage = Stage("alice")
    secret, recovery = protected(stage)
    kept = f"{stage.stored} {stage.audits}"
    for hidden in (totp.base32(secret), repr(secret)[2:-1], secret.hex(), *recovery):
        assert hidden not in kept


def test_turning_it_off_needs_a_code() -> None:
    """Then the password is enough again, and the recovery codes are nothing."""
    stage = Stage("alice")
    secret, recovery = protected(stage)
    alice = stage.stranger()
    alice.logs_in("alice", password=RIGHT + code(stage, secret))
    alice.hears()
    assert params(alice.says("TOTP REMOVE 000000")) == ["TOTP", "WRONG_CODE"]
    assert params(alice.says(f"TOTP REMOVE {code(stage, secret)}")) == ["TOTP", "WRONG_CODE"]
    stage.passes(30)
    assert params(alice.says(f"TOTP REMOVE {code(stage, secret)}")) == ["TOTP", "REMOVED"]
    assert greeted(stage, RIGHT)
    assert not greeted(stage, RIGHT + recovery[0])
    assert params(alice.says("TOTP REMOVE 000000")) == ["TOTP", "NOT_ENABLED"]


def test_recovery_codes_are_renewed_all_together() -> None:
    """With one of the old ones, too; then the others end."""
    stage = Stage("alice")
    secret, old = protected(stage)
    alice = stage.stranger()
    alice.logs_in("alice", password=RIGHT + code(stage, secret))
    alice.hears()
    noted = only(alice.says(f"TOTP RECOVERY {old[0]}"))
    assert (noted.params[:2], len(noted.params)) == (["TOTP", "RECOVERY"], 13)
    assert not greeted(stage, RIGHT + old[1])
    assert greeted(stage, RIGHT + noted.params[2])


def test_a_restart_in_the_middle_begins_again() -> None:
    """A secret that isn't confirmed belongs to its session."""
    stage = Stage("alice")
    secret = secret_of(stage.member("alice"))
    other = stage.member("alice")
    assert params(other.says(f"TOTP CONFIRM {code(stage, secret)}")) == ["TOTP", "NOT_ENROLLING"]


# The password


def test_a_new_password_is_hashed_by_a_worker() -> None:
    """And stored as its hash."""
    stage = Stage("alice")
    alice = stage.member("alice")
    heard = alice.says("PASSWD :quite another password")
    assert params(heard) == ["PASSWD", "CHANGED"]
    assert stage.stored[-1] == PasswordChanged("a hash", stage.account("alice").id, OLD_HASH)


def test_it_ends_everything_that_the_old_one_let_in() -> None:
    """Other sessions, logins under way, whose password was the old one, and tokens; not the one
    that changed it.
    """
    stage = Stage("alice")
    alice = stage.member("alice")
    token = token_of(alice)
    other = stage.member("alice")
    stage.busy = True
    late = stage.stranger()
    late.logs_in("alice")
    old = stage.do(stage.jobs.pop())
    alice.says("PASSWD :quite another password")
    stage.work()
    stage.answer(old)
    assert params(alice.hears()) == ["PASSWD", "CHANGED"]
    assert codes(other.hears()) == ["ERROR"]
    assert codes(late.hears()) == ["904", "FAIL", "ERROR"]
    assert alice.session.state is State.READY
    stage.busy = False
    assert not greeted(stage, token)


def test_a_weak_one_is_refused() -> None:
    """With the reason, and nothing changes."""
    stage = Stage("alice")
    alice, other = stage.member("alice"), stage.member("alice")
    refused = only(alice.says(f"PASSWD {WEAK}"))
    assert refused.params == ["PASSWD", "WEAK_PASSWORD", "Too weak"]
    assert other.session.state is State.READY
    assert not [event for event in stage.stored if isinstance(event, PasswordChanged)]


def test_one_change_at_a_time() -> None:
    """The second waits for the first one's answer; talk goes on meanwhile."""
    stage = Stage("alice")
    alice = stage.member("alice")
    stage.busy = True
    alice.says("PASSWD :quite another password")
    assert params(alice.says("PASSWD :and another")) == ["PASSWD", "TEMPORARILY_UNAVAILABLE"]
    assert codes(alice.says("PING x")) == ["PONG"]
    stage.fail_job()
    assert params(alice.hears()) == ["PASSWD", "TEMPORARILY_UNAVAILABLE"]
    alice.says("PASSWD :quite another password")
    stage.work()
    assert params(alice.hears()) == ["PASSWD", "CHANGED"]


def test_a_password_that_is_not_stored_is_not_changed() -> None:
    """And the tokens stay."""
    stage = Stage("alice")
    alice = stage.member("alice")
    token = token_of(alice)
    stage.full = True
    assert codes(alice.says("PASSWD :quite another password")) == ["400"]
    stage.full = False
    assert greeted(stage, token)


# What is told of it


def test_all_of_it_is_audited() -> None:
    """Who, from where, what."""
    stage = Stage("alice")
    secret, _ = protected(stage)
    alice = stage.stranger(address="198.51.100.1")
    alice.logs_in("alice", password=RIGHT + code(stage, secret))
    alice.says("TOKEN CREATE laptop", "TOKEN REVOKE laptop")
    stage.passes(30)
    alice.says(f"TOTP RECOVERY {code(stage, secret)}")
    stage.passes(30)
    alice.says("TOTP REMOVE 000000")
    alice.says(f"TOTP REMOVE {code(stage, secret)}", "PASSWD :quite another password")
    found = [(a.event, json.loads(a.facts)) for a in stage.audits if a.address == "198.51.100.1"]
    assert found == [
        ("login", {"by": "password and code"}),
        ("token created", {"token": "laptop"}),
        ("token revoked", {"token": "laptop"}),
        ("recovery codes renewed", {}),
        ("second factor code", {}),
        ("second factor removed", {}),
        ("password changed", {}),
    ]
    assert {audited.account for audited in stage.audits} == {"alice"}
