"""SASL over IRC: the AUTHENTICATE chunks and the PLAIN and EXTERNAL payloads.

https://ircv3.net/specs/extensions/sasl-3.1, RFC 4616 (PLAIN), RFC 4422 appendix A (EXTERNAL).
"""

from __future__ import annotations

import base64
import binascii
from typing import NamedTuple

CHUNK = 400
"""Characters of base64 in one AUTHENTICATE; a shorter chunk ends the payload (sasl-3.1)."""

# Three fields of 1,024 bytes fit with room to spare; RFC 4616, section 2, wants 255 of each taken.
MAX_PAYLOAD = 12 * CHUNK
"""Base64 characters accepted for one payload."""


class SaslError(ValueError):
    """A payload is malformed. The text never holds any of the payload."""


class SaslTooLongError(SaslError):
    """A chunk is over CHUNK (numeric 905; whatever else is wrong is 904)."""


class Plain(NamedTuple):
    """The fields of a PLAIN payload. authzid is '' when the client left it out."""

    authzid: str
    authcid: str
    password: str

    def __repr__(self) -> str:
        """Without the password, as a repr may reach a log."""
        return f"Plain(authzid={self.authzid!r}, authcid={self.authcid!r})"


def encode_chunks(payload: bytes) -> list[str]:
    """The parameters of the AUTHENTICATE commands that carry payload ('+' for an empty one)."""
    text = base64.b64encode(payload).decode()
    chunks = [text[i : i + CHUNK] for i in range(0, len(text), CHUNK)]
    if len(text) % CHUNK == 0:
        chunks.append("+")  # it ends a payload after a whole chunk, and an empty one (sasl-3.1)
    return chunks


def encode_plain(account: str, password: str) -> bytes:
    """The PLAIN payload that logs in to account."""
    return b"\0".join(part.encode() for part in (account, account, password))


def decode_plain(payload: bytes) -> Plain:
    """Raises SaslError when payload is not three NUL-separated UTF-8 fields with a name."""
    fields = payload.split(b"\0", 2)
    if len(fields) != 3:
        raise SaslError("expected authzid NUL authcid NUL password")
    try:
        authzid, authcid, password = (part.decode() for part in fields)
    except UnicodeDecodeError:  # not its cause: that holds the bytes, the password among them
        raise SaslError("expected UTF-8 in the PLAIN payload") from None
    if not authcid or not password:  # RFC 4616, section 2: neither may be
        raise SaslError("the account name or the password is empty")
    return Plain(authzid, authcid, password)


class Assembler:
    """Puts the chunks of one payload together."""

    __slots__ = ("_text",)

    def __init__(self) -> None:
        self._text = ""

    def feed(self, chunk: str) -> bytes | None:
        """The payload when chunk completes it, else None. Raises SaslError."""
        if len(chunk) > CHUNK:
            raise SaslTooLongError("SASL message too long")
        if chunk != "+":
            self._text += chunk
            if len(self._text) > MAX_PAYLOAD:  # who sends full chunks without end fills no memory
                raise SaslError("the payload is too long")
            if len(chunk) == CHUNK:
                return None
        try:
            return base64.b64decode(self._text, validate=True)
        except (binascii.Error, ValueError):
            raise SaslError("expected base64 in AUTHENTICATE") from None
