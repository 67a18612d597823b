"""Counts of lines, functions, comments and names, and the table of them."""

from __future__ import annotations

import ast
import io
import tokenize
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from houselib.imports import cycles, imports
from houselib.syntax import inner, statements

SHORT_FILE = 60

_NO_CODE = {
    *(tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.ENCODING),
    *(tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER),
}


@dataclass(frozen=True, slots=True)
class Function:
    """name: with its class. lines: from `def` to the last one, docstring included."""

    name: str
    lines: int


@dataclass(frozen=True, slots=True)
class File:
    """path: below the directory that was read. lines: all of them. code: lines that hold more than
    a comment or a docstring. comments: lines with a comment, behind code or alone.
    """

    path: str
    lines: int
    code: int
    comments: int
    docstrings: int
    functions: Sequence[Function]
    classes: Sequence[str]


def read_file(path: Path, root: Path) -> File:
    """Count one file. Raises SyntaxError or OSError."""
    text = path.read_text(encoding="utf-8")
    parsed = ast.parse(text)
    docstrings = _docstring_lines(parsed)
    code: set[int] = set()
    comments: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            comments.add(token.start[0])
        elif token.type not in _NO_CODE:
            code.update(range(token.start[0], token.end[0] + 1))
    return File(
        path.relative_to(root).as_posix(),
        len(text.splitlines()),
        len(code - docstrings),
        len(comments),
        len(docstrings),
        list(_functions(parsed)),
        [node.name for node in statements(parsed) if isinstance(node, ast.ClassDef)],
    )


def _docstring_lines(parsed: ast.AST) -> set[int]:
    """The lines of strings that stand alone: docstrings, those behind attributes included."""
    return {
        line
        for node in statements(parsed)
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }


def _functions(node: ast.AST, inside: str = "") -> Iterator[Function]:
    """All functions below a node, those in classes and functions too."""
    for child in inner(node):
        name = inside
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            name = f"{inside}{child.name}."
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield Function(name[:-1], (child.end_lineno or child.lineno) - child.lineno + 1)
        yield from _functions(child, name)


def read_tree(root: Path) -> list[File]:
    """All Python files below root; without those that only mark a package, as nobody reads them."""
    found = [read_file(path, root) for path in sorted(root.rglob("*.py"))]
    return [file for file in found if file.code or not file.path.endswith("__init__.py")]


def twice(files: Iterable[File]) -> list[str]:
    """Public class names that more than one file defines."""
    names = Counter(
        name for file in files for name in set(file.classes) if not name.startswith("_")
    )
    return sorted(name for name, count in names.items() if count > 1)


def table(package: Path, tests: Path) -> str:
    """The figures of a package and its tests as a Markdown table. Raises SyntaxError or OSError."""
    files, tested = read_tree(package), read_tree(tests)
    lines = [file.lines for file in files]
    longest = max(files, key=lambda file: file.lines)
    functions = [(one.lines, one.name, file.path) for file in files for one in file.functions]
    most, name, where = max(functions)
    code = sum(file.code for file in files)
    per_code = sum(file.code for file in tested) / code
    rings = cycles(imports(package))
    short = sum(count < SHORT_FILE for count in lines)
    rows = [
        ("Figure", "Now", "Aim"),
        ("---", "---", "---"),
        ("Files", f"{len(files)}", ""),
        (f"Files under {SHORT_FILE} lines", f"{short}", "what is one thing is one file"),
        ("Median file", f"{median(lines):.0f} lines", "under 300"),
        ("Longest file", f"{longest.lines} lines, `{longest.path}`", "two things when over 300"),
        ("Functions", f"{len(functions)}", ""),
        ("Median function", f"{median(count for count, *_ in functions):.0f} lines", "6 to 8"),
        ("Longest function", f"{most} lines, `{name}` in `{where}`", "under 50"),
        ("Lines with a comment", _share(files, "comments", code), "8 to 9 % of the code"),
        ("Lines of docstrings", _share(files, "docstrings", code), ""),
        ("Test lines for each code line", f"{per_code:.1f}", "1 to 2"),
        ("Public class names that occur twice", _listed(twice(files)), "none"),
        ("Import cycles, those of types included", _listed(map(_ring, rings)), "none"),
    ]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _share(files: Iterable[File], kind: str, code: int) -> str:
    return f"{100 * sum(getattr(file, kind) for file in files) / code:.1f} % of the code"


def _listed(found: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in found) or "none"


def _ring(ring: Sequence[str]) -> str:
    """Enough of a ring to know which one it is."""
    shown = [module.partition(".")[2] or module for module in ring[:3]]
    return " – ".join(shown) + (f" and {len(ring) - 3} more" if len(ring) > 3 else "")
