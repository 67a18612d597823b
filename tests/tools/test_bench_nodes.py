"""The benchmark of several nodes: what is counted for each of them, and how it is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from benchlib.catalogue import GROUPS
from benchlib.client import Client, User
from benchlib.link import Address, Link
from benchlib.nodes import Kind, cores_for, kinds_of, remark_on
from benchlib.results import Measure, Round
from benchlib.servers import Key, Node, Server
from benchlib.stream import Checker, EchoedTalker, WrongError, compose
from benchlib.talking import Room
from benchlib.together import Together, gains

from tests.support.postgres import programs
from tests.tools.test_bench import run

ONE, TWO = (Address("chat.test", port, 0, ()) for port in (1, 2))
SIZE = 64


# --- a whole run ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def measures(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Of the paced workload: with a file, and at two nodes over PostgreSQL with a standby."""
    if programs() is None:
        pytest.skip("PostgreSQL isn't installed: apt-get install postgresql")
    results = tmp_path_factory.mktemp("bench") / "results.json"
    # A socket's path may have 107 characters, and another user must come to it.
    place = "/dev/shm" if Path("/dev/shm").is_dir() else "/tmp"
    words = ("-w", "nodes-paced", "--processes", "2", "--directory", place)
    done = run(*words, "--json", str(results))
    assert done.returncode == 0, done.stderr
    assert "last one at another node, p99 ms" in done.stdout
    found: list[dict[str, Any]] = json.loads(results.read_text())["measures"]
    return found


def test_each_node_is_measured_and_so_is_each_database(measures: list[dict[str, Any]]) -> None:
    """What the nodes have said of themselves, too."""
    file, nodes = measures
    assert [file["server"], nodes["server"]] == ["SQLite", "2 nodes, standby"]
    assert nodes["stored"] == nodes["sent"] > 0
    assert len(nodes["waited"]) == len(nodes["held"]) == 2
    for one in nodes["rounds"]:
        assert one["messages"] * 11 == one["count"]
        assert len(one["each_cpu"]) == len(one["databases_cpu"]) == 2
        assert all(seconds > 0 for seconds in one["each_cpu"])
        assert sum(one["each_cpu"]) == pytest.approx(one["server_cpu"])
    assert len(file["rounds"][0]["each_cpu"]) == 1
    assert file["waited"] == file["rounds"][0]["databases_cpu"] == []


def test_the_echo_comes_before_the_last_one_elsewhere_has_it(
    measures: list[dict[str, Any]],
) -> None:
    """Of the two, as they are over all messages."""
    for measure in measures:
        for one in measure["rounds"]:
            assert 0 < one["echo"]["p50"] <= one["echo"]["p99"]
            assert 0 < one["apart"]["p50"] <= one["apart"]["p99"]


# --- where people are ----------------------------------------------------------------------------


def test_those_who_talk_and_those_who_listen_are_spread_over_the_nodes() -> None:
    """Each of the two evenly, whatever their places in the rooms are."""
    workload = GROUPS["nodes-rooms"].full[0]
    assert isinstance(workload, Together)
    nodes = [Node(address, None, None) for address in (ONE, TWO)]  # type: ignore[arg-type]
    server = Server(ONE, None, lambda number: Key(f"load{number}"), nodes=nodes)
    users = workload.users(server)
    for talks in (True, False):
        places = [user.address for user in users if user.talks is talks]
        assert places.count(ONE) == places.count(TWO) > 0


def member(number: int, at: Address, *, talks: bool = False) -> Client:
    user = User(number, f"load{number}", room="#load0", talks=talks, address=at)
    client = Client(user, Link.__new__(Link), frozenset(), lambda client: None)
    client.granted = {"echo-message"}
    return client


def said(sender: int) -> bytes:
    text = compose(sender, 0, 1000, SIZE)
    return b":load%d!load%d@host PRIVMSG #load0 :%s\r\n" % (sender, sender, text)


def test_the_last_one_counts_who_is_at_another_node() -> None:
    """The listener beside the sender doesn't, however late it is."""
    talker, near, far = member(0, ONE, talks=True), member(1, ONE), member(2, TWO)
    elsewhere = member(3, TWO, talks=True)
    room = Room("#load0", [talker.user, elsewhere.user], SIZE)
    room.enter([talker, near, far, elsewhere])
    last: dict[tuple[int, int], int] = {}
    room.begin(None, None, last)
    near.sink(said(0))
    assert last == {}
    far.sink(said(0))
    assert list(last) == [(0, 0)]


def test_an_echo_is_waited_for() -> None:
    """And what it says is checked."""
    talker, listener = member(0, ONE, talks=True), member(1, ONE)
    room = Room("#load0", [talker.user], SIZE)
    room.enter([talker, listener])
    listener.sink(said(0))
    assert room.waiting({0: 1}) == [talker]
    talker.sink(said(0))
    assert room.waiting({0: 1}) == []
    own = Checker(b"#load0", {0: b"load0"}, SIZE)
    alone = EchoedTalker(Checker(b"#load0", {}, SIZE), lambda line: None, own, lambda: 0)
    with pytest.raises(WrongError, match="was changed"):
        alone.feed(said(0).replace(b"wizards", b"witches").replace(b"quick", b"quack"))


# --- what is told --------------------------------------------------------------------------------


def measure(server: str, nodes: int, rate: int) -> Measure:
    found = Round(rate, 1.0, 1.0, 1.0, messages=rate // 9, each_cpu=[0.5] * nodes)
    return Measure(server, "nodes-rooms", [found], waited=[0.1] * nodes, held=[0.4] * nodes)


def test_several_nodes_stand_beside_one_and_the_model() -> None:
    """With a standby beside one with a standby."""
    workload = GROUPS["nodes-rooms"].full[0]
    measures = [
        measure("1 node", 1, 9000),
        measure("2 nodes", 2, 12600),
        measure("1 node, standby", 1, 4500),
        measure("2 nodes, standby", 2, 9000),
    ]
    assert gains(measures, [workload]).splitlines()[2:] == [
        "| nodes-rooms | 2 nodes | 1.40 | 1.75 |",
        "| nodes-rooms | 2 nodes, standby | 2.00 | 1.75 |",
    ]
    shown = {column.title: column.show(measures[1]) for column in workload.columns}
    assert shown["each node"] == "357.1, 357.1"
    assert shown["has its turn"] == "40 %, 40 %"


def test_it_is_told_whether_nodes_share_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    """What they gain can't be seen on a core that they share."""
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: {0, 1, 2, 3})
    assert cores_for(2) == [0, 1]
    assert cores_for(3) == []
    assert "a core of its own" in remark_on([Kind(2)])
    assert "too few cores for 3 nodes" in remark_on(kinds_of([1, 2, 3]))
