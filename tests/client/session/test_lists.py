"""Answers of several numerics, which are told as one."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from securechat.client.session import lists
from securechat.client.session.events.answers import (
    ChannelsAre,
    HasInvited,
    InvitationsAre,
    ListedChannel,
    Mask,
    MasksAre,
    ModesAre,
    NobodyFits,
    PersonIs,
    WeAreAway,
    WhoisTold,
)
from securechat.client.session.events.base import ClientEvent, Info
from tests.client.dialogue import online

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
SECONDS = int(NOON.timestamp())


def answer(*lines: str) -> list[ClientEvent]:
    talk = online()
    talk.hears(*lines)
    return talk.shows()


@pytest.mark.parametrize(
    ("row", "end", "letter"), [("367", "368", "b"), ("348", "349", "e"), ("346", "347", "I")]
)
def test_the_lists_of_a_channel(row: str, end: str, letter: str) -> None:
    """With by whom and when, where a server tells; nothing of one list stays for the next."""
    told = answer(
        f"{row} alice #lab ~a:bob carol!carol@host {SECONDS}",
        f"{row} alice #lab *!*@evil",
        f"{end} alice #lab :End of list",
        f"{end} alice #den :End of list",
    )
    masks = (Mask("~a:bob", "carol", NOON), Mask("*!*@evil"))
    assert told == [MasksAre("#lab", letter, masks), MasksAre("#den", letter, ())]


def test_channels_are_listed() -> None:
    """A number that is none counts as nobody."""
    told = answer(
        "321 alice Channel :Users  Name",
        "322 alice #lab 3 :Chemistry",
        "322 alice #den x :",
        "323 alice :End",
    )
    assert told == [
        ChannelsAre((ListedChannel("#lab", 3, "Chemistry"), ListedChannel("#den", 0, "")))
    ]


@pytest.mark.parametrize(
    ("lines", "event"),
    [
        (["324 alice #lab +kl * 5"], ModesAre("#lab", ("+kl", "*", "5"))),
        (["341 alice bob #lab"], HasInvited("bob", "#lab")),
        (["336 alice #lab", "337 alice :End"], InvitationsAre(("#lab",))),
        (["337 alice :End"], InvitationsAre(())),
        (["306 alice :away"], WeAreAway(True)),
        (["305 alice :back"], WeAreAway(False)),
        (["315 alice bob :End"], NobodyFits("bob")),
        (["301 alice bob :lunch"], Info("bob lunch")),
    ],
)
def test_an_answer_is_one_event(lines: list[str], event: ClientEvent) -> None:
    """Whatever numerics it comes in. That somebody we write to is away is no part of any."""
    assert answer(*lines) == [event]


def test_who_finds_somebody() -> None:
    """Then nothing is said at its end; the next one that finds nobody says so again."""
    told = answer(
        "352 alice #lab u h s bob H :0 Bob",
        "315 alice #lab :End",
        "315 alice carol :End",
    )
    assert told == [PersonIs("bob", "Bob", "#lab", False), NobodyFits("carol")]


def test_whois_is_one_event() -> None:
    """With all that a server tells of somebody."""
    told = answer(
        "311 alice bob bob host * :Bob B.",
        "319 alice bob :@#lab +#den",
        "319 alice bob :#tea",
        "312 alice bob irc.test :Test",
        "313 alice bob :administers this server",
        "335 alice bob :is a bot",
        "301 alice bob :lunch",
        "330 alice bob robert :is logged in as",
        "671 alice bob :is using a secure connection",
        f"317 alice bob 61 {SECONDS} :seconds idle, signon time",
        "318 alice bob :End",
    )
    channels = ("@#lab", "+#den", "#tea")
    expected = WhoisTold(
        "bob", "Bob B.", "robert", channels, "lunch", 61, NOON, admin=True, bot=True, secure=True
    )
    assert told == [expected]


def test_a_list_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a hostile server fills no memory."""
    monkeypatch.setattr(lists, "MOST", 2)
    rows = [f"367 alice #lab mask{number}" for number in range(9)]
    [told] = answer(*rows, "368 alice #lab :End")
    assert isinstance(told, MasksAre)
    assert len(told.masks) == 2


@pytest.mark.parametrize("time", ["x", "9" * 40, "99999999999", "-1", ""])
def test_a_time_that_is_none(time: str) -> None:
    """Is left out."""
    [told] = answer(f"367 alice #lab mask bob {time}", "368 alice #lab :End")
    assert isinstance(told, MasksAre)
    assert told.masks[0].time is None or told.masks[0].time.year > 2026


@pytest.mark.parametrize("code", ["367", "368", "322", "324", "341", "311", "319", "317", "336"])
def test_an_answer_that_is_too_short(code: str) -> None:
    """Is no part of any."""
    talk = online()
    talk.hears(code, f"{code} alice")
    talk.shows()
