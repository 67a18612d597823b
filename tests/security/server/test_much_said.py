"""A hostile server says very much in very many conversations: the timelines of our client keep only
so much of it, and what is looked at stays.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from securechat.client.screens.noticed import Noticed
from securechat.client.session.actions import AskRange
from securechat.client.session.events.answers import Mask, MasksAre
from securechat.client.session.events.base import ClientEvent
from securechat.client.session.events.channels import Joined
from securechat.client.session.events.connection import Ready
from securechat.client.session.events.messages import IsTyping, Said
from securechat.client.timeline import conversations, timelines
from securechat.client.timeline.conversations import Conversations
from tests.security.server.hostile import NOON

SIZE = 200_000


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timelines, "MAX_SIZE", SIZE)
    monkeypatch.setattr(conversations, "LIGHTEN_EACH", 50)


def said(number: int, where: str) -> Said:
    tags, time = {"msgid": str(number)}, NOON + timedelta(seconds=number)
    mark = f"msgid={number}"
    return Said(where, "bob", "x" * 1000, time=time, tags=tags, mark=mark, conversation=where)


@pytest.mark.parametrize("fetches", [True, False])
def test_all_that_is_kept_has_a_limit(fetches: bool) -> None:
    """Also of what waits for a page that never comes."""
    front = Conversations("alice", fetches=fetches)
    front.take(Ready("alice"))
    for number in range(2000):
        where = f"#{number % 40}"
        if number < 40 and number % 2:  # its page is asked for
            front.take(Joined(where, "alice", mine=True))
        front.take(said(number, where))
        assert sum(one.size for one in front) <= SIZE + 100 * 1500
    assert len(front) == 40


def test_what_is_looked_at_stays_and_the_rest_can_be_fetched() -> None:
    """The server's history has what was forgotten."""
    front = Conversations("alice")
    front.take(Ready("alice"))
    front.here = "#here"
    front.timeline("#here").loaded = True
    front.take(said(0, "#here"))
    other: ClientEvent = IsTyping("#here", "bob")
    for number in range(1, 400):
        front.take(said(number, "#other"))
    for _ in range(50):
        front.take(other)
    here, there = front.timeline("#here"), front.timeline("#other")
    assert [one.key for one in here] == ["0"]
    assert len(there) < 200
    there.clear()
    assert (len(there), there.unread) == (0, 399)
    [asked] = front.show("#other")
    assert isinstance(asked, AskRange)
    assert asked.params[:3] == ("LATEST", "#other", "*")


def test_long_lists_where_somebody_looks() -> None:
    """The older half goes as often as it is too much."""
    front = Conversations("alice")
    front.take(Ready("alice"))
    front.here = "#here"
    rows = tuple(Mask(f"m{number}", "", None) for number in range(100))
    for _ in range(100):
        front.take(MasksAre("#here", "b", rows))
        assert front.timeline("#here").size <= SIZE + 60_000
    assert not front.timeline("#here").at_start


def test_bans_that_are_remembered_for_tab() -> None:
    """Of the channels that were told of last, and no masks that nobody types."""
    noticed = Noticed()
    for number in range(2000):
        masks = tuple(Mask(mask, "", None) for mask in (f"m{number}", "x" * 5000))
        noticed.take(MasksAre(f"#{number}", "b", masks * 500))
    assert noticed.bans("#1999") == ("m1999",) * 500
    assert noticed.bans("#1950")
    assert not noticed.bans("#1949")
