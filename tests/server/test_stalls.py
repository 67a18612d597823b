"""That nothing went on for seconds is told when it has passed: how long, and why."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pytest

from securechat.server import stalls
from securechat.server.stalls import BUSY, HELD, LONG_SECONDS, SILENT, STORING, UNCONFIRMED, Stalls
from securechat.store.errors import HeldError, StoreError
from securechat.store.sqlite.database import BUSY_SECONDS
from tests.support.hub import GatedJournal, HubUnderTest


class Clock:
    """Goes on when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def watched(clock: Clock) -> Stalls:
    return Stalls(clock)


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [one.getMessage() for one in caplog.records if one.name == stalls.__name__]


def test_what_is_short_is_not_told(
    watched: Stalls, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """Nor that there was nothing to do."""
    watched.end()
    for _ in range(9):
        clock.now += 60.0
        watched.begin()
        clock.now += LONG_SECONDS - 0.5
        watched.stored(LONG_SECONDS - 0.5)
        watched.end()
    assert told(caplog) == []


@pytest.mark.parametrize(
    ("spend", "why"),
    [
        (lambda watched: watched.stored(5.0), STORING),
        (lambda watched: watched.waited(5.0, HeldError("held")), HELD),
        (lambda watched: watched.waited(5.0, StoreError("away")), SILENT),
        (lambda watched: watched.waited(5.0), SILENT),
        (lambda watched: [watched.waited(BUSY_SECONDS) for _ in "12"], HELD),
        (lambda watched: watched.stored(0.5), BUSY),
        (lambda watched: None, BUSY),
    ],
)
def test_what_is_long_is_told_with_the_reason(
    watched: Stalls,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
    spend: Callable[[Stalls], object],
    why: str,
) -> None:
    """That by which most of the time has passed."""
    watched.begin()
    watched.waited(0.3)
    spend(watched)
    clock.now += 5.2
    watched.begin()  # tried once more
    watched.end()
    assert told(caplog) == [f"nothing went on for 5.2 seconds: {why}"]
    watched.end()
    watched.begin()
    watched.end()
    assert len(told(caplog)) == 1


@pytest.mark.parametrize(("seen", "why"), [(1000.0, UNCONFIRMED), (999.9, HELD)])
def test_a_standby_that_does_not_confirm_is_the_reason(
    watched: Stalls, clock: Clock, caplog: pytest.LogCaptureFixture, seen: float, why: str
) -> None:
    """Also where another node holds the database, as that waits for it; one of before is none."""
    watched.unconfirmed_at = lambda: seen
    watched.begin()
    clock.now += 4.0
    watched.waited(4.0, HeldError("held"))
    watched.end()
    assert told(caplog) == [f"nothing went on for 4.0 seconds: {why}"]


def test_a_slow_disk_is_told(
    tmp_path: Path,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of a server with a file, too."""
    hub = HubUnderTest(tmp_path, "alice")
    monkeypatch.setattr(hub.hub.stalls, "clock", clock)
    commit = GatedJournal.commit

    def slow(journal: GatedJournal, events: Iterable[Sequence[object]]) -> None:
        events = list(events)
        commit(journal, events)
        if any("slow" in str(event) for event in events):
            clock.now += 7.5

    monkeypatch.setattr(GatedJournal, "commit", slow)
    hub.open()
    try:
        alice = hub.member("alice", caps="echo-message")
        alice.says("PRIVMSG #lobby :quick")
        assert told(caplog) == []
        alice.says("PRIVMSG #lobby :slow")
    finally:
        hub.close()
    assert hub.failures == []
    assert told(caplog) == [f"nothing went on for 7.5 seconds: {STORING}"]
