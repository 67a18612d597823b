"""The whole screen, by its keys."""

from __future__ import annotations

import pytest
from textual import events
from textual.pilot import Pilot

from securechat.client.exits import Exit
from securechat.client.screens.full import typed
from securechat.client.screens.full.app import FullScreen
from securechat.client.screens.full.views.help import HelpView
from securechat.client.screens.full.views.search import SearchView
from securechat.client.session.actions import AskSearch, MarkRead, React
from securechat.client.session.events.connection import Lost, Stopped
from tests.client.screens.full.conversing import (
    Fake,
    batches,
    on_screen,
    seen,
    settled,
    types,
)
from tests.client.timeline.said import said
from tests.support.links import PATIENCE


def test_somebody_talks() -> None:
    """Types, in several lines, completes, takes up what was sent, and goes from room to room."""

    async def step(pilot: Pilot[Exit], app: FullScreen, fake: Fake) -> None:
        assert "▸ #den" in "\n".join(seen(app))
        await types(pilot, "two", "ctrl+j")
        await types(pilot, "lines", "enter")
        await types(pilot, "next", "enter")
        assert fake.said == [("#den", "two\nlines"), ("#den", "next")]
        await pilot.press("ctrl+p", "ctrl+p", "ctrl+n")
        assert app.typed.text == "next"
        await pilot.press("ctrl+c")
        assert app.typed.text == ""
        await types(pilot, "/joi", "tab")
        assert app.typed.text == "/join "
        await pilot.press("alt+down")
        await settled(pilot, app)
        assert app.typed.text == ""
        assert "▸ #lobby" in "\n".join(seen(app))
        await pilot.press("alt+up")
        await settled(pilot, app)
        assert app.typed.text == "/join "

    on_screen(step, "#den", "#lobby")


def test_keys_keep_their_order() -> None:
    """However many come at once; and the letters between letters are kept."""

    async def step(pilot: Pilot[Exit], app: FullScreen, fake: Fake) -> None:
        keys = ["a", "b", "backspace", "c", "d", "backspace", "backspace", "e", "left", "x"]
        for key in keys:
            app.post_message(events.Key(key, key if len(key) == 1 else None))
        await pilot.pause()
        await pilot.pause()
        assert app.typed.text == "axe"
        app.post_message(events.Key("zero_width_joiner", "\u200d"))
        await pilot.pause()
        assert app.typed.text == "ax\u200de"

    on_screen(step, "#lobby")


