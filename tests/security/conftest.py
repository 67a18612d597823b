"""The summary at the end of a run: attacks tried and repelled, and what bystanders felt of floods.

A test of a flood hands over the latency, in milliseconds, that somebody else saw meanwhile:
record_property("bystander_worst_ms", 12.3), and if it has one also "bystander_p99_ms". talk.talking
does both.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.security.summary import report_attacks


def pytest_configure(config: pytest.Config) -> None:
    """pytest calls it for this file too, when it comes upon it."""
    report_attacks(config, Path(__file__).parent)
