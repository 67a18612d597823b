"""The page's files and their paths."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

from securechat.web.site import (
    AT_THE_TOP,
    TYPES,
    VERSION_PLACE,
    first_modules,
    make_site,
    read_page,
    site,
)

PAGE = {
    "index.html": b"<script src='v/VERSION/main.js'></script>",
    "main.js": b"import './views/a.js'",
    "views/a.js": b"export const a = 1",
    "sw.js": b"const version = 'v/VERSION/'",
    "manifest.webmanifest": b"{}",
    "icon.svg": b"<svg/>",
}


def test_all_files_stand_below_the_version_and_are_kept_for_ever() -> None:
    """It is made of their bytes, so they never change."""
    made = make_site(PAGE)
    for path, body in PAGE.items():
        served = made.files[f"v/{made.version}/{path}"]
        assert served.body == body
        assert b"immutable" in served.cache


def test_any_change_makes_another_version() -> None:
    """Of a byte, of a name, and of where one file ends and the next begins."""
    changed = [
        {**PAGE, "main.js": b"import './views/b.js'"},
        {**PAGE, "more.js": b""},
        {**{k: v for k, v in PAGE.items() if k != "main.js"}, "other.js": PAGE["main.js"]},
        {**PAGE, "main.js": PAGE["main.js"][:-1], "manifest.webmanifest": b"'{}"},
    ]
    versions = {make_site(page).version for page in [PAGE, *changed]}
    assert len(versions) == 1 + len(changed)
    assert make_site(dict(reversed(PAGE.items()))).version == make_site(PAGE).version


def test_what_stays_at_its_place_names_the_version_and_is_asked_for_again() -> None:
    """The page itself, its worker, what installs it."""
    made = make_site(PAGE)
    place = f"v/{made.version}/".encode()
    for path, name in AT_THE_TOP.items():
        served = made.files[path]
        assert served.body == PAGE[name].replace(VERSION_PLACE, place)
        assert served.cache == b"no-cache"
    assert place in made.files[""].body
    told = made.files["version.json"]
    assert (json.loads(told.body), told.cache) == ({"version": made.version}, b"no-store")


def test_the_modules_that_a_browser_needs_at_once_are_found() -> None:
    """Through all that they import, each once; not what is loaded later."""
    page = {
        "main.js": b"\n".join(
            [
                b'import { a, b } from "./views/a.js";',
                b"import {\n  c,\n} from \"./c.js\"; import './d.js'",
                b'const later = () => import("./later.js");',
                b'const named = "./named.js";',
            ]
        ),
        "c.js": b'import{c as d}from"./vendor/x.js";export*from"./d.js"',
        "d.js": b'export { main } from "./main.js";',
        "views/a.js": b'import x from "../d.js"',
        "vendor/x.js": b"",
        "later.js": b"",
        "named.js": b"",
    }
    first = ["main.js", "views/a.js", "c.js", "d.js", "vendor/x.js"]
    assert first_modules(page) == first
    whole = {**PAGE, **page, "index.html": b"<!-- MODULES -->\n"}
    made = make_site(whole)
    link = '<link rel="modulepreload" href="v/{}/{}">\n'
    assert made.files[""].body.decode() == "".join(link.format(made.version, one) for one in first)


def test_another_version_has_another_etag() -> None:
    """Though the file itself is the same, but for the version in it."""
    other = make_site({**PAGE, "views/a.js": b"export const a = 2"})
    assert make_site(PAGE).files[""].etag != other.files[""].etag


def test_files_of_other_types_are_not_served(tmp_path: Path) -> None:
    """Sources' notes, editors' leavings, what has no end in its name."""
    (tmp_path / "views").mkdir()
    for name in ("a.js", "views/b.css", "README.md", "c.js~", "types.d.ts", ".a.js.swp", "LICENSE"):
        (tmp_path / name).write_text(name)
    assert set(read_page(tmp_path)) == {"a.js", "views/b.css"}


def test_the_size_is_that_of_the_whole_page() -> None:
    """Each file once, before gzip."""
    assert make_site(PAGE).size == sum(map(len, PAGE.values()))


def test_the_page_of_the_package() -> None:
    """All that it names is there, and it is the same on every server of this version."""
    ours = site()
    assert ours is site()
    assert f"v/{ours.version}/main.js" in ours.files
    assert VERSION_PLACE not in ours.files[""].body
    for path, served in ours.files.items():
        assert served.kind in TYPES.values()
        assert gzip.decompress(served.packed) == served.body
        assert not path.startswith("/")
        assert ".." not in path
    kinds = {path.rpartition(".")[2] for path in ours.files if path.startswith("v/")}
    assert kinds <= {end[1:] for end in TYPES}
