"""Who may import whom: the borders between the packages, read from the source itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from houselib.imports import Import, cycles, imports, statements

import securechat

ROOT = Path(securechat.__file__).parent

# Which packages of ours each package may import besides itself. What isn't listed (admin, the
# modules at the top) joins the others and may import them all.
BORDERS: dict[str, set[str]] = {
    "common": set(),
    "irc": set(),
    "credentials": {"irc"},
    "core": {"irc", "credentials"},
    "store": {"common", "irc", "credentials"},
    "net": {"common", "irc", "credentials"},
    "web": {"common", "irc", "net"},
    "client": {"common", "irc", "credentials", "net", "web"},
    "ca": {"common"},
    "server": {"", "common", "irc", "credentials", "core", "store", "net", "web", "ca"},
}

# What brings in the world outside: the rules get time and input as arguments.
IMPURE = {
    *("asyncio", "concurrent", "multiprocessing", "queue", "sched", "threading", "_thread"),
    *("select", "selectors", "socket", "socketserver", "ssl"),
    *("glob", "io", "os", "pathlib", "shutil", "sqlite3", "tempfile"),
    *("signal", "subprocess", "time"),
}
PURE = ("irc", "credentials", "core")


def package(module: str) -> str:
    """'core' of securechat.core.turn; '' for what stands at the top of securechat."""
    return ([*module.split("."), ""])[1]


def is_ours(found: Import) -> bool:
    return found.target.partition(".")[0] == "securechat"


def trespasses(root: Path) -> list[str]:
    """Imports over a border that is closed."""
    return [str(found) for found in statements(root) if is_ours(found) and not allowed(found)]


def allowed(found: Import) -> bool:
    here, there = package(found.module), package(found.target)
    return here not in BORDERS or there == here or there in BORDERS[here]


def impurities(root: Path) -> list[str]:
    """Imports of the world outside by the packages that are pure."""
    return [
        str(found)
        for found in statements(root)
        if package(found.module) in PURE and found.target.partition(".")[0] in IMPURE
    ]


# --- the package as it is ------------------------------------------------------------------------


def test_the_borders_hold() -> None:
    """The rules know the grammar and the credentials only; store and net know neither the rules nor
    each other; the server knows nothing of who administers it, and the client nothing of both.
    """
    assert trespasses(ROOT) == []


def test_the_rules_are_pure() -> None:
    """No socket, clock, thread, file or SQL in irc and core."""
    assert impurities(ROOT) == []


def test_the_library_of_the_full_screen_stays_there() -> None:
    """What it draws with is loaded when it opens, by nothing else, and can be replaced."""
    own = "securechat.client.screens.full"
    outside = [
        str(found)
        for found in statements(ROOT)
        if found.target.partition(".")[0] in ("textual", "rich")
        and not found.module.startswith(own)
    ]
    assert outside == []
    # Only who opens it names it, by a string or within a function.
    inside = {found.module for found in statements(ROOT) if found.target.startswith(own)}
    assert {name for name in inside if not name.startswith(own)} == {
        "securechat.client.commands.fronts"
    }


def test_a_command_loads_no_screen() -> None:
    """A script doesn't wait for what draws on terminals."""
    asked = "import sys, securechat.client.commands.cli as _; print(*sys.modules)"
    run = subprocess.run(
        [sys.executable, "-c", asked], capture_output=True, text=True, check=True, timeout=60
    )
    loaded = {name.partition(".")[0] for name in run.stdout.split()}
    assert loaded & {"textual", "rich", "prompt_toolkit"} == set()


def test_a_server_without_a_page_loads_nothing_of_http() -> None:
    """Its libraries take memory, and time at the start."""
    asked = "import sys, securechat.server.service, securechat.server.cli as _; print(*sys.modules)"
    run = subprocess.run(
        [sys.executable, "-c", asked], capture_output=True, text=True, check=True, timeout=60
    )
    loaded = run.stdout.split()
    assert {name.partition(".")[0] for name in loaded} & {"h11", "websockets"} == set()
    assert [name for name in loaded if name.startswith("securechat.web")] == []


