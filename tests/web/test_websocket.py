"""IRC in WebSocket messages, without sockets."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Opcode

from securechat.irc.framing import PLAIN_LINE, TOO_LONG
from securechat.irc.message import MAX_LINE_BYTES
from securechat.net.transport import CLOSED_BY_CLIENT
from securechat.web.websocket import FAREWELL, MAX_MESSAGE_BYTES, NO_MESSAGE, WebSocketFraming
from tests.support.frames import (
    BINARY,
    CLOSE,
    CONT,
    PING,
    PONG,
    TEXT,
    close,
    lines_of,
    masked,
    server_frames,
)

LINES = [b"NICK a", b"USER a 0 * :a", "PRIVMSG #den :\N{OTTER} hello".encode()]

lines = st.lists(
    st.text(
        st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), min_size=1, max_size=40
    ).map(str.encode),
    max_size=8,
)


def framing(came: bytes = b"") -> WebSocketFraming:
    return WebSocketFraming(Opcode.TEXT, came)


def told(of: WebSocketFraming) -> list[tuple[int, bytes]]:
    """What the last feed() has the peer told."""
    return list(server_frames(of.answer))


def code_of(of: WebSocketFraming) -> int:
    """That of the closing frame, which is the last that it says."""
    opcode, data = told(of)[-1]
    assert opcode == CLOSE
    return int(struct.unpack_from("!H", data)[0])


# --- Lines that come -----------------------------------------------------------------------------


@given(lines, st.data())
def test_lines_are_the_same_in_whatever_pieces_and_fragments(
    said: list[bytes], data: st.DataObject
) -> None:
    """Frames cut anywhere, messages cut anywhere, and pings in between."""
    stream = b""
    for line in said:
        cuts = sorted(data.draw(st.lists(st.integers(0, len(line)), max_size=3)))
        parts = [line[a:b] for a, b in zip([0, *cuts], [*cuts, len(line)], strict=True)]
        for number, part in enumerate(parts):
            opcode = CONT if number else data.draw(st.sampled_from([TEXT, BINARY]))
            stream += masked(part, opcode, fin=number == len(parts) - 1)
            if data.draw(st.booleans()):
                stream += masked(b"?", PING)
    receiving = framing()
    heard: list[bytes] = []
    while stream:
        size = data.draw(st.integers(1, 40))
        heard += receiving.feed(stream[:size])
        stream = stream[size:]
    assert heard == said
    assert not receiving.ended


@given(lines, st.integers(1, 5))
def test_no_more_lines_come_than_are_asked_for(said: list[bytes], most: int) -> None:
    """The others wait, and it is told that they do."""
    receiving = framing()
    heard = receiving.feed(lines_of(said), most)
    assert receiving.has_line == (len(said) > most)
    while receiving.has_line:
        more = receiving.feed(b"", most)
        assert 0 < len(more) <= most
        heard += more
    assert heard == said


def test_none_comes_while_none_is_asked_for() -> None:
    """As of a client that may say nothing for now."""
    receiving = framing()
    assert receiving.feed(lines_of(LINES), 0) == []
    assert receiving.has_line
    assert receiving.feed(b"") == LINES
    assert not receiving.has_line


def test_what_came_with_the_handshake_is_read_first() -> None:
    """A client may speak before it has its answer."""
    both = lines_of(LINES)
    receiving = framing(both[:20])
    assert receiving.feed(both[20:]) == LINES


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r", b"\r\n\r\n"])
def test_a_line_end_in_a_message_is_no_part_of_the_line(end: bytes) -> None:
    """ "MUST NOT include trailing \\r or \\n", but some clients do."""
    receiving = framing()
    assert receiving.feed(masked(LINES[0] + end)) == [LINES[0]]
    assert receiving.weight == 1


def test_several_lines_in_a_message_are_several_and_cost_as_many() -> None:
    """So nobody passes the rate by putting them together; and no line holds a line end."""
    receiving = framing()
    many = b"\r\n".join([b"A"] * 1000)
    heard = receiving.feed(masked(many), 10)
    assert heard == [b"A"] * 10
    assert receiving.weight == 10
    assert receiving.has_line
    assert len(receiving.feed(b"")) == 990
    assert receiving.weight == 990


def test_an_empty_message_is_no_line_and_costs_as_one() -> None:
    """Whoever sends a million of them is as slow as everybody."""
    receiving = framing()
    assert receiving.feed(masked() * 30, 20) == []
    assert receiving.weight == 20
    assert receiving.has_line


@pytest.mark.parametrize(
    "frame", [masked(b"", PING), masked(b"", PONG), masked(b"x", TEXT, fin=False)]
)
def test_frames_without_a_line_cost_as_one(frame: bytes) -> None:
    """Pings, pongs and fragments."""
    receiving = framing()
    assert receiving.feed(frame) == []
    assert receiving.weight == 1


def test_a_long_line_costs_more() -> None:
    """As on any connection."""
    receiving = framing()
    assert receiving.feed(masked(b"x" * (2 * PLAIN_LINE))) == [b"x" * (2 * PLAIN_LINE)]
    assert receiving.weight == 3


def test_the_longest_line() -> None:
    """One byte more is too long, which is told; the message behind it is read as ever."""
    receiving = framing()
    longest = b"x" * MAX_LINE_BYTES
    assert receiving.feed(masked(longest) + masked(longest + b"x") + masked(b"QUIT")) == [
        longest,
        TOO_LONG,
        b"QUIT",
    ]
    assert not receiving.ended


@pytest.mark.parametrize("line", [b"\xff", b"a\xc3", b"\xed\xa0\x80"])
def test_text_that_is_no_utf_8_ends_it(line: bytes) -> None:
    """ "that endpoint MUST _Fail the WebSocket Connection_" (section 8.1); what came before it
    counts, and what came behind it does not.
    """
    receiving = framing()
    assert receiving.feed(masked(b"PING 1") + masked(line) + masked(b"PING 2")) == [b"PING 1"]
    assert receiving.ended == NO_MESSAGE
    assert code_of(receiving) == 1007


def test_characters_may_be_cut_by_fragments() -> None:
    """Only the whole message is UTF-8."""
    line = LINES[2]
    at = line.index(b"\xf0") + 2
    receiving = framing()
    came = masked(line[:at], TEXT, fin=False) + masked(line[at:], CONT)
    assert receiving.feed(came) == [line]


def test_a_binary_message_is_left_to_the_rules() -> None:
    """Which tell who sends what is no UTF-8."""
    receiving = framing()
    assert receiving.feed(masked(b"\xff", BINARY)) == [b"\xff"]
    assert not receiving.ended


# --- Control frames ------------------------------------------------------------------------------


def test_a_ping_is_answered_between_fragments() -> None:
    """With what it held (section 5.5.3)."""
    receiving = framing()
    came = masked(b"NICK", TEXT, fin=False) + masked(b"are you there", PING) + masked(b" a", CONT)
    assert receiving.feed(came) == [b"NICK a"]
    assert told(receiving) == [(PONG, b"are you there")]
    assert receiving.feed(b"") == []
    assert receiving.answer == b""


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (masked(b"NICK a", key=b""), 1002),
        *((masked(b"NICK a", reserved=bits), 1002) for bits in (1, 2, 4)),
        *((masked(b"", opcode), 1002) for opcode in (3, 7, 11, 15)),
        (masked(b"x", PING, fin=False), 1002),
        (masked(b"x" * 126, PING), 1002),
        (masked(b"x", CONT), 1002),
        (masked(b"x", TEXT, fin=False) + masked(b"y", TEXT), 1002),
        (masked(b"\x03", CLOSE), 1002),
        (close(1005), 1002),
        (masked(b"\x03\xe8\xff", CLOSE), 1007),
        (masked(b"x" * (MAX_MESSAGE_BYTES + 1)), 1009),
        (masked(b"x" * 70000), 1009),
        (b"\x81\xff" + b"\xff" * 8 + b"mask", 1009),
        (b"\x81\xff" + b"\x7f" + b"\xff" * 7 + b"mask", 1009),
    ],
    ids=lambda value: value[:6].hex() if isinstance(value, bytes) else None,
)
def test_what_no_client_may_send_ends_it(frame: bytes, code: int) -> None:
    """Unmasked, of reserved bits or opcodes, control frames that are long or in parts, fragments
    out of order, ends without a code, giants. What came before it counts.
    """
    receiving = framing()
    assert receiving.feed(masked(b"PING 1") + frame + masked(b"PING 2")) == [b"PING 1"]
    assert receiving.ended in (NO_MESSAGE, CLOSED_BY_CLIENT)
    assert receiving.farewell == b""
    assert not receiving.has_line
    if receiving.ended == NO_MESSAGE:
        assert code_of(receiving) == code
    assert receiving.feed(masked(b"PING 3")) == []


def test_fragments_without_end_end_it() -> None:
    """No more is kept than the largest message has."""
    receiving = framing()
    piece = masked(b"x" * 1000, TEXT, fin=False)
    for _ in range(MAX_MESSAGE_BYTES // 1000):
        assert receiving.feed(piece) == []
        assert not receiving.ended
        piece = masked(b"x" * 1000, CONT, fin=False)
    receiving.feed(piece)
    assert code_of(receiving) == 1009
    assert receiving.ended


@given(st.binary(max_size=300), st.lists(st.integers(1, 60), min_size=1))
def test_whatever_comes_there_is_a_line_or_an_end(data: bytes, sizes: list[int]) -> None:
    """Never an exception; and no line has a line end in it."""
    receiving = framing()
    heard: list[bytes] = []
    for size in sizes:
        heard += receiving.feed(data[:size])
        data = data[size:]
    assert not any(b"\n" in line for line in heard if line != TOO_LONG)


# --- The end -------------------------------------------------------------------------------------


def test_the_peers_end_is_answered_once() -> None:
    """With its code; ours isn't said again, and nothing is read behind it."""
    receiving = framing()
    came = masked(b"hello?", PING) + masked(b"QUIT") + close(1001, b"tab closed") + masked(b"X")
    assert receiving.feed(came) == [b"QUIT"]
    assert receiving.ended == CLOSED_BY_CLIENT
    assert [opcode for opcode, _ in told(receiving)] == [PONG, CLOSE]
    assert code_of(receiving) == 1001
    assert receiving.farewell == b""


