"""A hostile server, or who makes a channel, writes to what stands around the timeline of the full
screen: it is no markup of the library below, and ends nothing.
"""

from __future__ import annotations

import pytest
from textual import events
from textual.pilot import Pilot
from textual.widgets import Input

from securechat.client.exits import Exit
from securechat.client.screens.full.app import FullScreen
from securechat.client.session.events.channels import Invited, TopicIs
from securechat.client.session.events.connection import Ready
from securechat.client.session.events.history import RangeTold
from securechat.client.session.events.messages import IsTyping
from securechat.client.session.following import targets
from securechat.client.timeline.conversations import Conversations
from tests.client.screens.full.conversing import Fake, batches, on_screen, seen, settled
from tests.client.timeline.said import said
from tests.security.server.hostile import SEQUENCES, is_inert

MARKUP = "#[/x][/][b]bold[@click=app.leave]here[/][link='http://evil.test']x"
"""Each of these ends a program that takes it for markup, or is obeyed."""

TIMES = ["2026-01-31T15:30:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "x", ""]


def test_names_are_no_markup() -> None:
    """In the channel itself, and in all views that name it."""
    name = MARKUP

    async def step(pilot: Pilot[Exit], app: FullScreen, fake: Fake) -> None:
        assert f"Write to {name}" in "\n".join(seen(app))
        told = said(f"alice: {name}", 1, nick=name, where=name)
        batches(app, told, TopicIs(name, name, name), IsTyping(name, name), Invited(name, name))
        await settled(pilot, app)
        for key in ("ctrl+k", "f4", "ctrl+f", "up enter"):
            await pilot.press(*key.split())
            await settled(pilot, app)
            assert name in "\n".join(seen(app))
            await pilot.press("escape")
            await settled(pilot, app)
        app.action_switch()
        await pilot.press("escape")

    assert on_screen(step, name, size=(150, 30)).fault is None


@pytest.mark.parametrize("key", ["ctrl+k", "ctrl+f", "f1", "ctrl+d"])
def test_what_is_pasted_into_a_view_is_inert(key: str) -> None:
    """As what is pasted where one talks."""

    async def step(pilot: Pilot[Exit], app: FullScreen, fake: Fake) -> None:
        await pilot.press(key)
        await settled(pilot, app)
        line = app.screen.query_one(Input)
        # Some of them, as all go through the one function that others try with each.
        for evil in SEQUENCES[::6]:
            line.value = ""
            line.post_message(events.Paste(f"a{evil}b"))
            await pilot.pause()
            assert is_inert(line.value)

    on_screen(step, "#lobby")


@pytest.mark.parametrize("time", TIMES)
def test_times_that_no_clock_has(time: str) -> None:
    """Of the list of conversations: what can't be compared is passed over."""
    conversations = Conversations("alice")
    conversations.take(Ready("alice"))
    good = "2026-01-31T15:30:00.000Z"
    for told in (good, time, good):
        conversations.take(RangeTold(targets(), targets=(("bob", told),)))
    conversations.show("bob")
    conversations.seen("bob")
    assert [one.name for one in conversations] == ["bob"]
