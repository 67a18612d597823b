"""The figures of the source: what is counted as what, and where the table is put."""

from __future__ import annotations

from pathlib import Path

import house
import pytest
from houselib.figures import Function, read_file, read_tree, table, twice
from houselib.imports import cycles, imports, modules

ROOT = Path(__file__).resolve().parents[2]

SOURCE = '''"""A module.

Two lines of words.
"""

import os  # a comment behind code


class Cat:
    """One line."""

    lives = 9
    """Behind an attribute."""

    def meow(self) -> str:
        """One line."""

        # a comment alone
        def loud() -> str:
            return """two
            lines"""

        return loud()
'''


def tree(root: Path, **sources: str) -> Path:
    """Files below root; a double underscore parts the names of directories."""
    for name, source in sources.items():
        path = root.joinpath(*name.split("__")).with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
    return root


def test_code_comments_and_docstrings_are_told_apart(tmp_path: Path) -> None:
    """A string that is used is code; one that stands alone is a docstring."""
    file = read_file(tree(tmp_path, cat=SOURCE) / "cat.py", tmp_path)
    assert (file.path, file.lines, file.code, file.comments) == ("cat.py", 23, 8, 2)
    assert file.docstrings == 4 + 1 + 1 + 1
    assert file.classes == ["Cat"]
    assert list(file.functions) == [Function("Cat.meow", 9), Function("Cat.meow.loud", 3)]


def test_files_that_only_mark_a_package_are_not_counted(tmp_path: Path) -> None:
    """Nobody reads them; one that holds code is read."""
    marks = tree(tmp_path, a__b="x = 1\n")
    (marks / "a/__init__.py").write_text('"""A package."""\n')
    assert [file.path for file in read_tree(marks)] == ["a/b.py"]
    (marks / "a/__init__.py").write_text("y = 1\n")
    assert [file.path for file in read_tree(marks)] == ["a/__init__.py", "a/b.py"]


def test_a_public_class_name_in_two_files_is_told(tmp_path: Path) -> None:
    """What begins with an underscore is its file's own matter."""
    classes = "class Waker: ...\nclass _Own: ...\n"
    assert twice(read_tree(tree(tmp_path, a=classes, b=classes, c="class Once: ..."))) == ["Waker"]


def test_a_ring_of_imports_is_found_whoever_follows_it(tmp_path: Path) -> None:
    """Also when one of the imports is for type checkers only, or inside a function."""
    root = tree(
        tmp_path / "ours",
        a="from ours import b\nimport os",
        b="if TYPE_CHECKING:\n    from .c import x",
        c="def late():\n    import ours.a",
        d="from ours.a import x",
    )
    graph = imports(root)
    assert graph["ours.d"] == {"ours.a"}
    assert cycles(graph) == [["ours.a", "ours.b", "ours.c"]]


def test_a_package_is_known_by_its_own_name(tmp_path: Path) -> None:
    """As Python imports it; a name out of it is an import of the package."""
    root = tree(tmp_path / "ours", a__b="", c="from ours.a import b, x")
    (root / "a/__init__.py").touch()
    assert set(modules(root)) == {"ours.a", "ours.a.b", "ours.c"}
    assert imports(root)["ours.c"] == {"ours.a", "ours.a.b"}


def test_the_table_names_the_longest(tmp_path: Path) -> None:
    """And says how much each figure should be."""
    package = tree(tmp_path / "ours", cat=SOURCE, dog="class Cat: ...\n")
    text = table(package, tree(tmp_path / "tests", test="assert 1\n" * 18))
    rows = [[cell.strip() for cell in row.strip("|").split("|")] for row in text.splitlines()]
    now = {name: shown for name, shown, _ in rows}
    assert now["Files"] == "2"
    assert now["Longest file"] == "23 lines, `cat.py`"
    assert now["Longest function"] == "9 lines, `Cat.meow` in `cat.py`"
    assert now["Lines with a comment"] == "22.2 % of the code"
    assert now["Test lines for each code line"] == "2.0"
    assert now["Public class names that occur twice"] == "`Cat`"
    assert now["Import cycles, those of types included"] == "none"


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """A page with a place for the table."""
    path = tmp_path / "page.md"
    path.write_text(f"# Title\n{house.BEGIN}\n{house.END}\nThe rest\n")
    return path


def test_a_table_that_was_put_there_is_true(page: Path) -> None:
    """All around it stays, however often it is done."""
    for _ in range(2):
        house.update(page, "| a | b |\n")
    assert house.check(page, "| a | b |\n") == []
    parts = ("# Title", house.BEGIN, "", "| a | b |", "", house.END, "The rest")
    assert page.read_text().splitlines() == list(parts)


def test_a_table_that_is_not_true_tells_how_to_renew_it(page: Path) -> None:
    """With the rows that differ, and no others."""
    house.update(page, "| same |\n| 1 |\n")
    [head, *rows] = house.check(page, "| same |\n| 2 |\n")
    assert f"python tools/house.py --update {page}" in head
    assert rows == ["  there: | 1 |", "  true:  | 2 |"]


def test_a_page_without_the_marks_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the lines that are expected, and unchanged."""
    page = tmp_path / "page.md"
    page.write_text("# Title\n")
    assert house.main(["--update", str(page)]) == 1
    assert house.BEGIN in capsys.readouterr().err
    assert page.read_text() == "# Title\n"


def test_this_repository_has_a_table(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The marks are there and the tool runs, here with some of the tests, as it takes seconds for
    all of them. Its numbers may be older than the last change.
    """
    monkeypatch.setattr(house, "table", lambda package, tests: table(package, tests / "tools"))
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    _, shown, _ = house.split(text, "CONTRIBUTING.md")
    assert house.main([]) == 0
    printed = capsys.readouterr().out
    names = [[row.split("|")[1] for row in one.strip().splitlines()] for one in (shown, printed)]
    assert names[0] == names[1]
