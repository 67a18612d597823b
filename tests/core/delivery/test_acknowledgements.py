"""Each device of an account has a mark: what came after it is given back at its next login."""

from __future__ import annotations

import pytest

from securechat.core.delivery import acknowledgements
from securechat.core.journal.events.accounts import Delivered, DeviceForgotten
from securechat.core.model.credentials import COMMON, MAX_DEVICES, split_device
from securechat.core.ports import Outside
from tests.support.client import Client, codes, of, only
from tests.support.rules import RIGHT, RulesUnderTest, in_channel, plain

KINDS = ("PRIVMSG", "NOTICE")


def texts(lines: list[str]) -> list[str]:
    """What people say; the server's notices have no user in their source."""
    return [one.params[-1] for one in of(lines, *KINDS) if one.source and "!" in one.source]


def comes(rules: RulesUnderTest, claimed: str) -> tuple[Client, list[str]]:
    """A login as ACCOUNT@DEVICE, and the messages that it brings."""
    person = rules.connect()
    found = texts(logs_in(person, claimed))
    return person, found


def logs_in(person: Client, claimed: str, password: str = RIGHT) -> list[str]:
    person.says("CAP LS 302", "NICK x", "USER x 0 * :X", "CAP REQ :sasl server-time")
    person.says("AUTHENTICATE PLAIN", f"AUTHENTICATE {plain(claimed, password)}")
    return person.says("CAP END")


def goes(person: Client) -> None:
    """In order: what it was sent has arrived."""
    person.pongs()
    person.says("QUIT")
    person.hangs_up()


# Which device a session is


@pytest.mark.parametrize(
    ("claimed", "account", "device"),
    [
        ("alice", "alice", ""),
        ("alice@phone", "alice", "phone"),
        ("Alice@Phone", "Alice", "phone"),
        ("alice@\uff30hone", "alice", "phone"),
        ("alice@", "alice@", ""),
        ("@phone", "", "phone"),
        ("alice@two words", "alice@two words", ""),
        ("alice@token:laptop", "alice@token:laptop", ""),
        ("alice@token\uff1alaptop", "alice@token\uff1alaptop", ""),
        ("alice@" + "x" * 33, "alice@" + "x" * 33, ""),
        ("alice@a\x01", "alice@a\x01", ""),
    ],
)
def test_a_device_is_named_behind_the_account(claimed: str, account: str, device: str) -> None:
    """Compared folded; what can be no device's name belongs to the account's, which nobody has."""
    assert split_device(claimed) == (account, device)


@pytest.mark.parametrize("line", ["PASS alice@Phone:right", "PASS alice:right"])
def test_pass_names_the_device_as_well(line: str) -> None:
    """As the field does: account@device:password."""
    rules = RulesUnderTest("alice")
    person = rules.connect()
    heard = person.says(line, "NICK alice", "USER a 0 * :A")
    assert "001" in codes(person.hears() + heard)
    assert person.session.device is not None
    assert person.session.device.name == ("phone" if "Phone" in line else COMMON)


@pytest.mark.parametrize("authzid", ["", "alice", "alice@phone"])
def test_the_authzid_may_name_the_account_or_both(authzid: str) -> None:
    """Clients fill it with either."""
    rules = RulesUnderTest("alice")
    person = rules.connect()
    person.says("CAP REQ :sasl", "AUTHENTICATE PLAIN")
    heard = person.says(f"AUTHENTICATE {plain('alice@phone', authzid=authzid)}")
    assert "903" in codes(heard)


def test_a_wrong_password_counts_for_the_account_whatever_the_device() -> None:
    """Other device names are no other accounts to guess at."""
    rules = RulesUnderTest("alice")
    for number in range(3):
        person = rules.connect()
        person.says("CAP REQ :sasl", "AUTHENTICATE PLAIN")
        person.says(f"AUTHENTICATE {plain(f'alice@d{number}', 'wrong')}")
    assert rules.model.login_throttle.wait("alice", person.session.address_block, rules.clock) == 0
    for number in range(3):
        person = rules.connect()
        person.says("CAP REQ :sasl", "AUTHENTICATE PLAIN")
        person.says(f"AUTHENTICATE {plain(f'alice@e{number}', 'wrong')}")
    assert rules.model.login_throttle.wait("alice", person.session.address_block, rules.clock) > 0


# Nobody misses anything, nobody sees it twice


