"""Labelled responses. https://ircv3.net/specs/extensions/labeled-response"""

from __future__ import annotations

import pytest

from securechat.irc.message import parse
from tests.support.client import Client, codes
from tests.support.rules import RulesUnderTest, in_channel

CAPS = ("labeled-response", "batch")


def tags(line: str) -> dict[str, str]:
    return parse(line).tags


def asks(*caps: str) -> tuple[RulesUnderTest, Client, Client]:
    """alice, who knows labels, and bob in #den."""
    rules, (alice, bob) = in_channel("alice", "bob")
    alice.says(f"CAP REQ :{' '.join([*CAPS, *caps])}")
    return rules, alice, bob


def test_one_line_carries_the_label() -> None:
    """Also a refusal, and a label with characters that are escaped in tags."""
    _, alice, _ = asks()
    [pong] = alice.says("@label=a1 PING x")
    assert (tags(pong), codes([pong])) == ({"label": "a1"}, ["PONG"])
    [refused] = alice.says(r"@label=a\:b\sc PRIVMSG nobody :hi")
    assert (tags(refused), codes([refused])) == ({"label": "a;b c"}, ["401"])
    [unknown] = alice.says("@label=x BLAH")
    assert (tags(unknown), codes([unknown])) == ({"label": "x"}, ["421"])


def test_several_lines_are_a_batch() -> None:
    """Its start has the label, each line and no other tells the batch, and it is ended."""
    _, alice, _ = asks()
    first, *lines, last = alice.says("@label=w WHOIS bob")
    assert (tags(first), parse(first).params) == ({"label": "w"}, ["+labeled", "labeled-response"])
    assert codes(lines)[0] == "311"
    assert codes(lines)[-1] == "318"
    assert all(tags(line) == {"batch": "labeled"} for line in lines)
    assert (tags(last), parse(last).params) == ({}, ["-labeled"])


def test_no_line_is_an_ack() -> None:
    """Where a command says nothing, such as a message without an echo."""
    _, alice, bob = asks()
    for said in ("PRIVMSG #den :hi", "PONG x", "TAGMSG #den"):
        [ack] = alice.says(f"@label=n {said}")
        assert (tags(ack), parse(ack).command, parse(ack).params) == ({"label": "n"}, "ACK", [])
    assert codes(bob.hears()) == ["PRIVMSG"]


def test_an_echo_has_the_label_for_its_sender_alone() -> None:
    """Beside the other tags; the others, and the sender's other sessions, see none."""
    rules, alice, bob = asks("echo-message", "message-tags")
    bob.says("CAP REQ message-tags")
    phone = rules.member("alice", caps=["echo-message", *CAPS])
    for person in (alice, bob):
        person.hears()
    [echo] = alice.says("@label=e;+x=y PRIVMSG #den :hi")
    assert tags(echo)["label"] == "e"
    assert {"msgid", "+x"} < tags(echo).keys()
    for person in (bob, phone):
        [heard] = person.hears()
        assert "label" not in tags(heard)


def test_what_one_brings_about_in_a_channel_is_a_response() -> None:
    """A JOIN with its topic and names, in their order; the others hear the JOIN as ever."""
    _, alice, bob = asks()
    bob.says("JOIN #other")
    first, *lines, last = alice.says("@label=j JOIN #other")
    assert (codes([first]), codes(lines), codes([last])) == (
        ["BATCH"],
        ["JOIN", "353", "366"],
        ["BATCH"],
    )
    assert bob.hears() == [":alice!alice@chat.test JOIN #other"]
    [mode] = alice.says("@label=m MODE #den +i")
    assert (tags(mode), codes([mode])) == ({"label": "m"}, ["MODE"])


def test_a_message_to_oneself_is_no_response() -> None:
    """Only its echo is: a client tells the two apart by the label."""
    _, alice, _ = asks()
    heard = alice.says("@label=s PRIVMSG alice :hi")
    assert [(parse(line).command, tags(line)) for line in heard] == [
        ("PRIVMSG", {}),
        ("ACK", {"label": "s"}),
    ]
    alice.says("CAP REQ echo-message")
    echo, delivered = alice.says("@label=s PRIVMSG alice :hi")
    assert (tags(echo), tags(delivered)) == ({"label": "s"}, {})
    assert parse(echo).params == parse(delivered).params


def test_a_long_answer_is_one_batch() -> None:
    """However many turns it takes; what comes in between is not part of it."""
    _, alice, bob = asks()
    for number in range(60):
        bob.says(f"JOIN #r{number}")
    bob.hears()
    first, *lines, last = alice.says("@label=l LIST")
    assert tags(first) == {"label": "l"}
    assert len(lines) > 50
    assert all(tags(line) == {"batch": "labeled"} for line in lines)
    assert (codes([lines[-1]]), codes([last])) == (["323"], ["BATCH"])


def test_what_could_not_be_stored_keeps_its_label() -> None:
    """The refusal is the response."""
    rules, alice, bob = asks("echo-message")
    rules.full = True
    [refused] = alice.says("@label=f PRIVMSG #den :hi")
    assert (tags(refused), codes([refused])) == ({"label": "f"}, ["400"])
    assert bob.hears() == []


@pytest.mark.parametrize("caps", [(), ("labeled-response",), ("batch",)])
def test_without_the_capabilities_nothing_is_labelled(caps: tuple[str, ...]) -> None:
    """Both are needed: a batch may be."""
    alice = RulesUnderTest("alice").member("alice", caps=caps)
    assert tags(alice.says("@label=a PING x")[0]) == {}
    assert alice.says("@label=a PONG x") == []


def test_a_label_that_is_too_long_is_none() -> None:
    """64 bytes are the limit."""
    _, alice, _ = asks()
    assert tags(alice.says(f"@label={'x' * 64} PING x")[0]) == {"label": "x" * 64}
    assert tags(alice.says(f"@label={'x' * 65} PING x")[0]) == {}


def test_who_quits_with_a_label_is_told_so() -> None:
    """ERROR is the response."""
    _, alice, bob = asks()
    [error] = alice.says("@label=q QUIT")
    assert (tags(error), parse(error).command) == ({"label": "q"}, "ERROR")
    assert codes(bob.hears()) == ["QUIT"]
