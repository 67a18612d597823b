"""https://ircv3.net/specs/extensions/message-redaction, section by section, in wire lines."""

from __future__ import annotations

import pytest

from securechat.irc.message import parse
from tests.conformance.test_chathistory import page, texts
from tests.support.client import Client, codes, of
from tests.support.rules import RulesUnderTest

CAPS = (
    "draft/message-redaction echo-message message-tags batch server-time draft/chathistory "
    "draft/event-playback"
)


def said(client: Client, line: str) -> str:
    """The id of a message that is said now."""
    (message,) = of(client.says(line), "PRIVMSG", "NOTICE", "TAGMSG")
    return message.tags["msgid"]


def redactions(lines: list[str]) -> list[str]:
    return [" ".join([m.nick, m.command, *m.params]) for m in of(lines, "REDACT")]


def fails(client: Client, line: str) -> list[str]:
    (heard,) = client.says(line)
    message = parse(heard)
    assert message.command == "FAIL"
    return message.params[:-1]


# --- Command --------------------------------------------------------------------------------------


@pytest.mark.parametrize("line", ["PRIVMSG #den :x", "NOTICE #den :x", "@+a=b TAGMSG #den"])
def test_an_author_takes_a_message_back(alice: Client, bob: Client, line: str) -> None:
    """It is relayed as the message was, to who has the capability."""
    msgid = said(bob, line)
    alice.hears()
    told = f"bob REDACT #den {msgid}"
    assert redactions(bob.says(f"REDACT #den {msgid}")) == [told]
    assert redactions(alice.hears()) == [told]


def test_a_reason_is_relayed(alice: Client, bob: Client) -> None:
    """It may contain spaces."""
    msgid = said(bob, "PRIVMSG #den :x")
    told = [f"bob REDACT #den {msgid} not so"]
    assert redactions(bob.says(f"REDACT #den {msgid} :not so")) == told


def test_an_operator_redacts_what_others_said(
    rules: RulesUnderTest, alice: Client, bob: Client
) -> None:
    """As moderation needs it; that is in the audit."""
    msgid = said(bob, "PRIVMSG #den :spam")
    bob.hears()
    told = f"alice REDACT #den {msgid} spam"
    assert redactions(alice.says(f"REDACT #den {msgid} :spam")) == [told]
    assert redactions(bob.hears()) == [told]
    (audited,) = [audited for audited in rules.audits if audited.event == "message redacted"]
    assert msgid in audited.facts
    assert "bob" in audited.facts


def test_a_direct_message_is_taken_back(alice: Client, bob: Client) -> None:
    """Both are told; the other may not redact it."""
    msgid = said(alice, "PRIVMSG bob :x")
    bob.hears()
    assert fails(bob, f"REDACT alice {msgid}") == ["REDACT", "REDACT_FORBIDDEN", "alice", msgid]
    told = [f"alice REDACT bob {msgid}"]
    assert redactions(alice.says(f"REDACT bob {msgid}")) == told
    assert redactions(bob.hears()) == told


def test_nobody_without_the_capability_is_told(
    rules: RulesUnderTest, alice: Client, bob: Client
) -> None:
    """MUST not forward to target recipients that have not negotiated it."""
    old = rules.member("carol", caps="message-tags")
    old.says("JOIN #den")
    msgid = said(bob, "PRIVMSG #den :x")
    old.hears()
    bob.says(f"REDACT #den {msgid}")
    assert old.hears() == []


def test_a_client_without_echo_is_not_told_its_own(alice: Client, bob: Client) -> None:
    """In the same way as PRIVMSG."""
    msgid = said(bob, "PRIVMSG #den :x")
    alice.hears()
    bob.says("CAP REQ -echo-message")
    assert redactions(bob.says(f"REDACT #den {msgid}")) == []
    assert redactions(alice.hears()) == [f"bob REDACT #den {msgid}"]


# --- Chat history ---------------------------------------------------------------------------------


