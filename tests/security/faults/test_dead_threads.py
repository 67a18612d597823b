"""A thread of the server that dies: a clear line in the log and an orderly stop, or it goes on.

Never a server that looks alive and answers nobody.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from securechat.server.workers import Workers
from securechat.store import passwords
from securechat.store.sql.reader import Reader
from tests.support.client import Client
from tests.support.links import PATIENCE
from tests.support.process import ServerProcess, add_accounts, serving, write_config
from tests.support.server import PASSWORD, ServerUnderTest, config, running
from tests.support.talker import Talker, stored

AFTER_A_WHILE = """
from {module} import {owner} as part
whole, turns = part.{method}, [0]
def dies(*arguments):
    turns[0] += 1
    if turns[0] > {turns}:
        raise {error}("of the test")
    return whole(*arguments)
part.{method} = dies
"""
"""Breaks a method of the server that has been called so many times."""

HUB = ("securechat.server.hub", "Hub", "_run_turn", 300)
IO = ("securechat.net.loop", "IoThread", "_turn", 300)
ACCEPT = ("securechat.net.listener", "Listener", "_accept", 3)
STORE = ("securechat.store.sql.journal", "Journal", "commit", 100)

NO_MORE_THREADS = """
from concurrent.futures import ThreadPoolExecutor
def refused(pool):
    raise RuntimeError("can't start new thread")
ThreadPoolExecutor._adjust_thread_count = refused
"""


def breaking(part: tuple[str, str, str, int], error: str) -> str:
    module, owner, method, turns = part
    return AFTER_A_WHILE.format(module=module, owner=owner, method=method, turns=turns, error=error)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data directory with two accounts."""
    add_accounts(tmp_path / "data", "alice", "bob")
    return tmp_path / "data"


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    return write_config(tmp_path / "config.toml")


def ends_in_order(server: ServerProcess, error: str) -> None:
    """Exit code 1, one line that says why, one traceback, and a last word."""
    assert server.ends() == 1
    assert f"critical a thread has died of {error}, so the server stops\n" in server.log
    assert server.log.count("Traceback") == 1
    assert server.log.endswith("info stopped\n")


# --- threads that the server can't do without ----------------------------------------------------


@pytest.mark.parametrize(
    ("part", "error"),
    [(HUB, "MemoryError"), (IO, "OSError"), (STORE, "SystemExit")],
    ids=["hub", "io", "store"],
)
def test_it_dies_in_the_middle_of_traffic(
    data: Path, settings: Path, part: tuple[str, str, str, int], error: str
) -> None:
    """The process ends, and what anybody had heard is stored; nobody waits for ever."""
    with serving(data, "--config", settings, spoiled_by=breaking(part, error)) as server:
        people = [
            server.member(name, caps="echo-message message-tags") for name in ("alice", "bob")
        ]
        talkers = [Talker(person, f"x-{number}-", enough=1) for number, person in enumerate(people)]
        for talker in talkers:
            talker.start()
        ends_in_order(server, error)
    for talker in talkers:
        talker.join(PATIENCE)
        assert not talker.is_alive()
        assert talker.heard == stored(data, "x-")[: len(talker.heard)]
        assert talker.heard


def test_the_acceptor_dies(data: Path, settings: Path) -> None:
    """A server that nobody can come to any more must not look like one that runs."""
    with serving(data, "--config", settings, spoiled_by=breaking(ACCEPT, "TypeError")) as server:
        alice = server.member("alice")
        with pytest.raises(OSError):  # noqa: PT011 - refused, reset or cut off in the handshake
            knock(server, 20)
        ends_in_order(server, "TypeError")
        assert "ERROR :Closing link: The server has failed and stops" in alice.hears_the_end()[-1]


def test_there_are_no_more_threads(data: Path, settings: Path) -> None:
    """The system refuses a worker: without one nobody can log in, so the server stops."""
    with serving(data, "--config", settings, spoiled_by=NO_MORE_THREADS) as server:
        with pytest.raises((OSError, EOFError)):
            server.member("alice")
        ends_in_order(server, "RuntimeError")


def knock(server: ServerProcess, times: int) -> None:
    """So many come, one after the other, and go. Raises OSError when one isn't let in."""
    for _ in range(times):
        server.connect().hangs_up()


# --- workers -------------------------------------------------------------------------------------


class Panic(BaseException):
    """As bcrypt's, which is written in Rust: no Exception."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerUnderTest]:
    """A server in this process."""
    with running(tmp_path / "data", "alice", "bob") as server:
        yield server


def tries(server: ServerUnderTest, name: str, password: str = PASSWORD) -> Client:
    """Somebody who begins to log in."""
    person = server.connect()
    person.sends(f"PASS :{name}:{password}", f"NICK {name}", f"USER {name} 0 * :x")
    return person


@pytest.mark.parametrize("error", [Panic, MemoryError, SystemExit])
def test_a_password_worker_fails(
    server: ServerUnderTest,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: type[BaseException],
) -> None:
    """Whatever it is that bcrypt raises: the login is answered, the others talk on, the next login
    succeeds, and the log tells what happened without the password.
    """
    caplog.set_level(logging.ERROR)
    bob = server.member("bob", caps="echo-message")

    def fails(*_: object) -> bool:
        raise error("of the test")

    monkeypatch.setattr(passwords, "verify_password", fails)
    for _ in range(3):
        heard = tries(server, "alice").hears_the_end()
        assert "try again in a minute" in heard[-1]
    monkeypatch.undo()
    bob.sends("PRIVMSG #lobby :still here")
    bob.hears_until(":still here")
    assert server.member("alice").hears() == []
    assert caplog.text.count("a worker failed at VerifyPassword") == 3
    assert PASSWORD not in caplog.text


@pytest.mark.parametrize("error", [Panic, MemoryError])
def test_a_history_worker_fails(
    server: ServerUnderTest, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    """A member who has missed something is told to try again, and then gets it."""
    bob = server.member("bob")
    bob.sends("QUIT")
    bob.hears_the_end()
    alice = server.member("alice", caps="echo-message")
    alice.sends("PRIVMSG bob :hello")
    alice.hears_until(":hello")

    def fails(*_: object) -> object:
        raise error("of the test")

    monkeypatch.setattr(Reader, "missed", fails)
    heard = tries(server, "bob").hears_the_end()
    assert "The server can't read its messages now; try again later" in heard[-1]
    monkeypatch.undo()
    heard = tries(server, "bob").hears_until(" PRIVMSG bob :")
    assert heard[-1].endswith("hello")


def test_what_a_pool_would_hide_ends_the_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A fault of the worker's own code would leave somebody waiting: the server stops instead."""
    called = threading.Event()

    def broken(_: Workers) -> None:
        raise Panic("of the test")

    monkeypatch.setattr(Workers, "_run_password", broken)
    server = ServerUnderTest(tmp_path / "data", config())
    server.service.on_failure = called.set
    server.open()
    person = tries(server, "alice")
    assert called.wait(PATIENCE)
    server.service.stop("The server has failed and stops")
    assert "ERROR :Closing link: The server has failed" in person.hears_the_end()[-1]
    assert "a thread has died of Panic, so the server stops" in caplog.messages
    person.hangs_up()
