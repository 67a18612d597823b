"""How the person at the terminal is told and asked: TerminalPerson, Nobody."""

from __future__ import annotations

import io
import sys

import pytest

from securechat.client import person
from securechat.client.exits import UsageError
from securechat.client.person import Nobody, TerminalPerson
from tests.client.keyboard import Keyboard


class Terminal(io.StringIO):
    """Standard input that is a terminal, at which something has been typed."""

    def isatty(self) -> bool:
        return True


def test_what_is_told_and_shown_drives_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """What a server has said may be in it; the lines are ours."""
    TerminalPerson().tell("one\x1b[2J\ntwo")
    TerminalPerson().show("three\x1b]0;x\x07")
    out, err = capsys.readouterr()
    assert err == "one^[[2J\ntwo\n"
    assert out == "three^[]0;x^G\n"


def test_a_question_drives_no_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It names servers and accounts. It goes to standard error: the output may be a program's."""
    monkeypatch.setattr(sys, "stdin", Terminal(" bob \n"))
    assert TerminalPerson().ask("Account at \x1b]0;x", "there is nobody") == "bob"
    out, err = capsys.readouterr()
    assert "Account at ^[]0;x: " in err + out
    assert "\x1b" not in err + out


@pytest.mark.parametrize(("typed", "agreed"), [("yes", True), ("YES ", True), ("y", False)])
def test_only_the_whole_word_is_a_yes(
    monkeypatch: pytest.MonkeyPatch, typed: str, agreed: bool
) -> None:
    """Enter alone and a slip of the finger are not."""
    monkeypatch.setattr(sys, "stdin", Terminal(f"{typed}\n"))
    assert TerminalPerson().confirm("This changes.", "Type yes") is agreed
    monkeypatch.setattr(sys, "stdin", Terminal("\n"))
    assert not TerminalPerson().confirm("This changes.", "Type yes")


def test_where_nobody_can_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says what to give instead; standard input isn't read."""
    monkeypatch.setattr(sys, "stdin", io.StringIO("bob\n"))
    monkeypatch.setattr(person, "has_terminal", lambda: False)
    for one in (TerminalPerson(), Nobody()):
        assert not one.present
        assert not one.confirm("This changes.", "Type yes")
        for ask in (one.ask, one.ask_secret):
            with pytest.raises(UsageError, match="give --account"):
                ask("Account", "give --account")
    assert sys.stdin.read() == "bob\n"


def test_a_secret_is_asked_for_on_the_terminal_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Even when standard input is a pipe; what doesn't decode is not in the error."""
    monkeypatch.setattr(person, "has_terminal", lambda: True)
    monkeypatch.setattr("getpass.getpass", lambda prompt: f"typed at {prompt}")
    assert TerminalPerson().ask_secret("Password: ", "") == "typed at Password: "
    assert capsys.readouterr() == ("", "")

    def garbled(_prompt: str) -> str:
        return b"s\xffcret".decode()

    monkeypatch.setattr("getpass.getpass", garbled)
    with pytest.raises(UsageError) as refused:
        TerminalPerson().ask_secret("Password: ", "")
    assert refused.value.__suppress_context__
    assert "cret" not in str(refused.value)


def test_nobody_hears(capsys: pytest.CaptureFixture[str]) -> None:
    """A program's outputs are its own."""
    Nobody().tell("hello")
    Nobody().show("hello")
    assert not Nobody().draw(["█"])
    assert capsys.readouterr() == ("", "")


def test_somebody_at_a_keyboard_is_a_person() -> None:
    """What other tests ask."""
    one: person.Person = Keyboard("yes")
    assert one.confirm("", "")
