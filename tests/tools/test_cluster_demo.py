"""The demonstration of several nodes, as a reader runs it."""

from __future__ import annotations

import socket
import subprocess
from pathlib import Path

import pytest

from tests.support.links import PATIENCE
from tests.support.postgres import programs

ROOT = Path(__file__).parents[2]

TYPED = "kill b\nkill b\nfailover\nstart b\nnodes\nlink\nquit\n"


def free_port() -> int:
    """The first of three that nobody listens at."""
    for first in range(17_000, 30_000, 3):
        try:
            for port in range(first, first + 3):
                with socket.socket() as one:
                    one.bind(("127.0.0.1", port))
        except OSError:
            continue
        return first
    raise AssertionError("all ports are taken")


def test_a_reader_sees_nodes_die_and_the_talk_go_on() -> None:
    if programs() is None:
        pytest.skip("PostgreSQL isn't installed: apt-get install postgresql")
    done = subprocess.run(
        [ROOT / "tools" / "cluster-demo", "--port", str(free_port())],
        input=TYPED,
        capture_output=True,
        text=True,
        timeout=PATIENCE * 6,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = done.stdout
    assert "The node b has ended" in said
    assert "the node b has ended; start b" in said
    assert "The standby is the primary now" in said
    assert said.index("The standby is") < said.index("The node b is back")
    assert said.count("securechat://127.0.0.1:") == 2


def test_a_port_in_use_is_told() -> None:
    if programs() is None:
        pytest.skip("PostgreSQL isn't installed: apt-get install postgresql")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run(
            [ROOT / "tools" / "cluster-demo", "--port", str(port)],
            capture_output=True,
            text=True,
            timeout=PATIENCE * 6,
            check=False,
        )
    assert done.returncode == 1
    assert "the node a did not start" in done.stderr
    assert str(port) in done.stderr
    assert "Traceback" not in done.stderr
