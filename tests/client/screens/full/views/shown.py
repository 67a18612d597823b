"""A screen on which views are shown, for their tests: what is seen, and what comes back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from textual import events
from textual.app import App
from textual.keys import _character_to_key
from textual.pilot import Pilot
from textual.screen import ModalScreen

from securechat.client.screens.full.look import Look

LOOK: Final = Look()

NOTHING: Final = object()
"""What came back of a view that is still open."""

NAMED: Final = ("enter", "escape", "f4", "up", "down", "pageup", "pagedown")
"""Keys that are no letters."""

Step = Callable[[Pilot[None]], Awaitable[None]]


class Stage:
    """One program for many views, one after the other, as to begin one takes long."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._wanted: asyncio.Queue[tuple[Step, asyncio.Future[None]] | None] = asyncio.Queue()
        self._app: App[None] = App(ansi_color=True)
        self._task = self._loop.create_task(self._run())

    def close(self) -> None:
        """End it."""
        self._wanted.put_nowait(None)
        self._loop.run_until_complete(self._task)
        self._loop.close()

    def show(
        self,
        view: ModalScreen[Any],
        *keys: str,
        size: tuple[int, int] = (80, 24),
        then: Step | None = None,
    ) -> tuple[Any, list[str]]:
        """Press keys in a view, then perhaps do more. Returns what it came back with, and the lines
        that are seen at the end.
        """
        came: list[Any] = []
        seen: list[str] = []

        async def shown(pilot: Pilot[None]) -> None:
            if tuple(self._app.size) != size:
                await pilot.resize_terminal(*size)
            await self._app.push_screen(view, came.append)
            await settled(pilot)
            for key in keys:
                await press(pilot, key)
            if then is not None:
                await then(pilot)
            await settled(pilot)
            seen.extend(self._lines())
            while len(self._app.screen_stack) > 1:
                await self._app.pop_screen()

        done = self._loop.create_future()
        self._wanted.put_nowait((shown, done))
        self._loop.run_until_complete(done)
        return (came[0] if came else NOTHING), seen

    async def _run(self) -> None:
        async with self._app.run_test() as pilot:
            while (wanted := await self._wanted.get()) is not None:
                step, done = wanted
                try:
                    await step(pilot)
                except BaseException as error:  # to whoever waits for it
                    done.set_exception(error)
                else:
                    done.set_result(None)

    def _lines(self) -> list[str]:
        """What is seen, as text."""
        strips = self._app.screen._compositor.render_strips()
        return ["".join(segment.text for segment in strip).rstrip() for strip in strips]


Show = Callable[..., tuple[Any, list[str]]]


async def settled(pilot: Pilot[Any]) -> None:
    """Until all is done that a key leads to, and what that leads to."""
    # pilot.pause() waits for the whole process to be idle, which takes long where others work.
    for _again in range(3):
        await pilot._wait_for_screen()


async def press(pilot: Pilot[Any], key: str) -> None:
    """A key; several letters that are none come at once, as when they are pasted."""
    driver = pilot.app._driver
    assert driver is not None
    if len(key) > 1 and key not in NAMED and not key.startswith("ctrl+"):
        driver.send_message(events.Paste(key))
    else:
        name = _character_to_key(key) if len(key) == 1 else key
        driver.send_message(events.Key(name, key if len(key) == 1 else None))
    await settled(pilot)
