"""The wire grammar: messages, framing, SASL payloads, invite links and tokens."""

from __future__ import annotations

from securechat.credentials.device import TOKEN_BYTES, format_token, is_token, is_token_name
from securechat.credentials.link import MOST_ADDRESSES, InviteLink, LinkError, parse_link
from securechat.irc import sasl
from securechat.irc.framing import TOO_LONG, LineBuffer
from securechat.irc.message import (
    MAX_BODY_BYTES,
    MAX_TAG_BYTES,
    Message,
    MessageError,
    decode,
    format_message,
    parse,
)
from tests.fuzz.target import Target

LIMIT = 64
"""Bytes of a line where framing is tried: a small one is passed in many ways by small inputs."""


# --- messages ------------------------------------------------------------------------------------


def message(data: bytes) -> None:
    """A line is a message or a MessageError; what was parsed and is formatted parses the same."""
    try:
        found = decode(data)
    except MessageError:
        return
    body = data.partition(b" ")[2] if data.startswith(b"@") else data
    assert len(body) <= MAX_BODY_BYTES
    assert len(data) - len(body) <= MAX_TAG_BYTES
    assert found.command.isascii()
    assert found.command == found.command.upper()
    assert not any(" " in param or not param for param in found.params[:-1])
    _goes_round(found)


def _goes_round(found: Message) -> None:
    try:
        line = format_message(
            found.command, *found.params, source=found.source, tags=found.tags or None
        )
    except ValueError:
        # A word in the middle that begins with a colon can be read, and can't be written.
        assert any(param.startswith(":") for param in found.params[:-1]), found
        return
    assert not set("\0\r\n") & set(line), line
    assert parse(line) == found, line


# --- framing -------------------------------------------------------------------------------------


def framing(data: bytes) -> None:
    """However a stream is cut into pieces, and however few lines are taken at a time, the lines are
    those of the whole; what waits has a limit.

    Each piece begins with its length; the first byte says how many lines are taken at a time.
    """
    most, stream, pieces = data[:1], b"", []
    at = 1
    while at < len(data):
        piece = data[at + 1 : at + 1 + data[at]]
        pieces.append(piece)
        stream += piece
        at += 1 + len(piece)
    assert _fed(pieces, most[0] % 5 if most else 0) == _expected(stream)


def _fed(pieces: list[bytes], most: int) -> list[bytes]:
    buffer = LineBuffer(LIMIT)
    lines: list[bytes] = []
    for piece in pieces:
        lines += buffer.feed(piece, most or -1)
        assert most or not buffer.has_line
        while buffer.has_line:
            lines += buffer.feed(b"", most)
        assert buffer.weight >= 0
        assert len(buffer._rest) <= LIMIT + 1
    return [line for line in lines if line is not None]


def _expected(stream: bytes) -> list[bytes]:
    *whole, rest = stream.split(b"\n")
    lines = [line.removesuffix(b"\r") for line in whole]
    found = [line if len(line) <= LIMIT else TOO_LONG for line in lines if line]
    if len(rest) > LIMIT + 1:
        found.append(TOO_LONG)
    return found


# --- SASL ----------------------------------------------------------------------------------------


def assemble(data: bytes) -> None:
    """Chunks become a payload or a SaslError, and memory stays bounded; no error quotes them.

    Each line is the parameter of an AUTHENTICATE.
    """
    assembler = sasl.Assembler()
    for chunk in data.decode("utf-8", "replace").split("\n"):
        try:
            payload = assembler.feed(chunk)
        except sasl.SaslError as error:
            _tells_nothing(error, chunk)
            return
        assert len(assembler._text) <= sasl.MAX_PAYLOAD
        if payload is not None:
            _payload(payload)
            return


def plain(data: bytes) -> None:
    """Three fields or a SaslError; a payload is cut into chunks and put together again."""
    _payload(data[: sasl.MAX_PAYLOAD * 3 // 4])


def _payload(payload: bytes) -> None:
    assembler = sasl.Assembler()
    *some, last = sasl.encode_chunks(payload)
    assert [assembler.feed(chunk) for chunk in some] == [None] * len(some)
    assert assembler.feed(last) == payload
    try:
        found = sasl.decode_plain(payload)
    except sasl.SaslError as error:
        _tells_nothing(error, payload.decode("utf-8", "replace"))
        return
    assert repr(found) == repr(found._replace(password=""))
    if found.authzid == found.authcid and "\0" not in found.password:
        assert sasl.encode_plain(found.authcid, found.password) == payload


def _tells_nothing(error: sasl.SaslError, secret: str) -> None:
    """A short text may stand in the error by chance."""
    assert len(secret) < 8 or secret not in str(error)


# --- links and tokens ----------------------------------------------------------------------------


def link(data: bytes) -> None:
    """A text is a link or a LinkError; a link written again is the same, and hides its code."""
    text = data.decode("utf-8", "replace")
    try:
        found = parse_link(text)
    except LinkError:
        return
    assert parse_link(str(found)) == found
    assert all(0 < port < 65536 for _host, port in found.places)
    assert len(found.places) <= MOST_ADDRESSES
    assert found.ca_sha256 is None or len(found.ca_sha256) == 32
    if isinstance(found, InviteLink):
        assert f"code={found.code!r}" not in repr(found)
    assert str(found).isprintable()


def token(data: bytes) -> None:
    """Every 32 bytes make a token, and only what they make is one; its name is one word."""
    text = data.decode("utf-8", "replace")
    if is_token(text):
        assert text.isascii()
        assert len(text) == len(format_token(bytes(TOKEN_BYTES)))
    secret = data[:TOKEN_BYTES].ljust(TOKEN_BYTES, b"\0")
    assert is_token(format_token(secret))
    if is_token_name(text):
        line = format_message("NOTE", "TOKEN", "CREATED", text, format_token(secret), "text")
        assert parse(line).params[2] == text


WIRE = (
    Target(
        "message",
        message,
        (b"@a=b;+c/d=\\:\\s", b":nick!user@host", b"PRIVMSG", b" :", b"001", b"\\\\", b"@", b";"),
        max_bytes=5200,
    ),
    Target("framing", framing, (b"\r\n", b"\n", b"\r", b"\x40" + b"x" * 64)),
    Target(
        "sasl",
        assemble,
        (b"+", b"=", b"AGFsaWNlAHJpZ2h0", b"A" * 400),
        by_lines=True,
        max_bytes=5200,
    ),
    Target("plain", plain, (b"\0alice\0right", b"\0", b"alice")),
    Target(
        "link",
        link,
        (b"securechat://", b"[::1]", b":6697", b"/system", b"/abcdefgh", b"A" * 43),
    ),
    Target("token", token, (b"sct1_", b"A" * 43)),
)
