"""The backups that docs/operating.md describes: its very lines are run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from securechat.admin.backup.archive import DATABASE, read_manifest
from tests.support.data_directory import make_directory

HANDBOOK = Path(__file__).parents[3] / "docs" / "operating.md"
PROGRAMS = Path(sys.executable).parent
SYSTEMD = shutil.which("systemd-analyze")


def blocks(language: str) -> list[str]:
    """The handbook's blocks of a language, in its order."""
    return re.findall(rf"```{language}\n(.*?)```", HANDBOOK.read_text(), re.DOTALL)


def test_the_line_for_cron_makes_a_backup(tmp_path: Path) -> None:
    """Nothing is printed, so that cron sends no mail; what is two weeks old goes."""
    make_directory(tmp_path / ".local/share/securechat/server")
    kept = tmp_path / "backups"
    kept.mkdir(mode=0o700)
    old = kept / "chat-2026-01-01.tar"
    old.touch()
    os.utime(old, (0, 0))
    [line] = blocks("cron")
    command = line.split(maxsplit=5)[5].replace(r"\%", "%")  # as cron reads it
    environment = {"HOME": str(tmp_path), "PATH": f"{PROGRAMS}:/usr/bin:/bin"}
    done = subprocess.run(
        ["/bin/sh", "-c", command], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == ""
    [made] = kept.iterdir()
    with made.open("rb") as file:
        assert DATABASE in read_manifest(file).members


@pytest.mark.skipif(SYSTEMD is None, reason="systemd-analyze isn't here")
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    """With the path of the program that there is here."""
    service, timer = blocks("ini")
    service = service.replace("/opt/securechat/bin", str(PROGRAMS))
    names = {"securechat-backup.service": service, "securechat-backup.timer": timer}
    for name, text in names.items():
        (tmp_path / name).write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", *(str(tmp_path / name) for name in names)],
        capture_output=True,
        text=True,
        check=False,
    )
    found = [line for line in done.stderr.splitlines() if str(tmp_path) in line]
    assert (done.returncode, found) == (0, [])
