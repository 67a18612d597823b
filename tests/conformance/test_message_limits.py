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


@pytest.mark.parametrize("count", [4093, 4094])
def test_with_the_tags_of_the_server(count: int) -> None:
    """ "Servers MUST NOT add tag data exceeding 4094 bytes": the client's are whole beside them,
    and all of it is at most 8191 bytes with `@` and the space.
    """
    caps = "message-tags server-time account-tag batch draft/chathistory echo-message"
    name = "я" * 32
    _, (alice, bob) = in_channel(name, "bob", caps=f"{caps} labeled-response")
    alice.says(f"MODE {name} +B")
    client = "+x=" + "y" * (count - len("+x="))
    alice.says(f"@{client} PRIVMSG #den :hi")
    [live] = bob.hears()[-1:]
    [paged] = [line for line in bob.says("CHATHISTORY LATEST #den * 1") if " PRIVMSG " in line]
    for line in (live, paged):
        section = line.encode().partition(b" ")[0] + b" "
        assert len(section) <= 8191
        added, _, rest = section[1:-1].partition(b"+x=")
        assert b"+x=" + rest == client.encode()
        assert 0 < len(added.rstrip(b";")) <= 4094


def test_a_label_takes_part_in_the_4094_bytes() -> None:
    """ "This includes tags with or without the client-only prefix", as a label is."""
    _, (alice, bob) = in_channel("alice", "bob", caps="message-tags batch labeled-response")
    label = "label=" + "l" * 64
    for past, taken in ((0, True), (1, False)):
        value = "y" * (4094 - len(label) - len(";+x=") + past)
        heard = alice.says(f"@{label};+x={value} TAGMSG #den")
        assert codes(heard) == (["ACK"] if taken else ["417"])
        assert len(bob.hears()) == taken
