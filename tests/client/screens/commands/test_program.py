"""/raw and /language."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from securechat.client.session.actions import Quit, SendLine
from securechat.client.session.events.base import Info, Problem
from securechat.common import language
from tests.client.screens.test_composer import composer


@pytest.fixture(autouse=True)
def _language() -> Iterator[None]:
    yield
    language.forget()


@pytest.mark.parametrize("line", ["METADATA #lab LIST", "@+a=b TAGMSG #lab", "privmsg #x :a  b"])
def test_a_raw_line(line: str) -> None:
    """Is sent as it is."""
    assert composer("#lab").line(f"/raw {line}") == [SendLine(line)]
    assert composer("#lab").line(f"/quote {line}") == [SendLine(line)]


@pytest.mark.parametrize(
    "line",
    ["PASSWD old new", "token", "@a=b TOTP", "register * * x", ":x AUTHENTICATE abc", "PASS x"],
)
def test_a_raw_line_with_a_secret(line: str) -> None:
    """Is refused: it would stand on the screen. What is said names neither it nor its words."""
    [problem] = composer("#lab").line(f"/raw {line}")
    assert isinstance(problem, Problem)
    assert "`securechat " in problem.text
    assert "old" not in problem.text


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("/raw", "expected /raw LINE"),
        ("/raw CAP REQ :-echo-message", "by this program itself"),
        ("/raw é", "no line of IRC"),
        ("/raw :x", "no line of IRC"),
    ],
)
def test_a_raw_line_that_is_not_sent(typed: str, told: str) -> None:
    """It is said why."""
    [problem] = composer("#lab").line(typed)
    assert isinstance(problem, Problem)
    assert told in problem.text


def test_a_raw_quit_ends_the_session() -> None:
    """Else the connection would be made anew."""
    assert composer("#lab").line("/raw QUIT :good night") == [Quit("good night")]


def test_the_language_is_shown_and_changed() -> None:
    """Until the program ends."""
    at = composer("#lab")
    [info] = at.line("/language")
    assert isinstance(info, Info)
    assert "(en)" in info.text
    [info] = at.line("/language RU")
    assert isinstance(info, Info)
    assert "по-русски" in info.text
    assert language.spoken() == "ru"
    [problem] = at.line("/language tlh")
    assert isinstance(problem, Problem)
    assert language.spoken() == "ru"
