"""https://ircv3.net/specs/extensions/message-tags; its sizes are in test_message_limits."""

from __future__ import annotations

import pytest

from securechat.irc.message import parse
from tests.support.client import Client, codes, only
from tests.support.rules import in_channel, outsider

CAPS = "message-tags"


@pytest.fixture
def den() -> tuple[Client, Client]:
    _, (alice, bob) = in_channel("alice", "bob", caps=CAPS)
    return alice, bob


@pytest.mark.parametrize(
    ("sent", "relayed"),
    [
        ("+a", "+a"),
        ("+a=", "+a"),
        ("+a=1;+a=2", "+a=2"),
        ("+A=1;+a=2", "+A=1;+a=2"),
        (r"+a=\:\s\\\r\n", r"+a=\:\s\\\r\n"),
        (r"+a=x\b\\", "+a=xb\\\\"),
        ("+a=test\\", "+a=test"),
        ("+example.org/a-1=x", "+example.org/a-1=x"),
        ("+a=é漢👋", "+a=é漢👋"),
        ("+a=b=c", "+a=b=c"),
        ("a=1;+b=2;msgid=3;time=4;account=5;batch=6;label=7", "+b=2"),
        ("+a=1;+a!b=x", "+a=1"),
        ("+a=1;;=;+b", "+a=1;+b"),
    ],
)
def test_how_they_are_read(den: tuple[Client, Client], sent: str, relayed: str) -> None:
    """Section "Format": the last of a name counts, empty is missing, names are case-sensitive, an
    invalid one is no reason to refuse; "Escaping values": an invalid or lone backslash goes.
    Section "Client-only tags": only those are relayed.
    """
    alice, bob = den
    assert alice.says(f"@{sent} PRIVMSG #den :x") == []
    [line] = bob.hears()
    tags = line[1:].partition(" ")[0].split(";")
    assert [tag for tag in tags if tag.startswith("+")] == relayed.split(";")
    assert [tag.partition("=")[0] for tag in tags if not tag.startswith("+")] == ["msgid"]


def test_the_server_s_come_first() -> None:
    """Section "Client-only tags": "included before client-only tags"."""
    caps = "message-tags server-time account-tag"
    _, (alice, bob) = in_channel("alice", "bob", caps=caps)
    alice.says("MODE alice +B", "@+a;+b PRIVMSG #den :x")
    tags = bob.hears()[-1][1:].partition(" ")[0].split(";")
    assert tags[-2:] == ["+a", "+b"]
    names = {tag.partition("=")[0] for tag in tags[:-2]}
    assert names == {"time", "msgid", "account", "bot"}


@pytest.mark.parametrize("target", ["#den", "bob"])
@pytest.mark.parametrize("command", ["PRIVMSG", "NOTICE", "TAGMSG"])
def test_client_only_tags_are_relayed(
    den: tuple[Client, Client], command: str, target: str
) -> None:
    """Section "Client-only tags": on these three, to who has the capability alone."""
    alice, bob = den
    text = " :x" if command != "TAGMSG" else ""
    alice.says(f"@+a=1 {command} {target}{text}")
    assert parse(bob.hears()[0]).tags["+a"] == "1"
    bob.says("CAP REQ -message-tags")
    alice.says(f"@+a=1 {command} {target}{text}")
    assert [parse(line).tags for line in bob.hears()] == [{}] * bool(text)


def test_tagmsg_is_not_for_others(den: tuple[Client, Client]) -> None:
    """Section "TAGMSG": "MUST NOT deliver TAGMSG to clients that haven't negotiated" it, not even
    with other capabilities that have tags.
    """
    alice, bob = den
    bob.says("CAP REQ :-message-tags server-time account-tag batch echo-message")
    alice.says("@+a=1 TAGMSG #den", "@+a=1 TAGMSG bob")
    assert bob.hears() == []


def test_tagmsg_goes_the_way_of_a_message() -> None:
    """Section "TAGMSG": "in the same way as PRIVMSG": membership, modes, echo, STATUSMSG."""
    rules, (alice, bob) = in_channel("alice", "bob", caps=f"{CAPS} echo-message")
    carol = outsider(rules, "carol", caps=CAPS)
    tagged = "@+a=1 TAGMSG"
    assert codes(carol.says(f"{tagged} #den", f"{tagged} nobody")) == ["404", "401"]
    assert codes(bob.says("TAGMSG", f"{tagged} #nowhere")) == ["411", "403"]
    assert codes(bob.says(f"{tagged} @#den")) == codes(alice.hears()) == ["TAGMSG"]
    assert codes(alice.says(f"{tagged} #den")) == codes(bob.hears()) == ["TAGMSG"]
    alice.says("MODE #den +m")
    bob.hears()
    assert only(bob.says(f"{tagged} #den")).command == "404"
    assert alice.hears() == []


def test_one_without_tags_says_nothing(den: tuple[Client, Client]) -> None:
    """Section "TAGMSG": it is for "messages with tags but no text content"."""
    alice, bob = den
    assert alice.says("TAGMSG #den", "@a=1 TAGMSG #den") == []
    assert bob.hears() == []


@pytest.mark.parametrize("line", [b"@+a=\xff PRIVMSG #den :x", b"@\xff PRIVMSG #den :x"])
def test_other_bytes_than_utf8(den: tuple[Client, Client], line: bytes) -> None:
    """Section "Format": "Tag values MUST be encoded as UTF8"; nothing is put in their place."""
    alice, bob = den
    assert only(alice.says(line)).params[:2] == ["PRIVMSG", "INVALID_UTF8"]
    assert bob.hears() == []


def test_any_command_may_have_tags(den: tuple[Client, Client]) -> None:
    """Section "`message-tags` capability": the server parses "any tag received from a client"."""
    alice, _ = den
    assert codes(alice.says("@a=1;+b=2;c PING x", "@ PING x", "@+a=1    PING x")) == ["PONG"] * 3
