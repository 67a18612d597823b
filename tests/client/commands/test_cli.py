"""The command line: main(), its exit codes and texts."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import keyring.core
import pytest

from securechat.client import person
from securechat.client.commands import fronts
from securechat.client.commands.cli import cli, main
from securechat.client.credentials.keyrings import Keyring
from securechat.client.credentials.tokens import StoredToken, TokenOwner, Tokens, token_directory
from securechat.client.exits import EXIT_CODES, Exit
from securechat.client.session.multiline import CAPABILITY as MULTILINE
from securechat.client.settings import SettingsDirectory, default_directory
from securechat.client.trust.authorities import Origin, Trust
from securechat.credentials.link import InviteLink
from securechat.irc.message import format_message
from tests.client.keyrings import MemoryKeyring
from tests.client.scripted import OFFER, PASSWORD, TOKEN, Dialogue, Peer, ScriptedServer, registers
from tests.support.certificates import Authority

Files = tuple[Path, Path]
CODE = "CODE12345"


class Shell:
    """Runs commands as a script would, without a terminal."""

    def __init__(
        self,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        password_file: Path,
    ) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        self.out = ""
        self.err = ""
        self.password = ("--password-file", str(password_file))

    def runs(self, *argv: str, stdin: str = "") -> int:
        """The exit code; what was printed is in out and err."""
        reading, writing = os.pipe()
        os.write(writing, stdin.encode())
        os.close(writing)
        with open(reading) as pipe:
            self._monkeypatch.setattr(sys, "stdin", pipe)
            code = main(argv)
        self.out, self.err = self._capsys.readouterr()
        return code


@pytest.fixture
def shell(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Shell:
    monkeypatch.setattr(person, "has_terminal", lambda: False)
    password = tmp_path / "password"
    password.write_text(PASSWORD + "\n")
    password.chmod(0o600)
    return Shell(monkeypatch, capsys, password)


def hello(target: str = "#lobby", text: str = "hello") -> Dialogue:
    """Alice logs in, says something that is stored, and leaves."""

    def dialogue(peer: Peer) -> None:
        peer.logs_in("alice")
        peer.expects(format_message("PRIVMSG", target, text))
        peer.echoes(text, target)
        peer.quits()

    return dialogue


def test_a_pipe_into_a_channel(shell: Shell, certificate: Files, ca_file: Path) -> None:
    """`echo hello | securechat send '#lobby'`: silence and 0."""
    with ScriptedServer(certificate, hello()) as server:
        where = ("--server", f"alice@{server.address}", "--ca", str(ca_file))
        code = shell.runs("send", "#lobby", *where, *shell.password, stdin="hello\n")
    assert (code, shell.out, shell.err) == (Exit.OK, "", "")


def test_a_whole_input_as_one_message(shell: Shell, certificate: Files, ca_file: Path) -> None:
    """`df | securechat send --together --json '#lobby'`: what was stored is printed."""

    def dialogue(peer: Peer) -> None:
        peer.greets("alice", OFFER.replace(MULTILINE, f"{MULTILINE}=max-bytes=8192"))
        assert peer.authenticates("alice")
        peer.welcomes()
        peer.expects(f"BATCH +paste {MULTILINE} #lobby", "@batch=paste PRIVMSG #lobby one")
        peer.expects("@batch=paste PRIVMSG #lobby two", "BATCH -paste")
        source = peer.source()
        peer.says(f"@msgid=a1 :{source} BATCH +m {MULTILINE} #lobby")
        peer.says(*(f"@batch=m :{source} PRIVMSG #lobby {word}" for word in ("one", "two")))
        peer.says("BATCH -m")
        peer.quits()

    with ScriptedServer(certificate, dialogue) as server:
        where = ("--server", f"alice@{server.address}", "--ca", str(ca_file))
        options = ("--together", "--json", *where, *shell.password)
        code = shell.runs("send", "#lobby", *options, stdin="one\ntwo\n")
    stored = {
        "v": 1,
        "kind": "stored",
        "time": None,
        "msgid": "a1",
        "target": "#lobby",
        "text": "one\ntwo",
    }
    assert (code, json.loads(shell.out), shell.err) == (Exit.OK, stored, "")


def test_together_with_words(shell: Shell) -> None:
    """2: it is for standard input."""
    assert shell.runs("send", "--together", "#lobby", "hello") == Exit.USAGE
    assert "--together is for standard input" in shell.err


def test_words_to_a_person(shell: Shell, certificate: Files, ca_file: Path) -> None:
    """`securechat send bob how are you`, with the password from standard input."""
    with ScriptedServer(certificate, hello("bob", "how are you")) as server:
        where = ("--server", f"alice@{server.address}", "--ca", str(ca_file), "--password-stdin")
        code = shell.runs("send", "bob", "how", "are", "you", *where, stdin=PASSWORD)
    assert (code, shell.out, shell.err) == (Exit.OK, "", "")


def test_a_message_that_is_refused(shell: Shell, certificate: Files, ca_file: Path) -> None:
    """Exit code 1, and the server's reason."""

    def dialogue(peer: Peer) -> None:
        peer.logs_in("alice")
        peer.expects("PRIVMSG #den hello")
        peer.says("403 alice #den :No such channel")
        peer.quits()

    with ScriptedServer(certificate, dialogue) as server:
        where = ("--server", f"alice@{server.address}", "--ca", str(ca_file))
        code = shell.runs("send", "#den", "hello", *where, *shell.password)
    assert code == Exit.REFUSED
    assert "not sent to #den: No such channel: hello" in shell.err


