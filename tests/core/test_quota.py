"""What may be stored of one account, and whether anything may."""

from __future__ import annotations

import pytest

from securechat.core.journal.events.accounts import UsageCounted, UsageUpto
from securechat.irc.message import parse
from securechat.store.sql.fragments import ROW_BYTES
from tests.support.client import Client, codes
from tests.support.rules import RulesUnderTest, in_channel

MIB = 1024 * 1024


def test_an_entry_is_counted_by_its_bytes() -> None:
    """Text and tags in UTF-8, and what the row takes."""
    rules, [alice, _] = in_channel("alice", "bob", caps="message-tags")
    before = rules.account("alice").stored_bytes
    alice.says("@+draft/react=😀 PRIVMSG #den :йод")
    size = ROW_BYTES + len("йод".encode()) + len("+draft/react=😀".encode())
    assert rules.account("alice").stored_bytes == before + size


def test_what_is_not_stored_does_not_count() -> None:
    """A message that could not be stored is taken back, with its bytes."""
    rules, [alice, _] = in_channel("alice", "bob")
    before = rules.account("alice").stored_bytes
    rules.full = True
    alice.says("PRIVMSG #den :hi")
    assert rules.account("alice").stored_bytes == before


def test_an_account_can_have_a_share_of_its_own() -> None:
    """More than the others, or less, or any amount; and theirs again."""
    rules, [alice, _] = in_channel("alice", "bob", account_bytes=MIB)
    account = rules.account("alice")
    for quota, stored, code in ((2, MIB, []), (2, 2 * MIB, ["400"]), (0, 9 * MIB, [])):
        account.quota_mib, account.stored_bytes = quota, stored
        assert codes(alice.says("PRIVMSG #den :hi")) == code
    account.quota_mib = None
    assert codes(alice.says("PRIVMSG #den :hi")) == ["400"]


CAPS = "echo-message standard-replies"
LINES = ["PRIVMSG #den :hi", "NOTICE bob :hi", "TOPIC #den :hi", "MODE #den +i", "JOIN #new"]


@pytest.mark.parametrize("line", LINES)
def test_a_share_has_an_end(line: str) -> None:
    """A clear error to who has used it up, and nothing to anybody else."""
    rules, (alice, bob) = in_channel("alice", "bob", caps=CAPS, account_bytes=MIB)
    rules.account("alice").stored_bytes = MIB
    before = list(rules.stored)
    [heard] = alice.says(line)
    assert "what is kept of you has reached 1 MiB" in heard
    assert bob.hears() == []
    assert rules.stored == before
    assert "what is kept of you" not in "".join(bob.says("PRIVMSG #den :hi"))


@pytest.mark.parametrize("line", LINES)
def test_there_is_no_room_for_anybody(line: str) -> None:
    """Whatever the reason is, it is told."""
    rules, (alice, bob) = in_channel("alice", "bob", caps=CAPS)
    rules.model.no_space = "The server keeps no new messages: the disk is full"
    [heard] = alice.says(line)
    assert "The server keeps no new messages: the disk is full" in heard
    assert bob.hears() == []


def test_who_has_used_up_its_share_may_still_leave() -> None:
    """And put somebody out, read, and say what is not kept."""
    rules, (alice, bob) = in_channel("alice", "bob", caps="message-tags", account_bytes=MIB)
    rules.account("alice").stored_bytes = MIB
    alice.says("@+typing=active TAGMSG #den")
    assert codes(bob.hears()) == ["TAGMSG"]
    assert codes(alice.says("KICK #den bob")) == ["KICK"]
    assert codes(alice.says("PART #den")) == ["PART"]


def test_usage_is_stored_now_and_then() -> None:
    """Of those who have said something since, with the entry up to which it is counted."""
    rules, [alice, _] = in_channel("alice", "bob")
    rules.passes(20)
    rules.stored.clear()
    alice.says("PRIVMSG #den :hi")
    rules.passes(1)
    assert not [event for event in rules.stored if isinstance(event, UsageCounted)]
    rules.passes(20)
    account = rules.account("alice")
    assert [e for e in rules.stored if isinstance(e, UsageCounted | UsageUpto)] == [
        UsageCounted(account.id, account.stored_bytes),
        UsageUpto(str(rules.model.last_seq)),
    ]


def test_usage_that_could_not_be_stored_is_stored_later() -> None:
    """Nothing of it is forgotten."""
    rules = RulesUnderTest("alice")
    alice = rules.member("alice")
    alice.says("JOIN #den")
    rules.full = True
    rules.passes(20)
    assert rules.account("alice") in rules.model.uncounted
    rules.full = False
    rules.passes(20)
    assert not rules.model.uncounted


def redaction(**settings: int) -> tuple[RulesUnderTest, Client, str]:
    """alice has said something of 38 bytes with its tag; the command that takes it back."""
    caps = "message-tags echo-message draft/message-redaction"
    rules, [alice, _] = in_channel("alice", "bob", caps=caps, **settings)
    [said] = alice.says("@+draft/react=😀 PRIVMSG #den :" + "й" * 10)
    return rules, alice, f"REDACT #den {parse(said).tags['msgid']}"


def test_what_is_taken_back_does_not_count_any_more() -> None:
    """Only that it was there does, and the REDACT itself."""
    rules, alice, line = redaction()
    before = rules.account("alice").stored_bytes
    alice.says(line)
    size = len("й".encode()) * 10 + len("+draft/react=😀".encode())
    added = ROW_BYTES + len(line.removeprefix("REDACT #den "))
    assert rules.account("alice").stored_bytes == before - size + added
    assert rules.account("alice") in rules.model.uncounted


def test_what_an_operator_takes_back_counts_less_for_its_author() -> None:
    """And the REDACT for the operator."""
    rules, (alice, bob) = in_channel("alice", "bob", caps="echo-message draft/message-redaction")
    bob.says("PRIVMSG #den :12345")
    msgid = rules.model.msgid(rules.model.last_seq)
    before = rules.account("bob").stored_bytes
    alice.says(f"REDACT #den {msgid} :no")
    assert rules.account("bob").stored_bytes == before - 5


def test_a_redaction_that_is_not_stored_changes_no_count() -> None:
    """What is taken back is counted again."""
    rules, alice, line = redaction()
    before = rules.account("alice").stored_bytes
    rules.full = True
    alice.says(line)
    assert rules.account("alice").stored_bytes == before


def test_who_has_used_up_its_share_may_take_back_what_it_said() -> None:
    """That makes room; nothing can be taken back where the disk has no room for the REDACT."""
    rules, alice, line = redaction(account_bytes=MIB)
    rules.account("alice").stored_bytes = MIB
    rules.model.no_space = "full"
    assert codes(alice.says(line)) == ["400"]
    rules.model.no_space = ""
    assert codes(alice.says(line)) == ["REDACT"]
