"""/create /invite /private /mode /rename /drop /list /retention, and the others of channels."""

from __future__ import annotations

import pytest

from securechat.client.session.actions import ServerCommand
from securechat.client.session.events.answers import ChannelsAre, ListedChannel, NamesAre
from securechat.client.session.events.base import Info, Problem
from securechat.client.session.events.channels import ChannelRenamed, Joined
from tests.client.screens.test_composer import composer


def does(name: str, *params: str) -> ServerCommand:
    return ServerCommand(name, params)


@pytest.mark.parametrize(
    ("typed", "action"),
    [
        ("/join #den key", does("JOIN", "#den", "key")),
        ("/create den", does("JOIN", "#den")),
        ("/topic -", does("TOPIC", "#lab", "")),
        ("/invite bob", does("INVITE", "bob", "#lab")),
        ("/invite #den bob", does("INVITE", "bob", "#den")),
        ("/invite bob #den", does("INVITE", "bob", "#den")),
        ("/invite", does("INVITE")),
        ("/private", does("MODE", "#lab", "+is")),
        ("/private off", does("MODE", "#lab", "-is")),
        ("/private #den OFF", does("MODE", "#den", "-is")),
        ("/mode", does("MODE", "#lab")),
        ("/mode #den", does("MODE", "#den")),
        ("/mode +m", does("MODE", "#lab", "+m")),
        ("/mode -o+v bob bob", does("MODE", "#lab", "-o+v", "bob", "bob")),
        ("/mode #den +l 30", does("MODE", "#den", "+l", "30")),
        ("/mode alice +i", does("MODE", "alice", "+i")),
        ("/rename chemistry", does("RENAME", "#lab", "#chemistry")),
        ("/rename #chemistry a new year", does("RENAME", "#lab", "#chemistry", "a new year")),
        ("/rename #lab chemistry too long", does("RENAME", "#lab", "#chemistry", "too long")),
        ("/rename #old #new too long", does("RENAME", "#old", "#new", "too long")),
        ("/drop #lab it is over", does("DROP", "#lab", "it is over")),
        ("/list", does("LIST")),
        ("/list lab", does("LIST", "*lab*")),
        ("/list >3", does("LIST", ">3")),
    ],
)
def test_commands_of_channels(typed: str, action: ServerCommand) -> None:
    """In #lab, or in the channel that is named."""
    assert composer("#lab").line(typed) == [action]


def test_several_are_invited_one_by_one() -> None:
    """INVITE takes one name."""
    assert composer("#lab").line("/invite bob carol") == [
        does("INVITE", "bob", "#lab"),
        does("INVITE", "carol", "#lab"),
    ]


@pytest.mark.parametrize(
    "typed",
    ["/create", "/invite #lab", "/private maybe", "/rename", "/rename #a,#b", "/drop", "/drop lab"],
)
def test_what_is_no_command(typed: str) -> None:
    """Nothing is sent; /drop never takes the channel that we happen to be in."""
    [problem] = composer("#lab").line(typed)
    assert isinstance(problem, Problem)


def test_a_channel_that_is_made() -> None:
    """Whoever makes it is alone in it, and has a role."""
    at = composer()
    assert at.line("/create #lab") == [does("JOIN", "#lab")]
    assert at.notice(Joined("#lab", "alice", mine=True)) == []
    [info] = at.notice(NamesAre("#lab", ("~alice",)))
    assert isinstance(info, Info)
    assert info.text.startswith("#lab is yours now")
    assert at.notice(NamesAre("#lab", ("~alice",))) == []
    assert at.target == "#lab"


@pytest.mark.parametrize("names", [("~bob", "alice"), ("alice",)])
def test_a_channel_that_was_there_already(names: tuple[str, ...]) -> None:
    """Is entered, and it is said that it isn't new."""
    at = composer()
    at.line("/create #lab")
    at.notice(Joined("#lab", "alice", mine=True))
    [info] = at.notice(NamesAre("#lab", names))
    assert isinstance(info, Info)
    assert "was there already" in info.text
    [told] = composer("#lab").line("/create #lab")
    assert isinstance(told, Info)
    assert "you are in it" in told.text


def test_who_may_change_the_retention() -> None:
    """Is said, and the server is asked what counts now; a number is no way to set it."""
    [info, action] = composer("#lab").line("/retention")
    assert isinstance(info, Info)
    assert "securechat-admin channel retention" in info.text
    assert action == does("POLICY", "#lab")
    [problem, action] = composer("#lab").line("/retention 30")
    assert isinstance(problem, Problem)
    assert action == does("POLICY", "#lab")


def test_a_renamed_channel_stays_where_we_write_to() -> None:
    """As nobody has moved."""
    at = composer("#lab")
    at.notice(ChannelRenamed("#LAB", "#chemistry"))
    assert at.target == "#chemistry"


def test_listed_channels_are_remembered() -> None:
    """For Tab."""
    at = composer()
    at.notice(ChannelsAre((ListedChannel("#a", 1, ""), ListedChannel("#b", 2, "x"))))
    assert at.noticed.rooms == ("#a", "#b")
