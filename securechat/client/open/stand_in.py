"""What the page logs in by, in the place of this device's token. Pure.

The page holds a text that means something to this command alone, which puts the token in its place
on the way to the server. So no token gets into a browser; and a page that is left open when the
command has died has nothing to tell whoever listens at its port then.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from typing import Final

from securechat.client.session.identity import Login
from securechat.irc.sasl import encode_chunks

COMMAND: Final = b"AUTHENTICATE"
STAND_IN_BYTES: Final = 32


class StandIn:
    """login: what it stands for. text: what the page has instead."""

    def __init__(self, login: Login) -> None:
        self.account = login.account
        self.text = secrets.token_urlsafe(STAND_IN_BYTES)
        self._secret = login.password or ""

    def put_in(self, line: bytes) -> list[bytes]:
        """A line of the page as the server is to have it: several where it takes more chunks of
        SASL, else as it is.
        """
        head, _space, payload = line.rpartition(b" ")
        if head.rpartition(b" ")[2] != COMMAND:
            return [line]
        try:
            fields = base64.b64decode(payload, validate=True).split(b"\0")
        except binascii.Error:
            return [line]
        if len(fields) != 3 or not secrets.compare_digest(fields[2], self.text.encode()):
            return [line]
        fields[2] = self._secret.encode()
        return [head + b" " + chunk.encode() for chunk in encode_chunks(b"\0".join(fields))]
