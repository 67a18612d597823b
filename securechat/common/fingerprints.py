"""Fingerprints as all our programs show them: in groups, which can be compared by eye and read over
the phone. Any thread may call.
"""

from __future__ import annotations

GROUP = 4
"""Digits of a group."""


def grouped(digest: bytes | str) -> str:
    """A digest in hexadecimal, in groups with spaces between them. digest: its bytes, or digits."""
    digits = digest if isinstance(digest, str) else digest.hex()
    return " ".join(digits[at : at + GROUP] for at in range(0, len(digits), GROUP))
