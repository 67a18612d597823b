"""What servers of every version have left in their databases: tests/fixtures/formats."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from securechat.server.data import DataDirectory

FORMATS = Path(__file__).parents[1] / "fixtures" / "formats"
FILES = sorted(FORMATS.glob("*.sql"))


def restored(name: str, directory: Path) -> DataDirectory:
    """The data directory that the fixture of that name was made from, without certificates."""
    data = DataDirectory(directory)
    data.create()
    with closing(sqlite3.connect(data.database)) as connection:
        connection.executescript((FORMATS / f"{name}.sql").read_text())
    data.database.chmod(0o600)
    shutil.copy(FORMATS / "pepper", data.pepper)
    data.pepper.chmod(0o600)
    return data
