"""One TLS connection of the load: it never blocks, and reads with as few system calls as it can.

OpenSSL on a socket of its own makes two system calls for each TLS record, and some servers send a
record a message; through memory one recv() takes all that has come.
"""

from __future__ import annotations

import errno
import select
import socket
import ssl
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, NamedTuple

RECORD = 16384

_arrival = memoryview(bytearray(1 << 18))
"""Where recv() puts things, for all links of the process: making room anew for each costs more
than the rest of it.
"""


class LostError(Exception):
    """The connection could not be made or is gone; the text says why."""


class Address(NamedTuple):
    """host, port: as given. family, sockaddr: what they were resolved to."""

    host: str
    port: int
    family: int
    sockaddr: tuple[Any, ...]


def resolve(host: str, port: int) -> Address:
    """Raises LostError when the name isn't known."""
    try:
        family, _, _, _, sockaddr = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except socket.gaierror as error:
        raise LostError(f"{host}: {error.strerror}; expected a host name or an address") from error
    return Address(host, port, family, sockaddr)


def context_for(ca_pem: str | None, certificate: str | None = None) -> ssl.SSLContext:
    """TLS 1.3 only, so that all servers are measured at the same work. ca_pem: the only CA that is
    trusted; None for the system's. certificate: a file to log in with, its key in it.
    """
    context = ssl.create_default_context(cadata=ca_pem)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    if certificate is not None:
        context.load_cert_chain(certificate)
    return context


class Link:
    """epoll: where it registers itself; whoever owns that calls ready() with its events."""

    __slots__ = (
        "_epoll",
        "_incoming",
        "_mask",
        "_outgoing",
        "_sock",
        "_tls",
        "_unsent",
        "fd",
        "secured",
    )

    def __init__(self, address: Address, context: ssl.SSLContext, epoll: select.epoll) -> None:
        self._sock = socket.socket(address.family, socket.SOCK_STREAM)
        self._sock.setblocking(False)
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=address.host)
        self._unsent = b""
        self.secured = False
        self.fd = self._sock.fileno()
        self._epoll = epoll
        self._mask = select.EPOLLOUT
        begun = self._sock.connect_ex(address.sockaddr)
        if begun not in (0, errno.EINPROGRESS):
            self._sock.close()
            raise LostError(f"can't connect: {errno.errorcode.get(begun, begun)}")
        epoll.register(self.fd, self._mask)

    def ready(self, events: int) -> bytes:
        """What has come, decrypted; b'' for nothing yet. Raises LostError."""
        if events & select.EPOLLOUT:
            self._connected()
        if not events & ~select.EPOLLOUT:
            return b""
        try:
            size = self._sock.recv_into(_arrival)
        except BlockingIOError:
            return b""
        except OSError as error:
            raise LostError(str(error.strerror)) from error
        if not size:
            raise LostError("closed by the server")
        self._incoming.write(_arrival[:size])
        if not self.secured:
            self._shake()
        return self._decrypted() if self.secured else b""

    @property
    def is_open(self) -> bool:
        """Whether lines may be sent."""
        return self.secured

    def _connected(self) -> None:
        failure = self._sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if failure:
            raise LostError(f"can't connect: {errno.errorcode.get(failure, failure)}")
        if self.secured:
            self._send(b"")
        else:
            self._shake()

    def _shake(self) -> None:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError as error:
            raise LostError(f"TLS handshake failed: {error}") from error
        else:
            self.secured = True
        self._send(self._outgoing.read())

    def _decrypted(self) -> bytes:
        chunks = []
        incoming, read = self._incoming, self._tls.read
        try:
            while incoming.pending and (chunk := read(RECORD)):
                chunks.append(chunk)
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError as error:
            if not chunks:
                raise LostError(f"TLS: {error}") from error
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    def send(self, lines: Iterable[bytes]) -> None:
        """Each in a TLS record of its own, as clients send them. Raises LostError."""
        for line in lines:
            self._tls.write(line)
        self._send(self._outgoing.read())

    def _send(self, data: bytes) -> None:
        data = self._unsent + data
        if data:
            try:
                data = data[self._sock.send(data) :]
            except BlockingIOError:
                pass
            except OSError as error:
                raise LostError(str(error.strerror)) from error
        self._unsent = data
        self._watch(select.EPOLLIN | (select.EPOLLOUT if data else 0))

    def _watch(self, mask: int) -> None:
        if mask != self._mask:
            self._mask = mask
            self._epoll.modify(self.fd, mask)

    def cipher(self) -> str:
        """What was agreed on, such as 'TLSv1.3 TLS_AES_256_GCM_SHA384'."""
        found = self._tls.cipher()
        return f"{found[1]} {found[0]}" if found else ""

    def close(self) -> None:
        """At once, without a word."""
        with suppress(OSError):
            self._epoll.unregister(self.fd)
        self._sock.close()
