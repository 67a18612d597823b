"""Address blocks that may not connect."""

from __future__ import annotations

import pytest

from securechat.core.administration.requests import Refused
from securechat.core.model.address_bans import (
    KEY,
    MOST,
    AddressBan,
    AddressBans,
    address_bans,
    block_of,
    covers_loopback,
)
from tests.support.client import Client
from tests.support.rules import RulesUnderTest

ONCE = {"seconds": None, "reason": "flooding", "force": False}


def bans(*networks: str, until_ms: int = 0) -> AddressBans:
    return AddressBans(AddressBan(network, until_ms, "", "os:root", 0) for network in networks)


@pytest.mark.parametrize(
    ("typed", "block"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("192.0.2.7/24", "192.0.2.0/24"),
        ("2001:db8::7", "2001:db8::/64"),
        ("2001:db8::7/128", "2001:db8::7"),
        ("2001:DB8:5::/48", "2001:db8:5::/48"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.0/120", "192.0.2.0/24"),
    ],
)
def test_a_block_as_somebody_types_it(typed: str, block: str) -> None:
    """An IPv6 address alone stands for what its owner may take an address from."""
    assert block_of(typed) == block
    assert block_of(block) == block or "/" in typed


@pytest.mark.parametrize("typed", ["bob", "", "192.0.2", "192.0.2.7/33", "192.0.2.7-9", "x" * 99])
def test_what_is_no_block_is_told(typed: str) -> None:
    """With what was expected, and what is meant by a name."""
    with pytest.raises(Refused, match=r"such as 192\.0\.2\.7, .*`user disable`") as refused:
        RulesUnderTest().asks("address look", address=typed)
    assert repr(typed) in str(refused.value)


def test_an_address_is_found_in_any_form() -> None:
    """Of either version, from whatever socket, with the interface of a link."""
    there = bans("192.0.2.0/24", "198.51.100.7", "2001:db8:5::/48", "fe80::/64")
    for address in ("192.0.2.99", "::ffff:192.0.2.99", "2001:db8:5:6::1", "fe80::1%eth0"):
        assert there.find(address, 0) is not None, address
    for address in ("192.0.3.1", "198.51.100.8", "2001:db8:6::1", "::c000:263"):
        assert there.find(address, 0) is None, address
    assert bans("192.0.2.7", until_ms=5).find("192.0.2.7", 5) is None


def test_this_machine_is_not_banned_by_the_way() -> None:
    """Nor all the world."""
    for network in ("127.0.0.1", "0.0.0.0/0", "::1", "::/0"):
        assert covers_loopback(network), network
        with pytest.raises(Refused, match="--force"):
            RulesUnderTest().asks("address ban", address=network, **ONCE)
    assert not covers_loopback("192.0.2.0/24")


@pytest.mark.parametrize("network", ["128.0.0.0/1", "10.0.0.0/7", "2000::/3"])
def test_half_the_world_is_not_banned_by_a_slip(network: str) -> None:
    """A digit too few behind the slash."""
    with pytest.raises(Refused, match="large part of the internet"):
        RulesUnderTest().asks("address ban", address=network, **ONCE)
    forced = {**ONCE, "force": True}
    assert RulesUnderTest().asks("address ban", address=network, **forced)["ended"] == 0


def comes(rules: RulesUnderTest, name: str, address: str) -> Client:
    client = rules.connect(address=address)
    client.logs_in(name)
    return client


def test_who_is_there_goes_and_nobody_comes() -> None:
    """Whoever they are; others stay. It is in the audit, with its end."""
    rules = RulesUnderTest("alice", "bob")
    rules.account("alice").admin = True
    alice, bob = comes(rules, "alice", "192.0.2.1"), comes(rules, "bob", "198.51.100.1")
    half = rules.connect(address="192.0.2.2")
    look = rules.asks("address look", address="192.0.2.0/24")
    assert look == {"network": "192.0.2.0/24", "online": [["alice", True]]}
    done = rules.asks("address ban", address="192.0.2.9/24", **{**ONCE, "seconds": 60})
    assert done == {"network": "192.0.2.0/24", "until_ms": rules.now_ms + 60_000, "ended": 2}
    for client in (alice, half, rules.connect(address="192.0.2.3")):
        assert "Your address is banned from this server: flooding" in client.hears()[-1]
    assert bob.says("PING x")
    assert '"until": "2023-11-14T22:14:20Z"' in rules.audits[-1].facts
    rules.passes(61)
    assert comes(rules, "alice", "192.0.2.1").says("PING x")
    assert rules.asks("addresses banned") == []


def test_a_ban_is_lifted_as_it_was_set() -> None:
    """A part of it is not, and the answer says what is."""
    rules = RulesUnderTest()
    rules.asks("address ban", address="192.0.2.0/24", **ONCE)
    rules.asks("address ban", address="192.0.2.0/24", **{**ONCE, "reason": "again"})
    [[network, _, reason, by, _]] = rules.asks("addresses banned")
    assert (network, reason, by) == ("192.0.2.0/24", "again", "os:root")
    with pytest.raises(Refused, match=r"192\.0\.2\.0/24, which it is in, is"):
        rules.asks("address unban", address="192.0.2.7")
    assert rules.asks("address unban", address="192.0.2.1/24") == "192.0.2.0/24"
    assert address_bans(rules.model.kept[KEY]).bans == {}


def test_they_are_not_without_end() -> None:
    """Those that are over make room."""
    rules = RulesUnderTest()
    many = (f"10.{number // 250}.{number % 250}.1" for number in range(MOST))
    rules.model.kept[KEY] = bans(*many, until_ms=rules.now_ms + 1000).text()
    with pytest.raises(Refused, match="as many as there may be"):
        rules.asks("address ban", address="192.0.2.7", **ONCE)
    rules.passes(2)
    rules.asks("address ban", address="192.0.2.7", **ONCE)
    assert list(address_bans(rules.model.kept[KEY]).bans) == ["192.0.2.7"]
