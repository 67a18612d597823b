"""Where the password comes from."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from securechat.client.credentials import passwords
from securechat.client.exits import UsageError
from tests.client.keyboard import Keyboard


def file_with(path: Path, content: bytes, mode: int = 0o600) -> Path:
    path.write_bytes(content)
    path.chmod(mode)
    return path


def test_the_first_line_of_a_file(tmp_path: Path) -> None:
    """Spaces belong to the password, the line end does not."""
    assert passwords.from_file(file_with(tmp_path / "p", b" two words \r\nmore")) == " two words "
    assert passwords.from_file(file_with(tmp_path / "q", "пароль".encode())) == "пароль"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    """With the command that mends it."""
    path = file_with(tmp_path / "p", b"secret", mode)
    with pytest.raises(UsageError, match=f"chmod 600 {path}"):
        passwords.from_file(path)


@pytest.mark.parametrize("content", [b"", b"\nsecret", b"\xff\xfe", b"se\0cret", b"x" * 2000])
def test_a_file_without_a_usable_password(tmp_path: Path, content: bytes) -> None:
    """Is refused, and the text doesn't hold the content."""
    with pytest.raises(UsageError) as refused:
        passwords.from_file(file_with(tmp_path / "p", content))
    assert "secret" not in str(refused.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """Is told by its name."""
    with pytest.raises(UsageError, match="nowhere"):
        passwords.from_file(tmp_path / "nowhere")


def test_standard_input_is_read_to_its_first_line_end() -> None:
    """What follows stays there."""
    reading, writing = os.pipe()
    os.write(writing, b"secret\nhello\n")
    os.close(writing)
    assert passwords.from_stdin(reading) == "secret"
    assert os.read(reading, 100) == b"hello\n"
    with pytest.raises(UsageError, match="empty"):
        passwords.from_stdin(reading)
    os.close(reading)


def test_a_new_password_is_asked_for_until_both_are_the_same(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What is asked of it is told before."""
    person = Keyboard("one", "two", "three", "three")
    assert passwords.ask_new(person, "alice") == "three"
    assert person.silent
    said = capsys.readouterr().err
    assert said == f"{passwords.RULES}\nThe two are not the same; once more.\n"


def test_enter_alone_takes_the_passphrase_that_is_offered(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It stands in the prompt, which goes to the terminal, and in nothing that is said."""
    person = Keyboard("", "")
    taken = passwords.ask_new(person, "alice")
    prompt, written = person.questions
    assert written == "Enter, once you have written it down"
    assert prompt.startswith("Enter alone takes this one")
    assert f"  {taken}\nNew password for alice: " in prompt
    assert taken.count("-") == 4
    assert taken not in "".join(capsys.readouterr())


@pytest.mark.parametrize("password", ["a\0b", "a\nb", "a\rb", "\udcff", "x" * 1025])
def test_what_cannot_be_sent_is_refused(password: str) -> None:
    """Without showing it."""
    with pytest.raises(UsageError) as refused:
        passwords.checked(password)
    assert password not in str(refused.value)
