"""The header by which a TCP balancer tells whose connection it hands on: PROXY protocol, version 2.

http://www.haproxy.org/download/3.2/doc/proxy-protocol.txt, section 2.2. It stands before TLS, in
plaintext, so only the addresses that the configuration names are believed: whoever else could send
one could be from anywhere. I/O thread only, but for TrustedProxies.
"""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Callable, Iterable
from selectors import EVENT_READ

from securechat.net.connection import Connection, Opening, Phase
from securechat.net.errors import CheckedError, EndedError, LostError

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
FIXED_BYTES = 16
"""The signature, version and command, family and transport, and the length of the rest."""

MOST_BYTES = 4096
"""Of the rest: the longest addresses take 216, and what a balancer may tell beside them (TLVs),
such as the name that a client has asked for or its certificate, is thrown away.
"""

VERSION = 2
LOCAL, PROXY = 0, 1
"""Commands: the balancer's own connection, as to see whether the server is there; or a client's."""

UNSPEC, INET, INET6, UNIX = range(4)
STREAM, MOST_TRANSPORT = 1, 2

Source = tuple[str, int]
"""A client's address and port."""


class TrustedProxies:
    """The networks whose connections begin with a header. Any thread."""

    def __init__(self, networks: Iterable[str] = ()) -> None:
        self._networks = [ipaddress.ip_network(network) for network in networks]

    def __contains__(self, address: str) -> bool:
        if not self._networks:  # by far the most frequent case
            return False
        found = _plain(ipaddress.ip_address(address.partition("%")[0]))
        return any(found in network for network in self._networks)


class HeaderError(LostError):
    """What has come is no such header. The text is for the log."""


class ProxyOpening(Opening):
    """Reads the header of one connection, and has it begin then as if its client had come itself.

    inner: how it begins behind the header. arrived: called once the connection's address is known;
    raises LostError when it may not come in.
    """

    def __init__(self, inner: Opening, arrived: Callable[[Connection], None]) -> None:
        self._inner = inner
        self._arrived = arrived
        self._came = b""
        self._complete = False
        self._own = True
        """Whether it is the balancer's own connection, as far as that is known."""
        self.framing = inner.framing
        self.seconds = inner.seconds
        self.renewed = False

    def step(self, connection: Connection) -> int:
        """See Opening. What comes behind the header is left for TLS."""
        if not self._complete:
            if not self._read(connection):
                return EVENT_READ
            self._complete = True
        try:
            wanted = self._inner.step(connection)
        except EndedError as ended:
            if self._own and connection.phase is Phase.RAW:
                raise CheckedError(str(ended)) from None
            raise
        # What the inner one finds out on the way is asked of this one.
        self.framing = self._inner.framing
        self.renewed, self._inner.renewed = self._inner.renewed, False
        return wanted

    def too_late(self) -> LostError:
        """See Opening."""
        return self._inner.too_late()

    def explain(self, connection: Connection) -> None:
        """See Opening."""
        self._inner.explain(connection)

    def _read(self, connection: Connection) -> bool:
        """Whether the header is complete, and the client let in. Raises LostError."""
        while (missing := length(self._came) - len(self._came)) > 0:
            try:
                # Not a byte more, as that would be TLS's.
                data = connection.sock.recv(missing)
            except BlockingIOError:
                return False
            except OSError as error:
                raise self._gone(f"connection lost ({error.strerror})") from None
            if not data:
                raise self._gone("closed by the balancer before its PROXY header was complete")
            self._came += data
        client = source(self._came)
        if client is not None:
            self._own = False
            connection.address, connection.port = client
        self._arrived(connection)
        return True

    def _gone(self, reason: str) -> LostError:
        return LostError(reason) if self._came else CheckedError(reason)


def length(came: bytes) -> int:
    """How many bytes are to be read, by those that have come: the fixed part first, then the whole
    header. Raises HeaderError.
    """
    if not came.startswith(SIGNATURE[: len(came)]):
        if came.startswith(b"PROXY"[: len(came)]):
            if len(came) < len(b"PROXY"):
                return FIXED_BYTES
            raise HeaderError(
                "a PROXY header of version 1; have the balancer send version 2 (in HAProxy "
                "send-proxy-v2 instead of send-proxy)"
            )
        raise HeaderError(
            "no PROXY header, though proxies in [listen] names this address; have it send one, or "
            "name only addresses of balancers"
        )
    if len(came) < FIXED_BYTES:
        return FIXED_BYTES
    rest = int(struct.unpack_from("!H", came, 14)[0])
    if rest > MOST_BYTES:
        raise HeaderError(f"a PROXY header of {rest} bytes; {MOST_BYTES} are the most")
    return FIXED_BYTES + rest


def source(header: bytes) -> Source | None:
    """Whose connection it is, by a complete header; None when it is the balancer's own, or comes by
    something else than TCP. Raises HeaderError.
    """
    version, command = divmod(header[12], 16)
    family, transport = divmod(header[13], 16)
    if version != VERSION or command not in (LOCAL, PROXY):
        raise HeaderError(f"a PROXY header of unknown version or command {header[12]:#04x}")
    # "must use the real connection endpoints and discard the protocol block including the family"
    if command == LOCAL:
        return None
    if family > UNIX or transport > MOST_TRANSPORT:
        raise HeaderError(f"a PROXY header of unknown family or transport {header[13]:#04x}")
    if family not in (INET, INET6) or transport != STREAM:
        return None
    size = 4 if family == INET else 16
    if len(header) < FIXED_BYTES + 2 * size + 4:
        raise HeaderError("a PROXY header that is too short for its addresses")
    address = _plain(ipaddress.ip_address(header[FIXED_BYTES : FIXED_BYTES + size]))
    port = struct.unpack_from("!H", header, FIXED_BYTES + 2 * size)[0]
    return str(address), int(port)


def _plain(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """An IPv4 address as such, also where it is written as one of IPv6."""
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
