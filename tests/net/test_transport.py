"""What a connection's socket does, step by step, over a pair of sockets and over scripted ones."""

from __future__ import annotations

import contextlib
import socket
import ssl

import pytest

from securechat.net.connection import Connection, Phase
from securechat.net.errors import LostError
from securechat.net.opening import begin_tls, handshake
from securechat.net.transport import (
    MAX_READ,
    MAX_RECORDS,
    MAX_WRITE,
    PART,
    RECORD,
    UNAUTHENTICATED_RECORDS,
    Heard,
    receive,
    say_goodbye,
    send,
    send_at_once,
    taken,
    throw_away,
)
from tests.net.scripted import Step, pair, pair_over_tcp, scripted

# --- reading -------------------------------------------------------------------------------------


def test_all_that_is_there_is_read() -> None:
    """Record by record, until TLS has no more."""
    connection, _ = scripted(b"one ", b"two ", b"three", ssl.SSLWantReadError())
    assert receive(connection) == Heard(b"one two three")


def test_an_end_comes_with_what_was_before_it() -> None:
    """And says whose end it was."""
    connection, _ = scripted(b"last words", b"")
    assert receive(connection) == Heard(b"last words", ended="closed by the client")
    connection, _ = scripted(b"last", ConnectionResetError(104, "Connection reset by peer"))
    assert receive(connection) == Heard(b"last", ended="connection reset by peer")
    connection, _ = scripted(ValueError("Read on closed or unwrapped SSL socket."))
    assert receive(connection) == Heard(b"", ended="connection lost")


def test_a_turn_reads_so_many_records() -> None:
    """TLS may hold more than select() knows of, and the caller is told."""
    connection, script = scripted(*[b"x"] * (MAX_RECORDS + 1))
    assert receive(connection) == Heard(b"x" * MAX_RECORDS, more=True)
    assert len(script.steps) == 1


def test_a_turn_reads_so_many_bytes() -> None:
    """And a record more at most."""
    connection, script = scripted(*[b"x" * (RECORD - 1)] * 10)
    heard = receive(connection)
    assert MAX_READ <= len(heard.data) < MAX_READ + RECORD
    assert (heard.more, heard.ended) == (True, "")
    assert len(script.steps) == 5


def test_the_unauthenticated_are_read_in_smaller_portions() -> None:
    """So that a thousand of them, with what they may not say yet, are no burden."""
    connection, script = scripted(*[b"x"] * 100)
    assert receive(connection, freely=False) == Heard(b"x" * UNAUTHENTICATED_RECORDS, more=True)
    connection, script = scripted(*[b"x" * (RECORD - 1)] * 10)
    assert len(receive(connection, freely=False).data) < 2 * RECORD
    assert len(script.steps) == 8


def test_who_takes_none_of_tls_s_answers_is_stuck() -> None:
    """TLS has something to say first, and reads nothing before that."""
    connection, _ = scripted(b"words", ssl.SSLWantWriteError())
    assert receive(connection) == Heard(b"words", stuck=True)


def test_a_record_is_never_larger_than_one_read() -> None:
    """As what TLS has decrypted beyond one read would be seen by no select()."""
    assert RECORD >= 16_384


# --- writing -------------------------------------------------------------------------------------


def waiting(connection: Connection, *parts: bytes) -> None:
    connection.out += parts
    connection.out_bytes += sum(map(len, parts))


def test_what_waits_is_written_at_once() -> None:
    """As one write, however many parts it has."""
    connection, script = scripted(6)
    waiting(connection, b"one", b"two")
    assert send(connection)
    assert script.sent == [b"onetwo"]
    assert (connection.out, connection.out_bytes, connection.blocked) == ([], 0, False)


def test_a_write_that_could_not_be_finished_is_repeated_with_the_same_bytes() -> None:
    """As TLS asks for; what was delivered since follows it."""
    connection, script = scripted(ssl.SSLWantWriteError(), 3, 7)
    waiting(connection, b"one")
    assert not send(connection)
    assert connection.blocked
    waiting(connection, b"two", b"more")
    assert send(connection)
    assert script.sent == [b"one", b"one", b"twomore"]
    assert (connection.out, connection.out_bytes, connection.blocked) == ([], 0, False)


def test_a_write_may_go_in_part() -> None:
    """The rest is the next one."""
    connection, script = scripted(2, ssl.SSLWantWriteError())
    waiting(connection, b"hello")
    assert not send(connection)
    assert script.sent == [b"hello", b"llo"]
    assert (connection.out, connection.out_bytes) == ([b"llo"], 3)


