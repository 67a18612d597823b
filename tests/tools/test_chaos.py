"""The checker of the chaos: it finds each promise that is broken, and nothing where none is."""

from __future__ import annotations

import re
from contextlib import closing
from pathlib import Path

import pytest
from chaos import main
from chaoslib.checker import Connection, Record, check, differences
from chaoslib.cluster import Cluster
from chaoslib.faults import FAULTS, WEAKNESSES
from chaoslib.inside import BREAKS
from chaoslib.network import Sockets
from chaoslib.stage import Stage
from click.testing import CliRunner

from tests.support.postgres import place_for_servers, programs

LOG = [(1, "a.1"), (2, "b.1"), (3, "a.2")]
SEED = 7


def record(*heard: list[tuple[int, str]], refused: tuple[str, ...] = ()) -> Record:
    """Of a, whose echoes are what a has heard of its own, and who stays to the end."""
    connections = [
        Connection(one, [entry for entry in one if entry[1].startswith("a.")]) for one in heard
    ]
    connections[-1].to_the_end = True
    return Record("a", connections, set(refused))


# --- the checker alone ---------------------------------------------------------------------------


def test_nothing_is_found_where_all_is_well() -> None:
    """Also where the connection was lost, and something is told again."""
    assert check([record(LOG)], LOG) == []
    assert check([record(LOG[:2], LOG[1:])], LOG) == []


@pytest.mark.parametrize(
    ("heard", "log", "finding"),
    [
        ([LOG], [*LOG, (4, "a.2")], "stored twice: 1, as a.2"),
        ([LOG], LOG[:2], "echoed to a and not stored: 1, as (3, 'a.2')"),
        ([LOG], [LOG[0], LOG[2]], "seen by a and not stored: 1, as (2, 'b.1')"),
        ([[LOG[0], LOG[2], LOG[1]]], LOG, "in another order than the log's: 1, as (2, 'b.1')"),
        ([LOG[1:], LOG[:1]], LOG, "in another order than the log's: 1, as (1, 'a.1')"),
        ([[LOG[0], LOG[2]]], LOG, "missed by a while connected: 1, as (2, 'b.1')"),
        ([LOG[:2]], LOG, "missed by a while connected: 1, as (3, 'a.2')"),
        ([LOG[:1], LOG[2:]], LOG, "never told to a: 1, as (2, 'b.1')"),
    ],
)
def test_each_broken_promise_is_found(
    heard: list[list[tuple[int, str]]], log: list[tuple[int, str]], finding: str
) -> None:
    assert any(finding in found for found in check([record(*heard)], log))


def test_what_was_refused_must_not_be_stored() -> None:
    assert check([record(LOG[:2], refused=("a.2",))], LOG[:2]) == []
    [found, *_] = check([record(LOG, refused=("a.2",))], LOG)
    assert found == "refused to a and stored all the same: 1, as a.2"


def test_a_model_is_compared_in_its_parts() -> None:
    one, other = (
        {"accounts": {"1": {"admin": "0", "bot": "0"}}},
        {"accounts": {"1": {"admin": "1"}}},
    )
    assert differences(one, other) == [
        "the model, accounts, 1, admin: it is 0, and a start loads 1",
        "the model, accounts, 1, bot: it is 0, and a start loads None",
    ]
    assert differences(one, one) == []


# --- a server, its database and their faults -----------------------------------------------------


def test_a_short_run_finds_nothing(tmp_path: Path) -> None:
    """One server and one standby. Longer ones, with several nodes, and that the checker finds what
    is broken on purpose: see .ci/run.
    """
    found = programs()
    if found is None:
        pytest.skip("PostgreSQL isn't installed: apt-get install postgresql")
    with place_for_servers() as place:
        network = Sockets(place)
        with closing(network), closing(Cluster(found, place, network, standbys=1)) as cluster:
            stage = Stage(cluster, tmp_path, seed=SEED, people=2)
            with closing(stage):
                for name in ("cut-before-commit", "wait-ended"):
                    stage.befall(name, FAULTS[name])
                assert stage.end() == []
            assert stage.counts["messages stored"] > 0


# --- the program ---------------------------------------------------------------------------------


def test_it_names_what_there_is() -> None:
    """Each fault with a sentence, and each way to break it."""
    lines = CliRunner().invoke(main, ["--list"]).output.splitlines()
    assert len(lines) == len(FAULTS) + len(WEAKNESSES)
    assert all(len(line.split()) > 3 for line in lines)
    assert set(BREAKS) < set(WEAKNESSES)


def test_each_weakness_has_faults_that_show_it() -> None:
    for weakness in WEAKNESSES.values():
        assert set(weakness.shown_by) <= set(FAULTS)
        re.compile(weakness.finding)


@pytest.mark.parametrize("words", ["no-such-fault", "node-killed=", "node-killed=0", "slow=often"])
def test_a_fault_that_there_is_not_is_refused(words: str) -> None:
    done = CliRunner().invoke(main, ["--fault", words])
    assert done.exit_code == 2
    assert "expected" in done.output
