"""User mode +i, and what is counted where something is hidden.

https://modern.ircdocs.horse/#invisible-user-mode, https://modern.ircdocs.horse/#secret-channel-mode
"""

from __future__ import annotations

from tests.support.client import Client, of
from tests.support.rules import RulesUnderTest, in_channel, outsider


def scene() -> tuple[RulesUnderTest, Client, Client, Client, Client]:
    """alice and bob are in #den, and bob is +i; carol is in no channel, dave with bob in #lobby."""
    rules, (alice, bob) = in_channel("alice", "bob")
    bob.says("MODE bob +i", "JOIN #lobby")
    carol, dave = outsider(rules, "carol"), outsider(rules, "dave")
    dave.says("JOIN #lobby")
    for client in (alice, bob, carol, dave):
        client.hears()
    return rules, alice, bob, carol, dave


def last(client: Client, line: str, numeric: str) -> list[str]:
    """The last parameter of each row of an answer."""
    return [message.params[-1] for message in of(client.says(line), numeric)]


def test_names_hide_them_from_who_is_not_in_the_channel() -> None:
    """Invisible User Mode: "they will not show up in commands such as WHO or NAMES unless they
    share a channel". What channels they are in is for those in these: a lobby holds everybody.
    """
    _, alice, bob, carol, dave = scene()
    for outside in (carol, dave):
        assert last(outside, "NAMES #den", "353") == ["~alice"]
        assert "bob" not in [m.params[5] for m in of(outside.says("WHO #den"), "352")]
    for inside in (alice, bob):
        assert last(inside, "NAMES #den", "353") == ["~alice bob"]
    assert last(dave, "NAMES #lobby", "353") == ["~bob dave"]


def test_names_follow_the_mode() -> None:
    """Also what was asked for before, as it is kept made."""
    rules, _, bob, carol, _ = scene()
    bob.says("MODE bob -i")
    assert last(carol, "NAMES #den", "353") == ["~alice bob"]
    bob.says("MODE bob +i")
    assert last(carol, "NAMES #den", "353") == ["~alice"]
    visible = rules.member("bob")
    assert last(carol, "NAMES #den", "353") == ["~alice bob"]
    visible.says("QUIT")
    assert last(carol, "NAMES #den", "353") == ["~alice"]


def test_whois_tells_of_their_channels_those_that_are_shared() -> None:
    """RPL_WHOISCHANNELS (319): affected by +s of a channel and +i of a person."""
    rules, alice, _, carol, dave = scene()
    assert last(carol, "WHOIS bob", "319") == []
    assert last(dave, "WHOIS bob", "319") == ["~#lobby"]
    assert last(alice, "WHOIS bob", "319") == ["#den"]
    assert last(carol, "WHOIS alice", "319") == ["~#den"]
    rules.add("root", admin=True)
    assert last(rules.member("root"), "WHOIS bob", "319") == ["#den ~#lobby"]


def test_whox_tells_no_channel_of_theirs_to_others() -> None:
    """WHOX, c: of the channels that whoever asks may know them to be in."""
    _, alice, _, carol, dave = scene()
    assert [last(client, "WHO bob %c", "354") for client in (alice, carol, dave)] == [
        *(["#den"], ["*"], ["#lobby"]),
    ]


def test_list_counts_whom_names_show() -> None:
    """RPL_LIST (322), also where a condition asks for the number: it must not tell what NAMES
    hides.
    """
    _, alice, _, carol, _ = scene()
    counts = {
        client.nick: [m.params[1:3] for m in of(client.says("LIST #den"), "322")]
        for client in (alice, carol)
    }
    assert counts == {"alice": [["#den", "2"]], "carol": [["#den", "1"]]}
    assert (last(alice, "LIST #den,>1", "322"), last(carol, "LIST #den,>1", "322")) == ([""], [])


def test_lusers_counts_them_apart() -> None:
    """RPL_LUSERCLIENT (251), each person once; all of them together are everybody."""
    rules, _, bob, carol, _ = scene()
    assert last(carol, "LUSERS", "251") == ["There are 3 users and 1 invisible on 1 servers"]
    rules.member("bob").says("MODE bob +i", "QUIT")
    assert last(carol, "LUSERS", "251") == ["There are 3 users and 1 invisible on 1 servers"]
    bob.says("QUIT")
    assert last(carol, "LUSERS", "251") == ["There are 3 users and 0 invisible on 1 servers"]
    rules.member("bob")
    assert last(carol, "LUSERS", "251") == ["There are 4 users and 0 invisible on 1 servers"]


def test_lusers_counts_no_channel_that_may_not_be_known() -> None:
    """RPL_LUSERCHANNELS (254): else a channel that is made in secret would be noticed."""
    rules, alice, bob, carol, _ = scene()

    def counts() -> list[str]:
        return [of(client.says("LUSERS"), "254")[0].params[1] for client in (alice, bob, carol)]

    assert counts() == ["2", "2", "2"]
    alice.says("MODE #den +s")
    assert counts() == ["2", "2", "1"]
    rules.refuses = lambda span: span.command == "MODE"
    alice.says("MODE #den -s")
    assert counts() == ["2", "2", "1"]
    rules.refuses = lambda span: False
    alice.says("RENAME #den #lair")
    assert counts() == ["2", "2", "1"]
    bob.says("PART #lair")
    assert counts() == ["2", "1", "1"]
    alice.says("DROP #lair")
    assert counts() == ["1", "1", "1"]
