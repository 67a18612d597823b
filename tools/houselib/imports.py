"""Which module of a package imports which, read from the source itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from houselib import syntax


def modules(root: Path) -> dict[str, Path]:
    """All modules below root by their dotted names; a package by its own name."""
    found = {}
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@dataclass(frozen=True)
class Import:
    """An import statement: which module makes it, of what, in which line."""

    module: str
    target: str
    line: int

    def __str__(self) -> str:
        return f"{self.module}:{self.line} imports {self.target}"


def statements(root: Path) -> list[Import]:
    """Every import below root, whatever it is of; those inside functions and for type checkers too.

    `from a.b import c` is an import of a.b.c where that is a module of ours, else of a.b.
    """
    known = modules(root)
    found = []
    for module, path in known.items():
        text, marks = path.read_text(encoding="utf-8"), path.name == "__init__.py"
        for target, is_from, line in _imported(text, module, marks):
            name = target.rpartition(".")[0] if is_from and target not in known else target
            found.append(Import(module, name, line))
    return found


# Kept by the text: the pictures, the figures and the tests all ask for the same files.
@lru_cache(maxsize=2048)
def _imported(text: str, module: str, marks: bool) -> list[tuple[str, bool, int]]:
    """What each statement imports, whether by `from`, and its line. marks: of __init__.py."""
    return [
        (target, isinstance(node, ast.ImportFrom), getattr(node, "lineno", 0))
        for node in syntax.statements(ast.parse(text))
        for target in _targets(node, module, marks)
    ]


def imports(root: Path) -> dict[str, set[str]]:
    """For each module below root, the modules below root that it imports."""
    found: dict[str, set[str]] = {module: set() for module in modules(root)}
    for one in statements(root):
        if one.target in found and one.target != one.module:
            found[one.module].add(one.target)
    return found


def _targets(node: ast.AST, module: str, marks: bool) -> Iterator[str]:
    """The dotted names that a statement imports, relative ones made absolute."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        parents = module.split(".")[: None if marks else -1]
        base = parents[: len(parents) - node.level + 1] if node.level else []
        prefix = ".".join([*base, *([node.module] if node.module else [])])
        yield from (f"{prefix}.{alias.name}" for alias in node.names)


def cycles(graph: dict[str, set[str]]) -> list[list[str]]:
    """The groups of modules that import each other in a ring, each sorted by name."""
    reached = {module: _reachable(graph, module) for module in graph}
    groups = {
        tuple(sorted(other for other in reached[module] if module in reached[other]))
        for module in graph
        if module in reached[module]
    }
    return sorted(list(group) for group in groups)


def _reachable(graph: dict[str, set[str]], start: str) -> set[str]:
    """All that a module imports, directly or by others."""
    found: set[str] = set()
    left = [start]
    while left:
        new = graph.get(left.pop(), set()) - found
        found |= new
        left += new
    return found
