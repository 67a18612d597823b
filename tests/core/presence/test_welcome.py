"""The greeting, and that what it promises is true."""

from __future__ import annotations

import pytest

from securechat.core.presence import welcome
from securechat.irc import names
from tests.support.client import SERVER, codes, of, only
from tests.support.rules import RulesUnderTest


def tokens(**settings: object) -> dict[str, str]:
    """005, parsed, as a client takes it."""
    rules = RulesUnderTest("alice", **settings)
    found = {}
    for message in of(rules.connect().logs_in("alice"), "005"):
        assert message.params[-1] == "are supported by this server"
        assert len(message.params) <= 15, "a client need not take more than 13 tokens"
        for token in message.params[1:-1]:
            key, _, value = token.partition("=")
            found[key] = value
    return found


def test_the_order_of_the_greeting() -> None:
    """001 to 005, LUSERS, MOTD, as every client expects it."""
    heard = codes(RulesUnderTest("alice", motd=("Be kind.",)).connect().logs_in("alice"))
    without_repeats = list(dict.fromkeys(heard))
    assert without_repeats == [
        *("001", "002", "003", "004", "005"),
        *("251", "252", "253", "254", "255", "265", "266"),
        *("375", "372", "376"),
    ]


def test_myinfo_names_the_modes() -> None:
    """004: server, version, user modes, channel modes, those with a parameter."""
    heard = RulesUnderTest("alice").connect().logs_in("alice")
    assert of(heard, "004")[0].params == [
        "alice",
        SERVER,
        "securechat-test",
        "Bio",
        "CHIbeiklmnoqstv",
        "beIklqov",
    ]


def test_a_login_of_a_longer_name_is_greeted_within_the_limit() -> None:
    """The rules refuse lines over the limit; here all of them are long."""
    name = "я" * 32
    rules = RulesUnderTest(name, lobby="#" + "ж" * 63, network="n" * 60)
    assert codes(rules.connect().logs_in(name))[0] == "001"


def test_nothing_is_said_twice() -> None:
    """No token comes in two forms."""
    found = welcome.isupport(RulesUnderTest().rules.settings)
    keys = [token.partition("=")[0] for token in found]
    assert len(keys) == len(set(keys))


def test_nicklen_is_the_limit_of_names() -> None:
    """One letter more is no name."""
    limit = int(tokens()["NICKLEN"])
    client = RulesUnderTest().connect()
    assert client.says("NICK " + "x" * limit) == []
    assert codes(client.says("NICK " + "x" * (limit + 1))) == ["432"]


def test_channellen_is_the_limit_of_channels() -> None:
    """With its #."""
    limit = int(tokens()["CHANNELLEN"])
    alice = RulesUnderTest("alice").member("alice")
    assert codes(alice.says("JOIN #" + "x" * (limit - 1)))[0] == "JOIN"
    assert codes(alice.says("JOIN #" + "x" * limit)) == ["403"]


@pytest.mark.parametrize(("token", "line"), [("KICKLEN", "KICK #a bob :"), ("AWAYLEN", "AWAY :")])
def test_lengths_of_texts(token: str, line: str) -> None:
    """What is longer is cut there, and nothing shorter is."""
    limit = int(tokens()[token])
    for size in (limit, limit + 1):
        rules = RulesUnderTest("alice", "bob")
        alice, bob = rules.member("alice"), rules.member("bob", caps="away-notify")
        alice.says("JOIN #a")
        bob.says("JOIN #a")
        alice.says(line + "x" * size)
        assert only(bob.hears()[-1:]).params[-1] == "x" * limit


def test_topiclen_and_keylen() -> None:
    """One more is refused."""
    found = tokens()
    alice = RulesUnderTest("alice").member("alice")
    alice.says("JOIN #a")
    for token, line, refusal in (
        ("TOPICLEN", "TOPIC #a :", "417"),
        ("KEYLEN", "MODE #a +k ", "525"),
    ):
        limit = int(found[token])
        assert codes(alice.says(line + "x" * limit))[0] in ("TOPIC", "MODE")
        assert codes(alice.says(line + "x" * (limit + 1))) == [refusal]


