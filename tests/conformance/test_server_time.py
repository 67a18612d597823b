"""https://ircv3.net/specs/extensions/server-time"""

from __future__ import annotations

import re

from securechat.irc.message import parse
from tests.support.rules import RulesUnderTest, in_channel, outsider


def times(lines: list[str]) -> list[str | None]:
    return [parse(line).tags.get("time") for line in lines]


def test_the_form() -> None:
    """Description: "YYYY-MM-DDThh:mm:ss.sssZ", in UTC, to the millisecond."""
    rules, (alice, bob) = in_channel("alice", "bob", caps="server-time")
    for at_ms, shown in [
        (1_700_000_000_000, "2023-11-14T22:13:20.000Z"),
        (1_700_000_000_007, "2023-11-14T22:13:20.007Z"),
        (1_709_164_799_999, "2024-02-28T23:59:59.999Z"),
        (1_709_164_800_000, "2024-02-29T00:00:00.000Z"),
    ]:
        rules.now_ms = at_ms
        bob.says("PRIVMSG #den :hi")
        assert times(alice.hears()) == [shown]


def test_all_that_others_do_has_it() -> None:
    """Description: "the message [is treated] as having occurred at the given time"."""
    rules, (alice, bob) = in_channel(
        "alice", "bob", caps="server-time away-notify setname account-notify message-tags"
    )
    alice.says("MODE #den +o bob")
    bob.hears()
    bob.says("PRIVMSG #den :hi", "@+typing=active TAGMSG #den", "TOPIC #den :tea", "MODE #den +m")
    bob.says("AWAY :x", "SETNAME :B", "NICK BOB", "PART #den", "NOTICE alice :hi")
    outsider(rules, "carol").says("JOIN #den", "QUIT")
    heard = alice.hears()
    assert [parse(line).command for line in heard] == [
        *("PRIVMSG", "TAGMSG", "TOPIC", "MODE", "AWAY", "SETNAME", "NICK", "ACCOUNT", "PART"),
        *("NOTICE", "JOIN", "QUIT"),
    ]
    assert all(times(heard))


def test_not_before_its_ack() -> None:
    """Description: "MUST NOT do so before acknowledging the client capability"; and no more when
    it is switched off.
    """
    _, (alice, bob) = in_channel("alice", "bob", caps="message-tags")
    for lines, expected in [([], False), (["CAP REQ server-time"], True)]:
        assert times(alice.says(*lines)) == [None] * len(lines)
        bob.says("PRIVMSG #den :hi")
        assert [time is not None for time in times(alice.hears())] == [expected]
    alice.says("CAP REQ -server-time")
    bob.says("PRIVMSG #den :hi")
    assert times(alice.hears()) == [None]


def test_what_is_shown_later_has_the_time_when_it_was_said() -> None:
    """Description: "having occurred at the given time instead of its current time"."""
    rules = RulesUnderTest("alice", "bob")
    rules.member("alice").says("PRIVMSG bob :for later")
    rules.passes(100)
    caps = "server-time batch draft/chathistory"
    heard = rules.connect().logs_in("bob", caps=caps)
    assert not any("for later" in line for line in heard)  # it reads history itself
    bob = rules.member("bob", caps=caps)
    paged = [line for line in bob.says("CHATHISTORY LATEST alice * 9") if "for later" in line]
    replayed = rules.connect().logs_in("bob", caps="server-time")
    shown = [line for line in replayed if "for later" in line]
    assert times([*paged, *shown]) == ["2023-11-14T22:13:20.000Z"] * (1 + len(shown))
    assert all(re.fullmatch(r"\S+Z", str(time)) for time in times(shown))
