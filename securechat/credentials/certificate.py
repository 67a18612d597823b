"""Client certificates, as both sides speak of them: by their fingerprints. Pure; any thread may
call.
"""

from __future__ import annotations

import hashlib

MAX_CERTIFICATES = 20
"""So many an account may have."""


def fingerprint_of(der: bytes) -> bytes:
    """The SHA-256 of a certificate's DER form: what it is known by."""
    return hashlib.sha256(der).digest()


def default_name(fingerprint: bytes) -> str:
    """What a certificate is called whose owner has named none."""
    return fingerprint.hex()[:12]