def test_a_paste_is_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its lines are not sent one by one, nor is it by the line end that a terminal sends behind."""
    monkeypatch.setattr(typed, "PASTED", PATIENCE)

    async def step(pilot: Pilot[Exit], app: FullScreen, fake: Fake) -> None:
        app.typed.post_message(events.Paste("/quit\nrm -rf\x1b[2J\n"))
        await pilot.press("enter")
        await pilot.pause()
        assert app.typed.text == "/quit\nrm -rf^[[2J"
        assert fake.said == []

    on_screen(step, "#lobby")


def test_what_is_read_depends_on_who_looks() -> None:
    """Nothing is marked while the terminal has no focus; then the unread line stands there."""

    async def step(pilot: Pilot[Exit], app: FullScreen, fake: Fake) -> None:
        def marks() -> int:
            return sum(isinstance(one, MarkRead) for one in fake.actions)

        batches(app, said("hello", 1))
        await settled(pilot, app)
        assert marks() == 1
        app.post_message(events.AppBlur())
        await pilot.pause()
        batches(app, said("alice, are you there?", 2))
        await settled(pilot, app)
        assert marks() == 1
        assert any("@1 1" in line for line in seen(app))
        app.post_message(events.AppFocus())
        await settled(pilot, app)
        assert any(" new ─" in line for line in seen(app))
        assert not any("@1 1" in line for line in seen(app))

    on_screen(step, "#lobby")


def test_commands_open_views() -> None:
    """And are about the message that is selected, or the newest one."""

    async def step(pilot: Pilot[Exit], app: FullScreen, fake: Fake) -> None:
        batches(app, said("one", 1), said("two", 2))
        await settled(pilot, app)
        await types(pilot, "/react +1", "enter")
        await pilot.press("up", "up")
        await types(pilot, "/react +2", "enter")
        await pilot.pause()
        assert [one for one in fake.actions if isinstance(one, React)] == [
            React("#lobby", "two", "+1"),
            React("#lobby", "one", "+2"),
        ]
        await types(pilot, "/search words", "enter")
        await pilot.pause()
        assert isinstance(app.screen, SearchView)
        assert any(isinstance(one, AskSearch) for one in fake.actions)
        await pilot.press("escape")
        await types(pilot, "/help", "enter")
        await pilot.pause()
        assert isinstance(app.screen, HelpView)

    on_screen(step, "#lobby")


def test_it_is_of_use_on_a_small_terminal() -> None:
    """40×10: the lists give way, the timeline and the input stay; keys bring the lists."""

    async def step(pilot: Pilot[Exit], app: FullScreen, fake: Fake) -> None:
        batches(app, said("hello", 1), Lost("it was a nice day", 9.0))
        await pilot.resize_terminal(40, 10)
        await settled(pilot, app)
        lines = seen(app)
        assert len(lines) == 10
        assert lines[0].startswith(" #lobby")
        assert "offline" in lines[0]
        assert any("hello" in line for line in lines)
        assert any("Write to #lobby" in line for line in lines)
        assert lines[-1].endswith("F1 all keys")
        assert not any("Channels" in line for line in lines)
        await pilot.press("f2")
        await settled(pilot, app)
        assert any("Channels" in line for line in seen(app))

    on_screen(step, "#lobby")


@pytest.mark.parametrize("no_color", [False, True])
def test_it_lives_on_where_there_is_no_room(
    monkeypatch: pytest.MonkeyPatch, no_color: bool
) -> None:
    """A window that is made very small, and large again; also without colours."""
    if no_color:
        monkeypatch.setenv("NO_COLOR", "1")

    async def step(pilot: Pilot[Exit], app: FullScreen, fake: Fake) -> None:
        for size in ((12, 4), (2, 1), (120, 40), (40, 10), (120, 40)):
            await pilot.resize_terminal(*size)
            await settled(pilot, app)
        assert any("Write to #lobby" in line for line in seen(app))

    on_screen(step, "#lobby")


def test_no_colour_where_none_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    """All that a colour says is there by a sign, too."""
    monkeypatch.setenv("NO_COLOR", "1")

    async def step(pilot: Pilot[Exit], app: FullScreen, fake: Fake) -> None:
        batches(app, said("alice?", 1, where="#den"))
        await settled(pilot, app)
        lines = seen(app)
        assert any("▸ #lobby" in line for line in lines)
        assert any("#den" in line and "@1 1" in line for line in lines)
        coloured = [
            segment
            for strip in app.screen._compositor.render_strips()
            for segment in strip
            if segment.style and segment.style.color and not segment.style.color.is_default
        ]
        assert coloured == []

    on_screen(step, "#lobby", "#den")


def test_the_end_of_the_session_ends_the_screen() -> None:
    """With its exit code."""

    async def step(pilot: Pilot[Exit], app: FullScreen, fake: Fake) -> None:
        batches(app, Stopped(Exit.CERTIFICATE, "another authority"))
        await pilot.pause()
        app.wake()
        await pilot.pause(0.1)

    assert on_screen(step, "#lobby").return_value is Exit.CERTIFICATE


def test_a_bug_ends_the_screen() -> None:
    """And is raised where it was opened, for a sentence."""

    async def step(pilot: Pilot[Exit], app: FullScreen, fake: Fake) -> None:
        def broken(*_: object) -> None:
            raise ZeroDivisionError("of all things")

        app.view.refresh_items = broken  # type: ignore[assignment, method-assign]
        batches(app, said("hello", 1))
        app.wake()
        await pilot.pause(0.1)

    with pytest.raises(ZeroDivisionError, match="of all things"):
        on_screen(step, "#lobby")
