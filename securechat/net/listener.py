"""The accept thread: takes connections in and hands each to an I/O thread."""

from __future__ import annotations

import errno
import itertools
import logging
import selectors
import socket
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

from securechat.common.threads import NamedThread, Waker
from securechat.net.admission import Admission, NotAdmittedError
from securechat.net.binding import BACKLOG
from securechat.net.connection import Connection, Opening, Place
from securechat.net.errors import LostError
from securechat.net.loop import IoThread
from securechat.net.proxy_header import ProxyOpening, TrustedProxies

log = logging.getLogger(__name__)

# The pause, in seconds, after so many connections at once: that is a flood of them, which could
# have this thread take the interpreter from the others all the time. Some 10,000 a second can come
# in nevertheless.
AT_ONCE = 64
PAUSE_SECONDS = 0.005

RETRY_SECONDS = 0.5
"""Between two tries to accept a connection when the system can't give one."""

_OUT_OF_FILES = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}


LetIn = Callable[[Connection], None]
"""Called in a connection's I/O thread before its opening goes on; raises LostError when it may not
come in.
"""


class Endpoint(NamedTuple):
    """What is behind a listening socket.

    opening: gives how a connection begins that has come there; it is told whom to ask whether a
    visitor may stay. place: as what it comes.
    """

    opening: Callable[[LetIn], Opening]
    place: Place = Place.TALKING


class Listener(NamedThread):
    """The accept thread. It gives its connections to the I/O threads in turn.

    endpoints: by their sockets, which are from bind_all(). failed: called in this thread, with the
    bug that it dies of.
    """

    def __init__(
        self,
        endpoints: Mapping[socket.socket, Endpoint],
        io: Sequence[IoThread],
        admission: Admission,
        failed: Callable[[BaseException], None],
    ) -> None:
        super().__init__("accept")
        self._endpoints = endpoints
        self._new: deque[Mapping[socket.socket, Endpoint]] = deque()
        self._io = io
        self._next = itertools.cycle(io)
        self._admission = admission
        self.proxies = TrustedProxies()
        """Whose connections begin with a header. Any thread may set it, for those to come."""
        self._failed = failed
        self._starved = False
        self.refused = 0
        """Connections that were not admitted; any thread may look."""
        self._waker = Waker()
        self._stopping = threading.Event()

    def listen(self, endpoints: Mapping[socket.socket, Endpoint]) -> None:
        """Accept on these sockets from now on. Those of before that are not among them are closed,
        after everybody was let in who waits there. Any thread.
        """
        self._new.append(endpoints)
        self._waker.wake()

    def stop(self) -> None:
        """Accept no more. Any thread."""
        self._stopping.set()
        self._waker.wake()

    # This thread only, from here on

    def run(self) -> None:
        """The loop."""
        try:
            self._accept_all()
        except BaseException as error:  # told, or the server would go on and accept nobody
            self._failed(error)
        finally:
            for sock in {*self._endpoints, *(sock for new in self._new for sock in new)}:
                sock.close()
            self._waker.close()

    def _accept_all(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._waker.receiver, selectors.EVENT_READ)
            for sock in self._endpoints:
                selector.register(sock, selectors.EVENT_READ)
            while not self._stopping.is_set():
                for key, _ in selector.select():
                    if isinstance(key.fileobj, socket.socket) and key.fileobj in self._endpoints:
                        self._accept(key.fileobj)
                self._waker.reset()
                while self._new:
                    self._change(selector, self._new.popleft())

    def _change(
        self, selector: selectors.BaseSelector, endpoints: Mapping[socket.socket, Endpoint]
    ) -> None:
        before, self._endpoints = self._endpoints, endpoints
        for sock in endpoints:
            if sock not in before:
                selector.register(sock, selectors.EVENT_READ)
        for sock, endpoint in before.items():
            if sock not in endpoints:
                selector.unregister(sock)
                # Who waits in its queue would be reset.
                for _ in range(BACKLOG):
                    if not self._accept_one(sock, endpoint):
                        break
                sock.close()

    def _accept(self, listening: socket.socket) -> None:
        endpoint = self._endpoints[listening]
        for _ in range(AT_ONCE):
            if not self._accept_one(listening, endpoint):
                return
        self._stopping.wait(PAUSE_SECONDS)

    def _accept_one(self, listening: socket.socket, endpoint: Endpoint) -> bool:
        """Whether there may be more."""
        try:
            sock, peer = listening.accept()
        except BlockingIOError:
            return False
        except ConnectionAbortedError:  # the peer has taken it back before we came to it
            return True
        except OSError as error:
            self._not_accepted(error)
            return False
        self._starved = False
        self._admit(sock, endpoint, str(peer[0]), int(peer[1]))
        return True

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

    def _admit(self, sock: socket.socket, endpoint: Endpoint, address: str, port: int) -> None:
        io = next(self._next)
        connection = Connection(sock, address, port, io.number)
        opening, first_to_go = endpoint.opening(self._visitor_stays), None
        try:
            if address in self.proxies:
                self._admission.admit(connection, Place.EXPECTED)
                place = endpoint.place
                opening = ProxyOpening(opening, lambda known: self._let_in(known, place))
            else:
                first_to_go = self._admission.admit(connection, endpoint.place)
        except NotAdmittedError as refusal:
            log.warning("refused %s port %d: %s", address, port, refusal)
            self.refused += 1
            sock.close()
            return
        sock.setblocking(False)
        # Without it a lone message waits for the acknowledgement of the one before.
        with suppress(OSError):  # some systems refuse when the peer has gone already
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        io.adopt(connection, opening)
        if first_to_go is not None:  # after adopt(), as it may be the new one itself
            self._io[first_to_go.io].make_room(first_to_go)

    # I/O threads

    def _visitor_stays(self, connection: Connection) -> None:
        """A visitor begins to talk."""
        self._let_in(connection, Place.TALKING)

    def _let_in(self, connection: Connection, place: Place) -> None:
        """From where it was: a balancer has told whose it is, or a visitor stays."""
        try:
            first_to_go = self._admission.admit(connection, place)
        except NotAdmittedError as refusal:
            raise LostError(str(refusal)) from None
        if first_to_go is not None:
            self._io[first_to_go.io].make_room(first_to_go)
