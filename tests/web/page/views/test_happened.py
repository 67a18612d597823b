"""What happened, in words."""

from __future__ import annotations

import pytest

from tests.web.page.conftest import Run


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("+o al", "+Operator al"),
        ("-v+m bo", "\u2212Voice bo, +Moderated"),
        ("+b mallory!*@*", "+Banned mallory!*@*"),
        ("+ln 20", "+l 20, +n"),
        ("-l", "\u2212l"),
        ("+o", "+Operator"),
        ("", ""),
    ],
)
def test_a_change_of_modes_names_what_people_know(run: Run, change: str, words: str) -> None:
    assert run("return it.changed(given)", "views/happened", given=change) == words


MOVED = """
    const items = given.map(([what, who, text = '']) => ({what, who, text, key: who, at: 0}));
    const box = document.createElement('div');
    it.render(it.h(it.Events, {items, moves: true}), box);
    return box.querySelector('.text').textContent;
"""


@pytest.mark.parametrize(
    ("events", "words"),
    [
        ([("join", "al"), ("join", "bo")], "al, bo came"),
        ([("part", "al"), ("join", "al")], "al went and came back"),
        ([("join", "al"), ("quit", "al")], "al came and left"),
        ([("nick", "al", "alan")], "new name: al \u2192 alan"),
        ([("nick", "al", "alan"), ("quit", "alan")], "alan left"),
        ([("join", f"p{n}") for n in range(10)], "p0, p1, p2, p3, p4, p5, p6 +3 came"),
    ],
)
def test_who_came_and_went_is_told_by_how_it_ended(
    run: Run, events: list[tuple[str, ...]], words: str
) -> None:
    assert run(MOVED, "html", "views/happened", given=events) == words
