"""One process of the load: many users on one epoll, told what to do through a pipe."""

from __future__ import annotations

import math
import select
import signal
import time
from array import array
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

from benchlib import orders
from benchlib.client import Client, User
from benchlib.link import Link, LostError, context_for
from benchlib.stream import WrongError
from benchlib.talking import Room, Sender

LOGIN_PATIENCE = 120.0
"""Seconds for all users of a worker to log in, or to enter their rooms."""


def work(pipe: Connection, target: orders.Target) -> None:
    """The process: carries out orders until the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends us
    worker = _Worker(pipe, target)
    try:
        worker.serve()
    except (LostError, WrongError) as error:
        with suppress(OSError):  # the parent has given up because of another worker
            pipe.send(orders.Failure(str(error)))
    except (EOFError, BrokenPipeError):
        pass


class _Worker:
    def __init__(self, pipe: Connection, target: orders.Target) -> None:
        self._pipe = pipe
        self._target = target
        self._context = context_for(target.ca_pem)
        self._epoll = select.epoll()
        self._epoll.register(pipe.fileno(), select.EPOLLIN)
        self._called = False
        self._clients: dict[int, Client] = {}
        self._rooms: dict[str, Room] = {}
        self._senders: list[Sender] = []
        self._latencies: array[int] | None = None
        self._awaited = 0
        self._finished: Callable[[Client], None] = self._arrived
        self._left: Callable[[Client], None] = self._lost
        self._cpu = 0.0
        self._acts: dict[type, Callable[[Any], orders.Answer]] = {
            orders.Connect: self._connect,
            orders.Join: self._join,
            orders.Sync: self._sync,
            orders.Prepare: self._prepare,
            orders.Talk: self._talk,
            orders.Expect: self._expect,
            orders.LogIn: self._log_in,
        }

    def serve(self) -> None:
        """Raises EOFError when the pipe is closed, LostError and WrongError when all is lost."""
        while True:
            self._pump(lambda: self._called)
            self._called = False
            order = self._pipe.recv()
            self._pipe.send(self._acts[type(order)](order))

    def _pump(self, done: Callable[[], bool], deadline: float = math.inf) -> bool:
        """Handle what comes until done: True; or until the deadline, monotonic seconds: False."""
        while not done():
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            for fd, events in self._epoll.poll(None if left == math.inf else left):
                client = self._clients.get(fd)
                if client is not None:
                    self._on_event(client, events)
                elif fd == self._pipe.fileno():
                    self._called = True
        return True

    def _on_event(self, client: Client, events: int) -> None:
        try:
            client.on_event(events)
        except LostError as error:
            if not client.leaving:
                raise LostError(f"{client.user.nick}: {error}") from error
            del self._clients[client.link.fd]
            client.link.close()
            self._left(client)
        except WrongError as error:
            raise WrongError(f"{client.user.nick}: {error}") from error

    # Users come

    def _connect(self, order: orders.Connect) -> orders.Answer:
        self._awaited = 0
        self._finished = self._arrived
        deadline = time.monotonic() + LOGIN_PATIENCE
        for user in order.users:
            self._begin(user)
            self._wait(lambda: self._awaited < order.at_once, deadline, "log in")
        self._wait(lambda: not self._awaited, deadline, "log in")
        self._seat(order)
        client = next(iter(self._clients.values()), None)
        if client is None:
            return orders.Connected("", frozenset())  # more processes than users
        return orders.Connected(client.link.cipher(), frozenset(client.granted))

    def _begin(self, user: User) -> None:
        link = Link(self._target.address, self._context, self._epoll)
        client = Client(user, link, self._target.caps, lambda client: self._finished(client))
        self._clients[link.fd] = client
        self._awaited += 1

    def _arrived(self, client: Client) -> None:
        self._awaited -= 1

    def _lost(self, client: Client) -> None:
        raise LostError(f"{client.user.nick}: closed by the server")

    def _wait(self, done: Callable[[], bool], deadline: float, what: str) -> None:
        if not self._pump(done, deadline):
            raise LostError(f"{self._awaited} users could not {what} in {LOGIN_PATIENCE:.0f} s")

    def _seat(self, order: orders.Connect) -> None:
        """Which rooms there are; their members enter with Sync."""
        for name in dict.fromkeys(user.room for user in order.users if user.room):
            talkers = [user for user in order.talkers if user.room == name]
            self._rooms[name] = Room(name, talkers, self._target.size)

    def _join(self, order: orders.Join) -> orders.Answer:
        self._all(Client.join, "enter their rooms")
        return None

    def _sync(self, order: orders.Sync) -> orders.Answer:
        self._all(lambda client: client.sync("all-here"), "be reached")
        for room in self._rooms.values():
            room.enter([c for c in self._clients.values() if c.user.room == room.name])
        self._senders = [sender for room in self._rooms.values() for sender in room.senders]
        return None

    def _all(self, act: Callable[[Client], None], what: str) -> None:
        self._awaited = len(self._clients)
        for client in self._clients.values():
            act(client)
        deadline = time.monotonic() + LOGIN_PATIENCE
        self._wait(lambda: not self._awaited, deadline, what)

    # A round

    def _prepare(self, order: orders.Prepare) -> orders.Answer:
        self._latencies = array("q") if order.timed else None
        for room in self._rooms.values():
            room.begin(self._latencies)
        self._cpu = time.process_time()
        return None

    def _talk(self, order: orders.Talk) -> orders.Answer:
        end = time.monotonic() + order.seconds
        if order.window:
            self._talk_freely(order.window, end)
        else:
            self._talk_paced(order, end)
        return orders.Sent({sender.number: sender.count for sender in self._senders})

    def _talk_freely(self, window: int, end: float) -> None:
        for sender in self._senders:
            sender.talking = True
            sender.send(window)
        self._pump(lambda: False, end)
        for sender in self._senders:
            sender.talking = False

    def _talk_paced(self, order: orders.Talk, end: float) -> None:
        due = time.monotonic() + order.offset
        turn = 0
        while due < end:
            self._pump(lambda: False, due)
            self._senders[turn % len(self._senders)].send()
            turn += 1
            due += order.interval
        self._pump(lambda: False, end)

    def _expect(self, order: orders.Expect) -> orders.Answer:
        rooms = [(room, order.counts[name]) for name, room in self._rooms.items()]
        deadline = time.monotonic() + order.patience
        if not self._pump(lambda: not any(r.waiting(counts) for r, counts in rooms), deadline):
            late = [client.user.nick for room, counts in rooms for client in room.waiting(counts)]
            raise WrongError(
                f"{len(late)} members, {late[0]} among them, have not received every message "
                f"after {order.patience:.0f} s"
            )
        return orders.Received(
            deliveries=sum(room.delivered() for room, _ in rooms),
            finished=time.monotonic(),
            cpu=time.process_time() - self._cpu,
            latencies=self._latencies.tobytes() if self._latencies is not None else b"",
            orders={room.name: room.stream.order() for room, _ in rooms if room.readers},
        )

    # Logins over and over

    def _log_in(self, order: orders.LogIn) -> orders.Answer:
        cpu, logins, end = time.process_time(), 0, time.monotonic() + order.seconds
        self._awaited = 0
        self._finished = Client.leave

        def left(client: Client) -> None:
            nonlocal logins
            logins += 1
            self._awaited -= 1
            if time.monotonic() < end:
                self._begin(client.user)

        self._left = left
        for user in order.users:
            self._begin(user)
        self._wait(lambda: not self._awaited, end + LOGIN_PATIENCE, "log in and out")
        return orders.LoggedIn(logins, time.monotonic(), time.process_time() - cpu)
