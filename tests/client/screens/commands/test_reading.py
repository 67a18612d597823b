"""/history and /search."""

from __future__ import annotations

import time

import pytest

from securechat.client.session.actions import AskSearch, ServerCommand
from securechat.client.session.events.base import Info, Problem
from tests.client.screens.test_composer import composer


@pytest.mark.parametrize("typed", ["0", "1001", "-3", "ten", "3 4", "²", "9999999999"])
def test_a_page_that_cannot_be_one(typed: str) -> None:
    """Is refused here; so is one of nowhere."""
    [problem] = composer("#lobby").line(f"/history {typed}")
    assert isinstance(problem, Problem)
    assert "from 1 to 1000" in problem.text
    for line in ("/history", "/history policy"):
        [problem] = composer().line(line)
        assert isinstance(problem, Problem)
        assert "no channel yet" in problem.text


def test_a_search_between_dates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where we are a day begins at another time than in London."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        [action] = composer().line("/search x after:2026-01-31 before:2026-02-01T15:30")
        assert isinstance(action, AskSearch)
        assert action.after == "2026-01-30T15:00:00.000Z"
        assert action.before == "2026-02-01T06:30:00.000Z"
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("/search", "expected /search WORDS"),
        ("/search x in:", "expected in: once"),
        ("/search from:a FROM:b", "expected FROM: once"),
        ("/search x after:soon", "expected dates as 2026-01-31"),
        ("/search x before:0001-01-01", "expected dates as 2026-01-31"),
        ("/search x before:9999-12-31", "expected dates as 2026-01-31"),
    ],
)
def test_a_search_that_cannot_be_one(typed: str, expected: str) -> None:
    """Is refused here, with what is expected."""
    [problem] = composer("#lobby").line(typed)
    assert isinstance(problem, Problem)
    assert problem.text.startswith(expected)


def test_what_is_kept_is_asked_of_the_server() -> None:
    """Of a room by its name, of a talk with a person without one; above it stands what no server
    says.
    """
    at = composer("#lobby")
    [info, action] = at.line("/history policy")
    assert action == ServerCommand("POLICY", ("#lobby",))
    assert isinstance(info, Info)
    assert "whoever runs it can read it" in info.text
    assert at.line("/history POLICY #den")[1] == ServerCommand("POLICY", ("#den",))
    at.line("/msg bob")
    assert at.line("/history policy")[1] == ServerCommand("POLICY", ())
    [problem] = at.line("/history policy #a,#b")
    assert isinstance(problem, Problem)
