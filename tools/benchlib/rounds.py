"""Rounds of talk among the users of one process of the load."""

from __future__ import annotations

import gc
import math
import time
from array import array
from collections.abc import Sequence

from benchlib import orders
from benchlib.client import User
from benchlib.client_loop import ClientLoop
from benchlib.stream import WrongError
from benchlib.talking import Room, Sender


class Rounds:
    """loop: the users, who are in their rooms."""

    def __init__(self, loop: ClientLoop) -> None:
        self._loop = loop
        self._rooms: dict[str, Room] = {}
        self._senders: list[Sender] = []
        self._latencies: array[int] | None = None
        self._echoes: array[int] | None = None
        self._last: dict[tuple[int, int], int] | None = None
        self._cpu = 0.0

    def forget(self) -> None:
        """Nobody is in a room any more."""
        self._rooms.clear()
        self._senders.clear()

    def settle(self, talkers: Sequence[User]) -> None:
        """From now on each member's messages are checked. talkers: of all processes."""
        loop = self._loop
        loop.awaited = len(loop.clients)
        for client in loop.clients.values():
            client.sync("all-here")
        loop.wait(lambda: not loop.awaited, "be reached")
        self.forget()
        for name in dict.fromkeys(client.user.room for client in loop.clients.values()):
            if name:
                self._open_room(name, [user for user in talkers if user.room == name])
        self._senders = [sender for room in self._rooms.values() for sender in room.senders]
        # The load's own pauses for garbage collection would count as the server's latency.
        gc.collect()
        gc.freeze()

    def _open_room(self, name: str, talkers: Sequence[User]) -> None:
        room = self._rooms[name] = Room(name, talkers, self._loop.target.size)
        room.enter([c for c in self._loop.clients.values() if c.user.room == name])

    def prepare(self, order: orders.Prepare) -> None:
        """Begin a round."""
        self._latencies = array("q") if order.timed else None
        self._echoes = array("q") if order.apart else None
        self._last = {} if order.apart else None
        for room in self._rooms.values():
            room.begin(self._latencies, self._echoes, self._last)
        self._cpu = time.process_time()

    def talk(self, order: orders.Talk) -> orders.Sent:
        """Have the senders talk."""
        end = time.monotonic() + order.seconds
        for sender in self._senders:
            sender.left = order.messages or math.inf
        if order.window:
            self._talk_freely(order.window, end)
        else:
            self._talk_paced(order, end)
        return orders.Sent({sender.number: sender.count for sender in self._senders})

    def _talk_freely(self, window: int, end: float) -> None:
        for sender in self._senders:
            sender.talking = True
            sender.send(window)
        self._loop.pump(lambda: not any(sender.left for sender in self._senders), end)
        for sender in self._senders:
            sender.talking = False

    def _talk_paced(self, order: orders.Talk, end: float) -> None:
        due = time.monotonic() + order.offset
        turn = 0
        while due < end and self._senders and not self._loop.pump_until_called(due):
            self._senders[turn % len(self._senders)].send()
            turn += 1
            due += order.interval
        self._loop.pump_until_called(end)

    def expect(self, order: orders.Expect) -> orders.Received:
        """Go on until everything has come. Raises WrongError when something has not."""
        rooms = [(room, order.counts[name]) for name, room in self._rooms.items()]
        late = list(rooms)

        def all_here() -> bool:
            late[:] = [(room, counts) for room, counts in late if room.waiting(counts)]
            return not late

        if not self._loop.pump(all_here, time.monotonic() + order.patience):
            names = [client.user.nick for room, counts in late for client in room.waiting(counts)]
            raise WrongError(
                f"{len(names)} members, {names[0]} among them, have not received every message "
                f"after {order.patience:.0f} s"
            )
        return orders.Received(
            deliveries=sum(room.delivered() for room, _ in rooms),
            finished=time.monotonic(),
            cpu=time.process_time() - self._cpu,
            latencies=self._latencies.tobytes() if self._latencies is not None else b"",
            echoes=self._echoes.tobytes() if self._echoes is not None else b"",
            last=self._last or {},
            orders={room.name: room.stream.order() for room, _ in rooms if room.readers},
        )
