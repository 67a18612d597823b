"""https://ircv3.net/specs/extensions/labeled-response"""

from __future__ import annotations

import pytest

from securechat.irc.message import parse
from tests.support.client import codes
from tests.support.rules import in_channel

CAPS = "labeled-response batch"


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("PING x", "PONG"),
        ("PONG x", "ACK"),
        ("NONEXISTENT_COMMAND", "421"),
        ("12 x", "421"),
        ("PRIVMSG #den", "412"),
        ("KICK", "461"),
        ("TOPIC #den :" + "x" * 600, "417"),
        (b"@label=x PRIVMSG #den :\xff", "FAIL"),
        (b"@label=x PRIVMSG #den :a\0b", "FAIL"),
        ("\u00e9 x", "FAIL"),
        ("CAP LIST", "CAP"),
        ("BATCH -x", "FAIL"),
    ],
)
def test_every_line_has_one_response(line: str | bytes, code: str) -> None:
    """Section "Tags": what can't be read is answered with its label too."""
    _, (alice,) = in_channel("alice", caps=CAPS)
    [heard] = alice.says(line if isinstance(line, bytes) else f"@label=x {line}")
    assert codes([heard]) == [code]
    assert parse(heard).tags == {"label": "x"}


def test_several_lines_are_one_batch() -> None:
    """Section "Batch types"; the label stands on its beginning alone."""
    _, (alice, _) = in_channel("alice", "bob", caps=CAPS)
    first, *lines, last = map(parse, alice.says("@label=x WHOIS bob"))
    reference = first.params[0].removeprefix("+")
    assert (first.tags, first.params[1:]) == ({"label": "x"}, ["labeled-response"])
    assert all(line.tags == {"batch": reference} for line in lines)
    assert (last.params, last.tags) == (["-" + reference], {})


def test_a_message_to_oneself() -> None:
    """Section "Tags": only the echo has the label, not what is delivered."""
    _, (alice,) = in_channel("alice", caps=CAPS + " echo-message")
    heard = alice.says("@label=x PRIVMSG alice :hi")
    assert [parse(line).tags for line in heard] == [{"label": "x"}, {}]
    assert parse(heard[0]).params == parse(heard[1]).params


@pytest.mark.parametrize(("size", "given_back"), [(64, True), (65, False)])
def test_a_label_has_64_bytes(size: int, given_back: bool) -> None:
    """Section "Tag value"."""
    _, (alice,) = in_channel("alice", caps=CAPS)
    [heard] = alice.says(f"@label={'x' * size} PING x")
    assert bool(parse(heard).tags) is given_back
