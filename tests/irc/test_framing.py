"""Bytes to lines."""

from __future__ import annotations

import itertools
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


# --- a part of them ------------------------------------------------------------------------------


def feed_in_parts(pieces: list[bytes], limit: int, most: list[int]) -> list[bytes]:
    """All the lines, asked for a few at a time."""
    buffer, lines = LineBuffer(limit), []
    for piece, many in zip(pieces, itertools.cycle(most), strict=False):
        lines += buffer.feed(piece, many)
        while buffer.has_line:
            lines += buffer.feed(b"", 1)
    return lines


def test_no_more_lines_than_asked_for() -> None:
    """The others wait, in their order, and are there when they are asked for."""
    buffer = LineBuffer()
    assert buffer.feed(b"one\r\ntwo\r\nthree\r\nfo", 2) == [b"one", b"two"]
    assert buffer.has_line
    assert buffer.feed(b"ur\r\n", 0) == []
    assert buffer.has_line
    assert buffer.feed(b"", 5) == [b"three", b"four"]
    assert not buffer.has_line


def test_half_a_line_is_none_that_waits() -> None:
    """Only a line end makes one."""
    buffer = LineBuffer()
    assert buffer.feed(b"one\r\ntw", 1) == [b"one"]
    assert not buffer.has_line
    assert buffer.feed(b"o\n", 0) == []
    assert buffer.has_line


def test_an_empty_line_takes_a_place() -> None:
    """Else who sends nothing but line ends would be asked for lines without end."""
    buffer = LineBuffer()
    assert buffer.feed(b"\n\r\n\none\n", 2) == []
    assert buffer.weight == 2
    assert buffer.has_line
    assert buffer.feed(b"", 2) == [b"one"]


def test_what_waits_behind_lines_may_be_long() -> None:
    """It is looked at when its turn comes, and not thrown away with the lines before it."""
    buffer = LineBuffer(4)
    assert buffer.feed(b"one\ntwo\nfar too long\nend\n", 1) == [b"one"]
    assert buffer.feed(b"", 1) == [b"two"]
    assert buffer.feed(b"", 1) == [TOO_LONG]
    assert buffer.feed(b"", 1) == [b"end"]


@given(
    streams,
    st.lists(st.integers(1, 9), min_size=1),
    st.integers(1, 6),
    st.lists(st.integers(-1, 3), min_size=1),
)
def test_asking_for_a_part_changes_nothing(
    stream: bytes, sizes: list[int], limit: int, most: list[int]
) -> None:
    """However many are asked for at a time, the lines and their order are the same."""
    assert feed_in_parts(cut(stream, sizes), limit, most) == expected(stream, limit)


def test_lines_that_wait_take_their_bytes_and_little_more() -> None:
    """64 KiB of the shortest lines would be a megabyte as lines."""
    stream = b"ab\n" * 21_845
    buffer = LineBuffer()
    tracemalloc.start()
    try:
        lines = buffer.feed(stream, 100)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert lines == [b"ab"] * 100
    assert peak < 2 * len(stream)


# --- their weight --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stream", "weight"),
    [
        (b"", 0),
        (b"half a li", 0),
        (b"PING\r\nPING\r\n", 2),
        (b"\n\r\n", 2),
        (b"x" * 511 + b"\r\n", 1),
        (b"x" * 512 + b"\r\n", 2),
        (b"a\n" + b"x" * 4096 + b"\nb\n", 11),
    ],
)
def test_a_line_weighs_more_the_longer_it_is(stream: bytes, weight: int) -> None:
    """One, and one more for each 512 bytes; what is no line yet weighs nothing yet."""
    buffer = LineBuffer()
    buffer.feed(stream)
    assert buffer.weight == weight


def test_what_is_thrown_away_weighs_as_well() -> None:
    """A line without end is no way to send without being counted."""
    buffer = LineBuffer()
    assert buffer.feed(b"x" * 16_384) == [TOO_LONG]
    assert buffer.weight == 32
    assert buffer.feed(b"x" * 16_384) == []
    assert buffer.weight == 32
    assert buffer.feed(b"x") == []
    assert buffer.weight == 1
    assert buffer.feed(b"x" * 16_384 + b"\nPING\n") == [b"PING"]
    assert buffer.weight == 34


def test_a_line_that_was_too_long_weighs_all_its_bytes() -> None:
    """Whether its end has come with it or not."""
    buffer = LineBuffer()
    assert buffer.feed(b"x" * 51_200 + b"\n") == [TOO_LONG]
    assert buffer.weight == 101
