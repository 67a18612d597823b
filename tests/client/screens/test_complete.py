"""Tab completion: candidates()."""

from __future__ import annotations

import pytest
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document

from securechat.client.screens import complete
from securechat.client.screens.commands import COMMANDS
from securechat.client.screens.complete import ComposerCompleter, candidates
from securechat.client.screens.composer import Composer
from securechat.client.session.events.answers import Mask, MasksAre
from securechat.client.session.events.channels import Invited, ModesSet
from tests.client.screens.test_composer import composer


def crowded() -> Composer:
    at = composer("#lobby", "#den")
    for nick in ("bob", "Barbara", "carol", "b\u202ead"):
        at.channels.add("#lobby", nick)
    at.channels.add("#den", "dave")
    return at


def test_a_name_that_would_be_obeyed_is_not_offered() -> None:
    """A server that gives somebody such a name means no good."""
    at = crowded()
    at.channels.add("#lobby", "/quit")
    assert candidates(at, "")[1] == candidates(crowded(), "")[1]
    assert candidates(at, "/msg /")[1] == []


@pytest.mark.parametrize(
    ("before", "offers"),
    [
        ("/jo", ["/join "]),
        ("b", ["Barbara: ", "bob: "]),
        ("hello b", ["Barbara ", "bob "]),
        ("hello x", []),
        ("go to #d", ["#den "]),
        ("/join ", ["#lobby ", "#den "]),
        ("/topic #l", ["#lobby "]),
        ("/msg d", ["dave "]),
        ("/query d", ["dave "]),
        ("/me hugs c", ["carol "]),
        ("/help q", ["quit "]),
        ("d", []),
        ("/ki", ["/kick "]),
        ("/kick b", ["Barbara ", "bob "]),
        ("/kick #l", ["#lobby "]),
        ("/kick #lobby b", ["Barbara ", "bob "]),
        ("/kick bob for b", ["Barbara ", "bob "]),
        ("/op #lobby bob c", ["carol "]),
        ("/react :tad", [":tada: "]),
        ("/react bob :tad", [":tada: "]),
        ("/mode +", ["+i ", "+m ", "+s ", "+t ", "+n ", "+l ", "+k "]),
        ("/mode +o b", ["Barbara ", "bob "]),
        ("/language ", ["en ", "ru "]),
        ("/private ", ["off "]),
        ("/create ", []),
        ("so :tad", ["🎉 "]),
        ("so :", []),
    ],
)
def test_what_tab_offers(before: str, offers: list[str]) -> None:
    """Commands at the beginning, then what the command wants; people of the channel otherwise."""
    assert candidates(crowded(), before) == (before.rpartition(" ")[2], offers)


def test_each_kind_of_word_is_known() -> None:
    """Of all commands."""
    for command in COMMANDS.values():
        for kind in command.takes:
            assert kind.removesuffix("?") in complete._KINDS, command.name


def test_what_has_been_told_is_offered() -> None:
    """Who is banned, by name where it is an account's; where we are invited; whom we ignore."""
    at = crowded()
    at.channels.learn({"EXTBAN": "~,a", "ACCOUNTEXTBAN": "a", "draft/ACCOUNTREQUIRED": ""})
    at.notice(MasksAre("#lobby", "b", (Mask("~a:mallory"), Mask("*!*@evil.test"))))
    at.notice(ModesSet("alice", "#LOBBY", ("+b", "trudy!*@*")))
    at.notice(ModesSet("alice", "#lobby", ("-b", "*!*@evil.test")))
    at.notice(Invited("bob", "#secret"))
    at.ignored.add("dave")
    assert candidates(at, "/unban ")[1] == ["mallory ", "trudy!*@* "]
    assert candidates(at, "/join ")[1] == ["#lobby ", "#den ", "#secret "]
    assert candidates(at, "/unignore ")[1] == ["dave "]


def test_names_of_everybody_when_talking_to_one() -> None:
    """A private conversation has no list of its own."""
    at = crowded()
    at.aim("bob")
    assert candidates(at, "d")[1] == ["dave: "]


def test_a_name_that_would_be_escaped_is_not_offered() -> None:
    """It could not be typed as it looks."""
    assert not any("\u202e" in offer for offer in candidates(crowded(), "")[1])


def test_the_word_is_replaced() -> None:
    """As prompt_toolkit wants to know it."""
    found = ComposerCompleter(crowded()).get_completions(Document("hi bo"), CompleteEvent())
    assert [(one.text, one.start_position) for one in found] == [("bob ", -2)]
