"""The widget within Textual: what it draws, and what it tells the app."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC

from textual.app import App, ComposeResult
from textual.events import MouseScrollUp
from textual.message import Message as Posted
from textual.pilot import Pilot

from securechat.client.screens.full.timeline_view import TimelineView
from securechat.client.session.events.deliveries import Queued
from securechat.client.timeline.mentions import Mentions
from securechat.client.timeline.timeline import Timeline
from tests.client.timeline.said import said

SIZE = (60, 10)


class Watched(TimelineView):
    """A timeline whose words to the app are written down."""

    def __init__(self) -> None:
        super().__init__(zone=UTC)
        self.told: list[str] = []

    def post_message(self, message: Posted) -> bool:
        outer, _dot, name = type(message).__qualname__.rpartition(".")
        if outer == "TimelineView":
            self.told.append(name)
        return super().post_message(message)


class Screen(App[None]):
    """A screen with nothing but a timeline."""

    CSS = "Screen { background: ansi_default; }"

    def __init__(self, timeline: Timeline) -> None:
        super().__init__()
        self.timeline = timeline
        self.view = Watched()

    def compose(self) -> ComposeResult:
        yield self.view

    def on_mount(self) -> None:
        self.view.show(self.timeline, "alice")

    def rows(self) -> list[str]:
        """What is drawn."""
        return [self.view.render_line(y).text.rstrip() for y in range(self.view.size.height)]

    def selected(self) -> str:
        """The text of what is selected."""
        return self.view.selected.text if self.view.selected else ""

    def texts(self) -> list[str]:
        """What is drawn of the messages."""
        return [row.partition("│ ")[2].split(" ")[0] for row in self.rows()]


def numbers(count: int) -> Timeline:
    """A timeline of so many messages, whose texts are numbers."""
    timeline = Timeline("#lobby")
    events = [said(str(number), nick=["bob", "carol"][number % 2]) for number in range(count)]
    timeline.extend_on(events, Mentions("alice"))
    return timeline


def drive(timeline: Timeline, steps: Callable[[Screen, Pilot[None]], Awaitable[None]]) -> list[str]:
    """Do something with a screen. Returns what the widget has told."""
    screen = Screen(timeline)

    async def run() -> None:
        async with screen.run_test(size=SIZE) as pilot:
            await steps(screen, pilot)

    asyncio.run(run())
    return screen.view.told


def test_it_shows_the_end_and_tells_so() -> None:
    """And draws no more than changes."""

    async def steps(screen: Screen, pilot: Pilot[None]) -> None:
        assert screen.texts() == [str(number) for number in range(40, 50)]
        assert screen.view.at_bottom
        screen.timeline.say(said("50"), mention=False)
        screen.view.refresh_items()
        assert screen.texts()[-2:] == ["49", "50"]
        before = [screen.view.render_line(y) for y in range(10)]
        screen.timeline.queue(Queued(1, "#lobby", "mine"), "alice")
        screen.view.refresh_items()
        screen.timeline.stored(1, "m1", None)
        screen.view.refresh_items()
        after = [screen.view.render_line(y) for y in range(10)]
        assert all(one is other for one, other in zip(before[1:7], after[:6], strict=True))

    assert drive(numbers(50), steps) == ["BottomReached"]


def test_scrolling_up_asks_for_more_once() -> None:
    """And nothing moves when that comes, or when somebody says something."""

    async def steps(screen: Screen, pilot: Pilot[None]) -> None:
        view = screen.view
        view.scroll_page_up()
        view.scroll_page_up()
        await pilot.pause()
        asked = screen.view.told.count("OlderWanted")
        screen.timeline.extend_back([said("old", -1)], Mentions(""))
        screen.timeline.say(said("50"), mention=False)
        view.refresh_items()
        assert screen.texts()[:9] == [str(number) for number in range(24, 33)]
        assert "1 new message below" in screen.rows()[-1]
        assert not view.at_bottom
        assert asked == 1
        view.follow()
        assert screen.texts()[-1] == "50"

    assert drive(numbers(50), steps)[0] == "BottomReached"


def test_the_mouse_scrolls_and_selects() -> None:
    """A click selects; two of them act on a message."""

    async def steps(screen: Screen, pilot: Pilot[None]) -> None:
        await pilot._post_mouse_events([MouseScrollUp], TimelineView, button=0)
        assert screen.texts()[0] == "37"
        await pilot.click(TimelineView, offset=(30, 2))
        assert screen.selected() == "39"
        await pilot.click(TimelineView, offset=(30, 4), times=2)
        assert screen.selected() == "41"
        screen.view.select_none()
        assert screen.selected() == ""

    told = drive(numbers(50), steps)
    assert told.count("MessageSelected") == 3
    assert told.count("MessageActivated") == 1


def test_home_leads_to_what_was_unread_first() -> None:
    """Then to the beginning."""

    async def steps(screen: Screen, pilot: Pilot[None]) -> None:
        screen.timeline.unread_from = "20"
        screen.view.refresh_items()
        screen.view.scroll_home()
        assert screen.texts()[0] == "19"
        assert " new " in screen.rows()[1]
        screen.view.scroll_home()
        assert "Sunday" in screen.rows()[1]

    drive(numbers(50), steps)


def test_a_long_message_opens_before_anything_else() -> None:
    """By Enter; the next one acts on it."""

    async def steps(screen: Screen, pilot: Pilot[None]) -> None:
        screen.timeline.say(said("x\n" * 40), mention=False)
        screen.view.refresh_items()
        assert "more lines" in screen.rows()[-1]
        screen.view.select_previous()
        screen.view.activate()
        assert not any("more lines" in row for row in screen.rows())
        screen.view.activate()

    assert drive(numbers(5), steps).count("MessageActivated") == 1


def test_what_is_selected_may_fall_out() -> None:
    """Then nothing is."""

    async def steps(screen: Screen, pilot: Pilot[None]) -> None:
        assert screen.view.scroll_to_key("30")
        assert screen.selected() == "30"
        screen.timeline.replace([said("new")], Mentions(""), at_end=True)
        screen.view.refresh_items()
        assert screen.selected() == ""
        assert screen.texts()[-1] == "new"
        assert not screen.view.scroll_to_key("30")

    drive(numbers(50), steps)


def test_a_window_in_the_past_asks_for_what_is_newer() -> None:
    """And for the newest when one wants to go there."""

    async def steps(screen: Screen, pilot: Pilot[None]) -> None:
        screen.timeline.at_end = False
        screen.view.refresh_items()
        assert "newer messages below" in screen.rows()[-1]
        assert not screen.view.at_bottom
        screen.view.follow()

    told = drive(numbers(50), steps)
    assert told.count("NewerWanted") == 1
    assert told.count("NewestWanted") == 1
