"""The figures as they are told, and how they get into a document."""

from __future__ import annotations

from array import array
from pathlib import Path

import pytest
from benchlib import orders, report, targets
from benchlib.client import User
from benchlib.crew import CrewError, shares
from benchlib.results import Latency, Measure, Round, latency_of
from benchlib.workloads import Chat


def measure(server: str, workload: str, *cpu: float, count: int = 1_000_000) -> Measure:
    """A measure with a round for each of these seconds of CPU."""
    return Measure(server, workload, [Round(count, 2.0, one, 0.5) for one in cpu])


def test_the_median_and_the_spread_are_told() -> None:
    """Microseconds of CPU for each delivery, of three rounds."""
    assert report.show(measure("a", "room-32", 0.3, 0.1, 0.2).server_us, 2) == "0.20 (0.10 to 0.30)"


def test_percentiles_are_of_all_samples() -> None:
    """99 in 100 are not above the p99."""
    samples = array("q", [number * 1_000_000 for number in range(1, 101)])
    assert latency_of(samples) == Latency(51.0, 100.0, 100.0)


@pytest.mark.parametrize(("cpu", "met"), [(0.4, "yes"), (0.6, "**no**")])
def test_a_target_compares_two_servers_of_one_run(cpu: float, met: str) -> None:
    """At most half of InspIRCd's CPU in the busy room."""
    compared = targets.compare(
        [measure("securechat", "room-32", cpu), measure("InspIRCd", "room-32", 1.0)]
    )
    assert f"| {cpu:.2f} | ≤ 0.5 × InspIRCd | {met} |" in compared


def test_without_a_peer_nothing_is_compared() -> None:
    """A peer that failed is none."""
    failed = Measure("InspIRCd", "room-32", error="not started")
    assert targets.compare([measure("securechat", "room-32", 0.4), failed]) == ""


def test_a_failed_measure_is_told_beside_the_others() -> None:
    """The first line of its error."""
    failed = Measure("ngIRCd", "room-32", error="does not listen. It wrote:\nmuch")
    text = report.tables([measure("securechat", "room-32", 0.4), failed], {"room-32": "A room"})
    assert "| securechat | 500,000 | 0.40 |" in text
    assert text.endswith("ngIRCd could not be measured: does not listen. It wrote:")


def test_only_what_stands_between_the_marks_is_replaced(tmp_path: Path) -> None:
    """The words around the figures stay."""
    document = tmp_path / "performance.md"
    document.write_text(f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n")
    report.put_into(document, "new")
    assert document.read_text() == f"before\n{report.BEGIN}\n\nnew\n\n{report.END}\nafter\n"


def test_a_document_without_marks_is_left_alone(tmp_path: Path) -> None:
    """It is not known where the figures belong."""
    document = tmp_path / "README.md"
    document.write_text("words\n")
    with pytest.raises(report.ReportError, match="expected the lines"):
        report.put_into(document, "new")
    assert document.read_text() == "words\n"


# --- what a workload expects ---------------------------------------------------------------------

QUARTET = Chat("room-32", clients=4, rooms=1, senders=1, window=32)
BEFORE = {"#load0": {0: 5}}
AFTER = {"#load0": {0: 7}}


def received(deliveries: int, order: str = "x") -> orders.Received:
    return orders.Received(deliveries, 0.0, 0.0, orders={"#load0": order})


def test_a_round_has_a_delivery_for_each_message_and_other_member() -> None:
    """Two messages, three who listen: six."""
    QUARTET.check(AFTER, BEFORE, [received(2), received(4)])
    with pytest.raises(CrewError, match="expected 6 deliveries, 5 came"):
        QUARTET.check(AFTER, BEFORE, [received(2), received(3)])


def test_all_processes_of_the_load_must_see_one_order() -> None:
    """Members of one room may be in different processes."""
    with pytest.raises(CrewError, match="different orders"):
        QUARTET.check(AFTER, BEFORE, [received(2, "x"), received(4, "y")])


def test_rooms_are_not_torn_apart_between_processes() -> None:
    """Where there are enough of them; a single room is shared by all."""
    pairs = [User(number, f"load{number}", room=f"#load{number // 2}") for number in range(6)]
    halves = shares(pairs, 2)
    assert [[user.number for user in half] for half in halves] == [[0, 1, 2, 3], [4, 5]]
    alone = [User(number, f"load{number}", room="#load0") for number in range(6)]
    assert [[user.number for user in half] for half in shares(alone, 2)] == [[0, 1, 2], [3, 4, 5]]
