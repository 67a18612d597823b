"""Whom a person's commands trust, from the command line to the settings: links, --ca, addresses."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from securechat.client.commands.cli import main
from securechat.client.exits import Exit
from securechat.client.session.identity import Address
from securechat.client.settings import SYSTEM, SettingsDirectory
from securechat.client.trust.describe import fingerprint
from securechat.credentials.link import InviteLink, LoginLink
from tests.client.scripted import OFFER, PASSWORD, Peer, ScriptedServer, registers
from tests.client.terminal import Terminal
from tests.client.trust.test_anchors import contents
from tests.support.certificates import Authority

Files = tuple[Path, Path]
CODE = "CODE12345"


@pytest.fixture
def settings(settings_directory: Path) -> SettingsDirectory:
    return SettingsDirectory(settings_directory)


@pytest.fixture
def password(tmp_path: Path) -> tuple[str, str]:
    file = tmp_path / "password"
    file.write_text(PASSWORD + "\n")
    file.chmod(0o600)
    return "--password-file", str(file)


def invite_to(address: Address, authority: Authority, host: str = "") -> str:
    digest = hashlib.sha256(authority.der).digest()
    return str(InviteLink(host or address.host, address.port, CODE, digest))


def login_to(address: Address, authority: Authority, account: str = "") -> str:
    return str(
        LoginLink(address.host, address.port, hashlib.sha256(authority.der).digest(), account)
    )


def says(text: str = "hello") -> Callable[[Peer], None]:
    def dialogue(peer: Peer) -> None:
        peer.logs_in("alice")
        peer.expects(f"PRIVMSG #lobby {text}")
        peer.echoes(text)
        peer.quits()

    return dialogue


def refuses(peer: Peer) -> None:
    peer.refuses("alice", "904 alice :wrong account or password")


def turns_away(peer: Peer) -> None:
    peer.greets("alice", f"{OFFER} draft/account-registration=before-connect")
    peer.expects(f"REGISTER * {CODE} :{PASSWORD}")
    peer.says("FAIL REGISTER INVALID_CODE alice :This invite is used up")
    peer.expects("QUIT")


def drops(peer: Peer) -> None:
    peer.greets("alice", f"{OFFER} draft/account-registration=before-connect")
    peer.expects(f"REGISTER * {CODE} :{PASSWORD}")


# -- login links


def test_a_login_link_is_all_that_an_imported_account_needs(
    settings: SettingsDirectory, certificate: Files, authority: Authority, password: tuple[str, str]
) -> None:
    """It names the server, its authority, and here the account; all three are remembered."""
    with ScriptedServer(certificate, says(), says("again")) as server:
        link = login_to(server.address, authority, "alice")
        argv = ["send", "#lobby", "hello", "--server", link, *password]
        assert main(argv) == Exit.OK
        assert main(["send", "#lobby", "again", *password]) == Exit.OK
    assert (settings.pin(server.address) or "").strip() == authority.pem.strip()
    assert settings.account(server.address) == "alice"


def test_a_person_logs_in_by_a_link(
    settings: SettingsDirectory, certificate: Files, authority: Authority
) -> None:
    """On a terminal: account and password are asked for. A full stop behind the link is nothing."""

    def dialogue(peer: Peer) -> None:
        peer.logs_in("alice")
        peer.quits()

    env = {"SECURECHAT_CONFIG_DIR": str(settings.directory)}
    with ScriptedServer(certificate, dialogue) as server:
        argv = ("login", login_to(server.address, authority) + ".", "--no-remember")
        with Terminal(*argv, env=env) as terminal:
            terminal.shows(f"Account at {server.address}: ")
            terminal.types("alice\r")
            terminal.shows("Password of alice")
            terminal.types(f"{PASSWORD}\r")
            terminal.shows("#lobby>")
            terminal.types("\x04")
            assert terminal.ends() == Exit.OK
    assert settings.pin(server.address) is not None


@pytest.mark.parametrize("command", ["login", "register"])
def test_the_other_kind_of_link(
    authority: Authority, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    """Says which command takes it, and connects to nobody."""
    here = Address("localhost", 1)
    links = {"login": invite_to(here, authority), "register": login_to(here, authority)}
    assert main([command, links[command]]) == Exit.USAGE
    told = capsys.readouterr().err
    assert f"securechat {login_to(here, authority)}" in told
    assert CODE not in told


def test_a_link_that_came_in_pieces(
    authority: Authority, certificate: Files, password: tuple[str, str]
) -> None:
    """A line break in a mail becomes a space in the shell."""
    with ScriptedServer(certificate, refuses) as server:
        link = login_to(server.address, authority, "alice")
        assert main(["login", link[:40], link[40:], *password]) == Exit.LOGIN


@pytest.mark.parametrize("piece", ["-n6", "-hAb", "--", "-"])
def test_a_piece_of_a_link_is_no_option(
    capsys: pytest.CaptureFixture[str], password: tuple[str, str], piece: str
) -> None:
    """Whatever it begins with; the options behind it are."""
    assert main(["login", "securechat://h.example/-/ab", piece, "cd", *password]) == Exit.USAGE
    told = capsys.readouterr().err
    assert "option" not in told.lower()
    assert "that link is not whole" in told


def test_two_servers_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    """Are one too many."""
    assert main(["login", "a@x.example", "b@y.example"]) == Exit.USAGE
    assert "expected one argument; got 2" in capsys.readouterr().err


# -- what fails changes nothing


@pytest.mark.parametrize("before", ["nobody", "pinned", "system"])
def test_a_failed_or_broken_off_command_leaves_the_trust_as_it_was(
    settings: SettingsDirectory,
    certificate: Files,
    authority: Authority,
    other_authority: Authority,
    password: tuple[str, str],
    ca_file: Path,
    before: str,
) -> None:
    """Byte for byte, through every door: links of both kinds, --ca, in any spelling of the host;
    refused by the server, lost in the middle, or refused by us.
    """
    given = list(password)
    with ScriptedServer(certificate, turns_away, refuses, refuses) as server:
        port = server.address.port
        for host in ("localhost", "127.0.0.1"):
            if before == "pinned":
                settings.save_pin(Address(host, port), other_authority.pem)
            elif before == "system":
                settings.save_system(Address(host, port))
        kept = contents(settings.directory)
        force = [] if before == "nobody" else ["--replace-trust"]
        invite = invite_to(server.address, authority)
        login = login_to(server.address, authority, "alice")
        failing = [
            ["register", invite, "--account", "alice", *given, *force],
            ["login", login, *given, *force],
            ["login", f"alice@{server.address}", "--ca", str(ca_file), *given, *force],
        ]
        for argv in failing:
            assert main(argv) == Exit.LOGIN
            assert contents(settings.directory) == kept
        if before == "nobody":
            return
        for host in ("localhost", "LOCALHOST", "localhost.", "127.0.0.1", "[::ffff:7f00:1]"):
            at = f"{host}:{port}"
            pin = login.rpartition("/")[2]
            for argv in (
                ["register", f"securechat://{at}/{CODE}/{pin}", "--account", "alice", *given],
                ["login", f"securechat://alice@{at}/-/{pin}", *given],
                ["login", f"alice@{at}", "--ca", str(ca_file), *given],
                ["send", "#x", "y", "--server", f"alice@{at}", "--ca", str(ca_file), *given],
                ["send", "#x", "y", "--server", f"securechat://alice@{at}/-/{pin}", *given],
                ["token", "list", f"securechat://alice@{at}/-/{pin}", *given],
            ):
                assert main(argv) == Exit.CERTIFICATE, argv
                assert contents(settings.directory) == kept, argv


def test_another_s_link_to_a_server_that_the_system_verified(
    settings: SettingsDirectory,
    certificate: Files,
    authority: Authority,
    password: tuple[str, str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Is refused, with both, and with the word that would let it."""
    with ScriptedServer(certificate) as server:
        settings.remember(server.address, "alice")  # as it was kept before the word "system" was
        link = invite_to(server.address, authority)
        code = main(["register", link, "--account", "mallory", *password])
    assert code == Exit.CERTIFICATE
    told = capsys.readouterr().err
    assert "before: the certificate authorities of this system" in told
    assert fingerprint(authority.der) in told
    assert "--replace-trust" in told
    assert settings.trusted(server.address) == SYSTEM


