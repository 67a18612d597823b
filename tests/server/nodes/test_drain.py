"""A node is taken out of service: its people go to another one, and its process ends."""

from __future__ import annotations

import json
import queue
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from securechat.admin.node_states import shown_silence
from securechat.server import nodes as server_nodes
from securechat.server.leaving import COME_AGAIN, MOVES
from securechat.store.admin import Admin
from securechat.store.errors import ConflictError, UnknownError
from securechat.store.postgres.location import PostgresLocation
from tests.server.nodes.conftest import Begin
from tests.support.admin_cli import AdminCli
from tests.support.client import of, source
from tests.support.json_tables import check_fields
from tests.support.links import PATIENCE
from tests.support.node_processes import Processes
from tests.support.server import ServerUnderTest, running

Two = tuple[ServerUnderTest, ServerUnderTest]


@pytest.fixture
def admin(there: PostgresLocation) -> Iterator[Admin]:
    with closing(Admin(there)) as found:
        yield found


def test_a_node_is_taken_out_of_service(nodes: Processes) -> None:
    """From the machine of any node. It ends in order, so that nothing starts it again."""
    north, south = nodes.begins("north"), nodes.begins("south")
    alice, bob = north.member("alice"), south.member("bob")
    assert alice.hears() == [f"{source('bob')} JOIN #lobby"]
    cli = nodes.cli("north")
    said = cli("nodes drain south")
    assert (said.code, said.out) == (0, "south is out of service.\n")
    assert "south: 1 session is left.\nsouth: 0 sessions are left.\n" in said.err
    assert bob.hears_the_end()[-1] == f"ERROR :Closing link: {COME_AGAIN}"
    assert of(alice.hears(), "QUIT")[0].params == [MOVES]
    assert south.ends() == 0
    assert "stopping: this node is out of service" in south.log
    assert [(one["name"], one["state"]) for one in json.loads(cli("nodes --json").out)] == [
        ("north", "up"),
        ("south", "gone"),
    ]
    # It comes again as if nothing had been.
    again = nodes.begins("south")
    again.member("bob")
    assert f"{source('bob')} JOIN #lobby" in alice.hears()


def test_a_node_is_forgotten_once_it_is_gone(nodes: Processes, admin: Admin) -> None:
    """And once nobody is told of its address."""
    south = nodes.begins("south")
    place = f"127.0.0.1:{south.port}"
    north = nodes.begins("north", server={"addresses": ["north.example", place]})
    cli = nodes.cli("north")
    said = cli("nodes forget south")
    assert (said.code, said.err.count("addresses")) == (1, 1)
    assert place in said.err
    nodes.configure("north", server={"addresses": ["north.example"]})
    assert cli("reload").code == 0
    north.logs("configuration reloaded")
    said = cli("nodes forget south")
    assert (said.code, "south is in service: end it first" in said.err) == (1, True)
    assert cli("nodes drain south").code == 0
    assert admin.nodes is not None
    assert {*admin.nodes.own_facts()} == {"north", "south"}
    assert cli("nodes forget south").out == "south is forgotten.\n"
    assert {*admin.nodes.own_facts()} == {"north"}
    assert [one["name"] for one in json.loads(cli("nodes --json").out)] == ["north"]
    said = cli("nodes forget south")
    assert (said.code, "there is no node 'south'" in said.err) == (1, True)
    assert "node forgotten" in cli("audit").out


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.4, "0 s"), (119.0, "119 s"), (121.0, "2 min"), (7300.0, "2 h"), (9e6, "104 d")],
)
def test_how_long_a_node_was_silent_can_be_read(seconds: float, shown: str) -> None:
    """Also where that was for months."""
    assert shown_silence(seconds) == shown


