"""https://ircv3.net/specs/extensions/message-tags, "Size limit", and https://modern.ircdocs.horse/
#message-format: each limit on both of its sides.
"""

from __future__ import annotations

import pytest

from securechat.irc.message import parse
from tests.support.client import Client, codes
from tests.support.rules import in_channel


def den() -> tuple[Client, Client]:
    _, (alice, bob) = in_channel("alice", "bob", caps="message-tags")
    return alice, bob


@pytest.mark.parametrize(("data", "taken"), [(4094, True), (4095, False)])
def test_the_data_of_tags(data: int, taken: bool) -> None:
    """ "Clients MUST NOT send messages with tag data exceeding 4094 bytes"; never cut."""
    alice, bob = den()
    value = "y" * (data - len("+x="))
    heard = alice.says(f"@+x={value} TAGMSG #den")
    assert codes(heard) == ([] if taken else ["417"])
    assert [parse(line).tags["+x"] for line in bob.hears()] == [value] * taken


@pytest.mark.parametrize("tags", ["", "@+x=y ", "@+x=" + "y" * 4091 + " "])
@pytest.mark.parametrize(("size", "taken"), [(512, True), (513, False)])
def test_a_line_without_its_tags(tags: str, size: int, taken: bool) -> None:
    """ "The rest of the message remains unchanged at 512 bytes", with CR LF and without tags."""
    alice, bob = den()
    head = "PRIVMSG #den :"
    text = "x" * (size - len(head) - 2)
    assert codes(alice.says(f"{tags}{head}{text}")) == ([] if taken else ["417"])
    assert "".join(parse(line).params[1] for line in bob.hears()) == (text if taken else "")


@pytest.mark.parametrize("bad", ["\0", "\r"])
@pytest.mark.parametrize("line", ["PRIVMSG #den :a{}b", "PRIVMSG #d{}en :x", "@+x={} TAGMSG #den"])
def test_nul_and_a_bare_cr(bad: str, line: str) -> None:
    """Neither may stand in a message: it is refused, and nothing of it goes on."""
    alice, bob = den()
    assert codes(alice.says(line.format(bad))) == ["FAIL"]
    assert bob.hears() == []
