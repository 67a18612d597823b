"""Logins from new places: who is told of them, when, and what is remembered."""

from __future__ import annotations

import pytest

from securechat.core.model import login_places
from securechat.core.model.login_places import LoginPlaces, Place, network_of
from tests.support.client import Client
from tests.support.rules import RIGHT, RulesUnderTest

HOME, HOTEL, THIEF = "192.0.2.7", "198.51.100.1", "203.0.113.9"


def enters(rules: RulesUnderTest, name: str, address: str) -> tuple[Client, list[str]]:
    """Somebody logs in; what they are told of logins."""
    person = rules.connect(address=address)
    return person, told(person.logs_in(name, password=RIGHT))


def told(heard: list[str]) -> list[str]:
    """The notices of new places among some lines."""
    return [line for line in heard if "a new place" in line]


@pytest.mark.parametrize(
    ("block", "network"),
    [
        ("192.0.2.7", "192.0.2.0/24"),
        ("192.168.1.7", "192.168.1.7"),
        ("2001:db8:1:2::/64", "2001:db8:1::/48"),
        ("2001:db8:1::/48", "2001:db8:1::/48"),
        ("", ""),
    ],
)
def test_what_counts_as_one_place(block: str, network: str) -> None:
    """What one provider gives to one home; a neighbour in the same school is somebody else."""
    assert network_of(block) == network


def test_the_owner_is_told_at_the_next_login() -> None:
    """From elsewhere: who logs in twice from the new place doesn't take the news away. Once."""
    rules = RulesUnderTest("alice")
    alice, heard = enters(rules, "alice", HOME)
    assert heard == []
    alice.hangs_up()
    for _ in range(2):
        thief, heard = enters(rules, "alice", THIEF)
        assert heard == []
        thief.hangs_up()
    _, [line] = enters(rules, "alice", "192.0.2.99")
    assert "There was a login as alice from 203.0.113.0/24 (password) on 20" in line
    assert "change your password" in line
    assert enters(rules, "alice", HOME)[1] == []


