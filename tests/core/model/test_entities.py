"""One connection, as the rules see it."""

from __future__ import annotations

import pytest

from securechat.core.delivery.line import EncodingGroup
from securechat.core.model.entities import Session
from securechat.core.model.states import State, TransitionError, Trigger
from securechat.irc import capabilities as caps
from securechat.irc.framing import LINES
from tests.support.rules import RulesUnderTest


def fresh() -> Session:
    return Session(object(), io=3, address="192.0.2.1", fingerprint=None, opened_at=7.0)


def test_a_new_session_is_nobody() -> None:
    """It has no account, no capability, no name."""
    session = fresh()
    assert (session.state, session.account, session.caps) == (State.CONNECTED, None, 0)
    assert (session.shown_nick, session.heard_at, session.delivered) == ("*", 7.0, None)


def test_nobody_can_not_be_asked_who_it_is() -> None:
    """A rule that forgot its gate fails instead of acting for nobody."""
    with pytest.raises(RuntimeError, match="not logged in"):
        fresh().who  # noqa: B018


def test_a_wrong_move_leaves_the_state() -> None:
    """It is an error, and nothing has changed."""
    session = fresh()
    with pytest.raises(TransitionError):
        session.move(Trigger.LOADED)
    assert session.state is State.CONNECTED


def test_the_encoding_group_holds_what_changes_the_bytes() -> None:
    """Thread, capabilities of the wire, and how lines are framed."""
    session = fresh()
    session.set_caps(caps.SERVER_TIME | caps.ECHO_MESSAGE | caps.SASL)
    assert session.encoding_group == EncodingGroup(3, caps.SERVER_TIME, LINES)
    assert session.has(caps.ECHO_MESSAGE)
    assert not session.has(caps.BATCH)


def test_the_shown_nick() -> None:
    """What the client gave itself, until the welcome tells it the account's name."""
    rules = RulesUnderTest("Alice")
    person = rules.connect()
    assert person.session.shown_nick == "*"
    person.says("CAP LS", "NICK bob", "USER x 0 * :X", "PASS Alice:right")
    assert person.session.shown_nick == "bob"
    person = rules.member("alice")
    assert person.session.shown_nick == "Alice"
