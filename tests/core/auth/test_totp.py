"""The codes of the second factor."""

from __future__ import annotations

import base64
import re
from itertools import count
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securechat.core.auth import totp

SECRET = b"12345678901234567890"
"""Of the test vectors in RFC 6238, appendix B; their codes have eight digits, the last six here."""

VECTORS = [
    (59, "94287082"),
    (1111111109, "07081804"),
    (1111111111, "14050471"),
    (1234567890, "89005924"),
    (2000000000, "69279037"),
    (20000000000, "65353130"),
]


@pytest.mark.parametrize(("seconds", "code"), VECTORS)
def test_the_vectors_of_rfc_6238(seconds: int, code: str) -> None:
    """Each is accepted in its time, as the code of its time step."""
    assert totp.code_of(SECRET, seconds // 30).decode() == code[-6:]
    assert totp.accepted(SECRET, code[-6:], seconds * 1000, after=-1) == seconds // 30


@pytest.mark.parametrize(
    ("steps", "good"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)]
)
def test_a_clock_may_be_a_step_off(steps: int, good: bool) -> None:
    """Each way, and not more."""
    now_ms = 1_700_000_000_000
    code = totp.code_of(SECRET, now_ms // 30_000 + steps).decode()
    assert (totp.accepted(SECRET, code, now_ms, after=-1) is not None) is good


def test_a_code_is_accepted_once() -> None:
    """Not again, and none before it either: RFC 6238, 5.2."""
    now_ms = 1_700_000_000_000
    step = now_ms // 30_000
    codes = {at: totp.code_of(SECRET, at).decode() for at in (step - 1, step, step + 1)}
    assert totp.accepted(SECRET, codes[step], now_ms, after=step) is None
    assert totp.accepted(SECRET, codes[step - 1], now_ms, after=step) is None
    assert totp.accepted(SECRET, codes[step + 1], now_ms, after=step) == step + 1


@given(st.text(max_size=20))
def test_any_other_text_is_refused(text: str) -> None:
    """Whatever somebody sends as a code."""
    now_ms = 1_700_000_000_000
    right = {totp.code_of(SECRET, now_ms // 30_000 + off).decode() for off in (-1, 0, 1)}
    if text not in right:
        assert totp.accepted(SECRET, text, now_ms, after=-1) is None


def test_a_clock_before_1970_accepts_nothing() -> None:
    """And breaks nothing."""
    assert totp.accepted(SECRET, "000000", -60_000, after=-10) is None


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("correct horse123456", "123456"),
        ("correct horse1234567", "234567"),
        ("correct horseabcde-fgh27", "abcde-fgh27"),
        ("123456", "123456"),
        ("correct horse12345", ""),
        ("correct horse123456 ", ""),
        ("correct horse١٢٣٤٥٦", ""),
        ("correct horseabcde-fgh18", ""),
        ("", ""),
        ("123456\n", ""),
    ],
)
def test_a_code_stands_at_the_end(password: str, code: str) -> None:
    """Six ASCII digits, or a recovery code, directly behind the password."""
    assert totp.code_at_end(password) == code


def test_the_uri_is_what_authenticators_read() -> None:
    """Issuer, account and secret, escaped."""
    parts = urlsplit(totp.uri(SECRET, "zoë", "our chat"))
    query = parse_qs(parts.query)
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    assert query["secret"] == [totp.base32(SECRET)]
    assert query["issuer"] == ["our chat"]
    assert (query["digits"], query["period"], query["algorithm"]) == (["6"], ["30"], ["SHA1"])
    assert " " not in totp.uri(SECRET, "zoë", "our chat")


def test_the_secret_is_typed_in_base32() -> None:
    """Without padding, at 160 bits."""
    assert base64.b32decode(totp.base32(SECRET)) == SECRET
    assert "=" not in totp.base32(bytes(totp.SECRET_BYTES))


def test_recovery_codes_are_ten_and_differ() -> None:
    """And are taken for codes when they stand behind a password."""
    numbers = count()
    codes = totp.recovery_codes(lambda size: (next(numbers) << 20).to_bytes(size))
    assert len(set(codes)) == len(codes) == totp.RECOVERY_CODES
    for code in codes:
        assert re.fullmatch(r"[a-z2-7]{5}-[a-z2-7]{5}", code)
        assert totp.code_at_end(f"x{code}") == code
