"""`securechat rooms` and `members`, as far as a server's answers can be odd."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from securechat.client.commands.heard import Heard
from securechat.client.commands.rooms import told_at_login
from securechat.client.commands.search import MOST_PAUSES, read
from securechat.client.exits import Exit
from securechat.client.session.actions import Action, AskMore, AskSearch
from securechat.client.session.events.answers import NamesAre
from securechat.client.session.events.base import ClientEvent
from securechat.client.session.events.channels import Joined, TopicIs
from securechat.client.session.events.connection import Ready, Stopped
from securechat.client.session.events.history import SearchPage, SearchPaused
from securechat.client.session.events.messages import MarkedRead, Said

NOW = datetime(2026, 1, 31, tzinfo=UTC)


class FakeClient:
    """Answers each action with the next of some events."""

    def __init__(self, *answers: Sequence[ClientEvent]) -> None:
        self._answers = list(answers)
        self.asked: list[Action] = []

    def attach(self, sink: object) -> None:
        self._sink = sink

    def submit(self, action: Action, *, wait: bool = False) -> bool:
        assert wait
        self.asked.append(action)
        self._sink(self._answers.pop(0))  # type: ignore[operator]
        return True


class FakeRunning:
    """What a command is given that has logged in."""

    def __init__(self, *answers: Sequence[ClientEvent]) -> None:
        self.client = FakeClient(*answers)


def test_what_is_told_of_channels_that_we_are_not_in_is_left_out() -> None:
    """And of a channel all is put together, in whatever spelling, in the order of the names."""
    found = told_at_login(
        [
            TopicIs("#elsewhere", "x"),
            Joined("#Zoo", "alice", mine=True),
            Joined("#den", "alice", mine=True),
            Joined("#other", "bob"),
            TopicIs("#zoo", "cats"),
            NamesAre("#zoo", ("~bob", "@+Alice")),
            NamesAre("#elsewhere", ("bob",)),
            MarkedRead("#den", NOW),
        ],
        "alice",
    )
    assert [(one.name, one.topic, one.present, one.role, one.read) for one in found] == [
        ("#den", "", 0, "member", NOW),
        ("#Zoo", "cats", 2, "operator", None),
    ]


def test_a_login_that_ends_before_it_is_ready() -> None:
    """Is an error, and not an empty list."""
    client = FakeClient([Joined("#den", "alice", mine=True), Ready("alice")], [Stopped(Exit.OK)])
    heard = Heard(client)  # type: ignore[arg-type]
    client.submit(AskMore(), wait=True)
    assert heard.login() == [Joined("#den", "alice", mine=True)]


def test_a_search_goes_on_that_takes_the_server_too_long() -> None:
    """Up to a bound; that there may be more is told then."""
    said = Said("#den", "bob", "needle")
    running = FakeRunning(
        [SearchPaused(NOW), SearchPage("", ())],
        [SearchPage("", (said,))],
        [SearchPage("", ())],
    )
    assert read(running, AskSearch("needle"), 20) == ([said], True)  # type: ignore[arg-type]
    slow: list[Sequence[ClientEvent]] = [[SearchPaused(NOW), SearchPage("", ())]] * (
        MOST_PAUSES + 2
    )
    assert read(FakeRunning(*slow), AskSearch("x"), 20) == ([], False)  # type: ignore[arg-type]
