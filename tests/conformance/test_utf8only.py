"""https://ircv3.net/specs/extensions/utf8-only"""

from __future__ import annotations

import pytest

from tests.support.client import only
from tests.support.rules import RulesUnderTest, in_channel


def test_the_token() -> None:
    """Section "The `UTF8ONLY` ISUPPORT token"."""
    heard = RulesUnderTest("alice").connect().logs_in("alice")
    assert any(" UTF8ONLY " in line for line in heard if " 005 " in line)


@pytest.mark.parametrize("command", ["PRIVMSG", "NOTICE", "TOPIC", "METADATA", "AWAY"])
def test_other_bytes_are_refused(command: str) -> None:
    """Section "The `INVALID_UTF8` standard replies code": with the command; nobody hears of it."""
    _, (alice, bob) = in_channel("alice", "bob")
    fail = only(alice.says(f"{command.lower()} #den :caf".encode() + b"\xe9"))
    assert (fail.command, fail.params[:2]) == ("FAIL", [command, "INVALID_UTF8"])
    assert bob.hears() == []


def test_also_before_the_login() -> None:
    """Section "Examples": the real name of USER."""
    fail = only(RulesUnderTest().connect().says(b"USER u s e :caf\xe9"))
    assert fail.params[:2] == ["USER", "INVALID_UTF8"]


@pytest.mark.parametrize("line", [b"\xff", b"NONSENSE\xff x", b"\xc3\x28 x"])
def test_a_word_that_is_no_command_is_not_repeated(line: bytes) -> None:
    """standard-replies, "Message Format": "*" where there is no command; it may be a password."""
    fail = only(RulesUnderTest("alice").member("alice").says(line))
    assert fail.params[0] == "*"