def test_a_login_that_waits_for_others(shell: Shell, certificate: Files, ca_file: Path) -> None:
    """Whoever waits is told why, once."""

    def dialogue(peer: Peer) -> None:
        peer.greets("alice")
        assert peer.authenticates("alice")
        peer.says(*["NOTE AUTHENTICATE QUEUED 5 :Many log in at once"] * 3)
        peer.welcomes()
        peer.expects("PRIVMSG #lobby hello")
        peer.says(f"@msgid=a1 :{peer.source()} PRIVMSG #lobby hello")
        peer.quits()

    with ScriptedServer(certificate, dialogue) as server:
        where = ("--server", f"alice@{server.address}", "--ca", str(ca_file))
        code = shell.runs("send", "#lobby", "hello", *where, *shell.password)
    told = "Many log in at once; this login waits for its turn.\n"
    assert (code, shell.out, shell.err) == (Exit.OK, "", told)


def test_a_server_that_is_not_there(shell: Shell) -> None:
    """Exit code 3."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert shell.runs("login", f"alice@127.0.0.1:{port}", *shell.password) == Exit.UNREACHABLE
    assert shell.err.startswith(
        f"securechat: can't connect to 127.0.0.1:{port}: nothing listens there"
    )


def test_a_server_that_ends_before_it_answers(
    shell: Shell, certificate: Files, ca_file: Path
) -> None:
    """As one whose database is away: it is there again in a moment, and the port may be right."""
    with ScriptedServer(certificate, lambda peer: peer.expects("CAP LS 302")) as server:
        where = f"alice@{server.address}"
        code = shell.runs("login", where, "--ca", str(ca_file), *shell.password)
    assert code == Exit.UNREACHABLE
    assert "the server closed the connection; nothing there has answered" in shell.err
    assert "so try again; else check the port" in shell.err


def test_a_certificate_that_is_refused(shell: Shell, certificate: Files) -> None:
    """Exit code 4, and every line says something."""
    with ScriptedServer(certificate) as server:
        code = shell.runs("login", f"alice@{server.address}", *shell.password)
    assert code == Exit.CERTIFICATE
    assert shell.err.startswith(f"securechat: refused the certificate of {server.address}: ")
    assert "Nothing was sent to it" in shell.err


def test_a_login_that_is_refused(shell: Shell, certificate: Files, ca_file: Path) -> None:
    """Exit code 5, and what to do; the server's words for a wrong password aren't needed."""

    def dialogue(peer: Peer) -> None:
        peer.greets("alice")
        peer.authenticates("alice")
        peer.says("904 alice :wrong\x1b[2J password")
        peer.expects("QUIT")

    with ScriptedServer(certificate, dialogue) as server:
        where = (f"alice@{server.address}", "--ca", str(ca_file))
        code = shell.runs("login", *where, *shell.password)
    assert code == Exit.LOGIN
    assert shell.err.startswith("securechat: The account or the password is wrong.\n  Look at Caps")
    assert "\x1b" not in shell.err


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["login"], "there is no server to log in to yet"),
        (["login", "a b"], "expected HOST"),
        (["login", "host"], "the account is missing"),
        (["login", "x@host", "--password-stdin"], "--password-stdin: expected the password"),
        (["login", "x@host", "--password-file", "/nowhere"], "/nowhere"),
        (["login", "x@host", "--ca", "/nowhere"], "--ca /nowhere"),
        (["login", "x@host", "--cert", "/nowhere"], "/nowhere"),
        (["login", "x@host", "--key", "k"], "--key FILE needs --cert"),
        (["register", "https://example.org"], "that is not a link"),
        (["send", "#x", "", "--server", "x@host"], "nothing to send"),
        (["send", "a,b", "hi"], "can't be a channel or a name"),
        (["send", "#x", "--password-stdin"], "can't hold both the password and the text"),
        (["send", "#x", "\udcff"], "it isn't UTF-8 text"),
        (["send", "#x", "\x1b[31mred"], "it has the control character U+001B"),
        (["send"], "Missing argument 'TARGET'"),
        (["token", "create", "two words", "x@host"], "expected a name for the token"),
        (["token", "create"], "Missing argument 'NAME'"),
        (["token", "list", "--cert", "/nowhere", "x@host"], "/nowhere"),
        (["token", "create", "ci", "x@host", "--cert", "x.pem"], "No such option"),
        (["passwd", "x@host", "--password-stdin"], "No such option"),
        (["totp", "enroll", "x@host", "--password-stdin"], "No such option"),
        (["logout", "x@host", "--password-stdin"], "No such option"),
        (["login", "--insecure"], "No such option"),
        (["xyzzy"], "No such command"),
    ],
)
def test_wrong_usage(shell: Shell, argv: list[str], words: str) -> None:
    """Exit code 2, with a text that says what is expected."""
    assert shell.runs(*argv) == Exit.USAGE
    assert words in shell.err


def test_a_script_registers(
    shell: Shell, certificate: Files, authority: Authority, settings_directory: Path
) -> None:
    """The password from standard input, the messages behind it."""

    def dialogue(peer: Peer) -> None:
        registers(peer, "alice", CODE)
        peer.expects("PRIVMSG #lobby hello")
        peer.echoes("hello")
        peer.quits()

    with ScriptedServer(certificate, dialogue) as server:
        digest = hashlib.sha256(authority.der).digest()
        link = str(InviteLink("localhost", server.address.port, CODE, digest))
        argv = ("register", link, "--account", "alice", "--password-stdin")
        code = shell.runs(*argv, stdin=f"{PASSWORD}\nhello\n")
    assert code == Exit.OK
    assert "-- server: Account registered. Welcome!" in shell.out
    assert "<alice> hello" in shell.out
    kept = [path.read_text() for path in settings_directory.rglob("*") if path.is_file()]
    assert len(kept) == 3  # the third one is that of the lock
    assert not any(PASSWORD in text or CODE in text for text in kept)


@pytest.fixture
def remembered(authority: Authority) -> Callable[[ScriptedServer], str]:
    """Has alice's token kept for a server, and its CA pinned; where she logs in."""

    def make(server: ScriptedServer) -> str:
        SettingsDirectory(default_directory()).save_pin(server.address, authority.pem)
        trust = Trust(authority.pem, Origin.PIN).identity
        tokens = Tokens(token_directory(None), Keyring(lambda: None, lambda: None), print)
        tokens.save(TokenOwner(server.address, trust, "alice"), StoredToken("laptop", TOKEN))
        return f"alice@{server.address}"

    return make


