"""The thread that keeps the index for searching, and searching on a server that runs."""

from __future__ import annotations

import stat
import time
from pathlib import Path

import pytest

from securechat.server import indexer as module
from securechat.server.indexer import BUSY_SHARE, CALM_ENTRIES_PER_SECOND, CALM_SHARE, Indexer, Pace
from securechat.store.sqlite.database import open_database
from tests.support.client import Client, of
from tests.support.server import running

PATIENCE = 20.0
CAPS = "batch draft/message-redaction echo-message message-tags server-time"
SECRET = "swordfish"


def texts(client: Client, attributes: str) -> list[str]:
    return [line.params[-1] for line in of(client.says(f"SEARCH {attributes}"), "PRIVMSG")]


def holding(directory: Path, text: str) -> list[str]:
    """The files that hold a text."""
    files = [path for path in directory.rglob("*") if path.is_file()]
    return [path.name for path in files if text.encode() in path.read_bytes()]


def waits_until(holds: object) -> None:
    end = time.monotonic() + PATIENCE
    while not holds() and time.monotonic() < end:  # type: ignore[operator]
        time.sleep(0.05)
    assert holds()  # type: ignore[operator]


def test_a_message_is_found_at_once_and_from_the_index(tmp_path: Path) -> None:
    """Also from one that is made anew, as somebody has removed it; and when it was taken back it is
    not found, and in no file.
    """
    with running(tmp_path, "alice") as server:
        alice = server.member("alice", caps=CAPS)
        (said,) = of(alice.says(f"PRIVMSG #lobby :the {SECRET}"), "PRIVMSG")
        assert texts(alice, "text=sword") == [f"the {SECRET}"]
        waits_until(lambda: {"search.db-wal", "search.db"} & set(holding(tmp_path, SECRET)))
        assert texts(alice, "text=sword") == [f"the {SECRET}"]
        for rest in tmp_path.rglob("search.db*"):
            rest.unlink()
        waits_until(lambda: texts(alice, "text=sword") == [f"the {SECRET}"])
        waits_until(lambda: {"search.db-wal", "search.db"} & set(holding(tmp_path, SECRET)))
        alice.says(f"REDACT #lobby {said.tags['msgid']}")
        assert texts(alice, "text=sword") == []
        waits_until(lambda: not holding(tmp_path, SECRET))


def test_it_is_made_again_where_it_is_missing_or_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is nobody's only copy: what was said before is found as before, and it stays private."""
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.05)
    with running(tmp_path, "alice") as server:
        server.member("alice").says(f"PRIVMSG #lobby :the {SECRET}")
        index = server.data.search_index
        waits_until(lambda: set(holding(tmp_path, SECRET)) & {"search.db", "search.db-wal"})
    for spoil in (index.unlink, lambda: index.write_bytes(b"no database at all" * 1000)):
        spoil()
        for end in ("-wal", "-shm"):
            index.with_name(index.name + end).unlink(missing_ok=True)
        with running(tmp_path) as server:
            alice = server.member("alice", caps=CAPS)
            waits_until(lambda: set(holding(tmp_path, SECRET)) & {"search.db", "search.db-wal"})
            assert texts(alice, "text=sword") == [f"the {SECRET}"]
            files = [index, *index.parent.glob("search.db-*")]
            assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_it_rests_more_than_it_works() -> None:
    """A share of a core; a small one while much is said."""
    pace = Pace(0, 0.0)
    assert pace.rest(0, 0.1, 0.02) == pytest.approx(0.02 / CALM_SHARE - 0.02)
    much = CALM_ENTRIES_PER_SECOND + 1
    assert pace.rest(much, 1.0, 0.02) == pytest.approx(0.02 / BUSY_SHARE - 0.02)
    assert pace.rest(much, 1.1, 0.02) == pytest.approx(0.02 / BUSY_SHARE - 0.02)
    assert pace.rest(much, 2.0, 0.02) == pytest.approx(0.02 / CALM_SHARE - 0.02)


def test_it_lives_through_errors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A log that can't be opened is told of once; when it can be, the work is done, and that is
    told, too.
    """
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.01)
    deaths: list[BaseException] = []
    thread = Indexer(tmp_path / "search.db", tmp_path / "chat.db", 0, deaths.append)
    thread.start()
    told = "the index for searching "
    waits_until(lambda: any(one.startswith(told) for one in caplog.messages))
    connection = open_database(tmp_path / "chat.db")
    connection.execute("INSERT INTO log VALUES (1, 1, 1, 1, 'PRIVMSG', 'swordfish', NULL)")
    waits_until(lambda: {"search.db-wal", "search.db"} & set(holding(tmp_path, SECRET)))
    thread.stop()
    thread.join(PATIENCE)
    connection.close()
    assert not thread.alive
    assert deaths == []
    first, second = [one for one in caplog.messages if one.startswith(told)]
    assert first.startswith(f"{told}can't be kept up: ")
    assert second == f"{told}is kept up again"


def test_a_disk_that_is_nearly_full_is_left_to_the_chat(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The index can wait."""
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.01)
    connection = open_database(tmp_path / "chat.db")
    connection.execute("INSERT INTO log VALUES (1, 1, 1, 1, 'PRIVMSG', 'swordfish', NULL)")
    thread = Indexer(tmp_path / "search.db", tmp_path / "chat.db", 1 << 60, lambda error: None)
    thread.start()
    time.sleep(0.2)
    thread.stop()
    thread.join(PATIENCE)
    connection.close()
    found = [name for name in holding(tmp_path, SECRET) if name.startswith("search")]
    assert found == []
