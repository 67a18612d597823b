"""A database with two accounts and a channel, and who administers it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from securechat.core.journal.events.accounts import AccountCreated
from securechat.core.journal.events.channels import ChannelCreated, MemberJoined
from securechat.store.admin import Admin
from securechat.store.sql.journal import Journal
from securechat.store.sqlite.database import FILE_NAME
from tests.support.new_database import new_database
from tests.support.pepper import PEPPER

ALICE, BOB, DEN = 1, 2, 10


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """The writer of a database with two accounts and a channel."""
    opened = Journal(new_database(tmp_path / FILE_NAME), PEPPER)
    opened.commit(
        [
            AccountCreated(ALICE, "Alice", "alice", "al", "hash", True, 0, 3),
            AccountCreated(BOB, "bob", "bob", "bob", "hash", False, 0, 0),
            ChannelCreated(DEN, "#Den", "#den", "#den", ALICE, "nt", 3000),
            MemberJoined(DEN, ALICE, "q", 0),
            MemberJoined(DEN, BOB, "", 2),
        ]
    )
    yield opened
    opened.close()


@pytest.fixture
def admin(journal: Journal, tmp_path: Path) -> Iterator[Admin]:
    """The administrator, in a process beside the server."""
    admin = Admin(tmp_path / FILE_NAME)
    yield admin
    admin.close()