def test_chanlimit_and_maxlist() -> None:
    """As configured, and enforced there."""
    found = tokens(max_channels=3, max_bans=2)
    assert (found["CHANLIMIT"], found["MAXLIST"]) == ("#:3", "b:2,e:2,I:2")
    alice = RulesUnderTest("alice", max_channels=3, max_bans=2).member("alice")
    assert codes(alice.says("JOIN #a,#b,#c,#d")).count("JOIN") == 3
    for kind in "beI":
        assert codes(alice.says(f"MODE #a +{kind * 2} a b")) == ["MODE"]
        assert codes(alice.says(f"MODE #a +{kind} c")) == ["478"]


def test_modes_is_how_many_parameters_a_mode_takes() -> None:
    """So many and no more."""
    limit = int(tokens()["MODES"])
    rules = RulesUnderTest("alice")
    alice = rules.member("alice")
    masks = [f"mask{number}" for number in range(limit + 1)]
    alice.says("JOIN #a", f"MODE #a +{'b' * len(masks)} {' '.join(masks)}")
    assert len(rules.channel("#a").bans) == limit


TARGETS = {
    "PRIVMSG": "PRIVMSG {} :x",
    "NOTICE": "NOTICE {} :x",
    "TAGMSG": "@+x TAGMSG {}",
    "PART": "PART {}",
    "KICK": "KICK #r0 {}",
}


@pytest.mark.parametrize("command", TARGETS)
def test_targmax_is_how_many_targets_a_command_takes(command: str) -> None:
    """So many and no more."""
    listed = dict(item.split(":") for item in tokens()["TARGMAX"].split(","))
    limit = int(listed[command])
    for count in (limit, limit + 1):
        rules = RulesUnderTest("alice")
        alice = rules.member("alice", caps="standard-replies")  # so that a NOTICE is answered
        alice.says(*(f"JOIN #r{n}" for n in range(count)))
        words = [f"n{n}" if command == "KICK" else f"#r{n}" for n in range(count)]
        refused = " 407 " in " ".join(found := alice.says(TARGETS[command].format(",".join(words))))
        refused = refused or "TOOMANYTARGETS" in " ".join(found)
        assert refused is (count > limit)


def test_the_other_targets_of_targmax() -> None:
    """NAMES and WHOIS take one, JOIN and LIST any number."""
    listed = dict(item.split(":") for item in tokens()["TARGMAX"].split(","))
    assert (listed["NAMES"], listed["WHOIS"], listed["LIST"]) == ("1", "1", "")
    assert set(listed) == {*TARGETS, "NAMES", "WHOIS", "JOIN", "LIST"}
    rules = RulesUnderTest("alice")
    channels = [f"#r{number}" for number in range(60)]
    assert listed["JOIN"] == ""
    assert codes(rules.member("alice").says("JOIN " + ",".join(channels))).count("366") == 60


def test_chanmodes_and_prefix_are_the_modes_there_are() -> None:
    """Each letter is accepted in the form of its class, and no other letter is known."""
    found = tokens()
    lists, always, on_set, flags = found["CHANMODES"].split(",")
    letters, symbols = found["PREFIX"][1:].split(")")
    rules = RulesUnderTest("alice", "bob")
    alice, bob = rules.member("alice"), rules.member("bob")
    alice.says("JOIN #a")
    bob.says("JOIN #a")
    for letter in "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ":
        refused = "472" in codes(alice.says(f"MODE #a -{letter} bob"))
        assert refused is (letter not in lists + always + on_set + flags + letters), letter
    for letter, symbol in zip(letters, symbols, strict=True):
        alice.says(f"MODE #a +{letter} bob")
        assert f"{symbol}bob" in alice.says("NAMES #a")[0]
        alice.says(f"MODE #a -{letter} bob")


