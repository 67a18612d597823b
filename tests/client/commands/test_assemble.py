"""What `login`, `register` and `send` share: log_in(), register()."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from securechat.client.commands import assemble
from securechat.client.commands.assemble import Setup
from securechat.client.commands.login_flow import ATTEMPTS, LoggedIn
from securechat.client.credentials.login_credentials import Sources
from securechat.client.exits import CertificateError, ClientError, Exit, LoginError, UsageError
from securechat.client.session.actions import Quit
from securechat.client.session.handshake import REGISTRATION
from securechat.client.settings import SettingsDirectory
from securechat.credentials.link import InviteLink
from tests.client.keyboard import Keyboard
from tests.client.scripted import OFFER, PASSWORD, Peer, ScriptedServer, registers
from tests.support.certificates import Authority

Files = tuple[Path, Path]
CODE = "CODE12345"


@pytest.fixture
def settings(settings_directory: Path) -> SettingsDirectory:
    return SettingsDirectory(settings_directory)


def leaves(running: LoggedIn) -> None:
    """End the session."""
    running.client.submit(Quit())
    stopped = running.client.join(20)
    assert stopped is not None
    assert stopped.code is Exit.OK


def logs_in(peer: Peer) -> None:
    peer.logs_in("alice")
    peer.quits()


def refuses(text: str) -> Callable[[Peer], None]:
    """A login that fails."""

    def dialogue(peer: Peer) -> None:
        peer.greets("alice")
        peer.authenticates("alice")
        peer.says(f"904 alice :{text}")
        peer.expects("QUIT")

    return dialogue


def link_to(server: ScriptedServer, authority: Authority) -> InviteLink:
    digest = hashlib.sha256(authority.der).digest()
    return InviteLink(server.address.host, server.address.port, CODE, digest)


def test_the_first_login_teaches_the_second(
    settings: SettingsDirectory, certificate: Files, ca_file: Path
) -> None:
    """Server, account and CA are remembered, so that later nothing need be given."""
    with ScriptedServer(certificate, logs_in, logs_in) as server:
        setup = Setup(settings, Sources(), ca_file, person=Keyboard(PASSWORD))
        leaves(assemble.log_in(setup, f"alice@{server.address}"))
        person = Keyboard(PASSWORD)
        leaves(assemble.log_in(Setup(settings, Sources(), person=person), None))
    assert person.questions == [f"Password of alice at {server.address}: "]


def test_a_wrong_password_is_asked_for_again(
    settings: SettingsDirectory,
    certificate: Files,
    ca_file: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """With the server's words; each attempt is a connection of its own."""
    with ScriptedServer(certificate, refuses("wrong"), logs_in) as server:
        person = Keyboard("not it at all", PASSWORD)
        setup = Setup(settings, Sources(), ca_file, person=person)
        leaves(assemble.log_in(setup, f"alice@{server.address}"))
    assert len(person.questions) == 2
    assert "refused: wrong" in capsys.readouterr().err


def test_three_wrong_passwords_are_enough(
    settings: SettingsDirectory, certificate: Files, ca_file: Path
) -> None:
    """And nothing is remembered of a login that failed."""
    dialogues = [refuses("wrong")] * ATTEMPTS
    with ScriptedServer(certificate, *dialogues) as server:
        setup = Setup(settings, Sources(), ca_file, person=Keyboard("a", "b", "c"))
        with pytest.raises(LoginError, match="wrong"):
            assemble.log_in(setup, f"alice@{server.address}")
    assert settings.last() is None
    assert settings.pin(server.address) is None


def test_a_password_from_a_file_is_not_asked_for_again(
    settings: SettingsDirectory, certificate: Files, ca_file: Path, tmp_path: Path
) -> None:
    """A script must end."""
    file = tmp_path / "password"
    file.write_text("x\n")
    file.chmod(0o600)
    with ScriptedServer(certificate, refuses("wrong")) as server:
        setup = Setup(settings, Sources(password_file=file), ca_file)
        with pytest.raises(LoginError):
            assemble.log_in(setup, f"alice@{server.address}")


def test_a_login_with_a_certificate(
    settings: SettingsDirectory,
    certificate: Files,
    ca_file: Path,
    authority: Authority,
    tmp_path: Path,
) -> None:
    """SASL EXTERNAL, under the name in the certificate."""
    cert, key = authority.client("alice").write(tmp_path, "alice")

    def dialogue(peer: Peer) -> None:
        peer.greets("alice")
        peer.expects("AUTHENTICATE EXTERNAL")
        peer.says("AUTHENTICATE +")
        peer.expects("AUTHENTICATE YWxpY2U=")
        peer.welcomes()
        peer.quits()

    with ScriptedServer(certificate, dialogue, client_ca=authority.pem) as server:
        leaves(assemble.log_in(Setup(settings, Sources(cert, key), ca_file), str(server.address)))
    assert server.names == ["CN=alice"]


