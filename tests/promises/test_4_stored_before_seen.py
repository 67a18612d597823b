"""Promise 4: stored before seen.

A message that anybody received, or whose sender got its echo, is on disk: it survives kill -9. If
it can't be stored, nobody sees it and the sender gets a clear error.
"""

from __future__ import annotations

import signal
import sqlite3
import ssl
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pytest

from securechat.store.errors import StoreError
from securechat.store.sql.journal import Journal
from tests.support.client import Client
from tests.support.links import PATIENCE
from tests.support.process import ServerProcess, add_accounts, serving, write_config
from tests.support.server import ServerUnderTest, running
from tests.support.talker import Entry, Talker, stored

SENDERS = ["alice", "bob", "carol"]
AT_LEAST = 600
"""Messages that each must have heard before the server is killed."""

# --- kill -9 -------------------------------------------------------------------------------------


def talk_until_killed(server: ServerProcess, round_: int) -> list[list[Entry]]:
    """What each of the members had heard when the server died in the middle of it."""
    people = [server.member(name, caps="echo-message message-tags") for name in SENDERS]
    for person in people:
        person.hears()
    talkers = [
        Talker(person, f"r{round_}-{name}-", enough=AT_LEAST)
        for person, name in zip(people, SENDERS, strict=True)
    ]
    for talker in talkers:
        talker.start()
    assert all(talker.enough.wait(PATIENCE) for talker in talkers)
    server.tell(signal.SIGKILL)
    server.ends()
    for talker in talkers:
        talker.join(PATIENCE)
        assert not talker.is_alive()
    return [talker.heard for talker in talkers]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data directory with the senders' accounts."""
    add_accounts(tmp_path / "data", *SENDERS)
    return tmp_path / "data"


def test_what_anybody_heard_survives_kill_9(data: Path, tmp_path: Path) -> None:
    """Killed in the middle of traffic, three times on the same data: each member's messages are in
    the database, with the ids it saw, in the order it saw, none missing in between.
    """
    config = write_config(tmp_path / "config.toml", history={"replay": 0})
    for round_ in range(3):
        with serving(data, "--config", config) as server:
            rounds = talk_until_killed(server, round_)
        log = stored(data, f"r{round_}-")
        for heard in rounds:
            assert len(heard) >= AT_LEAST
            assert heard == log[: len(heard)]


def test_after_kill_9_the_next_start_goes_on(data: Path, tmp_path: Path) -> None:
    """The directory is free, the log is whole, and who was away is given what was said."""
    config = write_config(tmp_path / "config.toml")
    with serving(data, "--config", config) as server:
        bob = server.member("bob")
        bob.sends("QUIT")
        bob.hears_the_end()
        alice = server.member("alice", caps="echo-message")
        alice.sends("PRIVMSG bob :before the crash", "PRIVMSG #lobby :also before")
        alice.hears_until("also before")
        server.tell(signal.SIGKILL)
        server.ends()
    with serving(data, "--config", config) as server:
        heard = server.connect().logs_in("bob")
        assert sum(line.endswith("before the crash") for line in heard) == 1
        assert sum(line.endswith("also before") for line in heard) == 1
        server.member("alice").sends("PRIVMSG #lobby :and on")


# --- the order of storing and sending ------------------------------------------------------------


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerUnderTest]:
    """A server in this process, whose store can be held and broken."""
    with running(tmp_path / "data", "alice", "bob") as server:
        yield server


def texts(server: ServerUnderTest) -> list[str]:
    connection = sqlite3.connect(server.data.database)
    rows = connection.execute("SELECT text FROM log WHERE kind = 'PRIVMSG' ORDER BY seq").fetchall()
    connection.close()
    return [text for (text,) in rows]


def is_silent(person: Client) -> bool:
    """Whether nothing has come, neither to the TLS layer nor to the socket below it."""
    person.sock.setblocking(False)
    try:
        person.sock.recv(1)
    except ssl.SSLWantReadError:
        return True
    finally:
        person.sock.settimeout(PATIENCE)
    return False


