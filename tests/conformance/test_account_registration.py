"""https://ircv3.net/specs/extensions/account-registration (a draft)"""

from __future__ import annotations

import pytest

from securechat.core.presence import welcome
from securechat.core.settings import RegistrationMode
from tests.support.client import Client, batched, codes, of, only
from tests.support.rules import WEAK, RulesUnderTest, plain

CAPABILITY = "draft/account-registration"


def greeted(rules: RulesUnderTest, nick: str = "tester") -> Client:
    """Somebody who has not logged in, as in the section "`before-connect`"."""
    person = rules.connect()
    person.says("CAP LS 302", f"NICK {nick}", f"USER {nick} * * :Tester", f"CAP REQ {CAPABILITY}")
    return person


def refused(lines: list[str], *context: str) -> str:
    """The code of the one FAIL REGISTER, which has the account behind it."""
    message = only(lines)
    assert message.command == "FAIL"
    command, code, *params, text = message.params
    assert (command, params, bool(text)) == ("REGISTER", list(context), True)
    return code


@pytest.fixture
def rules() -> RulesUnderTest:
    return RulesUnderTest("alice", registration="open")


@pytest.mark.parametrize("registration", ["open", "invite"])
def test_the_value(registration: RegistrationMode) -> None:
    """Section "Capability": `before-connect`; no `custom-account-name`, as the nick is the name of
    the account, and no `email-required`, as nobody's address is wanted.
    """
    heard = " ".join(RulesUnderTest(registration=registration).connect().says("CAP LS 302"))
    # The second is a word of our own.
    assert f"{CAPABILITY}=before-connect,securechat/min-password=15" in heard.split()


def test_where_nobody_may_register() -> None:
    """Section "Capability": its presence says "that the server accepts the REGISTER command"."""
    person = RulesUnderTest(registration="closed").connect()
    assert CAPABILITY not in " ".join(person.says("CAP LS 302"))
    person.says("NICK tester")
    assert refused(person.says("REGISTER * * hunter2"), "tester") == "TEMPORARILY_UNAVAILABLE"


def test_the_token(rules: RulesUnderTest) -> None:
    """Section "ISUPPORT token"; and FAIL * ACCOUNT_REQUIRED at the end of the registration."""
    with rules.turn() as turn:
        assert "draft/ACCOUNTREQUIRED" in welcome.isupport(turn.settings)
    failed = only(greeted(rules).says("CAP END"))
    assert (failed.command, failed.params[:2]) == ("FAIL", ["*", "ACCOUNT_REQUIRED"])


@pytest.mark.parametrize("account", ["*", "Tester", "tester", "TESTER"])
def test_before_the_connection_is_complete(rules: RulesUnderTest, account: str) -> None:
    """Section "Responses": SUCCESS with the account, then one is logged in "as if it used SASL";
    "Commands": `*` is the current nick.
    """
    person = greeted(rules, "Tester")
    done, logged_in = person.says(f"REGISTER {account} * hunter2")
    assert done.startswith(":chat.test REGISTER SUCCESS Tester :")
    assert of([logged_in], "900")[0].params[2] == "Tester"
    assert codes(person.says("CAP END"))[0] == "001"


def test_after_a_refused_end_of_the_registration(rules: RulesUnderTest) -> None:
    """Section "Commands": "at any point during the connection that the client has a nickname"."""
    person = greeted(rules)
    person.says("CAP END")
    assert codes(person.says("REGISTER * * hunter2"))[:2] == ["REGISTER", "900"]
    assert person.session.login is None


def test_the_invite_stands_in_the_place_of_the_address() -> None:
    """Section "Responses": INVALID_EMAIL where it is none. A client without `email-required` may
    send `*`, and is told what is wanted.
    """
    rules = RulesUnderTest(registration="invite")
    rules.invite("code")
    person = greeted(rules)
    for wrong in ("*", "tester@example.org"):
        assert refused(person.says(f"REGISTER * {wrong} hunter2"), "tester") == "INVALID_EMAIL"
    assert codes(person.says("REGISTER * code hunter2")) == ["REGISTER", "900"]


