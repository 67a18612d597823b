"""How users of the load come and go, in one of its processes."""

from __future__ import annotations

import time
from array import array

from benchlib import orders
from benchlib.client import Client, User
from benchlib.client_loop import PATIENCE, ClientLoop
from benchlib.stream import Replay, Talker, WrongError


def connect(loop: ClientLoop, order: orders.Connect) -> orders.Connected:
    """Have users log in, and enter their rooms."""
    cpu = time.process_time()
    loop.awaited = 0
    for user in order.users:
        loop.begin(user, loop.arrived, enters=True)
        loop.wait(lambda: loop.awaited < order.at_once, "log in")
    loop.wait(lambda: not loop.awaited, "log in")
    client = next(iter(loop.clients.values()), None)
    finished, used = time.monotonic(), time.process_time() - cpu
    if client is None:  # more processes than users
        return orders.Connected("", frozenset(), finished, used)
    return orders.Connected(client.link.cipher(), frozenset(client.granted), finished, used)


def log_in(loop: ClientLoop, order: orders.LogIn) -> orders.LoggedIn:
    """Log in and out, over and over."""
    cpu, logins, end = time.process_time(), 0, time.monotonic() + order.seconds
    cipher = ""
    loop.awaited = 0

    def left(client: Client) -> None:
        nonlocal logins, cipher
        logins += 1
        cipher = client.link.cipher()
        loop.awaited -= 1
        if time.monotonic() < end:
            loop.begin(client.user, Client.leave)

    loop.left = left
    for user in order.users:
        loop.begin(user, Client.leave)
    loop.wait(lambda: not loop.awaited, "log in and out", order.seconds + PATIENCE)
    return orders.LoggedIn(logins, time.monotonic(), time.process_time() - cpu, cipher)


def expect_close(loop: ClientLoop, order: orders.ExpectClose) -> None:
    """From now on the server may close the connections that there are."""
    loop.left = lambda client: None
    for client in loop.clients.values():
        client.leaving = True


def await_close(loop: ClientLoop, order: orders.AwaitClose) -> None:
    """Wait until the server has closed all connections. Raises LostError when it does not."""
    loop.awaited = len(loop.clients)
    loop.wait(lambda: not loop.clients, "see the server close their connections")


def come_back(loop: ClientLoop, order: orders.Return) -> orders.Returned:
    """Have users log in who have missed something, one after the other. Raises WrongError."""
    cpu = time.process_time()
    welcomed, replayed, cipher = array("q"), array("q"), ""
    for user in order.users:
        one = _Return(loop, user, order)
        loop.left = loop.arrived
        loop.wait(lambda: not loop.awaited, "get what they have missed")
        welcomed.append(one.welcomed - one.begun)
        replayed.append(one.replay.finished - one.begun)
        cipher = one.cipher
    return orders.Returned(
        len(order.users) * (order.span[1] - order.span[0]),
        time.monotonic(),
        time.process_time() - cpu,
        cipher,
        welcomed.tobytes(),
        replayed.tobytes(),
    )


class _Return:
    """One user's return: the welcome, what it missed, and a farewell."""

    def __init__(self, loop: ClientLoop, user: User, order: orders.Return) -> None:
        authors = [nick.encode() for nick in order.authors]
        size = loop.target.size
        clock = time.monotonic_ns
        self.replay = Replay(user.room.encode(), authors, order.span, size, clock)
        self.welcomed = 0
        self.cipher = ""
        self.begun = clock()
        client = loop.begin(user, self._progressed)
        client.sink = Talker(self.replay, client.take).feed

    def _progressed(self, client: Client) -> None:
        if not self.welcomed:
            self.welcomed = time.monotonic_ns()
            self.cipher = client.link.cipher()
            client.sync("replayed")
            return
        try:
            self.replay.check_complete()
        except WrongError as error:
            raise WrongError(f"{client.user.nick}: {error}") from error
        client.leave()