def test_nobody_hears_anything_while_it_is_being_stored(
    server: ServerUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Held at the door of the database, a message is on nobody's wire; once stored, it is on
    everybody's.
    """
    alice, bob = server.member("alice", caps="echo-message"), server.member("bob")
    alice.hears()
    begun, go = threading.Event(), threading.Event()
    commit = Journal.commit

    def held(journal: Journal, events: Iterable[Sequence[object]]) -> None:
        begun.set()
        assert go.wait(PATIENCE)
        commit(journal, events)

    monkeypatch.setattr(Journal, "commit", held)
    alice.sends("PRIVMSG #lobby :hi", "PRIVMSG bob :psst")
    assert begun.wait(PATIENCE)
    assert is_silent(alice)
    assert is_silent(bob)
    assert texts(server) == []
    go.set()
    assert bob.hears_line().endswith("#lobby :hi")
    assert bob.hears_line().endswith("bob :psst")
    assert alice.hears_line().endswith("#lobby :hi")
    assert texts(server) == ["hi", "psst"]


def test_what_is_stored_is_there_the_moment_it_is_heard(server: ServerUnderTest) -> None:
    """Seen by another connection to the database, after each single message."""
    alice, bob = server.member("alice", caps="echo-message"), server.member("bob")
    for number in range(30):
        alice.sends(f"PRIVMSG #lobby :{number}")
        bob.hears_until(f" PRIVMSG #lobby :{number}")
        assert texts(server)[-1] == str(number)


# --- a store that fails --------------------------------------------------------------------------

NOT_STORED = (
    ":chat.test 400 alice {} :Not stored, so nobody saw it: the server's disk or database fails; "
    "try again later"
)


@pytest.fixture
def failing(server: ServerUnderTest, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """What the broken store is mended with: undo()."""
    return monkeypatch


def break_store(patch: pytest.MonkeyPatch) -> None:
    def commit(journal: Journal, events: object) -> None:
        raise StoreError("the disk is full; free some space")

    patch.setattr(Journal, "commit", commit)
    patch.setattr(Journal, "try_out", lambda journal: commit(journal, []))


def spoken(lines: list[str]) -> list[str]:
    """What has come beside the server's notices, which tell all of the failure and of its end."""
    return [line for line in lines if not line.startswith(":chat.test NOTICE ")]


@pytest.mark.parametrize(
    "line", ["PRIVMSG #lobby :x", "PRIVMSG bob :x", "TOPIC #den :x", "JOIN #new", "PART #den"]
)
def test_what_can_t_be_stored_is_seen_by_nobody(
    server: ServerUnderTest, failing: pytest.MonkeyPatch, line: str
) -> None:
    """The sender gets a clear error, the others nothing; nothing has happened."""
    alice, bob = (
        server.member("alice", caps="echo-message"),
        server.member("bob", caps="echo-message"),
    )
    alice.sends("JOIN #den")
    alice.hears_until(" 366 ")
    bob.sends("JOIN #den")
    bob.hears_until(" 366 ")
    alice.hears()
    break_store(failing)
    alice.sends(line)
    assert alice.hears_line() == NOT_STORED.format(line.split(" ")[0])
    assert spoken(bob.hears()) == []
    failing.undo()
    alice.sends("PRIVMSG #den :still here")
    heard = spoken(bob.hears_until(":still here"))
    assert heard == [":alice!alice@chat.test PRIVMSG #den :still here"]
    assert texts(server) == ["still here"]


def test_a_notice_that_can_t_be_stored_is_told_too(
    server: ServerUnderTest, failing: pytest.MonkeyPatch
) -> None:
    """A NOTICE gets no answer from people, but a lost one must not look sent."""
    alice = server.member("alice")
    break_store(failing)
    alice.sends("NOTICE #lobby :x")
    assert alice.hears_line() == NOT_STORED.format("NOTICE")


def test_an_account_that_can_t_be_stored_is_none(
    server: ServerUnderTest, failing: pytest.MonkeyPatch
) -> None:
    """Nobody is logged in as it, and the name is free for another try."""
    zelda = server.connect()
    zelda.says("CAP LS 302", "NICK zelda", "USER zelda 0 * :Z")
    break_store(failing)
    zelda.sends("REGISTER * * :violet kettles dance 4")
    assert " 400 " in zelda.hears_line()
    zelda.sends("JOIN #lobby")
    assert " 451 " in zelda.hears_line()
    failing.undo()
    zelda.sends("REGISTER * * :violet kettles dance 4", "CAP END")
    zelda.hears_until("REGISTER SUCCESS zelda")
    zelda.hears_until(" 001 zelda ")


def test_a_full_disk_costs_no_stored_message_and_no_order(server: ServerUnderTest) -> None:
    """A real database that can't grow: messages fail until there is room, and then flow again."""
    alice, bob = server.member("alice", caps="echo-message"), server.member("bob")
    alice.sends("PRIVMSG #lobby :before")
    alice.hears_until(":before")
    connection = server.service._journal.connection
    connection.execute("PRAGMA max_page_count = 1")  # SQLite takes the present size instead
    failed = 0
    for number in range(200):
        alice.sends(f"PRIVMSG #lobby :{number} " + "x" * 300)
        failed += (
            " 400 " in alice.hears_until(lambda line: " 400 " in line or "PRIVMSG" in line)[-1]
        )
    assert failed > 100
    connection.execute("PRAGMA max_page_count = 1000000")
    alice.sends("PRIVMSG #lobby :after")
    heard = [line.rpartition(" :")[2] for line in bob.hears_until(":after") if "PRIVMSG" in line]
    assert heard == texts(server)
    assert (heard[0], heard[-1], len(heard)) == ("before", "after", 202 - failed)
