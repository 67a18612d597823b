"""https://ircv3.net/specs/extensions/batch: what holds for batches of every type."""

from __future__ import annotations

import re

import pytest

from securechat.irc.message import Message, parse
from tests.support.client import Client, codes
from tests.support.rules import RulesUnderTest, in_channel

CAPS = (
    "batch message-tags server-time labeled-response draft/chathistory draft/metadata-3 "
    "draft/multiline draft/extended-isupport"
)

ASKED = {
    "@label=x WHOIS bob": ["labeled-response"],
    "CHATHISTORY LATEST #den * 10": ["chathistory", "#den"],
    "METADATA alice LIST": ["metadata", "alice"],
    "ISUPPORT": ["draft/isupport"],
}
"""What is answered by a batch: its type, and the parameters that the type has."""


@pytest.fixture
def rules() -> RulesUnderTest:
    rules, (alice, bob) = in_channel("alice", "bob", caps=CAPS)
    bob.says("PRIVMSG #den :hi")
    alice.says("METADATA * SET url :https://example.org")
    alice.hangs_up()
    return rules


@pytest.fixture
def alice(rules: RulesUnderTest) -> Client:
    return rules.member("alice", caps=CAPS)


def batches(lines: list[str]) -> dict[str, list[Message]]:
    """By their references, all lines that begin, are in, or end a batch; checked as any client has
    to read them.
    """
    found: dict[str, list[Message]] = {}
    opened: set[str] = set()
    for message in map(parse, lines):
        inside = message.tags.get("batch")
        assert inside is None or inside in opened
        if message.command == "BATCH":
            sign, reference = message.params[0][0], message.params[0][1:]
            assert inside != reference
            if sign == "+":
                assert reference not in found
                opened.add(reference)
                found[reference] = []
            else:
                assert sign == "-"
                opened.remove(reference)
            found[reference].append(message)
        elif inside is not None:
            found[inside].append(message)
    assert not opened  # "For every started batch, server MUST end that batch"
    return found


@pytest.mark.parametrize("line", ASKED)
def test_beginning_and_end(alice: Client, line: str) -> None:
    """Section "The `BATCH` verb": type and parameters, a reference of letters, numbers and hyphens,
    an end, and between them lines that refer to it.
    """
    [(reference, lines)] = batches(alice.says(line)).items()
    assert re.fullmatch(r"[A-Za-z0-9-]+", reference)
    assert lines[0].params[1:] == ASKED[line]
    assert lines[-1].params == ["-" + reference]
    assert len(lines) > 2


@pytest.mark.parametrize("line", ASKED)
def test_without_the_capability(alice: Client, line: str) -> None:
    """Section "Introduction": the verb and the tag are for who has asked for `batch`."""
    alice.says("CAP REQ -batch")
    heard = alice.says(line.removeprefix("@label=x "))
    assert heard
    assert "BATCH" not in codes(heard)
    assert all("batch" not in parse(one).tags for one in heard)


def test_what_is_in_none_has_no_tag(rules: RulesUnderTest, alice: Client) -> None:
    """Section "The `BATCH` verb": messages before its start and after its end don't refer to it."""
    with rules.turn():
        alice.sends("PING before", "CHATHISTORY LATEST #den * 10", "PING behind")
    lines = [parse(line) for line in alice.hears()]
    pongs = [message for message in lines if message.command == "PONG"]
    assert [message.tags for message in pongs] == [{}, {}]


def test_an_empty_one(alice: Client) -> None:
    """Section "The `BATCH` verb": "An empty batch is allowed"."""
    heard = alice.says(
        "CHATHISTORY BETWEEN #den timestamp=2001-01-01T00:00:00.000Z "
        "timestamp=2001-01-02T00:00:00.000Z 10"
    )
    assert [len(lines) for lines in batches(heard).values()] == [2]


def test_one_in_another(rules: RulesUnderTest, alice: Client) -> None:
    """Section "The `BATCH` verb": start and end of the inner one "both MUST have batch tag, and
    they MUST refer to the same batch".
    """
    bob = rules.member("bob", caps=CAPS)
    bob.says(
        "BATCH +1 draft/multiline #den", "@batch=1 PRIVMSG #den :a", "@batch=1 PRIVMSG #den :b"
    )
    bob.says("BATCH -1")
    alice.hears()
    found = batches(alice.says("CHATHISTORY LATEST #den * 10"))
    [outer] = [name for name, lines in found.items() if lines[0].params[1] == "chathistory"]
    [inner] = [lines for lines in found.values() if lines[0].params[1] == "draft/multiline"]
    assert inner[0].tags["batch"] == inner[-1].tags["batch"] == outer
    assert [message.params[-1] for message in inner[1:-1]] == ["a", "b"]


def test_two_after_each_other(alice: Client) -> None:
    """Section "The `BATCH` verb": a reference stands for one batch."""
    heard = alice.says("CHATHISTORY LATEST #den * 10", "@label=x WHOIS bob", "ISUPPORT")
    assert len(batches(heard)) == 3


def test_one_that_is_sent_to_many(rules: RulesUnderTest, alice: Client) -> None:
    """multiline: who sees it gets a batch that is well-formed too."""
    bob = rules.member("bob", caps=CAPS)
    for reference in "12":
        bob.says(
            f"BATCH +{reference} draft/multiline #den",
            f"@batch={reference} PRIVMSG #den :a",
            f"@batch={reference} PRIVMSG #den :b",
            f"BATCH -{reference}",
        )
    found = batches([line for line in alice.hears() if " JOIN " not in line])
    assert [lines[0].params[1:] for lines in found.values()] == [["draft/multiline", "#den"]] * 2
