"""The slash commands."""

from __future__ import annotations

import pytest

from securechat.client.screens.commands import COMMANDS
from securechat.client.session.events import (
    Action,
    Info,
    Problem,
    Quit,
    Say,
    ServerCommand,
    TextKind,
)
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
        ("/me waves", Say("#lobby", "waves", TextKind.ACTION)),
        ("/names", ServerCommand("NAMES", ("#lobby",))),
        ("/names #den", ServerCommand("NAMES", ("#den",))),
        ("/who", ServerCommand("WHO", ("#lobby",))),
        ("/who bob", ServerCommand("WHO", ("bob",))),
        ("/topic", ServerCommand("TOPIC", ("#lobby",))),
        ("/topic All are welcome", ServerCommand("TOPIC", ("#lobby", "All are welcome"))),
        ("/topic #den Quiet", ServerCommand("TOPIC", ("#den", "Quiet"))),
        ("/quit", Quit()),
        ("/quit good night", Quit("good night")),
        ("/exit", Quit()),
    ],
)
def test_commands_become_actions(typed: str, action: Action) -> None:
    """In a composer whose target is #lobby."""
    assert composer("#lobby").line(typed) == [action]


@pytest.mark.parametrize("typed", ["/join", "/msg", "/me", "/part", "/names", "/who", "/topic x"])
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
        assert any(row.startswith(command.usage) and row.endswith(command.help) for row in rows)


def test_help_explains_one_command() -> None:
    """With or without its slash, also by another name."""
    for typed in ("/help join", "/help /join", "/help j"):
        [info] = composer().line(typed)
        assert isinstance(info, Info)
        assert info.text.startswith("/join #ROOM: ")
    assert composer().line("/help xyzzy") == [Info("there is no command /xyzzy", remote=False)]
