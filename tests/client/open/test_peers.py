"""Whose process is at the other end of a connection."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from securechat.client.open.peers import TABLES, are_told, is_foreign, owner

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"
ROW = "   0: {} {} 01 00000000:00000000 00:00000000 00000000  {} 0 11637142 1\n"
little = pytest.mark.skipif(sys.byteorder == "big", reason="rows of a little-endian machine")

NEAR, FAR = ("127.0.0.1", 0x9C40), ("127.0.0.1", 0x1F90)


@pytest.fixture
def both() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Both ends of a connection, ours first."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        socket.create_connection(listening.getsockname()) as theirs,
        listening.accept()[0] as ours,
    ):
        yield ours, theirs


def table(directory: Path, *rows: tuple[str, str, int]) -> Path:
    path = directory / "tcp"
    path.write_text(HEAD + "".join(ROW.format(*row) for row in rows))
    return path


@little
def test_the_row_of_the_peer_counts(tmp_path: Path) -> None:
    """And neither that of our own end nor that of another connection."""
    rows = [
        ("0100007F:1F90", "00000000:0000", 1),
        ("0100007F:1F90", "0100007F:9C40", 2),
        ("0100007F:9C41", "0100007F:1F90", 3),
        ("0100007F:9C40", "0100007F:1F90", 1000),
    ]
    assert owner([table(tmp_path, *rows)], NEAR, FAR) == 1000
    assert owner([table(tmp_path, *rows[:3])], NEAR, FAR) is None


@little
def test_a_socket_of_ipv6_may_speak_ipv4(tmp_path: Path) -> None:
    mapped = "0000000000000000FFFF00000100007F"
    row = (f"{mapped}:9C40", f"{mapped}:1F90", 1000)
    assert owner([table(tmp_path, row)], NEAR, FAR) == 1000


@pytest.mark.skipif(not TABLES[0].exists(), reason="this system doesn't tell")
def test_our_own_process_is_no_foreign_one(both: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = both
    assert owner(TABLES, theirs.getsockname(), ours.getsockname()) == os.geteuid()
    assert not is_foreign(ours)


def test_a_process_of_another_user_is(
    both: tuple[socket.socket, socket.socket], tmp_path: Path
) -> None:
    """And so is one that isn't told of, as it has gone."""
    ours, theirs = both
    near, far = (
        "0100007F:" + format(end.getsockname()[1], "04X")  # on a little-endian machine
        for end in (theirs, ours)
    )
    assert is_foreign(ours, [table(tmp_path, (near, far, os.geteuid() + 1))])
    assert is_foreign(ours, [table(tmp_path)])


def test_a_system_that_tells_nothing(tmp_path: Path) -> None:
    """There the secret of the address has to do: no such files, or nothing in them."""
    assert not are_told([tmp_path / "none"])
    assert not are_told([table(tmp_path)])
    assert are_told() == TABLES[0].exists()
