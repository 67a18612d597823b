"""Markers: up to when something is read."""

from __future__ import annotations

from datetime import UTC, datetime

from securechat.client.session import markers
from securechat.client.session.actions import AskRange, MarkRead
from securechat.client.session.events.messages import MarkedRead
from securechat.client.session.handshake import Missed
from securechat.client.session.labels import CAPABILITY as LABELS
from securechat.client.session.markers import CAPABILITY, MOST_ASKED, Markers
from securechat.client.session.pages import CHATHISTORY
from securechat.irc.message import Message
from tests.client.dialogue import Talk, online
from tests.client.scripted import OFFER

NOON, LATER = "2025-11-22T12:00:00.250Z", "2025-11-22T12:00:00.251Z"


def talk(offer: str = f"{OFFER} {CHATHISTORY} {CAPABILITY}") -> Talk:
    return online(missed=Missed.FETCHED, offer=offer)


def test_what_another_device_has_read() -> None:
    """Or nothing, or what can't be understood."""
    one = talk()
    one.hears(f"MARKREAD #lobby timestamp={NOON}", "MARKREAD bob *", "MARKREAD bob timestamp=x")
    one.hears("MARKREAD #lobby")
    assert one.shows() == [
        MarkedRead("#lobby", datetime(2025, 11, 22, 12, 0, 0, 250000, UTC)),
        MarkedRead("bob", None),
        MarkedRead("bob", None),
    ]


def test_a_marker_goes_forward_only() -> None:
    """Against what the server has told, and what we have said; and it needs a time."""
    one = talk()
    one.hears(f"MARKREAD #lobby timestamp={NOON}")
    assert one.does(MarkRead("#Lobby", NOON)) == []
    assert one.does(MarkRead("#Lobby", LATER)) == [f"MARKREAD #Lobby timestamp={LATER}"]
    assert one.does(MarkRead("#lobby", LATER)) == []
    assert one.does(MarkRead("bob", "yesterday")) == []
    assert one.does(MarkRead("bob", NOON)) == [f"MARKREAD bob timestamp={NOON}"]


def test_a_server_without_markers_is_told_none() -> None:
    """Nor while there is no connection: others may have read further until it is back."""
    assert (
        talk(f"{OFFER.replace(CAPABILITY, '')} {CHATHISTORY}").does(MarkRead("#lobby", NOON)) == []
    )
    one = talk()
    one.loses()
    assert one.does(MarkRead("#lobby", NOON)) == []


def test_those_of_people_are_asked_for() -> None:
    """Once, when the server has told with whom there are conversations; a refusal is no news."""
    one = talk(f"{OFFER} {CHATHISTORY} {CAPABILITY} {LABELS}")
    question = AskRange(("TARGETS", "x", "y", "9"))
    names = ("#lobby", "bob", "carol", *(f"m{number}" for number in range(MOST_ASKED)))
    one.hears(f"MARKREAD carol timestamp={NOON}")
    [asked] = one.does(question)
    lines = [f"@batch=h CHATHISTORY TARGETS {name} {NOON}" for name in names]
    label = asked.partition(" ")[0]
    one.hears(f"{label} BATCH +h draft/chathistory-targets", *lines)
    labels, sent = zip(*(line.split(" ", 1) for line in one.hears("BATCH -h")), strict=True)
    assert sent[:2] == ("MARKREAD bob", "MARKREAD m0")
    assert len(sent) == MOST_ASKED
    one.shows()
    one.hears(f"{labels[0]} :irc.test FAIL MARKREAD INVALID_PARAMS bob :no")
    assert one.shows() == []


def test_there_is_an_end_to_what_is_remembered() -> None:
    """The oldest gives way."""
    known = Markers()
    known.restart(on=True)
    for number in range(markers.MAX_KNOWN + 1):
        known.told(Message("MARKREAD", [f"m{number}", f"timestamp={NOON}"]))
    assert known.may(MarkRead("m0", NOON))
    assert not known.may(MarkRead("m2", NOON))
