"""A room in which much was said, before its server starts."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from benchlib import seed
from benchlib.servers import Plan, nick, room_name

from securechat.store import passwords
from securechat.store.pepper import find_pepper
from tests.support.server import COST, PASSWORD, ServerUnderTest, config

ROOM, READER, OTHER = room_name(0), nick(0), nick(1)

TO_THE_TOP = """
async () => {
    const log = document.querySelector('[role=log]');
    const frames = [];
    let last = performance.now();
    while (!log.textContent.includes('The beginning')) {
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


@contextlib.contextmanager
def long_room(directory: Path, count: int) -> Iterator[ServerUnderTest]:
    """A server with ROOM, in which two of its members have said so many messages."""
    server = ServerUnderTest(directory, config(web={"host": "127.0.0.1", "port": 0}))
    server.data.create()
    pepper = find_pepper(server.data.database, server.data.pepper)
    stored = passwords.hash_password(PASSWORD, cost=COST, pepper=pepper)
    seed.fill(server.data.database, Plan(2, rooms=1, messages=count, authors=2), stored)
    server.open()
    try:
        yield server
    finally:
        server.close()
