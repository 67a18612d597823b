"""All workers of a load: processes that the parent gives orders to, all at the same time."""

from __future__ import annotations

import itertools
import multiprocessing
from collections.abc import Sequence
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Self, TypeVar

from benchlib import orders
from benchlib.client import User
from benchlib.worker import work

PATIENCE = 300.0
"""Seconds without an answer after which a worker is given up; a worker's own limits are shorter."""

Wanted = TypeVar("Wanted")


class LoadError(Exception):
    """The load could not be carried out; the text says why."""


class Load:
    """target: the server under load. size: how many processes. Ends them when the block ends."""

    def __init__(self, target: orders.Target, size: int) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["__main__", work.__module__])
        self._pipes: list[Connection] = []
        self._processes = []
        for _ in range(size):
            ours, theirs = context.Pipe()
            process = context.Process(target=work, args=(theirs, target), daemon=True)
            process.start()
            theirs.close()
            self._pipes.append(ours)
            self._processes.append(process)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for pipe in self._pipes:
            pipe.close()
        for process in self._processes:
            process.join(2.0)
            process.kill()
            process.join()

    @property
    def size(self) -> int:
        """How many workers there are."""
        return len(self._pipes)

    def rest(self, first: int, order: orders.Order, answer: type[Wanted]) -> list[Wanted]:
        """The same order for every worker from the first; their answers. Raises LoadError."""
        return self.each([order] * (self.size - first), answer, first=first)

    def each(
        self, given: Sequence[orders.Order], answer: type[Wanted], *, first: int = 0
    ) -> list[Wanted]:
        """An order for each worker from the first; their answers. Raises LoadError."""
        numbers = range(first, first + len(given))
        for number, order in zip(numbers, given, strict=True):
            self.give(number, order)
        return [self.take(number, answer) for number in numbers]

    def one(self, number: int, order: orders.Order, answer: type[Wanted]) -> Wanted:
        """An order for one worker; its answer. Raises LoadError."""
        self.give(number, order)
        return self.take(number, answer)

    def give(self, number: int, order: orders.Order) -> None:
        """An order for one worker, whose answer is to be taken later. Raises LoadError."""
        try:
            self._pipes[number].send(order)
        except OSError:
            self.take(number, type(None))  # it may have said why it went
            raise

    def take(self, number: int, wanted: type[Wanted]) -> Wanted:
        """The answer to the oldest order of a worker that has none yet. Raises LoadError."""
        return self._receive(self._pipes[number], wanted)

    def _receive(self, pipe: Connection, wanted: type[Wanted]) -> Wanted:
        try:
            if not pipe.poll(PATIENCE):
                raise LoadError(f"a process of the load has not answered for {PATIENCE:.0f} s")
            answer = pipe.recv()
        except (EOFError, OSError) as error:
            raise LoadError("a process of the load has died") from error
        if isinstance(answer, orders.Failure):
            raise LoadError(answer.text)
        if not isinstance(answer, wanted):
            raise LoadError(f"expected {wanted.__name__} of a process of the load, got {answer!r}")
        return answer


def shares(users: Sequence[User], size: int) -> list[list[User]]:
    """Which worker gets which users: rooms stay together when there are enough of them."""
    rooms = list(dict.fromkeys(user.room for user in users))
    if len(rooms) >= size:
        place = {room: index * size // len(rooms) for index, room in enumerate(rooms)}
        return [[user for user in users if place[user.room] == share] for share in range(size)]
    cuts = [share * len(users) // size for share in range(size + 1)]
    return [list(users[start:end]) for start, end in itertools.pairwise(cuts)]
