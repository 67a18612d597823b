"""What the tests of the store begin with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from securechat.store.admin import Admin
from securechat.store.database import Connection, Location, open_database
from securechat.store.sqlite.database import FILE_NAME


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a database of SQLite will be."""
    return tmp_path / FILE_NAME


@pytest.fixture
def connection(location: Location) -> Iterator[Connection]:
    """To an empty database of each engine."""
    with closing(open_database(location)) as opened:
        yield opened


@pytest.fixture
def admin(location: Location) -> Iterator[Admin]:
    """Of an empty database of each engine."""
    with closing(Admin(location)) as admin:
        yield admin
