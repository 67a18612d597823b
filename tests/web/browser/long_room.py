"""A room in which much was said, before its server starts."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from benchlib import seed
from benchlib.servers import Plan, nick, room_name

from securechat.server.data import DataDirectory
from securechat.store import passwords
from securechat.store.pepper import find_pepper
from tests.support.server import COST, PASSWORD, ServerUnderTest, config

ROOM, READER, OTHER = room_name(0), nick(0), nick(1)

TO_THE_TOP = """
async () => {
    const log = document.querySelector('[role=log]');
    const frames = [];
    let last = performance.now();
    while (!log.querySelector('li').textContent.includes('The beginning')) {
        log.scrollTop = 0;
        await new Promise(requestAnimationFrame);
        const now = performance.now();
        frames.push(now - last);
        last = now;
    }
    return frames;
}
"""
"""Scrolls the open conversation to its first message; the ms of each frame."""


def fill(data: DataDirectory, count: int) -> None:
    """The data of a server with ROOM, in which two of its members have said so many messages."""
    data.create()
    pepper = find_pepper(data.database, data.pepper)
    stored = passwords.hash_password(PASSWORD, cost=COST, pepper=pepper)
    seed.fill(data.database, Plan(2, rooms=1, messages=count, authors=2), stored)


@contextlib.contextmanager
def long_room(directory: Path, count: int) -> Iterator[ServerUnderTest]:
    """A server with it."""
    server = ServerUnderTest(directory, config(web={"host": "127.0.0.1", "port": 0}))
    fill(server.data, count)
    server.open()
    try:
        yield server
    finally:
        server.close()


def told(what: str, frames: list[float]) -> str:
    """A row of a table: the time, how many frames, and how long they took. frames: ms of each."""
    ordered = sorted(frames)
    middle, late = (ordered[int(len(ordered) * part)] for part in (0.5, 0.99))
    return (
        f"| {what} | {sum(frames) / 1000:.1f} s | {len(frames):,} | {middle:.1f} ms | "
        f"{late:.1f} ms | {ordered[-1]:.0f} ms |"
    )
