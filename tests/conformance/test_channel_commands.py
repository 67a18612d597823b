"""JOIN 0, KICK, INVITE and the ids of events. https://modern.ircdocs.horse/#channel-operations"""

from __future__ import annotations

import pytest

from tests.support.client import SERVER, codes, of, source
from tests.support.rules import RulesUnderTest, in_channel, outsider


def tags(line: str) -> dict[str, str]:
    """The tags of a line."""
    listed = line[1:].partition(" ")[0] if line.startswith("@") else ""
    return dict(tag.split("=", 1) for tag in listed.split(";") if "=" in tag)


# JOIN 0


def test_join_0_leaves_all_channels() -> None:
    """#join-message: "as though the client had sent a PART command for each channel"."""
    rules, (alice, bob) = in_channel("alice", "bob")
    alice.says("JOIN #x")
    phone = rules.member("alice")
    phone.hears()
    left = [f"{source('alice')} PART #den", f"{source('alice')} PART #x"]
    assert alice.says("JOIN 0") == phone.hears() == left
    assert bob.hears()[0] == left[0]
    assert not rules.account("alice").channels
    assert alice.says("JOIN 0") == []


def test_join_0_is_the_whole_parameter() -> None:
    """#join-message: "instead of any of the usual parameters"; in a list it names no channel."""
    rules, (alice,) = in_channel("alice")
    assert codes(alice.says("JOIN 0,#x")) == ["403", "JOIN", "353", "366"]
    assert len(rules.account("alice").channels) == 2


# KICK


def test_several_are_told_one_by_one() -> None:
    """#kick-message: "MUST NOT send multiple users in this message", with the comment on each."""
    _, (alice, bob, carol, dave) = in_channel("alice", "bob", "carol", "dave")
    told = [f"{source('alice')} KICK #den {nick} :bye" for nick in ("bob", "carol")]
    assert alice.says("KICK #den bob,carol :bye") == dave.hears() == told
    assert bob.hears() == told[:1]
    assert carol.hears() == told


def test_as_many_channels_as_people() -> None:
    """RFC 2812, 3.2.8: each out of the channel at its place; one that fails saves no other."""
    rules, (alice, bob, carol) = in_channel("alice", "bob", "carol")
    alice.says("JOIN #x")
    carol.says("JOIN #x")
    alice.hears()
    heard = alice.says("KICK #den,#nowhere,#x,#den bob,bob,carol,carol :bye")
    assert codes(heard) == ["KICK", "403", "KICK", "KICK"]
    assert [m.params[:2] for m in of(heard, "KICK")] == [
        ["#den", "bob"], ["#x", "carol"], ["#den", "carol"],
    ]  # fmt: skip
    assert not rules.account("carol").channels
    assert codes(bob.hears()) == ["KICK"]


def test_other_numbers_of_channels_and_people_are_nothing() -> None:
    """461: nobody guesses who was meant."""
    _, (alice, bob) = in_channel("alice", "bob")
    alice.says("JOIN #x")
    assert codes(alice.says("KICK #den,#x bob :x")) == ["461"]
    assert codes(alice.says("KICK #den,#x bob,alice,bob :x")) == ["461"]
    assert bob.hears() == []


# TARGMAX


def targmax() -> dict[str, str]:
    """What 005 says of each command."""
    heard = of(RulesUnderTest("alice").connect().logs_in("alice"), "005")
    (found,) = (token for line in heard for token in line.params if token.startswith("TARGMAX="))
    return dict(item.split(":") for item in found.removeprefix("TARGMAX=").split(","))


@pytest.mark.parametrize("command", ["KICK", "PART"])
def test_so_many_targets_and_no_more(command: str) -> None:
    """#targmax-parameter: as many as it says; with one more nothing is done, and 407 says so."""
    most = int(targmax()[command])
    for number, code in ((most, command), (most + 1, "407")):
        rules, (alice, *_) = in_channel("alice", *(f"n{one}" for one in range(number)))
        places = [f"#p{one}" for one in range(number)]
        alice.says("JOIN " + ",".join(places))
        nicks = ",".join(f"n{one}" for one in range(number))
        listed = ",".join(places)
        lines = {"KICK": [f"KICK #den {nicks}"], "PART": [f"PART {listed}"]}[command]
        expected = [code] * (number if code == command else 1)
        assert codes(alice.says(*lines)) == expected
        if command == "KICK":
            for place, nick in zip(places, nicks.split(","), strict=True):
                if code == command:
                    rules.member(nick).says(f"JOIN {place}")
            alice.hears()
            assert codes(alice.says(f"KICK {listed} {nicks}")) == expected


