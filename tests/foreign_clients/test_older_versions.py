"""Older versions of ours: their client on a server of today, and today's client on their server.

What the two said to each other was recorded by tools/record.py: tests/fixtures/dialogues/NN.txt, of
the version whose database had format NN. `C: ` is the client's, `S: ` the server's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from securechat.client.session.actions import (
    Action,
    AskPage,
    AskSearch,
    Say,
    ServerCommand,
)
from securechat.client.session.events.base import ClientEvent, Problem
from securechat.client.session.events.channels import Joined, Left
from securechat.client.session.events.connection import Ready, Registered
from securechat.client.session.events.deliveries import Rejected, Stored
from securechat.client.session.events.messages import Said
from securechat.client.session.identity import AccountRequest, Login
from securechat.irc.message import parse
from tests.client.dialogue import Talk
from tests.support.client import Client, codes, sasl_plain
from tests.support.server import PASSWORD, ServerUnderTest, running

FIXTURES = Path(__file__).parents[1] / "fixtures" / "dialogues"
VERSIONS = sorted(file.stem for file in FIXTURES.glob("*.txt"))
NAMES = dict(zip(VERSIONS, ("anna", "berta", "clara", "doris", "emma"), strict=True))
"""As whom a client of each version comes: all of them to one server."""

UNKNOWN = "421 {} {} :Unknown command; HELP lists all"


def recorded(version: str, part: str) -> list[tuple[str, str]]:
    """Who said which line: "C" or "S"."""
    _, _, text = (FIXTURES / f"{version}.txt").read_text().partition(f"# {part}\n")
    lines = text.partition("\n\n")[0].split("\n")
    return [(line[0], line[3:]) for line in lines if line]


# --- their client ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerUnderTest]:
    with running(tmp_path_factory.mktemp("server"), "bob", history={"tell": True}) as server:
        server.member("bob").says("JOIN #den", "MODE #den -t")
        yield server


def replays(client: Client, version: str, part: str) -> list[str]:
    """Say what a client of that version said; what today's server answers."""
    heard: list[str] = []
    name = NAMES[version]
    for who, line in recorded(version, part):
        verb = line.split(" ")[0]
        if who == "S" or verb in ("PING", "PONG", "QUIT"):  # PONG names the mark of then
            continue
        line = line.replace("alice", name).replace("{code}", "*")
        if verb == "AUTHENTICATE" and not line.endswith("PLAIN"):
            line = f"AUTHENTICATE {sasl_plain(name, PASSWORD, name)}"
            client.sends(line)
            heard += client.hears_until(" 903 ")
        elif verb == "REGISTER":
            client.sends(line)
            heard += client.hears_until("REGISTER SUCCESS")
        else:
            heard += client.says(line)
    return heard


@pytest.mark.parametrize("version", VERSIONS)
def test_their_client_talks_on_our_server(version: str, server: ServerUnderTest) -> None:
    """It registers, logs in and talks, hears all that it heard then, and is refused nothing."""
    for part in ("register", "login"):
        client = server.connect()
        heard = replays(client, version, part)
        client.hangs_up()
        before = {parse(line).command for who, line in recorded(version, part) if who == "S"}
        assert before - set(codes(heard)) <= {"ERROR", "PING", "PONG"}
        refused = [line for line in heard if codes([line])[0][0] in "45"]
        assert [line for line in refused if " 422 " not in line] == []
        assert not any(" NAK " in line or " FAIL " in line for line in heard)


# --- their server ---------------------------------------------------------------------------------


