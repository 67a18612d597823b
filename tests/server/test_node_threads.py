"""The threads of a node beside its hub: what is told of them."""

from __future__ import annotations

import threading

import pytest

from securechat.server import node_threads
from securechat.server.node_threads import TurnWaker
from securechat.store.errors import StoreError
from securechat.store.postgres.location import PostgresLocation
from tests.support.links import PATIENCE


class Listener:
    """One of a database that can't be reached at the first two tries."""

    tries = 0

    def __init__(self, database: PostgresLocation) -> None:
        Listener.tries += 1
        if Listener.tries < 3:
            raise StoreError(f"{database}: it is away")

    def wait(self, seconds: float) -> bool:
        return True

    def close(self) -> None:
        """There is nothing to be closed."""


def test_that_others_are_heard_of_late_is_told_once_and_its_end_too(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Who has read the one waits for the other."""
    monkeypatch.setattr(node_threads, "RETRY_SECONDS", 0.0)
    monkeypatch.setattr(node_threads, "TurnListener", Listener)
    monkeypatch.setattr(Listener, "tries", 0)
    woken = threading.Event()
    deaths: list[BaseException] = []
    waker = TurnWaker(PostgresLocation("postgresql://db.example/chat"), woken.set, deaths.append)
    waker.start()
    assert woken.wait(PATIENCE)
    waker.stop()
    waker.join(PATIENCE)
    assert not deaths
    assert caplog.messages == [
        "other nodes are heard of later than usual: postgresql://db.example/chat: it is away",
        "other nodes are heard of at once again",
    ]
