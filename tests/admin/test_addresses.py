"""`securechat-admin user ban`, `unban` and `bans` while no server runs; test_moderating has them
beside one.
"""

from __future__ import annotations

import json
from pathlib import Path

from tests.support.admin_cli import served_once


def test_bans_are_kept(tmp_path: Path) -> None:
    """In the database, for the next start; each is in the audit."""
    cli = served_once(tmp_path / "data")
    assert cli("user bans").err == "No address is banned.\n"
    said = cli("user ban 192.0.2.77/24 --reason spam")
    assert said.out == "192.0.2.0/24 is banned for ever. Connections that ended: 0.\n"
    assert cli("user ban 2001:db8::1 --for 2w").code == 0
    assert [one["address"] for one in json.loads(cli("user bans --json").out)] == [
        *("192.0.2.0/24", "2001:db8::/64")
    ]
    assert "for ever" in cli("user bans").out
    assert cli("user unban 192.0.2.0/24").code == 0
    events = [event for _, event, _ in cli.audited("address banned", "address unbanned")]
    assert events == ["address banned", "address banned", "address unbanned"]


def test_wrong_usage_is_told(tmp_path: Path) -> None:
    """What was expected, and what is meant by a name."""
    cli = served_once(tmp_path / "data")
    assert "and 'bob' came; to keep an account out: `user disable`" in cli("user ban bob").err
    assert "expected a duration such as 90m" in cli("user ban 192.0.2.1 --for ever").err
    assert "--force" in cli("user ban 127.0.0.1").err
    assert cli("user unban 192.0.2.1").code == 1
