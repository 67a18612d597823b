"""A node that is taken out of service sends its people away, some at a time."""

from __future__ import annotations

import pytest

from securechat.server import leaving
from securechat.server.leaving import COME_AGAIN, MOVES, Leaving
from tests.support.client import codes, of, source
from tests.support.rules import RulesUnderTest, in_channel


class LeavingUnderTest:
    """told: what whoever runs the node was told, as (to leave, nobody left)."""

    def __init__(self, rules: RulesUnderTest) -> None:
        self.rules = rules
        self.told: list[tuple[bool, bool]] = []
        self.leaving = Leaving(rules.rules, self._tell)

    def _tell(self) -> None:
        self.told.append((self.leaving.is_on, self.leaving.is_done))

    def looks(self, *, wanted: bool = True) -> None:
        with self.rules.turn() as turn:
            self.leaving.look(turn, wanted=wanted)


def test_they_are_asked_then_told_to_come_again() -> None:
    """What they have received counts, and the others see where they go."""
    rules, (alice, bob) = in_channel("alice", "bob")
    node = LeavingUnderTest(rules)
    for person in (alice, bob):
        person.token = ""
    node.looks()
    for person in (alice, bob):
        assert person.hears() == []
        assert person.token == f"delivered-{rules.model.last_seq}"
    alice.pongs()
    assert alice.session.delivered == rules.model.last_seq
    node.looks()
    assert alice.hears() == [f"ERROR :Closing link: {COME_AGAIN}"]
    # Bob goes in the same moment, and behind her.
    assert of(bob.hears(), "QUIT")[0].params == [MOVES]
    assert node.told == [(True, False)]
    for person in (alice, bob):
        person.hangs_up()
    node.looks()
    assert node.told == [(True, False), (True, True)]
    node.looks()
    assert len(node.told) == 2


def test_they_go_some_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lest all of them log in elsewhere at once; who hasn't logged in goes like all."""
    monkeypatch.setattr(leaving, "SESSIONS_A_SECOND", 2)
    rules, (alice, bob, carol) = in_channel("alice", "bob", "carol")
    stranger = rules.connect()
    node = LeavingUnderTest(rules)
    carol.token = ""
    node.looks()
    assert carol.token == ""
    node.looks()
    assert [codes(one.hears())[-1:] for one in (alice, bob)] == [["ERROR"], ["ERROR"]]
    assert carol.hears() == [f"{source(name)} QUIT :{MOVES}" for name in ("alice", "bob")]
    assert carol.token
    assert stranger.hears() == []
    node.looks()
    assert codes(carol.hears()) == ["ERROR"]
    assert codes(stranger.hears()) == ["ERROR"]


def test_a_node_may_stay_after_all() -> None:
    """Who was asked and not yet sent away stays; the next time it begins anew."""
    rules, (alice, _) = in_channel("alice", "bob")
    node = LeavingUnderTest(rules)
    node.looks()
    node.looks(wanted=False)
    node.looks(wanted=False)
    assert node.told == [(True, False), (False, False)]
    node.looks()
    assert alice.hears() == []
    node.looks()
    assert codes(alice.hears()) == ["ERROR"]