def test_an_end_in_the_same_piece_as_lines_takes_none_of_them() -> None:
    """Though a ping or a fragment stands between them."""
    receiving = framing()
    came = masked(b"A") + masked(b"", PING) + masked(b"B", fin=False) + masked(b"", CONT) + close()
    assert receiving.feed(came) == [b"A", b"B"]


def test_an_end_without_a_code_is_one() -> None:
    """Browsers send none by close()."""
    receiving = framing()
    receiving.feed(masked(b"", CLOSE))
    assert receiving.ended == CLOSED_BY_CLIENT
    assert told(receiving) == [(CLOSE, b"")]


def test_our_end() -> None:
    """1000, "normal closure"."""
    assert framing().farewell == FAREWELL
    assert list(server_frames(FAREWELL)) == [(CLOSE, b"\x03\xe8")]


# --- Lines that go -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("opcode", "number"), [(Opcode.TEXT, TEXT), (Opcode.BINARY, BINARY)], ids=["text", "binary"]
)
@pytest.mark.parametrize("size", [1, 10, 125, 126, 127, 512, 1023, 1024, 65535])
def test_each_line_is_a_message(opcode: Opcode, number: int, size: int) -> None:
    """Of any length, of the kind that was asked for, without its end."""
    line = b"x" * size
    joined = WebSocketFraming(opcode).join([line + b"\r\n", b"PING 1\r\n"])
    assert list(server_frames(joined)) == [(number, line), (number, b"PING 1")]


def test_lines_that_stand_for_one_are_messages_of_their_own() -> None:
    """As of a multiline message for who doesn't know them; and there are no empty ones."""
    joined = framing().join([b"A\r\nB\r\n", b"", b"\r\n", b"C\r\n"])
    assert [data for _, data in server_frames(joined)] == [b"A", b"B", b"C"]


def test_who_is_framed_alike_shares_the_function() -> None:
    """By it the bytes are made once for all of them."""
    assert framing().join is framing().join
    assert framing().join is not WebSocketFraming(Opcode.BINARY).join