class TheirServer:
    """Answers as a server of a version did; what it doesn't know it calls unknown."""

    def __init__(self, version: str, part: str) -> None:
        self._said: dict[str, list[str]] = defaultdict(list)
        """What the server said after a line of the client's that began so."""
        last = ""
        for who, line in recorded(version, part):
            if who == "S":
                self._said[last].append(line)
            elif not line.startswith("PONG"):  # it isn't answered
                last = " ".join(line.split(" ")[:2])
        listed = [parse(line).params[-1] for line in self._said["USER alice"]]
        self.offered = {name.split("=")[0] for names in listed for name in names.split()}
        self._everything = [line for lines in self._said.values() for line in lines]
        self.asked_in_vain: list[str] = []

    def answers(self, line: str) -> list[str]:
        message = parse(line)
        verb, params = message.command, message.params
        if verb == "CAP" and params[0] == "REQ":
            assert set(params[1].split()) <= self.offered, line
            return [f"CAP alice ACK :{params[1]}"]
        if verb == "PING":
            return [f"PONG chat.test :{params[0]}"]
        if verb in ("PRIVMSG", "NOTICE"):
            known = self.offered | ({"label"} if "labeled-response" in self.offered else set())
            assert all(tag in known or tag[0] == "+" for tag in message.tags), line
            label = f"label={message.tags['label']};" if "label" in message.tags else ""
            said = f":alice!alice@chat.test {verb} {params[0]} :{params[1]}"
            return [f"@{label}msgid=a-{len(line)} {said}"]
        if verb in ("NICK", "PONG", "QUIT") or line == "CAP LS 302":  # USER has the answer to LS
            return []
        if verb == "AUTHENTICATE" and params[0] != "PLAIN":
            [key] = [key for key in self._said if key.startswith("AUTHENTICATE Y")]
            return self._said[key]
        if verb in ("JOIN", "PART"):  # the recorded client had said it among others
            return [said for said in self._everything if f" {verb} #den" in said]
        key = " ".join(line.split(" ")[:2])
        if key in self._said:
            return self._said[key]
        self.asked_in_vain.append(verb)
        return [UNKNOWN.format("alice", verb)]


class Visit:
    """Today's client on a server of a version."""

    def __init__(self, version: str, part: str, credential: Login | AccountRequest) -> None:
        self.server = TheirServer(version, part)
        self.talk = Talk(credential)
        self._goes_on(self.talk.opens())

    def _goes_on(self, lines: list[str]) -> None:
        while lines:
            answers = [answer for line in lines for answer in self.server.answers(line)]
            lines = self.talk.hears(*answers)

    def does(self, action: Action) -> list[ClientEvent]:
        """What is shown then."""
        self.talk.shows()
        self._goes_on(self.talk.does(action))
        return self.talk.shows()


@pytest.mark.parametrize("version", VERSIONS)
def test_our_client_registers_on_their_server(version: str) -> None:
    """By a code, as links have it."""
    visit = Visit(version, "register", AccountRequest("alice", PASSWORD, "{code}"))
    shown = visit.talk.shows()
    assert any(isinstance(event, Registered) for event in shown)
    assert any(isinstance(event, Ready) for event in shown)


@pytest.mark.parametrize("version", VERSIONS)
def test_our_client_talks_on_their_server(version: str) -> None:
    """It asks for nothing that isn't offered, and what is there works as ever."""
    visit = Visit(version, "login", Login("alice", PASSWORD))
    shown = visit.talk.shows()
    assert any(isinstance(event, Ready) for event in shown)
    assert not [event for event in shown if isinstance(event, Problem | Rejected)]
    assert visit.server.asked_in_vain == []
    said = visit.does(Say("#lobby", "hello"))
    assert [e.text for e in said if isinstance(e, Said)] == ["hello"]
    assert any(isinstance(event, Stored) for event in said)
    joined = visit.does(ServerCommand("JOIN", ("#den",)))
    assert any(isinstance(event, Joined) for event in joined)
    left = visit.does(ServerCommand("PART", ("#den",)))
    assert any(isinstance(event, Left) for event in left)


NEWER = {
    "draft/multiline": Say("#lobby", "one\ntwo"),
    "draft/chathistory": AskPage("#lobby", 20),
    "soju.im/search": AskSearch("otters"),
    "securechat/key": Say("#lobby", "said once"),
}
"""What the person does, by the capability that it takes."""


@pytest.mark.parametrize("version", VERSIONS)
def test_our_client_misses_what_their_server_lacks(version: str) -> None:
    """It does without, or says so; it never asks a server for what that hasn't offered."""
    visit = Visit(version, "login", Login("alice", PASSWORD))
    for capability, action in NEWER.items():
        if capability not in visit.server.offered:
            shown = visit.does(action)
            assert shown, capability
    assert visit.server.asked_in_vain == []