def test_names_are_compared_as_told() -> None:
    """CASEMAPPING=ascii: [ and { are different letters; the rest of Unicode by RFC 8265."""
    found = tokens()
    assert (found["CASEMAPPING"], found["UTF8MAPPING"]) == ("ascii", "rfc8265")
    rules = RulesUnderTest("Ann[x", "Ann{x", "Борис")
    boris = rules.member("Борис")
    rules.member("Ann{x")
    assert only(boris.says("ISON ANN[X ANN{X БОРИС")).params[1] == "Ann{x Борис"


def test_utf8only() -> None:
    """Anything else is refused by name."""
    assert "UTF8ONLY" in tokens()
    alice = RulesUnderTest("alice").member("alice")
    fail = only(alice.says(b"PRIVMSG alice :\xff"))
    assert (fail.command, fail.params[1]) == ("FAIL", "INVALID_UTF8")


def test_an_account_is_required() -> None:
    """draft/ACCOUNTREQUIRED, and a connection without one doesn't get in."""
    assert "draft/ACCOUNTREQUIRED" in tokens()
    fail = only(RulesUnderTest().connect().says("NICK alice", "USER a 0 * :A"))
    assert fail.params[:2] == ["*", "ACCOUNT_REQUIRED"]


@pytest.mark.parametrize(
    ("registration", "hint"),
    [("invite", "of an invite"), ("open", "REGISTER * *"), ("closed", "account:password.")],
)
def test_how_to_get_an_account_is_told(registration: str, hint: str) -> None:
    """By the way that this server has."""
    rules = RulesUnderTest(registration=registration)
    fail = only(rules.connect().says("NICK alice", "USER a 0 * :A"))
    assert hint in fail.params[-1]


@pytest.mark.parametrize("server", ["s", "chat.test", "s" * 63])
def test_the_promised_lengths_hold_for_the_longest_names(server: str) -> None:
    """In bytes: of the server, of who does it, of the channel, and of whom it is done to."""
    one, two, channel = "я" * 32, "ж" * 32, "#" + "ж" * 63
    found = tokens(name=server)
    rules = RulesUnderTest(one, two, name=server)
    first, second = (rules.member(name, caps="away-notify") for name in (one, two))
    for person in (first, second):
        person.says(f"JOIN {channel}")
    key = "k" * int(found["KEYLEN"])
    for token, line in (
        ("TOPICLEN", f"TOPIC {channel} :"),
        ("AWAYLEN", "AWAY :"),
        ("KICKLEN", f"KICK {channel} {two} :"),
    ):
        second.hears()
        text = "x" * int(found[token])
        assert int(found[token]) > 100
        first.says(line + text)
        assert only(second.hears()).params[-1] == text, token
        assert token != "AWAYLEN" or only(second.says(f"PRIVMSG {one} :x")).params[-1] == text
    assert only(first.says(f"MODE {channel} +k {key}")).params[-1] == key
    assert of(first.says(f"TOPIC {channel}"), "332")[0].params[-1] == "x" * int(found["TOPICLEN"])


def test_what_is_promised_of_names_holds_in_bytes() -> None:
    """A name has both limits, of characters, which is told, and of bytes."""
    found = tokens()
    assert names.account_name("я" * int(found["NICKLEN"]))
    assert names.channel_name("#" + "я" * (int(found["CHANNELLEN"]) - 1))


def test_the_counts_are_told_as_clients_know_them() -> None:
    """265 and 266, as modern.ircdocs.horse has them."""
    heard = of(RulesUnderTest("alice").member("alice").says("LUSERS"), "265", "266")
    assert [message.params[1:] for message in heard] == [
        ["1", "1", "Current local users 1, max 1"],
        ["1", "1", "Current global users 1, max 1"],
    ]
