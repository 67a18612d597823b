"""The page as `securechat open` serves it, in this process, for who is logged in to a server."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from securechat.client.open.page import LOOPBACK, LocalPage
from securechat.client.open.peers import is_foreign
from securechat.client.open.port import LoopbackPort
from securechat.client.open.stand_in import StandIn
from securechat.client.open.visits import Entry
from securechat.client.session.identity import Address, Login
from securechat.client.trust.authorities import Dialer, Trust
from securechat.client.trust.authorities import Origin as TrustOrigin
from tests.support.links import PATIENCE
from tests.support.process import ServerProcess
from tests.support.server import PASSWORD, ServerUnderTest


class Opened:
    """A port with a page. said: what the person was told."""

    def __init__(
        self,
        server: ServerUnderTest | ServerProcess,
        account: str,
        is_foreign: Callable[[socket.socket], bool] = is_foreign,
    ) -> None:
        address = Address("127.0.0.1", server.port)
        self.stand_in = StandIn(Login(account, PASSWORD))
        self._port = LoopbackPort(is_foreign)
        self.port = self._port.number
        self.page = LocalPage(self.port, self.stand_in, str(address))
        self.said: list[str] = []
        dialer = Dialer(address, Trust(server.ca.read_text(), TrustOrigin.PIN))
        self.entry = Entry(
            self.page.rules(), self.stand_in, dialer, self.said.append, self._port.ending
        )
        self._thread = threading.Thread(target=self._port.serve, args=[self.entry], daemon=True)
        self._thread.start()

    @property
    def path(self) -> str:
        """That of the page, with its slashes."""
        return self.page.address.partition(str(self.port))[2]

    def asks(self, path: str, method: str = "GET", host: str = "") -> tuple[int, bytes]:
        """A request of HTTP: the status and the body."""
        connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, headers={"Host": host or f"{LOOPBACK}:{self.port}"})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def talks(self, path: str = "", origin: str = "", host: str = "") -> ClientConnection:
        """A WebSocket, as the page opens it."""
        return connect(
            f"ws://{host or LOOPBACK}:{self.port}{path or self.path + 'socket'}",
            sock=socket.create_connection((LOOPBACK, self.port), PATIENCE),
            origin=Origin(origin or f"http://{LOOPBACK}:{self.port}"),
            subprotocols=[Subprotocol("text.ircv3.net")],
            proxy=None,
            open_timeout=PATIENCE,
        )

    def stops(self) -> None:
        """As by Ctrl-C."""
        self._port.stop()
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()
        self._port.close()


@contextmanager
def opened(
    server: ServerUnderTest | ServerProcess,
    account: str,
    is_foreign: Callable[[socket.socket], bool] = is_foreign,
) -> Iterator[Opened]:
    """For the time of a block."""
    found = Opened(server, account, is_foreign)
    try:
        yield found
    finally:
        found.stops()
