"""A node that dies, stands still or loses the database: the others go on, and nothing is lost."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import psycopg
import pytest

from securechat.server import nodes
from securechat.store.postgres import node_connection
from securechat.store.postgres import nodes as stored_nodes
from securechat.store.postgres.location import PostgresLocation
from tests.server.nodes.conftest import Begin
from tests.support.client import of, source
from tests.support.postgres import PostgresServer, place_for_servers, programs
from tests.support.process import ServerProcess, add_accounts, write_config
from tests.support.waiting import until

BeginProcess = Callable[..., ServerProcess]


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The node in this process has been connected for long enough to tell who is dead."""
    monkeypatch.setattr(nodes, "FENCE_SECONDS", 0.0)


@pytest.fixture
def begin_process(tmp_path: Path, there: PostgresLocation) -> Iterator[BeginProcess]:
    """begin_process("b"): the node b as a process of its own, beside the node a of begin(). It
    finds its data directory again when it begins once more.
    """
    with ExitStack() as stack:

        def begin(name: str, spoiled_by: str = "") -> ServerProcess:
            directory = tmp_path / name
            if not directory.exists():
                directory.mkdir(mode=0o700)
                shutil.copy(tmp_path / "a" / "pepper", directory / "pepper")
                shutil.copytree(tmp_path / "a" / "tls", directory / "tls")
            file = write_config(
                tmp_path / f"{name}.toml",
                store={"url": there.url, "single": True},
                cluster={"node": name},
            )
            process = ServerProcess(directory, "--config", file, spoiled_by=spoiled_by)
            stack.callback(process.close)
            return process

        yield begin


def test_the_others_go_on_when_a_node_is_killed(begin: Begin, begin_process: BeginProcess) -> None:
    """Its people are seen to go, come back by another node, and have missed nothing."""
    a = begin("a", "alice", "bob")
    b = begin_process("b")
    alice, bob = a.member("alice"), b.member("bob", caps="echo-message")
    bob.says("PRIVMSG #lobby :before")
    b.tell(signal.SIGKILL)
    heard = alice.hears_until(" QUIT ")
    assert [line.params[-1] for line in of(heard, "PRIVMSG")] == ["before"]
    assert heard[-1] == f"{source('bob')} QUIT :Connection lost"
    assert "bob" not in " ".join(alice.says("NAMES #lobby"))
    alice.says("PRIVMSG bob :meanwhile")
    greeting = a.connect().logs_in("bob")
    assert [line.params[-1] for line in of(greeting, "PRIVMSG")][-1].endswith("meanwhile")
    assert of(alice.hears(), "JOIN")


def test_a_node_that_was_killed_comes_again_at_once(
    begin: Begin, begin_process: BeginProcess
) -> None:
    """Under its name; whom it had before is gone, though nobody has noticed that yet."""
    a = begin("a", "alice", "bob", "carol")
    first = begin_process("b")
    alice = a.member("alice")
    first.member("bob")
    first.tell(signal.SIGKILL)
    first.ends()
    again = begin_process("b")
    carol = again.member("carol")
    carol.says("PRIVMSG #lobby :here")
    heard = alice.hears_until("PRIVMSG")
    assert f"{source('bob')} QUIT :Connection lost" in [*heard, *alice.hears()]
    assert "bob" not in " ".join(carol.says("NAMES #lobby"))


