"""MONITOR. https://ircv3.net/specs/extensions/monitor"""

from __future__ import annotations

import pytest

from securechat.core.presence.monitors import MAX_MONITORED
from tests.support.client import SERVER, Client, codes, of, only
from tests.support.rules import NOW_MS, RulesUnderTest

BOB = f"bob!bob@{SERVER}"


def scene() -> tuple[RulesUnderTest, Client]:
    """alice is online; bob, carol and dave have accounts."""
    rules = RulesUnderTest("alice", "bob", "carol", "dave")
    return rules, rules.member("alice")


def listed(client: Client) -> list[str]:
    """What MONITOR L tells, which ends as it should."""
    *lines, end = client.says("MONITOR L")
    assert end == f":{SERVER} 733 alice :End of MONITOR list"
    assert set(codes(lines)) <= {"732"}
    return [name for line in of(lines, "732") for name in line.params[1].split(",")]


def test_the_token_tells_the_limit() -> None:
    """MONITOR command: "the maximum amount of targets a client may have"; one more is refused with
    the targets as they were sent, and the rest is added.
    """
    _, alice = scene()
    tokens = [token for line in of(alice.says("VERSION"), "005") for token in line.params]
    assert f"MONITOR={MAX_MONITORED}" in tokens
    for at in range(0, MAX_MONITORED - 1, 33):
        alice.says("MONITOR + " + ",".join(f"x{number}y" for number in range(at, at + 33)))
    assert len(listed(alice)) == MAX_MONITORED - 1
    assert alice.says("MONITOR + Last,Zed,ZOE") == [
        f":{SERVER} 731 alice :Last",
        f":{SERVER} 734 alice 100 Zed,ZOE :Monitor list is full",
    ]
    assert len(listed(alice)) == MAX_MONITORED
    assert codes(alice.says("MONITOR + last")) == ["731"]  # it is there already


def test_adding_tells_who_is_online_and_who_is_not() -> None:
    """MONITOR +: 730 with those that are, 731 with those that aren't, also of names that nobody
    has; 730 has their own spelling, 731 the one that was sent.
    """
    rules, alice = scene()
    rules.member("bob")
    assert alice.says("MONITOR + BOB,Carol,nobody,alice") == [
        f":{SERVER} 730 alice :{BOB},alice!alice@{SERVER}",
        f":{SERVER} 731 alice :Carol,nobody",
    ]
    assert listed(alice) == ["BOB", "Carol", "nobody", "alice"]


def test_coming_and_going_is_told() -> None:
    """730 and 731: "a target has just become online", "has just left", once each."""
    rules, alice = scene()
    alice.says("MONITOR + bob")
    bob = rules.member("bob")
    assert alice.hears() == [f":{SERVER} 730 * :{BOB}"]
    bob.says("PRIVMSG carol :hi", "AWAY :x", "AWAY")
    bob.says("QUIT :bye")
    assert alice.hears() == [f":{SERVER} 731 * :bob"]
    rules.member("bob").hangs_up()
    assert codes(alice.hears()) == ["730", "731"]


def test_what_is_told_has_its_time() -> None:
    """https://ircv3.net/specs/extensions/server-time: of all messages, these included."""
    rules = RulesUnderTest("alice", "bob")
    alice = rules.member("alice", caps="server-time message-tags account-tag")
    alice.says("MONITOR + bob")
    rules.now_ms = NOW_MS + 500
    rules.member("bob")
    assert alice.hears() == [f"@time=2023-11-14T22:13:20.500Z :{SERVER} 730 * :{BOB}"]


def test_a_name_may_become_somebodys() -> None:
    """Who registers it while it is followed comes online as everybody does."""
    rules = RulesUnderTest("alice", registration="open")
    alice = rules.member("alice")
    assert codes(alice.says("MONITOR + Zed")) == ["731"]
    rules.connect().registers("zed", password="a fine long password")
    assert alice.hears() == [f":{SERVER} 730 * :zed!zed@{SERVER}"]


def test_a_person_is_online_while_one_of_their_devices_is() -> None:
    """The second one tells nothing, nor does its going."""
    rules, alice = scene()
    alice.says("MONITOR + bob")
    desk = rules.member("bob")
    assert codes(alice.hears()) == ["730"]
    phone = rules.member("bob")
    desk.says("QUIT")
    assert alice.hears() == []
    phone.says("QUIT")
    assert codes(alice.hears()) == ["731"]


def test_adding_twice_adds_once() -> None:
    """MONITOR +: "MUST NOT be added again", in whatever spelling; it is answered all the same."""
    rules, alice = scene()
    assert codes(alice.says("MONITOR + bob,BOB", "MONITOR + Bob")) == ["731", "731"]
    assert listed(alice) == ["bob"]
    rules.member("bob")
    assert codes(alice.hears()) == ["730"]
    alice.says("MONITOR - BOB")
    assert listed(alice) == []


def test_removing_tells_nothing() -> None:
    """MONITOR -: "No output", also for names that are not there; nor is anything told after it."""
    rules, alice = scene()
    carol = rules.member("carol")
    for client in (alice, carol):
        client.says("MONITOR + bob,dave")
    assert alice.says("MONITOR - bob,zed,*!*@*") == []
    bob = rules.member("bob")
    bob.says("QUIT")
    assert alice.hears() == []
    assert codes(carol.hears()) == ["730", "731"]
    assert listed(alice) == ["dave"]


