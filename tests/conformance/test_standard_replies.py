"""https://ircv3.net/specs/extensions/standard-replies"""

from __future__ import annotations

import pytest

from securechat.irc.message import parse
from tests.support.client import codes, only
from tests.support.rules import in_channel

NOWHERE = ["NOTICE #nowhere :hi", "NOTICE nobody :hi", "NOTICE", "NOTICE #den :", "NOTICE #den a b"]


@pytest.mark.parametrize("line", NOWHERE)
def test_a_notice_is_answered_to_who_asked_for_it(line: str) -> None:
    """Section "Capabilities": arbitrary standard replies are for who has the capability; RFC 2812,
    3.3.2: nothing else may answer a NOTICE.
    """
    _, (alice,) = in_channel("alice")
    assert alice.says(line) == []
    alice.says("CAP REQ standard-replies")
    fail = only(alice.says(line))
    assert (fail.command, fail.params[0]) == ("FAIL", "NOTICE")


def test_a_label_is_answered_too() -> None:
    """Section "Message Format": the reply has the label of the command that it belongs to."""
    _, (alice,) = in_channel("alice", caps="labeled-response batch")
    [heard] = alice.says("@label=x NOTICE #nowhere :hi")
    assert (codes([heard]), parse(heard).tags) == (["FAIL"], {"label": "x"})


def test_numerics_stay() -> None:
    """Section "Capabilities": "SHOULD NOT replace standardised error numerics"."""
    _, (alice,) = in_channel("alice", caps="standard-replies")
    heard = alice.says("PRIVMSG #nowhere :x", "JOIN nowhere", "NONSENSE", "WHOIS nobody")
    assert codes(heard) == ["403", "403", "421", "401", "318"]


def test_the_form() -> None:
    """Section "Message Format": type, command, code, context, and a description at the end."""
    _, (alice,) = in_channel("alice", caps="standard-replies")
    fail = only(alice.says("NOTICE #nowhere :hi"))
    assert fail.params[:3] == ["NOTICE", "ERR_NOSUCHCHANNEL", "#nowhere"]
    assert " " in fail.params[-1]
