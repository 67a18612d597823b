"""Several nodes have the same model after each turn, and everybody hears what they would at one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.nodes import Play, play, play_late, scenes
from tests.fuzz.session import SESSION
from tests.support.long_form import LONG
from tests.support.pictures import differences, picture

LINES = 200
EACH = 12
"""Of what fuzzing has kept for the rules one in so many is played: all of it takes minutes."""


@st.composite
def scripts(draw: Callable[[st.SearchStrategy[Any]], Any]) -> list[bytes]:
    """What people, the store and the administrator do."""
    number = draw(st.integers(1, 25))
    return [step for _ in range(number) for step in scenes(lambda of: draw(st.sampled_from(of)))]


@settings(
    max_examples=30 * (50 if LONG else 1),
    derandomize=not LONG,
    suppress_health_check=[HealthCheck.data_too_large, HealthCheck.too_slow],
)
@given(steps=scripts(), places=st.sampled_from((2, 3)))
def test_nodes_are_equal(steps: list[bytes], places: int) -> None:
    """Whatever is done at whichever."""
    play(steps, places)


@settings(
    max_examples=15 * (50 if LONG else 1),
    derandomize=not LONG,
    suppress_health_check=[HealthCheck.data_too_large, HealthCheck.too_slow],
)
@given(steps=scripts(), further=scripts())
def test_a_node_that_begins_later_is_equal(steps: list[bytes], further: list[bytes]) -> None:
    """But for what a start forgets. The administrator's changes are left out, as nothing here
    stores them.
    """
    stored, more = ([one for one in script if one[:1] != b"A"] for script in (steps, further))
    play_late(stored, more)


@pytest.mark.parametrize("places", [2, 3])
def test_what_was_kept_for_the_rules_does_the_same_at_several_nodes(places: int) -> None:
    """Each input of the corpus reaches something that no other one does."""
    for path in SESSION.corpus[places::EACH]:
        play(path.read_bytes().split(b"\n")[:LINES], places)


def test_a_difference_is_found() -> None:
    """In a field of anything, however deep."""
    there = Play(2)
    a, b = there.nodes
    a.account("bob").channels.popitem()
    next(iter(b.account("alice").sessions)).subscriptions["url"] = None
    b.model.departures.add(1, b.clock)
    found = "\n".join(differences(picture(a, set()), picture(b, set())))
    assert all(name in found for name in ("channels", "subscriptions", "departures"))
