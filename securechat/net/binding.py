"""Makes the sockets that the server listens on, at its start and when its addresses change."""

from __future__ import annotations

import errno
import socket
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

BACKLOG = 1024

# Bytes that the kernel keeps of a connection until we read it (it doubles the number for its own
# use): many times what a chat needs, and so little that what lies there is read in an instant.
RECEIVED_BYTES = 1 << 16

Asked = tuple[int, tuple[Any, ...]]
"""What a socket was bound for: its family, and its address. Port 0 in it is not the one it got."""

_REUSE_PORT: int | None = getattr(socket, "SO_REUSEPORT", None)


class ListenError(Exception):
    """The server can't listen there; the text says why and what to do."""


def bind(host: str, port: int) -> list[socket.socket]:
    """Listening sockets for every address of host. port 0 takes a free one, the same for all.

    Raises ListenError.
    """
    return list(bind_all([(host, port)], {}).values())


def bind_all(
    addresses: Iterable[tuple[str, int]],
    before: Mapping[Asked, socket.socket],
    *,
    listens: bool = True,
) -> dict[Asked, socket.socket]:
    """Listening sockets for every address of all these hosts.

    before: those that there are, which are taken over where they are wanted again. None of ours
    stands in another's way, as 127.0.0.1 would in that of 0.0.0.0 with the same port. listens: not
    yet where False, so that who comes is refused until listen(); a port at which another program
    listens is told all the same. Raises ListenError; then nothing is open that was not before.
    """
    found: dict[Asked, socket.socket] = {}
    try:
        for host, port in addresses:
            _bind_host(host, port, before, found, listens=listens)
    except BaseException:
        close_new(found, before)
        raise
    return found


def close_new(
    sockets: Mapping[Asked, socket.socket], before: Mapping[Asked, socket.socket]
) -> None:
    """Take bind_all() back."""
    for sock in set(sockets.values()).difference(before.values()):
        sock.close()


def _bind_host(
    host: str,
    port: int,
    before: Mapping[Asked, socket.socket],
    found: dict[Asked, socket.socket],
    *,
    listens: bool,
) -> None:
    try:
        resolved = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except socket.gaierror as error:
        raise ListenError(
            f"can't listen on {host!r}: expected an address or a name of this machine "
            f"({error.strerror}); 0.0.0.0 means all its IPv4 addresses"
        ) from error
    own: list[socket.socket] = []
    for family, _, _, _, address in resolved:
        asked = (int(family), tuple(address))
        if asked in found:  # each address once
            own.append(found[asked])
            continue
        sock = before.get(asked)
        if sock is None:
            # Of one host all have the same port, also where any free one will do.
            wanted = own[0].getsockname()[1] if own else address[1]
            try:
                at = (address[0], wanted, *address[2:])
                sock = _bind_beside(family, at, before, found, listens=listens)
            except OSError as error:
                raise ListenError(_explain(host, port, error)) from error
        found[asked] = sock
        own.append(sock)


def _bind_beside(
    family: int,
    address: tuple[Any, ...],
    before: Mapping[Asked, socket.socket],
    found: Mapping[Asked, socket.socket],
    *,
    listens: bool,
) -> socket.socket:
    """A new socket, though some of ours may listen on that port already. Raises OSError."""
    try:
        return _bind_one(family, address, listens=listens)
    except OSError as error:
        here = {*before.values(), *found.values()}
        ours = [sock for sock in here if sock.getsockname()[1] == address[1]]
        if error.errno != errno.EADDRINUSE or not ours or _REUSE_PORT is None:
            raise
    with _side_by_side(ours):
        new = _bind_one(family, address, beside=True, listens=listens)
        new.setsockopt(socket.SOL_SOCKET, _REUSE_PORT, 0)
    return new


@contextmanager
def _side_by_side(ours: Collection[socket.socket]) -> Iterator[None]:
    """The kernel lets two listen so if both say so and one user has both. For this moment only, as
    else a second server would start on the same port, and take half of the connections.
    """
    if _REUSE_PORT is None:
        yield
        return
    for sock in ours:
        sock.setsockopt(socket.SOL_SOCKET, _REUSE_PORT, 1)
    try:
        yield
    finally:
        for sock in ours:
            sock.setsockopt(socket.SOL_SOCKET, _REUSE_PORT, 0)


def listen(sockets: Collection[socket.socket]) -> None:
    """Begin to, on those of a bind_all() that don't yet. Raises ListenError."""
    with _side_by_side(sockets if len(sockets) > 1 else ()):
        for sock in sockets:
            try:
                sock.listen(BACKLOG)
            except OSError as error:  # another program has begun to meanwhile
                host, port = sock.getsockname()[:2]
                raise ListenError(_explain(host, port, error)) from error


def _bind_one(
    family: int, address: tuple[Any, ...], *, beside: bool = False, listens: bool = True
) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        # A restart must not wait for the last server's connections to leave TIME_WAIT.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if beside and _REUSE_PORT is not None:
            sock.setsockopt(socket.SOL_SOCKET, _REUSE_PORT, 1)
        sock.bind(address)
        # Here, as all connections inherit it, and have to before listen() (tcp(7)).
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVED_BYTES)
        if listens:
            sock.listen(BACKLOG)
        sock.setblocking(False)
    except OSError:
        sock.close()
        raise
    return sock


LOW_PORT = (
    "a port below 1024 wants the capability CAP_NET_BIND_SERVICE: a systemd unit gives it by the "
    "line AmbientCapabilities=CAP_NET_BIND_SERVICE under [Service]; or choose another --port"
)

_HINTS = {
    errno.EADDRINUSE: "another program listens there; end it, or choose another --port",
    errno.EACCES: LOW_PORT,
    errno.EADDRNOTAVAIL: "this machine doesn't have that address; choose another --host",
}


def _explain(host: str, port: int, error: OSError) -> str:
    hint = _HINTS.get(error.errno or 0, "choose another --host or --port")
    return f"can't listen on {host} port {port} ({error.strerror}): {hint}"
