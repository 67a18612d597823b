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

from securechat.server.leaving import COME_AGAIN, MOVES
from securechat.store.admin import Admin
from securechat.store.errors import ConflictError, UnknownError
from securechat.store.postgres.location import PostgresLocation
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
