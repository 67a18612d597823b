"""https://ircv3.net/specs/client-tags/typing, /reply, /react and /channel-context

The server relays all client-only tags; these are those that it knows clients to use.
"""

from __future__ import annotations

import pytest

from securechat.irc.message import parse
from tests.support.client import Client, codes
from tests.support.rules import RulesUnderTest, in_channel

CAPS = "message-tags echo-message batch draft/chathistory draft/event-playback"


@pytest.fixture
def den() -> tuple[RulesUnderTest, Client, Client]:
    rules, (alice, bob) = in_channel("alice", "bob", caps=CAPS)
    return rules, alice, bob


def kept(person: Client, target: str = "#den") -> list[dict[str, str]]:
    """The client-only tags of what history has."""
    lines = map(parse, person.says(f"CHATHISTORY LATEST {target} * 50"))
    said = [line for line in lines if line.command in ("PRIVMSG", "NOTICE", "TAGMSG")]
    return [{key: value for key, value in line.tags.items() if key[0] == "+"} for line in said]


@pytest.mark.parametrize("target", ["#den", "bob"])
@pytest.mark.parametrize("value", ["active", "paused", "done"])
def test_typing(den: tuple[RulesUnderTest, Client, Client], value: str, target: str) -> None:
    """typing, "Format": a TAGMSG, to a channel or a person; it is of this moment, so it is not kept
    and has no id that anything could refer to.
    """
    rules, alice, bob = den
    before = len(rules.log)
    alice.says(f"@+typing={value} TAGMSG {target}")
    assert [parse(line).tags for line in bob.hears()] == [{"+typing": value}]
    assert kept(bob, "#den" if target == "#den" else "alice") == []
    assert len(rules.log) == before


def test_typing_is_no_message_that_waits() -> None:
    """typing, "Format": after 6 seconds it is over; who comes later hears nothing of it."""
    rules = RulesUnderTest("alice", "bob")
    rules.member("alice", caps=CAPS).says("@+typing=active TAGMSG bob")
    heard = rules.connect().logs_in("bob", caps="message-tags")
    assert "TAGMSG" not in codes(heard)


def test_typing_beside_another_tag_is_kept(den: tuple[RulesUnderTest, Client, Client]) -> None:
    """typing, "Dependencies": a message with more to say stays one."""
    _, alice, bob = den
    alice.says("@+typing=done;+reply=x TAGMSG #den")
    bob.hears()
    assert kept(bob) == [{"+typing": "done", "+reply": "x"}]


@pytest.mark.parametrize("tag", ["+reply", "+draft/reply"])
def test_a_reply(den: tuple[RulesUnderTest, Client, Client], tag: str) -> None:
    """reply, "Examples": the id that the first message had, and an id of its own."""
    _, alice, bob = den
    [said] = alice.says("PRIVMSG #den :Hello!")
    msgid = parse(said).tags["msgid"]
    bob.hears()
    bob.says(f"@{tag}={msgid} PRIVMSG #den :Hello to you!")
    tags = parse(alice.hears()[0]).tags
    assert tags.pop("msgid") != msgid
    assert tags == {tag: msgid}
    assert kept(alice) == [{}, {tag: msgid}]


@pytest.mark.parametrize("reaction", ["lol", r":)", "👋", r"\s\:", "x" * 400])
@pytest.mark.parametrize("tag", ["+draft/react", "+draft/unreact"])
def test_a_reaction(den: tuple[RulesUnderTest, Client, Client], tag: str, reaction: str) -> None:
    """react, "Format": "The value has no restrictions"; "Examples": by TAGMSG, with `+reply`, and
    echoed. It is kept.
    """
    _, alice, bob = den
    [echo] = bob.says(f"@+reply=123;{tag}={reaction} TAGMSG #den")
    assert alice.hears() == [echo]
    assert parse(echo).tags["+reply"] == "123"
    assert f"{tag}={reaction} " in echo
    assert list(kept(alice)[0]) == ["+reply", tag]


def test_a_reaction_with_a_text(den: tuple[RulesUnderTest, Client, Client]) -> None:
    """react, "Examples": "sent as a PRIVMSG with an additional message body"."""
    _, alice, bob = den
    bob.says("@+reply=123;+draft/react=lol PRIVMSG #den :lol")
    tags = parse(alice.hears()[0]).tags
    assert tags.items() >= {"+reply": "123", "+draft/react": "lol"}.items()


@pytest.mark.parametrize("tag", ["+channel-context", "+draft/channel-context"])
def test_a_channel_as_the_context(den: tuple[RulesUnderTest, Client, Client], tag: str) -> None:
    """channel-context, "Examples": a NOTICE to a person with the channel that it is about."""
    _, alice, bob = den
    bob.says(f"@{tag}=#den NOTICE alice :I'm helping.")
    assert parse(alice.hears()[0]).tags[tag] == "#den"
    assert kept(alice, "bob") == [{tag: "#den"}]
