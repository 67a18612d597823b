"""https://ircv3.net/specs/extensions/echo-message"""

from __future__ import annotations

import pytest

from securechat.irc.message import parse
from tests.support.client import codes
from tests.support.rules import in_channel

CAPS = "echo-message message-tags server-time"


@pytest.mark.parametrize("target", ["#den", "bob"])
@pytest.mark.parametrize("command", ["PRIVMSG", "NOTICE"])
def test_the_echo_is_what_the_others_get(command: str, target: str) -> None:
    """echo-message: "the same way as any other user would see it"; message-ids: one id."""
    _, (alice, bob) = in_channel("alice", "bob", caps=CAPS)
    [echo] = alice.says(f"{command} {target} :hi")
    assert bob.hears() == [echo]
    assert parse(echo).tags.keys() == {"msgid", "time"}


def test_what_failed_has_no_echo() -> None:
    """It would stand for what was not sent."""
    _, (alice, _) = in_channel("alice", "bob", caps=CAPS)
    assert codes(alice.says("PRIVMSG #nowhere :x", "PRIVMSG nobody :x")) == ["403", "401"]


def test_a_message_to_oneself_comes_as_both() -> None:
    """With one id, by which a client knows that they are one."""
    rules, (alice,) = in_channel("alice", caps=CAPS)
    echo, delivered = alice.says("PRIVMSG alice :hi")
    assert echo == delivered
    assert len([entry for entry in rules.log if entry.kind == "PRIVMSG"]) == 1


def test_nothing_of_it_without_its_capability() -> None:
    """Neither an echo nor a tag."""
    _, (alice, bob) = in_channel("alice", "bob")
    assert alice.says("PRIVMSG #den :hi") == []
    assert bob.hears() == [":alice!alice@chat.test PRIVMSG #den :hi"]
