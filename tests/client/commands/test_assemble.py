"""What `login`, `send` and others share: log_in()."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from securechat.client.commands import assemble
from securechat.client.commands.assemble import Setup
from securechat.client.commands.login_flow import ATTEMPTS, LoggedIn
from securechat.client.credentials.login_credentials import Sources
from securechat.client.exits import Exit, LoginError, UsageError
from securechat.client.session.actions import Quit
from securechat.client.settings import SettingsDirectory
from tests.client.keyboard import Keyboard
from tests.client.scripted import PASSWORD, Peer, ScriptedServer
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
    assert "The account or the password is wrong.\n" in capsys.readouterr().err


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
    with pytest.raises(UsageError, match="securechat LINK"):
        assemble.log_in(Setup(settings, Sources()), None)