def test_a_redacted_message_is_not_in_history(alice: Client, bob: Client) -> None:
    """It is left out; who keeps messages finds the REDACT among the events."""
    first, second = said(bob, "PRIVMSG #den :one"), said(bob, "PRIVMSG #den :two")
    bob.says(f"REDACT #den {first}")
    lines = page(alice, f"CHATHISTORY AFTER #den msgid={first} 10")
    assert [(line.command, line.params[1]) for line in lines] == [
        ("PRIVMSG", "two"),
        ("REDACT", first),
    ]
    assert lines[0].tags["msgid"] == second
    bob.says("CAP REQ -draft/event-playback")
    assert texts(page(bob, "CHATHISTORY LATEST #den * 10")) == ["two"]


def test_a_redacted_message_is_not_missed(rules: RulesUnderTest, alice: Client) -> None:
    """Nobody gets it at the next login."""
    bob = rules.member("bob")
    bob.says("JOIN #den")
    bob.hangs_up()
    msgid = said(alice, "PRIVMSG #den :oops")
    said(alice, "PRIVMSG #den :good")
    alice.says(f"REDACT #den {msgid}")
    heard = rules.connect().logs_in("bob")
    assert [line.params[1] for line in of(heard, "PRIVMSG")] == ["[2023-11-14 22:13 UTC] good"]


def test_what_was_read_before_is_not_told_after(rules: RulesUnderTest, alice: Client) -> None:
    """A page that a worker has read while the message was there."""
    bob = rules.member("bob", caps=CAPS)
    bob.says("JOIN #den")
    msgid = said(bob, "PRIVMSG #den :oops")
    rules.busy = True
    alice.sends("CHATHISTORY LATEST #den * 10")
    answer = rules.do(rules.jobs.pop(0))
    rules.busy = False
    bob.says(f"REDACT #den {msgid}")
    rules.answer(answer)
    assert of(alice.hears(), "REDACT", "PRIVMSG")[-1].command == "REDACT"
    assert "oops" not in str(page(alice, "CHATHISTORY LATEST #den * 10"))


# --- Errors ---------------------------------------------------------------------------------------


def test_others_messages_are_theirs(alice: Client, bob: Client) -> None:
    """REDACT_FORBIDDEN; nobody hears of it."""
    msgid = said(alice, "PRIVMSG #den :x")
    bob.hears()
    assert fails(bob, f"REDACT #den {msgid}") == ["REDACT", "REDACT_FORBIDDEN", "#den", msgid]
    assert alice.hears() == []


@pytest.mark.parametrize("msgid", ["nonexistent123", "test-ffff", "other-1", "test-1", "*"])
def test_a_message_that_is_not_there(alice: Client, bob: Client, msgid: str) -> None:
    """UNKNOWN_MSGID; test-1 is bob's own JOIN or older, which is no message."""
    assert fails(bob, f"REDACT #den {msgid}") == ["REDACT", "UNKNOWN_MSGID", "#den", msgid]


def test_a_message_of_another_place(rules: RulesUnderTest, alice: Client, bob: Client) -> None:
    """UNKNOWN_MSGID: an error tells nobody what is said elsewhere."""
    msgid = said(alice, "PRIVMSG bob :secret")
    carol = rules.member("carol", caps=CAPS)
    carol.says("JOIN #lab")
    for target in ("#lab", "alice", "bob"):
        assert fails(carol, f"REDACT {target} {msgid}") == [
            "REDACT",
            "UNKNOWN_MSGID",
            target,
            msgid,
        ]


def test_an_author_may_have_left_meanwhile_and_come_back(
    rules: RulesUnderTest, alice: Client, bob: Client
) -> None:
    """Their own words are theirs; of the others' from before there is nothing for them."""
    others = said(alice, "PRIVMSG #den :before")
    bob.hears()
    own = said(bob, "PRIVMSG #den :mine")
    bob.says("PART #den", "JOIN #den")
    alice.hears()
    assert fails(bob, f"REDACT #den {others}")[1] == "UNKNOWN_MSGID"
    bob.says(f"REDACT #den {own}")
    assert codes(alice.hears()) == ["REDACT"]


