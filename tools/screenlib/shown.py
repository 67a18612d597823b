"""A screen with a timeline, to be measured from outside. A process of its own.

    python shown.py COUNT

It shows a timeline of so many messages and does what comes as keys: `a` adds as many at once, `f`
begins a flood, `q` ends and tells of itself; any other key is echoed with its number.
"""

from __future__ import annotations

import time

BEGUN = time.monotonic()

import json  # noqa: E402
import os  # noqa: E402
import sys  # noqa: E402
from datetime import UTC, datetime, timedelta  # noqa: E402
from pathlib import Path  # noqa: E402

from textual import events  # noqa: E402
from textual.app import App, ComposeResult  # noqa: E402
from textual.widgets import Static  # noqa: E402

from securechat.client.screens.full.garbage import looking_seldom  # noqa: E402
from securechat.client.screens.full.timeline_view import TimelineView  # noqa: E402
from securechat.client.session.events.messages import Said  # noqa: E402
from securechat.client.timeline.mentions import Mentions  # noqa: E402
from securechat.client.timeline.timeline import Timeline  # noqa: E402

IMPORTED = time.monotonic() - BEGUN

A_SECOND = 500
FRAMES = 30

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)

END = "\x1e"
"""Before and behind what it tells of itself."""


def said(number: int) -> Said:
    """A message that has its number in it, of up to two hundred characters."""
    text = f"message {number}: " + "some words of it " * (number % 12)
    time = NOON + timedelta(seconds=number)
    return Said("#lobby", f"member{number % 40}", text, time=time, tags={"msgid": str(number)})


class Shown(App[None]):
    """A timeline, and a line for the keys."""

    def __init__(self, timeline: Timeline) -> None:
        super().__init__()
        self.timeline = timeline
        self.said = self.count = len(timeline)
        self.keys = self.flooded = 0
        self.since = self.before = 0.0
        self.told: dict[str, float] = {}

    def compose(self) -> ComposeResult:
        yield TimelineView()
        yield Static("<0>")

    def on_mount(self) -> None:
        self.query_one(TimelineView).show(self.timeline)
        self.set_interval(1 / FRAMES, self.frame)

    def add(self, number: int) -> None:
        for _number in range(number):
            self.timeline.say(said(self.said), mention=False)
            self.said += 1
        self.query_one(TimelineView).refresh_items()

    def frame(self) -> None:
        if self.since:
            behind = int((time.monotonic() - self.since) * A_SECOND) - self.flooded
            self.flooded += behind
            self.add(behind)

    def on_key(self, event: events.Key) -> None:
        if event.character == "a":
            self.add(self.count)
        elif event.character == "f":
            self.since, self.before = time.monotonic(), time.process_time()
        elif event.character == "q":
            seconds = time.monotonic() - self.since
            self.told["cpu"] = (time.process_time() - self.before) / seconds
            self.told["rate"] = self.flooded / seconds
            self.exit()
        else:
            self.keys += 1
            self.query_one(Static).update(f"<{self.keys}>")


def resident() -> float:
    """The memory of this process, in MiB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def main(count: int) -> None:
    """Show so many messages."""
    timeline = Timeline("#lobby", 2 * count)
    timeline.extend_on([said(number) for number in range(count)], Mentions("me"))
    shown = Shown(timeline)
    shown.told |= {"import": IMPORTED, "memory": resident(), "run": time.monotonic()}
    with looking_seldom():
        shown.run()
    shown.told["memory after"] = resident()
    print(END + json.dumps(shown.told) + END, flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
