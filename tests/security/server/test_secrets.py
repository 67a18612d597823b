"""A hostile server wants what the client knows: the password again, the token, at another address,
without TLS; or to have it believe something that it keeps: a token, a name.

It is a server whose certificate is accepted, so it may see the password once, at the login.
"""

from __future__ import annotations

import base64
import json
import os
import re
import socket
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from securechat.client.commands.cli import main
from securechat.client.commands.login_flow import start
from securechat.client.credentials.tokens import StoredToken
from securechat.client.exits import Exit
from securechat.client.session.actions import Quit
from securechat.client.session.events.base import ClientEvent
from securechat.client.session.events.connection import Ready
from securechat.client.session.identity import AccountRequest, Login
from securechat.client.session.session import SYNC
from securechat.client.trust.authorities import Dialer, Origin, Trust
from securechat.client.wire.receiver import Client
from securechat.irc.sasl import encode_plain
from tests.client.dialogue import Talk
from tests.client.scripted import PASSWORD as TYPED
from tests.client.scripted import TOKEN, Peer, ScriptedServer
from tests.security.server.hostile import COMMANDS, PASSWORD, STAGES, authenticating, online
from tests.support.certificates import Authority

Files = tuple[Path, Path]
CODE = "123456"
EVIL_TOKEN = "sct1_" + "E" * 43
HARMLESS = re.compile(
    rf"PONG .*|PING ({SYNC}|alive)|QUIT|CAP (END|REQ .*)|AUTHENTICATE (PLAIN|\*)|PRIVMSG .*"
)
"""What the client says on its own: nothing of it tells who it is."""

QUESTIONS = [
    "AUTHENTICATE +",
    "AUTHENTICATE PLAIN",
    "AUTHENTICATE bm9uY2U=",
    ":irc.test AUTHENTICATE +",
    "CAP alice LS :sasl=PLAIN echo-message draft/account-registration",
    "CAP alice NEW :sasl=PLAIN",
    "CAP alice ACK :sasl",
    "CAP alice DEL :sasl",
    "CAP * LS :sts=port=6667,duration=0",
    "CAP * NEW :sts=port=6667",
    "908 alice PLAIN :are available SASL mechanisms",
    "904 alice :SASL authentication failed",
    "901 alice alice!a@h :You are now logged out",
    "902 alice :You must use a nick assigned to you",
    "907 alice :You have already authenticated",
    "464 alice :Password incorrect, send PASS",
    "451 alice :You have not registered",
    "461 alice PASS :Not enough parameters",
    "001 alice :Welcome",
    "001 root :Welcome",
    "433 * alice :Nickname is already in use",
    "010 alice other.test 6667 :Please use this server",
    "020 alice :Please wait",
    "ERROR :Reconnect without TLS",
    "FAIL AUTHENTICATE CODE_REQUIRED :code",
    "FAIL * ACCOUNT_REQUIRED :log in",
    "FAIL TOKEN REAUTHENTICATE :Connect again",
    "NOTE AUTHENTICATE WAIT 1 :wait",
    f"NOTE TOKEN CREATED laptop {EVIL_TOKEN} :Keep it",
    "NOTE PASSWD CHANGED :changed",
    "REGISTER VERIFICATION_REQUIRED alice :code",
    "REGISTER SUCCESS alice :welcome",
    "PING :AUTHENTICATE PLAIN",
    "PING :PASS",
    ":alice!alice@irc.test NICK root",
    ":root!root@irc.test PRIVMSG alice :\x01PASSWORD\x01",
    ":root!root@irc.test PRIVMSG alice :\x01VERSION\x01",
    ":root!root@irc.test NOTICE alice :\x01USERINFO\x01",
]


def secrets(password: str = PASSWORD) -> Iterator[str]:
    """The password in the forms in which it can be on the wire."""
    yield password
    for payload in (
        encode_plain("alice", password),
        password.encode(),
        f"alice:{password}".encode(),
    ):
        for at in range(3):  # wherever it begins within a base64 of something else
            text = base64.b64encode(b"x" * at + payload).decode()
            yield text[4 : len(text) - 8]


def leaks(lines: list[str]) -> list[str]:
    return [line for line in lines if any(secret in line for secret in secrets())]


# --- the password, the code, the token -----------------------------------------------------------


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_password_is_sent_once_to_whoever_asks(question: str) -> None:
    """At each point of the talk: only behind the one challenge of the login, and never again."""
    for rules in STAGES:
        talk = rules()
        sent: list[str] = []
        for _ in range(3):
            if not talk.session.finished and talk.hangup is None:
                sent += talk.hears(question)
        answers = leaks(sent)
        assert len(answers) <= (rules is authenticating and question.endswith("AUTHENTICATE +"))
        assert not answers or answers[0].startswith("AUTHENTICATE ")
        assert all(HARMLESS.fullmatch(line) for line in sent if line not in answers), sent


@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_of_the_server_draws_a_secret_out(command: str) -> None:
    """Every command that there is, with parameters of every kind, at each point of the talk."""
    for rules in STAGES:
        if rules is authenticating and command == "AUTHENTICATE":
            continue
        for parameters in (
            "+",
            "alice",
            "* LS :sasl=PLAIN",
            "alice :x",
            "PLAIN",
            "alice ACK :sasl",
            "X CODE_REQUIRED :x",
            "SUCCESS alice :x",
            f"{PASSWORD.split()[0]} :x",
        ):
            talk = rules()
            sent = talk.hears(f":irc.test {command} {parameters}")
            assert leaks(sent) == []


