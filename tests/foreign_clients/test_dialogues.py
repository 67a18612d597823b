"""The logins of clients that can't be run here, in the lines that their sources send: each gets in,
and is refused nothing that it would show its user as an error.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.client import Client, codes, of
from tests.support.rules import RulesUnderTest, plain

SASL = ("AUTHENTICATE PLAIN", f"AUTHENTICATE {plain('alice')}")
USER = ("NICK alice", "USER alice 0 * alice")

SENPAI = (
    "batch cap-notify echo-message labeled-response message-tags multi-prefix sasl server-time "
    "standard-replies draft/chathistory draft/event-playback draft/metadata-2 draft/read-marker "
    "soju.im/bouncer-networks-notify soju.im/bouncer-networks"
)
GOGUMA = (
    "away-notify batch echo-message extended-monitor labeled-response message-tags multi-prefix "
    "sasl server-time setname draft/chathistory draft/extended-monitor draft/pre-away "
    "draft/read-marker soju.im/bouncer-networks soju.im/no-implicit-names soju.im/webpush "
    "soju.im/bouncer-networks-notify"
)
GAMJA = (
    "account-notify away-notify batch chghost echo-message extended-join extended-monitor "
    "invite-notify labeled-response message-tags multi-prefix sasl server-time setname "
    "draft/account-registration draft/chathistory draft/extended-monitor draft/read-marker "
    "draft/event-playback soju.im/bouncer-networks soju.im/bouncer-networks-notify"
)
HALLOY = (
    "invite-notify userhost-in-names away-notify message-tags draft/relaymsg "
    "draft/message-redaction server-time chghost extended-monitor draft/message-redaction "
    "account-notify extended-join batch draft/chathistory draft/event-playback labeled-response "
    "echo-message multi-prefix draft/read-marker setname soju.im/bouncer-networks sasl "
    "draft/multiline no-implicit-names draft/metadata-2 draft/whoami"
)

Login = Callable[[Client], list[str]]
"""What the client hears at it."""

EVER = "timestamp=2000-01-01T00:00:00.000Z timestamp=2100-01-01T00:00:00.000Z"


def each(capabilities: str) -> list[str]:
    return [f"CAP REQ {name}" for name in capabilities.split()]


def listed(client: Client) -> set[str]:
    """What CAP LS offers, without values."""
    lines = of(client.says("CAP LS 302", *USER), "CAP")
    return {name.partition("=")[0] for line in lines for name in line.params[-1].split()}


def senpai(client: Client) -> list[str]:
    """All at once, without waiting for an answer."""
    subscribe = "METADATA * SUB soju.im/pinned soju.im/muted"
    heard = client.says("CAP LS 302", *each(SENPAI), *USER, *SASL, subscribe, "CAP END")
    return heard + client.says("BOUNCER LISTNETWORKS")


def goguma(client: Client) -> list[str]:
    """All at once; at a FAIL before the welcome it hangs up."""
    return client.says("CAP LS 302", *USER, *each(GOGUMA), *SASL, "AWAY :Mobile client", "CAP END")


def gamja(client: Client) -> list[str]:
    """It asks for what is offered, and sends its password without waiting for the '+'."""
    offered = listed(client)
    asked = " ".join(name for name in GAMJA.split() if name in offered)
    return client.says(f"CAP REQ :{asked}", *SASL, "CAP END")


def halloy(client: Client) -> list[str]:
    """Step by step; one of its capabilities twice."""
    offered = listed(client)
    heard = client.says("CAP REQ :" + " ".join(name for name in HALLOY.split() if name in offered))
    for line in (*SASL, "CAP END"):
        heard += client.says(line)
    return heard


@pytest.mark.parametrize("login", [senpai, goguma, gamja, halloy])
def test_it_gets_in_without_an_error(login: Login) -> None:
    """421 of METADATA and BOUNCER senpai passes over."""
    client = RulesUnderTest("alice").connect()
    heard = login(client)
    assert "001" in codes(heard)
    assert "FAIL" not in codes(heard)
    errors = [line for line in heard if codes([line])[0][0] in "45"]
    assert {of([line], codes([line])[0])[0].params[1] for line in errors} <= {
        "METADATA",
        "BOUNCER",
        "There is no message of the day",
    }


@pytest.mark.parametrize("login", [senpai, goguma, gamja, halloy])
def test_it_opens_a_room(login: Login) -> None:
    """What it asks for then, and how: history, who is there, the marker, who comes and goes."""
    client = RulesUnderTest("alice", "bob").connect()
    login(client)
    client.says("JOIN #den")
    asked = (
        "MODE #den", "WHO #den %tcuhnsfra,42", "MARKREAD #den", "CHATHISTORY LATEST #den * 100",
        f"CHATHISTORY TARGETS {EVER} 100", f"CHATHISTORY BETWEEN #den {EVER} 100", "MONITOR + bob",
        "SEARCH in=#den;text=otters",
    )  # fmt: skip
    for line in asked:
        heard = client.says(line)
        assert heard, line
        assert not [code for code in codes(heard) if code[0] in "45" or code == "FAIL"], line
