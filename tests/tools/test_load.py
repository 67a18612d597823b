"""What a workload asks of the load: who talks where, who is in which process, what must come."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import cast

import pytest
from benchlib import catalogue, orders, servers
from benchlib.chat import Chat, Talk
from benchlib.client import User
from benchlib.link import Address
from benchlib.load import Load, LoadError, shares
from benchlib.process import Process, StartError, running
from benchlib.servers import Key, Server
from benchlib.workload import Settings

ADDRESS = Address("127.0.0.1", 1, 2, ("127.0.0.1", 1))
SERVER = Server(ADDRESS, None, lambda number: Key(servers.nick(number)))


def quartet() -> Talk:
    """Four in a room, one of whom talks; five of its messages came in the first round."""
    chat = Chat("room-32", clients=4, rooms=1, senders=1, window=32)
    talk = Talk(cast(Load, None), SERVER, chat.users(SERVER))
    talk.check({"#load0": {0: 5}}, [received(15)])
    return talk


def received(deliveries: int, order: str = "x") -> orders.Received:
    return orders.Received(deliveries, 0.0, 0.0, orders={"#load0": order})


def test_a_round_has_a_delivery_for_each_message_and_other_member() -> None:
    """Two messages, three who listen: six."""
    quartet().check({"#load0": {0: 7}}, [received(2), received(4)])
    with pytest.raises(LoadError, match="expected 6 deliveries, 5 came"):
        quartet().check({"#load0": {0: 7}}, [received(2), received(3)])


def test_all_processes_of_the_load_must_see_one_order() -> None:
    """Members of one room may be in different processes."""
    with pytest.raises(LoadError, match="different orders"):
        quartet().check({"#load0": {0: 7}}, [received(2, "x"), received(4, "y")])


def test_rooms_are_not_torn_apart_between_processes() -> None:
    """Where there are enough of them; a single room is shared by all."""
    pairs = [User(number, f"load{number}", room=f"#load{number // 2}") for number in range(6)]
    halves = shares(pairs, 2)
    assert [[user.number for user in half] for half in halves] == [[0, 1, 2, 3], [4, 5]]
    alone = [User(number, f"load{number}", room="#load0") for number in range(6)]
    assert [[user.number for user in half] for half in shares(alone, 2)] == [[0, 1, 2], [3, 4, 5]]


@pytest.mark.parametrize(
    ("rooms", "senders", "talking"),
    [(1, 3, {0: 3}), (4, 4, {0: 1, 1: 1, 2: 1, 3: 1}), (4, 2, {1: 1, 3: 1})],
    ids=["one room", "one in each", "fewer than rooms"],
)
def test_senders_are_spread_over_the_rooms(
    rooms: int, senders: int, talking: dict[int, int]
) -> None:
    """And in a room over its members; where there are fewer than rooms some rooms are silent."""
    chat = Chat("x", clients=12, rooms=rooms, senders=senders, window=1)
    users = chat.users(SERVER)
    found: dict[int, int] = {}
    for user in users:
        if user.talks:
            room = int(user.room.removeprefix("#load"))
            found[room] = found.get(room, 0) + 1
    assert found == talking
    assert [user.number for user in users] == list(range(12))


def test_the_first_round_is_a_shorter_warm_up() -> None:
    """And is one more than what was asked for."""
    settings = Settings(1, seconds=6.0, repeats=3, size=64, say=lambda text: None)
    assert settings.lengths == [2.0, 6.0, 6.0, 6.0]


# --- the catalogue -------------------------------------------------------------------------------


def test_each_workload_has_a_name_of_its_own_and_a_title() -> None:
    """At its full size, and at the tiny one; a curve has one title for all its points."""
    for quick in (False, True):
        chosen = catalogue.choose(catalogue.GROUPS, quick=quick, connections=None)
        found = [one for workloads in chosen.values() for one in workloads]
        names = [one.name for one in found]
        assert len(set(names)) == len(names)
        assert all(catalogue.title(one) for one in found if one.name in catalogue.TITLES)
        assert sum(one.name in catalogue.TITLES for one in found) == len(found) - sum(
            hasattr(one, "curve") for one in found
        )


def test_a_suite_stands_for_its_parts_once() -> None:
    """Whether they are named beside it or not."""
    whole = catalogue.choose(["limits"], quick=False, connections=None)
    assert catalogue.choose(["limits", "storm"], quick=False, connections=None) == whole
    assert list(whole) == ["limits"]
    assert [one.name for one in whole["limits"]][:2] == ["scale", "missed"]


def test_the_largest_workload_takes_as_many_files_as_it_may_have(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In whole rooms; the others don't change."""
    monkeypatch.setattr(catalogue, "files_allowed", lambda: 1225.0)
    (scale,) = catalogue.choose(["scale"], quick=False, connections=None)["limits"]
    assert isinstance(scale, Chat)
    assert (scale.clients, scale.rooms, scale.senders) == (1020, 102, 102)
    assert catalogue.title(scale).startswith("1,020 connections")
    (rooms,) = catalogue.choose(["rooms"], quick=False, connections=None)["standard"]
    assert rooms.connections == 1000


def test_the_number_of_connections_can_be_given() -> None:
    """For idle ones there is then only this number."""
    chosen = catalogue.choose(["idle", "scale"], quick=False, connections=500)
    assert [one.name for one in chosen["standard"]] == ["idle"]
    assert chosen["standard"][0].connections == 525  # with those that warm it up
    assert chosen["limits"][0].connections == 500


# --- a server's process --------------------------------------------------------------------------


def test_a_server_that_does_not_start_says_what_it_wrote(tmp_path: Path) -> None:
    """And leaves no process behind."""
    script = "import sys; print('the port is taken'); sys.exit(1)"
    process = Process([sys.executable, "-c", script], tmp_path, port=1)
    with pytest.raises(StartError, match="the port is taken"), running(process):
        pass
    assert process.pid is None


def test_a_server_elsewhere_is_not_restarted() -> None:
    """It isn't ours."""
    with pytest.raises(StartError, match="was not started by this program"):
        SERVER.own_process()


def test_a_server_elsewhere_may_lack_accounts() -> None:
    """Told before anything is measured with fewer."""
    subject = servers.elsewhere("Ergo", ADDRESS, None, None, [Key("anna", "secret")])
    with subject.start(servers.Plan(2)) as server:
        assert server.user(0).nick == "anna"
        assert server.user(0).mechanism == "PLAIN"
        with pytest.raises(StartError, match="1 accounts are given"):
            server.user(1)
