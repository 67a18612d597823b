"""The views on a screen: what keys and clicks do, and that they fit a small terminal."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from textual import events
from textual.keys import _character_to_key
from textual.pilot import Pilot
from textual.widgets import Input

from securechat.client.screens.full.views.acts import USUAL, Act, MessageAct, Rights
from securechat.client.screens.full.views.choices import Choice, Doing
from securechat.client.screens.full.views.confirm import Confirm
from securechat.client.screens.full.views.dialog import Dialog
from securechat.client.screens.full.views.finding import Finding
from securechat.client.screens.full.views.help import HelpView
from securechat.client.screens.full.views.jump import JumpDialog
from securechat.client.screens.full.views.mentions import MentionsView
from securechat.client.screens.full.views.menu import MessageMenu
from securechat.client.screens.full.views.react import ReactView
from securechat.client.screens.full.views.search import SearchView
from securechat.client.screens.full.views.switcher import Switcher
from securechat.client.screens.full.views.telling import Place
from securechat.client.session.actions import Action, AskMore, AskSearch
from securechat.client.session.events.history import MentionsTold, SearchPage
from securechat.client.timeline.items import Message
from securechat.client.timeline.mentions import Mention, Mentioned
from tests.client.screens.full.views.shown import LOOK, NOTHING, Show
from tests.client.screens.full.views.test_finding import parse
from tests.client.timeline.said import at, said

SMALL = (40, 10)
NOW = datetime(2026, 11, 29, 13, tzinfo=UTC)
HOSTILE = "\x1b]0;owned\x07[bold]\u202e\x9b2J[/]\r\nx"
ROOMS = [Choice("#lobby"), Choice("#lab", unread=3, mentions=1), Choice("bob", Doing.WRITE)]


def message(text: str = "Who has the keys?", *, mine: bool = False) -> Message:
    return Message("m1", at(1), "bob", text, mine=mine, mark="msgid=m1")


def mentioned(*mentions: Mention) -> Mentioned:
    kept = Mentioned()
    for one in mentions:
        kept.add(one)
    return kept


def searched(*texts: str) -> Finding:
    finding = Finding(parse)
    finding.begin("keys")
    finding.take(SearchPage("keys", tuple(said(text, at) for at, text in enumerate(texts))))
    return finding


def menu(of: Message, nick: str = "alice", typed: list[str] | None = None) -> MessageMenu:
    return MessageMenu(LOOK, of, Rights(nick), ([] if typed is None else typed).append)


def search(finding: Finding, asked: list[Action]) -> SearchView:
    return SearchView(LOOK, finding, asked.append, NOW)


# --- going somewhere -----------------------------------------------------------------------------


def test_the_switcher_goes_where_enter_is_pressed(show: Show) -> None:
    """News first; a few letters are enough, and what nobody knows needs an arrow before."""
    assert show(Switcher(LOOK, ROOMS), "enter")[0] == ROOMS[1]
    assert show(Switcher(LOOK, ROOMS), "lob", "enter")[0] == ROOMS[0]
    assert show(Switcher(LOOK, ROOMS), "down", "enter")[0] == ROOMS[0]
    assert show(Switcher(LOOK, ROOMS), "lobx", "enter")[0] is NOTHING
    assert show(Switcher(LOOK, ROOMS), "lobx", "down", "enter")[0].name == "#lobx"


def test_a_switcher_without_rooms(show: Show) -> None:
    """Nothing to go to is no error."""
    result, lines = show(Switcher(LOOK, []), "down", "enter", "pagedown", size=SMALL)
    assert result is NOTHING
    assert any("Esc" in line for line in lines)


def test_a_click_goes_there(show: Show) -> None:
    """With the mouse, also on the keys in the last line."""

    async def second_row(pilot: Pilot[None]) -> None:
        await pilot.click("OptionList", offset=(2, 1))

    async def close(pilot: Pilot[None]) -> None:
        await pilot.click(".keys > KeyTold:last-of-type")

    assert show(Switcher(LOOK, ROOMS), then=second_row)[0] == ROOMS[0]
    assert show(Switcher(LOOK, ROOMS), then=close)[0] is None


def test_a_mention_is_shown_where_it_was_said(show: Show) -> None:
    """The newest first."""
    late = Message("m2", at(5), "carol", "alice?", mark="msgid=m2")
    both = mentioned(Mention("#lab", late), Mention("#lobby", message("alice!")))
    assert show(MentionsView(LOOK, both, NOW), "enter")[0] == Place("#lab", "m2", "msgid=m2")
    result, _lines = show(MentionsView(LOOK, both, NOW), "lobby", "enter")
    assert result == Place("#lobby", "m1", "msgid=m1")
    assert any("Nobody" in line for line in show(MentionsView(LOOK, mentioned(), NOW), "enter")[1])


def test_mentions_of_before_come_into_the_view(show: Show) -> None:
    """Who has chosen one stays at it; whatever isn't there is told."""
    old, newer = (Mention("#lab", Message(f"m{n}", at(n), "bob", "alice!")) for n in (2, 5))
    kept = mentioned(newer, Mention("#lobby", message("alice")))
    kept.ask()
    assert any("days before" in line for line in show(MentionsView(LOOK, kept, NOW))[1])

    async def answered(pilot: Pilot[None]) -> None:
        await pilot.press("down")
        kept.told(MentionsTold((), problem="it is [busy]"), [old])
        kept.add(Mention("bob", Message("m9", at(9), "bob", "psst")))
        assert isinstance(pilot.app.screen, MentionsView)
        pilot.app.screen.look_again()
        assert pilot.app.screen.listed.option_count == 4
        await pilot.press("enter")

    assert show(MentionsView(LOOK, kept, NOW), then=answered)[0] == Place(
        "#lobby", "m1", "msgid=m1"
    )
    assert any("[busy]" in line for line in show(MentionsView(LOOK, kept, NOW), size=SMALL)[1])


