"""The benchmark on a small load: that everything it counts was really delivered, not how fast."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from benchlib import report
from benchlib.catalogue import choose
from benchlib.process import HOST, free_port

from tests.support.waiting import until

BENCH = Path(__file__).resolve().parents[2] / "tools" / "bench.py"
LISTENERS = {
    "room-32": 11,
    "room-1": 11,
    "rooms": 3,
    "paced": 11,
    "scale": 3,
    "tls-32": 11,
    "web-32": 11,
    "tls-paced": 11,
    "web-paced": 11,
    "members-10": 9,
    "connections-20": 9,
    "history-1000": 9,
}
"""Members that receive each message in the quick form of the workloads."""

SUITES = ("standard", "limits", "curves", "ways")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(BENCH), "--quick", *arguments],
        capture_output=True,
        text=True,
        timeout=110,
    )


STARTS = """
import sys, time
from pathlib import Path
tools, home, port = sys.argv[1:]
sys.path.insert(0, tools)
from benchlib.process import HOST, Process
command = [sys.executable, "-m", "http.server", "--bind", HOST, port]
Process(command, Path(home), int(port)).start()
print("listens", flush=True)
time.sleep(600)
"""


def test_a_server_ends_with_its_bench(tmp_path: Path) -> None:
    """Also where that is killed, as after a time limit."""
    port = free_port()
    words = [sys.executable, "-c", STARTS, str(BENCH.parent), str(tmp_path), str(port)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as bench:
        assert bench.stdout is not None
        assert bench.stdout.readline() == "listens\n"
        bench.kill()

    def is_refused() -> bool:
        try:
            socket.create_connection((HOST, port), timeout=1).close()
        except ConnectionRefusedError:
            return True
        return False

    until(is_refused)


class Measures:
    """What quick runs have measured, by workload. Each suite has a run of its own, when it is first
    asked for: on a busy machine all of them take longer than a test may. document: what these runs
    have updated.
    """

    def __init__(self, place: Path) -> None:
        self.document = place / "performance.md"
        self.document.write_text("\n".join("\n".join(report.marks(suite)) for suite in SUITES))
        self._found: dict[str, dict[str, Any]] = {}
        self._run: set[str] = set()

    def __getitem__(self, workload: str) -> dict[str, Any]:
        self.runs(*(suite for suite in SUITES if workload in workloads(suite)))
        return self._found[workload]

    def runs(self, *suites: str) -> None:
        """Those that haven't run yet."""
        for suite in suites:
            if suite not in self._run:
                self._run.add(suite)
                results = self.document.with_name(f"{suite}.json")
                words = ("--processes", "2", "--json", str(results), "--update", str(self.document))
                done = run("-w", suite, *words)
                assert done.returncode == 0, done.stderr
                for one in json.loads(results.read_text())["measures"]:
                    assert one["error"] == "", one["workload"]
                    self._found[one["workload"]] = one


def workloads(suite: str) -> list[str]:
    """The names of a suite's."""
    return [one.name for one in choose([suite], quick=True, connections=None)[suite]]


@pytest.fixture(scope="module")
def measures(tmp_path_factory: pytest.TempPathFactory) -> Measures:
    return Measures(tmp_path_factory.mktemp("bench"))


@pytest.mark.parametrize("workload", LISTENERS)
def test_every_message_reaches_every_other_member_and_is_stored(
    measures: Measures, workload: str
) -> None:
    """The load checks each delivery; here, that it counted as many as there must be."""
    measure = measures[workload]
    counts = [one["count"] for one in measure["rounds"]]
    assert len(counts) == 2
    assert all(count > 0 and count % LISTENERS[workload] == 0 for count in counts)
    assert measure["stored"] == measure["sent"] > sum(counts) / LISTENERS[workload]


@pytest.mark.parametrize("workload", ["paced", "web-paced", "scale", "storm", "missed"])
def test_latency_is_measured_where_it_matters(measures: Measures, workload: str) -> None:
    """A sample for each delivery to a listener, or each return: the percentiles in their order."""
    for one in measures[workload]["rounds"]:
        latency = one["latency"]
        assert 0 < latency["p50"] <= latency["p99"] <= latency["longest"]
    assert measures["room-32"]["rounds"][0]["latency"] is None


