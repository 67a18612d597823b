"""https://ircv3.net/specs/extensions/message-ids"""

from __future__ import annotations

import re

from securechat.irc.message import parse
from tests.support.rules import in_channel

CAPS = "echo-message message-tags"


def ids(lines: list[str]) -> list[str | None]:
    return [parse(line).tags.get("msgid") for line in lines]


def test_they_are_unique_and_opaque() -> None:
    """Section "Tag value": no two messages share one; it does not begin with a colon, and has no
    space, CR or LF in it, so that it may be a parameter.
    """
    _, (alice, _) = in_channel("alice", "bob", caps=CAPS)
    lines = [*alice.says(*["PRIVMSG #den :same"] * 20), *alice.says("NOTICE bob :same")]
    found = [one for one in ids(lines) if one is not None]
    assert len(set(found)) == 21
    assert all(re.fullmatch(r"[!-9;<-~][!-:<-~]*", one) for one in found)


def test_each_message_has_one() -> None:
    """Section "Tags": on all PRIVMSG and NOTICE, and here also on a TAGMSG that is kept."""
    _, (alice, bob) = in_channel("alice", "bob", caps=CAPS)
    for line in ("PRIVMSG #den :x", "NOTICE bob :x", "@+draft/react=x TAGMSG #den"):
        assert ids(alice.says(line)) == ids(bob.hears()) != [None]


def test_a_message_to_several_is_several() -> None:
    """Section "Tag value": what goes to another target is another message."""
    _, (alice, _) = in_channel("alice", "bob", caps=CAPS)
    assert len(set(ids(alice.says("PRIVMSG #den,bob :x")))) == 2


def test_it_needs_message_tags() -> None:
    """Section "Dependencies": "the message-tags capability MUST be negotiated"."""
    _, (alice, bob) = in_channel("alice", "bob", caps="server-time account-tag batch echo-message")
    assert ids(alice.says("PRIVMSG #den :x")) == ids(bob.hears()) == [None]


def test_what_is_shown_again_has_the_same() -> None:
    """Section "Tag value": "re-transmitted as-is [...] the ID SHOULD be reused"."""
    _, (alice, bob) = in_channel("alice", "bob", caps=f"{CAPS} batch draft/chathistory")
    said = ids(alice.says("PRIVMSG #den :x", "PRIVMSG #den :y"))
    bob.hears()
    paged = [line for line in bob.says("CHATHISTORY LATEST #den * 9") if " PRIVMSG " in line]
    assert ids(paged) == said
    [asked] = [
        line
        for line in bob.says(f"CHATHISTORY AFTER #den msgid={said[0]} 9")
        if " PRIVMSG " in line
    ]
    assert ids([asked]) == said[1:]


def test_a_client_cannot_choose_it() -> None:
    """Section "Tag value": it is "chosen by the originating server"."""
    _, (alice, bob) = in_channel("alice", "bob", caps=CAPS)
    alice.says("@msgid=mine PRIVMSG #den :x")
    assert ids(bob.hears()) not in ([None], ["mine"])
