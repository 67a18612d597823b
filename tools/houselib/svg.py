"""Boxes, words and arrows as SVG, in the few forms that the pictures need.

The page has no ground of its own: boxes are pale with dark words, and lines have a middle grey, so
that both read on a light page and on a dark one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from textwrap import wrap
from xml.sax.saxutils import escape, quoteattr

LINE = 17
"""From one line of words to the next."""

CHARACTER = 6.6
"""The width of most small letters at the size of the words; a wide font takes a little more."""

PAD = 12

_STYLE = (
    "text{font:12px system-ui,sans-serif;fill:#1b1f24}"
    ".name{font-size:15px;font-weight:600}.small{font-size:11px;fill:#424a53}"
    ".on-line{font-size:11px;fill:#6e7781}"
    ".arrow{fill:none;stroke:#6e7781;stroke-width:1.5}"
)

_HEAD = (
    '<defs><marker id="head" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" '
    'orient="auto-start-reverse"><path d="M0 0L8 4L0 8z" fill="#6e7781"/></marker></defs>'
)


@dataclass(frozen=True, slots=True)
class Box:
    """Where something stands. All in pixels; x and y are the left upper corner's."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height

    def along(self, number: int, count: int) -> float:
        """The x of one of so many places that share the width evenly, the first being 0."""
        return self.x + self.width * (number + 1) / (count + 1)

    def down(self, number: int, count: int) -> float:
        """The y of one of so many places that share the height evenly, the first being 0."""
        return self.y + self.height * (number + 1) / (count + 1)


def document(width: float, height: float, title: str, parts: Iterable[str]) -> str:
    """The whole file. title: what readers are told who don't see the picture."""
    size = f'viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label={_attr(title)}>'
    return "\n".join([head, f"<style>{_STYLE}</style>", _HEAD, *parts, "</svg>"]) + "\n"


def rectangle(box: Box, fill: str, *, stroke: str = "#8c959f") -> str:
    return (
        f'<rect x="{box.x:.0f}" y="{box.y:.0f}" width="{box.width:.0f}" '
        f'height="{box.height:.0f}" rx="6" fill="{fill}" stroke="{stroke}"/>'
    )


def text(x: float, y: float, words: str, *, kind: str = "", anchor: str = "start") -> str:
    """kind: '', 'name', 'small', or 'on-line' for what stands beside an arrow."""
    style = f' class="{kind}"' if kind else ""
    placed = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return f'<text x="{x:.0f}" y="{y:.0f}"{style}{placed}>{escape(words)}</text>'


def arrow(*points: tuple[float, float]) -> str:
    """From the first point over the others to the last, which has the head."""
    path = "L".join(f"{x:.0f} {y:.0f}" for x, y in points)
    return f'<path class="arrow" d="M{path}" marker-end="url(#head)"/>'


def lines_of(words: str, width: float) -> list[str]:
    """Words in lines that fit into a width."""
    return wrap(words, max(8, int(width / CHARACTER)))


def _attr(words: str) -> str:
    return quoteattr(words)
