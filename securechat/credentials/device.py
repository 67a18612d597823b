"""Device tokens and client certificates, with which a device logs in in a password's place.

A token reads `sct1_` and 43 characters of base64url: 256 random bits. It is shown once; the server
keeps its digest only. A certificate is known by its fingerprint. Pure; any thread may call.
"""

from __future__ import annotations

import base64
import hashlib
import re

TOKEN_BYTES = 32
"""Random bytes that a token is made of."""

MAX_NAME_CHARS = 32

MAX_TOKENS = 20
"""Tokens that an account may have."""

MAX_CERTIFICATES = 20
"""Certificates that an account may have."""

_PREFIX = "sct1_"
_TOKEN = re.compile(r"sct1_[A-Za-z0-9_-]{43}")


def format_token(secret: bytes) -> str:
    """The token of TOKEN_BYTES random bytes."""
    return _PREFIX + base64.urlsafe_b64encode(secret).rstrip(b"=").decode("ascii")


def is_token(text: str) -> bool:
    """Whether a text that came in a password's place is a token by its form."""
    return _TOKEN.fullmatch(text) is not None


def token_digest(token: str) -> bytes:
    """SHA-256: what is kept of a token, and what it is looked up by."""
    # 256 random bits can't be guessed, so checking one needs no bcrypt.
    return hashlib.sha256(token.encode()).digest()


def is_token_name(name: str) -> bool:
    """Whether a token may be called so: one word of at most MAX_NAME_CHARS printable characters."""
    return (
        0 < len(name) <= MAX_NAME_CHARS
        and name.isprintable()
        # It is a parameter of TOKEN with others behind it: neither of these can stand there
        # (https://modern.ircdocs.horse/#parameters).
        and " " not in name
        and not name.startswith(":")
    )


def fingerprint_of(der: bytes) -> bytes:
    """The SHA-256 of a certificate's DER form: what it is known by."""
    return hashlib.sha256(der).digest()


def default_name(fingerprint: bytes) -> str:
    """The name of a certificate whose owner has given it none."""
    return fingerprint.hex()[:12]
