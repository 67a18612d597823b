"""connect() and our server, from end to end."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import securechat.client
from securechat.client import Chat, Message, connect
from securechat.client.exits import (
    CertificateError,
    LoginError,
    RefusedError,
    UnreachableError,
    UsageError,
)
from securechat.client.session import liveness
from securechat.client.trust.authorities import Dialer
from tests.support.client import Client
from tests.support.server import PASSWORD, ServerUnderTest, running

PATIENCE = 20.0


@dataclass
class Place:
    """A machine with a program on it, robot's. sockets: its connections."""

    server: ServerUnderTest
    directory: Path
    sockets: list[ssl.SSLSocket] = field(default_factory=list)

    @property
    def where(self) -> str:
        return f"robot@localhost:{self.server.port}"

    def connects(self, **options: object) -> Chat:
        ways = {"password": PASSWORD, "ca": self.server.ca, "config_dir": self.directory / "config"}
        return connect(self.where, **(ways | options))  # type: ignore[arg-type]

    def loses(self) -> None:
        """The newest connection breaks."""
        self.sockets[-1].shutdown(socket.SHUT_RDWR)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerUnderTest]:
    with running(tmp_path_factory.mktemp("server"), "alice", "robot") as server:
        yield server


@pytest.fixture
def place(server: ServerUnderTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    place, dial = Place(server, tmp_path), Dialer.__call__

    def dials(self: Dialer) -> ssl.SSLSocket:
        place.sockets.append(dial(self))
        return place.sockets[-1]

    monkeypatch.setattr(Dialer, "__call__", dials)
    monkeypatch.setattr(liveness, "FIRST_WAIT", 0.02)
    return place


@pytest.fixture
def alice(server: ServerUnderTest) -> Iterator[Client]:
    alice = server.member("alice", tags=())
    yield alice
    alice.hangs_up()


def says(alice: Client, *texts: str) -> None:
    alice.says(*(f"PRIVMSG #lobby :{text}" for text in texts))


def texts(client: Chat, count: int) -> list[str]:
    """The next messages."""
    found = (client.receive(PATIENCE) for _ in range(count))
    return [message.text if message else "" for message in found]


def fails_at(text: str, place: Place, state: Path) -> list[str]:
    """What a program is given that fails at a message."""
    given = []

    def run() -> None:
        with place.connects(state=state) as client:
            for message in client:
                given.append(message.text)
                assert message.text != text

    with pytest.raises(AssertionError):
        run()
    return given


def test_talking(place: Place, alice: Client) -> None:
    """Whatever is done is done when its result is there, and refused with the server's words."""
    with place.connects() as client:
        client.join("#talk").result(PATIENCE)
        message = client.send("#talk", "hello\nworld", kind="notice").result(PATIENCE)
        assert message.conversation == "#talk"
        answer = client.send("#talk", "again", reply=message).result(PATIENCE)
        client.react(message, "👍").result(PATIENCE)
        assert client.history("#talk") == [message, answer]
        assert client.history("#talk", before=answer) == [message]
        assert client.history("#talk", after=message.msgid) == [answer]
        assert client.history("#talk", 1, after=message.time) == [answer]
        assert client.history("#talk", 0) == []
        assert client.search("hello", sender="robot") == [message]
        assert client.search(conversation="#talk", after=message.time, count=1) == [message]
        assert client.search("nothing like that") == []
        client.redact(message, "a slip").result(PATIENCE)
        assert client.history("#talk") == [answer]
        assert ("#talk" in client.rooms(), client.members("#talk")) == (True, ["robot"])
        client.part("#talk").result(PATIENCE)
        assert "#talk" not in client.rooms()
        with pytest.raises(RefusedError, match=r"^not sent to nobody: "):
            client.send("nobody", "hi").result(PATIENCE)
        with pytest.raises(RefusedError, match="no history of #none"):
            client.history("#none")
        with pytest.raises(RefusedError, match="There is no such channel or person"):
            client.search("x", conversation="#none")
        with pytest.raises(UsageError, match="the text is empty"):
            client.send("#talk", " \n")
        with pytest.raises(UsageError, match="one word without commas"):
            client.send("#a,#b", "hi")
        last = client.send("#lobby", "x" * 2000)
    assert len(last.messages) > 4
    with pytest.raises(UnreachableError, match="closed"):
        client.send("#lobby", "late").result(PATIENCE)
    assert list(client) == []


def test_several_threads(place: Place, alice: Client) -> None:
    """All may send at once, also the one that iterates; each message is stored once and in the
    order of its thread.
    """
    with place.connects(conversations="#lobby") as client:

        def speaks(name: str) -> None:
            for number in range(30):
                client.send("#lobby", f"{name} {number}")

        threads = [threading.Thread(target=speaks, args=(name,)) for name in "abc"]
        for thread in threads:
            thread.start()
        alice.sends("PRIVMSG #lobby :ping")
        for message in client:
            assert (message.sender, message.mine) == ("alice", False)
            answer = client.send(message.conversation, "pong", reply=message)
            assert answer.result(PATIENCE).reply == message.msgid
            break
        for thread in threads:
            thread.join(PATIENCE)
        assert client.wait(PATIENCE)
    heard = [line.partition(" :")[2] for line in alice.hears() if "PRIVMSG" in line]
    for name in "abc":
        assert [t for t in heard if t[:2] == f"{name} "] == [f"{name} {n}" for n in range(30)]


def test_a_lost_connection(place: Place, alice: Client) -> None:
    """Comes back by itself: nothing is missed, and what was sent meanwhile is stored once."""
    with place.connects(conversations=["#lobby"]) as client:
        says(alice, "one")
        assert texts(client, 1) == ["one"]
        place.loses()
        delivery = client.send("#lobby", "from the dark")
        says(alice, "two", "three")
        assert delivery.result(PATIENCE).msgid
        says(alice, "four")
        assert texts(client, 3) == ["two", "three", "four"]
        assert [one.text for one in client.history("#lobby", 4)].count("from the dark") == 1


def test_a_program_that_is_started_again(place: Place, alice: Client) -> None:
    """Goes on where it was: what it was dealing with when it failed comes again."""
    state = place.directory / "state" / "robot.json"
    with place.connects(state=state) as client:
        says(alice, "one", "two")
        assert texts(client, 2) == ["one", "two"]
    says(alice, "three", "four")
    alice.says("PRIVMSG robot :psst")
    first, second = fails_at("four", place, state), fails_at("four", place, state)
    assert "three" in first[:-1]
    assert second[-1] == "four"
    assert "three" not in second
    with place.connects(state=state) as client:
        assert "four" in (rest := texts(client, 1 if "psst" in first + second else 2))
    assert sorted({*first, *second, *rest}) == ["four", "psst", "three"]
    assert state.stat().st_mode & 0o777 == 0o600


def test_callbacks_may_send(place: Place, alice: Client) -> None:
    """As they run under no lock."""
    heard: list[Message] = []
    again = threading.Event()

    with place.connects() as client:

        def sent(delivery: object) -> None:
            heard.append(client.send("#lobby", "second"))  # type: ignore[arg-type]
            again.set()

        client.send("#lobby", "first").when_done(sent)
        assert again.wait(PATIENCE)
        assert client.wait(PATIENCE)
    assert len(heard) == 1


def test_who_is_let_in_no_more(place: Place, alice: Client) -> None:
    """The loop ends with the reason, and another thread's close() ends it without one."""
    with place.connects() as client:
        threading.Timer(0.05, client.close).start()
        assert [message.text for message in client] == []


def test_what_cannot_be_opened(place: Place, tmp_path: Path) -> None:
    """Each has an error of its own."""
    with pytest.raises(LoginError):
        place.connects(password="wrong")
    with pytest.raises(UsageError, match="give connect"):
        place.connects(password=None)
    with pytest.raises(UnreachableError):
        connect("robot@localhost:1", password=PASSWORD, ca=place.server.ca, config_dir=tmp_path)
    with pytest.raises(CertificateError):
        place.connects(ca=None)
    token = tmp_path / "token"
    token.touch(mode=0o600)
    token.write_text(f"{PASSWORD}\n")
    with place.connects(password=None, token_file=token, visible=False) as client:
        assert client.nick == "robot"


def test_names_are_loaded_when_they_are_asked_for() -> None:
    """And no others are there."""
    assert securechat.client.connect is connect
    with pytest.raises(AttributeError, match="has no attribute 'disconnect'"):
        _ = securechat.client.disconnect
