"""The benchmark of history and search on a small log: that what it counts was answered."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from benchlib.orders import Answered
from historylib.figures import rows_of
from historylib.log import CHANNELS, channels_of, fill
from historylib.words import word

from securechat.store.sqlite.database import open_database

BENCH = Path(__file__).resolve().parents[2] / "tools" / "bench_history.py"


def test_a_quick_run_measures_each_scene(tmp_path: Path) -> None:
    """With a server, over TLS; pages and searches are answered, and so are the others meanwhile."""
    results = tmp_path / "results.json"
    scenes = [word for name in ("index", "pages", "mixed") for word in ("-s", name)]
    command = [sys.executable, str(BENCH), "--quick", *scenes, "--json", str(results)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=110)
    assert done.returncode == 0, done.stderr
    found = json.loads(results.read_text())["scenes"]
    assert [scene["title"].partition(",")[0] for scene in found] == [
        "The index is made while others talk",
        "Pages of 100",
        "4 clients page or search without pause",
        "4 clients page or search without pause",
    ]
    for scene in found:
        assert scene["rows"]
        assert all(row["answers"] and not row["failures"] for row in scene["rows"])
        assert f"### {scene['title']}" in done.stdout
    assert {row["kind"] for row in found[1]["rows"]} >= {"LATEST", "BEFORE", "AFTER", "AROUND"}
    assert {row["kind"] for row in found[2]["rows"]} >= {"others' PING", "others' PRIVMSG"}


def schema(database: Path) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(database)) as connection:
        return sorted(connection.execute("SELECT name, sql FROM sqlite_schema WHERE sql > ''"))


def test_a_log_has_what_people_say(tmp_path: Path) -> None:
    """In large and small channels, and by one of the two in a conversation; its indexes and
    triggers are there.
    """
    fill(tmp_path / "a.db", 3000, "a stored password")
    with closing(sqlite3.connect(tmp_path / "a.db")) as log:
        assert log.execute("SELECT count(*), max(seq) FROM log").fetchone() == (3000, 3000)
        (large,) = log.execute("SELECT count(*) FROM log WHERE target <= 4").fetchone()
        assert 1300 < large < 1700
        strangers = log.execute(
            "SELECT count(*) FROM log JOIN targets ON targets.id = target "
            "WHERE target > ? AND sender NOT IN (low, high)",
            (CHANNELS,),
        ).fetchone()
        assert strangers == (0,)
    open_database(tmp_path / "empty.db").close()
    assert schema(tmp_path / "a.db") == schema(tmp_path / "empty.db")
    assert len({word(rank) for rank in range(60_000)}) == 60_000
    assert set(channels_of(7)) & set(channels_of(8))


def test_times_of_several_processes_are_put_together() -> None:
    """A row for each kind, and one for all; warnings and failures are counted."""
    one = Answered({"PING": bytes(8)}, {}, {}, 0.0, 0.0)
    other = Answered({"PING": bytes(8), "PAGE": bytes(16)}, {"PAGE": 1}, {"PAGE": 1}, 0.0, 0.0)
    ping, page, whole = rows_of([one, other], 2.0, 10.0, each=True)
    assert (ping.kind, ping.answers, ping.rate) == ("PING", 2, 1.0)
    assert (page.answers, page.warnings, page.failures) == (2, 1, 1)
    assert (whole.answers, whole.warnings) == (4, 1)
