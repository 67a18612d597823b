"""How an account is made by an invite link: register()."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from securechat.client.commands import assemble
from securechat.client.commands.assemble import Setup
from securechat.client.commands.registering import register
from securechat.client.credentials import passwords
from securechat.client.credentials.login_credentials import Sources
from securechat.client.exits import CertificateError, ClientError, Exit, LoginError, UsageError
from securechat.client.person import Nobody
from securechat.client.refusals import refusal
from securechat.client.session.handshake import REGISTRATION
from securechat.client.settings import SettingsDirectory
from securechat.credentials.link import InviteLink
from tests.client.commands.test_assemble import leaves, logs_in
from tests.client.keyboard import Keyboard
from tests.client.scripted import GOOD, OFFER, PASSWORD, RULES, Peer, ScriptedServer, registers
from tests.support.certificates import Authority

Files = tuple[Path, Path]
CODE = "CODE12345"


@pytest.fixture
def settings(settings_directory: Path) -> SettingsDirectory:
    return SettingsDirectory(settings_directory)


def link_to(server: ScriptedServer, authority: Authority) -> InviteLink:
    digest = hashlib.sha256(authority.der).digest()
    return InviteLink(server.address.host, server.address.port, CODE, digest)


def asked(peer: Peer) -> None:
    """A server that doesn't say what it asks of passwords."""
    peer.is_asked("alice", CODE)


def test_a_registration_looks_first_and_speaks_then(
    settings: SettingsDirectory, certificate: Files, authority: Authority
) -> None:
    """A look that finds the authority and says nothing; then, verified, what is wrong with the name
    is asked; then code and password; then later logins.
    """
    person = Keyboard(PASSWORD, PASSWORD)

    def dialogue(peer: Peer) -> None:
        registers(peer, "alice", CODE)
        peer.quits()

    with ScriptedServer(certificate, asked, dialogue, logs_in) as server:
        link = link_to(server, authority)
        leaves(register(Setup(settings, Sources(), person=person), link, "alice"))
        assert server.looks == 1
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
        register(setup, link_to(server, other_authority), "alice")
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
        register(setup, link_to(server, authority), "alice")
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

    with ScriptedServer(certificate, asked, first, second) as server:
        person = Keyboard("weak", "weak", PASSWORD, PASSWORD)
        setup = Setup(settings, Sources(), person=person)
        leaves(register(setup, link_to(server, authority), "alice"))
    assert "It says: The password is too short." in capsys.readouterr().err


def test_a_used_up_link_ends_the_registration(
    settings: SettingsDirectory, certificate: Files, authority: Authority
) -> None:
    """No other password or name would help."""

    def dialogue(peer: Peer) -> None:
        peer.greets("alice", f"{OFFER} {REGISTRATION}")
        peer.hears()
        peer.says("FAIL REGISTER INVALID_EMAIL alice :This invite is used up")
        peer.expects("QUIT")

    with ScriptedServer(certificate, asked, dialogue) as server:
        setup = Setup(settings, Sources(), person=Keyboard(PASSWORD, PASSWORD))
        with pytest.raises(LoginError, match="used up"):
            register(setup, link_to(server, authority), "alice")
    assert settings.last() is None


@pytest.mark.parametrize("option", ["ca", "cert"])
def test_what_does_not_belong_to_a_registration(
    settings: SettingsDirectory, option: str, tmp_path: Path
) -> None:
    """The link says whom to trust, and an account begins with a password."""
    sources = Sources(tmp_path / "x.pem") if option == "cert" else Sources()
    setup = Setup(settings, sources, tmp_path / "ca.pem" if option == "ca" else None)
    with pytest.raises(UsageError, match=f"--{option} is not for register"):
        register(setup, InviteLink("x", 1, CODE, bytes(32)), "alice")


