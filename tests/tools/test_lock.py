"""The exact packages with their hashes: what is made, what is refused, what is said of age."""

from __future__ import annotations

import hashlib
import sys
from datetime import date
from pathlib import Path

import lock
import pytest

PROJECT = '[project]\ndependencies = ["click>=8.1", "Precis_i18n>=1.1,<2"]\n'
WANTED = lock.dependencies(PROJECT)
TODAY = date(2026, 6, 1)
HASH = "--hash=sha256:" + "0a" * 32
PINS = f"click==8.5.1 \\\n    {HASH} \\\n    {HASH}\nprecis-i18n==1.1.2 \\\n    {HASH}\n"


def locked(pins: str = PINS, made: str = "2026-05-31", wanted: list[str] = WANTED) -> str:
    return lock.MADE.format(today=made, digest=lock.digest_of(wanted)) + "\n" + pins


def test_the_one_that_is_here_holds() -> None:
    """Every package has a hash, none is missing, and no address is in it."""
    code, text = lock.verdict(lock.LOCK.read_text(), lock.PROJECT.read_text(), date.today())
    assert (code, text.partition(" ")[0].isdecimal()) == (0, True), text


def test_its_packages_and_its_fingerprint_are_told() -> None:
    """So that two people can compare what they have."""
    text = locked()
    fingerprint = hashlib.sha256(text.encode()).hexdigest()
    expected = f"2 packages, made 1 days ago\nSHA-256 {fingerprint}"
    assert lock.verdict(text, PROJECT, TODAY) == (0, expected)


@pytest.mark.parametrize(
    ("pins", "said"),
    [
        (PINS.replace("precis-i18n==1.1.2", "other==1"), "Precis_i18n is missing"),
        (PINS.replace("8.5.1", "8.0"), "click is 8.0, and >=8.1 is asked for"),
        (PINS.replace(f" \\\n    {HASH}\n", "\n"), "precis-i18n has no hash"),
        (PINS.replace("0a" * 32, "0a" * 31), "click has no hash"),
        (PINS.replace("==8.5.1", ">=8.5.1"), "expected NAME==VERSION"),
        ("--index-url https://packages.example/simple\n" + PINS, "there is an address in it"),
        ("click @ https://packages.example/click.whl\n" + PINS, "there is an address in it"),
    ],
)
def test_what_does_not_hold_is_refused(pins: str, said: str) -> None:
    """With what is wrong."""
    code, text = lock.verdict(locked(pins), PROJECT, TODAY)
    assert code == 1
    assert said in text


def test_one_that_was_made_for_other_dependencies_is_refused() -> None:
    """Though its versions would do: what they need themselves may be missing."""
    code, text = lock.verdict(locked(wanted=["click>=8.0"]), PROJECT, TODAY)
    assert (code, "other dependencies" in text) == (1, True)


def test_one_without_a_head_is_refused() -> None:
    """Nobody knows how old it is."""
    assert lock.verdict(PINS, PROJECT, TODAY)[0] == 1


def test_an_old_one_holds_and_is_called_old() -> None:
    """A check that fails by the calendar alone would stop all other work."""
    for made, old in (("2026-03-03", False), ("2026-03-02", True)):
        code, text = lock.verdict(locked(made=made), PROJECT, TODAY)
        assert code == 0
        assert ("OLD: it was made 91 days ago; after 90" in text) is old


@pytest.fixture
def compiler(tmp_path: Path) -> Path:
    """A stand-in for pip-compile that says which options it got."""
    path = tmp_path / "pip-compile"
    path.write_text(
        f"#!{sys.executable}\nimport sys\n"
        f"open({str(tmp_path / 'options')!r}, 'w').write(repr(sys.argv[1:]))\n"
        f"print({PINS!r}, end='')\n"
    )
    path.chmod(0o755)
    return path


def test_a_new_one_is_made(tmp_path: Path, compiler: Path) -> None:
    """With today's date, and with no option that would put an address into it."""
    project = tmp_path / "pyproject.toml"
    project.write_text(PROJECT)
    assert lock.make(str(compiler), project, TODAY) == locked(made="2026-06-01")
    options = (tmp_path / "options").read_text()
    for needed in ("--generate-hashes", "--no-emit-index-url", "--no-emit-trusted-host"):
        assert needed in options


def test_what_can_t_be_made_is_told(tmp_path: Path) -> None:
    """And what to install."""
    project = tmp_path / "pyproject.toml"
    project.write_text(PROJECT)
    with pytest.raises(lock.LockError, match=r"pip install '\.\[lock\]'"):
        lock.make(str(tmp_path / "missing"), project, TODAY)
    fails = tmp_path / "fails"
    fails.write_text("#!/bin/sh\necho 'no such package' >&2\nexit 1\n")
    fails.chmod(0o755)
    with pytest.raises(lock.LockError, match="no such package"):
        lock.make(str(fails), project, TODAY)
