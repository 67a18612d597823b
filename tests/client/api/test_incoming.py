"""The messages that a program iterates over."""

from __future__ import annotations

from pathlib import Path

import pytest

from securechat.client.api.inbox import Inbox
from securechat.client.api.incoming import Incoming
from securechat.client.api.state import State
from securechat.client.exits import Exit, RefusedError
from securechat.client.session.actions import AskRange
from securechat.client.session.events.base import ClientEvent
from securechat.client.session.events.connection import Lost, Ready, Stopped
from securechat.client.session.events.history import RangeTold
from securechat.client.session.events.messages import Said
from securechat.client.session.fetching import NOT_OFFERED

SINCE = "timestamp=2026-01-31T15:00:00.000Z"


def said(msgid: int, *, mine: bool = False) -> Said:
    tags = {"msgid": str(msgid), "time": f"2026-01-31T15:30:{msgid:02d}.000Z"}
    where = "#lobby"
    mark = f"msgid={msgid}"
    return Said(where, "bob", str(msgid), mine=mine, mark=mark, tags=tags, conversation=where)


class Program:
    """One that follows the lobby; the history answers at once with what it is given."""

    def __init__(self, state: State | None = None, limit: int = 5000, **options: bool) -> None:
        self.inbox = Inbox(limit)
        self.history: list[Said] = []
        self.asked: list[str] = []
        self.incoming = Incoming(self.inbox, "robot", ["#lobby"], state, self._ask, **options)

    def _ask(self, asked: AskRange) -> None:
        command, _, mark, _ = asked.params
        self.asked.append(f"{command} {mark}")
        after = [one for one in self.history if mark.startswith("time") or mark < one.mark]
        self.inbox.put(RangeTold(asked, tuple(after[:2] if command == "AFTER" else after[-1:])))

    def hears(self, *events: ClientEvent) -> list[str]:
        """What is told, until nothing is left."""
        for event in events:
            self.inbox.put(event)
        told = []
        while one := self.incoming.next(0):
            told.append(one.text)
        return told


def test_from_now_on_over_lost_connections() -> None:
    """What was missed comes in its order, and what we say ourselves only when it is wanted."""
    one = Program()
    one.history = [said(1)]
    assert one.hears(Ready("robot"), said(2, mine=True), said(3)) == ["3"]
    one.history += [said(2, mine=True), said(3), said(4), said(5)]
    assert one.hears(Lost("gone", 1.0), Ready("robot", again=True), said(6)) == ["4", "5", "6"]
    assert one.asked == ["LATEST *", "AFTER msgid=3", "AFTER msgid=5"]
    assert Program(own=True).hears(Ready("robot"), said(2, mine=True)) == ["2"]


def test_what_is_too_much_is_fetched_later() -> None:
    """Who is slow gets everything all the same."""
    one = Program(limit=4)
    assert one.hears(Ready("robot")) == []
    one.history = [said(number) for number in range(1, 10)]
    assert one.hears(*one.history) == [str(number) for number in range(1, 10)]


def test_the_end() -> None:
    """Comes behind what was there before; a history that isn't for us is an error."""
    one = Program()
    assert one.hears(Ready("robot")) == []
    assert one.hears(said(1), Stopped(Exit.LOGIN, "out")) == ["1"]
    assert one.incoming.stopped == Stopped(Exit.LOGIN, "out")
    assert one.incoming.next(None) is None
    two = Program()
    two.incoming.next(0)
    two.inbox.put(Ready("robot"))
    two.history = []
    two.incoming._ask = lambda asked: two.inbox.put(RangeTold(asked, problem="no such channel"))
    with pytest.raises(RefusedError, match="no history of #lobby: no such channel"):
        two.incoming.next(0)


def test_a_state_needs_a_history(tmp_path: Path) -> None:
    """Without one it would promise what can't be kept."""
    state = State(tmp_path / "state", "robot", "x:1")
    state.begin(SINCE)
    one = Program(state)
    one.incoming._ask = lambda asked: one.inbox.put(RangeTold(asked, problem=NOT_OFFERED))
    one.inbox.put(Ready("robot"))
    with pytest.raises(RefusedError, match="no history that can be asked for"):
        one.incoming.next(0)


def test_each_message_at_least_once(tmp_path: Path) -> None:
    """One counts as dealt with when the next is asked for, and is given again to a program that has
    ended before.
    """
    path = tmp_path / "state"
    first = State(path, "robot", "x:1")
    first.begin(SINCE)
    one = Program(first)
    one.history = [said(1), said(2), said(3)]
    one.inbox.put(Ready("robot"))
    assert (one.incoming.next(0), one.incoming.next(0)) == (said(1), said(2))
    one.incoming.forget()
    one.incoming.save()
    again = Program(State(path, "robot", "x:1"))
    again.history = one.history
    assert again.hears(Ready("robot")) == ["2", "3"]
    assert again.asked[0] == "AFTER msgid=1"
    kept = State(path, "robot", "x:1")
    assert kept.since == "timestamp=2026-01-31T15:30:02.999Z"
