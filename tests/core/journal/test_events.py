"""The journal's events are the store's rows: each field in its place."""

from __future__ import annotations

import re
import sqlite3
from typing import get_args

import pytest

from securechat.core.journal import events
from securechat.core.journal.events.channels import Logged
from securechat.store.sql.journal import LOG, STATEMENTS, statement_of
from securechat.store.sqlite.schema import MIGRATIONS

KINDS = (*(kind for kind in get_args(events.JournalEvent) if kind is not Logged), events.Audited)
"""Entries of the log are put into it together, and have no statement each."""
COLUMNS = {
    "PasswordChanged": {"account": "id", "replaced": "password"},
    "PasswordRehashed": {"account": "id", "replaced": "password"},
    "UsageUpto": {"seq": "value"},
    "AccountRenamed": {"account": "id", "before": "folded"},
    "FounderRemoved": {"channel": "id"},
    "ChannelRenamed": {"channel": "id", "before": "folded"},
    "ModesChanged": {"key": "channel_key", "limit": "member_limit", "channel": "id"},
}
"""Where a field's column has another name."""


def test_every_event_has_a_statement() -> None:
    """And every statement an event."""
    assert {kind.__name__ for kind in KINDS} >= set(STATEMENTS)
    assert all(statement_of(kind) for kind in KINDS)


def test_an_entry_of_the_log_has_its_columns() -> None:
    """In the order of its fields."""
    assert Logged._fields == LOG


def columns(sql: str) -> list[str]:
    """The columns that a statement's parameters go to, in their order."""
    listed = re.match(r"INSERT (?:OR REPLACE )?INTO (\w+)(?: \((.*?)\))? (?:VALUES|SELECT)", sql)
    if listed is None:
        return re.findall(r"(\w+) (?:=|IS) \?", sql)
    if listed[2]:
        return listed[2].split(", ")
    connection = sqlite3.connect(":memory:")
    connection.executescript("".join(MIGRATIONS))
    return [row[1] for row in connection.execute(f"PRAGMA table_info({listed[1]})")]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_fields_are_parameters(kind: type) -> None:
    """In the statement's order, by the columns' names."""
    renamed = COLUMNS.get(kind.__name__, {})
    if hasattr(kind, "table"):
        renamed = {kind._fields[-1]: "id"}  # type: ignore[attr-defined]
    fields = [renamed.get(field, field) for field in kind._fields]  # type: ignore[attr-defined]
    assert fields == columns(statement_of(kind))
