"""What `pytest tests/security` prints at its end, and that its table of attacks is whole."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from tests.security.summary import ATTACKERS

pytest_plugins = ["pytester"]

CONFTEST = """
from pathlib import Path
from tests.security.summary import report_attacks

def pytest_configure(config):
    report_attacks(config, Path(__file__).parent)
"""


@pytest.fixture
def suite(pytester: pytest.Pytester) -> pytest.Pytester:
    """A suite whose conftest does as ours, and no test yet."""
    (pytester.mkpydir("attacks") / "conftest.py").write_text(CONFTEST)
    return pytester


def run(suite: pytest.Pytester, *shown: str) -> pytest.RunResult:
    """`pytest -q`, without a plugin that takes a second to say nothing at the end. shown: instead
    of -q.
    """
    return suite.runpytest(*(shown or ("-q",)), "-p", "no:hypothesispytest")


def attack(suite: pytest.Pytester, where: str, text: str) -> None:
    """Put a test into the suite."""
    path = suite.path / "attacks" / where
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_each_attacker_has_a_row_and_the_last_row_counts_all(suite: pytest.Pytester) -> None:
    attack(suite, "stranger/test_a.py", "def test_one(): pass\ndef test_two(): pass\n")
    attack(suite, "thief/test_b.py", "def test_three(): pass\n")
    run(suite).stdout.fnmatch_lines(
        [
            "*attacks*",
            "attacker * tried  repelled  skipped",
            "stranger: * 2 * 2 * 0",
            "thief: * 1 * 1 * 0",
            "all of them * 3 * 3 * 0",
        ]
    )


def test_an_attack_that_gets_through_is_tried_and_not_repelled(suite: pytest.Pytester) -> None:
    attack(suite, "member/test_a.py", "def test_one(): assert False\ndef test_two(): pass\n")
    run(suite).stdout.fnmatch_lines(["member: * 2 * 1 * 0"])


def test_an_attack_whose_fixture_fails_is_not_repelled(suite: pytest.Pytester) -> None:
    attack(
        suite,
        "member/test_a.py",
        """
import pytest

@pytest.fixture
def before():
    raise OSError

@pytest.fixture
def after():
    yield
    raise OSError

def test_one(before): pass
def test_two(after): pass
""",
    )
    run(suite).stdout.fnmatch_lines(["member: * 2 * 0 * 0"])


def test_an_expected_failure_is_a_known_gap_and_not_repelled(suite: pytest.Pytester) -> None:
    attack(
        suite,
        "faults/test_a.py",
        "import pytest\n@pytest.mark.xfail\ndef test_one(): assert False\n",
    )
    run(suite).stdout.fnmatch_lines(["faults: * 1 * 0 * 0"])


def test_a_skipped_attack_was_not_tried(suite: pytest.Pytester) -> None:
    attack(
        suite,
        "server/test_a.py",
        "import pytest\ndef test_one(): pytest.skip('no such program')\ndef test_two(): pass\n",
    )
    run(suite).stdout.fnmatch_lines(["server: * 1 * 1 * 1"])


def test_an_attacker_nobody_has_described_goes_by_the_name_of_the_folder(
    suite: pytest.Pytester,
) -> None:
    attack(suite, "neighbour/deep/test_a.py", "def test_one(): pass\n")
    run(suite).stdout.fnmatch_lines(["neighbour * 1 * 1 * 0"])


def test_each_flood_tells_what_a_bystander_felt(suite: pytest.Pytester) -> None:
    attack(
        suite,
        "stranger/test_a.py",
        """
import pytest

@pytest.mark.parametrize("kind", ["JOIN", "AUTH"])
def test_flood(record_property, kind):
    record_property("bystander_worst_ms", 12.34)
    record_property("bystander_worst_ms", 5)
    if kind == "JOIN":
        record_property("bystander_p99_ms", 3.21)

def test_quiet(record_property):
    record_property("other", 1)
""",
    )
    result = run(suite)
    result.stdout.fnmatch_lines(
        ["flood * p99, ms", "stranger: flood JOIN * 12.3 * 3.2", "stranger: flood AUTH * 12.3"]
    )
    result.stdout.no_fnmatch_line("*quiet*")


def test_a_flood_that_did_harm_still_tells_its_figure(suite: pytest.Pytester) -> None:
    attack(
        suite,
        "stranger/test_a.py",
        'def test_flood(record_property):\n    record_property("bystander_worst_ms", 9e3)\n'
        "    assert False\n",
    )
    run(suite).stdout.fnmatch_lines(["stranger: * 1 * 0 * 0", "stranger: flood * 9000.0"])


def test_what_has_failed_stands_last(suite: pytest.Pytester) -> None:
    """Below the tables: the traceback, then its name, then the count."""
    attack(suite, "member/test_a.py", "def test_one(): assert 2 + 2 == 5\n")
    here = Path(__file__).parents[2] / "pyproject.toml"
    shown = tomllib.loads(here.read_text())["tool"]["pytest"]["ini_options"]["addopts"].split()
    run(suite, *shown).stdout.fnmatch_lines(
        [
            "all of them *",
            "E * assert *2*5",
            "FAILED attacks/member/test_a.py::test_one*",
            "1 failed*",
        ]
    )


def test_there_are_no_tables_when_no_attack_ran(suite: pytest.Pytester) -> None:
    attack(suite, "test_own.py", "def test_no_attack(): pass\n")
    suite.makepyfile(test_elsewhere="def test_elsewhere(): pass\n")
    run(suite).stdout.no_fnmatch_line("*attacke*")


def test_tests_of_other_folders_are_not_counted(suite: pytest.Pytester) -> None:
    attack(suite, "stranger/test_a.py", "def test_one(): pass\n")
    suite.makepyfile(test_elsewhere="def test_elsewhere(): pass\n")
    run(suite).stdout.fnmatch_lines(["all of them * 1 * 1 * 0"])


def test_the_readme_has_each_attack_under_its_attacker() -> None:
    """All files with attacks, and none that isn't there; each with what it is about."""
    here = Path(__file__).parent
    parts = re.split(r"^## `(\w+)/`.*$", (here / "README.md").read_text(), flags=re.MULTILINE)
    told = dict(zip(parts[1::2], parts[2::2], strict=True))
    listed = {
        name: re.findall(r"^\| .+ \| `(\w+\.py)` \|$", text, re.M) for name, text in told.items()
    }
    there = {name: [file.name for file in (here / name).glob("test_*.py")] for name in ATTACKERS}
    assert {name: sorted(files) for name, files in listed.items()} == {
        name: sorted(files) for name, files in there.items()
    }
