"""A hostile server faces a program that follows conversations: it fills no memory while the program
is busy, and leads it to no place that isn't one.
"""

from __future__ import annotations

import pytest

from securechat.client.api.inbox import Inbox
from securechat.client.session.actions import AskRange
from securechat.client.session.events.base import ClientEvent
from securechat.client.session.events.connection import Overrun, Ready
from securechat.client.session.events.history import RangeTold
from securechat.client.session.events.messages import Removed, Said
from securechat.client.session.following import BEGINNING, Follower


def said(number: int) -> Said:
    tags = {"msgid": str(number), "time": "2026-01-31T15:30:00.000Z"}
    return Said("#lobby", "bob", "x", mark=f"msgid={number}", tags=tags, conversation="#lobby")


@pytest.mark.parametrize("removes", [False, True])
def test_what_waits_for_a_busy_program_has_a_limit(removes: bool) -> None:
    """Messages and removals alike; what was left out is fetched later."""
    inbox = Inbox(10)
    for number in range(1000):
        gone = Removed("#lobby", "bob", msgid=str(number))
        event: ClientEvent = gone if removes else said(number)
        inbox.put(event)
    heard = []
    while not inbox.empty():
        heard.append(inbox.get(0))
    assert len(heard) == 11
    assert heard[-1] == Overrun(1)


@pytest.mark.parametrize("time", ["x", "a b", "x\r\nQUIT", "", "9" * 5000, "\x1b[2J"])
def test_times_that_are_none(time: str) -> None:
    """What comes later is asked for from a place that can be asked for."""
    follower = Follower("robot", [])
    [asked] = [follower.take(Ready("robot")).ask]
    assert isinstance(asked, AskRange)
    follower.take(RangeTold(asked, targets=(("#lobby", time),)))
    [again] = [follower.take(Ready("robot")).ask]
    assert isinstance(again, AskRange)
    assert again.params[2] == BEGINNING
    good = "2026-01-31T15:30:00.000Z"
    other = Follower("robot", [])
    [asked] = [other.take(Ready("robot")).ask]
    assert isinstance(asked, AskRange)
    other.take(RangeTold(asked, targets=(("#lobby", time), ("#den", good))))
    [again] = [other.take(Ready("robot")).ask]
    assert isinstance(again, AskRange)
    assert again.params[2] == f"timestamp={good}"
