"""How a device comes to be remembered: remember(), create(), machine_name()."""

from __future__ import annotations

import socket
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from securechat.client.commands.inquiry import inquiring
from securechat.client.commands.login_flow import LoggedIn, start
from securechat.client.credentials import device
from securechat.client.credentials.keyrings import Keyring
from securechat.client.credentials.tokens import StoredToken, TokenOwner, Tokens
from securechat.client.exits import Exit, RefusedError
from securechat.client.person import TerminalPerson
from securechat.client.session.actions import Quit, Say
from securechat.client.session.events.base import ClientEvent
from securechat.client.session.events.connection import Ready
from securechat.client.session.identity import Login
from securechat.client.trust.authorities import Dialer, Origin, Trust
from securechat.credentials.device import is_token_name
from tests.client.scripted import PASSWORD, TOKEN, Dialogue, Peer, ScriptedServer
from tests.support.certificates import Authority

Files = tuple[Path, Path]


class Home:
    """A machine named laptop, where alice logs in with her password."""

    def __init__(self, directory: Path, files: Files, authority: Authority) -> None:
        self._files = files
        self._trust = Trust(authority.pem, Origin.PIN)
        self.tokens = Tokens(directory / "tokens", Keyring(lambda: None, lambda: None), print)
        self.kept: StoredToken | None = None

    def is_remembered(self, dialogue: Dialogue) -> None:
        """One login, and what the server says when it is asked for a token."""

        def whole(peer: Peer) -> None:
            peer.logs_in("alice")
            dialogue(peer)
            peer.quits()

        with ScriptedServer(self._files, whole) as server:
            running = start(Login("alice", PASSWORD), Dialer(server.address, self._trust))
            owner = TokenOwner(server.address, self._trust.identity, "alice")
            device.remember(running.client, self.tokens, owner, TerminalPerson())
            self.kept = self.tokens.find(owner) if self._readable else None
            leaves(running)

    @property
    def _readable(self) -> bool:
        return self.tokens._directory.is_dir()


def leaves(running: LoggedIn) -> None:
    running.client.submit(Quit())
    stopped = running.client.join(20)
    assert stopped is not None
    assert stopped.code is Exit.OK