def test_a_jump_says_which_time_is_meant(show: Show) -> None:
    """And goes nowhere before it knows one."""
    result, lines = show(JumpDialog(LOOK, lambda: NOW), "2026-01-31", size=SMALL)
    assert result is NOTHING
    assert any("2026-01-31 00:00" in line for line in lines)
    assert show(JumpDialog(LOOK, lambda: NOW), "soon", "enter")[0] is NOTHING
    result = show(JumpDialog(LOOK, lambda: NOW), "2026-01-31", "enter")[0]
    assert f"{result:%Y-%m-%d}" == "2026-01-31"


# --- search --------------------------------------------------------------------------------------


def test_a_search_is_asked_by_enter_and_shows_its_hits(show: Show) -> None:
    """Enter on one shows it where it was said."""
    asked: list[Action] = []
    finding = Finding(parse)
    view = search(finding, asked)

    async def answered(pilot: Pilot[None]) -> None:
        finding.take(SearchPage("keys", (said("a key", 1), said("keys", 2))))
        view.look_again()
        await pilot.press("down", "enter")

    result, _lines = show(view, "keys", "enter", then=answered)
    assert asked == [AskSearch("keys", typed="keys")]
    assert result == Place("#lobby", "a key", "msgid=a key")


def test_a_search_comes_back_as_it_was_left(show: Show) -> None:
    """With its words and hits; behind the last hit it goes on."""
    asked: list[Action] = []
    result, lines = show(search(searched("a key", "keys"), asked), "up", "enter", size=SMALL)
    assert result is NOTHING
    assert asked == [AskMore()]
    assert any("bob" in line for line in lines)
    assert show(search(searched("keys"), asked), "enter")[0] == Place(
        "#lobby", "keys", "msgid=keys"
    )


# --- a message -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "act"),
    [
        ("r", MessageAct(Act.REPLY)),
        ("к", MessageAct(Act.REPLY)),
        ("c", MessageAct(Act.COPY, "Who has the keys?")),
        ("i", MessageAct(Act.COPY_ID, "msgid=m1")),
        ("e2", MessageAct(Act.REACT, "❤️")),
    ],
)
def test_a_key_of_the_menu(show: Show, keys: str, act: MessageAct) -> None:
    """Also where the keyboard is set to Russian."""
    assert show(menu(message()), *keys)[0] == act


def test_a_message_is_removed_with_a_reason_and_after_a_question(show: Show) -> None:
    """Esc leaves it where it is; of others only an operator may."""
    mine = message(mine=True)
    result = show(menu(mine, "bob"), "d", "oops", "enter", "y")[0]
    assert result == MessageAct(Act.REDACT, "oops")
    assert show(menu(mine, "bob"), "d", "escape")[0] is NOTHING
    assert show(menu(mine, "bob"), "d", "enter", "n")[0] is NOTHING
    assert show(menu(message()), "d", "enter")[0] is None


