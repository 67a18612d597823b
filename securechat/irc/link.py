"""Invite links: `securechat://HOST:PORT/CODE/FINGERPRINT`.

Made by `securechat-admin invite`, read by `securechat register`. No character in one means
anything to a shell, so a person may paste it without quotes; only the brackets of an IPv6 address
need them, in some shells.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass, field

DEFAULT_PORT = 6697
"""IRC over TLS (RFC 7194)."""

_SHAPE = re.compile(
    r"securechat://(?P<host>\[[0-9A-Fa-f:.]+\]|[\w.-]+)(?::(?P<port>[0-9]{1,5}))?"
    r"/(?P<code>[A-Za-z0-9_-]{8,64})/(?P<ca>[A-Za-z0-9_-]{43}|system)/?"
)


class LinkError(ValueError):
    """A text is not an invite link."""


@dataclass(frozen=True, slots=True)
class InviteLink:
    """host: DNS name or IP address without brackets. code: the one-time invite code, not in repr.
    ca_sha256: SHA-256 of the CA certificate's DER, 32 bytes; None when the server's certificate
    is from a public CA, which the system's store verifies.
    """

    host: str
    port: int
    code: str = field(repr=False)
    ca_sha256: bytes | None

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        pin = "system" if self.ca_sha256 is None else _b64(self.ca_sha256)
        return f"securechat://{host}:{self.port}/{self.code}/{pin}"

    @classmethod
    def parse(cls, text: str) -> InviteLink:
        """Raises LinkError with a text that says what a link looks like."""
        found = _SHAPE.fullmatch(text.strip())
        if not found:
            raise LinkError(
                "that is not an invite link; expected securechat://HOST:PORT/CODE/FINGERPRINT "
                "as `securechat-admin invite` prints it, whole and on one line"
            )
        port = int(found["port"] or DEFAULT_PORT)
        if not 0 < port < 65536:
            raise LinkError(f"the link's port is {port}; expected 1 to 65535")
        pin = None if found["ca"] == "system" else _unb64(found["ca"])
        return cls(found["host"].strip("[]"), port, found["code"], pin)


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _unb64(text: str) -> bytes:
    """32 bytes: the 43 letters that _SHAPE let through can't be anything else."""
    return base64.urlsafe_b64decode(text + "=")


def code_digest(code: str) -> bytes:
    """What is kept of an invite's code: it has 128 random bits, so a plain SHA-256 hides it."""
    return hashlib.sha256(code.encode()).digest()
