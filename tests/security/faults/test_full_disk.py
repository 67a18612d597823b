"""A disk that is full, or can't be written any more: everybody is told, nothing is lost, what needs
no room goes on, and all goes on when there is room again.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from securechat.server.storage_health import FAILING, MENDED
from tests.security.faults.disks import Disk, ShortFiles, mounted, read_only
from tests.support.client import Client
from tests.support.process import ServerProcess, add_accounts, run_server, serving, write_config
from tests.support.server import ServerUnderTest, running
from tests.support.talker import stored

ENOUGH = 2000
"""Messages that would fill any room that was left."""


@pytest.fixture(params=["small disk", "short files"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Disk]:
    """A disk that can be filled, with the accounts of three on it."""
    if request.param == "short files":
        add_accounts(tmp_path / "data", "alice", "bob", "carol")
        yield ShortFiles(tmp_path)
        return
    with mounted(tmp_path / "disk") as small:
        add_accounts(small.directory / "data", "alice", "bob", "carol")
        yield small


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    return write_config(tmp_path / "config.toml")


def notices(lines: list[str]) -> list[str]:
    """What the server itself says."""
    return [line.partition(" :")[2] for line in lines if line.startswith(":chat.test NOTICE ")]


def talks_till_it_fails(person: Client) -> list[str]:
    """What somebody had the echo of before the first message that was not stored."""
    echoed: list[str] = []
    for number in range(ENOUGH):
        person.sends(f"PRIVMSG #lobby :m-{number} " + "x" * 300)
        last = person.hears_until(lambda line: " 400 " in line or " PRIVMSG " in line)[-1]
        if " 400 " in last:
            return echoed
        echoed.append(last.rpartition(" :")[2])
    raise AssertionError("the disk is not full")


def log_of(disk: Disk) -> list[str]:
    return [text for _, text in stored(disk.directory / "data", "m-")]


def test_all_are_told_and_nothing_is_lost(disk: Disk, settings: Path) -> None:
    """Of a disk that fills up under a running server: what was sent before is there, what fails is
    seen by nobody, members come and read as ever, and with room again it goes on by itself.
    """
    with serving(disk.directory / "data", "--config", settings) as server:
        alice, bob = (server.member(name, caps="echo-message") for name in ("alice", "bob"))
        carol = server.member("carol")
        carol.sends("QUIT")
        carol.hears_the_end()
        alice.hears()
        disk.fill(server)
        echoed = talks_till_it_fails(alice)
        told = FAILING.format(problem=disk.why)
        assert notices(alice.hears()) == [told]
        heard = bob.hears()
        assert notices(heard) == [told]
        assert [line.rpartition(" :")[2] for line in heard if " PRIVMSG " in line] == echoed

        carol, missed = comes_back(server, "carol")
        assert missed == echoed
        carol.sends("NAMES #lobby")
        assert "alice" in carol.hears_until(" 353 ")[-1]

        disk.free(server)
        assert notices(bob.hears_until(MENDED)) == [MENDED]
        alice.hears_until(MENDED)
        alice.sends("PRIVMSG #lobby :m-after")
        assert bob.hears_until(" PRIVMSG ")[-1].endswith(":m-after")
        server.logs("messages are stored again")
    assert log_of(disk) == [*echoed, "m-after"]
    assert server.log.count("are not stored, and taken back") == 1
    assert server.log.count("messages are stored again") == 1
    assert "Traceback" not in server.log


def comes_back(server: ServerProcess, name: str) -> tuple[Client, list[str]]:
    """Somebody logs in while nothing can be stored: the person, and what had been missed."""
    person = server.connect()
    lines = person.logs_in(name, caps="server-time")
    assert any(FAILING.partition("{problem}")[0] in text for text in notices(lines))
    return person, [line.rpartition(" :")[2] for line in lines if " PRIVMSG #lobby :m-" in line]


def test_a_full_disk_keeps_no_server_from_stopping(disk: Disk, settings: Path) -> None:
    """In order and with success; the next start finds all that was stored."""
    with serving(disk.directory / "data", "--config", settings) as server:
        alice = server.member("alice", caps="echo-message")
        disk.fill(server)
        echoed = talks_till_it_fails(alice)
        server.tell(signal.SIGTERM)
        assert "ERROR :Closing link: The server is stopping" in alice.hears_the_end()[-1]
        assert server.ends() == 0
    assert server.log.endswith("info stopped\n")
    assert "Traceback" not in server.log
    assert log_of(disk) == echoed


def test_a_start_on_a_full_disk_is_told(tmp_path: Path, settings: Path) -> None:
    """In one line, and all is as it was; with room again it starts."""
    with mounted(tmp_path / "disk") as disk:
        add_accounts(disk.directory / "data", "alice")
        with serving(disk.directory / "data", "--config", settings) as server:
            alice = server.member("alice", caps="echo-message")
            alice.sends("PRIVMSG #lobby :m-before")
            alice.hears_until(":m-before")
            server.tell(signal.SIGTERM)
            server.ends()
        disk.fill()
        done = run_server("--data", disk.directory / "data", "--config", settings)
        assert done.returncode == 1
        assert done.stderr.count("\n") == 1
        assert done.stderr.startswith("securechat-server: ")
        assert "the disk is full; free some space (" in done.stderr
        disk.free()
        assert log_of(disk) == ["m-before"]
        with serving(disk.directory / "data", "--config", settings) as server:
            server.member("alice")


def test_a_start_on_a_read_only_disk_is_told(tmp_path: Path, settings: Path) -> None:
    """In one line that names the directory."""
    with mounted(tmp_path / "disk") as disk:
        add_accounts(disk.directory / "data", "alice")
        read_only(disk)
        done = run_server("--data", disk.directory / "data", "--config", settings)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert f"can't write in the data directory {disk.directory / 'data'}" in done.stderr


# --- a disk that becomes read-only, as file systems do after an error ----------------------------


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerUnderTest]:
    with running(tmp_path / "data", "alice", "bob") as server:
        yield server


def test_a_database_that_can_t_be_written_any_more(server: ServerUnderTest) -> None:
    """As with a full disk; reading and leaving need no writing."""
    alice, bob = server.member("alice", caps="echo-message"), server.member("bob")
    alice.sends("PRIVMSG bob :before")
    alice.hears_until(":before")
    bob.hears_until(":before")
    connection = server.service._journal.connection
    connection.execute("PRAGMA query_only = ON")
    alice.sends("PRIVMSG #lobby :lost")
    alice.hears_until(" 400 ")
    [told] = notices(alice.hears())
    assert "the database can't be written; check the owner and mode" in told
    assert notices(bob.hears()) == [told]
    bob.sends("QUIT")
    bob.hears_the_end()
    server.member("bob").hangs_up()
    connection.execute("PRAGMA query_only = OFF")
    alice.hears_until(MENDED)
    alice.sends("PRIVMSG #lobby :kept")
    assert alice.hears_until(" PRIVMSG ")[-1].endswith(":kept")


def test_some_of_the_disk_is_left_free(tmp_path: Path) -> None:
    """Before it is full, messages are refused with the reason; coming and leaving go on."""
    add_accounts(tmp_path / "data", "alice", "bob")
    settings = write_config(tmp_path / "config.toml", limits={"free_disk_mib": 1_000_000})
    with serving(tmp_path / "data", "--config", settings) as server:
        alice = server.member("alice", caps="echo-message")
        alice.sends("PRIVMSG #lobby :m-lost")
        refused = alice.hears_until(" 400 ")[-1]
        assert "less than 1000000 MiB of its disk are free" in refused
        alice.sends("PART #lobby")
        assert " PART " in alice.hears_until(" PART ")[-1]
        bob = server.member("bob")
        bob.sends("QUIT")
        bob.hears_the_end()
    assert stored(tmp_path / "data", "m-") == []
