"""core.delivery.batches: no BATCH to who has not asked for it, whatever is typed by hand."""

from __future__ import annotations

import pytest

from tests.support.client import Client
from tests.support.rules import in_channel

ONCE = "timestamp=2000-01-01T00:00:00.000Z"


def asks(client: Client, line: str) -> list[str]:
    """What a command is answered with, without the server's name."""
    client.hears()
    return [answer.partition(" ")[2] for answer in client.says(line)]


@pytest.fixture
def plain() -> Client:
    """alice, in #den with bob, by a client without any capability."""
    _, (alice, bob) = in_channel("alice", "bob")
    bob.says("PRIVMSG #den :otters")
    return alice


@pytest.mark.parametrize(
    ("command", "line"),
    [
        ("CHATHISTORY", "CHATHISTORY LATEST bob * 10"),
        ("CHATHISTORY", f"CHATHISTORY TARGETS {ONCE} timestamp=2000-01-02T00:00:00.000Z 10"),
        ("SEARCH", "SEARCH text=nothing"),
        ("METADATA", "METADATA * LIST"),
        ("METADATA", "METADATA * CLEAR"),
        ("METADATA", "METADATA * SUBS"),
        ("METADATA", "METADATA * SYNC"),
    ],
)
def test_nothing_is_said_in_words(plain: Client, command: str, line: str) -> None:
    """Else who typed it would wait for an answer."""
    assert asks(plain, line) == [f"NOTE {command} NOTHING_FOUND :Nothing was found"]


def test_lines_come_alone(plain: Client) -> None:
    """As they would stand in the batch."""
    assert asks(plain, "METADATA * SET url :x") == ["761 alice alice url * :x"]
    for line in ("METADATA * LIST", "METADATA * GET url"):
        assert asks(plain, line) == ["761 alice alice url * :x"]
    assert asks(plain, "METADATA * SUB url")[0] == "770 alice url"
    assert asks(plain, "METADATA * SUBS") == ["772 alice url"]
    assert asks(plain, "METADATA * SYNC") == ["761 alice alice url * :x"]
    assert asks(plain, "METADATA * CLEAR") == ["766 alice alice url :Key not set"]
    for line in ("CHATHISTORY LATEST #den * 1", "SEARCH text=otters"):
        assert asks(plain, line) == ["PRIVMSG #den :[2023-11-14 22:13 UTC] otters"]
    (target,) = asks(plain, f"CHATHISTORY TARGETS {ONCE} timestamp=2100-01-01T00:00:00.000Z 10")
    assert target.startswith("CHATHISTORY TARGETS #den ")
