"""/kick /ban /unban /op /deop /voice /devoice."""

from __future__ import annotations

import pytest

from securechat.client.screens.composer import Composer
from securechat.client.session.actions import ServerCommand
from securechat.client.session.events.base import Problem
from tests.client.screens.test_composer import composer


def mode(*params: str) -> ServerCommand:
    return ServerCommand("MODE", params)


def kick(*params: str) -> ServerCommand:
    return ServerCommand("KICK", params)


def by_account() -> Composer:
    """In #lab, on a server that bans accounts."""
    at = composer("#lab")
    at.channels.learn({"EXTBAN": "~,a", "ACCOUNTEXTBAN": "a", "draft/ACCOUNTREQUIRED": ""})
    return at


@pytest.mark.parametrize(
    ("typed", "actions"),
    [
        ("/kick bob", [kick("#lab", "bob")]),
        ("/kick @bob: be  nice", [kick("#lab", "bob", "be  nice")]),
        ("/kick #den bob be nice", [kick("#den", "bob", "be nice")]),
        ("/ban", [mode("#lab", "+b")]),
        ("/ban #den", [mode("#den", "+b")]),
        ("/ban *!*@evil.test now", [mode("#lab", "+b", "*!*@evil.test")]),
        ("/ban ~a:bob", [mode("#lab", "+b", "~a:bob")]),
        ("/unban", [mode("#lab", "+b")]),
        ("/unban *!*@evil.test", [mode("#lab", "-b", "*!*@evil.test")]),
        ("/op bob", [mode("#lab", "+o", "bob")]),
        ("/op #den bob", [mode("#den", "+o", "bob")]),
        ("/deop bob carol", [mode("#lab", "-oo", "bob", "carol")]),
        ("/voice a b c d", [mode("#lab", "+vvv", "a", "b", "c"), mode("#lab", "+v", "d")]),
        ("/devoice bob", [mode("#lab", "-v", "bob")]),
    ],
)
def test_what_moderators_do(typed: str, actions: list[ServerCommand]) -> None:
    """In #lab, or in the channel that is named."""
    assert by_account().line(typed) == actions


def test_a_ban_comes_before_the_kick() -> None:
    """Somebody's client may come again by itself, at once. What is banned is the account, and never
    a host, which is everybody's where hosts are hidden.
    """
    for typed in ("/ban bob no ads", "/kickban bob no ads"):
        assert by_account().line(typed) == [
            mode("#lab", "+b", "~a:bob"),
            kick("#lab", "bob", "no ads"),
        ]
    assert composer("#lab").line("/ban bob")[0] == mode("#lab", "+b", "bob!*@*")


def test_a_server_on_which_a_name_is_not_an_account() -> None:
    """There a name bans the nick, whatever masks there are."""
    at = composer("#lab")
    at.channels.learn({"EXTBAN": "$,a", "ACCOUNTEXTBAN": "a"})
    assert at.channels.bans.of("bob") == "bob!*@*"


def test_a_ban_is_lifted_in_each_of_its_forms() -> None:
    """As another program may have banned the nick."""
    assert by_account().line("/unban bob") == [mode("#lab", "-bb", "~a:bob", "bob!*@*")]
    assert composer("#lab").line("/unban bob") == [mode("#lab", "-b", "bob!*@*")]


@pytest.mark.parametrize("typed", ["/kick", "/op", "/voice #lab", "/kick #lab"])
def test_who_is_missing(typed: str) -> None:
    """Is told with the usage and an example."""
    [problem] = composer("#lab").line(typed)
    assert isinstance(problem, Problem)
    assert problem.text.startswith(f"expected {typed.split()[0]} [#CHANNEL] NAME")
    assert "for example /" in problem.text


@pytest.mark.parametrize("typed", ["/kick a,b", "/ban a,b", "/unban a,b", "/op a,b", "/kick :x"])
def test_a_name_that_cannot_be_one(typed: str) -> None:
    """Would be several, or another parameter; nothing is sent."""
    [problem] = composer("#lab").line(typed)
    assert isinstance(problem, Problem)
    assert "one word" in problem.text


@pytest.mark.parametrize("name", ["kick", "ban", "unban", "op", "deop", "voice", "devoice"])
def test_in_no_channel(name: str) -> None:
    """A person's conversation has no order to keep."""
    at = composer()
    at.aim("bob")
    [problem] = at.line(f"/{name} bob")
    assert isinstance(problem, Problem)


def test_who_is_not_there_is_banned_and_not_kicked() -> None:
    """Or the refusal of the kick would read as if there were no ban."""
    at = by_account()
    at.noticed.nick = "alice"
    at.channels.enter("#lab")
    at.channels.add("#lab", "alice")
    assert at.line("/ban bob no ads") == [mode("#lab", "+b", "~a:bob")]
    at.channels.add("#lab", "bob")
    assert len(at.line("/ban Bob no ads")) == 2
