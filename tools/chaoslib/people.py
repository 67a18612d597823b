"""People who talk without a pause, come back when their connection is lost, and keep what they
hear.

What was not answered before the connection was lost is sent again with its key, as our client does,
so it must be stored once in the end.
"""

from __future__ import annotations

import hashlib
import random
import select
import ssl
import threading
import time
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Final

from chaoslib.checker import Connection, Record
from securechat.irc.message import Message, parse
from tests.support.client import Client
from tests.support.links import TlsLink
from tests.support.server import PASSWORD

ROOM, OTHER_ROOM = "#den", "#tea"
CAPS: Final = "batch echo-message labeled-response message-tags securechat/key server-time"
WINDOW = 8
"""Messages that one may have said and not heard yet."""

Tend = Callable[[], object]

LOST = (OSError, EOFError, ssl.SSLError)
RETRY_SECONDS = 0.1
LOGIN_SECONDS = 5.0
SILENT_SECONDS = (4.0, 25.0)
"""So long at least, and at most, somebody waits for an answer before looking for another node."""

LOOK_SECONDS = 0.05
"""So often a person looks whether something else is wanted."""


class Meeting:
    """What all of them look at. ca: whom they trust. doors: where the nodes are to be found, host
    and port of each.
    """

    def __init__(self, ca: Path, pace: float) -> None:
        self.ca = ca
        self.doors: list[tuple[str, int]] = []
        self.pace = pace
        self.talking = threading.Event()
        self.over = threading.Event()
        self.round = 0
        """Counts how often all were asked whether they have heard everything."""


