"""Which sockets the server listens on, and what is behind each of them. Main thread."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from typing import NamedTuple

from securechat.net.binding import Asked, bind_all, listen
from securechat.net.listener import Endpoint
from securechat.net.opening import TlsOpening
from securechat.server.config import Config
from securechat.server.identity import Identity, listener_context, public_port, web_context
from securechat.server.settings import listen_addresses, web_addresses

Sockets = Mapping[Asked, socket.socket]


class Bound(NamedTuple):
    """Listening sockets by what they were bound for. chat: for clients. web: for browsers."""

    chat: Sockets = {}  # noqa: RUF012 - never changed
    web: Sockets = {}  # noqa: RUF012

    def sockets(self) -> set[socket.socket]:
        """All of them."""
        return {*self.chat.values(), *self.web.values()}

    def listen(self) -> None:
        """Begin to, where bind_listeners() has not. Raises ListenError."""
        listen(self.sockets())

    def close_new(self, before: Bound) -> None:
        """Close those that were not there before."""
        for sock in self.sockets() - before.sockets():
            sock.close()


def bind_listeners(config: Config, before: Bound, *, listens: bool = True) -> Bound:
    """The sockets that a configuration asks for; of those before the ones that are wanted again.
    listens: not before Bound.listen() where False.

    Raises ListenError; then nothing is open that was not before.
    """
    # The own ones first, as both may have been asked for with port 0.
    own = {**before.web, **before.chat}
    chat = bind_all(listen_addresses(config), own, listens=listens)
    taken = set(chat.values())
    left = {**before.chat, **before.web}.items()
    try:
        # None that is the chat's now: of two listeners on one address one would get nothing.
        free = {at: sock for at, sock in left if sock not in taken}
        web = bind_all(web_addresses(config), free, listens=listens)
    except BaseException:
        Bound(chat).close_new(before)
        raise
    return Bound(chat, web)


class Openings:
    """How connections begin, with TLS of the same certificate: those of clients, and those of
    browsers. Raises CaError and TlsFilesError.
    """

    def __init__(self, config: Config, identity: Identity) -> None:
        self._chat = TlsOpening(listener_context(config, identity))
        self._web = TlsOpening(web_context(config, identity))

    def use(self, other: Openings) -> None:
        """Take the TLS of other ones for the handshakes to come; what is open stays as it is."""
        self._chat.use(other._chat.context)
        self._web.use(other._web.context)

    def endpoints(self, config: Config, bound: Bound) -> dict[socket.socket, Endpoint]:
        """What is behind the sockets."""
        chat = Endpoint(lambda stays: self._chat)
        found = dict.fromkeys(bound.chat.values(), chat)
        if bound.web:
            # What speaks HTTP takes memory and time to load, which others needn't pay.
            from securechat.server.web import web_endpoint

            port = public_port(config, next(iter(bound.chat.values())).getsockname()[1])
            found |= dict.fromkeys(bound.web.values(), web_endpoint(self._web, config, port))
        return found
