"""SASL payloads and their AUTHENTICATE chunks."""

from __future__ import annotations

import base64

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from securechat.irc.sasl import (
    CHUNK,
    MAX_PAYLOAD,
    Assembler,
    Plain,
    SaslError,
    SaslTooLongError,
    decode_plain,
    encode_chunks,
    encode_plain,
)

names = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1)
passwords = st.text(st.characters(codec="utf-8"), min_size=1)
LARGEST = MAX_PAYLOAD // 4 * 3


def assemble(chunks: list[str]) -> bytes | None:
    """What the last of the chunks gives; each before it has to ask for more."""
    assembler = Assembler()
    for chunk in chunks[:-1]:
        assert assembler.feed(chunk) is None
    return assembler.feed(chunks[-1])


def test_the_specification_s_example() -> None:
    """The exchange printed in the SASL specification logs in jilles."""
    payload = assemble(["amlsbGVzAGppbGxlcwBzZXNhbWU="])
    assert payload == encode_plain("jilles", "sesame")
    assert decode_plain(payload) == ("jilles", "jilles", "sesame")


def test_nothing_is_a_plus() -> None:
    """An empty payload, EXTERNAL's usual one, is the single chunk '+'."""
    assert encode_chunks(b"") == ["+"]
    assert assemble(["+"]) == b""


@pytest.mark.parametrize("full", [1, 2, 10])
def test_a_payload_of_full_chunks_ends_with_a_plus(full: int) -> None:
    """300 bytes are 400 letters: without the '+' the other side would wait for more."""
    chunks = encode_chunks(b"x" * 300 * full)
    assert [len(chunk) for chunk in chunks] == [CHUNK] * full + [1]
    assert chunks[-1] == "+"
    assert assemble(chunks) == b"x" * 300 * full


@given(st.binary(max_size=1000))
@example(b"x" * 299)
@example(b"x" * 300)
@example(b"x" * 301)
@example(b"x" * LARGEST)
def test_chunks_are_put_together_again(payload: bytes) -> None:
    """Every payload arrives, in full chunks and one shorter one."""
    chunks = encode_chunks(payload)
    assert all(len(chunk) == CHUNK for chunk in chunks[:-1])
    assert 0 < len(chunks[-1]) < CHUNK
    assert assemble(chunks) == payload


@given(
    st.lists(st.text(max_size=CHUNK + 1) | st.binary().map(lambda b: base64.b64encode(b).decode()))
)
@example(["=" * CHUNK, "+"])
@example(["пароль"])
def test_any_chunks_give_a_payload_or_a_sasl_error(chunks: list[str]) -> None:
    """Nothing that a peer sends raises anything else."""
    assembler = Assembler()
    try:
        for chunk in chunks:
            assembler.feed(chunk)
    except SaslError:
        return


@pytest.mark.parametrize(
    "chunk", ["s3cret!", "s3cretz", "s3cre=t=", "пароль", "s3cret\n=", "=", "a"]
)
def test_what_is_not_base64(chunk: str) -> None:
    """It is refused, and the error tells nothing of what it was."""
    with pytest.raises(SaslError, match=r"^expected base64 in AUTHENTICATE$"):
        Assembler().feed(chunk)


def test_a_chunk_has_a_limit() -> None:
    """401 letters in one chunk are the error that 905 tells of."""
    with pytest.raises(SaslTooLongError):
        Assembler().feed("a" * (CHUNK + 1))


def test_a_payload_has_a_limit() -> None:
    """Nobody fills the memory before login: the chunk that passes the limit is refused."""
    assembler = Assembler()
    for _ in range(MAX_PAYLOAD // CHUNK):
        assert assembler.feed("a" * CHUNK) is None
    with pytest.raises(SaslError) as caught:
        assembler.feed("aaaa")
    assert not isinstance(caught.value, SaslTooLongError)  # 905 is for one parameter that is


def test_the_longest_fields_fit() -> None:
    """Three fields of 1,024 bytes pass, in letters of two bytes."""
    long = "я" * 512
    assert decode_plain(assemble(encode_chunks(encode_plain(long, long))) or b"") == (long,) * 3


@given(names, passwords)
@example("алиса", "correct horse battery staple")
@example("alice", "a\0NUL in the middle")
def test_plain_goes_there_and_back(account: str, password: str) -> None:
    """Any account and any password, a NUL in the password included."""
    assert decode_plain(encode_plain(account, password)) == Plain(account, account, password)


def test_authzid_may_be_left_out() -> None:
    """RFC 4616: an empty authzid means the same identity."""
    assert decode_plain(b"\0alice\0secret") == Plain("", "alice", "secret")


@pytest.mark.parametrize(
    ("payload", "complaint"),
    [
        (b"", "expected authzid NUL authcid NUL password"),
        (b"hunter22", "expected authzid NUL authcid NUL password"),
        (b"alice\0hunter22", "expected authzid NUL authcid NUL password"),
        (b"\0alice\0", "is empty"),
        (b"alice\0\0hunter22", "is empty"),
        (b"\0alice\0hunter22\xff", "expected UTF-8"),
        (b"\0\xffalice\0hunter22", "expected UTF-8"),
    ],
)
def test_what_is_no_plain_payload(payload: bytes, complaint: str) -> None:
    """The error says what was expected and holds nothing of the password."""
    with pytest.raises(SaslError, match=complaint) as caught:
        decode_plain(payload)
    assert "hunter22" not in repr(caught.value)


@given(st.binary())
def test_any_payload_gives_fields_or_a_sasl_error(payload: bytes) -> None:
    """Nothing that a peer sends raises anything else, and no field that matters is empty."""
    try:
        plain = decode_plain(payload)
    except SaslError:
        return
    assert plain.authcid
    assert plain.password


def test_a_plain_that_is_printed_keeps_its_password() -> None:
    """Neither repr nor str nor a format shows it, as each may reach a log."""
    plain = Plain("", "alice", "hunter22")
    assert "alice" in repr(plain)
    for shown in (repr(plain), str(plain), f"{plain}", f"{[plain]}"):
        assert "hunter22" not in shown
