"""The lines around the timeline: where we are, and what reads what is typed."""

from __future__ import annotations

from securechat.client.screens.full import around
from securechat.client.screens.full.cells import Row
from securechat.client.session.events.channels import Joined, Left, TopicIs
from securechat.client.session.events.connection import Ready
from securechat.client.timeline.conversations import Conversations
from tests.client.timeline.said import said


def text(row: Row) -> str:
    return "".join(part for _, part in row)


def test_who_was_removed_is_told_so() -> None:
    """Above and where they type: nobody would read it."""
    conversations = Conversations("alice", fetches=False)
    for event in (
        Joined("#den", "alice", mine=True),
        TopicIs("#den", "What we build"),
        Ready("alice"),
    ):
        conversations.take(event)
    conversations.show("#den")
    den = conversations.timeline("#den")
    assert "What we build" in text(around.header(conversations, 1, 0.0, 80))
    assert around.hint(den) == "Write to #den"
    conversations.take(Left("#den", "alice", by="bob", mine=True))
    assert "you are not in this channel" in text(around.header(conversations, 0, 0.0, 80))
    assert around.hint(den) == "You are not in #den: /join enters it"


def test_a_person_can_always_be_written_to() -> None:
    """Whether they are there or not."""
    conversations = Conversations("alice", fetches=False)
    conversations.take(said("hi", where="bob"))
    assert around.hint(conversations.timeline("bob")) == "Write to bob"
