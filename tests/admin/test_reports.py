"""`securechat-admin reports`: what people have reported, as an administrator reads it."""

from __future__ import annotations

import json
from pathlib import Path

from securechat.core.model.reports import KEY, Report, Reports
from securechat.store.sqlite.database import FILE_NAME, open_database
from tests.support.admin_cli import AdminCli, served_once

TWO = (
    Report(4, 0, "alice", "bob", "#den", "calls me names"),
    Report(5, 0, "bob", "alice", "", "x"),
)


def reported(path: Path) -> AdminCli:
    """What a server has kept."""
    cli = served_once(path / "data", **{KEY: Reports(5, TWO).text()})
    cli.adds("alice", "bob")
    return cli


def test_they_are_listed_and_closed(tmp_path: Path) -> None:
    """Also without a server; the numbers go on."""
    cli = reported(tmp_path)
    [first, _] = json.loads(cli("reports --json").out)
    assert {**first, "time": ""} == {
        "number": 4,
        "time": "",
        "by": "alice",
        "about": "bob",
        "where": "#den",
        "why": "calls me names",
    }
    assert cli("reports close 4").out == "Report 4 of alice about bob is closed.\n"
    assert "calls me names" not in cli("reports").out
    assert "open: 5" in cli("reports close 4").err
    assert cli("reports close 5").code == 0
    assert cli("reports").err == "No report is open.\n"
    assert [event for _, event, _ in cli.audited("report closed")] == ["report closed"] * 2


def test_words_are_the_reporters(tmp_path: Path) -> None:
    """An export of a person has what they have reported, not who has reported them; and erasing
    takes their words away.
    """
    cli = reported(tmp_path)
    connection = open_database(cli.data / FILE_NAME)
    facts = json.dumps({"of": "bob", "text": "calls me names"})
    sql = "INSERT INTO audit (at_ms, event, account, address, result, facts) VALUES "
    connection.execute(f"{sql} (1, 'report', 'alice', '', 'ok', ?)", (facts,))
    connection.close()
    assert "calls me names" in cli("export user alice -").out
    assert "calls me names" not in cli("export user bob -").out
    assert "1 reason of reports" in cli("user erase alice --yes").out
    assert [one["why"] for one in json.loads(cli("reports --json").out)] == ["", "x"]
