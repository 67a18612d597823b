"""What can be done with a message."""

from __future__ import annotations

from securechat.client.screens.full.views.acts import Act, Offer, Rights, offers, own_reactions
from securechat.client.timeline.items import Delivery, Message
from tests.client.timeline.said import at


def message(text: str = "hi", *, mine: bool = False, reply: str = "") -> Message:
    return Message("1", at(1), "bob", text, mine=mine, mark="msgid=1", reply=reply)


def keys(found: list[Offer]) -> str:
    return "".join(offer.key for offer in found)


def test_others_messages_are_removed_by_operators_only() -> None:
    """It is offered only where the server does it."""
    assert keys(offers(message(), Rights("alice"))) == "reci"
    assert keys(offers(message(), Rights("alice", operates=True))) == "recid"
    assert keys(offers(message(mine=True), Rights("alice"))) == "recid"
    assert keys(offers(message(mine=True), Rights("alice", redacts=False))) == "reci"


def test_a_removed_message_can_only_be_pointed_at() -> None:
    """There is nothing left to copy or to answer."""
    gone = message(reply="0")
    gone.remove("bob", "")
    assert keys(offers(gone, Rights("alice", operates=True))) == "gi"


def test_without_a_connection_there_is_copying() -> None:
    """And going to what it answers."""
    assert keys(offers(message(reply="0"), Rights("alice", online=False))) == "cgi"


def test_what_the_server_has_not_can_only_be_copied() -> None:
    """A refused one goes back to where it was typed."""
    mine = message(mine=True)
    mine.mark, mine.delivery = "", Delivery.PENDING
    assert keys(offers(mine, Rights("alice"))) == "c"
    mine.delivery = Delivery.REFUSED
    assert keys(offers(mine, Rights("alice"))) == "sc"


def test_own_reactions_can_be_taken_back() -> None:
    """Those of others can't."""
    liked = message()
    liked.react("bob", "👍", ended=False)
    assert keys(offers(liked, Rights("alice"))) == "reci"
    liked.react("Alice", "🎉", ended=False)
    assert keys(offers(liked, Rights("alice"))) == "reuci"
    assert own_reactions(liked, "alice") == ["🎉"]


def test_links_are_copied_as_they_are_seen() -> None:
    """Only http and https; three at most."""
    text = "see https://a.example/x, http://b.example javascript:x https://c.example/\u202ed"
    found = [one.text for one in offers(message(text), Rights("a")) if one.act is Act.COPY_LINK]
    assert found[:2] == ["https://a.example/x", "http://b.example"]
    assert all(link.isascii() for link in found)
