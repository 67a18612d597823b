"""Databases of PostgreSQL, and what is at their other end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from securechat.store.postgres.location import PostgresLocation
from tests.support.cutter import Cutter, between
from tests.support.postgres import PostgresServer


@pytest.fixture
def database(postgres_server: PostgresServer) -> Iterator[PostgresLocation]:
    """One with empty tables."""
    with postgres_server.lent() as location:
        yield location


@pytest.fixture
def cutter(postgres_server: PostgresServer) -> Iterator[Cutter]:
    """On the way to the server."""
    with between(postgres_server.place) as found:
        yield found
