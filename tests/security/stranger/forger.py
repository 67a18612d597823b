"""A client of TLS 1.3 that writes its records by hand once the handshake is done.

OpenSSL shakes hands and tells the keys (SSLKEYLOGFILE); from then on everything that this client
says is encrypted here, so it can say what no TLS library would (RFC 8446, sections 5 and 7).
"""

from __future__ import annotations

import hmac
import socket
import ssl
import struct
from enum import IntEnum
from pathlib import Path
from typing import Self

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tests.support.links import PATIENCE

DIGEST, KEY_BYTES, IV_BYTES, SECRET_BYTES = "sha384", 32, 12, 48
"""Of TLS_AES_256_GCM_SHA384, which is what OpenSSL prefers on both sides."""


class Kind(IntEnum):
    """Content types of records (RFC 8446, section 5.1)."""

    CHANGE_CIPHER_SPEC = 20
    ALERT = 21
    HANDSHAKE = 22
    DATA = 23


class Forger:
    """port: the server's. ca: its certificate authority. keys: a file that is not there yet."""

    def __init__(self, port: int, ca: Path, keys: Path) -> None:
        context = ssl.create_default_context(cafile=str(ca))
        context.keylog_filename = str(keys)
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._come, self._go = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._come, self._go, server_hostname="localhost")
        self._shake_hands()
        [secret] = [
            line.split()[2]
            for line in keys.read_text().splitlines()
            if line.startswith("CLIENT_TRAFFIC_SECRET_0 ")
        ]
        self._use(bytes.fromhex(secret))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.sock.close()

    def _shake_hands(self) -> None:
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                self.sock.sendall(self._go.read())
                self._come.write(self.sock.recv(65536))
            else:
                self.sock.sendall(self._go.read())
                break
        assert (self._tls.cipher() or ("",))[0] == "TLS_AES_256_GCM_SHA384"

    def _use(self, secret: bytes) -> None:
        self._secret, self._number = secret, 0
        self._cipher = AESGCM(_expand(secret, "key", KEY_BYTES))
        self._iv = int.from_bytes(_expand(secret, "iv", IV_BYTES))

    def record(self, content: bytes, kind: int = Kind.DATA, *, padding: int = 0) -> bytes:
        """The next record, with the content and its kind encrypted, and zeros behind them."""
        inner = content + bytes([kind]) + bytes(padding)
        head = struct.pack(">BHH", Kind.DATA, 0x0303, len(inner) + 16)
        nonce = (self._iv ^ self._number).to_bytes(IV_BYTES)
        self._number += 1
        return head + self._cipher.encrypt(nonce, inner, head)

    def key_update(self, *, answer: bool = False) -> bytes:
        """A KeyUpdate, after which the next key is in use. answer: ask the server for one too."""
        message = self.record(bytes([24, 0, 0, 1, answer]), Kind.HANDSHAKE)
        self._use(_expand(self._secret, "traffic upd", SECRET_BYTES))
        return message

    def sends(self, *records: bytes) -> None:
        """Whole records, or what one likes."""
        self.sock.sendall(b"".join(records))

    def says(self, *lines: str) -> None:
        """Lines, a record each, as an honest client would."""
        self.sends(*(self.record(f"{line}\r\n".encode()) for line in lines))

    def hears_until(self, wanted: str) -> str:
        """All that is said up to a text; raises EOFError when the server has gone before."""
        heard = b""
        while wanted.encode() not in heard:
            try:
                heard += self._tls.read(65536)
            except ssl.SSLWantReadError:
                data = self.sock.recv(65536)
                if not data:
                    raise EOFError(f"{wanted!r} never came: {heard!r}") from None
                self._come.write(data)
        return heard.decode()

    def hears_the_end(self) -> str:
        """How the server ends it: the name of its alert, or else how the connection went."""
        while True:
            try:
                if not self._tls.read(65536):
                    return "CLOSE_NOTIFY"
            except ssl.SSLWantReadError:
                try:
                    data = self.sock.recv(65536)
                except ConnectionResetError:
                    return "RESET"
                if not data:
                    return "EOF"
                self._come.write(data)
            except ssl.SSLZeroReturnError:
                return "CLOSE_NOTIFY"
            except ssl.SSLError as error:
                return (error.reason or str(error)).partition("_ALERT_")[2]


def _expand(secret: bytes, label: str, length: int) -> bytes:
    """HKDF-Expand-Label without a context (RFC 8446, section 7.1); one block of it is enough."""
    name = b"tls13 " + label.encode()
    info = struct.pack(">HB", length, len(name)) + name + b"\0\1"
    return hmac.digest(secret, info, DIGEST)[:length]
