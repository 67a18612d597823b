"""`securechat open`: what it asks, what it shows, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import ssl
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from securechat.client.commands import assemble, browser, registering
from securechat.client.commands.assemble import Destination, Setup
from securechat.client.commands.login_flow import LoggedIn
from securechat.client.credentials.login_credentials import Sources
from securechat.client.credentials.tokens import TokenOwner
from securechat.client.exits import Exit, UnreachableError, UsageError
from securechat.client.session.handshake import Missed
from securechat.client.session.identity import Address, Login
from securechat.client.settings import SettingsDirectory
from securechat.client.trust.authorities import Dialer, Origin, Trust
from securechat.credentials.link import InviteLink
from tests.client.keyboard import Keyboard
from tests.support.links import PATIENCE
from tests.support.server import PASSWORD, ServerUnderTest, running
from tests.support.ways import ways

INVITE = InviteLink("chat.example", 6697, "CODE12345", bytes(32))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerUnderTest]:
    with running(tmp_path_factory.mktemp("server") / "data", "alice") as server:
        yield server


class Quiet:
    """A client that has nothing to do but to end."""

    def submit(self, _action: object) -> None: ...

    def join(self, _seconds: float) -> None: ...


@contextmanager
def opens(server: ServerUnderTest, directory: Path, *flags: str) -> Iterator[subprocess.Popen[str]]:
    """The command, as a shell begins it. Its browser is one that shows the file to us."""
    word = directory / "word"
    word.write_text(PASSWORD + "\n")
    word.chmod(0o600)
    where = f"alice@127.0.0.1:{server.port}"
    options = ["--ca", str(server.ca), "--password-file", str(word), *flags]
    script = directory / "browser"
    script.write_text('cat "${1#file://}"\n')
    home = {"HOME": str(directory), "SECURECHAT_CONFIG_DIR": str(directory / "settings")}
    with subprocess.Popen(
        [sys.executable, "-m", "securechat", "open", where, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **home, "BROWSER": f"sh {script} %s", "LC_ALL": "C.UTF-8"},
    ) as command:
        try:
            yield command
        finally:
            command.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_shows_the_address_until_it_is_ended(
    server: ServerUnderTest, tmp_path: Path, number: signal.Signals
) -> None:
    """And says that it has ended."""
    with opens(server, tmp_path, "--no-browser") as command:
        assert command.stdout is not None
        address = command.stdout.readline().strip()
        with urllib.request.urlopen(address + "local.json", timeout=PATIENCE) as answer:
            assert json.load(answer)["account"] == "alice"
        command.send_signal(number)
        out, err = command.communicate(timeout=PATIENCE)
        assert (command.returncode, out) == (Exit.OK, "")
        assert err.endswith("The page has ended; its tabs can be closed.\n")
        assert list(tmp_path.glob("securechat-open-*")) == []


def test_its_browser_is_led_by_a_file(server: ServerUnderTest, tmp_path: Path) -> None:
    """Which is gone as soon as the page has come."""
    with opens(server, tmp_path) as command:
        assert command.stdout is not None
        shown = ""
        while "</p>" not in shown:
            shown += command.stdout.readline()
        address = shown.partition("url=")[2].partition('"')[0]
        (directory,) = tmp_path.glob("securechat-open-*")
        assert directory.name not in address
        with urllib.request.urlopen(address, timeout=PATIENCE) as answer:
            assert b"<title>" in answer.read()
        assert not directory.exists()
        command.terminate()
        assert "opens in your browser" in command.communicate(timeout=PATIENCE)[1]


def test_an_invite_makes_an_account_once(
    settings_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who gives it again, or after a login by hand, goes on with the account that there is."""
    made: list[str | None] = []

    def register(setup: Setup, link: InviteLink, name: str | None, *, missed: Missed) -> LoggedIn:
        made.append(name)
        return LoggedIn(None, Quiet(), Login("zoe", "x"))  # type: ignore[arg-type]

    monkeypatch.setattr(registering, "register", register)
    settings = SettingsDirectory(settings_directory)
    setup = Setup(settings, Sources(), person=Keyboard())
    link = str(INVITE)
    assert browser._registered(setup, link, None) == ("zoe@chat.example:6697", True)
    settings.remember(Address("chat.example"), "zoe")
    assert browser._registered(setup, link, None) == ("zoe@chat.example:6697", False)
    assert browser._registered(setup, link, "yan") == ("zoe@chat.example:6697", True)
    assert made == [None, "yan"]


def test_a_name_is_for_an_invite(settings_directory: Path) -> None:
    setup = Setup(SettingsDirectory(settings_directory), Sources(), person=Keyboard())
    with pytest.raises(UsageError, match="--account is for an invite"):
        browser._registered(setup, "chat.example", "zoe")
    assert browser._registered(setup, "chat.example", None) == ("chat.example", False)


def test_a_code_is_no_lasting_credential(
    settings_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page would be asked for another one at each of its connections."""
    entered = LoggedIn(None, Quiet(), Login("zoe", "x", "123456"))  # type: ignore[arg-type]
    monkeypatch.setattr(assemble, "enter", lambda *_args, **_named: entered)
    setup = Setup(SettingsDirectory(settings_directory), Sources(), person=Keyboard())
    goal = Destination(TokenOwner(Address("chat.example"), "system", "zoe"), None, None, None)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="needs this device to be remembered"):
        browser._credential(setup, goal)


def test_an_outage_is_told_once_and_its_end_once(capsys: pytest.CaptureFixture[str]) -> None:
    """The page tries again and again."""
    there: list[ssl.SSLSocket] = []
    dialer = Dialer(Address("chat.example"), Trust(None, Origin.SYSTEM))
    dialer.connect = lambda rounds: there.pop()  # type: ignore[method-assign]
    line = browser._Line(dialer, Keyboard())
    for _ in range(2):
        there += [None, None]  # type: ignore[list-item]
        for _ in range(3):
            line.refused("can't connect to chat.example")
        line.dial()
        line.dial()
    again = "securechat: the server can be reached again"
    assert (
        capsys.readouterr().err.splitlines()
        == ["securechat: can't connect to chat.example", again] * 2
    )


def test_each_tab_begins_at_the_address_that_worked_last(
    server: ServerUnderTest, capsys: pytest.CaptureFixture[str]
) -> None:
    """Unless that has hung up. One address is off here."""
    trust = Trust(server.ca.read_text(), Origin.PIN)
    with ways(server.port, 3) as nodes:
        nodes[0].dies()
        dialer = Dialer([Address("localhost", node.port) for node in nodes], trust)
        line = browser._Line(dialer, Keyboard())
        for came in ((1, 0), (2, 0)):
            line.dial().close()
            assert (nodes[1].came, nodes[2].came) == came
        line.dropped()
        line.dial().close()
        assert (nodes[1].came, nodes[2].came) == (2, 1)
        nodes[1].dies()
        nodes[2].dies()
        with pytest.raises(UnreachableError) as refused:
            line.dial()
    assert len(str(refused.value).splitlines()) == 3
    assert capsys.readouterr().err == ""