def test_any_number_of_channels_is_joined_and_listed() -> None:
    """#targmax-parameter: JOIN and LIST have no limit, NAMES takes one."""
    assert {name: targmax()[name] for name in ("JOIN", "LIST", "NAMES")} == {
        "JOIN": "",
        "LIST": "",
        "NAMES": "1",
    }
    alice = RulesUnderTest("alice").member("alice")
    places = ",".join(f"#p{one}" for one in range(60))
    assert codes(alice.says(f"JOIN {places}")).count("JOIN") == 60
    assert codes(alice.says(f"LIST {places}")).count("322") == 60
    assert codes(alice.says("NAMES #p1,#p2")) == ["366"]
    assert codes(alice.says("NAMES #p1")) == ["353", "366"]


def test_chanlimit_is_exact() -> None:
    """#chanlimit-parameter: so many, and the next is 405 until one is left."""
    rules = RulesUnderTest("alice", max_channels=3)
    alice = rules.member("alice")
    assert codes(alice.says("JOIN #a,#b,#c,#d"))[-1] == "405"
    assert len(rules.account("alice").channels) == 3
    alice.says("PART #a")
    assert codes(alice.says("JOIN #d", "JOIN #a"))[-1] == "405"
    assert codes(alice.says("JOIN #b")) == []


# INVITE without parameters


def test_it_lists_where_one_is_invited_to() -> None:
    """#invite-list: 336 for each, 337; it is one's own list, and one that is used is gone."""
    rules, (alice, carol) = in_channel("alice", "carol")
    bob = outsider(rules, "bob")
    assert bob.says("INVITE") == [f":{SERVER} 337 bob :End of /INVITE list"]
    alice.says("JOIN #x", "INVITE bob #den", "INVITE bob #x")
    bob.hears()
    assert bob.says("INVITE") == [
        f":{SERVER} 336 bob :#den",
        f":{SERVER} 336 bob :#x",
        f":{SERVER} 337 bob :End of /INVITE list",
    ]
    assert codes(carol.says("INVITE")) == ["337"]
    bob.says("JOIN #den")
    assert codes(bob.says("INVITE")) == ["336", "337"]
    assert codes(bob.says("INVITE alice")) == ["461"]


# +C


@pytest.mark.parametrize(("line", "code"), [
    ("PRIVMSG #den :\x01VERSION\x01", "404"),
    ("NOTICE #den :\x01VERSION me\x01", "FAIL"),
    ("PRIVMSG #den :\x01DCC SEND x 1 2\x01", "404"),
    ("PRIVMSG #den :\x01", "404"),
    ("PRIVMSG #den :\x01ACTIONS x\x01", "404"),
])  # fmt: skip
def test_programs_are_not_asked_where_that_is_off(line: str, code: str) -> None:
    """+C: neither a question nor an answer, be it an owner's; what people read goes."""
    _, (alice, bob) = in_channel("alice", "bob", caps="standard-replies")
    assert codes(alice.says(line)) == []
    alice.says("MODE #den +C")
    bob.hears()
    for person in (alice, bob):
        assert codes(person.says(line)) == [code]
    alice.says("PRIVMSG #den :\x01ACTION waves\x01", "PRIVMSG #den :hi", "NOTICE #den :hi")
    assert codes(bob.hears()) == ["PRIVMSG", "PRIVMSG", "NOTICE"]
    alice.says("MODE #den -C", line)
    assert codes(bob.hears())[0] == "MODE"
    assert len(alice.says("PRIVMSG bob :\x01VERSION\x01")) == 0


# Ids


def test_events_of_a_channel_have_ids() -> None:
    """message-ids: what is kept can be named, and all who see it see the same id."""
    rules = RulesUnderTest("alice", "bob")
    alice, bob = (rules.member(name, caps="message-tags") for name in ("alice", "bob"))
    alice.says("JOIN #den")
    heard = bob.says("JOIN #den")[:1]
    assert alice.hears() == heard
    seen = alice.says("TOPIC #den :soup", "MODE #den +i", "KICK #den bob :x", "PART #den")
    assert codes(heard + seen) == ["JOIN", "TOPIC", "MODE", "KICK", "PART"]
    assert bob.hears() == seen[:3]
    ids = [tags(line)["msgid"] for line in heard + seen]
    assert len(set(ids)) == 5