@pytest.mark.parametrize("workload", ["login", "login-token", "login-certificate"])
def test_logins_are_counted_when_they_are_finished(measures: Measures, workload: str) -> None:
    """With each credential, over TLS 1.3."""
    assert all(one["count"] > 0 for one in measures[workload]["rounds"])
    assert measures["room-32"]["cipher"].startswith("TLSv1.3 ")


def test_idle_connections_are_weighed(measures: Measures) -> None:
    """All of them, and each batch."""
    idle = measures["idle"]
    assert idle["connections"] == 20
    assert idle["kib_each"] is not None
    assert len(idle["kib_batches"]) == 2


def test_who_comes_back_gets_what_was_missed_after_the_welcome(measures: Measures) -> None:
    """The load has checked each message of it."""
    for one in measures["missed"]["rounds"]:
        assert one["count"] == 2
        assert one["welcome"]["p50"] <= one["latency"]["p50"]


def test_all_come_back_after_a_restart(measures: Measures) -> None:
    """As many as were there, each time; and what was said meanwhile and afterwards is stored."""
    storm = measures["storm"]
    assert [one["count"] for one in storm["rounds"]] == [8, 8]
    assert storm["stored"] == storm["sent"] > 2 * 2


def test_a_start_ends_with_the_first_welcome(measures: Measures) -> None:
    """Of a member of a room that was in the database."""
    startup = measures["startup"]
    assert [one["count"] for one in startup["rounds"]] == [1, 1]
    assert all(one["server_cpu"] > 0 for one in startup["rounds"])
    assert startup["resident_kib"] > 0


def test_a_soak_says_as_many_messages_as_it_promises(measures: Measures) -> None:
    """A quarter for the warm-up and four that count, with the memory before, between and after."""
    soak = measures["soak"]
    assert [one["count"] for one in soak["rounds"]] == [200 * 3] * 4
    assert soak["sent"] == soak["stored"] == 1000
    assert len(soak["samples"]) == 5


def test_the_results_are_put_into_a_document(measures: Measures) -> None:
    """Each suite's between its marks, with the plots of the curves."""
    measures.runs(*SUITES)
    document = measures.document
    text = document.read_text()
    for suite, title in (
        ("standard", "### Paced: 12 members, 50 messages a second in all"),
        ("limits", "### Memory in the course of 800 messages"),
        ("curves", "### Cost against the size of the room"),
        ("ways", "### The same by WebSockets"),
    ):
        begin, end = report.marks(suite)
        assert title in text.partition(begin)[2].partition(end)[0]
    for name in ("members", "connections", "history"):
        assert f"](plots/{name}.svg)" in text
        assert (document.parent / "plots" / f"{name}.svg").is_file()


def test_a_server_that_is_not_there_is_told_without_a_traceback(tmp_path: Path) -> None:
    """The other servers are measured all the same, and the exit code says that one was not."""
    results = tmp_path / "results.json"
    elsewhere = ("--connect", "127.0.0.1:1", "--called", "Ergo")
    done = run("-w", "missed", "-w", "rooms", *elsewhere, "--json", str(results))
    missed, ours, missing = json.loads(results.read_text())["measures"]
    assert done.returncode == 1
    assert missed["error"] == ours["error"] == ""
    assert missing["server"] == "Ergo"
    assert "ECONNREFUSED" in missing["error"]
    assert "Traceback" not in done.stderr


def test_a_document_without_marks_is_told_before_anything_is_measured(tmp_path: Path) -> None:
    """Not after minutes."""
    document = tmp_path / "README.md"
    document.write_text("words\n")
    done = run("--update", str(document))
    assert done.returncode == 1
    assert "expected the lines <!-- measured standard: begin -->" in done.stderr
    assert "log in" not in done.stderr


def test_tags_are_asked_for_and_carried(tmp_path: Path) -> None:
    """With --tags the same load runs once more, with what the server has acknowledged."""
    results = tmp_path / "results.json"
    done = run("-w", "rooms", "--tags", "--json", str(results))
    assert done.returncode == 0, done.stderr
    plain, tagged = json.loads(results.read_text())["measures"]
    assert plain["granted"] == ["sasl"]
    assert tagged["granted"] == ["account-tag", "message-tags", "sasl", "server-time"]
    assert tagged["stored"] == tagged["sent"] > 0
