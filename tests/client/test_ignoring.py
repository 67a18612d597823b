"""Whom the person ignores: Ignored."""

from __future__ import annotations

from contextlib import nullcontext

import pytest

from securechat.client.ignoring import Ignored
from securechat.client.session.events.base import ClientEvent, Info
from securechat.client.session.events.channels import Invited, Joined, Left
from securechat.client.session.events.history import HistoryPage
from securechat.client.session.events.messages import IsTyping, Reacted, Removed, Said

BOB = Said("#lab", "bob", "words")


def ignoring(*names: str) -> Ignored:
    ignored = Ignored()
    for name in names:
        ignored.add(name)
    return ignored


@pytest.mark.parametrize(
    "event",
    [
        BOB,
        Said("alice", "BOB", "words"),
        Said("#lab", "robert", "words", tags={"account": "bob"}),
        Reacted("#lab", "bob", "👍"),
        IsTyping("#lab", "bob"),
        Invited("bob", "#den"),
    ],
)
def test_what_somebody_says_is_hidden(event: ClientEvent) -> None:
    """In any case of the name, and by the account."""
    assert ignoring("Bob").hides(event)
    assert ignoring("Bob").shown([event, Info("x")]) == [Info("x")]
    assert not ignoring().hides(event)
    assert not ignoring("carol").hides(event)


@pytest.mark.parametrize(
    "event",
    [
        Said("#lab", "bob", "words", mine=True),
        Removed("#lab", "bob"),
        Joined("#lab", "bob"),
        Left("#lab", "carol", by="bob"),
        Said("#lab", "carol", "bob says words"),
    ],
)
def test_what_somebody_does_is_not(event: ClientEvent) -> None:
    """That a message is gone, or a person: it would stand there for ever."""
    assert not ignoring("bob").hides(event)


def test_pages_lose_what_is_hidden() -> None:
    """And keep the others."""
    page = HistoryPage("#lab", (BOB, Said("#lab", "carol", "hi")))
    assert ignoring("bob").shown([page]) == [
        HistoryPage("#lab", (Said("#lab", "carol", "hi"),), hidden=1)
    ]


def test_two_windows_of_one_person() -> None:
    """Each keeps what the other has added."""
    kept: list[str] = []
    one, other = (Ignored((), lambda: nullcontext(kept)) for _ in "12")
    assert one.add("bob")
    assert other.add("carol")
    assert kept == ["bob", "carol"]
    assert one.remove("bob")
    assert kept == ["carol"]
    assert one.names == ("carol",)
