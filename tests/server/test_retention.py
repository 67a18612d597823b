"""What is too old is erased while the server runs."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from securechat.server import retention
from securechat.server.retention import Retention
from securechat.store.sqlite.database import open_database
from tests.server.test_erasure import CAPS, SECRET, holding
from tests.support.admin_cli import AdminCli
from tests.support.client import of
from tests.support.links import PATIENCE
from tests.support.server import running


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The thread runs many times a second."""
    monkeypatch.setattr(retention, "FIRST_SECONDS", 0.05)
    monkeypatch.setattr(retention, "INTERVAL_SECONDS", 0.05)


def make_old(path: Path) -> None:
    with closing(open_database(path)) as connection:
        connection.execute("UPDATE log SET at_ms = 1 WHERE text LIKE ?", (f"%{SECRET}%",))


@pytest.mark.usefixtures("at_once")
def test_what_is_too_old_is_in_no_file(tmp_path: Path) -> None:
    """By the configuration; a younger message stays."""
    with running(tmp_path, "alice", history={"keep_days": 1}) as server:
        alice = server.member("alice", caps=f"{CAPS} draft/chathistory batch server-time")
        alice.says(f"PRIVMSG #lobby :{SECRET}", "PRIVMSG #lobby :young")
        make_old(server.data.database)
        server.wait_for(lambda: not holding(tmp_path, SECRET))
        texts = [
            line.params[1] for line in of(alice.says("CHATHISTORY LATEST #lobby * 9"), "PRIVMSG")
        ]
        assert texts == ["young"]


@pytest.mark.usefixtures("at_once")
def test_it_may_be_another_ones_work(tmp_path: Path) -> None:
    """Of several nodes one does it, and another one when that has gone."""
    looked, is_due = threading.Semaphore(0), threading.Event()

    def look() -> bool:
        looked.release()
        return is_due.is_set()

    with running(tmp_path, "alice") as server:
        server.member("alice").says(f"PRIVMSG #lobby :{SECRET}")
        make_old(server.data.database)
        died: list[BaseException] = []
        thread = Retention(server.data.database, 1, died.append, is_due=look)
        thread.start()
        for _ in range(3):
            assert looked.acquire(timeout=PATIENCE)
        assert holding(tmp_path, SECRET)
        is_due.set()
        server.wait_for(lambda: not holding(tmp_path, SECRET))
        thread.stop()
        thread.join(PATIENCE)
        assert died == []


@pytest.mark.usefixtures("at_once")
def test_a_channel_has_its_own_age(tmp_path: Path) -> None:
    """Set while the server runs, and told to members; the other channel keeps all."""
    with running(tmp_path, "alice", history={"tell": True}) as server:
        cli = AdminCli(server.data.path)
        alice = server.member("alice", caps=CAPS)
        alice.says("JOIN #den", f"PRIVMSG #den :{SECRET}", f"PRIVMSG #lobby :{SECRET}")
        make_old(server.data.database)
        said = cli("channel retention '#DEN' 7")
        assert (said.code, said.out) == (0, "#den is kept for 7 days.\n")
        assert "In effect" in said.err
        twice = of(alice.says("POLICY #den"), "NOTICE")  # told before it asks, too
        assert [line.params[1].partition("; ")[0] for line in twice] == [
            "What is said in #den is kept on this server for 7 days"
        ] * 2

        def kept() -> list[str]:
            with closing(sqlite3.connect(server.data.database)) as connection:
                sql = "SELECT name FROM log JOIN targets ON id = target WHERE text = ?"
                return [name for (name,) in connection.execute(sql, (SECRET,))]

        server.wait_for(lambda: kept() == ["#lobby"])
        ((_, _, facts),) = cli.audited("retention set")
        assert facts == {"channel": "#den", "days": 7}
    with running(tmp_path) as server:
        (told,) = of(server.member("alice", caps=CAPS).says("POLICY #den"), "NOTICE")
        assert "for 7 days" in told.params[1]


def test_an_age_is_as_documented(tmp_path: Path) -> None:
    """Days, forever, or as the server does; of a channel that there is or was."""
    with running(tmp_path, "alice") as server:
        server.member("alice").says("JOIN #den")
        cli = AdminCli(server.data.path)
        assert cli("channel retention '#den' forever").out == "#den is kept for ever.\n"
        said = cli("channel retention '#den' default").out
        assert said == "#den is kept as long as the server's configuration says.\n"
        for wrong in ("0", "-1", "36501", "1d", "''"):
            assert cli(f"channel retention '#den' -- {wrong}").code == 2
        assert cli("channel retention '#nowhere' 1").code == 1
