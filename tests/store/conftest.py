"""What the tests of the store begin with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from securechat.store.admin import Admin
from securechat.store.database import Location
from securechat.store.sqlite.database import FILE_NAME
from tests.support.postgres import PostgresServer, running


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One for all tests of a process."""
    with running() as server:
        if server is None:
            pytest.skip("PostgreSQL isn't installed: apt-get install postgresql")
        yield server


@pytest.fixture(params=["sqlite", "postgres"])
def location(request: pytest.FixtureRequest, tmp_path: Path) -> Location:
    """Where a database will be, of each engine."""
    if request.param == "sqlite":
        return tmp_path / FILE_NAME
    server: PostgresServer = request.getfixturevalue("postgres_server")
    return server.database()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / FILE_NAME


@pytest.fixture
def admin(path: Path) -> Iterator[Admin]:
    admin = Admin(path)
    yield admin
    admin.close()