def test_what_was_redacted_makes_no_target(
    rules: RulesUnderTest, alice: Client, bob: Client
) -> None:
    """Of chathistory's TARGETS: there is nothing to read any more."""
    alice.says(f"REDACT bob {said(alice, 'PRIVMSG bob :psst')}")
    span = "timestamp=2000-01-01T00:00:00.000Z timestamp=2100-01-01T00:00:00.000Z"
    assert "bob" not in "".join(alice.says(f"CHATHISTORY TARGETS {span} 10"))


@pytest.mark.parametrize("target", ["#den", "@#den"])
def test_what_was_said_to_operators_is_taken_back_among_them(
    rules: RulesUnderTest, alice: Client, bob: Client, target: str
) -> None:
    """STATUSMSG: REDACT goes "to the target of the original message"; the others hear nothing, and
    can't find out that there was one.
    """
    carol = rules.member("carol", caps=CAPS)
    carol.says("JOIN #den")
    msgid = said(bob, "PRIVMSG @#den :psst")
    for client in (alice, carol):
        client.hears()
    assert fails(carol, f"REDACT {target} {msgid}")[1] == "UNKNOWN_MSGID"
    (echo,) = bob.says(f"REDACT {target} {msgid} :sorry")
    assert parse(echo).params == ["@#den", msgid, "sorry"]
    assert codes(alice.hears()) == ["REDACT"]
    assert carol.hears() == []
    assert "REDACT" not in codes(carol.says("CHATHISTORY LATEST #den * 10"))
    assert "psst" not in str(rules.readable)


def test_a_message_is_redacted_once(rules: RulesUnderTest, alice: Client, bob: Client) -> None:
    """UNKNOWN_MSGID, also when both have been asked for at once."""
    msgid = said(bob, "PRIVMSG #den :x")
    bob.hears()
    rules.busy = True
    for client in (alice, bob):
        client.sends(f"REDACT #den {msgid}")
    answers = [rules.do(job) for job in rules.jobs]
    rules.busy = False
    rules.jobs.clear()
    for answer in answers:
        rules.answer(answer)
    heard = of(bob.hears(), "REDACT", "FAIL")
    assert [line.command for line in heard] == ["REDACT", "FAIL"]
    assert fails(bob, f"REDACT #den {msgid}") == ["REDACT", "UNKNOWN_MSGID", "#den", msgid]


def test_a_place_that_is_not_ones_own(rules: RulesUnderTest, alice: Client, bob: Client) -> None:
    """INVALID_TARGET."""
    msgid = said(bob, "PRIVMSG #den :x")
    carol = rules.member("carol", caps=CAPS)
    for target in ("#den", "#fake", "nobody"):
        assert fails(carol, f"REDACT {target} {msgid}") == ["REDACT", "INVALID_TARGET", target]


# --- What is kept ---------------------------------------------------------------------------------


def test_what_is_not_stored_is_not_taken_back(
    rules: RulesUnderTest, alice: Client, bob: Client
) -> None:
    """Nobody is told, and the message is there as before."""
    msgid = said(bob, "PRIVMSG #den :x")
    alice.hears()
    rules.full = True
    assert redactions(bob.says(f"REDACT #den {msgid}")) == []
    rules.full = False
    assert alice.hears() == []
    assert texts(page(alice, "CHATHISTORY LATEST #den * 1")) == ["x"]
    assert redactions(bob.says(f"REDACT #den {msgid}")) == [f"bob REDACT #den {msgid}"]


def test_a_silenced_member_gives_no_reason(
    rules: RulesUnderTest, alice: Client, bob: Client
) -> None:
    """It would be a way to speak all the same."""
    msgid = said(bob, "PRIVMSG #den :x")
    alice.says("MODE #den +m")
    bob.hears()
    assert redactions(bob.says(f"REDACT #den {msgid} :spoken")) == [f"bob REDACT #den {msgid}"]
