"""The whole program on a real terminal."""

from __future__ import annotations

import hashlib
import re
import threading
from pathlib import Path

from securechat.client.exits import Exit
from securechat.client.session.handshake import REGISTRATION
from securechat.credentials.link import InviteLink
from tests.client.scripted import DEVICE, OFFER, PASSWORD, TOKEN, Peer, ScriptedServer, registers
from tests.client.terminal import Terminal
from tests.support.certificates import Authority

CODE = "CODE12345"
Files = tuple[Path, Path]


def chooses(terminal: Terminal, password: str) -> None:
    """Type a new password twice."""
    terminal.shows("New password for alice: ")
    terminal.types(f"{password}\r")
    terminal.shows("The same again: ")
    terminal.types(f"{password}\r")


def test_a_new_person_registers_and_talks(
    certificate: Files, authority: Authority, settings_directory: Path
) -> None:
    """Name and password are asked for, the password without echo, twice, and again when the two
    differ or the server finds it weak; then there is a prompt, which survives what arrives. The
    device is remembered: the next login asks for nothing.
    """
    typed = threading.Event()

    def first(peer: Peer) -> None:
        peer.greets("alice", f"{OFFER} {REGISTRATION}")
        peer.expects(f"REGISTER * {CODE} :weak one")
        peer.says("FAIL REGISTER WEAK_PASSWORD alice :The password is too short")
        peer.expects("QUIT")

    def second(peer: Peer) -> None:
        registers(peer, "alice", CODE)
        peer.remembers()
        assert typed.wait(20)
        peer.says(f":{peer.source('bob')} PRIVMSG #lobby :welcome, \x1b[31malice")
        peer.expects("PRIVMSG #lobby :thank you")
        peer.echoes("thank you")
        peer.quits()

    def third(peer: Peer) -> None:
        peer.logs_in("alice", password=TOKEN)
        peer.quits()

    def asked(peer: Peer) -> None:
        peer.is_asked("alice", CODE)

    with ScriptedServer(certificate, asked, first, second, third) as server:
        digest = hashlib.sha256(authority.der).digest()
        link = str(InviteLink("localhost", server.address.port, CODE, digest))
        env = {"SECURECHAT_CONFIG_DIR": str(settings_directory)}
        with Terminal("register", link, env=env) as terminal:
            terminal.shows(f"Name of your account at {server.address}: ")
            terminal.types("alice\r")
            terminal.shows("New password for alice: ")
            terminal.types("one thing\r")
            terminal.shows("The same again: ")
            terminal.types("another thing\r")
            terminal.shows("The two are not the same")
            chooses(terminal, "weak one")
            terminal.shows("It says: The password is too short.")
            chooses(terminal, PASSWORD)
            terminal.shows(f"This device is remembered as {DEVICE}")
            terminal.shows("#lobby>")
            terminal.types("thank")
            terminal.shows("thank")
            typed.set()
            terminal.shows("<bob> welcome, ^[[31malice")
            terminal.types(" you\r")
            terminal.shows("<alice> thank you")
            terminal.types("exit\r")
            assert terminal.ends() == Exit.OK
            shown = terminal.text
        with Terminal("login", env=env) as terminal:
            terminal.shows("#lobby>")
            terminal.types("\x04")
            assert terminal.ends() == Exit.OK
            shown += terminal.text
    assert PASSWORD not in shown
    assert TOKEN not in shown
    assert "weak one" not in shown
    assert "Traceback" not in shown


def test_no_colour_where_none_is_wanted(
    certificate: Files, authority: Authority, settings_directory: Path, tmp_path: Path
) -> None:
    """NO_COLOR; and a wrong password may be corrected."""

    def first(peer: Peer) -> None:
        peer.greets("alice")
        assert not peer.authenticates("alice")
        peer.says("904 alice :wrong account or password")
        peer.expects("QUIT")

    def second(peer: Peer) -> None:
        peer.logs_in("alice")
        peer.quits()

    with ScriptedServer(certificate, first, second) as server:
        ca = str(authority.write(tmp_path))
        env = {"SECURECHAT_CONFIG_DIR": str(settings_directory), "NO_COLOR": "1"}
        argv = ("login", f"alice@{server.address}", "--ca", ca, "--no-remember")
        with Terminal(*argv, env=env) as terminal:
            terminal.shows("Password of alice")
            terminal.types("wrong\r")
            terminal.shows("The account or the password is wrong.")
            terminal.shows("Password of alice")
            terminal.types(f"{PASSWORD}\r")
            terminal.shows("#lobby>")
            terminal.types("\x04")
            assert terminal.ends() == Exit.OK
            raw = terminal.raw
    assert not re.search(r"\x1b\[0;[39][0-9]", raw)
