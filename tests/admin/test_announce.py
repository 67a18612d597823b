"""`securechat-admin announce` while no server runs; test_moderating has it beside one."""

from __future__ import annotations

import json
from pathlib import Path

from tests.support.admin_cli import served_once


def test_it_waits_for_who_logs_in(tmp_path: Path) -> None:
    """Listed until it is ended; several lines come by standard input."""
    cli = served_once(tmp_path / "data")
    assert "--for keeps it" in cli("announce hello").err
    said = cli("announce --stdin --for 2h", "soup\n\ttoday\n")
    assert said.out == "0 people heard it.\n"
    assert "`announce --end 1` ends that" in said.err
    [entry] = json.loads(cli("announce --list --json").out)
    assert entry["lines"] == ["Announcement: soup", "today"]
    assert "soup / today" in cli("announce --list").out
    assert cli("announce --end 1").out == "Announcement 1 has ended.\n"
    assert cli("announce --list").err == "No announcement is shown at logins.\n"
    for wrong in ("announce", "announce x --list", "announce x --for ever"):
        assert cli(wrong).code == 2, wrong
