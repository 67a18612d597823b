"""WHO, WHOIS, WHOWAS, USERHOST, ISON and AWAY. https://modern.ircdocs.horse/#user-based-queries

What WHOX adds to WHO is in test_whox.py.
"""

from __future__ import annotations

import pytest

from tests.support.client import SERVER, Client, codes, of, only, source
from tests.support.rules import NOW_MS, RulesUnderTest, in_channel, outsider

DAY = 86_400


def left(when: str) -> str:
    """The two lines of an entry of WHOWAS: bob left at a time."""
    return f"bob {SERVER} * :Bob / left at 2023-11-{when} UTC"


def entries(lines: list[str]) -> list[str]:
    """Of a WHOWAS, which ends as it should."""
    assert codes(lines)[-1] == "369"
    users, servers = of(lines, "314"), of(lines, "312")
    return [
        f"{user.params[2]} {user.params[3]} * :{user.params[-1]} / {server.params[-1]}"
        for user, server in zip(users, servers, strict=True)
    ]


# WHO


def test_who_of_a_channel_and_of_a_nick() -> None:
    """WHO message: the members, or the one; 352 has H or G, '*', and the prefixes there."""
    rules, (alice, bob) = in_channel("alice", "bob")
    rules.add("boss", admin=True)
    rules.member("boss").says("JOIN #den")
    bob.says("AWAY :out")
    alice.says("MODE #den +v boss")
    alice.hears()
    rows = [line.params for line in of(alice.says("WHO #DEN"), "352")]
    assert [(row[1], row[5], row[6]) for row in rows] == [
        ("#den", "alice", "H~"),
        ("#den", "bob", "G"),
        ("#den", "boss", "H*+"),
    ]
    assert alice.says("WHO BOB") == [
        f":{SERVER} 352 alice * bob {SERVER} {SERVER} bob G :0 Bob",
        f":{SERVER} 315 alice BOB :End of WHO list",
    ]


def test_who_of_nobody_has_only_its_end() -> None:
    """315: "even if nothing matched", with the mask as it was asked for."""
    alice = RulesUnderTest("alice", "bob").member("alice")
    for mask in ("bob", "nobody", "#nowhere", "x*y", "*!*@elsewhere.example"):
        assert alice.says(f"WHO {mask}") == [f":{SERVER} 315 alice {mask} :End of WHO list"]


# WHOIS


@pytest.mark.parametrize("line", ["WHOIS bob", f"WHOIS {SERVER} bob", "WHOIS BOB bob"])
def test_whois(line: str) -> None:
    """WHOIS message: also with a server, or with the nick for the server that it is on."""
    rules, (alice, _) = in_channel("alice", "bob")
    rules.passes(3)
    assert alice.says(line) == [
        f":{SERVER} 311 alice bob bob {SERVER} * :Bob",
        f":{SERVER} 319 alice bob :#den",
        f":{SERVER} 312 alice bob {SERVER} :securechat",
        f":{SERVER} 330 alice bob bob :is logged in as",
        f":{SERVER} 671 alice bob :is using a secure connection",
        f":{SERVER} 317 alice bob 3 {NOW_MS // 1000} :seconds idle, signon time",
        f":{SERVER} 318 alice bob :End of /WHOIS list",
    ]


def test_whois_of_nobody() -> None:
    """401, and 318 behind it all the same; 431 without a nick."""
    alice = RulesUnderTest("alice").member("alice")
    assert [line.params for line in of(alice.says("WHOIS zed"), "401", "318")] == [
        ["alice", "zed", "No such nick/channel"],
        ["alice", "zed", "End of /WHOIS list"],
    ]
    assert codes(alice.says("WHOIS")) == ["431"]


# WHOWAS


def twice_gone() -> tuple[RulesUnderTest, Client]:
    """bob has gone at 22:13 and at 22:14; alice may ask."""
    rules = RulesUnderTest("alice", "bob")
    alice = rules.member("alice")
    rules.member("bob").says("QUIT")
    rules.passes(60)
    rules.member("bob").says("QUIT")
    alice.pongs()
    return rules, alice


@pytest.mark.parametrize("count", ["", " 2", " 3", " 0", " -1", " x", " ٢", f" {10**20}"])
def test_whowas_tells_all_entries(count: str) -> None:
    """WHOWAS message: "the most recent entry first", and all of them unless the count is a
    positive number.
    """
    _, alice = twice_gone()
    assert entries(alice.says(f"WHOWAS BOB{count}")) == [left("14 22:14"), left("14 22:13")]


