"""A message of several lines, sent and received: multiline, and how the session uses it.

https://ircv3.net/specs/extensions/multiline
"""

from __future__ import annotations

import pytest

from securechat.client.session.actions import Say
from securechat.client.session.events.connection import Ready
from securechat.client.session.events.deliveries import Doubt, Rejected, Stored, Unconfirmed
from securechat.client.session.events.messages import Said
from securechat.client.session.multiline import (
    CAPABILITY,
    MAX_CHARS,
    MAX_PARTS,
    Assembly,
    Limits,
    batch_lines,
    limits_of,
)
from securechat.irc.message import KEY_TAG, parse
from tests.client.dialogue import ALICE, arrival, handshake, online
from tests.client.scripted import OFFER

WITH_LIMITS = OFFER.replace(CAPABILITY, f"{CAPABILITY}=max-bytes=200,max-lines=4")
KEYED = f"{WITH_LIMITS} {KEY_TAG}"


def echo(*texts: str) -> list[str]:
    """A message of ours of several lines, as the server relays it."""
    lines = [f"@batch=e :{ALICE} PRIVMSG #lobby :{text}" for text in texts]
    return [f"@msgid=9 :{ALICE} BATCH +e {CAPABILITY} #lobby", *lines, "BATCH -e"]


@pytest.mark.parametrize(
    ("value", "limits"),
    [
        ("max-bytes=8192,max-lines=64", Limits(8192, 64)),
        ("new=1,max-bytes=100", Limits(100)),
        ("", None),
        ("max-lines=3", None),
        ("max-bytes=many", None),
    ],
)
def test_the_limits_that_a_server_announces(value: str, limits: Limits | None) -> None:
    """The bytes are required; unknown keys are passed over."""
    assert limits_of(value) == limits


def test_a_text_at_its_limits() -> None:
    """Line feeds count as bytes, and the lines are those on the wire."""
    limits = Limits(20, 3)
    assert limits.problem("a\nb\nc", 100) == ""
    assert limits.problem("0123456789\n012345678", 100) == ""
    assert "2 lines and 21 bytes" in limits.problem("0123456789\n0123456789", 100)
    assert "4 lines" in limits.problem("a\nb\nc\nd", 100)
    assert "takes 3 lines and 20 bytes" in limits.problem("a\nb\nc\nd", 100)
    assert "4 lines" in Limits(200, 3).problem("a\n" + "b" * 40, 16)


def test_a_long_line_goes_on_in_the_next() -> None:
    """Joined to it, so that nothing is lost and no border comes in; a blank one isn't joined."""
    assert batch_lines("PRIVMSG", "#x", "one\n\n" + "b" * 20, 16, {KEY_TAG: "ff"}) == [
        f"@{KEY_TAG}=ff BATCH +paste {CAPABILITY} #x",
        "@batch=paste PRIVMSG #x one",
        "@batch=paste PRIVMSG #x :",
        f"@batch=paste PRIVMSG #x {'b' * 16}",
        f"@batch=paste;{CAPABILITY}-concat PRIVMSG #x bbbb",
        "BATCH -paste",
    ]


def test_several_lines_are_one_message_to_the_echo() -> None:
    """Stored and shown once, with the id of its batch."""
    talk = online(offer=WITH_LIMITS)
    sent = talk.does(Say("#lobby", "один\n\nдва"))
    assert sent == batch_lines("PRIVMSG", "#lobby", "один\n\nдва", 400, {})
    talk.hears(*echo("один", "", "два"), *echo("один", "", "два"))
    stored, said, *rest = talk.shows()
    assert stored == Stored("#lobby", "один\n\nдва")
    assert said == Said("#lobby", "alice", "один\n\nдва", mine=True)
    assert rest == []


def test_without_the_capability_each_line_is_a_message() -> None:
    """As on an older server; blank lines are left out."""
    talk = online(offer=OFFER.replace(CAPABILITY, ""))
    assert talk.does(Say("#lobby", "one\n\ntwo")) == ["PRIVMSG #lobby one", "PRIVMSG #lobby two"]


def test_more_than_the_limits_goes_in_several_messages_if_it_is_sent() -> None:
    """The prompt asks before; what a program sends has as few parts as the server takes."""
    talk = online(offer=WITH_LIMITS)
    text = "one\ntwo\nthree\nfour\nfive"
    assert talk.session.too_much("#lobby", text).startswith("too much for one message: 5 lines")
    assert talk.session.too_much("#lobby", "one\ntwo") == ""
    assert talk.does(Say("#lobby", text)) == [
        "BATCH +paste draft/multiline #lobby",
        *(f"@batch=paste PRIVMSG #lobby {word}" for word in ("one", "two", "three", "four")),
        "BATCH -paste",
        "PRIVMSG #lobby five",
    ]


