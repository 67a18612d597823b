"""What several commands do with channels."""

from __future__ import annotations

import pytest

from securechat.core.channels import channels
from securechat.core.turn import IrcError
from securechat.irc import names
from tests.support.rules import RulesUnderTest


def server() -> RulesUnderTest:
    """#den, of alice; bob is an operator, carol a member, dave an outsider, boss administers."""
    rules = RulesUnderTest("alice", "bob", "carol", "dave")
    rules.add("boss", admin=True)
    people = {name: rules.member(name) for name in ("alice", "bob", "carol", "dave", "boss")}
    for name in ("alice", "bob", "carol"):
        people[name].says("JOIN #den")
    people["alice"].says("MODE #den +o bob")
    return rules


@pytest.mark.parametrize(
    ("name", "numeric"),
    [("alice", ""), ("bob", ""), ("carol", "482"), ("dave", "442"), ("boss", "")],
)
def test_who_runs_a_channel(name: str, numeric: str) -> None:
    """Owner, operator and administrator; a member lacks the role, an outsider the membership."""
    rules = server()
    session = rules.account(name).sessions[0]
    turn = rules.rules.turn(0, 0.0)
    if not numeric:
        assert channels.find_run(turn, session, "#DEN") is rules.channel("#den")
        return
    with pytest.raises(IrcError) as refused:
        channels.find_run(turn, session, "#den")
    assert refused.value.numeric == numeric


@pytest.mark.parametrize(("name", "seen"), [("carol", True), ("dave", False), ("boss", True)])
def test_who_may_know_of_a_secret_channel(name: str, seen: bool) -> None:
    """Its members and administrators; of any other channel everybody."""
    rules = server()
    channel, account = rules.channel("#den"), rules.account(name)
    assert channels.visible(channel, account)
    channel.modes = "s"
    assert channels.visible(channel, account) is seen


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("x", "x"),
        ("", "*"),
        (":", "*"),
        ("::a", "a"),
        (" b", "*"),
        ("a b", "a"),
        ("x" * 99, "x" * 64),
    ],
)
def test_a_parameter_is_fit_to_be_repeated(text: str, word: str) -> None:
    """As a middle parameter: one word, not empty, without a colon in front."""
    assert channels.word(text) == word


def test_ids_are_not_used_again() -> None:
    """A new channel is not an old one, even when the old one could not be stored."""
    rules = server()
    ids = set()
    for full in (False, True, False, True):
        rules.full = full
        with rules.turn() as turn:
            start = turn.savepoint()
            channel = channels.create(turn, names.channel_name("#new"), rules.account("alice"))
            assert channel.id not in ids
            ids.add(channel.id)
            if not full:
                channels.enter(turn, channel, rules.account("alice"), "q")
                channels.depart(turn, channel, rules.account("alice"))
            turn.finish_span(None, "TEST", start)
    assert "#new" not in rules.model.channels