def test_who_writes_in_the_menu_removes_nothing(show: Show) -> None:
    """A whole line with its Enter is no answer to the question."""
    assert show(menu(message(mine=True), "bob"), *"don't do it", "enter", "enter")[0] is NOTHING


@pytest.mark.parametrize("text", ["don't do it", "edit", "hold on", "d\nd\n\n"])
def test_letters_may_come_at_once(show: Show, text: str) -> None:
    """Before the menu has done what the first of them is for."""

    async def typed(pilot: Pilot[None]) -> None:
        driver = pilot.app._driver
        assert driver is not None
        for char in text:
            key = "enter" if char == "\n" else _character_to_key(char)
            driver.send_message(events.Key(key, char))

    result, _lines = show(menu(message(mine=True), "bob"), then=typed)
    assert result in (NOTHING, None, MessageAct(Act.REACT, USUAL[0]))


def test_letters_that_do_nothing_are_typed(show: Show) -> None:
    """The menu closes, and none of them is lost, also of keys that do something elsewhere."""
    typed: list[str] = []
    assert show(menu(message(), typed=typed), *"hold")[0] is None
    assert "".join(typed) == "hold"[: len(typed)]
    assert typed[0] == "h"
    pasted: list[str] = []
    assert show(menu(message(), typed=pasted), "d")[0] is None  # it isn't ours to remove
    assert pasted == ["d"]


def test_reactions_by_name(show: Show) -> None:
    """The one that fits best is taken by Enter."""
    assert show(ReactView(LOOK), "roc", "enter")[0] == "🚀"
    assert show(ReactView(LOOK), "3")[0] == "😄"
    assert "no emoji has such a name" in str(show(ReactView(LOOK), "zzzz", "enter")[1])
    assert show(ReactView(LOOK, ["🎉", "👀"]), "down", "enter")[0] == "👀"


def test_a_question_is_not_answered_by_enter(show: Show) -> None:
    """Which may be on its way from what was typed before."""

    def question() -> Confirm:
        return Confirm(LOOK, "Send it?", [[("text", "37 lines")]], "send")

    assert show(question(), "enter", " ")[0] is NOTHING
    assert show(question(), "y")[0] is True
    assert show(question(), "н")[0] is True
    assert show(question(), "escape")[0] is False


# --- all of them ---------------------------------------------------------------------------------


def views() -> list[Dialog[Any]]:
    hostile = Message("m", at(1), HOSTILE, HOSTILE, mark="msgid=m", reply=HOSTILE)
    hostile.react("alice", HOSTILE, ended=False)
    hostile.react("alice", "👍", ended=False)
    return [
        Switcher(LOOK, [Choice(HOSTILE, topic=HOSTILE), Choice("#x", Doing.JOIN, by=HOSTILE)]),
        MentionsView(LOOK, mentioned(Mention(HOSTILE, hostile)), NOW),
        JumpDialog(LOOK, lambda: NOW),
        search(searched(HOSTILE), []),
        HelpView(LOOK),
        MessageMenu(LOOK, hostile, Rights("alice", operates=True), print),
        ReactView(LOOK, list(hostile.reactions)),
    ]


@pytest.mark.parametrize("number", range(7))
def test_nothing_hostile_is_drawn_and_keys_are_told_at_40_by_10(show: Show, number: int) -> None:
    """In no view, whatever field it stands in; the box is closed below."""
    _result, lines = show(views()[number], size=SMALL)
    assert all(line.isprintable() and "\u202e" not in line for line in lines)
    assert any("Esc" in line for line in lines)
    assert any(line.lstrip().startswith("╰") for line in lines)


@pytest.mark.parametrize("number", range(7))
def test_each_key_that_is_told_does_something(number: int) -> None:
    """The last line and the bindings are of one mind."""
    view = views()[number]
    for _key, label, action in view.keys_told():
        assert label
        assert hasattr(view, f"action_{action.partition('(')[0]}")


def test_help_has_everything_and_finds_a_word(show: Show) -> None:
    """Keys and commands."""
    _result, lines = show(HelpView(LOOK), "redact", size=(80, 24))
    assert any("/redact" in line for line in lines)
    assert not any("/join" in line for line in lines)


def test_what_is_typed_stays_in_the_line(show: Show) -> None:
    """Moving about in the list doesn't leave it."""

    async def more(pilot: Pilot[None]) -> None:
        await pilot.press("down", "b")
        assert pilot.app.screen.query_one(Input).value == "lob"

    show(Switcher(LOOK, ROOMS), "lo", then=more)
