"""`securechat-admin reload` and `config`, as they tell what the running server has answered."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.admin_cli import AdminCli


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AdminCli:
    """Beside a server that answers what the tests want."""
    monkeypatch.setattr("securechat.admin.running.ask_process", lambda _, kind, node: ANSWERS[kind])
    return AdminCli(tmp_path)


ANSWERS = {
    "reload": {
        "taken": ["server.motd"],
        "left": ["limits.io_threads"],
        "days": 89,
        "warnings": ["the certificate leaves out chat.lan"],
    },
    "config": {
        "values": [
            {"key": "server.motd", "value": "Grüß \x1b[31m", "from": "/etc/chat.toml"},
            {"key": "listen.also", "value": ["0.0.0.0:443"], "from": "default", "new": []},
            {"key": "limits.io_threads", "value": 1, "from": "default", "new": 2},
            {"key": "history.tell", "value": True, "from": "default"},
        ],
        "error": None,
    },
}


def test_what_a_reload_has_changed_is_told(cli: AdminCli) -> None:
    """And what waits, and why; what isn't wise stands on standard error."""
    said = cli("reload")
    assert said.code == 0
    assert said.out == (
        "Changed: server.motd.\n"
        "The certificate is valid for 89 more days.\n"
        "At the next start: limits.io_threads (each connection belongs to one thread for life).\n"
    )
    assert said.err == "warning: the certificate leaves out chat.lan\n"
    found = json.loads(cli("reload --json").out)
    assert (found["changed"], found["certificate_days_left"]) == (["server.motd"], 89)
    assert found["next_start"] == {
        "limits.io_threads": "each connection belongs to one thread for life"
    }


def test_the_values_in_force_are_shown(cli: AdminCli) -> None:
    """As they stand in a file, with nothing that drives a terminal; and what is another one now."""
    lines = cli("config").out.splitlines()
    assert lines[0].split() == ["KEY", "VALUE", "FROM"]
    assert lines[1].split() == ["server.motd", '"Grüß', '\\u001b[31m"', "/etc/chat.toml"]
    assert lines[4].split() == ["history.tell", "true", "default"]
    assert lines[5:] == [
        "The file has listen.also = [] by now: `reload` takes it up.",
        "The file has limits.io_threads = 2 by now: the next start takes it up.",
    ]
    assert "history.tell" not in cli("config --changed").out
    assert json.loads(cli("config --json").out) == ANSWERS["config"]
