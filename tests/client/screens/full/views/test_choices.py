"""Where the switcher can go, and what it offers first."""

from __future__ import annotations

from securechat.client.screens.full.views.choices import Choice, Doing, choices, sure, wanted
from securechat.client.session.events.channels import Invited, Joined, Left
from securechat.client.session.events.connection import Ready
from securechat.client.session.events.messages import MarkedRead
from securechat.client.timeline.conversations import Conversations
from tests.client.timeline.said import at, said


def place() -> Conversations:
    """Alice is in three channels and talks with bob; #lobby is shown."""
    conversations = Conversations("alice", fetches=False)
    conversations.take(Ready("alice"))
    for channel in ("#lobby", "#lab-reports", "#lab"):
        conversations.take(Joined(channel, "alice", mine=True))
        conversations.take(MarkedRead(channel, at(0)))
    conversations.timeline("bob")
    conversations.show("#lobby")
    return conversations


def names(found: list[Choice]) -> list[str]:
    """As `join #x`, `write bob`, `bob`."""
    return [f"{one.doing} {one.name}".removeprefix("go ") for one in found]


def test_what_has_news_comes_first_then_what_was_used_last() -> None:
    """Mentions before other news; where we are comes last."""
    conversations = place()
    for text, minute, where in (("hi", 1, "#lab"), ("alice: hi", 2, "#lab-reports")):
        conversations.take(said(text, minute, where=where))
    found = wanted(choices(conversations, ["bob", "#lobby"]), "")
    assert names(found) == ["#lab-reports", "#lab", "bob", "#lobby"]
    assert (found[0].unread, found[0].mentions) == (1, 1)


def test_a_whole_name_wins_over_all_news() -> None:
    """Who types it means it."""
    conversations = place()
    conversations.take(said("alice: hi", 2, where="#lab-reports"))
    assert names(wanted(choices(conversations), "lab")) == ["#lab", "#lab-reports", "write lab"]


def test_people_of_our_channels_are_offered_once_something_is_typed() -> None:
    """Not we ourselves, and whom we talk with already only once."""
    found = choices(place(), people=["carol", "Bob", "Alice"])
    assert names(wanted(found, "")) == ["#lab", "#lab-reports", "bob", "#lobby"]
    assert names(wanted(found, "car")) == ["write carol", "join #car", "write car"]
    assert names(wanted(found, "ali")) == ["join #ali", "write ali"]


def test_where_we_are_invited_and_where_we_were() -> None:
    """Both are joined by going there."""
    conversations = place()
    conversations.take(Invited("bob", "#club"))
    conversations.take(Left("#lab", "alice", mine=True))
    found = {one.name: one for one in choices(conversations)}
    assert (found["#club"].doing, found["#club"].by) == (Doing.JOIN, "bob")
    assert found["#lab"].doing is Doing.JOIN


def test_what_nobody_has_told_of_is_chosen_on_purpose() -> None:
    """A slip of the finger and Enter make no new channel."""
    found = wanted(choices(place()), "lobbx")
    assert names(found) == ["join #lobbx", "write lobbx"]
    assert not sure(found, "lobbx")
    assert sure(wanted(choices(place()), "#new"), "#new")
    assert sure(wanted(choices(place()), "lob"), "lob")
    assert not sure([], "")


def test_what_can_be_no_name_is_not_offered() -> None:
    """Nothing with a comma or a space can be joined or written to."""
    for typed in ("a b", "a,b", "#", "@", ":x"):
        assert all(one.known for one in wanted(choices(place()), typed))


def test_a_sign_asks_for_channels_or_people_alone() -> None:
    """As both are written."""
    found = choices(place(), people=["lara"])
    assert names(wanted(found, "#la")) == ["#lab", "#lab-reports", "join #la"]
    assert names(wanted(found, "@")) == ["bob", "write lara"]
