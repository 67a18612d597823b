"""One dialogue reads the same on the rules, the hub and a whole server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.client import codes, only, source
from tests.support.hub import HubUnderTest
from tests.support.rules import RulesUnderTest
from tests.support.server import ServerUnderTest, running

UnderTest = RulesUnderTest | HubUnderTest | ServerUnderTest


@pytest.fixture(params=["rules", "hub", "server"])
def chat(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[UnderTest]:
    """What can be tested on, with the accounts of alice and bob."""
    if request.param == "rules":
        yield RulesUnderTest("alice", "bob", lobby="#lobby")
    elif request.param == "hub":
        hub = HubUnderTest(tmp_path, "alice", "bob")
        hub.open()
        yield hub
        hub.close()
    else:
        with running(tmp_path / "data", "alice", "bob") as server:
            yield server


def test_what_one_says_the_other_hears(chat: UnderTest) -> None:
    """The speaker hears what follows from it, and all that had come before."""
    alice, bob = chat.member("alice", caps="echo-message"), chat.member("bob")
    assert alice.hears() == [f"{source('bob')} JOIN #lobby"]
    assert alice.says("PRIVMSG bob :hi") == [f"{source('alice')} PRIVMSG bob :hi"]
    assert bob.says("PRIVMSG alice :oh") == [f"{source('alice')} PRIVMSG bob :hi"]
    assert alice.hears() == [f"{source('bob')} PRIVMSG alice :oh"]
    assert alice.hears() == bob.hears() == []


def test_tags_are_shown_by_choice(chat: UnderTest) -> None:
    """All of them, some, or none."""
    caps = "message-tags server-time"
    alice = chat.member("alice", caps="message-tags")
    every = chat.member("bob", caps=caps)
    some = chat.member("bob", caps=caps, tags=("+draft/reply",))
    none = chat.member("bob", caps=caps, tags=())
    for client in (every, some, none):
        client.hears()
    alice.says("@+draft/reply=x PRIVMSG bob :hi")
    assert {"time", "msgid", "+draft/reply"} <= only(every.hears()).tags.keys()
    assert some.hears() == [f"@+draft/reply=x {source('alice')} PRIVMSG bob :hi"]
    assert none.hears() == [f"{source('alice')} PRIVMSG bob :hi"]


def test_a_login_is_told_like_any_dialogue(chat: UnderTest) -> None:
    """By hand, line after line."""
    client = chat.connect()
    assert only(client.says("JOIN #lobby")).command == "451"
    assert codes(client.logs_in("alice"))[0] == "001"
    client.sends("QUIT :bye")
    assert client.hears_the_end()[-1] == "ERROR :Closing link: Quit: bye"
    with pytest.raises(EOFError):
        client.hears_line()