Remembered = Callable[[ScriptedServer], str]


def test_a_remembered_device_sends_without_a_password(
    shell: Shell, certificate: Files, remembered: Remembered
) -> None:
    """And without a terminal; `echo hello | securechat send '#lobby'` in a cron job."""

    def dialogue(peer: Peer) -> None:
        peer.logs_in("alice", password=TOKEN)
        peer.expects("PRIVMSG #lobby hello")
        peer.echoes("hello")
        peer.quits()

    with ScriptedServer(certificate, dialogue) as server:
        code = shell.runs("send", "#lobby", "--server", remembered(server), stdin="hello\n")
    assert (code, shell.out, shell.err) == (Exit.OK, "", "")


def test_the_systems_keyring_is_where_tokens_are(
    shell: Shell,
    certificate: Files,
    authority: Authority,
    settings_directory: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where there is one of use; nothing secret is in a file then."""

    def dialogue(peer: Peer) -> None:
        peer.logs_in("alice", password=TOKEN)
        peer.expects("PRIVMSG #lobby hello")
        peer.echoes("hello")
        peer.quits()

    backend = MemoryKeyring()
    monkeypatch.setattr(keyring.core, "_keyring_backend", backend)
    with ScriptedServer(certificate, dialogue) as server:
        SettingsDirectory(settings_directory).save_pin(server.address, authority.pem)
        owner = TokenOwner(server.address, Trust(authority.pem, Origin.PIN).identity, "alice")
        tokens = Tokens(token_directory(None), Keyring(lambda: None), print)
        tokens.save(owner, StoredToken("laptop", TOKEN))
        where = f"alice@{server.address}"
        assert shell.runs("send", "#lobby", "hello", "--server", where) == Exit.OK
    assert len(backend.entries) == 1
    assert not (settings_directory / "tokens").exists()


def test_a_password_that_is_given_goes_before_a_token(
    shell: Shell, certificate: Files, remembered: Remembered
) -> None:
    """And no token is made of it: a script would make one at each of its runs."""
    with ScriptedServer(certificate, hello()) as server:
        where = ("--server", remembered(server))
        assert shell.runs("send", "#lobby", "hello", *where, *shell.password) == Exit.OK


def test_who_does_not_want_to_be_remembered(
    shell: Shell, certificate: Files, remembered: Remembered, settings_directory: Path
) -> None:
    """By an option, or in the settings for good: the password is asked for, here in vain."""
    with ScriptedServer(certificate) as server:
        where = ("--server", remembered(server))
        assert shell.runs("send", "#lobby", "hello", *where, "--no-remember") == Exit.USAGE
        assert "no terminal to ask for the password" in shell.err
        (settings_directory / "servers.json").write_text('{"remember": false}')
        assert shell.runs("send", "#lobby", "hello", *where) == Exit.USAGE
        assert "no terminal to ask for the password" in shell.err


def test_a_script_whose_token_is_revoked(
    shell: Shell, certificate: Files, remembered: Remembered
) -> None:
    """Is told so, and that there is nobody to ask."""
    with ScriptedServer(
        certificate, lambda peer: peer.refuses("alice", "904 alice :wrong", password=TOKEN)
    ) as server:
        assert shell.runs("send", "#x", "hello", "--server", remembered(server)) == Exit.USAGE
    assert "The server no longer knows this device, laptop" in shell.err
    assert "run `securechat login` on one once" in shell.err


def test_a_damaged_token_ends_the_command(
    shell: Shell, certificate: Files, remembered: Remembered, settings_directory: Path
) -> None:
    """With the file's name and what to do; nothing was sent."""
    with ScriptedServer(certificate) as server:
        where = remembered(server)
        [file] = (settings_directory / "tokens").iterdir()
        file.chmod(0o644)
        assert shell.runs("login", where) == Exit.USAGE
    assert f"securechat: {file}: others can read this file" in shell.err
    assert TOKEN not in shell.err


def test_an_account_whose_password_needs_a_code(
    shell: Shell, certificate: Files, ca_file: Path
) -> None:
    """Exit code 5, and a script is told to use a token."""
    with ScriptedServer(
        certificate,
        lambda peer: peer.refuses("alice", "FAIL AUTHENTICATE CODE_REQUIRED :A code, please"),
    ) as server:
        where = (f"alice@{server.address}", "--ca", str(ca_file))
        assert shell.runs("login", *where, *shell.password) == Exit.LOGIN
    assert "`securechat token create NAME`" in shell.err


def test_a_script_makes_a_token(shell: Shell, certificate: Files, ca_file: Path) -> None:
    """`securechat token create ci --password-stdin > file`: the token alone is in the file."""

    def dialogue(peer: Peer) -> None:
        peer.logs_in("alice")
        peer.makes("ci", "ci", TOKEN)
        peer.quits()

    with ScriptedServer(certificate, dialogue) as server:
        where = (f"alice@{server.address}", "--ca", str(ca_file), "--password-stdin")
        assert shell.runs("token", "create", "ci", *where, stdin=f"{PASSWORD}\n") == Exit.OK
    assert shell.out == f"{TOKEN}\n"


def test_what_the_server_refuses_of_an_account(
    shell: Shell, certificate: Files, remembered: Remembered
) -> None:
    """Exit code 1, with its words, escaped."""

    def dialogue(peer: Peer) -> None:
        peer.logs_in("alice", password=TOKEN)
        peer.expects("TOKEN REVOKE phone")
        peer.says("FAIL TOKEN NO_SUCH_TOKEN phone :There is no \x1b[2Jphone")
        peer.quits()

    with ScriptedServer(certificate, dialogue) as server:
        assert shell.runs("token", "revoke", "phone", remembered(server)) == Exit.REFUSED
    assert shell.err == "securechat: refused: There is no ^[[2Jphone\n"


def test_logging_out(
    shell: Shell, certificate: Files, remembered: Remembered, settings_directory: Path
) -> None:
    """Asks for nothing."""

    def dialogue(peer: Peer) -> None:
        peer.logs_in("alice", password=TOKEN)
        peer.expects("TOKEN REVOKE laptop")
        peer.says("NOTE TOKEN REVOKED laptop :It is revoked", "ERROR :Closing link")

    with ScriptedServer(certificate, dialogue) as server:
        assert shell.runs("logout", remembered(server)) == Exit.OK
    assert list((settings_directory / "tokens").iterdir()) == []


@pytest.mark.parametrize(
    "argv", [["passwd"], ["totp", "enroll"], ["totp", "remove"], ["totp", "recovery"]]
)
def test_what_needs_a_terminal(
    shell: Shell, certificate: Files, remembered: Remembered, argv: list[str]
) -> None:
    """Says so before it connects; a token is no password."""
    with ScriptedServer(certificate) as server:
        assert shell.runs(*argv, remembered(server)) == Exit.USAGE
    assert "no terminal to ask for the password" in shell.err


def test_the_settings_directory_can_be_named(
    shell: Shell, certificate: Files, ca_file: Path, tmp_path: Path, settings_directory: Path
) -> None:
    """By an option, which goes before the environment."""
    elsewhere = tmp_path / "elsewhere"
    with ScriptedServer(certificate, hello(), hello()) as server:
        where = ("--server", f"alice@{server.address}", "--ca", str(ca_file))
        there = ("--config-dir", str(elsewhere))
        assert shell.runs("send", "#lobby", "hello", *where, *shell.password, *there) == Exit.OK
        assert shell.runs("send", "#lobby", "hello", *shell.password, *there) == Exit.OK
    assert elsewhere.is_dir()
    assert not settings_directory.exists()


def commands(group: click.Group, *words: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """All below a group, by the words that call them."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, *words, name)
        yield (*words, name), command


def test_each_command_has_an_example() -> None:
    """At the end of its help; a group tells of its commands. No option skips the verification."""
    for words, command in commands(cli):
        text = command.get_help(click.Context(command))
        assert isinstance(command, click.Group) or "Example:" in text, words
        assert "verif" not in text.lower()
        assert "exit codes" not in text.lower(), words


def test_help_tells_where_the_exit_codes_are(shell: Shell) -> None:
    """Once, and not below each command."""
    assert shell.runs("--help") == Exit.OK
    assert " ".join(shell.out.split()).endswith(EXIT_CODES)


def test_version(shell: Shell) -> None:
    """Installed or not."""
    assert shell.runs("--version") == Exit.OK
    assert shell.out.startswith("securechat, version ")


def test_ctrl_c_while_connecting(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ends with what shells expect, and without a traceback."""

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(fronts, "log_in", interrupted)
    assert shell.runs("login", "x@host") == Exit.INTERRUPTED
    assert "Traceback" not in shell.err


def test_a_bug_is_told_without_a_traceback(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one line."""

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("of all things")

    monkeypatch.setattr(fronts, "log_in", broken)
    assert shell.runs("login", "x@host") == Exit.REFUSED
    assert shell.err == "securechat: this should not happen: ZeroDivisionError: of all things\n"


def test_python_m_securechat(tmp_path: Path) -> None:
    """Is the same command line; and who only asks for help needs no terminal."""
    run = subprocess.run(
        [sys.executable, "-m", "securechat", "login", "--help"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert "Usage: securechat login" in run.stdout