def test_a_device_that_was_off_gets_what_another_has_read() -> None:
    """Once each, channel by channel in order, however often the other comes and goes."""
    rules, (alice,) = in_channel("alice")
    rules.add("bob")
    phone, _ = comes(rules, "bob@phone")
    phone.says("JOIN #den")
    goes(phone)
    laptop, _ = comes(rules, "bob@laptop")
    goes(laptop)
    alice.says("PRIVMSG #den :one", "PRIVMSG #den :two")
    laptop, found = comes(rules, "bob@laptop")
    assert found == ["one", "two"]
    alice.says("PRIVMSG #den :three")
    goes(laptop)
    laptop, found = comes(rules, "bob@laptop")
    assert found == []
    goes(laptop)
    phone, found = comes(rules, "bob@phone")
    assert found == ["one", "two", "three"]
    goes(phone)
    assert comes(rules, "bob@phone")[1] == []


def test_the_last_line_of_a_conversation_does_not_come_for_ever() -> None:
    """At each login of each device, as with bouncers that count one less."""
    rules = RulesUnderTest("alice", "bob")
    alice = rules.member("alice")
    alice.says("PRIVMSG bob :hi")
    for device in ("phone", "laptop"):
        goes(comes(rules, f"bob@{device}")[0])
    for device in ("phone", "laptop", "tablet", ""):
        assert comes(rules, f"bob@{device}" if device else "bob")[1] == []


def test_a_pong_moves_only_its_own_device() -> None:
    """The other's mark stays where it was."""
    rules, (alice,) = in_channel("alice")
    rules.add("bob")
    phone, laptop = comes(rules, "bob@phone")[0], comes(rules, "bob@laptop")[0]
    phone.says("JOIN #den")
    phone.pongs()
    laptop.pongs()
    before = laptop.session.device.delivered  # type: ignore[union-attr]
    alice.says("PRIVMSG #den :hi")
    rules.passes(3)
    phone.pongs()
    marks = {name: device.delivered for name, device in rules.account("bob").devices.items()}
    assert marks == {"phone": rules.model.last_seq, "laptop": before}


def test_a_new_device_begins_where_the_account_has_received() -> None:
    """It isn't given what another one has had; the very first begins with the account."""
    rules, (alice,) = in_channel("alice")
    rules.add("bob")
    alice.says("PRIVMSG bob :welcome")
    laptop, found = comes(rules, "bob@laptop")
    assert found == ["welcome"]
    goes(laptop)
    alice.says("PRIVMSG bob :later")
    assert comes(rules, "bob@phone")[1] == ["later"]


def test_each_token_is_a_device() -> None:
    """Which is deleted with it, also in the database."""
    rules = RulesUnderTest("bob")
    bob = rules.member("bob")
    secret = only(bob.says("TOKEN CREATE Laptop")).params[3]
    laptop = rules.connect()
    laptop.says(f"PASS bob@ignored:{secret}", "NICK bob", "USER b 0 * :B")
    assert laptop.session.device is rules.account("bob").devices["token:Laptop"]
    rules.passes(1)
    bob.says("TOKEN REVOKE Laptop")
    assert list(rules.account("bob").devices) == [COMMON]
    rules.stored.clear()
    rules.passes(1)
    assert not [event for event in rules.stored if isinstance(event, Delivered)]


def test_a_session_that_is_bound_to_a_token_becomes_its_device() -> None:
    """What it has received so is not missed by the next login with the token."""
    rules, (alice,) = in_channel("alice")
    rules.add("bob")
    bob = rules.member("bob")
    bob.says("JOIN #den")
    bob.pongs()
    alice.says("PRIVMSG #den :one")
    rules.passes(3)
    secret = only(bob.says("TOKEN CREATE laptop BIND")[1:]).params[3]
    bob.pongs()
    bob.hangs_up()
    alice.says("PRIVMSG #den :two")
    again = rules.connect()
    assert texts(logs_in(again, "bob", secret)) == ["two"]
    assert comes(rules, "bob")[1] == ["one", "two"]


def test_a_device_that_ends_with_its_token_has_still_received() -> None:
    """A new device isn't given all that was ever said because the others are gone."""
    rules, (alice,) = in_channel("alice")
    rules.add("bob")
    bob = rules.member("bob")
    secret = only(bob.says("TOKEN CREATE laptop")).params[3]
    bob.hangs_up()
    rules.account("bob").forget_device("")
    laptop = rules.connect()
    logs_in(laptop, "bob", secret)
    laptop.pongs()
    alice.says("PRIVMSG bob :one")
    rules.passes(3)
    laptop.pongs()
    laptop.says("TOKEN REVOKE laptop")
    assert comes(rules, "bob@new")[1] == []


