"""An administrator's requests: rows of a table, which the rules answer beside the chat.

`securechat-admin` asks by a row of the table `requests` and waits for its answer, which it takes
away. There is no other way into the server. What the rules can't answer, as it is about the
process, is given to the main thread. Hub thread only, but for answer().
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

from securechat.core.administration import requests
from securechat.core.administration.requests import ACTIONS, REFUSED, Request
from securechat.core.guard import guarded
from securechat.core.turn import Turn
from securechat.store.sql.reader import Reader

UNKNOWN = (
    "the running server doesn't know how to do this: it is of another version; restart it with "
    "this one"
)

NODE = "node"
"""Under this key a request has the name of the node whose process it is about."""


class Requests:
    """reader: has them. of_process: by their kinds, what takes those that are about the process to
    where they are done; answer() is called in the end. unknown: the answer to any other kind.
    only: the number of the one that is answered; None for all. node: the name of the node that this
    is: what is about the process may name another one under NODE.
    """

    def __init__(
        self,
        reader: Reader,
        of_process: Mapping[str, Callable[[Request], object]] = MappingProxyType({}),
        unknown: str = UNKNOWN,
        only: int | None = None,
        node: str = "",
    ) -> None:
        self._reader = reader
        self._of_process = of_process
        self._unknown = unknown
        self._only = only
        self._node = node
        self._given: set[int] = set()
        self._answered: deque[tuple[int, Mapping[str, object]]] = deque()

    def look(self, turn: Turn) -> None:
        """Answer those that there are. Raises StoreError."""
        for number, kind, by, facts in self._reader.requests():
            asked = Request(number, kind, by, json.loads(facts))
            if number in self._given or self._only not in (None, number):
                continue
            if kind in ACTIONS:
                requests.answer(turn, asked)
            elif kind in self._of_process:
                if self._is_ours(asked):
                    self._given.add(number)
                    self._of_process[kind](asked)
            else:
                self._record(turn, number, {REFUSED: self._unknown})

    def _is_ours(self, asked: Request) -> bool:
        return not self._node or asked.facts.get(NODE, self._node) == self._node

    def answer(self, number: int, found: Mapping[str, object]) -> None:
        """The answer to one that was taken away: DONE or REFUSED, see core.administration.requests.
        Any thread; it is stored within a second.
        """
        self._answered.append((number, found))

    def take_answers(self, turn: Turn) -> None:
        """Store the answers that have come."""
        while self._answered:
            number, found = self._answered.popleft()
            self._given.discard(number)
            guarded(turn, "an answer", partial(self._record, turn, number, found))

    def _record(self, turn: Turn, number: int, found: Mapping[str, object]) -> None:
        start = turn.savepoint()
        requests.record_answer(turn, number, found)
        turn.finish_span(None, "REQUEST", start)
