"""/away /back /whois /ignore /unignore /nick /report."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import pytest

from securechat.client.exits import SettingsError
from securechat.client.ignoring import Ignored
from securechat.client.screens import commands
from securechat.client.screens.composer import Composer
from securechat.client.session.actions import ServerCommand
from securechat.client.session.channels import JoinedChannels
from securechat.client.session.events.base import Info, Problem
from tests.client.screens.test_composer import composer


@pytest.mark.parametrize(
    ("typed", "action"),
    [
        ("/away at lunch", ServerCommand("AWAY", ("at lunch",))),
        ("/away", ServerCommand("AWAY", ("away",))),
        ("/back", ServerCommand("AWAY", ())),
        ("/whois bob", ServerCommand("WHOIS", ("bob",))),
        ("/whois @bob: please", ServerCommand("WHOIS", ("bob",))),
    ],
)
def test_commands_about_people(typed: str, action: ServerCommand) -> None:
    """AWAY without a text would mean to be back."""
    assert composer("#lab").line(typed) == [action]


def test_whois_of_whom_we_talk_with() -> None:
    """In a channel somebody has to be named."""
    at = composer("#lab")
    assert isinstance(at.line("/whois")[0], Problem)
    at.aim("bob")
    assert at.line("/whois") == [ServerCommand("WHOIS", ("bob",))]


def test_somebody_is_ignored() -> None:
    """It is said where that is kept, and who is told: nobody."""
    kept: list[str] = []
    ignored = Ignored((), lambda: nullcontext(kept), "/x/ignored.json")
    at = Composer(JoinedChannels(), commands.run, ignored=ignored)
    [info] = at.line("/ignore Bob:")
    assert isinstance(info, Info)
    assert "kept in /x/ignored.json" in info.text
    assert "nor the server is told" in info.text
    assert kept == ["Bob"]
    [info] = at.line("/ignore BOB")
    assert isinstance(info, Info)
    assert "already" in info.text
    assert at.line("/ignore") == [Info("you ignore 1: Bob", remote=False)]
    [info] = at.line("/unignore bob")
    assert isinstance(info, Info)
    assert kept == []
    assert isinstance(at.line("/unignore bob")[0], Problem)
    assert at.line("/ignore") == [
        Info("you ignore nobody; /ignore NAME hides what somebody says", remote=False)
    ]


def test_nobody_ignores_themselves() -> None:
    """Their own messages would be gone."""
    [problem] = composer("#lab").line("/ignore Alice")
    assert isinstance(problem, Problem)


def test_what_can_not_be_kept_is_told() -> None:
    """And changes nothing."""

    @contextmanager
    def full() -> Iterator[list[str]]:
        yield []
        raise SettingsError("can't write x: No space left on device")

    at = Composer(JoinedChannels(), commands.run, ignored=Ignored((), full))
    [problem] = at.line("/ignore bob")
    assert problem == Problem("can't write x: No space left on device", remote=False)
    assert at.ignored.names == ()


def test_a_report_is_about_the_selected_message() -> None:
    """Unless a channel is named."""
    at = composer("#lab")
    at.selected = "chosen"
    assert at.line("/report bob threats") == [ServerCommand("REPORT", ("bob", "chosen", "threats"))]
    assert at.line("/report bob #den threats") == [
        ServerCommand("REPORT", ("bob", "#den", "threats"))
    ]


def test_why_there_is_no_other_nick() -> None:
    """The account is the nick; it is said who can change it."""
    [info] = composer("#lab").line("/nick queen")
    assert isinstance(info, Info)
    assert "alice" in info.text
    assert "securechat-admin user rename" in info.text
