"""What a typed line means: Composer."""

from __future__ import annotations

import pytest

from securechat.client.screens import commands
from securechat.client.screens.composer import Composer
from securechat.client.session.actions import Quit, Say, ServerCommand
from securechat.client.session.channels import JoinedChannels
from securechat.client.session.events.base import Problem
from securechat.client.session.events.channels import ChannelRenamed, Joined, Left
from securechat.client.session.events.connection import Lost, Ready
from securechat.client.session.events.deliveries import TooLong


def composer(*channels: str) -> Composer:
    """A composer of alice, who is in channels."""
    known = JoinedChannels()
    at = Composer(known, commands.run)
    for channel in channels:
        known.enter(channel)
        at.notice(Joined(channel, "alice", mine=True))
    return at


def test_plain_text_goes_where_we_are() -> None:
    """The first channel we are in, until we go elsewhere."""
    assert composer("#lobby", "#den").line("hello there") == [Say("#lobby", "hello there")]


def test_plain_text_follows_a_channel_that_is_renamed() -> None:
    """And no other one."""
    at = composer("#lobby", "#den")
    at.notice(ChannelRenamed("#den", "#cave"))
    at.notice(ChannelRenamed("#Lobby", "#hall"))
    assert at.line("hi") == [Say("#hall", "hi")]


def test_a_doubled_slash_is_text() -> None:
    """With one slash less."""
    assert composer("#lobby").line("//etc/hosts") == [Say("#lobby", "/etc/hosts")]


def test_exit_ends_the_session() -> None:
    """Alone on its line only."""
    assert composer("#lobby").line(" exit ") == [Quit()]
    assert composer("#lobby").line("exit stage left") == [Say("#lobby", "exit stage left")]


def test_a_paste_of_several_lines_is_text() -> None:
    """One message; a command hidden in it is not run. Blank lines around it are left out."""
    assert composer("#lobby").line("\n \none\n/quit\r\n\r\nexit\n") == [
        Say("#lobby", "one\n/quit\n\nexit")
    ]


def test_a_paste_that_is_too_much_goes_back() -> None:
    """With the reason; nothing of it is sent."""
    at = Composer(JoinedChannels(), commands.run, lambda target, text: f"{target}: {len(text)}")
    at.aim("#lobby")
    [problem] = at.line("one\ntwo")
    assert isinstance(problem, TooLong)
    assert problem.text.startswith("#lobby: 7; ")
    assert at.line("one line") == [Say("#lobby", "one line")]


@pytest.mark.parametrize("typed", ["", "   ", "\n\n"])
def test_nothing_is_nothing(typed: str) -> None:
    """Enter on an empty line sends nothing, in a channel or in none."""
    assert composer("#lobby").line(typed) == []
    assert composer().line(typed) == []


def test_text_without_a_channel() -> None:
    """Says what to do."""
    [problem] = composer().line("hello")
    assert isinstance(problem, Problem)
    assert "/join" in problem.text


def test_joining_takes_us_there_at_once() -> None:
    """What follows in the same breath is not for the channel we come from."""
    at = composer("#lobby")
    assert at.line("/join #den") == [ServerCommand("JOIN", ("#den",))]
    assert at.line("secret") == [Say("#den", "secret")]
    at.notice(Joined("#other", "alice", mine=True))
    at.notice(Joined("#den", "bob"))
    assert at.target == "#den"
    at.notice(Joined("#Den", "alice", mine=True))
    assert at.target == "#Den"


def test_leaving_takes_us_to_another_channel() -> None:
    """If it was the one we were in."""
    at = composer("#lobby", "#den")
    at.channels.leave("#lobby")
    at.notice(Left("#lobby", "bob"))
    assert at.target == "#lobby"
    at.notice(Left("#LOBBY", "alice", mine=True))
    assert at.target == "#den"
    at.channels.leave("#den")
    at.notice(Left("#den", "alice", mine=True))
    assert at.target == ""


def test_being_removed_takes_us_nowhere() -> None:
    """A line that is half typed was for that channel, and is for no other."""
    at = composer("#lobby", "#den")
    at.channels.leave("#lobby")
    at.notice(Left("#lobby", "alice", by="bob", mine=True))
    assert at.target == ""
    problem = at.line("a word in confidence")[0]
    assert isinstance(problem, Problem)
    assert "removed from #lobby" in problem.text
    at.channels.enter("#lobby")
    at.notice(Joined("#lobby", "alice", mine=True))
    at.target = "#lobby"
    assert at.line("a word") == [Say("#lobby", "a word")]


def test_it_knows_whether_we_are_connected() -> None:
    """For the prompt to show it."""
    at = composer("#lobby")
    at.notice(Lost("no answer", 1.0))
    assert at.offline
    at.notice(Ready("alice", again=True))
    assert not at.offline
