"""REGISTER."""

from __future__ import annotations

import pytest

from securechat.core.journal.events.accounts import AccountCreated, InviteUsed
from securechat.core.model.states import State
from tests.support.client import SERVER, Client, codes, only
from tests.support.rules import WEAK, RulesUnderTest


def greeted(rules: RulesUnderTest, nick: str = "alice", certificate: str | None = None) -> Client:
    """An unauthenticated connection that has said all but who it is."""
    person = rules.connect(certificate=certificate)
    person.says("CAP LS 302", f"NICK {nick}", f"USER {nick} 0 * :{nick.title()}")
    return person


def fail_code(lines: list[str]) -> str:
    """The code of the FAIL REGISTER that is all that was heard."""
    message = only(lines)
    assert (message.command, message.params[0]) == ("FAIL", "REGISTER")
    return message.params[1]


def test_an_invited_guest_registers() -> None:
    """SUCCESS and 900, CAP END brings the welcome, and the invite is used up."""
    rules = RulesUnderTest()
    rules.invite("s3cret")
    person = greeted(rules, "Carol")
    assert person.says("REGISTER * s3cret :a long password") == [
        f":{SERVER} REGISTER SUCCESS Carol :Account registered. Welcome!",
        f":{SERVER} 900 Carol Carol!Carol@{SERVER} Carol :You are now logged in as Carol",
    ]
    assert "001" in codes(person.says("CAP END"))
    assert [type(event) for event in rules.stored[:2]] == [InviteUsed, AccountCreated]
    assert not rules.account("carol").admin
    assert fail_code(greeted(rules, "dave").says("REGISTER * s3cret pw")) == "INVALID_EMAIL"


def test_the_account_may_be_named() -> None:
    """By the nick, exactly."""
    rules = RulesUnderTest(registration="open")
    person = greeted(rules, "carol")
    assert fail_code(person.says("REGISTER dave * pw")) == "ACCOUNT_NAME_MUST_BE_NICK"
    assert codes(person.says("REGISTER carol * pw")) == ["REGISTER", "900"]


def test_an_admin_invite_makes_an_administrator() -> None:
    """It is the first link of a new server."""
    rules = RulesUnderTest()
    rules.invite("first", admin=True)
    person = greeted(rules, "carol")
    person.says("REGISTER * first pw", "CAP END")
    assert rules.account("carol").admin
    assert rules.model.admins_online == 1


@pytest.mark.parametrize("code", ["*", "unknown", "expired", "used"])
def test_an_invite_that_is_none(code: str) -> None:
    """INVALID_EMAIL, as the code stands in the e-mail's place; nothing else is looked at."""
    rules = RulesUnderTest("alice")
    rules.invite("expired", days=-1)
    rules.invite("used", uses=0)
    for nick in ("alice", "carol"):
        assert fail_code(greeted(rules, nick).says(f"REGISTER * {code} pw")) == "INVALID_EMAIL"
    assert rules.jobs == []


def test_an_invite_ends_at_its_hour() -> None:
    """It is good until then."""
    rules = RulesUnderTest()
    rules.invite("code", days=1)
    rules.now_ms += 86_399_999
    assert codes(greeted(rules, "carol").says("REGISTER * code pw")) == ["REGISTER", "900"]
    rules.invite("other", days=0)
    assert fail_code(greeted(rules, "dave").says("REGISTER * other pw")) == "INVALID_EMAIL"


def test_an_invite_for_one_is_for_one() -> None:
    """Two who use it at once: the first gets in, the other is refused when its hash is there."""
    rules = RulesUnderTest()
    rules.invite("code")
    rules.busy = True
    carol, dave = greeted(rules, "carol"), greeted(rules, "dave")
    carol.says("REGISTER * code pw")
    dave.says("REGISTER * code pw")
    rules.work()
    assert codes(carol.hears()) == ["REGISTER", "900"]
    assert fail_code(dave.hears()) == "INVALID_EMAIL"
    assert dave.session.state is State.CONNECTED


def test_two_want_one_name() -> None:
    """The first gets it."""
    rules = RulesUnderTest(registration="open")
    rules.busy = True
    first, second = greeted(rules, "carol"), greeted(rules, "CAROL")
    first.says("REGISTER * * pw")
    second.says("REGISTER * * pw")
    rules.work()
    assert codes(first.hears()) == ["REGISTER", "900"]
    assert fail_code(second.hears()) == "ACCOUNT_EXISTS"


