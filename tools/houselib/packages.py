"""The picture of the packages: who imports whom, the importing ones above."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from houselib import svg
from houselib.imports import cycles, imports, modules
from houselib.svg import LINE, PAD, Box

PURE = {"irc", "credentials", "core"}
"""Those without any socket, clock, thread or file; tests/test_layout.py guards them."""

PURE_FILL, FILL, INNER_FILL = "#cfe8d5", "#d5e3f5", "#ffffff"

CHIP_WIDTH, CHIP_HEIGHT, CHIP_GAP = 104, 22, 6
MARGIN, GAP, LAYER_GAP = 14, 26, 56
NARROW = 208


class RingError(Exception):
    """Packages import each other in a ring, so none of them is above the other."""


@dataclass(frozen=True, slots=True)
class Package:
    """says: the first sentence of its docstring. files: how many, all that is below it included.
    parts: its packages, with their numbers of files. uses: the packages that it imports.
    """

    name: str
    says: str
    files: int
    parts: Mapping[str, int]
    uses: frozenset[str]

    @property
    def columns(self) -> int:
        return 3 if len(self.parts) > 4 else 2

    @property
    def width(self) -> float:
        chips = self.columns * (CHIP_WIDTH + CHIP_GAP) - CHIP_GAP
        return max(NARROW, chips + 2 * PAD if self.parts else 0)

    @property
    def words(self) -> list[str]:
        return svg.lines_of(self.says, self.width - 2 * PAD)

    @property
    def imported(self) -> list[str]:
        uses = ", ".join(sorted(self.uses)) or "none of ours"
        return svg.lines_of(f"imports {uses}", self.width - 2 * PAD)

    @property
    def height(self) -> float:
        rows = -(-len(self.parts) // self.columns)
        lines = 1 + len(self.words) + len(self.imported)
        return PAD + lines * LINE + rows * (CHIP_HEIGHT + CHIP_GAP) + PAD


def read_packages(root: Path) -> dict[str, Package]:
    """The packages right below root, by name. What stands at the top beside them isn't drawn."""
    known = modules(root)
    used: dict[str, set[str]] = {}
    for module, targets in imports(root).items():
        used.setdefault(_part(module, 1), set()).update(_part(target, 1) for target in targets)
    found = {}
    for name in sorted(path.parent.name for path in root.glob("*/__init__.py")):
        own = [module for module in known if _part(module, 1) == name]
        files = [module for module in own if known[module].name != "__init__.py"]
        inner = {_part(one, 2) for one in own if known[one].name == "__init__.py"} - {""}
        parts = {part: sum(_part(one, 2) == part for one in files) for part in sorted(inner)}
        uses = frozenset(used.get(name, set()) - {"", name})
        found[name] = Package(name, _says(root / name), len(files), parts, uses)
    return found


def _part(module: str, number: int) -> str:
    """Of 'securechat.core.model.state': 1 is 'core' and 2 is 'model'; '' where there is none."""
    return dict(enumerate(module.split("."))).get(number, "")


def _says(package: Path) -> str:
    parsed = ast.parse((package / "__init__.py").read_text(encoding="utf-8"))
    said = " ".join((ast.get_docstring(parsed) or "").split())
    return said.partition(". ")[0].removesuffix(".")


def direct(packages: Mapping[str, Package]) -> list[tuple[str, str]]:
    """(importing, imported), without those that others imply: what a package that it imports
    imports as well. Raises RingError.
    """
    graph = {name: set(package.uses) for name, package in packages.items()}
    for ring in cycles(graph):
        raise RingError(f"these packages import each other: {', '.join(ring)}")
    return [
        (name, used)
        for name in sorted(graph)
        for used in sorted(graph[name])
        if not any(used in _below(graph, other) for other in graph[name] - {used})
    ]


def _below(graph: Mapping[str, set[str]], name: str) -> set[str]:
    return graph[name].union(*(_below(graph, used) for used in graph[name]))


def layers(packages: Mapping[str, Package]) -> list[list[str]]:
    """The names in layers, the uppermost first. Each stands as high as its importers let it, and
    who is imported by nobody right above what it imports. Raises RingError.
    """
    edges = direct(packages)
    level = _lowest(packages)
    for name in sorted(level, key=lambda name: -level[name]):
        above = [level[one] for one, used in edges if used == name]
        level[name] = min(above) - 1 if above else level[name]
    rows: list[list[str]] = []
    for number in sorted(set(level.values()), reverse=True):
        row = [name for name in level if level[name] == number]
        before = rows[-1] if rows else []
        rows.append(sorted(row, key=lambda name: (_place(name, edges, before), name)))
    return rows