def test_the_key_stays_when_it_is_sent_again() -> None:
    """So the server stores it once."""
    talk = online(offer=KEYED)
    first = talk.does(Say("#lobby", "one\ntwo"))
    assert first[0].startswith(f"@{KEY_TAG}=")
    talk.loses()
    handshake(talk, KEYED)
    *before, pong = arrival()
    talk.hears(*before)
    talk.shows()
    assert talk.hears(pong) == first
    assert talk.shows() == [
        Ready("alice", again=True),
        Unconfirmed("#lobby", "one\ntwo", Doubt.ASKED),
    ]
    talk.hears(*echo("one", "two"))
    assert Stored("#lobby", "one\ntwo") in talk.shows()


def test_a_server_that_has_lost_the_capability_gets_single_lines() -> None:
    """After a reconnect, or by CAP DEL."""
    talk = online(offer=KEYED)
    talk.does(Say("#lobby", "one\ntwo"))
    talk.loses()
    handshake(talk, OFFER.replace(CAPABILITY, ""))
    *before, pong = arrival()
    talk.hears(*before)
    assert talk.hears(pong) == ["PRIVMSG #lobby one", "PRIVMSG #lobby two"]
    talk = online(offer=WITH_LIMITS)
    talk.hears(f"CAP alice DEL :{CAPABILITY}")
    assert talk.does(Say("#lobby", "one\ntwo")) == ["PRIVMSG #lobby one", "PRIVMSG #lobby two"]


@pytest.mark.parametrize(
    "refusal",
    [
        "FAIL BATCH MULTILINE_MAX_BYTES 8192 :Too much",
        "FAIL BATCH MULTILINE_INVALID :Too much",
        "404 alice #lobby :Too much",
    ],
)
def test_a_refusal_is_of_the_message_of_several_lines(refusal: str) -> None:
    """Not of a single line that is on its way, where BATCH is what is refused."""
    talk = online(offer=WITH_LIMITS)
    talk.does(Say("#den" if "FAIL" in refusal else "#other", "before"))
    talk.does(Say("#lobby", "one\ntwo"))
    talk.hears(refusal)
    assert talk.shows() == [Rejected("#lobby", "one\ntwo", "Too much")]


def test_several_lines_of_somebody_else() -> None:
    """One message, with the time of its batch; also within what was missed."""
    talk = online()
    talk.hears(
        "BATCH +m chathistory #lobby",
        f"@batch=m;msgid=1 :bob!b@h BATCH +in {CAPABILITY} #lobby",
        "@batch=in :bob!b@h PRIVMSG #lobby :one",
        "@batch=in :bob!b@h PRIVMSG #lobby :",
        "@batch=in :bob!b@h PRIVMSG #lobby :three",
        f"@batch=in;{CAPABILITY}-concat :bob!b@h PRIVMSG #lobby :, longer",
        "@batch=m BATCH -in",
        "BATCH -m",
    )
    assert talk.shows() == [Said("#lobby", "bob", "one\n\nthree, longer", missed=True)]


def test_what_has_no_end_is_not_shown_after_a_reconnect() -> None:
    """Its other lines never come; the replay has it whole."""
    talk = online()
    talk.hears(f":bob!b@h BATCH +in {CAPABILITY} #lobby", "@batch=in :bob!b@h PRIVMSG #lobby :one")
    talk.loses()
    handshake(talk)
    talk.hears(*arrival())
    talk.hears("BATCH -in")
    assert not any(isinstance(event, Said) for event in talk.shows())


def test_a_message_without_an_end_is_cut() -> None:
    """Of lines, or of letters; and one without lines is none."""
    assembly = Assembly(parse(f":bob!b@h BATCH +in {CAPABILITY} #lobby"))
    assert assembly.whole() is None
    for _ in range(MAX_PARTS * 2):
        assembly.add(parse(":bob!b@h PRIVMSG #lobby :x"))
    whole = assembly.whole()
    assert whole is not None
    assert whole.params[1].count("\n") == MAX_PARTS - 1
    assembly = Assembly(parse(f":bob!b@h BATCH +in {CAPABILITY} #lobby"))
    for _ in range(MAX_PARTS):
        assembly.add(parse(f":bob!b@h PRIVMSG #lobby :{'x' * 400}"))
    whole = assembly.whole()
    assert whole is not None
    assert len(whole.params[1]) < MAX_CHARS + 1000
