"""The process may open no more files: nobody new comes in, who is here talks on, and when files are
free again all is as before.
"""

from __future__ import annotations

import itertools
import resource
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.client import Client, sasl_plain
from tests.support.process import ServerProcess, add_accounts, serving, write_config
from tests.support.server import PASSWORD
from tests.support.talker import stored

NAMES = ("alice", "bob", "carol")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    """A real process, whose files can be counted."""
    if not Path("/proc/self/fd").is_dir():
        pytest.skip("this system doesn't tell which files a process has open")
    add_accounts(tmp_path / "data", *NAMES)
    settings = write_config(tmp_path / "config.toml")
    with serving(tmp_path / "data", "--config", settings) as server:
        yield server


@contextmanager
def no_more_files(server: ServerProcess) -> Iterator[None]:
    """For the time of a block the process can't open another file; what it closes is free again."""
    pid, kind = server.process.pid, resource.RLIMIT_NOFILE
    before = resource.prlimit(pid, kind)
    used = {int(path.name) for path in Path(f"/proc/{pid}/fd").iterdir()}
    lowest = next(number for number in itertools.count() if number not in used)
    resource.prlimit(pid, kind, (lowest, before[1]))
    try:
        yield
    finally:
        if server.process.poll() is None:
            resource.prlimit(pid, kind, before)


def talk(one: Client, other: Client, text: str) -> None:
    """Somebody says something, which is stored, and the other one hears it."""
    one.sends(f"PRIVMSG {other.nick} :{text}")
    assert other.hears_until(" PRIVMSG ")[-1].endswith(f":{text}")


def test_who_is_here_talks_on(server: ServerProcess) -> None:
    """Nobody new comes in, the log tells why and what to do; when somebody leaves there is room."""
    alice, bob = server.member("alice"), server.member("bob")
    with no_more_files(server):
        with socket.create_connection(("127.0.0.1", server.port)):
            server.logs("can't accept: Too many open files; raise the limit of open files")
            for number in range(3):
                talk(alice, bob, str(number))
        alice.sends("QUIT")
        alice.hears_the_end()
        alice.hangs_up()
        carol = server.member("carol")
        talk(bob, carol, "welcome")
    talk(server.member("alice"), bob, "back")
    assert "Traceback" not in server.log
    assert server.log.count("can't accept") < 10, "each lack is told once"


def test_a_worker_that_can_t_open_the_database(server: ServerProcess) -> None:
    """A login is answered all the same, and succeeds when there are files again."""
    alice = server.connect()
    alice.says("CAP REQ sasl", "NICK alice", "USER alice 0 * :x")
    with no_more_files(server):
        says_password(alice)
        heard = alice.hears_until(" 904 ")
        assert any("The server can't check that now; try again in a minute" in h for h in heard)
    says_password(alice)
    alice.hears_until(" 903 ")
    alice.sends("CAP END")
    alice.hears_until(" 001 ")


def says_password(person: Client) -> None:
    payload = sasl_plain("alice", PASSWORD)
    person.sends("AUTHENTICATE PLAIN", f"AUTHENTICATE {payload}")


def test_the_server_stops_without_files(server: ServerProcess) -> None:
    """In order: the last words are said and stored."""
    alice, bob = server.member("alice"), server.member("bob")
    with no_more_files(server):
        talk(alice, bob, "last words")
        server.tell(signal.SIGTERM)
        assert "The server is stopping" in alice.hears_the_end()[-1]
        assert server.ends() == 0
    assert "Traceback" not in server.log
    assert [text for _, text in stored(server.data.path, "last")] == ["last words"]
