"""The second factor's codes: RFC 6238 (TOTP) and the recovery codes that stand in for them.

Pure. now_ms: milliseconds since 1970 (UTC).
"""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Callable

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.hotp import HOTP
from cryptography.hazmat.primitives.twofactor.totp import TOTP

SECRET_BYTES = 20
"""RFC 4226 (4, R6) recommends 160 bits; every authenticator takes them."""

STEP_MS = 30_000
DIGITS = 6
WINDOW = 1
"""Steps that a phone's clock may be off, each way (RFC 6238, 5.2)."""

RECOVERY_CODES = 10
_RECOVERY_BYTES = 7  # 56 bits, of which 50 are shown

# At the very end and in these two forms only: most passwords don't end so.
_AT_END = re.compile(r"([0-9]{6}|[a-z2-7]{5}-[a-z2-7]{5})\Z")


def code_at_end(password: str) -> str:
    """What may be a code, appended to a password by a client that can't ask for it; '' for none."""
    found = _AT_END.search(password)
    return found[1] if found else ""


def base32(secret: bytes) -> str:
    """A secret as people type it into an authenticator."""
    return base64.b32encode(secret).decode("ascii")


def uri(secret: bytes, account: str, issuer: str) -> str:
    """The otpauth URI that a QR code for authenticators holds."""
    return _totp(secret).get_provisioning_uri(account, issuer)


def accepted(secret: bytes, code: str, now_ms: int, after: int) -> int | None:
    """The time step that a code belongs to, when it is right now and newer than `after`.

    So that no code is accepted twice (RFC 6238, 5.2). None for a wrong or an old one.
    """
    present = now_ms // STEP_MS
    found = None
    # All steps are tried even when one fits, so that the time doesn't tell which it was.
    for step in range(present - WINDOW, present + WINDOW + 1):
        right = hmac.compare_digest(code_of(secret, step), code.encode())
        # A code that was accepted, and any older one, is worth nothing any more (RFC 6238, 5.2).
        if right and step > after:
            found = step
    return found


def code_of(secret: bytes, step: int) -> bytes:
    """The code of a time step: DIGITS ASCII digits."""
    if step < 0:  # a clock before 1970
        return b""
    # SHA-1 is RFC 6238's default and the only one that all authenticators know; in an HMAC it is
    # sound.
    return HOTP(secret, DIGITS, SHA1()).generate(step)  # noqa: S303


def recovery_codes(random: Callable[[int], bytes]) -> list[str]:
    """New recovery codes, each with 50 random bits: xxxxx-xxxxx, a-z and 2-7."""
    codes = []
    for _ in range(RECOVERY_CODES):
        # Base 32 has no 0, 1, 8 and 9: nobody mistakes them for letters on paper.
        text = base64.b32encode(random(_RECOVERY_BYTES)).decode("ascii").lower()
        codes.append(f"{text[:5]}-{text[5:10]}")
    return codes


def _totp(secret: bytes) -> TOTP:
    return TOTP(secret, DIGITS, SHA1(), STEP_MS // 1000)  # noqa: S303
