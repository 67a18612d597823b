"""The members of the rooms in one worker: who speaks, who has heard what, and who still waits."""

from __future__ import annotations

import math
import time
from array import array
from collections.abc import Mapping, Sequence

from benchlib.client import Client, User
from benchlib.link import LostError
from benchlib.stream import Checker, EchoedTalker, Reader, Said, Stream, Talker, compose

ECHO = "echo-message"
"""The capability of those who are sent what they say themselves."""


class Sender:
    """Speaks as far as its window allows. client: its connection. size: bytes of a text. left:
    how many more messages it may say in this round.
    """

    def __init__(self, client: Client, size: int) -> None:
        self.client = client
        self.number = client.user.number
        self.count = 0
        self.talking = False
        self.left: float = math.inf
        self._size = size
        self._head = b"PRIVMSG " + client.user.room.encode() + b" :"

    def send(self, messages: int = 1) -> None:
        """So many more messages, if there are as many left, each a TLS record, all in one write."""
        messages = int(min(messages, self.left))
        self.left -= messages
        lines = []
        for number in range(self.count, self.count + messages):
            text = compose(self.number, number, time.monotonic_ns(), self._size)
            lines.append(self._head + text + b"\r\n")
        self.count += messages
        self.client.link.send(lines)


class Acknowledger:
    """A listener stands in for the echo, which not every server has: what this member has received
    of a sender lets that sender send as much again.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._senders: dict[int, Sender] = {}
        self._credit: dict[Sender, int] = {}
        reader.heard = self._heard

    def serve(self, sender: Sender) -> None:
        """Acknowledge this sender's messages."""
        self._senders[sender.number] = sender

    def feed(self, chunk: bytes) -> None:
        """What the member has received. Raises WrongError and LostError."""
        self._reader.feed(chunk)
        if self._credit:
            credit, self._credit = self._credit, {}
            for sender, messages in credit.items():
                sender.send(messages)

    def _heard(self, said: Said) -> None:
        sender = self._senders.get(said.sender)
        if sender is not None and sender.talking:
            self._credit[sender] = self._credit.get(sender, 0) + 1


class Room:
    """name: as it is joined. talkers: its senders in all workers. size: bytes of a text."""

    def __init__(self, name: str, talkers: Sequence[User], size: int) -> None:
        self.name = name
        self.nicks = {user.number: user.nick.encode() for user in talkers}
        self._places = {user.number: user.address for user in talkers}
        self._size = size
        self.stream = Stream(self._checker())
        self.readers: dict[Client, Reader] = {}
        self.talkers: dict[Client, Talker] = {}
        self.senders: list[Sender] = []
        self._before = 0

    def _checker(self, without: int = -1) -> Checker:
        nicks = {number: nick for number, nick in self.nicks.items() if number != without}
        return Checker(self.name.encode(), nicks, self._size)

    def _talker(self, client: Client) -> Talker:
        number = client.user.number
        others = self._checker(number)
        if ECHO not in client.granted:
            return Talker(others, client.take)
        own = Checker(self.name.encode(), {number: self.nicks[number]}, self._size)
        return EchoedTalker(others, client.take, own, time.monotonic_ns)

    def _nearby(self, client: Client) -> frozenset[int]:
        """The senders at the same one of several nodes."""
        if len(set(self._places.values())) < 2:
            return frozenset()
        at = client.user.address
        return frozenset(number for number, place in self._places.items() if place == at)

    def enter(self, clients: Sequence[Client]) -> None:
        """The members in this worker. Raises LostError when a sender has no listener here."""
        for client in clients:
            if client.user.talks:
                talker = self._talker(client)
                self.talkers[client] = talker
                client.sink = talker.feed
                self.senders.append(Sender(client, self._size))
            else:
                reader = Reader(self.stream, client.take, time.monotonic_ns)
                reader.nearby = self._nearby(client)
                self.readers[client] = reader
                client.sink = reader.feed
        if self.senders and not self.readers:
            raise LostError(
                f"{self.name} has senders and no listeners in one process of the load; "
                "use fewer --processes"
            )
        self._appoint()

    def _appoint(self) -> None:
        """Each sender gets an acknowledger, spread over the listeners as the senders are."""
        listeners = list(self.readers)
        appointed: dict[Client, Acknowledger] = {}
        for index, sender in enumerate(self.senders):
            client = listeners[index * len(listeners) // len(self.senders)]
            if client not in appointed:
                appointed[client] = Acknowledger(self.readers[client])
                client.sink = appointed[client].feed
            appointed[client].serve(sender)

    def begin(
        self,
        latencies: array[int] | None,
        echoes: array[int] | None = None,
        last: dict[tuple[int, int], int] | None = None,
    ) -> None:
        """A new round; everybody has everything of the last one."""
        self._before = self.deliveries()
        self.stream.begin()
        for reader in self.readers.values():
            reader.begin(latencies, last)
        for talker in self.talkers.values():
            if isinstance(talker, EchoedTalker):
                talker.echoes = echoes

    def deliveries(self) -> int:
        """Verified ones since the start, when everybody is complete."""
        heard = sum(self.stream.checker.counts.values()) * len(self.readers)
        return heard + sum(sum(t.checker.counts.values()) for t in self.talkers.values())

    def delivered(self) -> int:
        """Verified ones in this round, when everybody is complete."""
        return self.deliveries() - self._before

    def waiting(self, counts: Mapping[int, int]) -> list[Client]:
        """Who has not received everything. counts: messages of each sender since the start."""
        late = [client for client, talker in self.talkers.items() if not talker.complete(counts)]
        if self.readers and self.stream.checker.counts != counts:
            return late + list(self.readers)
        return late + [client for client, reader in self.readers.items() if not reader.complete()]
