"""One TLS connection, bytes to messages and back: Wire."""

from __future__ import annotations

import os
import socket
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from securechat.client.wire import stream
from securechat.client.wire.stream import (
    MAX_BODY,
    MAX_INCOMING,
    ConnectionLostError,
    Wire,
    reason_of,
)
from securechat.common.threads import Waker
from securechat.irc.message import Message
from securechat.net.tls import client_context, server_context
from tests.support.certificates import Authority

PATIENCE = 20.0


class Ends:
    """Both ends of a connection: ours, and the server's socket."""

    def __init__(self, files: tuple[Path, Path], ca: str) -> None:
        near, far = socket.socketpair()
        for one in (near, far):
            one.settimeout(PATIENCE)
        self.waker = Waker()
        with ThreadPoolExecutor(1) as other:
            context = server_context(*files)
            served = other.submit(context.wrap_socket, far, server_side=True)
            ours = client_context(ca_pem=ca).wrap_socket(near, server_hostname="localhost")
            self.far: ssl.SSLSocket = served.result(PATIENCE)
        self.wire = Wire(ours, self.waker)

    def reads(self, count: int) -> list[Message]:
        """The next messages, at least so many."""
        messages: list[Message] = []
        while len(messages) < count:
            self.wire.wait(PATIENCE)
            messages += self.wire.read()
        return messages

    def close(self) -> None:
        self.wire.close()
        self.waker.close()
        self.far.close()


@pytest.fixture
def ends(certificate: tuple[Path, Path], authority: Authority) -> Iterator[Ends]:
    both = Ends(certificate, authority.pem)
    yield both
    both.close()


def test_lines_become_messages(ends: Ends) -> None:
    """Torn or together, with LF or CR LF."""
    ends.far.sendall(b"PING one\r\nPI")
    ends.far.sendall(b"NG two\nPING three\r\n")
    assert [message.params for message in ends.reads(3)] == [["one"], ["two"], ["three"]]


def test_what_is_no_message_is_passed_over(ends: Ends) -> None:
    """Nonsense and lines that are too long; bytes that aren't UTF-8 are replaced."""
    ends.far.sendall(b"\x00\r\n:::\r\n" + b"x" * (MAX_INCOMING * 3) + b"\r\nPING \xff\r\n")
    assert [message.params for message in ends.reads(1)] == [["\ufffd"]]


def test_a_line_that_no_chat_has_is_passed_over(ends: Ends) -> None:
    """Its tags may be as long as the specification has them, its text may not."""
    ends.far.sendall(b"@a=" + b"x" * 8000 + b" PING one\r\nPING " + b"x" * MAX_BODY + b"\r\n")
    ends.far.sendall(b"PING two\r\n")
    assert [message.params for message in ends.reads(2)] == [["one"], ["two"]]


def test_what_nobody_reads_is_not_kept_for_ever(
    ends: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection ends instead."""
    monkeypatch.setattr(stream, "MAX_UNSENT", 1 << 16)
    with pytest.raises(ConnectionLostError, match="doesn't read what we send"):
        ends.wire.write(["PONG " + "x" * 4000] * 5000)


def test_much_is_sent_as_there_is_room(ends: Ends) -> None:
    """A reader that is slow delays the sending, and nothing is lost or mixed up."""
    lines = [f"PRIVMSG #x :{number} {'y' * 400}" for number in range(5000)]
    ends.wire.write(lines)
    got = bytearray()

    def read() -> None:
        while got.count(b"\n") < len(lines):
            got.extend(ends.far.recv(65536))

    reader = threading.Thread(target=read)
    reader.start()
    while ends.wire._unsent:
        ends.wire.wait(PATIENCE)
        ends.wire.read()
        ends.wire.flush()
    reader.join(PATIENCE)
    assert got.decode().split("\r\n") == [*lines, ""]


def test_more_than_one_turn_reads(ends: Ends) -> None:
    """What TLS has decrypted already is not waited for."""
    data = b"".join(b"PING %d\r\n" % number for number in range(40_000))
    writer = threading.Thread(target=ends.far.sendall, args=(data,))
    writer.start()
    messages = ends.reads(40_000)
    writer.join(PATIENCE)
    assert messages[-1].params == ["39999"]


def test_the_servers_end_is_told(ends: Ends) -> None:
    """After everything that came before it."""
    ends.far.sendall(b"ERROR :bye\r\n")
    ends.far.close()
    assert ends.reads(1)[0].command == "ERROR"
    with pytest.raises(ConnectionLostError, match="closed the connection"):
        ends.reads(1)


def test_what_came_before_damage_is_told_first(ends: Ends) -> None:
    """A record that can't be decrypted doesn't take the one before it with it."""
    with socket.socket(fileno=os.dup(ends.far.fileno())) as below:
        ends.far.sendall(b"ERROR :bye\r\n")
        below.sendall(b"\x17\3\3\0\x20" + bytes(32))
    assert ends.reads(1)[0].command == "ERROR"
    with pytest.raises(ConnectionLostError, match="bad record mac"):
        ends.reads(1)


def test_half_a_line_at_the_end_is_nothing(ends: Ends) -> None:
    """Whoever has cut it off: it may mean the opposite of the whole."""
    ends.far.sendall(b"PING whole\r\n:bob PRIVMSG #lobby :yes")
    ends.far.close()
    assert [message.command for message in ends.reads(1)] == ["PING"]
    with pytest.raises(ConnectionLostError, match="closed the connection"):
        ends.reads(1)


def test_an_end_of_tls_alone_is_told(ends: Ends) -> None:
    """Together with a last message, and although TCP stays open."""
    ends.far.sendall(b"ERROR :bye\r\n")
    ends.far.setblocking(False)
    with pytest.raises(ssl.SSLWantReadError):
        ends.far.unwrap()
    assert ends.reads(1)[0].command == "ERROR"
    ends.wire.wait(None)  # has to return, as there is something to tell
    with pytest.raises(ConnectionLostError, match="closed the connection"):
        ends.reads(1)


def test_sending_to_nobody_is_told(ends: Ends) -> None:
    """Sooner or later."""
    ends.far.close()

    def write_for_ever() -> None:
        while True:
            ends.wire.write(["PING x" * 80])
            ends.wire.read()

    with pytest.raises(ConnectionLostError):
        write_for_ever()


def test_waking_ends_the_wait(ends: Ends) -> None:
    """Called before or during it, once or often; then the next wait is a new one."""
    for _ in range(100_000):
        ends.waker.wake()
    ends.wire.wait(None)
    timer = threading.Timer(0.01, ends.waker.wake)
    timer.start()
    ends.wire.wait(None)
    timer.join()
    ends.wire.wait(0)


def test_reasons_in_words() -> None:
    """Without numbers and brackets."""
    assert reason_of(ConnectionRefusedError(111, "Connection refused")) == "connection refused"
    assert reason_of(TimeoutError("timed out")) == "no answer in time"
    error = ssl.SSLError(1, "[SSL: X] text")
    error.reason = "TLSV1_ALERT_UNKNOWN_CA"
    assert reason_of(error) == "TLS: tlsv1 alert unknown ca"
    assert reason_of(OSError()) == "oserror"