@pytest.mark.parametrize(
    ("others", "expected"), [(["2001:db8::1"], 2), ([f"11.0.{n}.1" for n in range(9)], 7)]
)
def test_nobody_takes_the_news_away_from_another_new_place(
    others: list[str], expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A home has a network of IPv4 and one of IPv6, and a thief perhaps many. Once in each."""
    monkeypatch.setattr(login_places, "MAX_PLACES", 6)
    rules = RulesUnderTest("alice")
    enters(rules, "alice", HOME)[0].hangs_up()
    for address in (THIEF, *others, THIEF, *others):
        enters(rules, "alice", address)[0].hangs_up()
    assert len(enters(rules, "alice", HOME)[1]) == expected


def test_who_is_there_is_told_at_once() -> None:
    """On all devices that are elsewhere."""
    rules = RulesUnderTest("alice")
    alice, _ = enters(rules, "alice", HOME)
    enters(rules, "alice", THIEF)
    assert len(told(alice.hears())) == 1
    enters(rules, "alice", THIEF)
    assert told(alice.hears()) == []


def test_a_new_token_in_the_same_network_is_told() -> None:
    """Of one who sits beside the owner and has made it with the password; the owner's own, too."""
    rules = RulesUnderTest("alice")
    thief, _ = enters(rules, "alice", HOME)
    thief.sends("TOKEN CREATE spy")
    token = thief.hears()[-1].split(" ")[5]
    thief.hangs_up()
    alice, _ = enters(rules, "alice", HOME)
    spy = rules.connect(address=HOME)
    assert told(spy.logs_in("alice", password=token)) == []
    [line] = told(alice.hears())
    assert "from 192.0.2.0/24 (token spy) on 20" in line
    alice.hangs_up()
    # Again, and not from it alone: the news is the owner's.
    rules.connect(address=HOME).logs_in("alice", password=token)
    assert len(enters(rules, "alice", HOME)[1]) == 1


def remembers(person: Client, name: str = "web") -> str:
    """A client makes a token for itself, as the page does; the token."""
    person.sends(f"TOKEN CREATE {name} BIND")
    return person.hears()[-1].split(" ")[5]


def test_a_device_that_is_remembered_is_no_new_one() -> None:
    """It made the account, or logged in from a known place, and goes on by its token."""
    rules = RulesUnderTest(registration="open")
    new = rules.connect(address=HOME)
    new.registers("alice", password=RIGHT)
    token = remembers(new)
    new.hangs_up()
    assert told(rules.connect(address=HOME).logs_in("alice", password=token)) == []
    again, heard = enters(rules, "alice", HOME)
    assert heard == []
    token = remembers(again, "phone")
    again.hangs_up()
    assert told(rules.connect(address=HOME).logs_in("alice", password=token)) == []
    assert enters(rules, "alice", HOME)[1] == []
    # What it was made for is this place.
    elsewhere = rules.connect(address=HOTEL)
    assert told(elsewhere.logs_in("alice", password=token)) == []
    [line] = enters(rules, "alice", HOME)[1]
    assert "from 198.51.100.0/24 (token phone)" in line


def test_who_moves_is_not_told_of_themselves() -> None:
    """They are at a new place, by the password and then by a token of the same device."""
    rules = RulesUnderTest("alice")
    enters(rules, "alice", HOME)[0].hangs_up()
    alice, heard = enters(rules, "alice", HOTEL)
    token = remembers(alice)
    alice.hangs_up()
    assert heard + told(rules.connect(address=HOTEL).logs_in("alice", password=token)) == []


def test_a_thief_s_token_takes_no_news_away() -> None:
    """It is doubted as the login is that it was made in, however many there are of it."""
    rules = RulesUnderTest("alice")
    enters(rules, "alice", HOME)[0].hangs_up()
    thief, _ = enters(rules, "alice", THIEF)
    for number in range(3):
        token = remembers(thief, f"spy{number}")
        thief.hangs_up()
        thief = rules.connect(address=THIEF)
        thief.logs_in("alice", password=token)
        rules.connect(address=HOTEL).logs_in("alice", password=token)
        thief, _ = enters(rules, "alice", THIEF)
    lines = enters(rules, "alice", HOME)[1]
    assert "from 203.0.113.0/24 (password)" in lines[0]
    assert ["(token spy" in line for line in lines] == [False, True, True, True]


def test_a_login_that_is_forgotten_vouches_for_no_token() -> None:
    """It may have been a doubted one."""
    places = LoginPlaces()
    places.add(1, "home")
    assert not places.add_bound(1, "thief", "thief (token spy)")
    assert places.add(1, "thief (token spy)")


def test_a_token_that_is_not_stored_is_no_place() -> None:
    rules = RulesUnderTest("alice")
    alice, _ = enters(rules, "alice", HOME)
    rules.full = True
    alice.sends("TOKEN CREATE web BIND")
    alice.hears()
    number = rules.account("alice").id
    assert rules.model.login_places.add(number, "192.0.2.0/24 (token web)")


def test_administrators_are_told_of_each_other() -> None:
    """Those who are there, and those who come; members aren't."""
    rules = RulesUnderTest("alice")
    for name in ("root", "carol", "dave"):
        rules.add(name, admin=True)
    carol, _ = enters(rules, "carol", HOME)
    alice, _ = enters(rules, "alice", HOME)
    enters(rules, "root", HOME)
    enters(rules, "root", HOTEL)
    [line] = told(carol.hears())
    assert "Administrator root logged in from 198.51.100.0/24 (password) on" in line
    assert told(alice.hears()) == []
    assert len(enters(rules, "dave", HOME)[1]) == 1


def test_a_login_that_fails_tells_nothing() -> None:
    """A wrong password is no login."""
    rules = RulesUnderTest("alice")
    alice, _ = enters(rules, "alice", HOME)
    rules.connect(address=THIEF).logs_in("alice", password="wrong")
    assert told(alice.hears()) == []


def test_a_bot_is_not_told() -> None:
    """It reads no notices, and moves with its machine."""
    rules = RulesUnderTest("robot")
    rules.account("robot").bot = True
    enters(rules, "robot", HOME)
    enters(rules, "robot", HOTEL)
    assert enters(rules, "robot", HOME)[1] == []


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Networks of an account, accounts, and logins that are to be told."""
    monkeypatch.setattr(login_places, "MAX_PLACES", 2)
    monkeypatch.setattr(login_places, "MAX_ACCOUNTS", 2)
    places = LoginPlaces()
    assert [places.add(1, network) for network in "abcab"] == [False, True, True, True, True]
    for account in (2, 3):
        places.add(account, "a")
    assert not places.add(1, "z")  # nothing of it is known any more
    for number in range(20):
        places.keep(1, Place(2, "bob", str(number), "", 0))
    assert len(places.take(1, "z")) == login_places.MAX_WAITING
    assert places.take(1, "z") == []
