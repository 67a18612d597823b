"""Away belongs to the session: a person is away when all their devices are."""

from __future__ import annotations

from tests.support.client import Client, codes, of, only, source
from tests.support.rules import RulesUnderTest, in_channel


def scene() -> tuple[RulesUnderTest, Client, Client, Client]:
    """alice at two devices, and bob, who asked to be told of who is away."""
    rules, (desk, bob) = in_channel("alice", "bob", caps="away-notify")
    phone = rules.member("alice")
    bob.hears()
    return rules, desk, phone, bob


def seen_by(bob: Client) -> tuple[str, list[str], str]:
    """Whether alice is away: by WHO, by a message to her, by USERHOST."""
    flags = of(bob.says("WHO alice"), "352")[0].params[6]
    told = [line.params[-1] for line in of(bob.says("PRIVMSG alice :hi"), "301")]
    return flags, told, only(bob.says("USERHOST alice")).params[1][6]


HERE: tuple[str, list[str], str] = ("H", [], "+")


def test_one_device_alone_makes_nobody_away() -> None:
    """A client that does it by itself after a while, beside another one that is used."""
    _, desk, phone, bob = scene()
    assert codes(desk.says("AWAY :auto-away")) == ["306"]
    assert (bob.hears(), seen_by(bob)) == ([], HERE)
    assert codes(phone.says("WHOIS alice")).count("301") == 0


def test_all_devices_do() -> None:
    """The message is that of the one that went last."""
    rules, desk, phone, bob = scene()
    phone.says("AWAY :on the phone")
    rules.passes(1)
    desk.says("AWAY :lunch")
    assert bob.hears() == [f"{source('alice')} AWAY :lunch"]
    assert seen_by(bob) == ("G", ["lunch"], "-")
    rules.passes(1)
    phone.says("AWAY :dinner")
    assert bob.hears() == [f"{source('alice')} AWAY :dinner"]


def test_one_that_comes_back_brings_her_back() -> None:
    """Whichever it is; it tells once."""
    _, desk, phone, bob = scene()
    desk.says("AWAY :lunch")
    phone.says("AWAY :lunch")
    bob.hears()
    desk.says("AWAY", "AWAY")
    assert bob.hears() == [f"{source('alice')} AWAY"]
    assert seen_by(bob) == HERE


def test_an_absence_goes_with_its_device() -> None:
    """And stays where the other ones are away."""
    rules, desk, phone, bob = scene()
    desk.says("AWAY :auto-away")
    desk.hangs_up()
    assert (bob.hears(), seen_by(bob)) == ([], HERE)
    other = rules.member("alice")
    phone.says("AWAY :asleep")
    assert bob.hears() == []
    other.says("QUIT")
    assert bob.hears() == [f"{source('alice')} AWAY :asleep"]
    assert seen_by(bob) == ("G", ["asleep"], "-")


def test_a_device_that_arrives_is_there() -> None:
    """Until it says otherwise."""
    rules, desk, phone, bob = scene()
    desk.says("AWAY :asleep")
    phone.says("AWAY :asleep")
    bob.hears()
    rules.member("alice")
    assert bob.hears() == [f"{source('alice')} AWAY"]
    assert seen_by(bob) == HERE


def test_who_comes_back_after_all_is_here() -> None:
    """Nothing sticks to an account."""
    rules, desk, phone, bob = scene()
    for device in (desk, phone):
        device.says("AWAY :asleep")
        device.hangs_up()
    assert codes(bob.hears()) == ["AWAY", "QUIT"]
    rules.member("alice")
    assert codes(bob.hears()) == ["JOIN", "MODE"]
    assert seen_by(bob) == HERE


def test_a_channel_sees_it_at_the_join() -> None:
    """Of who is away on all devices."""
    _, desk, phone, bob = scene()
    bob.says("JOIN #pub")
    desk.says("AWAY :lunch", "JOIN #pub")
    assert codes(bob.hears()) == ["JOIN"]
    phone.says("AWAY :lunch", "PART #pub", "JOIN #pub")
    assert codes(bob.hears()) == ["AWAY", "PART", "JOIN", "AWAY"]
