"""Users of one process of the load who ask for something, and how long they wait for the answer."""

from __future__ import annotations

import gc
import time
from array import array
from collections import Counter
from collections.abc import Sequence
from functools import partial
from itertools import cycle

from benchlib import orders
from benchlib.client import Client
from benchlib.client_loop import PATIENCE, ClientLoop
from benchlib.stream import PRIVMSG, WrongError


class Tally:
    """Of all users of the process, by kind of question."""

    def __init__(self) -> None:
        self.times: dict[str, array[int]] = {}
        self.warnings: Counter[str] = Counter()
        self.failures: Counter[str] = Counter()
        self.asked = self.answered = 0

    def add(self, kind: str, nanoseconds: int) -> None:
        """An answer."""
        self.answered += 1
        self.times.setdefault(kind, array("q")).append(nanoseconds)

    def has_more(self, answered: int) -> bool:
        """Whether there are others than so many answers."""
        return self.answered != answered


class Asker:
    """A user. questions: none for one who only hears. listeners: the users from this one on."""

    def __init__(
        self, client: Client, tally: Tally, questions: Sequence[orders.Question], interval: float
    ) -> None:
        self._client = client
        self._tally = tally
        self._questions = cycle(questions)
        self._interval = int(interval * 1e9)
        self._asked: orders.Question | None = None
        self._begun = 0
        self._messages = 0
        self._carry = b""
        self._end = b""
        self._of: Asker | None = None
        self.asks = bool(questions)
        self.waits = False
        self.due = 0
        self.listeners: Sequence[Asker] = ()
        client.sink = self.feed

    def ask(self) -> None:
        """The next question."""
        question = next(self._questions)
        self._tally.asked += 1
        line, end = (
            (text % self._tally.asked if "%d" in text else text).encode()
            for text in (question.line, question.end)
        )
        self._asked, self.waits = question, True
        self.listeners[question.heard_by].expect(end, self)
        self._begun = time.monotonic_ns()
        self.due = self._begun + self._interval
        self._client.link.send([line + b"\r\n"])

    def expect(self, end: bytes, of: Asker) -> None:
        """From now on a line that has this is the last one of somebody's answer."""
        self._end, self._of, self._messages = end, of, 0

    def feed(self, data: bytes) -> None:
        """What has come. To search in all of it at once costs little. Raises WrongError."""
        lines, _, self._carry = (self._carry + data).rpartition(b"\r\n")
        if b"PING :" in lines:  # no text of the load has that
            for line in lines.split(b"\r\n"):
                if b"PING :" in line:
                    self._client.take(line)
        self._messages += lines.count(PRIVMSG)
        if b"WARN " in lines or b"FAIL " in lines:
            self._note(lines)
        if self._of is not None and self._end in lines:
            of, self._of = self._of, None
            of.answered(self._messages)

    def _note(self, lines: bytes) -> None:
        # A warning comes behind its answer, and may be alone.
        if self._asked is not None:
            if b"FAIL " in lines:
                self._tally.failures[self._asked.kind] += 1
                if self._of is not None:
                    of, self._of = self._of, None
                    of.answered(None)
            else:
                self._tally.warnings[self._asked.kind] += 1

    def answered(self, messages: int | None) -> None:
        """messages: that came since it was asked; None when it was refused. Raises WrongError."""
        question = self._asked
        if question is None:
            return
        self._tally.add(question.kind, time.monotonic_ns() - self._begun)
        self.waits = False
        if messages is not None and messages < question.least:
            raise WrongError(f"{question.line}: {messages} of {question.least} messages came")


def ask(loop: ClientLoop, order: orders.Ask) -> orders.Answered:
    """Have all users ask for so many seconds. Raises WrongError, and LostError when an answer does
    not come.
    """
    tally = Tally()
    clients = list(loop.clients.values())
    askers = [
        Asker(client, tally, questions, order.interval)
        for client, questions in zip(clients, order.questions, strict=True)
    ]
    for place, asker in enumerate(askers):
        asker.listeners = askers[place:]
    # The load's own pauses for garbage collection would count as the server's.
    gc.collect()
    gc.freeze()
    cpu, end = time.process_time(), time.monotonic() + order.seconds
    _run(loop, tally, [one for one in askers if one.asks], order.interval, end)
    loop.awaited = sum(one.waits for one in askers)
    loop.wait(lambda: not any(one.waits for one in askers), "get their answers", PATIENCE)
    return orders.Answered(
        {kind: times.tobytes() for kind, times in tally.times.items()},
        dict(tally.warnings),
        dict(tally.failures),
        time.monotonic(),
        time.process_time() - cpu,
    )


def _run(
    loop: ClientLoop, tally: Tally, askers: Sequence[Asker], interval: float, end: float
) -> None:
    start = time.monotonic_ns()
    for place, asker in enumerate(askers):
        asker.due = start + int(interval * 1e9 * place / len(askers))
    while askers and (now := time.monotonic()) < end:
        for asker in askers:
            if not asker.waits and asker.due <= now * 1e9:
                asker.ask()
        soonest = min((one.due / 1e9 for one in askers if not one.waits), default=end)
        answered = tally.answered
        loop.pump(partial(tally.has_more, answered), min(soonest, end))
