"""All users of one process of the load on one epoll, and the wait for what they are at."""

from __future__ import annotations

import math
import select
import ssl
import time
from collections.abc import Callable
from multiprocessing.connection import Connection

from benchlib import orders
from benchlib.client import Client, User
from benchlib.link import Link, LostError, context_for
from benchlib.stream import WrongError
from benchlib.web_link import WebLink

PATIENCE = 180.0
"""Seconds for all users of a process to come to where they were sent."""


class ClientLoop:
    """pipe: to the parent. awaited: users that are on their way. left: called with each whose
    connection has ended as it was to.
    """

    def __init__(self, pipe: Connection, target: orders.Target) -> None:
        self.pipe = pipe
        self.target = target
        self.clients: dict[int, Client] = {}
        self.called = False
        self.awaited = 0
        self.left: Callable[[Client], None] = lambda client: None
        self._contexts: dict[str | None, ssl.SSLContext] = {}
        self._epoll = select.epoll()
        self._epoll.register(pipe.fileno(), select.EPOLLIN)

    def pump(self, done: Callable[[], bool], deadline: float = math.inf) -> bool:
        """Handle what comes until done: True; or until the deadline, monotonic seconds: False.

        Raises LostError and WrongError.
        """
        while not done():
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            for fd, events in self._epoll.poll(None if left == math.inf else left):
                client = self.clients.get(fd)
                if client is not None:
                    self._on_event(client, events)
                elif fd == self.pipe.fileno():
                    self.called = True
        return True

    def pump_until_called(self, deadline: float = math.inf) -> bool:
        """Handle what comes until the parent has an order: True; or until the deadline: False."""
        return self.pump(lambda: self.called, deadline)

    def _on_event(self, client: Client, events: int) -> None:
        try:
            client.on_event(events)
        except LostError as error:
            if not client.leaving:
                raise LostError(f"{client.user.nick}: {error}") from error
            self.forget(client)
            self.left(client)
        except WrongError as error:
            raise WrongError(f"{client.user.nick}: {error}") from error

    def begin(
        self, user: User, progressed: Callable[[Client], None], *, enters: bool = False
    ) -> Client:
        """A new connection of a user's. Raises LostError."""
        context = self._context(user.certificate)
        kind = WebLink if self.target.web else Link
        link = kind(user.address or self.target.address, context, self._epoll)
        client = Client(user, link, self.target.caps, progressed, enters=enters)
        self.clients[link.fd] = client
        self.awaited += 1
        return client

    def _context(self, certificate: str | None) -> ssl.SSLContext:
        context = self._contexts.get(certificate)
        if context is None:
            context = context_for(self.target.ca_pem, certificate)
            self._contexts[certificate] = context
        return context

    def arrived(self, _: Client) -> None:
        """One less to be awaited."""
        self.awaited -= 1

    def forget(self, client: Client) -> None:
        """Close its connection, and know nothing of it any more."""
        del self.clients[client.link.fd]
        client.link.close()

    def wait(self, done: Callable[[], bool], what: str, patience: float = PATIENCE) -> None:
        """Handle what comes until done. patience: seconds; past it LostError is raised."""
        if not self.pump(done, time.monotonic() + patience):
            raise LostError(f"{self.awaited} users could not {what} in {patience:.0f} s")
