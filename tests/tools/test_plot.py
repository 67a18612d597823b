"""The plots: that they say what was measured."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from benchlib.plot import Labels, Line, chart
from benchlib.results import Spread

SVG = "{http://www.w3.org/2000/svg}"
LABELS = Labels('Cost & "size"', "members", "CPU < time")


def even(*values: float) -> dict[int, Spread]:
    """A point for each value, at 10, 100 and so on."""
    return {10 ** (place + 1): Spread(v, v / 2, v * 2) for place, v in enumerate(values)}


def drawn(*lines: Line) -> ElementTree.Element:
    return ElementTree.fromstring(chart(LABELS, lines))


def places(root: ElementTree.Element) -> list[tuple[float, float]]:
    """Of the first line's marks, the legend's last."""
    return [(float(c.attrib["cx"]), float(c.attrib["cy"])) for c in root.iter(f"{SVG}circle")]


def texts(root: ElementTree.Element) -> list[str]:
    return [text.text or "" for text in root.iter(f"{SVG}text")]


def test_a_higher_cost_stands_higher() -> None:
    """Sizes go to the right, in even distances; equal factors are equal heights."""
    (x1, y1), (x2, y2), (x3, y3), _ = places(drawn(Line("a", even(1.0, 2.0, 4.0))))
    assert x2 - x1 == pytest.approx(x3 - x2)
    assert x1 < x2
    assert y1 - y2 == pytest.approx(y2 - y3, abs=0.2)
    assert y1 > y2


def test_all_that_is_drawn_is_on_the_paper() -> None:
    """The spreads too, of many powers of ten."""
    root = drawn(Line("a", even(0.013, 7.0, 4321.0)), Line("b", even(1.0)))
    heights = [
        float(end)
        for path in root.iter(f"{SVG}path")
        if "V" in path.attrib["d"]
        for end in path.attrib["d"].split(" ")[1].split("V")
    ]
    assert len(heights) == 8
    assert all(70 <= height <= 344 for height in heights)


def test_words_are_told_as_they_are() -> None:
    """Title, axes and the names of the lines, with whatever characters."""
    found = texts(drawn(Line("a<b>", even(1.0)), Line("c", even(2.0))))
    assert {'Cost & "size"', "members", "CPU < time", "a<b>", "c", "10"} <= set(found)


@pytest.mark.parametrize("value", [1.0, 2.0, 5.0, 9.99, 0.05])
def test_one_point_is_enough(value: float) -> None:
    """Also on a line of the grid, and without a spread."""
    points = {10: Spread(value, value, value)}
    ((_, y), _) = places(drawn(Line("a", points)))
    assert 70 <= y <= 344.01