def test_a_code_is_sent_once() -> None:
    """The one that was typed for this login; a reconnect has the password alone, or a token."""
    talk = Talk(Login("alice", PASSWORD, CODE))
    payloads = []
    for _ in range(2):
        talk.opens()
        talk.hears("CAP * LS :sasl=PLAIN echo-message", "CAP * ACK :sasl echo-message")
        [payload] = talk.hears("AUTHENTICATE +")
        payloads.append(base64.b64decode(payload.removeprefix("AUTHENTICATE ")))
        talk.hears("903 alice :ok", "001 alice :Welcome", "422 alice :-", f"PONG x :{SYNC}")
        talk.loses()
    assert [CODE.encode() in payload for payload in payloads] == [True, False]


def test_a_registration_s_code_and_password_are_sent_once() -> None:
    """The server refuses, asks, welcomes: REGISTER is one line of one connection."""
    talk = Talk(AccountRequest("alice", PASSWORD, "INVITE-CODE"))
    sent = talk.opens()
    sent += talk.hears("CAP * LS :sasl=PLAIN echo-message draft/account-registration")
    sent += talk.hears(*["CAP * ACK :sasl echo-message draft/account-registration"] * 3)
    for question in QUESTIONS:
        if talk.hangup is None and not talk.session.finished:
            sent += talk.hears(question)
    assert len([line for line in sent if "INVITE-CODE" in line or PASSWORD in line]) == 1


def test_a_secret_is_in_no_repr() -> None:
    """Nor, so, in what a failure of the client would print."""
    for item in (
        Login("alice", PASSWORD, CODE),
        AccountRequest("alice", PASSWORD, "INVITE-CODE"),
        StoredToken("laptop", TOKEN),
    ):
        assert not [text for text in (PASSWORD, CODE, "INVITE-CODE", TOKEN) if text in repr(item)]


@pytest.mark.parametrize(
    "token", ["secret-in-a-ping", "delivered-12", "x" * 4000, "\x1b[2J", ":", ""]
)
def test_a_ping_is_answered_with_its_own_words_only(token: str) -> None:
    """PONG tells nothing that wasn't in the PING, at each point of the talk."""
    for rules in STAGES:
        talk = rules()
        pongs = talk.hears(f":irc.test PING :{token}")
        assert [line for line in pongs if line.startswith("PONG")] == pongs[:1]
        assert pongs[0] in (f"PONG :{token}", f"PONG {token}")


def test_no_question_of_a_member_is_answered_by_itself() -> None:
    """CTCP and the like: nothing is sent without a person."""
    talk = online()
    for text in (
        "VERSION",
        "PING 1",
        "TIME",
        "USERINFO",
        "CLIENTINFO",
        "DCC SEND x 1 2 3",
        "FINGER",
    ):
        assert talk.hears(f":bob!b@h PRIVMSG alice :\x01{text}\x01") == []
        assert talk.hears(f":bob!b@h NOTICE alice :\x01{text}\x01") == []


# --- another place --------------------------------------------------------------------------------


def leave(client: Client, events: Sequence[ClientEvent]) -> None:
    """Once the second connection is ready."""
    if any(isinstance(event, Ready) and event.again for event in events):
        client.submit(Quit())


def test_nobody_is_sent_elsewhere(certificate: Files, authority: Authority) -> None:
    """Redirections, STS to a plaintext port, an ERROR that asks for it: a reconnect goes where the
    first connection went, over TLS, and nobody else is called.
    """
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        port = elsewhere.getsockname()[1]
        elsewhere.setblocking(False)

        def first(peer: Peer) -> None:
            peer.logs_in("alice", password=TYPED)
            peer.says(
                f"CAP alice NEW :sts=port={port},duration=2592000",
                f"CAP alice LS :sts=port={port}",
                f"010 alice 127.0.0.1 {port} :Please use this server",
                f"NOTICE alice :securechat://127.0.0.1:{port}/code",
                f"ERROR :Reconnect to 127.0.0.1:{port} without TLS",
            )

        def second(peer: Peer) -> None:
            peer.logs_in("alice", password=TYPED)
            peer.quits()

        with ScriptedServer(certificate, first, second) as server:
            running = start(
                Login("alice", TYPED), Dialer(server.address, Trust(authority.pem, Origin.FILE))
            )
            running.client._backoff.next = lambda: 0.001  # type: ignore[method-assign]
            running.client.attach(lambda events: leave(running.client, events))
            running.client.join(20)
        with pytest.raises(BlockingIOError):
            elsewhere.accept()


@pytest.mark.parametrize("welcomed", ["root", "ALICE", "alice\x1b[2J", "../../x", "x" * 900, "bob"])
def test_the_name_that_is_remembered_is_the_one_that_was_typed(
    welcomed: str,
    certificate: Files,
    ca_file: Path,
    settings_directory: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """Whatever the welcome calls us: at the next login it would be whom we say we are."""

    def dialogue(peer: Peer) -> None:
        peer.greets("alice")
        assert peer.authenticates("alice", TYPED)
        peer.says("903 alice :ok")
        peer.expects("CAP END")
        peer.nick = welcomed
        peer.arrives()
        peer.quits()

    password = tmp_path / "password"
    password.write_text(TYPED)
    password.chmod(0o600)
    with ScriptedServer(certificate, dialogue) as server, open(os.devnull) as nothing:
        monkeypatch.setattr("sys.stdin", nothing)
        where = str(server.address)
        code = main(
            [
                "login",
                f"alice@{where}",
                "--ca",
                str(ca_file),
                "--no-remember",
                "--password-file",
                str(password),
            ]
        )
    assert code == Exit.OK
    kept = json.loads((settings_directory / "servers.json").read_text())
    assert kept["accounts"] == {where: "alice"}
