"""What is said of the packages' known vulnerabilities, and of an answer that is none."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import advisories
import pytest
from advisories import CANARY

Oracle = Callable[[Mapping[str, list[str]]], str]
"""Makes a stand-in for pip-audit that knows these advisories of these packages."""

PROGRAM = """#!{python}
import json, sys
known = json.loads({known!r})
names = [line.partition("==")[0] for line in open(sys.argv[-1])]
print(json.dumps({{"dependencies": [
    {{"name": name, "version": "1", "vulns": [
        {{"id": one, "fix_versions": ["2"]}} for one in known[name]
    ]}} if name in known else {{"name": name, "skip_reason": "not found"}}
    for name in names
]}}))
"""

ALL_WELL: dict[str, list[str]] = {name: [] for name in advisories.installed()}
OLD = {name: ["CVE-2020-36242"] for name in CANARY}


@pytest.fixture
def oracle(tmp_path: Path) -> Oracle:
    def make(known: Mapping[str, list[str]]) -> str:
        path = tmp_path / "pip-audit"
        path.write_text(PROGRAM.format(python=sys.executable, known=json.dumps(known)))
        path.chmod(0o755)
        return str(path)

    return make


def test_what_is_installed_is_asked_about() -> None:
    """With its version, and not our own package, which no registry knows."""
    assert "bcrypt" in advisories.installed()
    assert "securechat" not in advisories.installed()


def test_an_advisory_fails_the_build(oracle: Oracle, capsys: pytest.CaptureFixture[str]) -> None:
    """And is told with the version that repairs it."""
    assert advisories.main(["--pip-audit", oracle({**ALL_WELL, **OLD})]) == 1
    assert "cryptography 1: CVE-2020-36242, repaired in 2" in capsys.readouterr().out


def test_nothing_known_is_good_news_only_from_who_knows_something(
    oracle: Oracle, capsys: pytest.CaptureFixture[str]
) -> None:
    """A mirror without advisories says of everything that it knows of none."""
    assert advisories.main(["--pip-audit", oracle(ALL_WELL)]) == 0
    assert "NOT CHECKED" in capsys.readouterr().out


def test_packages_nobody_knows_are_named(monkeypatch: pytest.MonkeyPatch, oracle: Oracle) -> None:
    """They count neither as good nor as bad."""
    monkeypatch.setattr(advisories, "installed", lambda: {"known": "1", "strange": "1"})
    code, text = advisories.verdict(oracle({"known": [], **OLD}))
    assert (code, text) == (
        0,
        "no vulnerability is known in 1 packages; nothing is known about strange",
    )


@pytest.mark.parametrize("text", ["import sys; sys.exit('no network')", "print('[')"])
def test_no_network_does_not_fail_the_build(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is said, so that nobody takes it for good news."""
    broken = tmp_path / "pip-audit"
    broken.write_text(f"#!{sys.executable}\n{text}\n")
    broken.chmod(0o755)
    for program in (str(broken), "/nowhere/pip-audit"):
        assert advisories.main(["--pip-audit", program]) == 0
        assert "NOT CHECKED: nobody could be asked" in capsys.readouterr().out