def test_nowhere_to_log_in_to(settings: SettingsDirectory) -> None:
    """Says how to begin."""
    with pytest.raises(UsageError, match="securechat register LINK"):
        assemble.log_in(Setup(settings, Sources()), None)


def test_a_registration_looks_first_and_speaks_then(
    settings: SettingsDirectory, certificate: Files, authority: Authority
) -> None:
    """A look that finds the authority and one that verifies, and neither says anything; then code
    and password; then later logins.
    """
    person = Keyboard(PASSWORD, PASSWORD)

    def dialogue(peer: Peer) -> None:
        registers(peer, "alice", CODE)
        peer.quits()

    with ScriptedServer(certificate, dialogue, logs_in) as server:
        link = link_to(server, authority)
        leaves(assemble.register(Setup(settings, Sources(), person=person), link, "alice"))
        assert server.looks == 2
        leaves(assemble.log_in(Setup(settings, Sources(), person=Keyboard(PASSWORD)), None))
    first, second = person.questions
    assert first.endswith("\nNew password for alice: ")
    assert second == "The same again: "


def test_an_impostor_hears_nothing(
    settings: SettingsDirectory, certificate: Files, other_authority: Authority
) -> None:
    """Neither the code nor the password, which isn't even asked for."""
    person = Keyboard()
    setup = Setup(settings, Sources(), person=person)
    with ScriptedServer(certificate) as server, pytest.raises(CertificateError):
        assemble.register(setup, link_to(server, other_authority), "alice")
    assert person.questions == []


def test_an_impostor_who_shows_the_right_ca_hears_nothing(
    settings: SettingsDirectory,
    certificate: Files,
    authority: Authority,
    other_authority: Authority,
    tmp_path: Path,
) -> None:
    """A server that copies the CA's certificate into a chain that it didn't sign is found out by
    the verified connection, before anything is sent.
    """
    forged, key = other_authority.server("localhost").write(tmp_path, "forged")
    forged.write_text(forged.read_text() + authority.pem)
    setup = Setup(settings, Sources(), person=Keyboard(PASSWORD, PASSWORD))
    with ScriptedServer((forged, key)) as server, pytest.raises(ClientError) as refused:
        assemble.register(setup, link_to(server, authority), "alice")
    assert refused.value.code is Exit.CERTIFICATE
    assert (server.looks, server.refusals) == (2, 1)


def test_a_weak_password_is_asked_for_again(
    settings: SettingsDirectory,
    certificate: Files,
    authority: Authority,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """After the server's words."""

    def first(peer: Peer) -> None:
        peer.greets("alice", f"{OFFER} {REGISTRATION}")
        peer.expects(f"REGISTER * {CODE} weak")
        peer.says("FAIL REGISTER WEAK_PASSWORD alice :The password is too short")
        peer.expects("QUIT")

    def second(peer: Peer) -> None:
        registers(peer, "alice", CODE)
        peer.quits()

    with ScriptedServer(certificate, first, second) as server:
        person = Keyboard("weak", "weak", PASSWORD, PASSWORD)
        setup = Setup(settings, Sources(), person=person)
        leaves(assemble.register(setup, link_to(server, authority), "alice"))
    assert "refused: The password is too short" in capsys.readouterr().err


def test_a_used_up_link_ends_the_registration(
    settings: SettingsDirectory, certificate: Files, authority: Authority
) -> None:
    """No other password or name would help."""

    def dialogue(peer: Peer) -> None:
        peer.greets("alice", f"{OFFER} {REGISTRATION}")
        peer.hears()
        peer.says("FAIL REGISTER INVALID_EMAIL alice :This invite is used up")
        peer.expects("QUIT")

    with ScriptedServer(certificate, dialogue) as server:
        setup = Setup(settings, Sources(), person=Keyboard(PASSWORD, PASSWORD))
        with pytest.raises(LoginError, match="used up"):
            assemble.register(setup, link_to(server, authority), "alice")
    assert settings.last() is None


@pytest.mark.parametrize("option", ["ca", "cert"])
def test_what_does_not_belong_to_a_registration(
    settings: SettingsDirectory, option: str, tmp_path: Path
) -> None:
    """The link says whom to trust, and an account begins with a password."""
    sources = Sources(tmp_path / "x.pem") if option == "cert" else Sources()
    setup = Setup(settings, sources, tmp_path / "ca.pem" if option == "ca" else None)
    with pytest.raises(UsageError, match=f"--{option} is not for register"):
        assemble.register(setup, InviteLink("x", 1, CODE, bytes(32)), "alice")
