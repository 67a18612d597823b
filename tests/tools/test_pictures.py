"""The pictures of the documentation: that they say what the source says, and are kept true."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pictures
import pytest
from houselib import packages, threads
from houselib.packages import RingError, direct, layers, read_packages
from houselib.threads import PASSAGES, PLACES, Passage, Place, ThreadTableError, named_threads

from tests import test_layout

SVG = "{http://www.w3.org/2000/svg}"
ROOT = Path(__file__).resolve().parents[2] / "securechat"


def tree(root: Path, **sources: str) -> Path:
    """A package with these modules; a double underscore parts the names of directories."""
    for name, source in sources.items():
        path = root.joinpath(*name.split("__")).with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
        for parent in (path.parent, root):
            (parent / "__init__.py").touch()
    return root


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    """top imports middle and low, middle imports low; low has a package of its own."""
    return tree(
        tmp_path / "ours",
        top__a="from ours.middle.a import x\nfrom ours.low import a",
        middle__a="from ours.low.inner.a import x",
        low__a="import os",
        low__inner__a="",
        low__inner__b="",
    )


def texts(picture: str) -> list[str]:
    return [text.text or "" for text in ElementTree.fromstring(picture).iter(f"{SVG}text")]


def test_packages_are_read_with_what_they_hold(ours: Path) -> None:
    """The files that only mark a package are not counted."""
    found = read_packages(ours)
    assert found["top"].uses == {"middle", "low"}
    assert (found["low"].files, found["low"].parts) == (3, {"inner": 2})


def test_the_first_sentence_of_a_package_is_shown(ours: Path) -> None:
    """Without the rest of its docstring."""
    (ours / "low/__init__.py").write_text('"""What is below\nall. More of it."""\n')
    assert read_packages(ours)["low"].says == "What is below all"


def test_who_imports_stands_above(ours: Path) -> None:
    """And an arrow that two others imply is left out."""
    found = read_packages(ours)
    assert layers(found) == [["top"], ["middle"], ["low"]]
    assert direct(found) == [("middle", "low"), ("top", "middle")]


def test_a_package_stands_as_high_as_its_importers_let_it(tmp_path: Path) -> None:
    """So that no arrow has to pass a layer that it has nothing to do with."""
    root = tree(
        tmp_path / "ours",
        top__a="import ours.middle.a, ours.alone.a",
        middle__a="import ours.low.a",
        low__a="",
        alone__a="",
    )
    assert layers(read_packages(root)) == [["top"], ["alone", "middle"], ["low"]]


def test_packages_in_a_ring_can_t_be_drawn(tmp_path: Path) -> None:
    """None of them is above the other."""
    root = tree(tmp_path / "ours", a__a="import ours.b.a", b__a="import ours.a.a")
    with pytest.raises(RingError, match="import each other: a, b"):
        packages.draw(root)


def test_the_picture_of_the_packages_names_all(ours: Path) -> None:
    """With the numbers of their files, and one arrow for each import that isn't implied."""
    picture = packages.draw(ours)
    shown = texts(picture)
    for words in ("top", "middle", "low", "inner", "3 files", "1 file", "imports low, middle"):
        assert words in shown
    assert picture.count('class="arrow"') == 2
    assert packages.draw(ours) == picture


def test_the_pure_packages_are_those_that_are_guarded() -> None:
    """The picture promises what test_layout checks."""
    assert set(test_layout.PURE) == packages.PURE


THREADS = """
class Ours(NamedThread):
    def __init__(self, number):
        super().__init__(f"ours-{number}")

threading.Thread(target=print, name="plain")
ThreadPoolExecutor(2, "pool")
ThreadPoolExecutor(2, thread_name_prefix="other")
"""


def test_the_names_of_threads_are_read(tmp_path: Path) -> None:
    """Those of pools too; a number that is put in is a star."""
    root = tree(tmp_path / "ours", a__b=THREADS)
    assert named_threads(root) == dict.fromkeys(("ours-*", "plain", "pool", "other"), "a/b.py")


@pytest.mark.parametrize(
    "source",
    ["Thread(target=print)", "ThreadPoolExecutor(2)", "class Ours(NamedThread):\n    pass"],
)
def test_a_thread_without_a_name_is_refused(tmp_path: Path, source: str) -> None:
    """Nobody could tell it from the others in a debugger."""
    with pytest.raises(ThreadTableError, match=r"^a\.py.* has no name in the source"):
        named_threads(tree(tmp_path / "ours", a=source))


def test_a_thread_that_is_not_drawn_is_told(tmp_path: Path) -> None:
    """One that is new, or has another name or file than the table says."""
    root = tree(tmp_path / "ours", a='Thread(name="new")')
    for places in ([], [Place("new", ("new",), "b.py", "", 0, 0)]):
        with pytest.raises(ThreadTableError, match=r"not in PLACES .*: new in a\.py"):
            threads.check(root, places, [])


def test_a_thread_or_a_queue_that_is_gone_is_told(tmp_path: Path) -> None:
    """With all that the table has too much."""
    root = tree(tmp_path / "ours", a="class Here: ...")
    places = [Place("old", ("old",), "b.py", "", 0, 0)]
    passages = [Passage("old", "old", "", "Gone"), Passage("old", "old", "", "Here")]
    with pytest.raises(ThreadTableError, match=r"no longer in the source.*: old, b\.py, Gone$"):
        threads.check(root, places, passages)


def test_the_picture_of_the_threads_names_all() -> None:
    """Every thread with its file, and every passage with its arrow."""
    picture = threads.draw(ROOT)
    shown = texts(picture)
    for place in PLACES:
        assert {place.title, place.file} <= set(shown)
    assert picture.count('class="arrow"') == len(PASSAGES)


@pytest.mark.parametrize("name", sorted(pictures.PICTURES))
def test_the_pictures_of_this_repository_are_true(name: str) -> None:
    """They are what the source makes now. `python tools/pictures.py` makes them anew."""
    made = pictures.PICTURES[name](ROOT)
    assert pictures.stale(pictures.ROOT, {name: made}) == []


def test_a_picture_that_is_not_true_tells_how_to_renew_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Missing ones too; --check changes nothing."""
    (tmp_path / "docs").mkdir()
    monkeypatch.setattr(pictures, "ROOT", tmp_path)
    (tmp_path / "securechat").symlink_to(ROOT)
    assert pictures.main(["--check"]) == 1
    said = capsys.readouterr().err
    assert said.count("renew it with: python tools/pictures.py") == len(pictures.PICTURES)
    assert list((tmp_path / "docs").iterdir()) == []
    assert pictures.main([]) == 0
    assert pictures.main(["--check"]) == 0


def test_no_box_hides_another() -> None:
    """Each place has its cells of the grid for itself."""
    cells = [
        (place.column + column, place.row + row)
        for place in PLACES
        for column in range(place.columns)
        for row in range(place.rows)
    ]
    assert len(cells) == len(set(cells))
