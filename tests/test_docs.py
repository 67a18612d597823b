"""The documentation: the files, tests and classes that it names exist."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from houselib.syntax import statements

from securechat.common.language import _
from tests.test_layout import BORDERS

ROOT = Path(__file__).resolve().parent.parent

# Not the changelog: it tells what was.
PAGES = [
    *(
        ROOT / "README.md",
        ROOT / "README.ru.md",
        ROOT / "CONTRIBUTING.md",
        ROOT / "SECURITY.md",
        ROOT / "certs/README.md",
    ),
    *sorted((ROOT / "docs").glob("*.md")),
]

CODE_PAGES = [ROOT / "CONTRIBUTING.md", ROOT / "docs/architecture.md"]
"""Where a capitalised name in code quotes is one of ours."""

_FILE = re.compile(r"(?<![\w./:~-])((?:[\w*-]+/)+[\w*-]+\.(?:py|svg|toml))(?:::([\w:]+))?(?![\w/])")
_DIRECTORY = re.compile(r"`((?:[\w*-]+/)+)`")
_LINK = re.compile(r"\]\(([\w./-]+)(?:#[\w-]+)?\)")
_CLASS = re.compile(r"`([A-Z][A-Za-z]*[a-z][A-Za-z]*)(\.(\w+))?[`(]")


def places(page: Path) -> list[Path]:
    """What a path in a page may be relative to; code and tests are named without their roots."""
    return [ROOT, ROOT / "securechat", ROOT / "tests", page.parent]


def found(name: str, page: Path) -> list[Path]:
    """The files that a path in a page means; a star stands for anything."""
    return [path for place in places(page) for path in place.glob(name)]


def missing_files(text: str, page: Path) -> Iterator[str]:
    """The paths in a page that lead nowhere, and the tests that aren't in their file."""
    for name, test in _FILE.findall(text):
        paths = found(name, page)
        if not paths:
            yield name
        elif test and not any(set(test.split("::")) <= names(path)[0] for path in paths):
            yield f"{name}::{test}"
    yield from (name for name in _DIRECTORY.findall(text) if not found(name, page))
    yield from (link for link in _LINK.findall(text) if not (page.parent / link).exists())


@cache
def names(path: Path) -> tuple[set[str], set[str]]:
    """All functions and classes of a file, and what it calls types and values beside them."""
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    parsed = ast.parse(path.read_text(encoding="utf-8"))
    given = (
        target for node in parsed.body if isinstance(node, ast.Assign) for target in node.targets
    )
    return (
        {node.name for node in statements(parsed) if isinstance(node, kinds)},
        {target.id for target in given if isinstance(target, ast.Name)},
    )


def missing_classes(text: str) -> list[str]:
    """The classes and types that a page names and the source doesn't have, and what it says of them
    behind a dot that isn't in their file.
    """
    files = [path for name in ("securechat", "tests") for path in (ROOT / name).rglob("*.py")]
    missing = []
    for name, _called, attribute in _CLASS.findall(text):
        where = [path for path in files if any(name in one for one in names(path))]
        if not where:
            missing.append(name)
        elif not any(re.search(rf"\b{attribute}\b", source(path)) for path in where):
            missing.append(f"{name}.{attribute}")
    return missing


