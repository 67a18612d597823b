"""The thread that folds the write-ahead log in."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from securechat.server import checkpointer as module
from securechat.server.checkpointer import Checkpointer
from securechat.store.errors import StoreError
from securechat.store.sqlite.database import SqliteConnection, open_database

PATIENCE = 20.0


class CountedCheckpointer:
    """A checkpointer whose work is counted instead of done."""

    def __init__(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.commits = self.erasures = 0
        self.cuts = [True]
        """Whether the next ones succeed; the last one stays."""
        self.errors: list[StoreError] = []
        self.deaths: list[BaseException] = []
        self.done = threading.Semaphore(0)
        monkeypatch.setattr(module, "INTERVAL_SECONDS", 0.001)
        monkeypatch.setattr(SqliteConnection, "fold_log", self.fold)
        monkeypatch.setattr(SqliteConnection, "cut_log", self.cut)
        self.cut_down = threading.Semaphore(0)
        open_database(path).close()
        self.thread = Checkpointer(
            path, lambda: self.commits, lambda: self.erasures, self.deaths.append
        )
        self.thread.start()

    def fold(self) -> bool:
        error = self.errors.pop() if self.errors else None
        self.done.release()
        if error is not None:
            raise error
        return True

    def cut(self) -> bool:
        self.cut_down.release()
        return self.cuts.pop(0) if len(self.cuts) > 1 else self.cuts[0]

    def is_done(self) -> None:
        assert self.done.acquire(timeout=PATIENCE)


@pytest.fixture
def checkpointer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CountedCheckpointer]:
    made = CountedCheckpointer(tmp_path / "chat.db", monkeypatch)
    yield made
    made.thread.stop()
    made.thread.join(PATIENCE)
    assert not made.thread.alive


def test_it_works_when_there_is_something_new(checkpointer: CountedCheckpointer) -> None:
    """At the start there may be: what a crash has left."""
    checkpointer.is_done()
    assert not checkpointer.done.acquire(timeout=0.05)
    checkpointer.commits += 1
    checkpointer.is_done()


def test_it_cuts_the_log_when_a_text_was_erased(checkpointer: CountedCheckpointer) -> None:
    """Again and again until that could be done: a reader may be in the way."""
    checkpointer.is_done()
    checkpointer.cuts[:] = [False, False, True]
    checkpointer.erasures += 1
    checkpointer.commits += 1
    for _ in range(3):
        assert checkpointer.cut_down.acquire(timeout=PATIENCE)
    assert not checkpointer.cut_down.acquire(timeout=0.05)


def test_a_failure_is_told_once_and_tried_again(
    checkpointer: CountedCheckpointer, caplog: pytest.LogCaptureFixture
) -> None:
    """The log grows meanwhile; nothing is lost."""
    caplog.set_level(logging.ERROR)
    checkpointer.is_done()
    checkpointer.errors += [StoreError("the disk is full")] * 3
    checkpointer.commits += 1
    for _ in range(4):
        checkpointer.is_done()
    checkpointer.commits += 1
    checkpointer.is_done()
    assert caplog.messages == ["the write-ahead log can't be folded in: the disk is full"]
    assert checkpointer.deaths == []


def test_what_it_dies_of_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the server stops in order, and doesn't go on without it unseen."""

    def broken(_: SqliteConnection) -> None:
        raise ZeroDivisionError

    checkpointer = CountedCheckpointer(tmp_path / "chat.db", monkeypatch)
    checkpointer.is_done()
    monkeypatch.setattr(SqliteConnection, "fold_log", broken)
    checkpointer.commits += 1
    checkpointer.thread.join(PATIENCE)
    assert [type(error) for error in checkpointer.deaths] == [ZeroDivisionError]
