"""Whose eyes are on a file: exposure()."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from securechat.common.files import exposure


def found(mode: int, owner: int) -> os.stat_result:
    """What the system tells of a file."""
    return os.stat_result((mode, 0, 0, 1, owner, 0, 0, 0, 0, 0))


REGULAR, PIPE = stat.S_IFREG, stat.S_IFIFO


@pytest.mark.parametrize(
    ("mode", "owner", "told"),
    [
        (REGULAR | 0o600, 1000, None),
        (REGULAR | 0o400, 0, None),
        (PIPE | 0o666, 54321, None),
        (REGULAR | 0o640, 1000, "other users can read this secret (mode 0640)"),
        (REGULAR | 0o620, 0, "other users can read this secret (mode 0620)"),
        (REGULAR | 0o600, 54321, "it belongs to the user 54321, and this runs as 54322"),
    ],
)
def test_a_secret_is_for_its_user_alone(
    monkeypatch: pytest.MonkeyPatch, mode: int, owner: int, told: str | None
) -> None:
    """Or for root, who may read all. What is no file, such as a pipe, nobody else reads."""
    us = 54322 if owner == 54321 else 1000
    monkeypatch.setattr(os, "geteuid", lambda: us)
    reason = exposure(found(mode, owner), Path("/a b/key"))
    assert reason is None if told is None else told in str(reason)
    assert reason is None or reason.endswith("'/a b/key'")
