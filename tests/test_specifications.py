"""docs/specifications.md, and docs/clients.md on capabilities: what they say to be offered is, and
what they say not to be isn't.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from securechat.core.presence import welcome
from securechat.irc.capabilities import CAPABILITIES
from tests.support.rules import RulesUnderTest

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs/specifications.md").read_text(encoding="utf-8")

_QUOTED = re.compile(r"`([^`]+)`")
_STATE = re.compile(r"(offered(?:[:;,] .+)?|not offered: .+)")


_ASKED = re.compile(r"^\| `(\S+)` \| [^|]+ \| (offered|not offered: [^|]+) \|$", re.MULTILINE)


class Row(NamedTuple):
    """capabilities, tokens: by name. state: as it stands there. tests: the file's name, or ''."""

    specification: str
    capabilities: list[str]
    tokens: list[str]
    state: str
    tests: str

    @property
    def offered(self) -> bool:
        return not self.state.startswith("not ")


def _rows() -> Iterator[Row]:
    for line in PAGE.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line[:1] != "|" or cells[0] in ("specification", "---"):
            continue
        name, capabilities, tokens, state, tests = cells
        yield Row(name, _QUOTED.findall(capabilities), _QUOTED.findall(tokens), state, tests)


ROWS = list(_rows())


def _tokens() -> set[str]:
    with RulesUnderTest(addresses=("a.example", "b.example")).turn() as turn:
        return {token.partition("=")[0] for token in welcome.isupport(turn.settings)}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.specification)
def test_a_row_says_whether_it_is_offered_and_why_not(row: Row) -> None:
    """In words that a reader can search for."""
    assert _STATE.fullmatch(row.state)


def test_the_capabilities_are_those_that_the_server_has() -> None:
    """Each of them stands in one row, as offered; those of the other rows it does not have."""
    offered = [name for row in ROWS if row.offered for name in row.capabilities]
    refused = {name for row in ROWS if not row.offered for name in row.capabilities}
    known = {capability.name for capability in CAPABILITIES}
    assert sorted(offered) == sorted(known)
    assert not refused & known


def test_the_tokens_are_those_that_005_has() -> None:
    """Those of specifications in their rows, the others in the list behind the tables."""
    offered = {name for row in ROWS if row.offered for name in row.tokens}
    refused = {name for row in ROWS if not row.offered for name in row.tokens}
    others = set(_QUOTED.findall(PAGE.partition("## What else 005 says")[2]))
    assert not offered & others
    assert offered | others == _tokens()
    assert not refused & _tokens()


def test_the_files_of_tests_are_those_there_are() -> None:
    """Each is named in a row, and a row names no other."""
    named = {name for row in ROWS for name in _QUOTED.findall(row.tests)}
    there = {path.name for path in (ROOT / "tests/conformance").glob("test_*.py")}
    assert named == there


def test_what_clients_ask_for_is_offered_as_their_page_says() -> None:
    """Each capability of its table stands there once."""
    page = (ROOT / "docs/clients.md").read_text(encoding="utf-8")
    table = page.partition("\n## What they ask for\n")[2].partition("\n## ")[0]
    asked = _ASKED.findall(table)
    assert len(asked) == table.count("\n| `") == len(dict(asked))
    known = {capability.name for capability in CAPABILITIES}
    assert {name for name, state in asked if state == "offered"} == known & dict(asked).keys()
