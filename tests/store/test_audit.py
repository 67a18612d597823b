"""The audit: what is written stays as it is, and can be found again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import pytest

from securechat.store import audit
from securechat.store.audit import AuditRow, Wanted, note, rows
from securechat.store.database import FAULTS, Connection, Transaction
from securechat.store.errors import StoreError

DAY = 86_400_000


@pytest.fixture(autouse=True)
def history(connection: Connection) -> None:
    """A small one, in which the clock was set back once."""
    logins = "INSERT INTO audit (at_ms, event, account, address, result, facts) VALUES "
    connection.execute(
        logins + "(1000, 'login', 'alice', '192.0.2.7', 'ok', '{\"by\": \"PLAIN\"}')"
    )
    note(
        connection,
        at_ms=3 * DAY,
        by="os:root",
        event="token created",
        facts={"account": "alice", "token": "x"},
    )
    note(connection, at_ms=2 * DAY, by="os:root", event="Login of bob", facts={"account": "bob"})
    connection.execute(
        logins + "(?, 'login', '-', '192.0.2.8', 'wrong password', '{}')", (4 * DAY,)
    )


def found(connection: Connection, **wanted: object) -> list[int]:
    """The numbers of the rows."""
    return [row.id for row in rows(connection, Wanted(**wanted))]  # type: ignore[arg-type]


def test_a_note_is_a_whole_row(connection: Connection) -> None:
    """Of somebody on the machine itself, with its facts as an object."""
    [row] = [row for row in rows(connection, Wanted()) if row.event == "token created"]
    assert row[1:6] == (3 * DAY, "token created", "os:root", "", "ok")
    assert row.told() == {"account": "alice", "token": "x"}


def test_they_come_in_the_order_in_which_they_happened(connection: Connection) -> None:
    """Whatever the clock said then."""
    assert found(connection) == [1, 2, 3, 4]


def test_the_last_are_the_newest(connection: Connection) -> None:
    """And still come oldest first."""
    assert found(connection, last=2) == [3, 4]
    assert found(connection, last=9) == [1, 2, 3, 4]
    assert found(connection, last=0) == []


def test_an_account_is_who_did_it_and_whom_it_was_done_to(connection: Connection) -> None:
    """By its exact name."""
    assert found(connection, account="alice") == [1, 2]
    assert found(connection, account="bob") == [3]
    assert found(connection, account="os:root") == [2, 3]
    assert found(connection, account="-") == [4]
    assert found(connection, account="al") == []


def test_an_event_is_found_by_a_part_of_it(connection: Connection) -> None:
    """In any case of letters; what is a wildcard elsewhere is a character here."""
    assert found(connection, event="LOGIN") == [1, 3, 4]
    assert found(connection, event="token") == [2]
    assert found(connection, event="%") == []
    assert found(connection, event="log_n") == []


def test_since_is_a_moment(connection: Connection) -> None:
    """Which belongs to it itself."""
    assert found(connection, since_ms=3 * DAY) == [2, 4]
    assert found(connection, since_ms=3 * DAY + 1) == [4]


class Counting:
    """A connection, and how much each of its reads has found."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.counts: list[int] = []

    def execute(self, sql: str, params: dict[str, object]) -> Counting:
        self._found = self._connection.execute(sql, params).fetchall()
        self.counts.append(len(self._found))
        return self

    def fetchone(self) -> object:
        return self._found[0]

    def __iter__(self) -> Iterator[object]:
        return iter(self._found)


@pytest.mark.parametrize("last", [4, None])
def test_of_many_some_are_read_at_a_time(
    connection: Connection, monkeypatch: pytest.MonkeyPatch, last: int | None
) -> None:
    """However many there are, and whatever is written meanwhile."""
    monkeypatch.setattr(audit, "NUMBERS", 2)
    counting = Counting(connection)
    reading = rows(cast("Connection", counting), Wanted(last=last))
    assert next(reading).id == 1
    assert counting.counts == [1, 2]
    note(connection, at_ms=1, by="-", event="later", facts={})
    assert [row.id for row in reading] == [2, 3, 4]
    assert max(counting.counts) == 2


def test_pages_go_back_from_a_row(connection: Connection) -> None:
    """Which is not in the page."""
    assert found(connection, before=4, last=2) == [2, 3]
    assert found(connection, before=1) == []


def test_the_last_are_those_of_what_is_asked_for(connection: Connection) -> None:
    """Not of all."""
    assert found(connection, account="alice", last=1) == [2]
    assert found(connection, event="login", since_ms=1001, last=1) == [4]


@pytest.mark.parametrize("change", ["UPDATE audit SET account = 'eve'", "DELETE FROM audit"])
def test_nothing_is_changed_nor_removed(connection: Connection, change: str) -> None:
    """The database itself refuses, whoever asks."""
    with pytest.raises((StoreError, *FAULTS), match="append-only"):
        connection.execute(change)
    assert found(connection) == [1, 2, 3, 4]


def test_a_number_is_never_given_again(connection: Connection) -> None:
    """So that what somebody has cut out with a tool of their own leaves a gap."""
    with Transaction(connection):
        connection.allow_deletion("audit", allowed=True)
        connection.execute("DELETE FROM audit WHERE id = 4")
        connection.allow_deletion("audit", allowed=False)
    note(connection, at_ms=1, by="-", event="later", facts={})
    assert found(connection) == [1, 2, 3, 5]


@pytest.mark.parametrize("text", ["", "no JSON", "[1]", "17"])
def test_facts_that_are_no_object_are_none(connection: Connection, text: str) -> None:
    """Reading goes on, also past the search for an account."""
    connection.execute(
        "INSERT INTO audit (at_ms, event, account, address, result, facts) "
        "VALUES (1, 'odd', '-', '', 'ok', ?)",
        (text,),
    )
    assert AuditRow(1, 1, "odd", "-", "", "ok", text).told() == {}
    assert found(connection, account="alice") == [1, 2]
    assert found(connection) == [1, 2, 3, 4, 5]


def test_the_name_of_a_file_may_be_no_text(connection: Connection) -> None:
    """Linux lets a name be any bytes."""
    note(connection, at_ms=1, by="-", event="backup made", facts={"file": "b\udcffr.tar"})
    assert next(rows(connection, Wanted(last=1))).told() == {"file": "b\udcffr.tar"}


def test_a_failure_is_the_stores(connection: Connection) -> None:
    """As everywhere."""
    connection.execute("DROP TABLE audit")
    with pytest.raises(StoreError, match=r"the database can't be used: .*audit"):
        [*rows(connection, Wanted())]