@cache
def source(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_names_is_there(page: Path) -> None:
    """Its paths, the tests behind `::`, and what its links lead to."""
    assert sorted(set(missing_files(page.read_text(encoding="utf-8"), page))) == []


@pytest.mark.parametrize("page", CODE_PAGES, ids=lambda page: page.name)
def test_the_classes_that_a_page_names_are_there(page: Path) -> None:
    """By the names that they have now."""
    assert sorted(set(missing_classes(page.read_text(encoding="utf-8")))) == []


ARCHITECTURE = ROOT / "docs/architecture.md"


def rows(heading: str) -> list[list[str]]:
    """The cells of the table that begins with this cell, in the page on the architecture."""
    _, _, table = ARCHITECTURE.read_text(encoding="utf-8").partition(f"| {heading} |")
    lines = table.partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_the_borders_are_those_that_are_guarded() -> None:
    """Who may import whom stands in test_layout; the page says the same."""
    told = {name.strip("`"): set(re.findall(r"`(\w+)`", may)) for name, _, may in rows("package")}
    assert told.pop("admin") == {"client"}  # all but
    assert told == {name: others - {""} for name, others in BORDERS.items()}


def test_all_locks_are_told() -> None:
    """A new lock is a new way to wait, and to wait for each other: its place says for what."""
    made = {
        path.relative_to(ROOT / "securechat").as_posix()
        for path in (ROOT / "securechat").rglob("*.py")
        if re.search(r"\b(?:Lock|RLock|Condition|Semaphore)\(\)", path.read_text(encoding="utf-8"))
    }
    assert {where.strip("`") for where, _, _ in rows("where")} == made


def test_the_files_that_the_source_names_are_there() -> None:
    """In comments and docstrings, by their names alone; they are easily forgotten in a move."""
    files = list((ROOT / "securechat").rglob("*.py"))
    known = {path.name for path in files}
    named = {
        (path.name, name)
        for path in files
        for name in re.findall(r"\b[a-z_]+\.py\b", path.read_text(encoding="utf-8"))
    }
    assert {(path, name) for path, name in named if name not in known} == set()


def commands(page: Path) -> list[str]:
    """What a page has readers type, without its comments and what a program answers in words."""
    text = page.read_text(encoding="utf-8").partition("\n## What it does for you")[0]
    blocks = re.findall(r"^```\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    lines = [re.sub(r"\s+# .*", "", line) for block in blocks for line in block.splitlines()]
    return [line for line in lines if line and not line.endswith(":")]


def test_the_readme_has_the_same_commands_in_russian() -> None:
    """Up to where it is about the server in English only; each page leads to the other."""
    english, russian = ROOT / "README.md", ROOT / "README.ru.md"
    assert commands(russian) == commands(english)
    assert len(commands(russian)) > 20
    assert "(README.ru.md)" in english.read_text(encoding="utf-8")
    assert "(README.md)" in russian.read_text(encoding="utf-8")


@pytest.mark.usefixtures("russian")
def test_the_greeting_in_the_readme_is_the_servers_own() -> None:
    """In both languages."""
    greeting = "There is no account yet. Make the first one, which administers the server:\n"
    assert greeting in (ROOT / "README.md").read_text(encoding="utf-8")
    assert _(greeting) != greeting
    assert _(greeting) in (ROOT / "README.ru.md").read_text(encoding="utf-8")


# --- the guard itself ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "see `core/gone.py`",
        "python tools/gone.py --check",
        "`core/gone/`",
        "`tests/test_docs.py::test_gone`",
        "`security/gone_*.py`",
        "[here](gone.md#part)",
    ],
)
def test_what_is_gone_is_found(text: str) -> None:
    """However it is written."""
    assert len(list(missing_files(text, ROOT / "README.md"))) == 1


@pytest.mark.parametrize(
    "text",
    [
        "`core/turn.py`, `tests/test_docs.py`, `test_docs.py::test_what_is_gone_is_found`",
        "`tests/test_docs.py::test_what_is_gone_is_found`, `promises/test_2_*.py`, `core/`",
        "[here](docs/operating.md#part), `/etc/securechat/config.toml`, `~/.config/a/b.toml`",
        "https://example.org/a/b.py",
    ],
)
def test_what_is_there_or_none_of_ours_passes(text: str) -> None:
    """Paths of other machines and addresses are not looked for."""
    assert list(missing_files(text, ROOT / "README.md")) == []


def test_a_class_that_is_gone_is_found() -> None:
    """Also with something behind it; IRC's words in capitals are no classes."""
    gone = ["GoneTurn", "Turn.gone", "Gone"]
    assert missing_classes("`Turn.fail`, `GoneTurn.fail()`, `Turn.gone`, `Gone`, `PRIVMSG`") == gone


def anchors(page: Path) -> set[str]:
    """The headings of a page, as links name them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_link_to_a_part_of_a_page_finds_it(page: Path) -> None:
    """By its heading."""
    links = re.findall(r"\]\(([\w./-]*)#([\w-]+)\)", page.read_text(encoding="utf-8"))
    targets = [(page.parent / name if name else page, part) for name, part in links]
    assert [part for target, part in targets if part not in anchors(target)] == []


def test_the_handbook_of_operating_lists_its_parts() -> None:
    """At its top, so that a newcomer finds the one that is needed."""
    text = (ROOT / "docs/operating.md").read_text(encoding="utf-8")
    top = text.partition("\n## ")[0]
    parts = re.findall(r"^## (.*)$", text, re.MULTILINE)
    listed = re.findall(r"\[([^]]+)\]\(#", re.sub(r"\s+", " ", top))
    assert sorted(listed) == sorted(parts)