def test_two_windows_of_one_device_share_its_mark() -> None:
    """It moves to what both have received: the one may die with what only the other has shown."""
    rules, (alice,) = in_channel("alice")
    rules.add("bob")
    first, second = comes(rules, "bob@pc")[0], comes(rules, "bob@pc")[0]
    first.says("JOIN #den")
    first.pongs()
    second.pongs()
    alice.says("PRIVMSG #den :hi")
    rules.passes(3)
    first.pongs()
    second.hangs_up()
    first.hangs_up()
    # The second never said that it had it, and the first has.
    assert comes(rules, "bob@pc")[1] == []
    rules, (alice,) = in_channel("alice")
    rules.add("bob")
    first, second = comes(rules, "bob@pc")[0], comes(rules, "bob@pc")[0]
    first.says("JOIN #den")
    first.pongs()
    second.pongs()
    alice.says("PRIVMSG #den :hi")
    rules.passes(3)
    first.pongs()
    assert comes(rules, "bob@pc")[1] == ["hi"]


def test_what_a_lost_connection_leaves_behind_keeps_nothing_back() -> None:
    """The server notices minutes later that it is gone; its successor has had all since."""
    rules, (alice,) = in_channel("alice")
    rules.add("bob")
    ghost = comes(rules, "bob@phone")[0]
    ghost.says("JOIN #den")
    ghost.pongs()
    rules.passes(1)
    alice.says("PRIVMSG #den :one")
    again, found = comes(rules, "bob@phone")
    assert found == ["one"]
    goes(again)
    assert ghost.session in rules.account("bob").sessions
    assert comes(rules, "bob@phone")[1] == []


def test_a_script_that_only_sends_keeps_nothing_back() -> None:
    """It shares the device's token and answers no PING."""
    rules, (alice,) = in_channel("alice")
    rules.add("bob")
    person, script = comes(rules, "bob")[0], comes(rules, "bob")[0]
    person.says("JOIN #den")
    person.pongs()
    alice.says("PRIVMSG #den :hi")
    rules.passes(3)
    person.pongs()
    script.says("PRIVMSG #den :done", "QUIT")
    assert comes(rules, "bob")[1] == ["done"]


def test_quit_counts_what_the_socket_has_taken() -> None:
    """What was written to nobody, or is of the very turn of the QUIT, comes again."""
    rules, (alice, bob) = in_channel("alice", "bob")
    bob.pongs()
    alice.says("PRIVMSG #den :one")
    before = rules.rules.outside
    rules.rules.outside = Outside(taken=lambda session: False)
    bob.says("QUIT")
    rules.rules.outside = before
    bob.hangs_up()
    bob, found = comes(rules, "bob")
    assert found == ["one"]
    bob.pongs()
    with rules.turn():
        alice.says("PRIVMSG #den :two")
        bob.says("QUIT")
    bob.hangs_up()
    assert comes(rules, "bob")[1] == ["two"]


def test_a_bot_gets_only_what_is_live() -> None:
    """It would run its commands twice; what it has received counts all the same, and whoever writes
    to it is told.
    """
    rules, (alice,) = in_channel("alice")
    robot = rules.add("robot")
    robot.bot = True
    lost = comes(rules, "robot")[0]
    lost.says("JOIN #den")
    lost.pongs()
    lost.hangs_up()
    alice.hears()
    heard = alice.says("PRIVMSG #den :!reboot", "PRIVMSG robot :!reboot")
    assert "is a bot and offline" in only(heard).params[-1]
    again, found = comes(rules, "robot")
    assert found == []
    alice.says("PRIVMSG #den :!status")
    assert texts(again.hears()) == ["!status"]
    rules.passes(3)
    goes(again)
    robot.bot = False
    assert comes(rules, "robot")[1] == []


# How many there may be


def test_the_device_unused_longest_is_forgotten() -> None:
    """Also by the database; one that is online never."""
    rules = RulesUnderTest("alice")
    kept = comes(rules, "alice@kept")[0]
    for number in range(MAX_DEVICES):
        rules.passes(1)
        goes(comes(rules, f"alice@d{number}")[0])
    devices = rules.account("alice").devices
    assert len(devices) == MAX_DEVICES
    assert "kept" in devices
    assert "d0" not in devices
    rules.passes(1)
    assert DeviceForgotten(rules.account("alice").id, "d0") in rules.stored
    assert kept.session.device is devices["kept"]