def test_there_is_no_import_cycle() -> None:
    """Every module can be read after those that it builds on, its types included."""
    assert cycles(imports(ROOT)) == []


def test_every_package_with_a_border_exists() -> None:
    """A border around a package that was renamed would guard nothing."""
    assert {name for name in BORDERS if not (ROOT / name / "__init__.py").is_file()} == set()


# --- the guards themselves -----------------------------------------------------------------------


def tree(directory: Path, **sources: str) -> Path:
    """A package named securechat with these modules; a double underscore parts the names."""
    root = directory / "securechat"
    for name, source in sources.items():
        path = root.joinpath(*name.split("__")).with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
        for parent in (path.parent, root):
            (parent / "__init__.py").touch()
    return root


@pytest.mark.parametrize(
    ("module", "statement", "target"),
    [
        ("irc__a", "import securechat.core", "securechat.core"),
        ("irc__a", "from securechat import __version__", "securechat"),
        ("core__a", "from securechat.store import log", "securechat.store"),
        ("core__a", "from securechat.store.log import Log", "securechat.store.log"),
        ("core__a", "from securechat import net", "securechat.net"),
        ("core__a", "from ..net import tls", "securechat.net"),
        ("core__a", "from .. import net", "securechat.net"),
        ("core__a", "def late():\n    import securechat.server.hub", "securechat.server.hub"),
        ("core__a", "if TYPE_CHECKING:\n    from securechat.ca import x", "securechat.ca"),
        (
            "store__a",
            "from securechat.core.model.state import Account",
            "securechat.core.model.state",
        ),
        ("store__a", "from securechat.net.tls import x", "securechat.net.tls"),
        ("net__a", "from securechat.store.log import x", "securechat.store.log"),
        ("net__a", "from securechat.server.hub import x", "securechat.server.hub"),
        ("client__a", "from securechat.core.model.state import x", "securechat.core.model.state"),
        ("client__a", "from securechat.ca.files import x", "securechat.ca.files"),
        ("ca__a", "from securechat.irc.names import x", "securechat.irc.names"),
    ],
)
def test_a_trespass_is_found(tmp_path: Path, module: str, statement: str, target: str) -> None:
    """However it is written and wherever it stands."""
    names = ("irc", "core", "store", "net", "client", "ca", "server")
    others = {f"{name}__b": "" for name in names}
    others |= {"store__log": "", "net__tls": "", "core__model": "", "server__hub": ""}
    others |= {"ca__files": "", "irc__names": ""}
    root = tree(tmp_path, **others, **{module: statement})
    [told] = trespasses(root)
    assert told.startswith(f"securechat.{module.replace('__', '.')}:")
    assert f"imports {target}" in told


def test_what_is_allowed_is_no_trespass(tmp_path: Path) -> None:
    """A package may import itself and what the borders let it, and the server everything."""
    root = tree(
        tmp_path,
        irc__a="from . import b\nimport re",
        irc__b="",
        core__a="from securechat.irc import a\nfrom .b import x",
        core__b="",
        client__a="from ..irc.a import x\nfrom securechat import net",
        net__a="import ssl",
        server__a="import securechat.core.a\nfrom securechat.net.a import x",
    )
    assert trespasses(root) == []
    assert cycles(imports(root)) == []


@pytest.mark.parametrize("statement", ["import time", "from os import path", "import os.path as p"])
def test_an_impurity_is_found(tmp_path: Path, statement: str) -> None:
    """In irc and core it is told, elsewhere it is at home."""
    root = tree(tmp_path, core__commands__a=statement, irc__a=statement, net__a=statement)
    assert [told.partition(":")[0] for told in impurities(root)] == [
        "securechat.core.commands.a",
        "securechat.irc.a",
    ]


def test_a_cycle_is_found(tmp_path: Path) -> None:
    """With its modules, also when it goes through a function, or is there for types only."""
    root = tree(
        tmp_path,
        core__a="from securechat.core import b",
        core__b="if TYPE_CHECKING:\n    from .c import x",
        core__c="def late():\n    from securechat.core.a import x",
    )
    assert cycles(imports(root)) == [[f"securechat.core.{name}" for name in "abc"]]
