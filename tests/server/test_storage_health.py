"""The alarm: who is told that nothing can be stored, how often, and when it is over."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from securechat.server.storage_health import DAMAGED, FAILING, MENDED, SHORT, Space
from securechat.store.errors import DamagedError, StoreError
from tests.support.client import Client
from tests.support.hub import HubUnderTest

FULL = StoreError("the disk is full; free some space")
FAILED = FAILING.format(problem=FULL)


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[HubUnderTest]:
    """A hub with three accounts, and nobody here yet."""
    opened = HubUnderTest(tmp_path, "alice", "bob", "carol")
    opened.open()
    yield opened
    opened.close()
    assert opened.failures == []


def notices(lines: list[str]) -> list[str]:
    """The texts that the server itself says."""
    return [line.partition(" :")[2] for line in lines if line.startswith(":chat.test NOTICE ")]


def breaks(hub: HubUnderTest, client: Client, failure: StoreError = FULL) -> list[str]:
    """The store begins to fail, which a message brings up; what its sender hears."""
    hub.journal.failure = failure
    client.sends("PRIVMSG #lobby :lost")
    return [*client.hears_until(" 400 "), *client.hears()]


def test_everybody_is_told_once(hub: HubUnderTest) -> None:
    """However many messages fail; the sender's own error comes first."""
    alice, bob = hub.member("alice"), hub.member("bob")
    alice.hears()
    first = breaks(hub, alice)
    assert [line.split(" ")[1] for line in first] == ["400", "NOTICE"]
    assert notices(first) == [FAILED]
    for _ in range(3):
        assert notices(breaks(hub, alice)) == []
    assert notices(bob.hears()) == [FAILED]


def test_the_unauthenticated_are_told_nothing(hub: HubUnderTest) -> None:
    """What befalls the server is the business of those who are logged in."""
    alice, client = hub.member("alice"), hub.connect()
    client.says("CAP LS 302", "NICK bob")
    breaks(hub, alice)
    assert client.hears() == []


def test_who_arrives_meanwhile_is_told_as_well(hub: HubUnderTest) -> None:
    """At once, and not when the first message fails."""
    alice, bob = hub.member("alice"), hub.member("bob")
    bob.sends("QUIT")
    bob.hears_the_end()
    breaks(hub, alice)
    again = hub.connect()
    again.begins_login("bob")
    assert notices([*again.hears_until(" 422 "), *again.hears()]) == [FAILED]


def test_that_it_is_over_is_told_without_a_message(hub: HubUnderTest) -> None:
    """Nobody has to try: the server does, about once a second."""
    alice, bob = hub.member("alice"), hub.member("bob")
    alice.hears()
    breaks(hub, alice)
    hub.journal.failure = None
    assert notices(bob.hears_until(MENDED)) == [FAILED, MENDED]
    assert notices(alice.hears_until(MENDED)) == [MENDED]
    alice.sends("PRIVMSG #lobby :kept")
    assert bob.hears_line().endswith(":kept")
    assert notices(bob.hears()) == []


def test_a_row_that_finds_its_place_is_not_the_end_of_it(
    hub: HubUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a disk that is all but full a short message may pass: no to and fro for everybody."""
    alice, bob = hub.member("alice", caps="echo-message"), hub.member("bob")
    alice.hears()
    breaks(hub, alice)

    def no_room(_: object) -> None:
        raise FULL

    monkeypatch.setattr(type(hub.journal), "try_out", no_room)
    hub.journal.failure = None
    alice.sends("PRIVMSG #lobby :short")
    assert alice.hears_line().endswith("PRIVMSG #lobby :short")
    breaks(hub, alice)
    assert notices([*bob.hears_until(":short"), *bob.hears()]) == [FAILED]


def test_the_fault_of_one_row_alarms_nobody(
    hub: HubUnderTest, caplog: pytest.LogCaptureFixture
) -> None:
    """A conflict is the sender's alone; each is logged."""
    alice, bob = hub.member("alice"), hub.member("bob")
    alice.hears()
    hub.journal.refused_text = "bad"
    for _ in range(2):
        alice.sends("PRIVMSG #lobby :bad")
        alice.hears_until(" 400 ")
    assert notices(alice.hears()) == notices(bob.hears()) == []
    assert len([r for r in caplog.records if "not stored" in r.message]) == 2


def test_of_damage_all_are_told_once(hub: HubUnderTest, caplog: pytest.LogCaptureFixture) -> None:
    """It doesn't mend itself, and what isn't damaged goes on: there is no end of it to tell."""
    alice, bob = hub.member("alice"), hub.member("bob")
    alice.hears()
    damage = DamagedError("the database is damaged; restore a backup")
    assert notices(breaks(hub, alice, damage)) == [DAMAGED]
    assert notices(breaks(hub, alice, damage)) == []
    hub.journal.failure = None
    alice.sends("PRIVMSG #lobby :kept")
    assert notices([*bob.hears_until(":kept"), *bob.hears()]) == [DAMAGED]
    assert len([r for r in caplog.records if "not stored" in r.message]) == 1


def test_a_shortage_is_told_before_anything_fails(tmp_path: Path) -> None:
    """To all, once, and to who comes meanwhile; messages are refused with the reason."""
    short = [""]

    class Room(Space):
        def shortage(self) -> str:
            return short[0]

    hub = HubUnderTest(tmp_path, "alice", "bob", space=Room(tmp_path, free_bytes=0, most_bytes=0))
    hub.open()
    alice = hub.member("alice")
    short[0] = "less than 64 MiB of its disk are free"
    told = SHORT.format(problem=short[0])
    assert notices(alice.hears_until(" NOTICE ")) == [told]
    alice.sends("PRIVMSG #lobby :lost")
    assert told in alice.hears_until(" 400 ")[-1]
    bob = hub.connect()
    bob.begins_login("bob")
    assert notices(bob.hears_until(" NOTICE ")) == [told]
    short[0] = ""
    assert notices(alice.hears_until(" NOTICE ")) == [MENDED]
    alice.sends("PRIVMSG #lobby :kept")
    assert ":kept" in bob.hears_until(" PRIVMSG ")[-1]
    hub.close()
    assert hub.failures == []