def test_much_is_written_in_portions() -> None:
    """Others have their turn between; what is left is not copied again and again."""
    connection, script = scripted(*[PART] * 100)
    waiting(connection, b"x" * (2 * MAX_WRITE))
    assert not send(connection)
    assert not connection.blocked  # by nothing but this bound
    assert connection.out_bytes == MAX_WRITE
    assert send(connection)
    assert [len(part) for part in script.sent] == [PART] * (2 * MAX_WRITE // PART)
    assert all(isinstance(part, memoryview) for part in script.sent[:-1])


def test_of_much_that_waits_a_part_is_joined() -> None:
    """The rest lies as it came: it may be long until it is its turn."""
    connection, script = scripted(PART, ssl.SSLWantWriteError())
    parts = [bytes([number % 256]) * 1000 for number in range(1000)]
    waiting(connection, *parts)
    assert not send(connection)
    assert [len(part) for part in script.sent] == [PART, PART]
    assert len(connection.out) > 800
    assert connection.sent == PART
    assert b"".join(connection.out) == b"".join(parts)[PART:]


def test_of_a_long_one_tls_is_given_a_part() -> None:
    """For all who get it; the rest waits, and is no copy."""
    quick, script = scripted(PART)
    slow, _ = scripted(ssl.SSLWantWriteError())
    quick.phase = slow.phase = Phase.OPEN
    data = b"x" * (3 * PART)
    assert send_at_once([quick, slow], data) == [quick, slow]
    assert [len(part) for part in script.sent] == [PART]
    assert [c.out_bytes for c in (quick, slow)] == [2 * PART, 3 * PART]
    assert isinstance(quick.out[0], memoryview)
    assert slow.out[0] is data


def test_what_only_our_own_system_has_is_not_taken() -> None:
    """The peer's must have said that it has it."""
    with pair_over_tcp() as (connection, peer):
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        waiting(connection, *[b"x" * RECORD] * 1000)
        with contextlib.suppress(LostError):  # no TLS is here to say that it would block
            while not send(connection):
                pass
        assert connection.sent > 1 << 18
        before = taken(connection)
        assert 0 < before < connection.sent // 2
        while peer.recv(RECORD) and taken(connection) <= before:
            pass
        connection.sock.close()
    assert taken(connection) == connection.sent


def test_where_the_system_doesn_t_tell_what_it_took_counts() -> None:
    """Some are no Linux, or an old one."""
    with pair() as (connection, _):  # no TCP
        connection.sent = 4711
        assert taken(connection) == 4711


def test_many_get_the_same_at_once() -> None:
    """Those who can't take it have it waiting; whoever is not open any more gets nothing."""
    quick, _ = scripted(5)
    slow, _ = scripted(ssl.SSLWantWriteError())
    partly, _ = scripted(3)
    lost, _ = scripted(OSError("gone"))
    ended, _ = scripted()
    waiting, _ = scripted()
    for connection in (quick, slow, partly, lost, waiting):
        connection.phase = Phase.OPEN
    ended.phase = Phase.LINGERING
    waiting.out, waiting.out_bytes = [b"before"], 6
    everybody = [quick, slow, partly, lost, ended, waiting]
    assert send_at_once(everybody, b"hello") == [slow, partly, lost]
    assert [(c.out, c.out_bytes) for c in everybody] == [
        ([], 0),
        ([b"hello"], 5),
        ([b"lo"], 2),
        ([b"hello"], 5),
        ([], 0),
        ([b"before", b"hello"], 11),
    ]
    assert [connection.blocked for connection in (slow, partly, lost)] == [True, False, False]


def test_a_write_to_nobody_is_a_loss() -> None:
    """With its reason."""
    connection, _ = scripted(BrokenPipeError(32, "Broken pipe"))
    waiting(connection, b"x")
    with pytest.raises(LostError, match=r"^broken pipe$"):
        send(connection)


# --- the end -------------------------------------------------------------------------------------


def test_nobody_can_be_told_goodbye_who_has_gone(
    server: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    """A reset connection has no end left to say."""
    with pair_over_tcp() as (connection, peer):
        begin_tls(connection, server)
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        peer.close()
        with pytest.raises(LostError):
            handshake(connection)
        with pytest.raises(LostError):
            say_goodbye(connection)
        connection.sock.close()


@pytest.mark.parametrize(
    ("last", "ended"),
    [
        (b"", True),
        (ssl.SSLWantReadError(), False),
        (BlockingIOError(), False),
        (ConnectionResetError(), True),
    ],
)
def test_what_comes_after_the_end_is_thrown_away(last: Step, ended: bool) -> None:
    """Until the peer's own end."""
    connection, _ = scripted(b"x", b"y", last)
    assert throw_away(connection) is ended


def test_a_peer_that_floods_after_its_end_doesn_t_hold_the_thread() -> None:
    """What is thrown away is read in portions, so the others have their turn."""
    connection, script = scripted(*[b"x" * RECORD] * 1000)
    assert not throw_away(connection)
    assert len(script.steps) == 1000 - MAX_RECORDS
