"""A line chart as SVG, in the few forms that the benchmark needs.

The sizes stand at even distances, as they grow by even factors; the costs on a logarithmic scale.
A plotting library would bring megabytes for these hundred lines, and files that differ with it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from benchlib.results import Spread

WIDTH, HEIGHT = 720, 400
LEFT, RIGHT, TOP, BOTTOM = 70, 20, 70, 56

# Told apart also by who sees no red and green, and by their marks where there is no colour.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#000000")

_STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#222}.title{font-size:15px;font-weight:600}"
    ".grid{stroke:#ddd}.line{fill:none;stroke-width:2}"
)


@dataclass(frozen=True, slots=True)
class Labels:
    title: str
    x: str
    y: str


@dataclass(frozen=True, slots=True)
class Line:
    """name: in the legend. points: what was found at each size."""

    name: str
    points: Mapping[int, Spread]


def chart(labels: Labels, lines: Sequence[Line]) -> str:
    """The document. lines: at least one point among them, all values above 0."""
    frame = _Frame(lines)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'width="{WIDTH}" height="{HEIGHT}" role="img" aria-label="{_quoted(labels.title)}">',
        f"<style>{_STYLE}</style>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        *_axes(frame, labels),
    ]
    for number, line in enumerate(lines):
        parts += _line(frame, line, number)
    return "\n".join([*parts, "</svg>"]) + "\n"


class _Frame:
    """Where sizes and values are on the paper."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self.sizes = sorted({size for line in lines for size in line.points})
        spreads = [spread for line in lines for spread in line.points.values()]
        self._low = math.log10(_step_below(min(spread.low for spread in spreads)))
        self._high = math.log10(_step_above(max(spread.high for spread in spreads)))

    def x(self, size: int) -> float:
        room = WIDTH - LEFT - RIGHT
        return LEFT + room * (self.sizes.index(size) + 0.5) / len(self.sizes)

    def y(self, value: float) -> float:
        share = (math.log10(value) - self._low) / (self._high - self._low)
        return HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP)

    def ticks(self) -> list[float]:
        """1, 2 and 5 times each power of ten that is in the frame."""
        powers = range(math.floor(self._low), math.ceil(self._high) + 1)
        found = [digit * 10.0**power for power in powers for digit in (1, 2, 5)]
        slack = 1e-9
        return [one for one in found if self._low - slack <= math.log10(one) <= self._high + slack]


def _step_below(value: float) -> float:
    power = 10.0 ** math.floor(math.log10(value))
    return max(digit * power for digit in (1, 2, 5) if digit * power <= value)


def _step_above(value: float) -> float:
    power = 10.0 ** math.floor(math.log10(value))
    return min(digit * power for digit in (2, 5, 10) if digit * power > value)


def _axes(frame: _Frame, labels: Labels) -> Iterator[str]:
    yield _text(LEFT, 24, labels.title, kind="title")
    for tick in frame.ticks():
        y = frame.y(tick)
        yield f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>'
        yield _text(LEFT - 8, y + 4, f"{tick:g}", anchor="end")
    for size in frame.sizes:
        yield _text(frame.x(size), HEIGHT - BOTTOM + 20, f"{size:,}", anchor="middle")
    yield _text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, labels.x, anchor="middle")
    middle = (TOP + HEIGHT - BOTTOM) / 2
    turned = f'transform="rotate(-90 18 {middle:.1f})" '
    yield _text(18, middle, labels.y, anchor="middle", more=turned)


def _line(frame: _Frame, line: Line, number: int) -> Iterator[str]:
    colour = COLOURS[number % len(COLOURS)]
    places = [(frame.x(size), spread) for size, spread in sorted(line.points.items())]
    path = "L".join(f"{x:.1f} {frame.y(spread.median):.1f}" for x, spread in places)
    yield f'<g stroke="{colour}" fill="{colour}"><path class="line" d="M{path}"/>'
    for x, spread in places:
        yield f'<path d="M{x:.1f} {frame.y(spread.low):.1f}V{frame.y(spread.high):.1f}"/>'
        yield _mark(x, frame.y(spread.median), number)
    x, y = LEFT + number * 150, 48
    yield f'<path class="line" d="M{x} {y}h24"/>{_mark(x + 12, y, number)}</g>'
    yield _text(x + 30, y + 4, line.name)


def _mark(x: float, y: float, number: int) -> str:
    """A circle, a square or a diamond."""
    if number % 3 == 0:
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4"/>'
    turned = f' transform="rotate(45 {x:.1f} {y:.1f})"' if number % 3 == 2 else ""
    return f'<rect x="{x - 4:.1f}" y="{y - 4:.1f}" width="8" height="8"{turned}/>'


def _text(
    x: float, y: float, text: str, *, anchor: str = "start", kind: str = "", more: str = ""
) -> str:
    named = f'class="{kind}" ' if kind else ""
    where = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f"<text {named}{more}{where}>{escape(text)}</text>"


def _quoted(text: str) -> str:
    return escape(text, {'"': "&quot;"})