@pytest.mark.parametrize(
    ("nick", "line", "code", "account"),
    [
        ("alice", "REGISTER * * hunter2", "ACCOUNT_EXISTS", "alice"),
        ("Alice", "REGISTER alice * hunter2", "ACCOUNT_EXISTS", "Alice"),
        ("a1ice", "REGISTER * * hunter2", "BAD_ACCOUNT_NAME", "a1ice"),
        ("admin", "REGISTER * * hunter2", "BAD_ACCOUNT_NAME", "admin"),
        ("tester", "REGISTER other * hunter2", "ACCOUNT_NAME_MUST_BE_NICK", "other"),
        ("tester", f"REGISTER * * {WEAK}", "WEAK_PASSWORD", "tester"),
    ],
)
def test_what_is_refused(
    rules: RulesUnderTest, nick: str, line: str, code: str, account: str
) -> None:
    """Section "Responses"; the client may try again."""
    person = greeted(rules, nick)
    assert refused(person.says(line), account) == code
    assert codes(person.says("NICK another", "REGISTER * * hunter2")) == ["REGISTER", "900"]


@pytest.mark.parametrize(
    ("code", "nick", "answer"),
    [
        ("GOODCODE", "tester", "UNACCEPTABLE_PASSWORD"),
        ("BADCODE1", "tester", "INVALID_EMAIL"),
        ("BADCODE1", "alice", "INVALID_EMAIL"),
        ("GOODCODE", "alice", "ACCOUNT_EXISTS"),
        ("GOODCODE", "admin", "BAD_ACCOUNT_NAME"),
    ],
)
def test_an_empty_password_asks_what_else_is_wrong(code: str, nick: str, answer: str) -> None:
    """As our client does before anybody thinks of a password. Without an invite nothing is learned
    of names, and none is used up.
    """
    rules = RulesUnderTest("alice", registration="invite")
    rules.invite("GOODCODE")
    person = greeted(rules, nick)
    assert refused(person.says(f"REGISTER * {code} :"), nick) == answer


def test_without_a_nick(rules: RulesUnderTest) -> None:
    """Section "Responses": NEED_NICK; never ACCOUNT_EXISTS before it is known."""
    person = rules.connect()
    for account in ("*", "alice"):
        assert refused(person.says(f"REGISTER {account} * hunter2"), "*") == "NEED_NICK"


@pytest.mark.parametrize("account", ["*", "alice", "other"])
def test_who_is_authenticated(rules: RulesUnderTest, account: str) -> None:
    """Section "Responses": ALREADY_AUTHENTICATED, before the welcome and after it."""
    person = greeted(rules, "alice")
    person.says("AUTHENTICATE PLAIN", f"AUTHENTICATE {plain('alice')}")
    named = "alice" if account == "*" else account
    for _ in range(2):
        heard = person.says(f"REGISTER {account} * hunter2")
        assert refused(heard, named) == "ALREADY_AUTHENTICATED"
        person.says("CAP END")


def test_when_it_cannot_be_done_now(rules: RulesUnderTest) -> None:
    """Section "Responses": TEMPORARILY_UNAVAILABLE."""
    rules.busy = True
    person = greeted(rules)
    person.says("REGISTER * * hunter2")
    rules.fail_job()
    assert refused(person.hears(), "tester") == "TEMPORARILY_UNAVAILABLE"


def test_parameters_are_missing(rules: RulesUnderTest) -> None:
    """Section "Commands": an account, an address or `*`, and a password."""
    assert codes(greeted(rules).says("REGISTER * *", "REGISTER")) == ["461", "461"]


def test_the_password_may_have_spaces(rules: RulesUnderTest) -> None:
    """Section "Commands": it is the last parameter, and may be trailing; without its colon it would
    be cut, and is refused.
    """
    person = greeted(rules)
    assert codes(person.says("REGISTER * * correct horse battery")) == ["461"]
    assert codes(person.says("REGISTER * * :correct horse battery")) == ["REGISTER", "900"]


def test_its_answer_has_the_label(rules: RulesUnderTest) -> None:
    """labeled-response: also where a worker had to be asked."""
    rules.busy = True
    person = greeted(rules)
    person.says("CAP REQ :batch labeled-response")
    assert person.says(f"@label=1 REGISTER * * {WEAK}") == []
    rules.work()
    assert only(person.hears()).tags == {"label": "1"}
    assert person.says("@label=2 REGISTER * * hunter2") == []
    rules.work()
    heard = person.hears()
    assert of(heard, "BATCH")[0].tags == {"label": "2"}
    assert [line.command for line in batched(heard, "labeled-response")] == ["REGISTER", "900"]


def test_nothing_is_to_be_verified(rules: RulesUnderTest) -> None:
    """Section "Commands": VERIFY follows a VERIFICATION_REQUIRED, which is never said here."""
    person = greeted(rules, "alice")
    person.logs_in("alice")
    person.hears()
    assert codes(person.says("VERIFY alice code")) == ["421"]
