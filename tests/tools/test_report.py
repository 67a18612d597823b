"""The figures as they are told, and how they get into a document."""

from __future__ import annotations

from array import array
from pathlib import Path

import pytest
from benchlib import columns, report, targets
from benchlib.chat import Chat
from benchlib.curves import Curve, Point
from benchlib.results import Latency, Measure, Round, Spread, latency_of

ROOM = Chat("room-32", clients=4, rooms=1, senders=1, window=32)
GROWTH = Curve("members", "Cost against members", "members")


def measure(server: str, workload: str, *cpu: float, count: int = 1_000_000) -> Measure:
    """A measure with a round for each of these seconds of CPU."""
    return Measure(server, workload, [Round(count, 2.0, one, 0.5) for one in cpu])


def test_the_median_and_the_spread_are_told() -> None:
    """Microseconds of CPU for each delivery, of three rounds."""
    assert (
        columns.show(measure("a", "room-32", 0.3, 0.1, 0.2).server_us, 2) == "0.20 (0.10 to 0.30)"
    )


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


def test_a_target_may_compare_different_workloads() -> None:
    """ngIRCd asks for no login, so its connects are compared with our logins by token."""
    ours = Measure("securechat", "login-token", [Round(800, 1.0, 0.4, 0.4)])
    peer = Measure("ngIRCd", "login", [Round(1000, 1.0, 0.2, 0.4)])
    assert "| 800 | ngIRCd 1,000 | 0.80 | ≥ 0.6 × ngIRCd | yes |" in targets.compare([ours, peer])


def test_without_a_peer_nothing_is_compared() -> None:
    """A peer that failed is none."""
    failed = Measure("InspIRCd", "room-32", error="not started")
    assert targets.compare([measure("securechat", "room-32", 0.4), failed]) == ""


def test_a_failed_measure_is_told_beside_the_others() -> None:
    """The first line of its error."""
    failed = Measure("ngIRCd", "room-32", error="does not listen. It wrote:\nmuch")
    measures = [measure("securechat", "room-32", 0.4), failed]
    text = report.tables(measures, [ROOM], {"room-32": "A room"})
    assert "| securechat | 500,000 | 0.40 |" in text
    assert text.endswith("ngIRCd could not be measured (room-32): does not listen. It wrote:")


def test_the_memory_of_a_connection_is_told_with_what_batches_of_them_took() -> None:
    """All connections' average, and in brackets the lowest and the highest batch."""
    idle = Measure("a", "idle", connections=3, kib_each=17.0, kib_batches=[16.0, 18.0])
    assert columns.KIB_EACH.show(idle) == "17.0 (16.0 to 18.0)"


def test_a_growth_is_told_of_the_first_and_the_last_sample() -> None:
    """In per cent; nothing for memory that stays."""
    shown = columns.COURSE[-1].show
    assert shown(Measure("a", "soak", samples=[1000, 1500, 1100])) == "+10.0 %"
    assert shown(Measure("a", "soak", samples=[1000, 1000])) == "+0.0 %"


def points(*sizes: int) -> list[Point]:
    return [Point(GROWTH, size, Chat(f"members-{size}", size, 1, 1, 32)) for size in sizes]


def at(server: str, size: int, cpu: float) -> Measure:
    """What was measured at a point of the curve."""
    one = measure(server, f"members-{size}", cpu)
    one.point = size
    return one


def test_a_curve_is_a_line_for_each_size_and_a_column_for_each_server() -> None:
    """Whatever the order it was measured in; a dash where nothing was."""
    measures = [at("a", 20, 0.2), at("a", 10, 0.3), at("b", 20, 0.5)]
    text = report.tables(measures, points(10, 20), {})
    assert text.startswith("### Cost against members\n\n| members | a, CPU µs each | b,")
    assert text.endswith("| 10 | 0.30 | – |\n| 20 | 0.20 | 0.50 |")


def test_a_document_shows_the_plot_above_the_curves_table(tmp_path: Path) -> None:
    """The file that is written is the one that it names."""
    measures = [at("a", 10, 0.3)]
    assert "![Cost against members](plots/members.svg)" in report.tables(
        measures, points(10), {}, plotted=True
    )
    report.write_plots(tmp_path / "plots", measures, points(10))
    assert (tmp_path / "plots" / "members.svg").read_text().startswith("<svg ")


def test_no_plot_is_written_where_no_cost_is_known(tmp_path: Path) -> None:
    """As of a server elsewhere, whose process nobody named."""
    unknown = Measure("a", "members-10", [Round(1000, 1.0, None, 0.1)], point=10)
    report.write_plots(tmp_path, [unknown], points(10))
    assert list(tmp_path.iterdir()) == []


def test_percentages_of_rounds_come_from_their_medians() -> None:
    """And the longest is the longest of all."""
    rounds = [Round(1, 1.0, 0.1, 0.1, Latency(p50, 2 * p50, 3 * p50)) for p50 in (1.0, 2.0, 9.0)]
    assert Measure("a", "paced", rounds).latency == Latency(2.0, 4.0, 27.0)
    assert Measure("a", "paced", rounds).seconds == Spread(1.0, 1.0, 1.0)


def test_only_what_stands_between_a_suites_marks_is_replaced(tmp_path: Path) -> None:
    """The words around the figures stay, and other suites' figures."""
    begin, end = report.marks("curves")
    other = "\n".join(report.marks("limits"))
    document = tmp_path / "performance.md"
    document.write_text(f"before\n{begin}\nold\n{end}\nafter\n{other}\n")
    report.put_into(document, "curves", "new")
    assert document.read_text() == f"before\n{begin}\n\nnew\n\n{end}\nafter\n{other}\n"


@pytest.mark.parametrize("order", [(), (1, 0)], ids=["none", "turned round"])
def test_a_document_without_marks_is_left_alone(tmp_path: Path, order: tuple[int, ...]) -> None:
    """It is not known where the figures belong."""
    document = tmp_path / "README.md"
    words = "words\n" + "".join(report.marks("standard")[place] for place in order)
    document.write_text(words)
    with pytest.raises(report.ReportError, match="expected the lines"):
        report.put_into(document, "standard", "new")
    assert document.read_text() == words
