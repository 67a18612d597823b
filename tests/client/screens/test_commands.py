"""The slash commands."""

from __future__ import annotations

import time

import pytest

from securechat.client.screens.commands import COMMANDS
from securechat.client.session.actions import (
    Action,
    AskMore,
    AskPage,
    AskSearch,
    Quit,
    Say,
    ServerCommand,
    TextKind,
)
from securechat.client.session.events import Info, Problem
from tests.client.screens.test_composer import composer


@pytest.mark.parametrize(
    ("typed", "action"),
    [
        ("/join #den", ServerCommand("JOIN", ("#den",))),
        ("/j den", ServerCommand("JOIN", ("#den",))),
        ("/JOIN #den and more", ServerCommand("JOIN", ("#den",))),
        ("/part", ServerCommand("PART", ("#lobby",))),
        ("/part too loud", ServerCommand("PART", ("#lobby", "too loud"))),
        ("/part #den too loud", ServerCommand("PART", ("#den", "too loud"))),
        ("/leave #den", ServerCommand("PART", ("#den",))),
        ("/msg bob  how are you", Say("bob", "how are you")),
        ("/msg #den hi", Say("#den", "hi")),
        ("/report bob be nice", ServerCommand("REPORT", ("bob", "#lobby", "be nice"))),
        ("/report bob #den x", ServerCommand("REPORT", ("bob", "#den", "x"))),
        ("/me waves", Say("#lobby", "waves", TextKind.ACTION)),
        ("/names", ServerCommand("NAMES", ("#lobby",))),
        ("/names #den", ServerCommand("NAMES", ("#den",))),
        ("/who", ServerCommand("WHO", ("#lobby",))),
        ("/who bob", ServerCommand("WHO", ("bob",))),
        ("/topic", ServerCommand("TOPIC", ("#lobby",))),
        ("/topic All are welcome", ServerCommand("TOPIC", ("#lobby", "All are welcome"))),
        ("/topic #den Quiet", ServerCommand("TOPIC", ("#den", "Quiet"))),
        ("/history", AskPage("#lobby", 20)),
        ("/history 50", AskPage("#lobby", 50)),
        ("/search two  words", AskSearch("two words", typed="two  words")),
        (
            "/search http://x in:#den FROM:bob a:b",
            AskSearch("http://x a:b", "#den", "bob", typed="http://x in:#den FROM:bob a:b"),
        ),
        ("/search more", AskMore()),
        ("/search more x", AskSearch("more x", typed="more x")),
        ("/quit", Quit()),
        ("/quit good night", Quit("good night")),
        ("/exit", Quit()),
    ],
)
def test_commands_become_actions(typed: str, action: Action) -> None:
    """In a composer whose target is #lobby."""
    assert composer("#lobby").line(typed) == [action]


@pytest.mark.parametrize(
    "typed", ["/join", "/msg", "/me", "/part", "/names", "/who", "/topic x", "/report bob"]
)
def test_what_is_missing_is_told(typed: str) -> None:
    """With the usage, in a composer without a channel."""
    [problem] = composer().line(typed)
    assert isinstance(problem, Problem)
    assert problem.text.startswith(f"expected {typed.split()[0]}")


@pytest.mark.parametrize("typed", ["/msg a,b hi", "/join #a,#b", "/msg :x hi"])
def test_a_target_that_cannot_be_one(typed: str) -> None:
    """Is refused here, with what is expected."""
    [problem] = composer("#lobby").line(typed)
    assert isinstance(problem, Problem)
    assert "one word" in problem.text


def test_going_to_a_channel_we_are_in() -> None:
    """Needs no server."""
    at = composer("#lobby", "#den")
    [info] = at.line("/join #DEN")
    assert isinstance(info, Info)
    assert at.line("hi") == [Say("#DEN", "hi")]


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


def test_going_on_with_one_person() -> None:
    """/msg NAME aims at them; channel commands then need a channel."""
    at = composer("#lobby")
    at.line("/msg bob")
    assert at.line("hi") == [Say("bob", "hi")]
    [problem] = at.line("/names")
    assert isinstance(problem, Problem)


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ("/jion #x", "did you mean /join?"),
        ("/xyzzy", "/help lists them"),
        ("/", "/help lists them"),
    ],
)
def test_an_unknown_command_suggests_one(typed: str, hint: str) -> None:
    """Or where to look; nothing is sent."""
    [problem] = composer("#lobby").line(typed)
    assert isinstance(problem, Problem)
    assert hint in problem.text


def test_help_lists_every_command() -> None:
    """A row each, with its usage."""
    [info] = composer().line("/help")
    assert isinstance(info, Info)
    rows = info.text.split("\n")
    for command in COMMANDS.values():
        for usage, text in command.forms:
            assert any(row.startswith(usage) and row.endswith(text) for row in rows)


def test_help_explains_one_command() -> None:
    """With or without its slash, also by another name."""
    for typed in ("/help join", "/help /join", "/help j"):
        [info] = composer().line(typed)
        assert isinstance(info, Info)
        assert info.text.startswith("/join #CHANNEL: ")
    assert composer().line("/help xyzzy") == [Info("there is no command /xyzzy", remote=False)]