@pytest.fixture
def home(
    tmp_path: Path, certificate: Files, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> Home:
    monkeypatch.setattr(socket, "gethostname", lambda: "laptop.example.org")
    return Home(tmp_path, certificate, authority)


def test_a_device_is_remembered_under_its_machines_name(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    """The token is kept, and the person is told where, and how to undo it; not the token."""
    home.is_remembered(lambda peer: peer.remembers("laptop"))
    assert home.kept == StoredToken("laptop", TOKEN)
    said = capsys.readouterr().err
    [path] = home.tokens._directory.glob("*")
    assert said == (
        "This device is remembered as laptop; `securechat logout` forgets it.\n"
        f"Its secret is in a file that only you can read: {path}\n"
    )


def test_a_name_that_is_taken_gets_a_number(home: Home) -> None:
    """As a machine may have been set up anew."""

    def dialogue(peer: Peer) -> None:
        for name in ("laptop", "laptop-2"):
            peer.expects(f"TOKEN CREATE {name} BIND")
            peer.says(f"FAIL TOKEN NAME_TAKEN {name} :You have a token of that name")
        peer.remembers("laptop-3")

    home.is_remembered(dialogue)
    assert home.kept == StoredToken("laptop-3", TOKEN)


def test_names_are_not_tried_for_ever(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    """A server that says so of every name is left."""

    def dialogue(peer: Peer) -> None:
        for _ in range(device.ATTEMPTS):
            name = peer.hears().rpartition(" ")[2]
            assert is_token_name(name)
            peer.says(f"FAIL TOKEN NAME_TAKEN {name} :Taken")

    home.is_remembered(dialogue)
    assert home.kept is None
    assert "this device can't be remembered: laptop is taken" in capsys.readouterr().err


@pytest.mark.parametrize(
    "answer",
    [
        "421 alice TOKEN :Unknown command",
        "FAIL TOKEN REAUTHENTICATE :Log in with the password",
    ],
)
def test_what_nobody_can_do_anything_about_makes_no_noise(
    home: Home, capsys: pytest.CaptureFixture[str], answer: str
) -> None:
    """Such as a server without tokens."""

    def dialogue(peer: Peer) -> None:
        peer.expects("TOKEN CREATE laptop BIND")
        peer.says(answer)

    home.is_remembered(dialogue)
    assert home.kept is None
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("FAIL TOKEN TOO_MANY :You have 20 tokens; \x1b[2Jrevoke one", "20 tokens; ^[[2Jrevoke"),
        ("400 alice TOKEN :It could not be stored", "It could not be stored"),
        ("263 alice TOKEN :Wait a while and try again", "Wait a while"),
        ("NOTE TOKEN CREATED laptop hello :Keep it", "holds no token"),
        ("NOTE TOKEN CREATED laptop :Keep it", "holds no token"),
    ],
)
def test_what_somebody_can_do_something_about_is_told(
    home: Home, capsys: pytest.CaptureFixture[str], answer: str, words: str
) -> None:
    """In one line, escaped; the session goes on."""

    def dialogue(peer: Peer) -> None:
        peer.expects("TOKEN CREATE laptop BIND")
        peer.says(answer)

    home.is_remembered(dialogue)
    assert home.kept is None
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("this device can't be remembered: ")
    assert words in line


def test_a_token_that_cannot_be_kept_is_revoked(
    home: Home, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Nobody would know it, and it would be good for ever."""
    (tmp_path / "tokens").write_text("in the way")

    def dialogue(peer: Peer) -> None:
        peer.remembers("laptop")
        peer.expects("TOKEN REVOKE laptop")
        peer.says("NOTE TOKEN REVOKED laptop :It is revoked")

    home.is_remembered(dialogue)
    assert "this device can't be remembered: can't write" in capsys.readouterr().err


def test_a_token_that_nobody_waits_for_is_revoked(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C while the keyring doesn't answer: the program ends as it was told to."""

    def dialogue(peer: Peer) -> None:
        peer.logs_in("alice")
        peer.remembers("laptop")
        peer.expects("TOKEN REVOKE laptop")
        peer.says("NOTE TOKEN REVOKED laptop :It is revoked")
        peer.quits()

    def interrupted(owner: TokenOwner, token: StoredToken) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(home.tokens, "save", interrupted)
    with ScriptedServer(home._files, dialogue) as server:
        running = start(Login("alice", PASSWORD), Dialer(server.address, home._trust))
        owner = TokenOwner(server.address, home._trust.identity, "alice")
        with pytest.raises(KeyboardInterrupt):
            device.remember(running.client, home.tokens, owner, TerminalPerson())
        leaves(running)


def test_the_next_connection_logs_in_by_the_token(home: Home) -> None:
    """A thousand clients that come back at once would have a server busy with passwords, and the
    code of a second factor is good once.
    """

    def first(peer: Peer) -> None:
        peer.logs_in("alice")
        peer.remembers("laptop")
        peer.expects("PRIVMSG #lobby hello")
        peer.echoes("hello")

    def second(peer: Peer) -> None:
        peer.logs_in("alice", password=TOKEN)
        peer.quits()

    back = threading.Event()

    def sink(events: Sequence[ClientEvent]) -> None:
        if any(isinstance(event, Ready) and event.again for event in events):
            back.set()

    with ScriptedServer(home._files, first, second) as server:
        running = start(Login("alice", PASSWORD), Dialer(server.address, home._trust))
        running.client._backoff.next = lambda: 0.001  # type: ignore[method-assign]
        running.client.attach(sink)
        owner = TokenOwner(server.address, home._trust.identity, "alice")
        device.remember(running.client, home.tokens, owner, TerminalPerson())
        running.client.submit(Say("#lobby", "hello"))
        assert back.wait(20)
        leaves(running)


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("laptop", "laptop"),
        ("laptop.example.org", "laptop"),
        ("Алиса", "Алиса"),
        ("a b\tc\x1b[2J", "abc[2J"),
        ("::1", "1"),
        ("x" * 60, "x" * 32),
        ("", "device"),
        (" . ", "device"),
        ("\x00", "device"),
    ],
)
def test_a_machines_name_becomes_a_tokens(host: str, name: str) -> None:
    """Whatever the machine is called."""
    assert device.machine_name(host) == name
    assert is_token_name(name)


def test_numbered_names_are_no_longer_than_others(home: Home) -> None:
    """The name makes room for the number."""

    def dialogue(peer: Peer) -> None:
        peer.logs_in("alice")
        peer.expects(f"TOKEN CREATE {'x' * 32} BIND")
        peer.says(f"FAIL TOKEN NAME_TAKEN {'x' * 32} :Taken")
        peer.remembers(f"{'x' * 30}-2")
        peer.quits()

    with ScriptedServer(home._files, dialogue) as server:
        running = start(Login("alice", PASSWORD), Dialer(server.address, home._trust))
        with inquiring(running.client) as inquiry:
            assert device._create(inquiry, "x" * 32).name == f"{'x' * 30}-2"
        leaves(running)


def test_a_refusal_names_its_reason(home: Home) -> None:
    """For those who can mend it."""

    def dialogue(peer: Peer) -> None:
        peer.logs_in("alice")
        peer.expects("TOKEN CREATE ci")
        peer.says("FAIL TOKEN TOO_MANY :Enough")
        peer.quits()

    with ScriptedServer(home._files, dialogue) as server:
        running = start(Login("alice", PASSWORD), Dialer(server.address, home._trust))
        with inquiring(running.client) as inquiry, pytest.raises(RefusedError) as refused:
            device.create(inquiry, "ci")
        leaves(running)
    assert refused.value.reason == "TOO_MANY"
