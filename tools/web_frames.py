"""Measure how the web client feels: its first load, ten thousand messages scrolled, and a flood.

    python tools/web_frames.py                 needs the extra web-test, and Chromium
    python tools/web_frames.py --messages 2000 --seconds 3

Prints a table for docs/performance.md. A frame is what lies between two calls of
requestAnimationFrame; 16.7 ms is the best that there is.
"""

from __future__ import annotations

import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from playwright.sync_api import sync_playwright  # noqa: E402

from tests.support.server import ServerUnderTest  # noqa: E402
from tests.web.browser.long_room import (  # noqa: E402
    OTHER,
    READER,
    ROOM,
    TO_THE_TOP,
    long_room,
    told,
)
from tests.web.browser.people import Person, address_of, expect  # noqa: E402
from tests.web.conftest import FLAGS, chromium  # noqa: E402

LOADED = """
() => {
    const kinds = ["navigation", "resource"];
    const all = kinds.flatMap((kind) => performance.getEntriesByType(kind));
    const paint = performance.getEntriesByName('first-contentful-paint')[0];
    return [all.length, all.reduce((sum, one) => sum + one.transferSize, 0), paint?.startTime ?? 0];
}
"""

FRAMES_UNTIL = """
async (last) => {
    const log = document.querySelector('[role=log]');
    const frames = [];
    let before = performance.now();
    while (!log.textContent.includes(last)) {
        await new Promise(requestAnimationFrame);
        const now = performance.now();
        frames.push(now - before);
        before = now;
    }
    return frames;
}
"""

END = "that was all"


def flood(server: ServerUnderTest, rate: int, seconds: float) -> None:
    """Somebody says so many messages a second, in parts of a fiftieth of a second."""
    member = server.member(OTHER)
    member.says(f"JOIN {ROOM}")
    begun = time.monotonic()
    said = 0
    while (passed := time.monotonic() - begun) < seconds:
        due = int(rate * passed)
        if due > said:
            member.sends(*(f"PRIVMSG {ROOM} :number {n}" for n in range(said, due)))
            said = due
        time.sleep(0.02)
    member.says(f"PRIVMSG {ROOM} :{END}")


def measure(browser: Any, server: ServerUnderTest, rate: int, seconds: float) -> Iterator[str]:
    """The lines, as they are known. rate: messages a second."""
    with Person(browser, address_of(server)) as person:
        person.comes()
        expect(person.page.get_by_label("Account")).to_be_visible()
        files, sent, paint = person.page.evaluate(LOADED)
        yield (
            f"First load: {files} files, {sent / 1024:.0f} KiB with headers; "
            f"first paint after {paint:.0f} ms.\n"
        )
        yield "| what | time | frames | median | 99 % below | longest |"
        yield "| --- | ---: | ---: | ---: | ---: | ---: |"
        person.logs_in(READER).opens(ROOM)
        expect(person.log.get_by_role("listitem").last).to_be_visible()
        yield told("scrolling back to the first", person.page.evaluate(TO_THE_TOP))
        person.page.get_by_role("button", name="To the newest").click()
        expect(person.page.get_by_role("button", name="To the newest")).to_have_count(0)
        speaker = threading.Thread(target=flood, args=(server, rate, seconds))
        speaker.start()
        yield told(f"{rate} messages a second", person.page.evaluate(FRAMES_UNTIL, END))
        speaker.join()


@click.command(help=__doc__.partition("\n")[0])
@click.option("--messages", type=int, default=10_000)
@click.option("--rate", type=int, default=500)
@click.option("--seconds", type=float, default=10.0)
def main(messages: int, rate: int, seconds: float) -> None:
    with (
        tempfile.TemporaryDirectory() as directory,
        long_room(Path(directory) / "server", messages) as server,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        for line in measure(browser, server, rate, seconds):
            print(line, flush=True)
        browser.close()


if __name__ == "__main__":
    main()
