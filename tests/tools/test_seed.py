"""The database that is made in advance: what a server reads out of it is what was to be there."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from benchlib import seed
from benchlib.servers import Plan
from benchlib.stream import compose

from securechat.credentials.device import is_token, token_digest
from securechat.store.sql.reader import Reader


def filled(path: Path, plan: Plan) -> Reader:
    seed.fill(path, plan, "a stored password")
    return Reader(path)


@pytest.mark.parametrize("size", [40, 64])
def test_messages_are_those_that_the_load_expects(tmp_path: Path, size: int) -> None:
    """SQLite makes them, and compose() would have made the same; authors take turns in a room."""
    plan = Plan(accounts=12, rooms=3, messages=100, authors=2, size=size, unread=True)
    reader = filled(tmp_path / "a.db", plan)
    rows, cut = reader.missed([(2, 0)], upto=100, limit=500)
    assert not cut
    assert [row[0] for row in rows] == list(range(2, 101, 3))
    for number, (seq, target, sender, _, kind, text, tags) in enumerate(rows):
        author = 4 + number % 2  # the second room's members are the accounts from number 4
        assert (target, sender, kind, tags) == (2, author + 1, "PRIVMSG", None)
        assert text.encode() == compose(author, number // 2, seq - 1, size)


def test_accounts_have_their_tokens_and_rooms(tmp_path: Path) -> None:
    """Their neighbours' room, and others far from it; what was said there they have received."""
    plan = Plan(accounts=8, credential="token", rooms=4, each=2, messages=10)
    reader = filled(tmp_path / "a.db", plan)
    accounts = reader.accounts()
    assert [one.name for one in accounts] == [f"load{number}" for number in range(8)]
    assert {one.starts_after for one in accounts} == {10}
    found: dict[int, list[int]] = {}
    for room, account, _, _ in reader.memberships():
        found.setdefault(account - 1, []).append(room - 1)
    assert found == {number: sorted(seed.rooms_of(plan, number)) for number in range(8)}
    assert found[0] == found[1] == [0, 2]
    with closing(sqlite3.connect(tmp_path / "a.db")) as db:
        kept = dict(db.execute("SELECT account, digest FROM tokens"))
    assert kept == {number + 1: token_digest(seed.token(number)) for number in range(8)}
    assert is_token(seed.token(0))


def test_the_indexes_are_there_when_it_is_filled(tmp_path: Path) -> None:
    """A log without one would be read in another way than a server's own."""
    schemas = []
    for plan in (Plan(accounts=1), Plan(accounts=1, rooms=1, messages=5)):
        file = tmp_path / f"{plan.messages}.db"
        seed.fill(file, plan, "a stored password")
        with closing(sqlite3.connect(file)) as db:
            schemas.append(db.execute("SELECT type, name, sql FROM sqlite_schema").fetchall())
            assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert sorted(map(str, schemas[0])) == sorted(map(str, schemas[1]))
