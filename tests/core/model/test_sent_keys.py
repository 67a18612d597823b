"""A message that comes again is known by its key."""

from __future__ import annotations

import pytest

from securechat.core.journal.events.accounts import MessageKeyed
from securechat.core.model.sent_keys import MAX_KEYS, Kept, SentKeys
from securechat.irc.message import KEY_BITS, format_key, parse, parse_key
from tests.support.client import Client, codes, of, only
from tests.support.rules import RulesUnderTest, in_channel

CAPS = ("message-tags", "echo-message", "server-time", "securechat/key")


@pytest.mark.parametrize("text", ["", "0", "000", "g", "-1", "1 ", "\uff11", "1" * 16])
def test_what_is_no_key(text: str) -> None:
    """1 to 15 hexadecimal digits, not 0."""
    assert parse_key(text) is None


def test_a_key_is_read_as_it_is_written() -> None:
    """In either case of its digits."""
    key = (1 << KEY_BITS) - 1
    assert parse_key(format_key(key)) == parse_key(format_key(key).upper()) == key


def test_the_oldest_makes_room() -> None:
    """As many as there are slots are known."""
    keys = SentKeys()
    for number in range(1, MAX_KEYS + 3):
        keys.put(keys.slot, number, Kept(number * 10, 5))
    assert len(keys.items()) == MAX_KEYS
    assert keys.find(2) is None
    assert keys.find(3) == Kept(30, 5)


def test_what_is_taken_back_is_not_known() -> None:
    """Whether or not later ones were stored, and what it replaced is known again."""
    keys = SentKeys()
    undo = keys.put(0, 7, Kept(1, 5))
    keys.put(1, 8, Kept(2, 5))
    undo()
    assert keys.items() == {8: 2}
    undo = keys.put(1, 9, Kept(3, 5))
    undo()
    assert keys.items() == {8: 2}


def test_what_is_taken_back_leaves_its_slot_to_the_next() -> None:
    """Else fewer would be known, where others make that much is run again."""
    keys = SentKeys()
    for number in range(1, MAX_KEYS + 1):
        keys.put(keys.slot, 1000 + number, Kept(1, 5))()
        keys.put(keys.slot, number, Kept(1, 5))
    assert len(keys.items()) == MAX_KEYS


# On the wire


def talkers() -> tuple[RulesUnderTest, Client, Client]:
    rules, (alice, bob) = in_channel("alice", "bob", caps=CAPS)
    return rules, alice, bob


def said(person: Client, line: str) -> str:
    """The one echo of a line."""
    (echo,) = person.says(line)
    return echo


def test_the_second_is_answered_with_the_first_one_s_echo() -> None:
    """The same msgid and time, to who asks; the others hear nothing, and nothing is stored."""
    rules, alice, bob = talkers()
    first = said(alice, "@securechat/key=ab1 PRIVMSG #den :hi")
    bob.hears()
    rules.passes(60)
    stored = len(rules.log)
    again = said(alice, "@securechat/key=AB1 PRIVMSG #den :hi")
    assert (again, bob.hears(), len(rules.log)) == (first, [], stored)
    other = said(alice, "@securechat/key=ab2 PRIVMSG #den :hi")
    assert parse(other).tags["msgid"] != parse(first).tags["msgid"]


@pytest.mark.parametrize(
    "line",
    [
        "@securechat/key=c PRIVMSG bob :psst",
        "@securechat/key=c NOTICE #den :x",
        "@securechat/key=c;+draft/react=y TAGMSG #den",
    ],
)
def test_it_holds_for_all_that_is_stored_and_each_device(line: str) -> None:
    """The key is the account's."""
    rules, alice, _ = talkers()
    phone = rules.member("alice", caps=CAPS)
    first = said(alice, line)
    phone.hears()
    assert said(phone, line) == first


def test_a_key_holds_though_its_sender_may_not_speak_any_more() -> None:
    """It was said; "you are not a member" would be a lie about it."""
    _, alice, bob = talkers()
    first = said(bob, "@securechat/key=1 PRIVMSG #den :hi")
    alice.says("KICK #den bob")
    bob.hears()
    assert said(bob, "@securechat/key=1 PRIVMSG #den :hi") == first


def test_in_one_turn_the_first_one_s_echo_is_the_answer() -> None:
    """The lines of the lost connection and of the new one may come together; and nobody is told
    that something is stored before it is.
    """
    rules, alice, _ = talkers()
    phone = rules.member("alice", caps=CAPS)
    with rules.turn():
        alice.says("@securechat/key=1 PRIVMSG #den :hi")
        phone.says("@securechat/key=1 PRIVMSG #den :hi")
    assert len(of(phone.hears(), "PRIVMSG")) == 1
    alice.hears()
    rules.full = True
    with rules.turn():
        alice.says("@securechat/key=2 PRIVMSG #den :hi")
        phone.says("@securechat/key=2 PRIVMSG #den :hi")
    assert of(phone.hears(), "PRIVMSG") == []
    assert codes(alice.hears()) == ["400"]
    rules.full = False
    assert of(phone.says("@securechat/key=2 PRIVMSG #den :hi"), "PRIVMSG")
    assert [event.key for event in rules.stored if isinstance(event, MessageKeyed)] == [1, 2]


@pytest.mark.parametrize(
    "line",
    [
        "@securechat/key PRIVMSG #den :hi",
        "@securechat/key=xyz NOTICE #den :hi",
        "@securechat/key=1 PRIVMSG #den,bob :hi",
    ],
)
def test_a_key_that_names_no_one_message_is_refused(line: str) -> None:
    """And nothing is said."""
    rules, alice, bob = talkers()
    stored = len(rules.log)
    found = only(alice.says(line))
    assert (found.command, found.params[1]) == ("FAIL", "INVALID_KEY")
    assert (len(rules.log), bob.hears()) == (stored, [])


def test_without_the_capability_a_key_is_any_tag() -> None:
    """That nobody knows; it is not relayed either."""
    rules, (alice, bob) = in_channel("alice", "bob", caps="message-tags echo-message")
    ids = {only(alice.says("@securechat/key=1 PRIVMSG #den :hi")).tags["msgid"] for _ in range(2)}
    assert len(ids) == 2
    assert all("securechat/key" not in parse(line).tags for line in bob.hears())
    assert rules.account("alice").sent_keys.items() == {}


def test_a_text_in_parts_comes_again_in_parts() -> None:
    """Of a client that doesn't know how long a line may be; each part with its own msgid."""
    rules, alice, bob = talkers()
    line = "@securechat/key=5 PRIVMSG #den :" + "word " * 97
    first = alice.says(line)
    assert len(first) == 2
    bob.hears()
    assert alice.says(line) == first
    assert bob.hears() == []
    assert rules.account("alice").sent_keys.items().keys() == {5}
