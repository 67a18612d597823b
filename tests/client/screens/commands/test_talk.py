"""/reply /react /unreact /redact: which message they are about."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from securechat.client.screens.composer import Composer
from securechat.client.session.actions import Action, React, Redact, Say
from securechat.client.session.events.base import Problem
from securechat.client.session.events.history import HistoryPage
from securechat.client.session.events.messages import Said
from securechat.client.timeline.conversations import Conversations
from tests.client.screens.test_composer import composer


def by(nick: str, minute: int) -> Said:
    """What somebody has said there, with an id of their name."""
    return Said(
        "#lab",
        nick,
        "words",
        mine=nick == "alice",
        time=datetime(2026, 1, 1, 12, minute, tzinfo=UTC),
        tags={"msgid": f"of-{nick}"},
        conversation="#lab",
    )


def after_a_talk() -> Composer:
    """In #lab, where bob, carol and at last alice have said something."""
    at = composer("#lab")
    at.remember(Conversations("alice", fetches=False))
    at.channels.add("#lab", "bob")
    for number, nick in enumerate(("bob", "carol", "alice")):
        at.notice(by(nick, number))
    return at


def test_a_page_of_the_history_is_here_too() -> None:
    """Older than what came since, unless that was before a lost connection."""
    at = composer("#lab")
    at.remember(Conversations("alice", fetches=False, ignored=at.ignored))
    at.notice(HistoryPage("#lab", (by("bob", 5), by("dave", 6)), first=True))
    assert at.line("/reply yes") == [Say("#lab", "yes", reply="of-dave")]
    at.notice(HistoryPage("#lab", (by("erin", 3),)))
    assert at.line("/reply yes") == [Say("#lab", "yes", reply="of-dave")]
    assert at.line("/reply erin yes") == [Say("#lab", "yes", reply="of-erin")]
    at.notice(HistoryPage("#lab", (by("carol", 9),)))
    assert at.line("/reply yes") == [Say("#lab", "yes", reply="of-carol")]
    at.ignored.add("gina")
    at.notice(HistoryPage("#lab", (by("gina", 10),)))
    assert at.line("/reply yes") == [Say("#lab", "yes", reply="of-carol")]


@pytest.mark.parametrize(
    ("typed", "action"),
    [
        ("/reply I agree", Say("#lab", "I agree", reply="of-carol")),
        ("/reply bob I agree", Say("#lab", "I agree", reply="of-bob")),
        ("/reply @bob: I agree", Say("#lab", "I agree", reply="of-bob")),
        ("/r carol  yes", Say("#lab", "yes", reply="of-carol")),
        ("/react :+1:", React("#lab", "of-carol", "👍")),
        ("/react 🎉", React("#lab", "of-carol", "🎉")),
        ("/react bob :thumbsup:", React("#lab", "of-bob", "👍")),
        ("/react alice :tada:", React("#lab", "of-alice", "🎉")),
        ("/unreact bob :+1:", React("#lab", "of-bob", "👍", ended=True)),
        ("/redact", Redact("#lab", "of-alice")),
        ("/redact a private address", Redact("#lab", "of-alice", "a private address")),
        ("/redact bob", Redact("#lab", "of-bob")),
        ("/delete bob a private address", Redact("#lab", "of-bob", "a private address")),
    ],
)
def test_the_newest_message_is_meant(typed: str, action: Action) -> None:
    """Of the others, to answer it; of ours, to take it back; of whom is named. Whoever has left the
    channel is known by what they have said.
    """
    assert after_a_talk().line(typed) == [action]


def test_the_selected_message_is_meant() -> None:
    """Whatever is the newest; then a reason begins with no name."""
    at = after_a_talk()
    at.selected = "chosen"
    assert at.line("/reply bob is right") == [Say("#lab", "is right", reply="chosen")]
    assert at.line("/react :+1:") == [React("#lab", "chosen", "👍")]
    assert at.line("/redact bob asked for it") == [Redact("#lab", "chosen", "bob asked for it")]


@pytest.mark.parametrize("typed", ["/reply hello", "/react :+1:", "/redact", "/redact carol"])
def test_no_message_is_there(typed: str) -> None:
    """It is said where to find one."""
    [problem] = composer("#lab").line(typed)
    assert isinstance(problem, Problem)
    assert "/history" in problem.text
    [problem] = composer().line(typed)
    assert isinstance(problem, Problem)


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ("/react :tadda:", "did you mean :tada:?"),
        ("/react :qqqqqq:", "Tab offers"),
        ("/react", "expected /react"),
        ("/reply", "expected /reply"),
        ("/reply bob", "expected /reply"),
    ],
)
def test_what_can_not_be_meant(typed: str, hint: str) -> None:
    """Nothing is sent."""
    [problem] = after_a_talk().line(typed)
    assert isinstance(problem, Problem)
    assert hint in problem.text
