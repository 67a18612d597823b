"""Typists: who types, until when."""

from __future__ import annotations

from securechat.client.session.events.messages import IsTyping
from securechat.client.session.typing import LASTS, PAUSED
from securechat.client.timeline.typists import MAX_CONVERSATIONS, MAX_TYPING, Typists


def test_it_ends_by_itself() -> None:
    """Six seconds behind the last word of it, and thirty when somebody has paused."""
    typists = Typists()
    typists.take(IsTyping("#lobby", "bob"), 100.0)
    typists.take(IsTyping("#Lobby", "carol", paused=True), 100.0)
    typists.take(IsTyping("#lobby", "Bob"), 103.0)
    assert typists.names("#LOBBY", 103.0 + LASTS - 0.1) == ["carol", "Bob"]
    assert typists.names("#lobby", 103.0 + LASTS) == ["carol"]
    assert typists.names("#lobby", 100.0 + PAUSED) == []
    assert typists.names("#den", 100.0) == []


def test_it_ends_by_what_they_do() -> None:
    """In one conversation, or, with another name, in all; however the name is written."""
    typists = Typists()
    for channel in ("#lobby", "#den"):
        typists.take(IsTyping(channel, "bob"), 100.0)
    typists.stop("BOB", "#lobby")
    typists.stop("bob", "#nowhere")
    assert typists.names("#lobby", 100.0) == []
    assert typists.names("#den", 100.0) == ["bob"]
    typists.stop("bob")
    assert typists.names("#den", 100.0) == []
    typists.take(IsTyping("#den", "bob"), 100.0)
    typists.take(IsTyping("#den", "bob", ended=True), 100.0)
    assert typists.names("#den", 100.0) == []


def test_there_is_an_end_to_it() -> None:
    """Of people, among whom those count no more who have stopped, and of conversations."""
    typists = Typists()
    for number in range(MAX_TYPING + 1):
        typists.take(IsTyping("#lobby", f"m{number}"), 100.0)
    assert len(typists.names("#lobby", 100.0)) == MAX_TYPING
    typists.take(IsTyping("#lobby", "late"), 200.0)
    assert typists.names("#lobby", 200.0) == ["late"]
    for number in range(MAX_CONVERSATIONS):
        typists.take(IsTyping(f"#{number}", "bob"), 200.0)
    assert typists.names("#lobby", 200.0) == []