@pytest.mark.parametrize(
    ("nick", "code"),
    [
        ("alice", "ACCOUNT_EXISTS"),
        ("ALICE", "ACCOUNT_EXISTS"),
        ("a1ice", "BAD_ACCOUNT_NAME"),
        ("сор", "BAD_ACCOUNT_NAME"),
        ("admin", "BAD_ACCOUNT_NAME"),
        ("NickServ", "BAD_ACCOUNT_NAME"),
    ],
)
def test_names_that_can_not_be_had(nick: str, code: str) -> None:
    """Taken, looking like somebody's, or speaking for the server."""
    person = greeted(RulesUnderTest("alice", "cop", registration="open"), nick)
    message = only(person.says("REGISTER * * pw"))
    assert message.params[1:3] == [code, nick]


def test_other_scripts_are_welcome() -> None:
    """A Cyrillic name of its own."""
    person = greeted(RulesUnderTest(registration="open"), "Борис")
    assert codes(person.says("REGISTER * * pw")) == ["REGISTER", "900"]


def test_a_weak_password() -> None:
    """The worker says so, with the reason; another one may follow."""
    person = greeted(RulesUnderTest(registration="open"), "carol")
    message = only(person.says(f"REGISTER * * {WEAK}"))
    assert message.params[1:] == ["WEAK_PASSWORD", "carol", "Too weak"]
    assert codes(person.says("REGISTER * * better")) == ["REGISTER", "900"]


def test_registration_is_closed() -> None:
    """Even with an invite."""
    rules = RulesUnderTest(registration="closed")
    rules.invite("code")
    for code in ("*", "code"):
        found = fail_code(greeted(rules, "carol").says(f"REGISTER * {code} pw"))
        assert found == "TEMPORARILY_UNAVAILABLE"


def test_open_registration_takes_invites_too() -> None:
    """An administrator's link works there; a wrong code is not taken for none."""
    rules = RulesUnderTest(registration="open")
    rules.invite("code", admin=True)
    assert fail_code(greeted(rules, "dave").says("REGISTER * wrong pw")) == "INVALID_EMAIL"
    greeted(rules, "carol").says("REGISTER * code pw")
    assert rules.account("carol").admin


def test_register_needs_a_nick() -> None:
    """NEED_NICK."""
    person = RulesUnderTest(registration="open").connect()
    assert fail_code(person.says("REGISTER * * pw")) == "NEED_NICK"


def test_register_once() -> None:
    """ALREADY_AUTHENTICATED, before the welcome and after it."""
    rules = RulesUnderTest("alice", registration="open")
    person = greeted(rules, "carol")
    person.says("REGISTER * * pw")
    assert fail_code(person.says("REGISTER * * pw")) == "ALREADY_AUTHENTICATED"
    person.says("CAP END")
    assert fail_code(person.says("REGISTER * * pw")) == "ALREADY_AUTHENTICATED"


def test_register_beside_sasl() -> None:
    """One after the other."""
    person = greeted(RulesUnderTest(registration="open"), "carol")
    person.says("AUTHENTICATE PLAIN")
    assert fail_code(person.says("REGISTER * * pw")) == "TEMPORARILY_UNAVAILABLE"


def test_register_when_the_worker_fails() -> None:
    """REGISTER is answered, not SASL, and may be said again."""
    rules = RulesUnderTest(registration="open")
    rules.busy = True
    person = greeted(rules, "carol")
    person.says("REGISTER * * pw")
    rules.fail_job()
    assert fail_code(person.hears()) == "TEMPORARILY_UNAVAILABLE"
    rules.busy = False
    assert codes(person.says("REGISTER * * pw")) == ["REGISTER", "900"]


def test_register_needs_its_parameters() -> None:
    """461."""
    assert codes(greeted(RulesUnderTest(), "carol").says("REGISTER * *")) == ["461"]


def test_guessing_invites_ends() -> None:
    """Nine wrong ones and the connection is closed."""
    person = greeted(RulesUnderTest(), "carol")
    heard = person.says(*(f"REGISTER * guess{n} pw" for n in range(20)))
    assert codes(heard) == ["FAIL"] * 9 + ["ERROR"]
