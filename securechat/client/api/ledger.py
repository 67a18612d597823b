"""What was asked of the server and isn't decided: found again by what the events name.

The listener thread decides; any thread may enter something. Nothing is decided, and so no callback
runs, under the lock.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from securechat.client.api.pending import Delivery, Pending
from securechat.client.api.values import Message
from securechat.client.exits import ClientError, RefusedError, UnreachableError
from securechat.client.session.actions import AskRange, AskSearch, Command, Say
from securechat.client.session.events.answers import CommandDone, CommandRefused
from securechat.client.session.events.base import ClientEvent
from securechat.client.session.events.deliveries import Doubt, Queued, Rejected, Stored, Unconfirmed
from securechat.client.session.events.history import RangeTold, SearchPage, SearchRefused
from securechat.common.escape import escape_name, escape_text
from securechat.common.record import State, field

K = TypeVar("K")
V = TypeVar("V")

log = logging.getLogger("securechat.client")

_FINAL = (Doubt.UNSENT, Doubt.UNKNOWN)


class _Sending(State):
    """A Say, in as many pieces as it became: id -> the message, None until it is stored."""

    say: Say
    delivery: Delivery
    pieces: dict[int, Message | None] = field(default_factory=dict)


class Ledger:
    """nick: ours, as the session knows it now. deciding: as of Pending."""

    def __init__(self, nick: Callable[[], str], deciding: Callable[[], bool]) -> None:
        self._nick = nick
        self._deciding = deciding
        self._changed = threading.Condition()
        self._sendings: dict[int, _Sending] = {}
        """By the id of each piece."""
        self._commands: dict[int, tuple[Command, Pending[None]]] = {}
        """By id() of the action, which is kept so that nothing else gets that."""
        self._ranges: dict[int, Pending[RangeTold]] = {}
        self._searches: dict[str, Pending[SearchPage]] = {}
        self._end: ClientError | None = None

    # -- entering

    def say(self, say: Say) -> Delivery:
        """To be called before it is submitted, as all of these."""
        delivery = Delivery()
        sending = _Sending(say, delivery, {say.id: None})
        self._enter(delivery, lambda: self._sendings.update({say.id: sending}))
        return delivery

    def command(self, action: Command) -> Pending[None]:
        """A command whose answer is done, or a refusal."""
        pending: Pending[None] = Pending()
        self._enter(pending, lambda: self._commands.update({id(action): (action, pending)}))
        return pending

    def range(self, asked: AskRange) -> Pending[RangeTold]:
        """A question for a stretch of history."""
        pending: Pending[RangeTold] = Pending()
        self._enter(pending, lambda: self._ranges.update({asked.id: pending}))
        return pending

    def search(self, asked: AskSearch) -> Pending[SearchPage]:
        """A page of a search."""
        pending: Pending[SearchPage] = Pending()
        self._enter(pending, lambda: self._searches.update({asked.typed: pending}))
        return pending

    def _enter(self, pending: Pending[Any], write: Callable[[], object]) -> None:
        pending.deciding = self._deciding
        with self._changed:
            end = self._end
            if end is None:
                write()
        if end is not None:
            pending.decide(end)

    # -- waiting

    def wait(self, timeout: float | None) -> bool:
        """Until nothing that was said or commanded is open; whether that came."""
        with self._changed:
            return self._changed.wait_for(lambda: not (self._sendings or self._commands), timeout)

    # -- deciding, by the listener thread

    def take(self, event: ClientEvent) -> bool:
        """One event; whether it was an answer to a question of ours."""
        match event:
            case Queued():
                self._queued(event)
            case Stored():
                self._stored(event)
            case Rejected():
                why = f"not sent to {_n(event.target)}: {escape_text(event.reason)}"
                self._failed(event.id, RefusedError(why, ""))
            case Unconfirmed() if event.doubt in _FINAL:
                why = f"to {_n(event.target)}: the message {event.doubt.value}"
                self._failed(event.id, UnreachableError(why))
            case CommandDone():
                self._commanded(event.action, None)
            case CommandRefused():
                error = RefusedError(escape_text(event.text), event.code)
                return self._commanded(event.action, error)
            case RangeTold():
                return self._answer(self._ranges, event.asked.id, event)
            case SearchPage():
                return self._answer(self._searches, event.typed, event)
            case SearchRefused():
                error = RefusedError(escape_text(event.text), "SEARCH")
                return self._answer(self._searches, event.typed, error)
            case _:
                return False
        return True

    def close(self, error: ClientError) -> None:
        """Nothing more is decided by the server."""
        with self._changed:
            self._end = error
            left = list(self._open())
            for table in (self._sendings, self._commands, self._ranges, self._searches):
                table.clear()
            self._changed.notify_all()
        for pending in left:
            pending.decide(error)

    def _open(self) -> Iterator[Pending[Any]]:
        for sending in self._sendings.values():
            yield sending.delivery
        for _, pending in self._commands.values():
            yield pending
        yield from self._ranges.values()
        yield from self._searches.values()

    def _queued(self, event: Queued) -> None:
        with self._changed:
            whole = self._sendings.get(event.part_of)
            if whole is not None:
                whole.pieces[event.id] = None
                self._sendings[event.id] = whole

    def _stored(self, event: Stored) -> None:
        with self._changed:
            sending = self._sendings.pop(event.id, None)
            if sending is None:
                return
            say = sending.say
            sending.pieces[event.id] = Message(
                *(say.target, self._nick(), event.text, event.msgid, event.time, say.kind),
                mine=True,
                reply=say.reply if event.id == say.id else "",
            )
            messages = tuple(one for one in sending.pieces.values() if one is not None)
            whole = len(messages) == len(sending.pieces)
            self._changed.notify_all()
        if whole:
            sending.delivery.stored(messages)

    def _failed(self, number: int, error: ClientError) -> None:
        with self._changed:
            sending = self._sendings.pop(number, None)
            self._changed.notify_all()
        log.warning("%s", error)
        if sending is not None:
            sending.delivery.decide(error)

    def _commanded(self, action: Command, outcome: ClientError | None) -> bool:
        if outcome is not None:
            log.warning("%s", outcome)
        with self._changed:
            _, pending = self._commands.pop(id(action), (action, None))
            self._changed.notify_all()
        if pending is not None:
            pending.decide(outcome)
        return pending is not None

    def _answer(self, table: dict[K, Pending[V]], key: K, outcome: V | ClientError) -> bool:
        with self._changed:
            pending = table.pop(key, None)
        if pending is not None:
            pending.decide(outcome)
        return pending is not None


def _n(name: str) -> str:
    return escape_name(name)
