"""The budget: questions with long answers have a price."""

from __future__ import annotations

import pytest

from securechat.core import budget
from tests.support.stage import Stage, codes


@pytest.mark.parametrize("question", ["WHO #lobby", "WHO *", "NAMES #lobby", "LIST"])
def test_who_asks_without_end_has_to_wait(question: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """263, until some seconds have passed; the others' questions are not affected."""
    monkeypatch.setattr(budget, "BURST_ROWS", 300.0)
    monkeypatch.setattr(budget, "ROWS_PER_SECOND", 100.0)
    stage = Stage(*(f"n{number}" for number in range(40)), lobby="#lobby")
    people = [stage.member(f"n{number}") for number in range(40)]
    asking, other = people[:2]
    asking.says("JOIN " + ",".join(f"#r{number}" for number in range(40)))
    found = codes(asking.says(*[question] * 70))
    assert found[-1] == "263"
    assert "263" not in codes(other.says(question))
    stage.passes(4)
    assert "263" not in codes(asking.says(question))


def test_a_mask_of_many_wildcards_finds_nobody() -> None:
    """Without a look at anybody."""
    stage = Stage("alice")
    assert codes(stage.member("alice").says("WHO " + "*a" * 9)) == ["315"]
