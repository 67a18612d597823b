"""A stranger on the wire cuts a connection where it suits them (truncation).

TCP's end can be forged by anybody on the way; TLS's, close_notify, can't. Neither completes a line.
"""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.client import Client
from tests.support.server import ServerUnderTest, running

Ending = Callable[[Client], None]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerUnderTest]:
    with running(tmp_path / "data", "alice", "bob") as server:
        yield server


def fin(person: Client) -> None:
    """TCP ends, and TLS doesn't know."""
    with socket.socket(fileno=os.dup(person.sock.fileno())) as raw:
        raw.shutdown(socket.SHUT_WR)


def reset(person: Client) -> None:
    """As when the machine behind it dies."""
    person.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    person.sock.close()


def close_notify(person: Client) -> None:
    """TLS ends as it should, but in the middle of a line."""
    person.sock.setblocking(False)
    with contextlib.suppress(ssl.SSLError):  # the server's own is not awaited
        person.sock.unwrap()


ENDINGS = {"by TCP": fin, "by a reset": reset, "by TLS": close_notify}


@pytest.mark.parametrize("end", ENDINGS.values(), ids=ENDINGS)
def test_half_a_message(server: ServerUnderTest, end: Ending) -> None:
    """Is nobody's: "yes" must not become of "yes, but not to the address in the mail"."""
    bob, alice = server.member("bob"), server.member("alice")
    bob.hears()
    alice.sends("PRIVMSG #lobby :all of it")
    alice.sock.sendall(b"PRIVMSG #lobby :yes")
    end(alice)
    heard = bob.hears_until("QUIT")
    assert [line for line in heard if "PRIVMSG" in line] == [
        ":alice!alice@chat.test PRIVMSG #lobby :all of it"
    ]


@pytest.mark.parametrize("end", ENDINGS.values(), ids=ENDINGS)
def test_half_a_goodbye(server: ServerUnderTest, end: Ending) -> None:
    """Is no QUIT, which would say that everything has been read: what was not, comes again."""
    bob, alice = server.member("bob"), server.member("alice")
    bob.says("PRIVMSG alice :did you get this?")
    alice.sock.sendall(b"QUIT :I have read all")
    end(alice)
    assert "I have read all" not in bob.hears_until("QUIT")[-1]
    assert "did you get this?" in "".join(missed(server))


def missed(server: ServerUnderTest) -> list[str]:
    """What alice is told at a login of what came before it."""
    alice = server.connect()
    return alice.logs_in("alice")


def test_a_whole_goodbye(server: ServerUnderTest) -> None:
    """Says that everything has been read, so that the test above means something."""
    bob, alice = server.member("bob"), server.member("alice")
    bob.says("PRIVMSG alice :did you get this?")
    alice.sends("QUIT :I have read all")
    assert "I have read all" in bob.hears_until("QUIT")[-1]
    assert "did you get this?" not in "".join(missed(server))