def test_a_registration_that_was_broken_off_at_the_password(
    settings: SettingsDirectory, certificate: Files, authority: Authority
) -> None:
    """Ctrl-C there leaves nothing behind; it used to leave the link's authority pinned."""
    env = {"SECURECHAT_CONFIG_DIR": str(settings.directory)}

    def asked(peer: Peer) -> None:
        peer.is_asked("alice", CODE)

    with ScriptedServer(certificate, asked) as server:
        argv = ("register", invite_to(server.address, authority), "--account", "alice")
        with Terminal(*argv, env=env) as terminal:
            terminal.shows("New password for alice: ")
            terminal.types("\x03")
            assert terminal.ends() == Exit.INTERRUPTED
            assert "Traceback" not in terminal.text
    assert not settings.directory.exists()


def test_a_connection_that_is_lost_before_the_answer(
    settings: SettingsDirectory, certificate: Files, authority: Authority, password: tuple[str, str]
) -> None:
    """Nobody knows whether there is an account, and nothing is kept."""
    with ScriptedServer(certificate, drops) as server:
        link = invite_to(server.address, authority)
        assert main(["register", link, "--account", "alice", *password]) == Exit.UNREACHABLE
    assert not settings.directory.exists()


def test_a_connection_that_is_lost_after_success(
    settings: SettingsDirectory,
    certificate: Files,
    authority: Authority,
    password: tuple[str, str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """There is an account, so its server is trusted and `login` goes on; the link is used up."""

    def dialogue(peer: Peer) -> None:
        drops(peer)
        peer.says("REGISTER SUCCESS alice :Account registered. Welcome!")
        peer.expects("CAP END")

    with ScriptedServer(certificate, dialogue, says()) as server:
        link = invite_to(server.address, authority)
        assert main(["register", link, "--account", "alice", *password]) == Exit.UNREACHABLE
        assert "alice has an account now: `securechat login` goes on" in capsys.readouterr().err
        assert main(["send", "#lobby", "hello", *password]) == Exit.OK
    assert settings.pin(server.address) is not None


# -- a change that is wanted


def test_a_new_authority_of_the_server(
    settings: SettingsDirectory,
    certificate: Files,
    authority: Authority,
    other_authority: Authority,
) -> None:
    """On a terminal both are shown; `y` is no yes; after the login the new one is pinned."""

    def dialogue(peer: Peer) -> None:
        peer.logs_in("alice")
        peer.quits()

    env = {"SECURECHAT_CONFIG_DIR": str(settings.directory)}
    with ScriptedServer(certificate, dialogue) as server:
        settings.save_pin(server.address, other_authority.pem)
        argv = ("login", login_to(server.address, authority, "alice"), "--no-remember")
        with Terminal(*argv, env=env) as terminal:
            terminal.shows("Type yes to trust the new one")
            terminal.types("y\r")
            assert terminal.ends() == Exit.CERTIFICATE
        assert settings.pin(server.address) == other_authority.pem
        with Terminal(*argv, env=env) as terminal:
            terminal.shows(fingerprint(other_authority.der))
            terminal.shows(fingerprint(authority.der))
            terminal.shows("Type yes to trust the new one")
            terminal.types("yes\r")
            terminal.shows("Password of alice")
            assert settings.pin(server.address) == other_authority.pem
            terminal.types(f"{PASSWORD}\r")
            terminal.shows("#lobby>")
            terminal.types("\x04")
            assert terminal.ends() == Exit.OK
    assert (settings.pin(server.address) or "").strip() == authority.pem.strip()


def test_a_server_that_has_moved(
    settings: SettingsDirectory, certificate: Files, authority: Authority
) -> None:
    """The authority is known, so a yes is enough; the account is known too."""

    def dialogue(peer: Peer) -> None:
        peer.logs_in("alice")
        peer.quits()

    old = Address("old.example")
    settings.save_pin(old, authority.pem)
    settings.remember(old, "alice")
    env = {"SECURECHAT_CONFIG_DIR": str(settings.directory)}
    with (
        ScriptedServer(certificate, dialogue) as server,
        Terminal("login", str(server.address), "--no-remember", env=env) as terminal,
    ):
        terminal.shows(f"shows the certificate authority that you pinned for {old}")
        terminal.shows("Type yes to log in")
        terminal.types("yes\r")
        terminal.shows(f"Password of alice at {server.address}")
        terminal.types(f"{PASSWORD}\r")
        terminal.shows("#lobby>")
        terminal.types("\x04")
        assert terminal.ends() == Exit.OK
    assert settings.pin(server.address) == authority.pem
    assert settings.last() == server.address


def test_a_script_after_a_move(
    settings: SettingsDirectory,
    certificate: Files,
    authority: Authority,
    password: tuple[str, str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Is told of --moved, and goes on with it; later it needs no word."""
    settings.save_pin(Address("old.example"), authority.pem)
    with ScriptedServer(certificate, says(), says()) as server:
        argv = ["send", "#lobby", "hello", "--server", f"alice@{server.address}", *password]
        assert main(argv) == Exit.CERTIFICATE
        assert "--moved" in capsys.readouterr().err
        assert main([*argv, "--moved"]) == Exit.OK
        assert main(argv) == Exit.OK


def test_a_registration_is_kept_once_it_has_succeeded(
    settings: SettingsDirectory,
    certificate: Files,
    authority: Authority,
    password: tuple[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The honest way."""

    def dialogue(peer: Peer) -> None:
        registers(peer, "alice", CODE)
        peer.quits()

    with ScriptedServer(certificate, dialogue) as server:
        link = invite_to(server.address, authority)
        with open(os.devnull) as nothing:
            monkeypatch.setattr(sys, "stdin", nothing)
            assert main(["register", link, "--account", "alice", *password]) == Exit.OK
    assert settings.pin(server.address) is not None
    assert settings.last() == server.address


@pytest.mark.parametrize("there", [True, False])
def test_nobody_types_a_password_for_a_server_that_is_not_the_one(
    settings: SettingsDirectory, certificate: Files, other_authority: Authority, there: bool
) -> None:
    """It is looked at before anybody is asked, also whether it is there at all."""
    env = {"SECURECHAT_CONFIG_DIR": str(settings.directory)}
    with ScriptedServer(certificate) as server:
        settings.save_pin(server.address, other_authority.pem)
        if not there:
            settings.save_pin(address := Address("localhost", 1), other_authority.pem)
        where = server.address if there else address
        with Terminal("login", f"alice@{where}", env=env) as terminal:
            assert terminal.ends() == (Exit.CERTIFICATE if there else Exit.UNREACHABLE)
            assert "Password" not in terminal.text


def test_nobody_chooses_a_password_for_an_impostor(
    settings: SettingsDirectory, authority: Authority, other_authority: Authority, tmp_path: Path
) -> None:
    """A server that only shows the link's authority is found out before anybody is asked."""
    forged, key = other_authority.server("localhost").write(tmp_path, "forged")
    forged.write_text(forged.read_text() + authority.pem)
    env = {"SECURECHAT_CONFIG_DIR": str(settings.directory)}
    with (
        ScriptedServer((forged, key)) as server,
        Terminal("register", invite_to(server.address, authority), env=env) as terminal,
    ):
        assert terminal.ends() == Exit.CERTIFICATE
        assert "Name of your account" not in terminal.text
