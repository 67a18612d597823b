"""Why a server has refused something, in words for people."""

from __future__ import annotations

import pytest

from securechat.client.session.events.answers import CommandRefused
from securechat.client.session.events.base import Problem
from securechat.client.text.refusals import REFUSALS, USUAL, in_words
from tests.client.dialogue import online


def told(line: str) -> str:
    """What is told of a numeric."""
    talk = online()
    talk.hears(line)
    [problem] = talk.shows()
    assert isinstance(problem, Problem)
    return in_words(problem)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("401 alice ghost :No such nick/channel", "nobody by the name ghost is here"),
        (
            "401 alice bob :No such nick/channel: it is called rob now",
            "bob: No such nick/channel: it is called rob now",
        ),
        ("401 alice bob :is offline; write to them", "bob: is offline; write to them"),
        ("403 alice #x :No such channel", "there is no channel #x that you may see"),
        ("403 alice #x :That name is too long", "#x: That name is too long"),
        ("441 alice bob #lab :They aren't on that channel", "bob isn't in #lab"),
        ("442 alice #lab :You're not on that channel", "you aren't in #lab; /join #lab enters it"),
        ("443 alice bob #lab :is already on channel", "bob is in #lab already"),
        (
            "482 alice #lab :You're not channel operator",
            "only who runs #lab may do that: its operators (@) and owners (~), whom /names shows",
        ),
        ("482 alice #lab :bob has a higher role than you", "#lab: bob has a higher role than you"),
        (
            "475 alice #lab :Cannot join channel: too many wrong keys; try again in 9 seconds (+k)",
            "#lab: Cannot join channel: too many wrong keys; try again in 9 seconds (+k)",
        ),
        (
            "475 alice #lab :Cannot join channel: wrong key (+k)",
            "#lab has a key, which you need to come in: /join #lab KEY",
        ),
        ("421 alice FOO :Unknown command; HELP lists all", "this server has no command FOO"),
        ("502 alice :You can change your own modes only", "you can change your own modes only"),
        ("696 alice #lab l x :Expected a number", ""),
        ("441 alice :what", ""),
        ("482", ""),
    ],
)
def test_a_refusal_in_words(line: str, words: str) -> None:
    """What a server says beside the usual is told as it says it."""
    assert told(line) == words


def test_a_refused_command_is_told_so_too() -> None:
    """With the label of its answer there is a further event, with the same words."""
    problem = Problem("", about=("bob", "#lab"), code="441")
    assert in_words(problem) == "bob isn't in #lab"
    assert issubclass(CommandRefused, Problem)


def test_all_are_escaped() -> None:
    """What they name is remote, and so are the words."""
    bad = "a\x1b[2J\u202e"
    for code in REFUSALS:
        for words in (bad, USUAL.get(code, (bad,))[0] + bad):
            row = in_words(Problem("", code=code, about=(bad, bad), words=words))
            assert row
            assert "\x1b" not in row
            assert "\u202e" not in row