def _lowest(packages: Mapping[str, Package]) -> dict[str, int]:
    """Right above the highest of those it imports; on the ground who imports nobody."""
    found: dict[str, int] = {}

    def level(name: str) -> int:
        if name not in found:
            found[name] = 1 + max((level(used) for used in packages[name].uses), default=-1)
        return found[name]

    for name in sorted(packages):
        level(name)
    return found


def _place(name: str, edges: list[tuple[str, str]], above: list[str]) -> float:
    """Below its importers, on the mean of them; at the end who has none in the layer above."""
    places = [above.index(one) for one, used in edges if used == name and one in above]
    return sum(places) / len(places) if places else float(len(above))


def draw(root: Path) -> str:
    """The picture. The same source makes the same bytes. Raises RingError or OSError."""
    packages = read_packages(root)
    rows = layers(packages)
    boxes, width, height = _boxes(packages, rows)
    parts = list(_arrows(boxes, direct(packages)))
    for name, box in boxes.items():
        parts += _package(packages[name], box)
    parts += _legend(width, height)
    title = "The packages of securechat; each imports those that its arrows lead to"
    return svg.document(width, height + 3 * LINE, title, parts)


def _boxes(
    packages: Mapping[str, Package], rows: list[list[str]]
) -> tuple[dict[str, Box], float, float]:
    """Where each package stands, and how large that makes the page."""
    wide = [sum(packages[name].width + GAP for name in row) - GAP for row in rows]
    page = max(wide) + 2 * MARGIN
    found = {}
    y = float(MARGIN)
    for row, width in zip(rows, wide, strict=True):
        x = (page - width) / 2
        height = max(packages[name].height for name in row)
        for name in row:
            found[name] = Box(x, y, packages[name].width, height)
            x += packages[name].width + GAP
        y += height + LAYER_GAP
    return found, page, y - LAYER_GAP + MARGIN


def _arrows(boxes: Mapping[str, Box], edges: list[tuple[str, str]]) -> Iterator[str]:
    """From below each package to above those that it imports, side by side."""

    def middle(name: str) -> float:
        return boxes[name].along(0, 1)

    for name, used in edges:
        out = sorted((to for one, to in edges if one == name), key=middle)
        into = sorted((one for one, to in edges if to == used), key=middle)
        start = boxes[name].along(out.index(used), len(out))
        end = boxes[used].along(into.index(name), len(into))
        yield svg.arrow((start, boxes[name].bottom), (end, boxes[used].y))


def _package(package: Package, box: Box) -> Iterator[str]:
    yield svg.rectangle(box, PURE_FILL if package.name in PURE else FILL)
    x, y = box.x + PAD, box.y + PAD + 12
    yield svg.text(x, y, package.name, kind="name")
    yield svg.text(box.right - PAD, y, _files(package.files), kind="small", anchor="end")
    for line in package.words:
        y += LINE
        yield svg.text(x, y, line)
    for line in package.imported:
        y += LINE
        yield svg.text(x, y, line, kind="small")
    y += CHIP_GAP + 2
    for number, (name, files) in enumerate(package.parts.items()):
        row, column = divmod(number, package.columns)
        left = x + column * (CHIP_WIDTH + CHIP_GAP)
        chip = Box(left, y + row * (CHIP_HEIGHT + CHIP_GAP), CHIP_WIDTH, CHIP_HEIGHT)
        yield svg.rectangle(chip, INNER_FILL)
        yield svg.text(chip.x + 7, chip.y + 15, name)
        yield svg.text(chip.right - 7, chip.y + 15, str(files), kind="small", anchor="end")


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count} files"


def _legend(width: float, y: float) -> Iterator[str]:
    box = Box(MARGIN, y + 4, 26, 16)
    yield svg.rectangle(box, PURE_FILL)
    yield svg.text(
        box.right + 8, box.y + 12, "pure: no socket, clock, thread, file", kind="on-line"
    )
    other = Box(box.right + 230, y + 4, 26, 16)
    yield svg.rectangle(other, FILL)
    words = (
        "may do so. An arrow leads to who is imported; those that other arrows imply are left out"
    )
    yield svg.text(other.right + 8, other.y + 12, words, kind="on-line")