def test_clearing_tells_nothing() -> None:
    """MONITOR C: "No output"."""
    rules, alice = scene()
    alice.says("MONITOR + bob,carol")
    assert alice.says("MONITOR C") == alice.says("MONITOR C") == []
    assert listed(alice) == []
    rules.member("bob")
    assert alice.hears() == []


def test_status_tells_all_of_the_list() -> None:
    """MONITOR S: 730 and 731; nothing of an empty list."""
    rules, alice = scene()
    assert alice.says("MONITOR S") == []
    alice.says("MONITOR + carol,bob,zed")
    rules.member("bob")
    alice.hears()
    assert alice.says("MONITOR S") == [
        f":{SERVER} 730 alice :{BOB}",
        f":{SERVER} 731 alice :carol,zed",
    ]


@pytest.mark.parametrize(
    "mask", ["*", "b?b", "*!*@*", "bob!*@*", f"*!bob@{SERVER}", "#den", "b\x7f"]
)
def test_what_is_no_nick_is_not_followed(mask: str) -> None:
    """MONITOR command: "'target' MUST be a valid nick", so that nobody follows a host."""
    rules, alice = scene()
    refused = only(alice.says(f"MONITOR + {mask}"))
    assert (refused.command, refused.params[1]) == ("432", mask)
    assert listed(alice) == []
    rules.member("bob")
    assert alice.hears() == []


@pytest.mark.parametrize(
    "line", ["MONITOR", "MONITOR +", "MONITOR -", "MONITOR + ,", "MONITOR -  "]
)
def test_too_few_parameters(line: str) -> None:
    """461."""
    _, alice = scene()
    assert codes(alice.says(line)) == ["461"]


def test_an_unknown_modifier_is_told() -> None:
    """And changes nothing; two at once are none."""
    _, alice = scene()
    alice.says("MONITOR + bob")
    for line in ("MONITOR X", "MONITOR +- carol", "MONITOR bob", "MONITOR ++"):
        assert only(alice.says(line)).params[:2] == ["alice", "MONITOR"]
    assert listed(alice) == ["bob"]


def test_long_lists_take_several_lines() -> None:
    """Each within the limit of the protocol, and nobody is left out."""
    names = [f"{letter}" + "я" * 31 for letter in "абвгдежзик"]
    rules = RulesUnderTest("alice", *names)
    alice = rules.member("alice")
    for name in names:
        assert codes(alice.says(f"MONITOR + {name.upper()}")) == ["731"]
    for name in names[:5]:
        rules.member(name)
    heard = [line for line in alice.says("MONITOR S") if " * " not in line]
    told = {
        numeric: [line.params[1].split(",") for line in of(heard, numeric)]
        for numeric in ("730", "731")
    }
    assert [name.partition("!")[0] for line in told["730"] for name in line] == names[:5]
    assert [name.lower() for line in told["731"] for name in line] == names[5:]
    assert [name.lower() for name in listed(alice)] == names


def test_each_connection_has_its_own_list() -> None:
    """It ends with it; another one of the same person has not got it."""
    rules, alice = scene()
    phone = rules.member("alice")
    alice.says("MONITOR + bob")
    assert listed(phone) == []
    rules.member("bob")
    assert (codes(alice.hears()), phone.hears()) == (["730"], [])
    alice.says("QUIT")
    assert rules.model.monitors == {}


def test_who_comes_and_goes_often_is_told_of_once_in_a_while() -> None:
    """As of those who share a channel: meanwhile they count as online, so that what is told and
    what is answered agree.
    """
    rules, alice = scene()
    alice.says("MONITOR + bob")
    for _ in range(5):
        rules.member("bob").says("QUIT")
    assert codes(alice.hears()) == ["730", "731"] * 3 + ["730"]
    assert codes(alice.says("MONITOR S")) == ["730"]
    rules.passes(40)
    assert codes(alice.hears()) == ["731"]
    assert codes(alice.says("MONITOR S")) == ["731"]


def test_another_case_of_the_nick_tells_nothing() -> None:
    """It is the same nick; servers have told of it as of one that goes and one that comes."""
    rules, alice = scene()
    alice.says("MONITOR + bob")
    bob = rules.member("bob")
    alice.hears()
    bob.says("NICK BOB")
    assert alice.hears() == []


def test_an_account_that_is_deleted_is_gone() -> None:
    """Its name may be followed on, as anybody's that may come."""
    rules, alice = scene()
    alice.says("MONITOR + bob")
    rules.member("bob")
    with rules.turn() as turn:
        rules.rules.account_removed(turn, rules.account("bob"), "Deleted")
    assert codes(alice.hears()) == ["730", "731"]


def test_nobody_is_told_of_who_could_not_enter() -> None:
    """A login that can't be stored is none; and so nobody has gone."""
    rules = RulesUnderTest("alice", lobby="#lobby")
    alice = rules.member("alice")
    alice.says("MONITOR + bob")
    rules.add("bob")
    rules.full = True
    rules.connect().logs_in("bob")
    assert alice.hears() == []
