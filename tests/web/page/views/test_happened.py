"""What happened, in words."""

from __future__ import annotations

import pytest

from tests.web.page.conftest import Run


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("+o al", ["kim made al an operator"]),
        (
            "-v+m bo",
            [
                "bo has no voice any more (kim)",
                "kim switched on “Moderated: only who has a voice speaks”",
            ],
        ),
        ("+b mallory!*@*", ["kim banned mallory"]),
        (
            "-bb ~a:al *!*@x.example",
            ["kim lifted the ban of al", "kim lifted the ban of *!*@x.example"],
        ),
        (
            "+ln 20",
            ["kim switched on “Limit of people 20”", "kim switched on “Only who is in it speaks”"],
        ),
        ("-l", ["kim switched off “Limit of people”"]),
        ("+is", ["kim switched on “Private: only who is invited comes in”"]),
        ("-s", ["kim switched off “Hidden from others”"]),
        ("+eX al", ["kim set +e al", "kim set +X"]),
        ("+o", ["kim made  an operator"]),
        ("", []),
    ],
)
def test_a_change_of_modes_is_told_in_sentences(run: Run, change: str, told: list[str]) -> None:
    assert run("return it.sentences('kim', given)", "views/happened", given=change) == told


@pytest.mark.parametrize(
    ("modes", "words"),
    [
        ("Cnt", []),
        ("inst", ["Private"]),
        ("mnti", ["Moderated", "Private"]),
        ("ks", ["With a key", "Hidden from others"]),
    ],
)
def test_a_room_is_told_by_what_is_special_about_it(run: Run, modes: str, words: list[str]) -> None:
    assert run("return it.special(given)", "views/happened", given=modes) == words


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