def test_an_address_without_a_node_is_told_to_nobody(
    begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once the node has been gone for long; who is here is told, too."""
    b = begin("b", "alice")
    place = f"127.0.0.1:{b.port}"
    a = begin("a", server={"name": "chat.test", "addresses": ["a.example:7000", place]})
    alice = a.connect()
    [told] = [one for one in alice.logs_in("alice") if "securechat/ADDRESSES=" in one]
    assert f"securechat/ADDRESSES=a.example:7000,{place} " in told
    b.service.stop("This one goes")
    monkeypatch.setattr(server_nodes, "LONG_GONE_SECONDS", 0.0)
    assert " securechat/ADDRESSES=a.example:7000 " in alice.hears_until("securechat/ADDRESSES")[-1]


def test_what_one_sees_of_the_nodes(nodes: Processes) -> None:
    """All of it, from the machine of one."""
    north, south = nodes.begins("north"), nodes.begins("south")
    people = north.member("alice"), north.member("bob"), south.member("carol")
    said = nodes.cli("south")("nodes")
    [head, first, second] = said.out.splitlines()
    assert head.split() == [
        *("NAME", "VERSION", "ADDRESS", "SINCE", "SESSIONS"),
        *("BEHIND", "SILENT", "STATE", "MACHINE"),
    ]
    assert first.split()[:3:2] == ["north", f"127.0.0.1:{north.port}"]
    assert first.endswith(f"up     {socket.gethostname()}")
    assert second.endswith("up     this one")
    found: list[dict[str, Any]] = json.loads(nodes.cli("south")("nodes --json").out)
    assert [(one["name"], one["sessions"], one["here"]) for one in found] == [
        ("north", 2, False),
        ("south", 1, True),
    ]
    for one in found:
        check_fields("node", one)
        assert one["silent_seconds"] < 10
        assert one["machine"] == socket.gethostname()
    assert all(person.hears() for person in people[:2])


def test_a_node_may_stay_after_all(two: Two, admin: Admin) -> None:
    """It accepts nobody while it leaves, and then again."""
    _, b = two
    told: queue.SimpleQueue[None] = queue.SimpleQueue()
    b.service.on_node = lambda: told.put(None)
    states = admin.nodes
    assert states is not None
    states.drain("b")
    told.get(timeout=PATIENCE)
    b.service.follow_nodes()
    assert b.service.leaving is not None
    assert b.service.leaving.is_on
    refused(b)
    told.get(timeout=PATIENCE)
    assert b.service.leaving.is_done
    assert states.undrain("b").state == "leaving"
    told.get(timeout=PATIENCE)
    b.service.follow_nodes()
    assert b.member("bob").says("PING x")


@contextmanager
def doing(action: Callable[[], object]) -> Iterator[None]:
    """Something, again and again, beside what is done in the block."""
    done = threading.Event()

    def go_on() -> None:
        while not done.wait(0.05):
            action()

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def refused(server: ServerUnderTest) -> None:
    """Returns when nobody is accepted any more."""

    def is_refused() -> bool:
        try:
            server.connect().hangs_up()
        except OSError:
            return True
        return False

    server.wait_for(is_refused)


def test_the_last_node_is_kept(two: Two, admin: Admin) -> None:
    """Unless one means it; and one that leaves is no place to go to."""
    states = admin.nodes
    assert states is not None
    with pytest.raises(UnknownError, match="there is no node 'c' that runs; those that do: a, b"):
        states.drain("c")
    states.drain("a")
    with pytest.raises(ConflictError, match="b is the only node that is up"):
        states.drain("b")
    states.drain("b", force=True)
    assert [node.state for node in states.all()] == ["leaving", "leaving"]


def test_who_waits_is_told_that_the_node_stays(two: Two, admin: Admin) -> None:
    """Somebody else has taken it back; or it has ended, and was started again."""
    a, _ = two
    states = admin.nodes
    assert states is not None
    cli = AdminCli(a.data.path)
    with doing(lambda: states.undrain("b")):
        said = cli("nodes drain b")
    assert (said.code, said.out) == (1, "")
    assert "b stays in service, as somebody has taken that back" in said.err
    assert cli("nodes undrain b").out == "b was in service already.\n"
    assert cli("nodes drain b --no-wait").out == "b is going out of service.\n"
    assert cli("nodes undrain b").out == "b stays in service.\n"


def test_without_nodes_that_is_said(tmp_path: Path, there: PostgresLocation) -> None:
    """Of a file, and of a server that is alone on PostgreSQL."""
    with running(tmp_path / "file") as file:
        said = AdminCli(file.data.path)("nodes")
        assert (said.code, said.out) == (0, "")
        assert "has no nodes: at most one server runs on it" in said.err
    with running(tmp_path / "alone", store={"url": there.url, "single": True}) as alone:
        cli = AdminCli(alone.data.path)
        assert json.loads(cli("nodes --json").out) == []
        said = cli("nodes drain north")
        assert (said.code, f"{there} has no nodes" in said.err) == (1, True)
    said = AdminCli(tmp_path / "file")("nodes --json drain north")
    assert (said.code, "--json is not for `drain`" in said.err) == (2, True)
