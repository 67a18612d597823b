"""The slash commands: how they are found, and the help of them all."""

from __future__ import annotations

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
from securechat.client.session.events.base import Info, Problem
from securechat.common import language
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
    """A row each, with its usage, under what it is for."""
    [info] = composer().line("/help")
    assert isinstance(info, Info)
    rows = [row.strip() for row in info.text.split("\n")]
    for command in COMMANDS.values():
        assert f"{command.group.value}:" in rows
        for usage, text in command.forms:
            assert any(row.startswith(usage) and row.endswith(text) for row in rows)


def test_each_command_that_takes_words_has_an_example_that_it_takes() -> None:
    """With people in the channel, and something said there: nothing is refused."""
    at = composer("#lab")
    at.channels.add("#lab", "bob")
    at.newest = lambda _conversation, _nick="", *, mine=None: "id"
    at.ignored.add("bob")
    at.views["jump"] = lambda _rest: [Quit()]  # which is for a screen alone
    try:
        for command in COMMANDS.values():
            if command.example:
                assert command.example.startswith(f"/{command.name}")
                at.aim("#lab")
                done = at.line(command.example)
                assert done, command.name
                assert not any(isinstance(item, Problem) for item in done), command.name
    finally:
        language.forget()


def test_a_command_of_moderators_says_who_may() -> None:
    """In its help, with an example."""
    [info] = composer().line("/help kick")
    assert isinstance(info, Info)
    assert info.text.split("\n") == [
        "/kick [#CHANNEL] NAME [REASON]: put somebody out of a channel; they may come again",
        "who may: operators (@) and owners (~) of the channel",
        "example: /kick bob no advertising, please",
    ]


def test_a_front_may_show_a_command_in_its_own_way() -> None:
    """It is asked first, by whatever name the command was called; when it declines, the command
    does it.
    """
    at = composer("#lobby")
    at.views["quit"] = lambda rest: [Info(f"really? {rest}", False)] if rest else None
    assert at.line("/EXIT now") == [Info("really? now", False)]
    assert at.line("/quit") == [Quit()]


def test_help_explains_one_command() -> None:
    """With or without its slash, also by another name."""
    for typed in ("/help join", "/help /join", "/help j"):
        [info] = composer().line(typed)
        assert isinstance(info, Info)
        assert info.text.startswith("/join #CHANNEL [KEY]: ")
    assert composer().line("/help xyzzy") == [Info("there is no command /xyzzy", remote=False)]
