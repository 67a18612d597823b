"""The offline bundle: what is in it, and what its installer says where it doesn't fit.

That it installs, without a network, `.ci/run` tries.
"""

from __future__ import annotations

import ast
import hashlib
import json
import os
import platform
import sys
import sysconfig
import zipfile
from collections.abc import Iterator
from pathlib import Path

import bundle
import pytest
from bundlelib import install

WHEELS = {
    "pip-26.3-py3-none-any.whl": b"pip",
    "cffi-2.1.1-cp311-cp311-manylinux_2_17_x86_64.whl": b"for 3.11",
    "cffi-2.1.1-cp312-cp312-manylinux_2_17_x86_64.whl": b"for 3.12",
    "more_itertools-11.2.1-py3-none-any.whl": b"more",
}
SAID = {
    "pythons": ["3.11", "{}.{}".format(*sys.version_info[:2])],
    "machines": [platform.machine()],
    "glibc": "2.17",
    "pip": "pip-26.3-py3-none-any.whl",
}


@pytest.fixture
def wheels(tmp_path: Path) -> list[Path]:
    for name, content in WHEELS.items():
        (tmp_path / name).write_bytes(content)
    return sorted(tmp_path.iterdir())


# --- what is in it -------------------------------------------------------------------------------


def test_each_file_has_its_hash(wheels: list[Path]) -> None:
    """A package that has a file for each Python has all of their hashes."""
    lines = bundle.requirements(wheels).splitlines()
    assert [line.split()[0] for line in lines] == [
        "cffi==2.1.1",
        "more-itertools==11.2.1",
    ]
    installed = [data for name, data in WHEELS.items() if not name.startswith("pip-")]
    hashes = {f"--hash=sha256:{hashlib.sha256(data).hexdigest()}" for data in installed}
    assert {word for line in lines for word in line.split()[1:]} == hashes


def test_the_zip(wheels: list[Path], tmp_path: Path) -> None:
    """One directory with all of it; made again it is the same, byte by byte."""
    content = bundle.members(wheels, ["3.11"], ["x86_64"])
    made = []
    for name in ("one", "other"):
        path = tmp_path / name / "securechat-0-offline.zip"
        path.parent.mkdir()
        bundle.write(path, content)
        made.append(path.read_bytes())
    assert made[0] == made[1]
    with zipfile.ZipFile(path) as file:
        names = file.namelist()
        said = json.loads(file.read("securechat-0-offline/bundle.json"))
    assert {name.partition("/")[0] for name in names} == {"securechat-0-offline"}
    assert f"securechat-0-offline/wheels/{said['pip']}" in names
    assert (said["pythons"], said["machines"]) == (["3.11"], ["x86_64"])
    assert b"CPython 3.11." in content["README.txt"]


def test_the_pythons_are_those_that_are_tried() -> None:
    """In .ci/other-pythons, beside the one that the project asks for at least."""
    text = (bundle.ROOT / ".ci/other-pythons").read_text()
    [line] = [line for line in text.splitlines() if line.startswith("VERSIONS=")]
    assert ("3.11", *line.partition("=")[2].strip('"').split()) == bundle.PYTHONS


# --- its installer -------------------------------------------------------------------------------


def test_an_old_python_can_read_the_installer() -> None:
    """Or it would say something of its syntax, and nobody would know what to do."""
    text = Path(install.__file__).read_text(encoding="utf-8")
    parsed = ast.parse(text, feature_version=(3, 6))
    assert not any(isinstance(node, ast.JoinedStr | ast.NamedExpr) for node in ast.walk(parsed))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A bundle that fits."""
    monkeypatch.setattr(install, "HERE", tmp_path)
    (tmp_path / "bundle.json").write_text(json.dumps(SAID))
    umask = os.umask(0o077)
    yield tmp_path
    os.umask(umask)


@pytest.mark.parametrize(
    ("what", "value", "advice"),
    [
        ("pythons", ["2.7", "3.0"], "run it with another one, as in `PYTHON=python3.0 sh"),
        ("machines", ["riscv64"], "make a bundle there with `make bundle`"),
        ("glibc", "9.9", "make a bundle there with `make bundle`"),
    ],
)
def test_a_machine_that_doesn_t_fit(
    here: Path, capsys: pytest.CaptureFixture[str], what: str, value: object, advice: str
) -> None:
    """What was expected, what came, and what to do; nothing is made."""
    (here / "bundle.json").write_text(json.dumps({**SAID, what: value}))
    assert install.main([str(here / "place")]) == 1
    told = capsys.readouterr().err
    assert told.startswith("install: this bundle is for CPython ")
    assert f"this is CPython {platform.python_version()} on Linux with glibc" in told
    assert advice in told
    assert not (here / "place").exists()


@pytest.mark.parametrize(
    ("module", "name", "value"),
    [
        (sys, "platform", "darwin"),
        (sys, "maxsize", 2**31 - 1),  # a 32-bit system on a 64-bit machine, as Raspberry Pis have
        (platform, "libc_ver", lambda: ("", "")),  # musl
        (platform, "machine", lambda: "armv7l"),
        (sysconfig, "get_config_var", lambda name: 1),  # without the GIL
    ],
    ids=["system", "bits", "libc", "machine", "gil"],
)
def test_a_system_that_doesn_t_fit(
    here: Path, monkeypatch: pytest.MonkeyPatch, module: object, name: str, value: object
) -> None:
    """Its wheels would be refused by pip in words that help nobody."""
    assert not any(wrong for wrong, _ in install.faults(SAID))
    with monkeypatch.context() as patch:
        patch.setattr(module, name, value)
        assert any(wrong for wrong, _ in install.faults(SAID))


def test_a_directory_that_holds_something_else(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Is left alone."""
    (here / "place").mkdir()
    (here / "place/letter").write_text("dear")
    assert install.main([str(here / "place")]) == 1
    assert "name another directory" in capsys.readouterr().err
    assert [path.name for path in (here / "place").iterdir()] == ["letter"]


def test_a_changed_installer_of_the_others(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """pip checks the packages, so it is checked itself; nothing is made."""
    (here / "wheels").mkdir()
    (here / "wheels" / str(SAID["pip"])).write_bytes(b"another")
    digest = hashlib.sha256(b"pip").hexdigest()
    (here / "bundle.json").write_text(json.dumps({**SAID, "pip_sha256": digest}))
    assert install.main([str(here / "place")]) == 1
    assert "is damaged or changed: unpack the bundle anew" in capsys.readouterr().err
    assert not (here / "place").exists()


def test_usage(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Help is success, too many words are none."""
    assert install.main(["--help"]) == 0
    assert install.main(["a", "b"]) == 2
    assert capsys.readouterr().out.count("Usage: sh install.sh [DIRECTORY]") == 2
