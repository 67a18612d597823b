"""What an administrator asks for is done by the right one of several nodes."""

from __future__ import annotations

import json
import signal
import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from securechat.server.metrics import Figure
from securechat.server.nodes import TELL_SECONDS
from securechat.store.postgres.node_journal import NodeJournal
from tests.support.admin_cli import GOOD
from tests.support.certificates import Authority
from tests.support.links import PATIENCE
from tests.support.node_processes import Processes
from tests.support.server import ServerUnderTest
from tests.support.waiting import until

Two = tuple[ServerUnderTest, ServerUnderTest]


def test_what_is_about_a_process_is_asked_of_the_right_one(nodes: Processes) -> None:
    """This machine's, or the one that is named; none where it doesn't run."""
    north, south = nodes.begins("north"), nodes.begins("south")
    cli = nodes.cli("north")
    for _ in range(3):  # whichever looks first
        assert cli("reload").code == 0
    until(lambda: north.log.count("configuration reloaded") == 3)
    assert "configuration reloaded" not in south.log
    assert cli("reload --node south").code == 0
    south.logs("configuration reloaded")
    found = json.loads(cli("config --node south --json").out)["values"]
    assert {"key": "cluster.node", "value": "south"}.items() <= {
        key: value for one in found if one["key"] == "cluster.node" for key, value in one.items()
    }.items()
    south.tell(signal.SIGTERM)
    south.ends()
    for words in ("reload --node south", "config --node south"):
        said = cli(words)
        assert (said.code, said.out) == (1, "")
        assert "there is no node 'south' that runs; those that do: north" in said.err


def test_status_tells_of_the_nodes(nodes: Processes) -> None:
    """Who is where, and what one node waits for."""
    north, south = nodes.begins("north"), nodes.begins("south")
    people = north.member("alice"), south.member("bob"), south.member("carol")
    cli = nodes.cli("north")

    def figures(node: str = "") -> dict[str, Any]:
        found: dict[str, Any] = json.loads(cli(f"status {node} --json").out)["server"]["figures"]
        return found

    # Each looks once a second.
    while (
        figures()["sessions_elsewhere"] != 2 or figures("--node south")["sessions_elsewhere"] != 1
    ):
        assert all(person.hears() is not None for person in people)
    assert (figures()["sessions"], figures()["node_others_up"]) == (1, 1)
    shown = cli("status").out
    assert "node         north; other nodes that are up: 1, with 2 sessions" in shown
    assert "its turn     half of them within" in shown
    there = json.loads(cli("status --node south --json").out)["server"]
    assert (there["node"], there["figures"]["sessions"]) == ("south", 2)
    said = cli("status --node west")
    assert (said.code, "there is no node 'west' that runs" in said.out) == (1, True)


def test_where_this_machines_node_is_down_another_one_does_it(nodes: Processes) -> None:
    """Of what is the chat's, and no machine's."""
    north, south = nodes.begins("north"), nodes.begins("south")
    alice = south.member("alice")
    north.tell(signal.SIGTERM)
    assert north.ends() == 0
    cli = nodes.cli("north")
    said = cli("user add dave --password-stdin", GOOD)
    assert (said.code, "In effect" in said.err) == (0, True)
    said = cli("channel topic '#lobby' tea")
    assert said.code == 0, said.err
    assert any("TOPIC #lobby :tea" in line for line in alice.hears())
    assert "no server runs on" in cli("status").out


