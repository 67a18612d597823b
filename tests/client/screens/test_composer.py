"""What a typed line means: Desk."""

from __future__ import annotations

import pytest

from securechat.client.screens import commands
from securechat.client.screens.composer import Desk
from securechat.client.session.actions import Command, Quit, Say
from securechat.client.session.channels import Rooms
from securechat.client.session.events import Joined, Left, Lost, Problem, Ready


def desk(*rooms: str) -> Desk:
    """A desk of alice, who is in rooms."""
    known = Rooms()
    at = Desk(known, commands.run)
    for room in rooms:
        known.enter(room)
        at.notice(Joined(room, "alice", mine=True))
    return at


def test_plain_text_goes_where_we_are() -> None:
    """The first room we are in, until we go elsewhere."""
    assert desk("#lobby", "#den").line("hello there") == [Say("#lobby", "hello there")]


def test_a_doubled_slash_is_text() -> None:
    """With one slash less."""
    assert desk("#lobby").line("//etc/hosts") == [Say("#lobby", "/etc/hosts")]


def test_exit_ends_the_session() -> None:
    """Alone on its line only."""
    assert desk("#lobby").line(" exit ") == [Quit()]
    assert desk("#lobby").line("exit stage left") == [Say("#lobby", "exit stage left")]


def test_a_paste_of_several_lines_is_text() -> None:
    """A command hidden in it is not run."""
    assert desk("#lobby").line("one\n/quit\r\nexit") == [
        Say("#lobby", "one"),
        Say("#lobby", "/quit"),
        Say("#lobby", "exit"),
    ]


@pytest.mark.parametrize("typed", ["", "   ", "\n\n"])
def test_nothing_is_nothing(typed: str) -> None:
    """Enter on an empty line sends nothing, in a room or in none."""
    assert desk("#lobby").line(typed) == []
    assert desk().line(typed) == []


def test_text_without_a_room() -> None:
    """Says what to do."""
    [problem] = desk().line("hello")
    assert isinstance(problem, Problem)
    assert "/join" in problem.text


def test_joining_takes_us_there_at_once() -> None:
    """What follows in the same breath is not for the room we come from."""
    at = desk("#lobby")
    assert at.line("/join #den") == [Command("JOIN", ("#den",))]
    assert at.line("secret") == [Say("#den", "secret")]
    at.notice(Joined("#other", "alice", mine=True))
    at.notice(Joined("#den", "bob"))
    assert at.target == "#den"
    at.notice(Joined("#Den", "alice", mine=True))
    assert at.target == "#Den"


def test_leaving_takes_us_to_another_room() -> None:
    """If it was the one we were in."""
    at = desk("#lobby", "#den")
    at.rooms.leave("#lobby")
    at.notice(Left("#lobby", "bob"))
    assert at.target == "#lobby"
    at.notice(Left("#LOBBY", "alice", mine=True))
    assert at.target == "#den"
    at.rooms.leave("#den")
    at.notice(Left("#den", "alice", mine=True))
    assert at.target == ""


def test_being_removed_takes_us_nowhere() -> None:
    """A line that is half typed was for that room, and is for no other."""
    at = desk("#lobby", "#den")
    at.rooms.leave("#lobby")
    at.notice(Left("#lobby", "alice", by="bob", mine=True))
    assert at.target == ""
    assert isinstance(at.line("a word in confidence")[0], Problem)


def test_it_knows_whether_we_are_connected() -> None:
    """For the prompt to show it."""
    at = desk("#lobby")
    at.notice(Lost("no answer", 1.0))
    assert at.offline
    at.notice(Ready("alice", again=True))
    assert not at.offline