class Person(threading.Thread):
    """One of them. seed: of what is said when. door: which one they go to first."""

    def __init__(self, name: str, meeting: Meeting, seed: str, door: int = 0) -> None:
        super().__init__(name=name, daemon=True)
        self.record = Record(name)
        self._meeting = meeting
        self._random = random.Random(seed)
        self._client: Client | None = None
        self._now = Connection()
        self._number = 0
        self._open: dict[str, str] = {}
        """Label and text of what has no answer yet."""
        self._again: set[str] = set()
        self._asked = self.synced = 0
        self._next = 0.0
        self._door = door
        self._patience = 0.0
        self._heard_at = self._echo_at = time.monotonic()
        self.longest_wait = 0.0
        """Between two echoes, since waits() was called; in seconds."""
        self.heard_upto = 0
        """The newest place in the log that it has heard of."""
        self.must_move = False

    @property
    def is_done(self) -> bool:
        """Whether all it has said was answered."""
        return not self._open and self._client is not None

    @property
    def echoed(self) -> int:
        """How many of its messages it has heard."""
        return sum(len(one.echoes) for one in self.record.connections)

    def waits(self) -> None:
        """From now on, how long it waits is counted."""
        self._echo_at, self.longest_wait = time.monotonic(), 0.0

    def run(self) -> None:
        while not self._meeting.over.is_set():
            try:
                self._comes()
                while not self._meeting.over.is_set() and not self.must_move:
                    self._goes_on()
            except LOST:
                self._door += 1
                time.sleep(RETRY_SECONDS)
            finally:
                self._leaves()
        self.record.unanswered = set(self._open.values())

    def _comes(self) -> None:
        doors = self._meeting.doors
        host, port = doors[self._door % len(doors)]
        link = TlsLink(port, self._meeting.ca, host=host, patience=LOGIN_SECONDS)
        client = Client(link, password=PASSWORD)
        self._client, self._now = client, Connection(at=f"{host} {port}")
        self._patience = self._random.uniform(*SILENT_SECONDS)
        self._heard_at = time.monotonic()
        self.record.connections.append(self._now)
        self._asked = self.synced = 0
        name = self.record.name
        self._hears(client.logs_in(name, caps=CAPS))
        client.sends(f"JOIN {ROOM},{OTHER_ROOM}")
        self._again |= set(self._open.values())
        for label, text in list(self._open.items()):
            self._sends(label, text)

    def _leaves(self) -> None:
        client, self._client, self.must_move = self._client, None, False
        if client is not None:
            over = self._meeting.over.is_set()
            self._now.to_the_end = over and self.synced == self._meeting.round
            client.hangs_up()

    def _goes_on(self) -> None:
        client, meeting = self._client, self._meeting
        assert client is not None
        now = time.monotonic()
        if meeting.talking.is_set() and len(self._open) < WINDOW and now >= self._next:
            self._next = now + meeting.pace
            self._says_something(client)
        if self._asked != meeting.round:
            self._asked = meeting.round
            client.sends(f"PING round-{self._asked}")
        if not client.link.has_more():
            wait = min(LOOK_SECONDS, max(0.001, self._next - now))
            if not select.select([client.sock], [], [], wait)[0]:
                if self._open and now - self._heard_at > self._patience:
                    raise TimeoutError("no answer")
                return
        self._heard_at = now
        # Not by the client, which waits for the next line when this one is a PING.
        while client.link.has_more():
            self._hears([client.link.receive()])

    def _says_something(self, client: Client) -> None:
        drawn = self._random.random()
        if drawn < 0.03:
            client.sends(f"TOPIC {ROOM} :what {self.record.name} means by {self._number}")
        elif drawn < 0.06:
            client.sends(f"PART {OTHER_ROOM}", f"JOIN {OTHER_ROOM}")
        self._number += 1
        label, text = str(self._number), f"{self.record.name}.{self._number}"
        self._open[label] = text
        self._sends(label, text)

    def _sends(self, label: str, text: str) -> None:
        assert self._client is not None
        key = hashlib.sha256(text.encode()).hexdigest()[:15]
        self._client.sends(f"@label={label};securechat/key={key} PRIVMSG {ROOM} :{text}")

    def _hears(self, lines: Iterable[str]) -> None:
        for line in lines:
            self._takes(parse(line))

    def _takes(self, line: Message) -> None:
        label = line.tags.get("label", "")
        if line.command == "PRIVMSG" and line.params[0] == ROOM:
            text = line.params[-1]
            entry = int(line.tags["msgid"].rpartition("-")[2], 16), text
            self.heard_upto = max(self.heard_upto, entry[0])
            if label:
                self._now.echoes.append(entry)
                self._open.pop(label, None)
                now = time.monotonic()
                self.longest_wait = max(self.longest_wait, now - self._echo_at)
                self._echo_at = now
            if not label or text not in self._again:
                self._now.heard.append(entry)
        elif line.command == "PING" and self._client is not None:
            self._client.sends(f"PONG :{line.params[-1]}")
        elif line.command == "PONG" and line.params[-1].startswith("round-"):
            self.synced = int(line.params[-1].removeprefix("round-"))
        elif label in self._open and (line.command == "FAIL" or line.command.isdigit()):
            self.record.refused.add(self._open.pop(label))


def gather(
    people: Collection[Person],
    meeting: Meeting,
    seconds: float,
    tend: Tend,
    upto: Callable[[], int],
    late: float,
) -> bool:
    """Nobody says anything new, and all has been answered and heard; whether that came about. tend:
    called while that is waited for. upto: the last place of the log. late: so many seconds may pass
    until everybody has heard of that.
    """
    meeting.talking.clear()
    end = time.monotonic() + seconds
    if not _comes_true(lambda: all(one.is_done for one in people), end, tend):
        return False
    # What one node has stored another one may hear of later.
    last = upto()
    until = time.monotonic() + late
    _comes_true(lambda: all(one.heard_upto >= last for one in people), until, tend)
    meeting.round += 1
    return _comes_true(lambda: all(one.synced == meeting.round for one in people), end, tend)


def _comes_true(holds: Callable[[], bool], end: float, tend: Tend) -> bool:
    while not holds():
        if time.monotonic() > end:
            return False
        tend()
        time.sleep(0.01)
    return True
