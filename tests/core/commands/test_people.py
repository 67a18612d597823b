"""WHO, WHOIS, WHOWAS, ISON, USERHOST, AWAY."""

from __future__ import annotations

import pytest

from tests.support.client import SERVER, Client, codes, of, only, source
from tests.support.rules import NOW_MS, RulesUnderTest


def in_channel(*names: str) -> tuple[RulesUnderTest, list[Client]]:
    """A channel with people in it; the first of them owns it."""
    rules = RulesUnderTest(*names)
    people = [rules.member(name) for name in names]
    for person in people:
        person.says("JOIN #den")
    for person in people:
        person.hears()
    return rules, people


def shown(lines: list[str]) -> list[str]:
    """The nicks in a WHO's rows, which have to end as they should."""
    assert codes(lines)[-1] == "315"
    return [message.params[5] for message in of(lines, "352")]


# WHO


def test_who_of_a_channel() -> None:
    """Everybody there that is online, with presence, administration and role."""
    rules, (alice, bob, carol) = in_channel("alice", "bob", "carol")
    rules.add("boss", admin=True)
    rules.member("boss").says("JOIN #den")
    bob.says("AWAY :lunch")
    carol.says("QUIT")
    alice.hears()
    assert alice.says("WHO #DEN") == [
        f":{SERVER} 352 alice #den alice {SERVER} {SERVER} alice H~ :0 Alice",
        f":{SERVER} 352 alice #den bob {SERVER} {SERVER} bob G :0 Bob",
        f":{SERVER} 352 alice #den boss {SERVER} {SERVER} boss H* :0 Boss",
        f":{SERVER} 315 alice #DEN :End of WHO list",
    ]


def test_who_of_a_person() -> None:
    """By the exact nick, in any spelling."""
    _, (alice, _) = in_channel("alice", "bob")
    assert alice.says("WHO BOB")[0] == (f":{SERVER} 352 alice * bob {SERVER} {SERVER} bob H :0 Bob")


def test_who_by_a_mask() -> None:
    """All accounts online that fit; without a mask all of them."""
    rules, (alice, bob, barb) = in_channel("alice", "bob", "barb")
    assert shown(alice.says("WHO b*")) == ["bob", "barb"]
    assert shown(alice.says("WHO B?B")) == ["bob"]
    assert shown(alice.says("WHO")) == shown(alice.says("WHO *")) == ["alice", "bob", "barb"]
    bob.says("QUIT")
    alice.hears()
    assert shown(alice.says("WHO b*")) == ["barb"]
    assert barb.session in rules.account("barb").sessions


@pytest.mark.parametrize("mask", ["nobody", "#nowhere", "#s", "", "0", ":a b"])
def test_who_of_nobody(mask: str) -> None:
    """Only the end of the list; a secret channel's members are not shown to outsiders."""
    rules, (alice,) = in_channel("alice")
    alice.says("JOIN #s", "MODE #s +s", "MODE alice +i")
    rules.add("bob")
    bob = rules.member("bob")
    bob.says("MODE bob +i")
    assert codes(bob.says(f"WHO {mask}"))[-1] == "315"
    assert "alice" not in shown(bob.says(f"WHO {mask}"))


def test_the_invisible_are_found_by_those_who_share_a_channel() -> None:
    """+i on all of one's sessions hides from masks; the exact nick still finds."""
    rules, (alice, bob) = in_channel("alice", "bob")
    rules.add("carol")
    carol = rules.member("carol")
    alice.says("MODE alice +i")
    assert shown(carol.says("WHO *")) == ["bob", "carol"]
    assert shown(carol.says("WHO alice")) == ["alice"]
    assert "alice" in shown(bob.says("WHO *"))
    rules.member("alice")
    assert "alice" in shown(carol.says("WHO *"))


def test_the_invisible_see_themselves() -> None:
    """Also when they are in no channel."""
    alice = RulesUnderTest("alice").member("alice")
    alice.says("MODE alice +i")
    assert shown(alice.says("WHO *")) == ["alice"]


