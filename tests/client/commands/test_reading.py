"""`securechat tail` and `history`: their output, their exit codes."""

from __future__ import annotations

import errno
import json
import os
import sys
import threading
from pathlib import Path

import pytest

from securechat.client.commands.cli import main
from securechat.client.commands.tail import Output, place_of
from securechat.client.exits import Exit, UsageError
from securechat.client.session.events.messages import Said
from securechat.client.session.following import BEGINNING, END
from securechat.client.session.pages import CHATHISTORY
from tests.client.scripted import OFFER, PASSWORD, Peer, ScriptedServer

Files = tuple[Path, Path]
TAGS = "msgid=a1;time=2026-11-29T10:00:00.000Z"


def enters(peer: Peer) -> None:
    """Alice logs in at a server that has history."""
    peer.greets("alice", f"{OFFER} {CHATHISTORY}")
    assert peer.authenticates("alice")
    peer.welcomes()


@pytest.fixture
def login(ca_file: Path, tmp_path: Path) -> tuple[str, ...]:
    """Options; the server comes behind them."""
    password = tmp_path / "password"
    password.write_text(PASSWORD)
    password.chmod(0o600)
    return ("--ca", str(ca_file), "--password-file", str(password), "--server")


class Reader(threading.Thread):
    """Reads a line that a program prints, and goes."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(daemon=True)
        self._reading, self._writing = os.pipe()
        self._stdout = open(self._writing, "w")  # noqa: SIM115 - closed by the test
        monkeypatch.setattr(sys, "stdout", self._stdout)
        self.line = ""

    def run(self) -> None:
        with open(self._reading) as pipe:
            self.line = pipe.readline()

    def close(self) -> None:
        self.join(20)
        self._stdout.close()


def test_a_line_a_message_until_nobody_reads(
    certificate: Files,
    login: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """`securechat tail --json | head -1` ends by itself with 0, and says nothing of it."""

    def dialogue(peer: Peer) -> None:
        enters(peer)
        peer.expects(f"CHATHISTORY TARGETS {END} {BEGINNING} 1000")
        peer.says("BATCH +t draft/chathistory-targets", "BATCH -t")
        peer.says(f"@{TAGS} :bob!b@h PRIVMSG alice :\x1b[2J\u202eи")
        assert peer.hears().startswith("QUIT")

    reader = Reader(monkeypatch)
    reader.start()
    with ScriptedServer(certificate, dialogue) as server:
        code = main(["tail", "--json", *login, f"alice@{server.address}"])
    reader.close()
    assert (code, capfd.readouterr().err) == (Exit.OK, "")
    assert reader.line.isascii()
    assert "\x1b" not in reader.line
    assert json.loads(reader.line) == {
        "v": 1,
        "time": "2026-11-29T10:00:00.000Z",
        "msgid": "a1",
        "from": "bob",
        "target": "alice",
        "conversation": "bob",
        "kind": "message",
        "text": "\x1b[2J\u202eи",
        "mine": False,
        "tags": {"msgid": "a1", "time": "2026-11-29T10:00:00.000Z"},
    }


def test_a_channel_that_is_not_there(
    certificate: Files, login: tuple[str, ...], capfd: pytest.CaptureFixture[str]
) -> None:
    """1, and the server's words."""

    def dialogue(peer: Peer) -> None:
        enters(peer)
        peer.expects("CHATHISTORY LATEST #den * 1")
        peer.says("FAIL CHATHISTORY INVALID_TARGET LATEST #den :Messages could not be retrieved")
        assert peer.hears().startswith("QUIT")

    with ScriptedServer(certificate, dialogue) as server:
        code = main(["tail", "#den", *login, f"alice@{server.address}"])
    assert code == Exit.REFUSED
    assert "no history of #den: Messages could not be retrieved" in capfd.readouterr().err


def test_history_in_pages(
    certificate: Files, login: tuple[str, ...], capfd: pytest.CaptureFixture[str]
) -> None:
    """The newest ones, oldest first, as many as were asked for; escaped for a terminal."""

    def dialogue(peer: Peer) -> None:
        enters(peer)
        peer.expects("CHATHISTORY LATEST #lobby * 3")
        peer.says("BATCH +h chathistory #lobby")
        peer.says(f"@batch=h;{TAGS} :bob!b@h PRIVMSG #lobby :\x1b[2Jnew", "BATCH -h")
        peer.expects("CHATHISTORY BEFORE #lobby msgid=a1 2")
        peer.says("BATCH +h chathistory #lobby")
        peer.says("@batch=h;msgid=a0 :bob!b@h NOTICE #lobby :old", "BATCH -h")
        peer.expects("CHATHISTORY BEFORE #lobby msgid=a0 1")
        peer.says("BATCH +h chathistory #lobby", "BATCH -h")
        peer.quits()

    with ScriptedServer(certificate, dialogue) as server:
        code = main(["history", "#lobby", "-n", "3", *login, f"alice@{server.address}"])
    lines = [line.partition(" ")[2] for line in capfd.readouterr().out.splitlines()]
    assert code == Exit.OK
    assert (lines[0], lines[-1]) == ("-bob- old", "<bob> ^[[2Jnew")


def test_history_from_a_place_on(
    certificate: Files, login: tuple[str, ...], capfd: pytest.CaptureFixture[str]
) -> None:
    """The oldest ones of what lies between; nothing at all is said, as nobody sees it else."""

    def dialogue(peer: Peer) -> None:
        enters(peer)
        peer.expects(f"CHATHISTORY BETWEEN #lobby msgid=a0 {BEGINNING} 5")
        peer.says("BATCH +h chathistory #lobby", "BATCH -h")
        peer.quits()

    places = ("--after", "msgid=a0", "--before", "1970-01-01T00:00:00Z")
    with ScriptedServer(certificate, dialogue) as server:
        where = f"alice@{server.address}"
        assert main(["history", "#lobby", "-n", "5", *places, *login, where]) == Exit.OK
    assert capfd.readouterr() == ("", "There is nothing to read of #lobby there.\n")


def test_a_place_that_is_none() -> None:
    """It is told what one may say."""
    assert place_of(None, "--since") == ""
    assert place_of("msgid=a1", "--since") == "msgid=a1"
    with pytest.raises(UsageError, match=r"--since: expected a date.*got 'soon'"):
        place_of("soon", "--since")


def test_output_that_is_not_read_is_dropped() -> None:
    """Nothing is raised, and nothing more is tried."""
    reading, writing = os.pipe()
    os.close(reading)
    output = Output("alice", None, writing, "utf-8")
    output.show([Said("#lobby", "bob", "hi")] * 2)
    os.close(writing)
    assert (output.broken, output.fault) == (True, None)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_disk_is_told() -> None:
    """`securechat tail > file` doesn't end as if all were well."""
    with open("/dev/full", "wb", buffering=0) as full:
        output = Output("alice", None, full.fileno(), "utf-8")
        output.show([Said("#lobby", "bob", "hi")])
    assert output.fault is not None
    assert output.fault.errno == errno.ENOSPC
