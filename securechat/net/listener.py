"""The accept thread: takes connections in and hands each to an I/O thread."""

from __future__ import annotations

import errno
import itertools
import logging
import selectors
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress

from securechat.common.threads import NamedThread, Waker
from securechat.net.admission import Admission, NotAdmittedError
from securechat.net.connection import Connection, Opening
from securechat.net.loop import IoThread

log = logging.getLogger(__name__)

BACKLOG = 1024

# Bytes that the kernel keeps of a connection until we read it (it doubles the number for its own
# use): many times what a chat needs, and so little that what lies there is read in an instant.
RECEIVED_BYTES = 1 << 16

# The pause, in seconds, after so many connections at once: that is a flood of them, which could
# have this thread take the interpreter from the others all the time. Some 10,000 a second can come
# in nevertheless.
AT_ONCE = 64
PAUSE_SECONDS = 0.005

RETRY_SECONDS = 0.5
"""Between two tries to accept a connection when the system can't give one."""

_OUT_OF_FILES = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}


class ListenError(Exception):
    """The server can't listen there; the text says why and what to do."""


def bind(host: str, port: int) -> list[socket.socket]:
    """Listening sockets for every address of host. port 0 takes a free one, the same for all.

    Raises ListenError.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except socket.gaierror as error:
        raise ListenError(
            f"can't listen on {host!r}: expected an address or a name of this machine "
            f"({error.strerror}); 0.0.0.0 means all its IPv4 addresses"
        ) from error
    sockets: list[socket.socket] = []
    try:
        for family, kind, protocol, _, address in dict.fromkeys(found):  # each address once
            sockets.append(_bind_one(family, kind, protocol, address, sockets))
    except OSError as error:
        for sock in sockets:
            sock.close()
        raise ListenError(_explain(host, port, error)) from error
    return sockets


def _bind_one(
    family: int,
    kind: int,
    protocol: int,
    address: tuple[object, ...],
    before: Sequence[socket.socket],
) -> socket.socket:
    sock = socket.socket(family, kind, protocol)
    try:
        # A restart must not wait for the last server's connections to leave TIME_WAIT.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        port = before[0].getsockname()[1] if before else address[1]
        sock.bind((address[0], port, *address[2:]))
        # Here, as all connections inherit it, and have to before listen() (tcp(7)).
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVED_BYTES)
        sock.listen(BACKLOG)
        sock.setblocking(False)
    except OSError:
        sock.close()
        raise
    return sock


def _explain(host: str, port: int, error: OSError) -> str:
    hints = {
        errno.EADDRINUSE: "another program listens there; end it, or choose another --port",
        errno.EACCES: "ports below 1024 want privileges; choose another --port",
        errno.EADDRNOTAVAIL: "this machine doesn't have that address; choose another --host",
    }
    hint = hints.get(error.errno or 0, "choose another --host or --port")
    return f"can't listen on {host} port {port} ({error.strerror}): {hint}"


class Listener(NamedThread):
    """The accept thread. It gives its connections to the I/O threads in turn.

    sockets: from bind(). opening: how their connections begin. failed: called in this thread, with
    the bug that it dies of.
    """

    def __init__(
        self,
        sockets: Sequence[socket.socket],
        opening: Opening,
        io: Sequence[IoThread],
        admission: Admission,
        failed: Callable[[BaseException], None],
    ) -> None:
        super().__init__("accept")
        self._sockets = sockets
        self._opening = opening
        self._io = io
        self._next = itertools.cycle(io)
        self._admission = admission
        self._failed = failed
        self._starved = False
        self._waker = Waker()
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Accept no more. Any thread."""
        self._stopping.set()
        self._waker.wake()

    def run(self) -> None:
        """The loop."""
        try:
            self._accept_all()
        except BaseException as error:  # told, or the server would go on and accept nobody
            self._failed(error)
        finally:
            for sock in self._sockets:
                sock.close()
            self._waker.close()

    def _accept_all(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._waker.receiver, selectors.EVENT_READ)
            for sock in self._sockets:
                selector.register(sock, selectors.EVENT_READ)
            while not self._stopping.is_set():
                for key, _ in selector.select():
                    if isinstance(key.fileobj, socket.socket) and key.fileobj in self._sockets:
                        self._accept(key.fileobj)

    def _accept(self, listening: socket.socket) -> None:
        for _ in range(AT_ONCE):
            try:
                sock, peer = listening.accept()
            except BlockingIOError:
                return
            except ConnectionAbortedError:  # the peer has taken it back before we came to it
                continue
            except OSError as error:
                self._not_accepted(error)
                return
            self._starved = False
            self._admit(sock, str(peer[0]), int(peer[1]))
        self._stopping.wait(PAUSE_SECONDS)

    def _not_accepted(self, error: OSError) -> None:
        """Log why no connection could be accepted, once until one can, and wait a moment."""
        # accept(2) also reports what befell the one connection that it would have given. Neither
        # that nor a lack of files may end the listener.
        if not self._starved:
            self._starved = True
            hint = "; raise the limit of open files (ulimit -n)"
            starved = error.errno in _OUT_OF_FILES
            log.error("can't accept: %s%s", error.strerror, hint if starved else "")
        self._stopping.wait(RETRY_SECONDS)  # the socket stays readable: select() would not wait

    def _admit(self, sock: socket.socket, address: str, port: int) -> None:
        io = next(self._next)
        connection = Connection(sock, address, port, io.number)
        try:
            first_to_go = self._admission.admit(connection)
        except NotAdmittedError as refusal:
            log.warning("refused %s port %d: %s", address, port, refusal)
            sock.close()
            return
        sock.setblocking(False)
        # Without it a lone message waits for the acknowledgement of the one before.
        with suppress(OSError):  # some systems refuse when the peer has gone already
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        io.adopt(connection, self._opening)
        if first_to_go is not None:  # after adopt(), as it may be the new one itself
            self._io[first_to_go.io].make_room(first_to_go)
