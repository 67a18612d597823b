"""The slash commands."""

from __future__ import annotations

import pytest

from securechat.client.screens.commands import COMMANDS
from securechat.client.session.actions import Action, Command, Quit, Say
from securechat.client.session.events import Info, Kind, Problem
from tests.client.screens.test_composer import desk


@pytest.mark.parametrize(
    ("typed", "action"),
    [
        ("/join #den", Command("JOIN", ("#den",))),
        ("/j den", Command("JOIN", ("#den",))),
        ("/JOIN #den and more", Command("JOIN", ("#den",))),
        ("/part", Command("PART", ("#lobby",))),
        ("/part too loud", Command("PART", ("#lobby", "too loud"))),
        ("/part #den too loud", Command("PART", ("#den", "too loud"))),
        ("/leave #den", Command("PART", ("#den",))),
        ("/msg bob  how are you", Say("bob", "how are you")),
        ("/msg #den hi", Say("#den", "hi")),
        ("/me waves", Say("#lobby", "waves", Kind.ACTION)),
        ("/names", Command("NAMES", ("#lobby",))),
        ("/names #den", Command("NAMES", ("#den",))),
        ("/who", Command("WHO", ("#lobby",))),
        ("/who bob", Command("WHO", ("bob",))),
        ("/topic", Command("TOPIC", ("#lobby",))),
        ("/topic All are welcome", Command("TOPIC", ("#lobby", "All are welcome"))),
        ("/topic #den Quiet", Command("TOPIC", ("#den", "Quiet"))),
        ("/quit", Quit()),
        ("/quit good night", Quit("good night")),
        ("/exit", Quit()),
    ],
)
def test_commands_become_actions(typed: str, action: Action) -> None:
    """In a desk whose target is #lobby."""
    assert desk("#lobby").line(typed) == [action]


@pytest.mark.parametrize("typed", ["/join", "/msg", "/me", "/part", "/names", "/who", "/topic x"])
def test_what_is_missing_is_told(typed: str) -> None:
    """With the usage, in a desk without a room."""
    [problem] = desk().line(typed)
    assert isinstance(problem, Problem)
    assert problem.text.startswith(f"expected {typed.split()[0]}")


@pytest.mark.parametrize("typed", ["/msg a,b hi", "/join #a,#b", "/msg :x hi"])
def test_a_target_that_cannot_be_one(typed: str) -> None:
    """Is refused here, with what is expected."""
    [problem] = desk("#lobby").line(typed)
    assert isinstance(problem, Problem)
    assert "one word" in problem.text


def test_going_to_a_room_we_are_in() -> None:
    """Needs no server."""
    at = desk("#lobby", "#den")
    [info] = at.line("/join #DEN")
    assert isinstance(info, Info)
    assert at.line("hi") == [Say("#DEN", "hi")]


def test_going_on_with_one_person() -> None:
    """/msg NAME aims at them; room commands then need a room."""
    at = desk("#lobby")
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
    [problem] = desk("#lobby").line(typed)
    assert isinstance(problem, Problem)
    assert hint in problem.text


def test_help_lists_every_command() -> None:
    """A row each, with its usage."""
    [info] = desk().line("/help")
    assert isinstance(info, Info)
    rows = info.text.split("\n")
    for command in COMMANDS.values():
        assert any(row.startswith(command.usage) and row.endswith(command.help) for row in rows)


def test_help_explains_one_command() -> None:
    """With or without its slash, also by another name."""
    for typed in ("/help join", "/help /join", "/help j"):
        [info] = desk().line(typed)
        assert isinstance(info, Info)
        assert info.text.startswith("/join #ROOM: ")
    assert desk().line("/help xyzzy") == [Info("there is no command /xyzzy", remote=False)]