def test_a_who_has_an_end() -> None:
    """500 rows by a mask."""
    rules = RulesUnderTest("alice")
    alice = rules.member("alice")
    for number in range(510):
        account = rules.add(f"x{number}y")
        account.sessions.append(alice.session)
        rules.model.online[account] = None
    assert len(shown(alice.says("WHO x*"))) == 500


# WHOIS


def test_whois() -> None:
    """Name, channels, server, account, TLS, idle and sign-on time."""
    rules, (alice, bob) = in_channel("alice", "bob")
    alice.says("JOIN #a")
    rules.clock += 90
    rules.now_ms += 90_000
    assert bob.says("WHOIS ALICE") == [
        f":{SERVER} 311 bob alice alice {SERVER} * :Alice",
        f":{SERVER} 319 bob alice :~#den ~#a",
        f":{SERVER} 312 bob alice {SERVER} :securechat",
        f":{SERVER} 330 bob alice alice :is logged in as",
        f":{SERVER} 671 bob alice :is using a secure connection",
        f":{SERVER} 317 bob alice 90 {NOW_MS // 1000} :seconds idle, signon time",
        f":{SERVER} 318 bob ALICE :End of /WHOIS list",
    ]


def test_whois_of_an_administrator_who_is_away() -> None:
    """313 and 301."""
    rules = RulesUnderTest("alice")
    rules.add("boss", admin=True)
    boss, alice = rules.member("boss"), rules.member("alice")
    boss.says("AWAY :golf")
    heard = alice.says("WHOIS boss")
    assert {"313", "301"} <= set(codes(heard))
    assert of(heard, "301")[0].params == ["alice", "boss", "golf"]


def test_speaking_ends_idleness() -> None:
    """Whatever is said counts, on any session."""
    rules, (alice, bob) = in_channel("alice", "bob")
    phone = rules.member("alice")
    rules.now_ms += 60_000
    phone.says("PRIVMSG #den :hi")
    bob.hears()
    rules.now_ms += 5_000
    assert of(bob.says("WHOIS alice"), "317")[0].params[2] == "5"
    assert alice.session in rules.account("alice").sessions


def test_whois_hides_secret_channels() -> None:
    """From all but their members and administrators."""
    rules, (alice, bob) = in_channel("alice", "bob")
    alice.says("JOIN #s", "MODE #s +s")
    rules.add("boss", admin=True)
    assert of(bob.says("WHOIS alice"), "319")[0].params[-1] == "~#den"
    assert of(alice.says("WHOIS alice"), "319")[0].params[-1] == "~#den ~#s"
    assert of(rules.member("boss").says("WHOIS alice"), "319")[0].params[-1] == "~#den ~#s"


@pytest.mark.parametrize("line", ["WHOIS", "WHOIS :", "WHOWAS", "WHOWAS :"])
def test_whois_of_no_one(line: str) -> None:
    """431."""
    assert codes(RulesUnderTest("alice").member("alice").says(line)) == ["431"]


def test_whois_of_who_is_not_there() -> None:
    """401 and the end; somebody offline is said to be so. The server's name may come first."""
    alice = RulesUnderTest("alice", "bob").member("alice")
    unknown, end = alice.says(f"WHOIS {SERVER} nobody")
    assert (codes([unknown, end]), "No such nick" in unknown) == (["401", "318"], True)
    assert "is offline" in alice.says("WHOIS bob")[0]
    assert codes(alice.says("WHOIS alice alice"))[0] == "311"
    assert codes(alice.says("WHOIS :a b")) == ["401", "318"]


# WHOWAS


def test_whowas() -> None:
    """An account that was here, and when; 406 for one that never was."""
    rules = RulesUnderTest("alice", "bob")
    alice = rules.member("alice")
    assert codes(alice.says("WHOWAS bob")) == ["406", "369"]
    rules.member("bob").says("QUIT")
    assert alice.says("WHOWAS BOB") == [
        f":{SERVER} 314 alice bob bob {SERVER} * :Bob",
        f":{SERVER} 312 alice bob {SERVER} :left at 2023-11-14 22:13 UTC",
        f":{SERVER} 369 alice BOB :End of WHOWAS",
    ]


