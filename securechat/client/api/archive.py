"""What was said before: stretches of the history, and searches. Any thread may call."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from time import monotonic
from typing import TypeVar

from securechat.client.api.ledger import Ledger
from securechat.client.exits import RefusedError, UnreachableError
from securechat.client.session.actions import Action, AskMore, AskSearch
from securechat.client.session.events.history import RangeTold
from securechat.client.session.events.messages import Said
from securechat.client.session.fetching import BUSY, PASSING
from securechat.client.session.following import BEGINNING, targets
from securechat.client.session.shown import TIME
from securechat.client.session.stretch import Pages, Stretch
from securechat.common.escape import escape_text

T = TypeVar("T")

PATIENCE = 60.0
"""Seconds for what is asked of the server, over lost connections."""

# Pages of one search.
MAX_PAGES = 100


class Archive:
    """submit: hands an action over. online: waits until there is a connection, or so many seconds;
    whether there is.
    """

    def __init__(
        self,
        ledger: Ledger,
        submit: Callable[[Action], None],
        online: Callable[[float], bool],
    ) -> None:
        self._ledger = ledger
        self._submit = submit
        self._online = online
        self._searching = threading.Lock()
        """The session knows one search, so they go one after the other."""
        self._number = itertools.count(1)

    def read(self, wanted: Stretch) -> list[Said]:
        """Oldest first. Raises RefusedError, UnreachableError."""
        pages, until = Pages(wanted), monotonic() + PATIENCE
        while (asked := pages.next()) and wanted.count > 0:
            self._wait(until)
            pending = self._ledger.range(asked)
            self._submit(asked)
            told = _within(pending.result, until)
            if told.problem != BUSY:  # the connection was lost meanwhile: once more
                pages.take(_answer(told))
        return pages.messages()

    def search(self, query: AskSearch, count: int) -> list[Said]:
        """Oldest first. Raises RefusedError, UnreachableError."""
        found: list[Said] = []
        until = monotonic() + PATIENCE
        with self._searching:
            query = AskSearch(
                *(query.text, query.place, query.sender, query.after, query.before),
                typed=f"search {next(self._number)}",
            )
            ask: Action = query
            for _page in range(MAX_PAGES):
                self._wait(until)
                pending = self._ledger.search(query)
                self._submit(ask)
                page = _within(pending.result, until)
                said = list(page.said)
                found = found + said if page.newer else said + found
                if not said or len(found) >= count:
                    break
                ask = AskMore()
        return found[:count] if query.after else found[-count:]

    def newest(self) -> str:
        """A place behind all that was said so far. Raises RefusedError, UnreachableError."""
        asked = targets(most=1)
        pending = self._ledger.range(asked)
        self._submit(asked)
        told = _within(pending.result, monotonic() + PATIENCE)
        _answer(told)
        times = [time for _, time in told.targets if TIME.fullmatch(time)]
        return f"timestamp={max(times)}" if times else BEGINNING

    def _wait(self, until: float) -> None:
        if not self._online(max(0.0, until - monotonic())):
            raise UnreachableError("there is no connection now; ask again when it is back")


def _within(result: Callable[[float], T], until: float) -> T:
    try:
        return result(max(0.0, until - monotonic()))
    except TimeoutError:
        raise UnreachableError(f"the server has not answered in {PATIENCE:.0f} s") from None


def _answer(told: RangeTold) -> tuple[Said, ...]:
    if told.problem in PASSING:
        raise UnreachableError(told.problem)
    if told.problem:
        command, where, *_ = told.asked.params
        about = "" if command == "TARGETS" else f" of {escape_text(where)}"
        problem = f"no history{about}: {escape_text(told.problem)}"
        raise RefusedError(problem, "CHATHISTORY")
    return told.said
