"""A desk, and a screen on it, without a connection: for tests of what people see and do."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from textual.pilot import Pilot

from securechat.client.exits import Exit
from securechat.client.screens import commands
from securechat.client.screens.composer import Composer
from securechat.client.screens.full.app import FullScreen
from securechat.client.screens.full.cells import Row
from securechat.client.screens.full.desk import Desk
from securechat.client.screens.full.frames import Wishes
from securechat.client.screens.full.look import Look
from securechat.client.screens.full.notices import Notify
from securechat.client.session.actions import Action, Say
from securechat.client.session.channels import JoinedChannels
from securechat.client.session.events.base import ClientEvent
from securechat.client.session.events.channels import Joined
from securechat.client.session.events.connection import Ready
from securechat.client.session.events.history import RangeTold
from securechat.client.timeline.conversations import Conversations
from securechat.client.wire.mailbox import Sink


class Fake:
    """Stands for the client: keeps what is submitted, and tells what a test has happen."""

    def __init__(self, *channels: str) -> None:
        self.joined = JoinedChannels()
        self.actions: list[Action] = []
        self.full = False
        self.sink: Sink = lambda _events: None
        for channel in channels:
            self.joined.enter(channel)
            self.joined.add(channel, "alice")

    def submit(self, action: Action) -> bool:
        """As of Client."""
        if not self.full:
            self.actions.append(action)
        return not self.full

    def attach(self, sink: Sink) -> None:
        """As of Client."""
        self.sink = sink

    @property
    def said(self) -> list[tuple[str, str]]:
        """What was said: where to, and what."""
        return [(one.target, one.text) for one in self.actions if isinstance(one, Say)]

    def desk(self) -> Desk:
        """A desk over it, before anything has happened."""
        composer = Composer(self.joined, commands.run)
        return Desk(self, composer, Conversations("alice", ignored=composer.ignored))


def online(*channels: str) -> list[ClientEvent]:
    """What happens at the beginning."""
    return [Ready("alice"), *(Joined(name, "alice", mine=True) for name in channels)]


def at_desk(*channels: str) -> tuple[Fake, Desk]:
    """A desk of somebody who is online in channels, whose history is empty."""
    fake = Fake(*channels)
    desk = fake.desk()
    happen(desk, *online(*channels))
    answered(fake, desk)
    return fake, desk


def happen(desk: Desk, *events: ClientEvent, now: float = 0.0) -> None:
    """Let things happen."""
    for event in events:
        desk.take(event, now)


def answered(fake: Fake, desk: Desk) -> None:
    """The server answers all questions about its history: there is none."""
    while questions := [one for one in fake.actions if hasattr(one, "params") and _is_range(one)]:
        fake.actions = [one for one in fake.actions if one not in questions]
        for one in questions:
            desk.take(RangeTold(one), 0.0)  # type: ignore[arg-type]


def _is_range(action: Action) -> bool:
    return type(action).__name__ == "AskRange"


def text(row: Row) -> str:
    """A row without its styles."""
    return "".join(part for _style, part in row)


Step = Callable[[Pilot[Exit], FullScreen, Fake], Awaitable[None]]


def on_screen(step: Step, *channels: str, size: tuple[int, int] = (100, 24)) -> FullScreen:
    """Open the screen, and have step do what it is about."""
    fake = Fake(*channels)
    composer = Composer(fake.joined, commands.run)
    wishes = Wishes(Look(), Notify.OFF)
    app = FullScreen(fake, composer, Conversations("alice"), wishes)

    async def run() -> None:
        async with app.run_test(size=size) as pilot:
            fake.sink(online(*channels))
            await settled(pilot, app)
            answered(fake, app.desk)
            app.wake()
            await settled(pilot, app)
            await step(pilot, app, fake)

    asyncio.run(run())
    return app


async def settled(pilot: Pilot[Exit], app: FullScreen) -> None:
    """All that has happened is drawn."""
    await pilot.pause()
    app._frame()
    app._draw_panels()
    await pilot.pause()


def seen(app: FullScreen) -> list[str]:
    """The lines of the screen."""
    strips = app.screen._compositor.render_strips()
    return ["".join(segment.text for segment in strip).rstrip() for strip in strips]


async def types(pilot: Pilot[Exit], typed: str, *keys: str) -> None:
    """Press the keys of a text, then others."""
    await pilot.press(*(_key(char) for char in typed), *keys)


def _key(char: str) -> str:
    return {" ": "space", "/": "slash", "#": "number_sign", "+": "plus"}.get(char, char)


def batches(app: FullScreen, *events: ClientEvent) -> Sequence[ClientEvent]:
    """Let things happen, as the listener thread would."""
    app.handover.put(events)
    return events
