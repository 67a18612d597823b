"""An administrator at a machine whose own node doesn't run, while another one does."""

from __future__ import annotations

from tests.support.node_processes import Processes


def test_what_is_asked_another_node_answers(nodes: Processes) -> None:
    a = nodes.begins("a")
    alice = a.member("alice")
    cli = nodes.cli("first")
    assert "In effect" in cli("user disable bob").err
    said = cli("user sessions alice")
    assert said.code == 0
    assert "127.0.0.1" in said.out
    assert cli("user logout alice").code == 0
    assert any("ERROR" in line for line in alice.hears_the_end())


def test_the_database_is_not_moved_away_under_it(nodes: Processes) -> None:
    a = nodes.begins("a")
    alice = a.member("alice")
    said = nodes.cli("first")("move --to-file")
    assert said.code == 1
    assert "nodes run on this database (a)" in said.err
    assert not (nodes.cli("first").data / "securechat.db").exists()
    alice.says("PRIVMSG #lobby :still here")
    assert alice.says("PING :x")
