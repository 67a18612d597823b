"""Device tokens by their form."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securechat.credentials.device import (
    TOKEN_BYTES,
    format_token,
    is_token,
    is_token_name,
    token_digest,
)


@given(st.binary(min_size=TOKEN_BYTES, max_size=TOKEN_BYTES))
def test_a_token_is_one_word_of_48_characters(secret: bytes) -> None:
    """It fits wherever a password does, and is known by its form."""
    token = format_token(secret)
    assert len(token) == 48
    assert token.isascii()
    assert is_token(token)
    assert not {" ", ":", "+", "/", "="} & set(token)


def test_no_two_secrets_have_one_token() -> None:
    """All 256 bits are in it."""
    secrets = [bytes([1 << bit if byte == at else 0 for byte in range(32)])
               for at in range(32) for bit in range(8)]  # fmt: skip
    assert len({format_token(secret) for secret in secrets}) == 256


@pytest.mark.parametrize(
    "text", ["", "sct1_", "password", "sct1_" + "x" * 42, "sct1_" + "x" * 44, "sct2_" + "x" * 43,
             "sct1_" + "x" * 43 + "\n", "sct1_" + "é" * 43],
)  # fmt: skip
def test_other_texts_are_passwords(text: str) -> None:
    """Also those that begin like one."""
    assert not is_token(text)


def test_what_is_kept_is_sha_256() -> None:
    """So anybody can check a backup with a common tool."""
    assert token_digest("sct1_x") == hashlib.sha256(b"sct1_x").digest()


@pytest.mark.parametrize(("name", "good"), [
    ("laptop", True), ("x" * 32, True), ("télé", True), ("a:b", True),
    ("", False), ("x" * 33, False), ("my laptop", False), (":x", False), ("a\x07", False),
    ("a\u202eb", False),
])  # fmt: skip
def test_a_name_is_one_printable_word(name: str, good: bool) -> None:
    """So that it can be a parameter of a reply, and be typed."""
    assert is_token_name(name) is good
