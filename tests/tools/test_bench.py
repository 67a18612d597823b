"""The benchmark on a small load: that everything it counts was really delivered, not how fast."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

BENCH = Path(__file__).resolve().parents[2] / "tools" / "bench.py"
LISTENERS = {"room-32": 11, "room-1": 11, "rooms": 3, "paced": 11}
"""Members that receive each message in the quick form of the workloads."""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(BENCH), *arguments], capture_output=True, text=True, timeout=110
    )


@pytest.fixture(scope="module")
def measures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What a quick run of all workloads has measured, by workload."""
    results = tmp_path_factory.mktemp("bench") / "results.json"
    done = run("--quick", "--processes", "2", "--json", str(results))
    assert done.returncode == 0, done.stderr
    return {one["workload"]: one for one in json.loads(results.read_text())["measures"]}


@pytest.mark.parametrize("workload", LISTENERS)
def test_every_message_reaches_every_other_member_and_is_stored(
    measures: dict[str, dict[str, Any]], workload: str
) -> None:
    """The load checks each delivery; here, that it counted as many as there must be."""
    measure = measures[workload]
    counts = [one["count"] for one in measure["rounds"]]
    assert measure["error"] == ""
    assert len(counts) == 2
    assert all(count > 0 and count % LISTENERS[workload] == 0 for count in counts)
    assert measure["stored"] == measure["sent"] > sum(counts) / LISTENERS[workload]


def test_latency_is_measured_where_the_pace_is_given(measures: dict[str, dict[str, Any]]) -> None:
    """A sample for each delivery to a listener: the percentiles are in their order."""
    for one in measures["paced"]["rounds"]:
        latency = one["latency"]
        assert 0 < latency["p50"] <= latency["p99"] <= latency["longest"]
    assert measures["room-32"]["rounds"][0]["latency"] is None


def test_idle_connections_and_logins_are_counted(measures: dict[str, dict[str, Any]]) -> None:
    """Idle ones are weighed, logins are finished ones, and all of it is TLS 1.3."""
    assert measures["idle"]["connections"] == 20
    assert measures["idle"]["kib_each"] is not None
    assert all(one["count"] > 0 for one in measures["login"]["rounds"])
    assert measures["room-32"]["cipher"].startswith("TLSv1.3 ")


def test_a_server_that_is_not_there_is_told_without_a_traceback(tmp_path: Path) -> None:
    """The other servers are measured all the same, and the exit code says that one was not."""
    results = tmp_path / "results.json"
    arguments = ("--quick", "-w", "login", "--connect", "127.0.0.1:1", "--json", str(results))
    done = run(*arguments)
    ours, missing = json.loads(results.read_text())["measures"]
    assert done.returncode == 1
    assert ours["error"] == ""
    assert "ECONNREFUSED" in missing["error"]
    assert "Traceback" not in done.stderr


def test_tags_are_asked_for_and_carried(tmp_path: Path) -> None:
    """With --tags the same load runs once more, with what the server has acknowledged."""
    results = tmp_path / "results.json"
    done = run("--quick", "-w", "rooms", "--tags", "--json", str(results))
    assert done.returncode == 0, done.stderr
    plain, tagged = json.loads(results.read_text())["measures"]
    assert plain["granted"] == ["sasl"]
    assert tagged["granted"] == ["account-tag", "message-tags", "sasl", "server-time"]
    assert tagged["stored"] == tagged["sent"] > 0