def test_a_node_that_stood_still_ends(
    begin: Begin, begin_process: BeginProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others have taken it for dead; when it goes on it must show nobody what was."""
    monkeypatch.setattr(stored_nodes, "SILENT_SECONDS", 1.0)
    a = begin("a", "alice", "bob")
    b = begin_process("b")
    alice, bob = a.member("alice"), b.member("bob")
    alice.hears()
    b.tell(signal.SIGSTOP)
    assert alice.hears_until(" QUIT ")[-1] == f"{source('bob')} QUIT :Connection lost"
    bob.sends("PRIVMSG #lobby :from the dead")
    b.tell(signal.SIGCONT)
    assert not of(bob.hears_the_end(), "PRIVMSG")
    assert b.ends() != 0
    b.logs("taken this one for dead")
    assert not of(alice.hears(), "PRIVMSG")


def test_a_node_that_stood_still_amid_what_it_said_keeps_nobody_waiting(
    begin: Begin, there: PostgresLocation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To PostgreSQL it is busy, though it only waits for the rest of it."""
    monkeypatch.setattr(node_connection, "STALLED_TURN", "0.5s")
    alice = begin("a", "alice").member("alice", caps="echo-message")
    with closing(psycopg.connect(there.url)) as stalled:
        stalled.pgconn.enter_pipeline_mode()
        for words in (b"BEGIN", b"SELECT turn FROM securechat.head FOR UPDATE"):
            stalled.pgconn.send_query_params(words, [])
        stalled.pgconn.send_flush_request()
        stalled.pgconn.flush()
        with psycopg.connect(there.url, autocommit=True) as other:
            until(lambda: other.execute(HELD).fetchone() == (1,))
        [echo] = alice.says("PRIVMSG #lobby :at last")
        assert echo.endswith(":at last")


HELD = """
SELECT count(*) FROM pg_locks JOIN pg_class ON relation = pg_class.oid
WHERE relname = 'head' AND mode = 'RowShareLock' AND granted
"""

NO_WAIT = "from securechat.server import node_threads; node_threads.FENCE_SECONDS = 1.0"


@contextmanager
def apart(
    place: Path, spoiled_by: str
) -> Iterator[tuple[PostgresServer, PostgresLocation, ServerProcess]]:
    """A node, and a server of PostgreSQL for it alone."""
    found = programs()
    if found is None:
        pytest.skip("PostgreSQL isn't installed: apt-get install postgresql")
    with place_for_servers() as postgres_place, ExitStack() as stack:
        postgres = PostgresServer(found, postgres_place)
        stack.callback(postgres.stop, "immediate")
        location = postgres.database()
        add_accounts(place / "a", "alice", database=location)
        store = {"url": location.url, "single": True}
        file = write_config(place / "a.toml", store=store, cluster={"node": "a"})
        a = ServerProcess(place / "a", "--config", file, spoiled_by=spoiled_by)
        stack.callback(a.close)
        yield postgres, location, a


def test_a_node_without_its_database_shows_nobody_what_was(tmp_path: Path) -> None:
    """It ends all connections, though its hub waits, and then itself."""
    with apart(tmp_path, NO_WAIT) as (postgres, _, a):
        alice = a.member("alice")
        postgres.stop("immediate")
        alice.hears_the_end()
        assert a.ends() != 0
        a.logs("does not reach the database")
        postgres.start()


WAITING = (
    "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)

LESS_WAIT = (
    "from securechat.server import cli, node_threads; "
    "node_threads.FENCE_SECONDS, cli.FAILED_SECONDS = 3.0, 1.0"
)


def test_a_node_whose_database_stands_still_ends(tmp_path: Path) -> None:
    """Though somebody's history is being read, which would take as long as that stands still: it
    may begin again on another one.
    """
    with apart(tmp_path, LESS_WAIT) as (_, there, a), ExitStack() as stack:
        alice = a.member("alice", caps="batch")
        other = stack.enter_context(psycopg.connect(there.url))
        other.execute("LOCK TABLE securechat.log IN ACCESS EXCLUSIVE MODE")
        alice.sends("CHATHISTORY LATEST #lobby * 10")
        with psycopg.connect(there.url, autocommit=True) as looking:
            until(lambda: looking.execute(WAITING).fetchone() is not None)
            rows = looking.execute(OTHERS).fetchall()
        stack.enter_context(standing_still([pid for (pid,) in rows]))
        alice.hears_the_end()
        assert a.ends() == 1


OTHERS = (
    "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' "
    "AND pid <> pg_backend_pid()"
)


@contextmanager
def standing_still(processes: Sequence[int]) -> Iterator[None]:
    """They do nothing meanwhile; their connections stay."""
    for pid in processes:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in processes:
            os.kill(pid, signal.SIGCONT)


def test_a_node_that_ends_is_seen_to_end(begin: Begin, begin_process: BeginProcess) -> None:
    a = begin("a", "alice", "bob")
    b = begin_process("b")
    alice, bob = a.member("alice"), b.member("bob")
    alice.hears()
    b.tell(signal.SIGTERM)
    assert "QUIT" in alice.hears_until(" QUIT ")[-1]
    assert any("ERROR" in line for line in bob.hears_the_end())
    assert b.ends() == 0


def test_who_comes_and_goes_at_a_node_that_ends_is_seen_to_go(
    begin: Begin, begin_process: BeginProcess
) -> None:
    """Though that was to be shown later, as it was often: nobody else would show it."""
    a = begin("a", "alice", "bob")
    b = begin_process("b")
    alice = a.member("alice")
    for _ in range(4):
        bob = b.member("bob")
        bob.sends("QUIT :again")
        bob.hears_the_end()
    came_and_went = [line.command for line in of(alice.hears(), "JOIN", "QUIT")]
    assert came_and_went == ["JOIN", "QUIT"] * 3 + ["JOIN"]
    b.tell(signal.SIGTERM)
    alice.hears_until(" QUIT ")
    assert "bob" not in " ".join(alice.says("NAMES #lobby"))