def test_each_node_has_its_own_address_and_certificate(nodes: Processes, tmp_path: Path) -> None:
    """Whichever started last; in links, in what is checked, and where it is down."""
    authority, servers = Authority(), {}
    for name, day in (("north", 40), ("south", 80)):
        place = tmp_path / f"{name}-tls"
        place.mkdir()
        issued = authority.server("localhost", "127.0.0.1", lasts=timedelta(days=day))
        certificate, _ = issued.write(place, "server")
        servers[name] = nodes.begins(name, tls={"cert": str(certificate)})
    ca = authority.write(tmp_path)
    alice = servers["north"].connect(ca=ca)
    nodes.cli("first")("user admin alice")
    alice.logs_in("alice", caps="securechat/administration")
    for name, day in (("north", 39), ("south", 79)):
        cli = nodes.cli(name)
        for words in ("invite", "invite --login"):
            link = cli(words).out.strip()
            assert f":{servers[name].port}/" in link, link
        said = cli("check").out
        assert f"{tmp_path / f'{name}-tls' / 'server.pem'} is valid for {day} more days" in said
    alice.sends('ADMINISTER invite :{"note": "class 7b"}')
    made = alice.hears_until("ADMINISTER END")
    assert any(f":{servers['north'].port}/" in line for line in made), made
    for server in servers.values():
        server.tell(signal.SIGTERM)
        server.ends()
    found = json.loads(nodes.cli("north")("status --json").out)
    assert 38 < found["certificate_days_left"] < 40
    found = json.loads(nodes.cli("north")("status --node south --json").out)
    assert found["certificate_days_left"] is None


def test_the_numbers_tell_of_the_nodes(two: Two) -> None:
    """For those who watch them; what a node has elsewhere isn't counted twice."""
    a, b = two
    people = a.member("alice"), b.member("bob")

    def figures(node: ServerUnderTest) -> dict[str, Figure]:
        return {figure.name: figure for figure in node.service.watched.figures()}

    for node, name in ((a, "a"), (b, "b")):
        node.wait_for(lambda: figures(node)["sessions_elsewhere"].values == {(): 1})  # noqa: B023
        found = figures(node)
        assert found["sessions"].values == {(): 1}
        assert found["accounts_online"].values == {(): 2}
        assert found["node"].values == {(name,): 1}
        assert found["node_turns_behind"].values[()] >= 0
    assert all(person.hears() is not None for person in people)


def test_a_node_tells_what_it_had_to_take_up_at_once(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When it stood still meanwhile; and when it has kept up again, that."""
    a, b = two
    alice, hub = a.member("alice"), b.service._hub
    stands, go = threading.Event(), threading.Event()
    run_turn, end_turn = hub._run_turn, NodeJournal.end_turn
    told: list[int] = []

    def stand() -> None:
        stands.set()
        assert go.wait(PATIENCE)
        run_turn()

    def end(journal: NodeJournal, body: str | None, *more: Any) -> None:
        if journal is b.service._node_journal and more[-1] is not None:
            told.append(more[-1])
        end_turn(journal, body, *more)

    monkeypatch.setattr(hub, "_run_turn", stand)
    assert stands.wait(PATIENCE)
    for number in range(9):  # each of them has its own turn, as the answer is waited for
        alice.says(f"PRIVMSG #lobby :{number}")
    monkeypatch.setattr(NodeJournal, "end_turn", end)
    go.set()
    b.wait_for(lambda: max(told, default=0) >= 9)
    b.wait_for(lambda: told[-1] == 0)


def test_how_far_a_node_was_behind_is_not_told_with_each_turn(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But once a second, at most, and where it is news."""
    alice, bob = two[0].member("alice"), two[1].member("bob")
    end_turn = NodeJournal.end_turn
    told: dict[NodeJournal, list[object]] = {}

    def end(journal: NodeJournal, body: str | None, *more: Any) -> None:
        told.setdefault(journal, []).append(more[-1])
        end_turn(journal, body, *more)

    began = time.monotonic()
    monkeypatch.setattr(NodeJournal, "end_turn", end)
    for number in range(15):
        alice.says(f"PRIVMSG #lobby :{number}")
        bob.says(f"PRIVMSG #lobby :{number}")
    monkeypatch.setattr(NodeJournal, "end_turn", end_turn)
    most = 2 + (time.monotonic() - began) / TELL_SECONDS
    assert len(told) == 2
    for turns in told.values():
        assert len(turns) >= 15
        assert sum(behind is not None for behind in turns) <= most


def test_one_node_alone_does_what_is_done_once(two: Two) -> None:
    """The eldest; another one when that has gone."""
    a, b = two
    rules = [node.service._hub._rules for node in two]
    a.wait_for(lambda: rules[0].counts_usage)
    assert not rules[1].counts_usage
    assert a.service._retention._is_due()
    assert not b.service._retention._is_due()
    a.service.stop("This one goes")
    b.wait_for(lambda: rules[1].counts_usage)
    assert b.service._retention._is_due()
