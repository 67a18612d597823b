"""How somebody gets in: LoginFlow, ask_code()."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest

from securechat.client.commands.login_flow import ATTEMPTS, LoggedIn, LoginFlow, ask_code
from securechat.client.credentials.keyrings import Keyring
from securechat.client.credentials.login_credentials import Sources
from securechat.client.credentials.tokens import StoredToken, TokenOwner, Tokens
from securechat.client.exits import ClientError, LoginError, UnreachableError
from securechat.client.person import Nobody
from securechat.client.session.identity import Address, Login
from tests.client.keyboard import Keyboard
from tests.client.scripted import TOKEN

ALICE = TokenOwner(Address("chat.example"), "system", "alice")
ACCEPTED = cast(LoggedIn, object())
WRONG = LoginError("wrong account or password", "password")
NEEDS_CODE = LoginError("a code is needed", "code")


class Door:
    """Attempts to log in are answered in this order: None lets in, an error doesn't."""

    def __init__(self, *answers: ClientError | None) -> None:
        self._answers = list(answers)
        self.tried: list[str] = []

    def __call__(self, login: Login) -> LoggedIn:
        self.tried.append(f"{login.password}{login.code}")
        answer = self._answers.pop(0)
        if answer is not None:
            raise answer
        return ACCEPTED


@pytest.fixture
def tokens(tmp_path: Path) -> Tokens:
    return Tokens(tmp_path / "tokens", Keyring(lambda: None, lambda: None), print)


def entry(
    door: Callable[[Login], LoggedIn], keyboard: Keyboard, tokens: Tokens | None
) -> LoginFlow:
    return LoginFlow(ALICE, Sources(), keyboard, tokens, door)


def test_a_remembered_device_is_asked_nothing(tokens: Tokens) -> None:
    """Its token is enough."""
    tokens.save(ALICE, StoredToken("laptop", TOKEN))
    door = Door(None)
    assert entry(door, Keyboard(), tokens).enter() is ACCEPTED
    assert door.tried == [TOKEN]


def test_a_token_is_not_used_where_the_password_is_wanted(tokens: Tokens) -> None:
    """And stays."""
    tokens.save(ALICE, StoredToken("laptop", TOKEN))
    door = Door(None)
    entry(door, Keyboard("secret"), None).enter()
    assert door.tried == ["secret"]
    assert tokens.find(ALICE) is not None


def test_a_token_that_is_refused_is_dropped(
    tokens: Tokens, capsys: pytest.CaptureFixture[str]
) -> None:
    """The person is told, and asked for the password."""
    tokens.save(ALICE, StoredToken("laptop", TOKEN))
    door, keyboard = Door(WRONG, None), Keyboard("secret")
    assert entry(door, keyboard, tokens).enter() is ACCEPTED
    assert door.tried == [TOKEN, "secret"]
    assert tokens.find(ALICE) is None
    said = capsys.readouterr().err
    assert said == (
        "The server no longer knows this device, laptop: log in with the password once more.\n"
    )


@pytest.mark.parametrize(
    "trouble", [UnreachableError("connection refused"), LoginError("no SASL PLAIN here")]
)
def test_other_trouble_costs_no_token(tokens: Tokens, trouble: ClientError) -> None:
    """A server that is away, or can't log anybody in, says nothing about the token."""
    tokens.save(ALICE, StoredToken("laptop", TOKEN))
    with pytest.raises(type(trouble)):
        entry(Door(trouble), Keyboard(), tokens).enter()
    assert tokens.find(ALICE) is not None


def test_three_wrong_passwords_are_enough() -> None:
    """The last refusal is the error."""
    door = Door(*[WRONG] * ATTEMPTS)
    with pytest.raises(LoginError, match="wrong account"):
        entry(door, Keyboard("a", "b", "c"), None).enter()
    assert door.tried == ["a", "b", "c"]


def test_a_code_is_asked_for_when_the_server_wants_one() -> None:
    """The password is asked for once, and the code follows it directly."""
    door, keyboard = Door(NEEDS_CODE, None), Keyboard("correct horse", "123456")
    assert entry(door, keyboard, None).enter() is ACCEPTED
    assert door.tried == ["correct horse", "correct horse123456"]
    assert keyboard.questions == [
        "Password of alice at chat.example:6697: ",
        "Code of your authenticator (or a recovery code): ",
    ]


def test_who_begins_a_second_factor_is_asked_for_its_first_code() -> None:
    """There are no recovery codes yet, so none is spoken of."""
    door = Door(LoginError("it has to be begun", "factor", ("MCB6VXA4" * 4, "")), None)
    keyboard = Keyboard("correct horse", "123456")
    assert entry(door, keyboard, None).enter() is ACCEPTED
    assert keyboard.questions[1:] == ["The code that it shows now: "]


def test_a_wrong_code_is_asked_for_again(capsys: pytest.CaptureFixture[str]) -> None:
    """Up to three times, the password kept; also after a wrong password came first."""
    door = Door(WRONG, NEEDS_CODE, WRONG, WRONG, None)
    keyboard = Keyboard("typo", "secret", "111111", "222222", "333333")
    assert entry(door, keyboard, None).enter() is ACCEPTED
    assert door.tried == ["typo", "secret", "secret111111", "secret222222", "secret333333"]
    assert capsys.readouterr().err.count("refused: the code was not accepted") == 2


def test_three_wrong_codes_are_enough() -> None:
    """Whatever the server says of them."""
    door = Door(NEEDS_CODE, WRONG, NEEDS_CODE, WRONG)
    with pytest.raises(LoginError, match="the code was not accepted"):
        entry(door, Keyboard("secret", "111111", "222222", "333333"), None).enter()
    assert len(door.tried) == 4


def test_a_connection_that_is_lost_while_a_code_is_tried() -> None:
    """Is no wrong code."""
    door = Door(NEEDS_CODE, UnreachableError("connection reset"))
    with pytest.raises(UnreachableError, match="reset"):
        entry(door, Keyboard("secret", "111111"), None).enter()


def test_a_script_is_told_to_use_a_token(tmp_path: Path) -> None:
    """As it can't give a code; it isn't tried again either."""
    file = tmp_path / "password"
    file.write_text("secret\n")
    file.chmod(0o600)
    door = Door(NEEDS_CODE)
    with pytest.raises(LoginError, match="securechat token create NAME"):
        LoginFlow(ALICE, Sources(password_file=file), Nobody(), None, door).enter()
    assert door.tried == ["secret"]


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("123456", "123456"),
        (" 123 456 ", "123456"),
        ("abcde-23456", "abcde-23456"),
        ("ABCDE 23456", "abcde-23456"),
    ],
)
def test_codes_as_people_type_them(typed: str, code: str) -> None:
    """With spaces and capitals, as they stand on the screen or on paper."""
    assert ask_code(Keyboard(typed)) == code


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "abcde-1890o", "１２３４５６", "pass"])
def test_what_can_be_no_code_is_not_sent(typed: str, capsys: pytest.CaptureFixture[str]) -> None:
    """It is asked for again, and not shown."""
    assert ask_code(Keyboard(typed, "123456")) == "123456"
    said = capsys.readouterr().err
    assert said == "Expected six digits, or a recovery code such as abcde-23456.\n"
