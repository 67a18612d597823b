"""Bytes to lines."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from securechat.irc.framing import TOO_LONG, LineBuffer
from securechat.irc.message import MAX_LINE_BYTES

# Mostly line ends and little else, so that each limit is met from both sides.
streams = st.lists(st.sampled_from([b"a", b"bb", b"cccc", b"\r", b"\n", b"\r\n"])).map(b"".join)


def feed_all(pieces: list[bytes], limit: int) -> list[bytes]:
    buffer = LineBuffer(limit)
    return [line for piece in pieces for line in buffer.feed(piece)]


def cut(data: bytes, sizes: list[int]) -> list[bytes]:
    """data in pieces of these sizes, again and again."""
    pieces = []
    while data:
        for size in sizes:
            pieces.append(data[:size])
            data = data[size:]
    return pieces


def expected(stream: bytes, limit: int) -> list[bytes]:
    """The same by the rules alone, for a stream that is all there."""
    *whole, rest = stream.split(b"\n")
    lines = [line.removesuffix(b"\r") for line in whole]
    lines = [TOO_LONG if len(line) > limit else line for line in lines if line]
    if len(rest) > limit + 1:
        lines.append(TOO_LONG)
    return lines


@pytest.mark.parametrize(
    ("stream", "lines"),
    [
        (b"", []),
        (b"NICK a\r\nUSER a\r\n", [b"NICK a", b"USER a"]),
        (b"NICK a\nUSER a\n", [b"NICK a", b"USER a"]),
        (b"\r\n\n\r\nQUIT\r\n\r\n", [b"QUIT"]),
        (b"half a li", []),
        (b"a\rb\r\n", [b"a\rb"]),
        (b"a\r\r\n", [b"a\r"]),
    ],
)
def test_lines(stream: bytes, lines: list[bytes]) -> None:
    """A line ends with CR LF or LF; an empty one is ignored; a lone CR is left to the parser."""
    assert LineBuffer().feed(stream) == lines


def test_a_line_in_pieces() -> None:
    """What is left of one read is the beginning of the next line."""
    buffer = LineBuffer()
    assert buffer.feed(b"PRIVMSG #den :hel") == []
    assert buffer.feed(b"lo\r") == []
    assert buffer.feed(b"\nQUIT\r\nPI") == [b"PRIVMSG #den :hello", b"QUIT"]
    assert buffer.feed(b"NG\n") == [b"PING"]


def test_the_limit_counts_no_line_end() -> None:
    """A line of exactly the limit passes, with CR LF as with LF; one byte more doesn't."""
    longest = b"x" * MAX_LINE_BYTES
    buffer = LineBuffer()
    assert buffer.feed(longest + b"\r\n" + longest + b"\n") == [longest, longest]
    assert buffer.feed(longest + b"x\r\n" + longest + b"x\n") == [TOO_LONG, TOO_LONG]


def test_a_long_line_is_told_at_once_and_once() -> None:
    """The sender hears of it before it ends, and the line behind it is read as ever."""
    buffer = LineBuffer(4)
    assert buffer.feed(b"one\nfar too long") == [b"one", TOO_LONG]
    assert buffer.feed(b", and longer") == []
    assert buffer.feed(b"\r") == []
    assert buffer.feed(b"\ntwo\n") == [b"two"]


def test_too_long_is_no_line() -> None:
    """Nobody can send what stands for a line that was thrown away."""
    assert LineBuffer().feed(TOO_LONG) == []
    assert LineBuffer().feed(b"a" + TOO_LONG + TOO_LONG + b"\r" + TOO_LONG) == [b"a"]


@given(streams, st.lists(st.integers(1, 9), min_size=1), st.integers(1, 6))
@example(b"aaaaa\r\n", [6, 1], 5)
@example(b"aaaaaa\r\nb\n", [7, 1], 5)
@example(b"aaaaaaaa\n\nb\n", [1], 5)
def test_the_cuts_of_a_stream_change_nothing(stream: bytes, sizes: list[int], limit: int) -> None:
    """However TCP cuts it, a stream gives the same lines in the same order."""
    assert feed_all(cut(stream, sizes), limit) == expected(stream, limit)


@given(st.binary(), st.lists(st.integers(1, 9), min_size=1))
def test_any_bytes_in_any_cuts(stream: bytes, sizes: list[int]) -> None:
    """The same for bytes that nobody means well with."""
    assert feed_all(cut(stream, sizes), 8) == expected(stream, 8)


@pytest.mark.parametrize("reads", [1, 1024])
def test_an_endless_line_takes_no_memory(reads: int) -> None:
    """16 KiB or 16 MiB without a line end are thrown away as they come."""
    buffer, piece = LineBuffer(), b"x" * 16384
    tracemalloc.start()
    try:
        lines = [line for _ in range(reads) for line in buffer.feed(piece)]
        held, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert lines == [TOO_LONG]
    assert held < 4096
    assert peak < 4 * (MAX_LINE_BYTES + len(piece))