def test_what_is_wrong_with_a_name_is_told_before_the_password(
    settings: SettingsDirectory,
    certificate: Files,
    authority: Authority,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """And how long a password has to be; what this device sees is wrong isn't typed twice."""

    def taken(peer: Peer) -> None:
        peer.is_asked("bob", CODE, "FAIL REGISTER ACCOUNT_EXISTS bob :That name is taken")

    def good(peer: Peer) -> None:
        peer.is_asked("alice", CODE, GOOD)

    def dialogue(peer: Peer) -> None:
        registers(peer, "alice", CODE)
        peer.quits()

    person = Keyboard(
        "bob", "alice", "too short", "abababababab", "alicealice12", PASSWORD, PASSWORD
    )
    with ScriptedServer(certificate, taken, good, dialogue) as server:
        setup = Setup(settings, Sources(), person=person)
        leaves(register(setup, link_to(server, authority), None))
    told = capsys.readouterr().err
    assert person.questions[1] == "Another name"
    assert "That name is taken." in told
    assert "at least 12 characters here" in told
    assert "That has 9 characters" in told
    assert "That is easily guessed" in told
    assert "mainly the account's name" in told
    assert person.silent


def test_a_used_up_link_is_told_before_the_password(
    settings: SettingsDirectory, certificate: Files, authority: Authority
) -> None:
    """Nobody thinks of one in vain."""

    def dialogue(peer: Peer) -> None:
        peer.is_asked("alice", CODE, "FAIL REGISTER INVALID_EMAIL alice :This invite is used up")

    person = Keyboard()
    with ScriptedServer(certificate, dialogue) as server:
        setup, link = Setup(settings, Sources(), person=person), link_to(server, authority)
        with pytest.raises(LoginError, match="used up") as refused:
            register(setup, link, "alice")
    assert person.questions == []
    told = refusal(refused.value)
    assert told.endswith(f"Then log in:\n    securechat {link.login}")
    assert CODE not in told


def test_a_name_that_was_taken_meanwhile_costs_no_password(
    settings: SettingsDirectory, certificate: Files, authority: Authority
) -> None:
    """It is as good for another name."""

    def taken(peer: Peer) -> None:
        peer.greets("alice", f"{OFFER} {REGISTRATION}={RULES}")
        peer.expects(f"REGISTER * {CODE} :{PASSWORD}")
        peer.says("FAIL REGISTER ACCOUNT_EXISTS alice :That name is taken")
        peer.expects("QUIT")

    def dialogue(peer: Peer) -> None:
        registers(peer, "alina", CODE)
        peer.quits()

    person = Keyboard(PASSWORD, PASSWORD, "alina")
    with ScriptedServer(certificate, asked, taken, dialogue) as server:
        leaves(
            register(Setup(settings, Sources(), person=person), link_to(server, authority), "alice")
        )
        assert settings.account(server.address) == "alina"
    assert person.questions[2:] == ["Another name"]


def test_a_script_is_told_what_is_wrong_with_its_name(
    settings: SettingsDirectory, certificate: Files, authority: Authority
) -> None:
    """And isn't asked for another."""

    def taken(peer: Peer) -> None:
        peer.is_asked("alice", CODE, "FAIL REGISTER ACCOUNT_EXISTS alice :That name is taken")

    with ScriptedServer(certificate, taken) as server, pytest.raises(LoginError, match="is taken"):
        register(Setup(settings, Sources(), person=Nobody()), link_to(server, authority), "alice")


def test_a_server_that_makes_an_account_without_a_password(
    settings: SettingsDirectory, certificate: Files, authority: Authority
) -> None:
    """Has been asked something else, and nobody goes on there."""

    def dialogue(peer: Peer) -> None:
        peer.greets("alice", f"{OFFER} {REGISTRATION}={RULES}")
        peer.expects(f"REGISTER * {CODE} :")
        peer.says("REGISTER SUCCESS alice :Welcome!", "900 alice a!a@b alice :You are logged in")
        peer.expects("CAP END")
        peer.arrives()
        peer.quits()

    with (
        ScriptedServer(certificate, dialogue) as server,
        pytest.raises(ClientError, match="without a password"),
    ):
        register(Setup(settings, Sources(), person=Keyboard()), link_to(server, authority), "alice")
    assert settings.last() is None


@pytest.mark.parametrize(
    ("password", "least", "wrong"),
    [
        ("violet kettles dance", 12, ""),
        ("short", 12, "5 characters"),
        ("aaaabbbbcccc", 12, "easily guessed"),
        ("qwertyuiop1234567", 15, "easily guessed"),
        ("пароль1234567890", 15, "easily guessed"),
        ("alice-alice-", 12, "account's name"),
        ("x", None, ""),
    ],
)
def test_what_this_device_sees_is_wrong(password: str, least: int | None, wrong: str) -> None:
    """The server's own rules are unknown where it doesn't say any."""
    found = passwords.problem(password, "Alice", least)
    assert wrong in found
    assert bool(wrong) == bool(found)