def test_whowas_tells_no_more_than_the_count() -> None:
    """WHOWAS message: "up to <count> replies"."""
    _, alice = twice_gone()
    assert alice.says("WHOWAS bob 1") == [
        f":{SERVER} 314 alice bob bob {SERVER} * :Bob",
        f":{SERVER} 312 alice bob {SERVER} :left at 2023-11-14 22:14 UTC",
        f":{SERVER} 369 alice bob :End of WHOWAS",
    ]


@pytest.mark.parametrize("name", ["alice", "zed", "b*b", "*"])
def test_whowas_of_who_never_left(name: str) -> None:
    """406, then 369; there are no masks."""
    _, alice = twice_gone()
    assert codes(alice.says(f"WHOWAS {name} 1")) == ["406", "369"]


def test_whowas_without_a_nick() -> None:
    """WHOWAS message: "a single reply", 431."""
    assert codes(RulesUnderTest("alice").member("alice").says("WHOWAS")) == ["431"]


def test_whowas_forgets() -> None:
    """Ten entries of one name, and none that is older than a week."""
    rules, alice = twice_gone()
    for _ in range(12):
        rules.passes(31)  # all are told of that often
        rules.member("bob").says("QUIT")
        alice.says("PONG :x")
    assert len(entries(alice.says("WHOWAS bob"))) == 10
    rules.now_ms += 7 * DAY * 1000
    assert codes(alice.says("WHOWAS bob")) == ["406", "369"]


def test_whowas_tells_the_name_of_then() -> None:
    """As it was shown when they went, and not what they have made of it since."""
    rules, alice = twice_gone()
    rules.member("bob").says("SETNAME :Robert")
    assert entries(alice.says("WHOWAS bob 1")) == [left("14 22:14")]


def test_who_is_deleted_was_never_here() -> None:
    """Nothing is told of them any more, also not to who takes the name."""
    rules, alice = twice_gone()
    bob = rules.account("bob")
    with rules.turn() as turn:
        rules.rules.account_removed(turn, bob, "Deleted")
    assert codes(alice.says("WHOWAS bob")) == ["406", "369"]


# USERHOST, ISON


def test_userhost() -> None:
    """302: nick, '*' for an administrator, '=', '+' here or '-' away, and the host; five at most.
    Who isn't there is left out.
    """
    rules, (alice, bob) = in_channel("alice", "bob")
    rules.add("boss", admin=True)
    rules.member("boss")
    bob.says("AWAY :out")
    shown = f"bob=-bob@{SERVER} boss*=+boss@{SERVER} alice=+alice@{SERVER}"
    told = [f":{SERVER} 302 alice :{shown}"]
    assert alice.says("USERHOST BOB zed boss zed alice bob") == told
    assert alice.says("USERHOST zed") == [f":{SERVER} 302 alice :"]
    assert codes(alice.says("USERHOST")) == ["461"]


def test_ison() -> None:
    """303: those of the nicks that are online, in one parameter or in several."""
    _, (alice, _) = in_channel("alice", "bob")
    assert alice.says("ISON BOB zed alice") == [f":{SERVER} 303 alice :bob alice"]
    assert alice.says("ISON :zed bob") == [f":{SERVER} 303 alice :bob"]
    assert alice.says("ISON zed") == [f":{SERVER} 303 alice :"]
    assert codes(alice.says("ISON")) == ["461"]


# AWAY


def test_away_is_acknowledged_and_shown() -> None:
    """AWAY message: 306 and 305; then 301 to who writes and in WHOIS, '-' and G in the others."""
    rules, (alice, bob) = in_channel("alice", "bob")
    assert codes(bob.says("AWAY :out to lunch")) == ["306"]
    carol = outsider(rules, "carol")
    assert only(carol.says("PRIVMSG bob :hi")).params == ["carol", "bob", "out to lunch"]
    assert of(alice.says("WHOIS bob"), "301")[0].params == ["alice", "bob", "out to lunch"]
    assert carol.says("PRIVMSG #den :hi", "NOTICE bob :hi") != []  # not a member; no 301
    assert "301" not in codes(carol.says("NOTICE bob :hi"))
    bob.hears()
    assert codes(bob.says("AWAY :")) == ["305"]
    assert codes(bob.says("AWAY", "AWAY :x", "AWAY")) == ["305", "306", "305"]
    assert carol.says("PRIVMSG bob :hi") == []
    assert bob.hears() == [f"{source('carol')} PRIVMSG bob :hi"]
