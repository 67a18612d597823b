"""Messages as they are drawn: whose they are."""

from __future__ import annotations

import re

import pytest

from securechat.client.screens.full.look import _PEOPLE, Ground, name_style
from tests.web.page.conftest import PAGE, Run

STYLE = (PAGE / "style.css").read_text(encoding="utf-8")
NAMES = ("bob", "teacher", "Alice", "alice", "Анна", "пётр", "ma[r]ia", "x" * 32)


def pairs(pattern: str) -> dict[str, tuple[str, str]]:
    """What is light and what is dark, by name."""
    two = r"light-dark\((#\w+), (#\w+)\)"
    return {name: (light, dark) for name, light, dark in re.findall(pattern + two, STYLE)}


def test_a_name_has_the_colour_that_it_has_in_a_terminal(run: Run) -> None:
    found = run("return given.map(it.colour)", "views/message", given=NAMES)
    assert [f"name{number}" for number in found] == [name_style(name) for name in NAMES]
    colours = pairs(r"\.c(\d) \{ color: ").values()
    light, dark = zip(*colours, strict=True)
    assert (light, dark) == (_PEOPLE[Ground.LIGHT], _PEOPLE[Ground.DARK])


def luminance(colour: str) -> float:
    """https://www.w3.org/TR/WCAG22/#dfn-relative-luminance"""
    whole = colour if len(colour) == 7 else "#" + "".join(2 * one for one in colour[1:])
    parts = [int(whole[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("ground", ["page", "side", "call"])
def test_each_name_can_be_read_wherever_it_stands(ground: str) -> None:
    """On what is pointed at and on what is for oneself, too: WCAG AA, in both themes."""
    grounds = pairs(r"--(\w+): ")[ground]
    for colour in pairs(r"\.c(\d) \{ color: ").values():
        for ink, paper in zip(colour, grounds, strict=True):
            high, low = sorted((luminance(ink), luminance(paper)), reverse=True)
            assert (high + 0.05) / (low + 0.05) >= 4.5


def test_its_buttons_cover_no_text_on_a_phone(run: Run) -> None:
    """They are there for who has touched it, below what it says."""
    code = """
        const frame = document.createElement('iframe');
        frame.srcdoc = '<link rel=stylesheet href=/style.css><div class=log><ol></ol></div>';
        frame.width = 390;
        const loaded = new Promise((done) => (frame.onload = done));
        document.body.replaceChildren(frame);
        await loaded;
        const list = frame.contentDocument.querySelector('ol');
        const item = {kind: 'message', id: 'm1', key: 'i1', at: 0, author: 'bob', reactions: [],
          text: 'as long as a line of it '.repeat(5)};
        it.render(it.h(it.Message, {item, room: '#lab', own: 'al'}), list);
        const box = (what) => list.querySelector(what).getBoundingClientRect();
        const before = box('.tools').height;
        frame.contentWindow.focus();
        list.firstChild.focus();
        return [before, box('.tools').height > 0, box('.tools').top >= box('.text').bottom];
    """
    assert run(code, "html", "views/message") == [0, True, True]