# ISON, USERHOST


def test_ison() -> None:
    """Those that are online, in their own spelling; nobody is an empty list."""
    _, (alice, _) = in_channel("alice", "bob")
    assert alice.says("ISON BOB nobody alice") == [f":{SERVER} 303 alice :bob alice"]
    assert alice.says("ISON :bob nobody") == [f":{SERVER} 303 alice :bob"]
    assert alice.says("ISON nobody") == [f":{SERVER} 303 alice :"]
    assert codes(alice.says("ISON")) == ["461"]


def test_a_long_ison_takes_several_lines() -> None:
    """None is over the limit, and nobody is left out."""
    _, (alice, _) = in_channel("alice", "bob")
    heard = of(alice.says("ISON " + "bob " * 120), "303")
    assert len(heard) == 2
    assert " ".join(message.params[1] for message in heard).split() == ["bob"] * 120


def test_userhost() -> None:
    """Five at most; * for an administrator, - for away; never an address."""
    rules, (alice, bob) = in_channel("alice", "bob")
    rules.add("boss", admin=True)
    rules.member("boss")
    bob.says("AWAY :x")
    alice.hears()
    assert alice.says("USERHOST BOB nobody boss nobody alice alice") == [
        f":{SERVER} 302 alice :bob=-bob@{SERVER} boss*=+boss@{SERVER} alice=+alice@{SERVER}"
    ]
    assert codes(alice.says("USERHOST nobody", "USERHOST")) == ["302", "461"]


def test_userhost_of_long_names() -> None:
    """Several lines when one can't hold them."""
    names = [f"{letter}" + "я" * 31 for letter in "абвгд"]
    rules = RulesUnderTest(*names)
    people = [rules.member(name) for name in names]
    heard = of(people[0].says("USERHOST " + " ".join(names)), "302")
    assert sum(len(message.params[1].split()) for message in heard) == 5


# AWAY


def test_away_and_back() -> None:
    """306 and 305; the account is away, not the connection."""
    rules, (alice, bob) = in_channel("alice", "bob")
    assert codes(alice.says("AWAY :lunch")) == ["306"]
    assert rules.account("alice").away == "lunch"
    assert codes(bob.says("PRIVMSG alice :hi")) == ["301"]
    assert codes(alice.says("AWAY")) == ["PRIVMSG", "305"]
    alice.says("AWAY :x")
    assert codes(alice.says("AWAY :")) == ["305"]
    assert rules.account("alice").away is None


def test_away_notify() -> None:
    """Those who share a channel and asked are told of each change once; oneself is not."""
    rules, (alice, bob, carol) = in_channel("alice", "bob", "carol")
    bob.says("CAP REQ away-notify", "JOIN #b")
    alice.says("CAP REQ :away-notify account-tag", "JOIN #b")
    bob.hears()
    rules.add("dave")
    dave = rules.member("dave", caps="away-notify")
    alice.hears()
    for said, told in ((":lunch", " :lunch"), (":lunch", None), (":nap", " :nap"), ("", "")):
        assert len(alice.says(f"AWAY {said}")) == 1
        expected = [] if told is None else [f"{source('alice')} AWAY{told}"]
        assert bob.hears() == expected
    assert (carol.hears()[2:], dave.hears()) == ([], [])


def test_a_long_away_message_is_cut() -> None:
    """At 255 bytes, as ISUPPORT says, between letters."""
    rules = RulesUnderTest("alice")
    rules.member("alice").says("AWAY :" + "я" * 200)
    assert rules.account("alice").away == "я" * 127


def test_who_leaves_is_not_away_when_back() -> None:
    """The last session takes it along; for several of them see test_away."""
    rules = RulesUnderTest("alice", "bob")
    rules.member("alice").says("AWAY :x", "QUIT")
    assert rules.account("alice").away is None
    assert only(rules.member("bob").says("USERHOST alice")).params[-1] == ""