def test_a_device_is_stored_with_the_next_tick() -> None:
    """Also when nothing has arrived there yet: a restart must know from where it has missed."""
    rules = RulesUnderTest("alice")
    comes(rules, "alice@phone")
    rules.passes(1)
    found = [event for event in rules.stored if isinstance(event, Delivered)]
    assert [(event.name, event.delivered) for event in found] == [("phone", 0)]


def test_an_account_that_could_not_be_made_has_no_device() -> None:
    """Its registration was taken back, and there is nobody whose device it were."""
    rules = RulesUnderTest(registration="open")
    rules.full = True
    person = rules.connect()
    person.says("CAP LS 302", "NICK dave", "USER d 0 * :D", "REGISTER * * :a fine password")
    rules.full = False
    rules.passes(1)
    assert "dave" not in rules.model.by_name
    assert not [event for event in rules.stored if isinstance(event, Delivered)]


# Asking soon


def asked(person: Client) -> bool:
    """Whether a PING has come since the last look."""
    was, person.token = person.token, ""
    return bool(was)


def test_messages_are_asked_for_within_seconds() -> None:
    """And not only after the minute's silence; once answered there is nothing to ask."""
    rules, (alice, bob) = in_channel("alice", "bob")
    rules.passes(3)
    for person in (alice, bob):
        person.pongs()
        person.token = ""
    rules.passes(5)
    assert not asked(bob)
    alice.says("PRIVMSG #den :hi")
    rules.passes(1)
    assert bob.token == f"delivered-{rules.model.last_seq}"
    bob.pongs()
    bob.token = ""
    rules.passes(5)
    assert not asked(bob)


def test_one_question_is_out_at_a_time() -> None:
    """The next one follows the answer, and not sooner than after two seconds."""
    rules, (alice, bob) = in_channel("alice", "bob")
    alice.says("PRIVMSG #den :one")
    rules.passes(3)
    first = bob.token
    alice.says("PRIVMSG #den :two")
    bob.token = ""
    rules.passes(5)
    assert not asked(bob)
    bob.says(f"PONG {first}")
    rules.passes(0.5)
    assert asked(bob)


def test_a_large_channel_is_asked_bit_by_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    """All soon after a single message; while the talk goes on those who were asked longest ago, as
    answers cost something.
    """
    monkeypatch.setattr(acknowledgements, "ASKED_AT_ONCE", 6.0)
    monkeypatch.setattr(acknowledgements, "ASKED_PER_SECOND", 1.0)
    names = [f"m{number}x" for number in range(6)]
    rules, people = in_channel(*names)
    rules.passes(10)
    for person in people:
        person.pongs()
        person.token = ""
    people[0].says("PRIVMSG #den :one")
    rules.passes(2)
    assert [asked(person) for person in people] == [True] * 6
    told = []
    for _ in range(12):
        for person in people:
            person.says(f"PONG delivered-{rules.model.last_seq}")
        people[0].says("PRIVMSG #den :more")
        rules.passes(1)
        told += [name for name, person in zip(names, people, strict=True) if asked(person)]
    assert sorted(told) == sorted(names * 2)
    assert sorted(told[:6]) == names


def test_only_messages_are_asked_for() -> None:
    """JOIN, QUIT and typing make no client answer."""
    rules, (alice, bob) = in_channel("alice", "bob")
    rules.passes(3)
    bob.pongs()
    bob.token = ""
    alice.says("TOPIC #den :x", "MODE #den +s")
    rules.passes(5)
    assert not asked(bob)


def test_a_direct_message_is_asked_for_at_both_ends() -> None:
    """The sender's other devices get it as well."""
    rules, (alice, bob) = in_channel("alice", "bob")
    rules.passes(3)
    for person in (alice, bob):
        person.pongs()
        person.token = ""
    alice.says("PRIVMSG bob :psst")
    rules.passes(2)
    assert (asked(alice), asked(bob)) == (True, True)


def test_more_messages_than_memory_holds_are_noticed() -> None:
    """Then all channels with news are looked at."""
    rules, (alice, bob) = in_channel("alice", "bob")
    rules.passes(3)
    bob.pongs()
    bob.token = ""
    for _ in range(30):
        alice.says(*["PRIVMSG #den :x"] * 100)
    rules.passes(2)
    assert asked(bob)
    assert bob.session not in rules.model.unconfirmed
