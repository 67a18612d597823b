"""Another program that holds the database for long, as an open transaction of an sqlite3 shell
does: it is waited for once, what stores nothing goes on, and all else is refused at once.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from securechat.server.commit import HELD
from securechat.server.storage_health import FAILING, MENDED
from securechat.store.sqlite.database import BUSY_SECONDS
from tests.security.faults.test_full_disk import notices
from tests.support.server import ServerUnderTest, running

PINGS = 20


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerUnderTest]:
    """A server with accounts of three."""
    with running(tmp_path / "data", "alice", "bob", "carol") as server:
        yield server


@pytest.mark.parametrize("how", ["IMMEDIATE", "EXCLUSIVE"])
def test_a_database_held_for_long(
    server: ServerUnderTest,
    how: str,
    record_property: Callable[[str, object], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """PINGs and logins, also with the password and with something to catch up on, are as quick as
    ever; messages are refused at once; everybody is told once that it began and that it is over.
    """
    caplog.set_level("INFO")
    alice, bob = (server.member(name, caps="echo-message") for name in ("alice", "bob"))
    carol = server.member("carol")
    carol.sends("QUIT")
    carol.hears_the_end()
    alice.sends("PRIVMSG #lobby :before")
    alice.hears_until(":before")
    for person in (alice, bob):
        person.hears()
    with closing(sqlite3.connect(server.data.database, isolation_level=None)) as holder:
        holder.execute(f"BEGIN {how}")
        alice.sends("PRIVMSG #lobby :lost")
        assert HELD in alice.hears_until(" 400 ")[-1]
        began = time.monotonic()
        for number in range(PINGS):
            alice.sends(f"PRIVMSG #lobby :lost {number}")
            assert HELD in alice.hears_until(" 400 ")[-1]
            bob.sends(f"PING {number}")
            bob.hears_until(f":{number}")
        again = server.connect()
        heard = again.logs_in("carol", caps="server-time")
        took = time.monotonic() - began
        record_property("bystander_worst_ms", took * 1000 / PINGS)
        assert [line.rpartition(" :")[2] for line in heard if " PRIVMSG " in line] == ["before"]
        # Each of them would have waited so long at least once, and the login some times.
        assert took < PINGS * BUSY_SECONDS / 2
    for person in (alice, bob, again):
        person.hears_until(MENDED)
    alice.sends("PRIVMSG #lobby :after")
    assert bob.hears_until(" PRIVMSG ")[-1].endswith(":after")
    assert caplog.text.count("commands are not stored") == 1
    login = [r for r in caplog.records if r.message == "login"]
    assert len(login) == 4, "what the audit lacks, the log has"
    assert "a bug" not in caplog.text


def test_the_end_of_it_is_told_once(server: ServerUnderTest) -> None:
    """However often somebody tries meanwhile."""
    alice, bob = (server.member(name) for name in ("alice", "bob"))
    with closing(sqlite3.connect(server.data.database, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        for _ in range(5):
            alice.sends("PRIVMSG #lobby :lost")
            alice.hears_until(" 400 ")
    heard = [*bob.hears_until(MENDED), *bob.hears()]
    why = "another program holds the database; end it, then try again (database is locked)"
    assert notices(heard) == [FAILING.format(problem=why), MENDED]


def test_an_administrator_beside_it(server: ServerUnderTest) -> None:
    """What was changed just before is taken up all the same, and said to be when that can be
    stored.
    """
    alice, bob = (server.member(name) for name in ("alice", "bob"))
    with server.admin() as admin:
        admin.set_disabled(admin.find("alice", "alice"), disabled=True)
        with closing(sqlite3.connect(server.data.database, isolation_level=None)) as holder:
            holder.execute("BEGIN IMMEDIATE")
            assert "has been disabled" in alice.hears_the_end()[-1]
            bob.hears()
        server.wait_for(admin.in_effect)
