"""Two members who talk to each other while others flood the server, and what is left afterwards."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator

from securechat.net.poller import SPARE_TIMERS
from tests.security.summary import P99, WORST
from tests.support.client import Client
from tests.support.links import PATIENCE
from tests.support.server import ServerUnderTest

PAUSE = 0.005
"""Seconds between a message's arrival and the next one."""

CHANNEL = "#den"

Record = Callable[[str, object], None]


class Talk:
    """Each says a message when the other's has arrived: so all arrive, and in their order. pause:
    seconds between two.

    latencies: seconds from just before a message is sent to when the other has read it.
    """

    def __init__(self, server: ServerUnderTest, pause: float = PAUSE) -> None:
        self._pause = pause
        self.latencies: list[float] = []
        self._pair = server.member("alice"), server.member("bob")
        for person in self._pair:
            person.says(f"JOIN {CHANNEL}")
        self._over = threading.Event()
        self._heard = threading.Condition()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="talk")
        self._thread.start()

    def _run(self) -> None:
        try:
            while not self._over.wait(self._pause):
                self._exchange()
        except BaseException as error:
            self._error = error
        with self._heard:
            self._over.set()
            self._heard.notify_all()

    def _exchange(self) -> None:
        number = len(self.latencies)
        speaker, listener = self._pair[number % 2], self._pair[1 - number % 2]
        before = time.monotonic()
        speaker.sends(f"PRIVMSG {CHANNEL} :{number}")
        heard = listener.hears_until(lambda line: f" PRIVMSG {CHANNEL} :" in line)[-1]
        assert heard == f":{speaker.nick}!{speaker.nick}@chat.test PRIVMSG {CHANNEL} :{number}"
        with self._heard:
            self.latencies.append(time.monotonic() - before)
            self._heard.notify_all()

    def goes_on(self, messages: int = 40) -> None:
        """Returns when so many more have arrived."""
        wanted = len(self.latencies) + messages
        with self._heard:
            self._heard.wait_for(
                lambda: self._over.is_set() or len(self.latencies) >= wanted, PATIENCE * 2
            )
        self._check()
        assert len(self.latencies) >= wanted, "the talk has come to a stop"

    def ends(self) -> None:
        """The last one arrives, and that was all they heard of each other."""
        self._over.set()
        self._thread.join(PATIENCE * 2)
        assert not self._thread.is_alive(), "a message never arrived"
        self._check()
        for person in self._pair:
            assert not any(f" PRIVMSG {CHANNEL} :" in line for line in person.hears())

    def _check(self) -> None:
        if self._error is not None:
            raise AssertionError(f"the talk was hit: {self._error!r}") from self._error

    def tells(self, record: Record) -> None:
        """What the two have felt, for the summary."""
        ordered = sorted(self.latencies)
        record(WORST, ordered[-1] * 1000)
        record(P99, ordered[int(len(ordered) * 0.99)] * 1000)


@contextlib.contextmanager
def talking(server: ServerUnderTest, record: Record, pause: float = PAUSE) -> Iterator[Talk]:
    """alice and bob talk for the time of a block. record: pytest's record_property. pause: seconds
    between two messages.
    """
    talk = Talk(server, pause)
    talk.goes_on(5)
    try:
        yield talk
        talk.ends()
    finally:
        talk._over.set()
        talk.tells(record)


def tables(server: ServerUnderTest) -> dict[str, int]:
    """How much the server keeps of its visitors: entries of all tables that grow with them."""
    [io] = server.service._io
    hub, admission = server.service._hub, server.service._admission
    return {
        "connections": len(io.driver.connections),
        "watched": len(io._poller._selector.get_map() or ()),
        "waiting": len(io._waiting)
        + len(io._arrivals)
        + len(io._again)
        + len(io.driver.backlog._marks),
        "admitted": admission._count,
        "networks": len(admission._by_address),
        "unauthenticated": len(admission._unauthenticated) + len(admission._familiar),
        "sessions": len(hub._rules.model.sessions),
        "lines": hub.inbox.waiting,
    }


def forgets(server: ServerUnderTest, before: dict[str, int]) -> None:
    """Returns when the tables are as they were before; AssertionError when they stay larger."""
    with contextlib.suppress(TimeoutError):
        server.wait_for(lambda: tables(server) == before)
    after = tables(server)
    assert after == before, {name: (before[name], after[name]) for name in before}
    [io] = server.service._io
    assert len(io._poller._timers) <= SPARE_TIMERS + 2 * len(io.driver.connections) + 1


def newcomer(server: ServerUnderTest, name: str) -> Client:
    """A member who logs in from an address where nobody else is."""
    person = server.connect(source="127.99.0.1")
    person.logs_in(name)
    return person
