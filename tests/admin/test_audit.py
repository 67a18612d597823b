"""`securechat-admin audit` on the directory of a stopped server."""

from __future__ import annotations

import json
import re
import sqlite3
import time
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from securechat.admin.context import who
from securechat.store.admin import Admin
from securechat.store.sqlite.database import FILE_NAME, open_database
from tests.support.admin_cli import AdminCli, served_once

HOUR = 3_600_000


@pytest.fixture
def cli(tmp_path: Path) -> AdminCli:
    """Somebody's login of yesterday, a refused one of an hour ago, and an account of today."""
    cli = served_once(tmp_path / "data")
    writes(cli, now_ms() - 25 * HOUR, "login", "Alice", "192.0.2.7", "ok", by="PLAIN")
    writes(cli, now_ms() - HOUR, "login", "-", "2001:db8::1", "wrong password")
    cli.adds("Alice")
    return cli


def now_ms() -> int:
    return int(time.time() * 1000)


def writes(cli: AdminCli, at_ms: int, *row: str, **facts: str) -> None:
    """A row as the server writes it."""
    writes_all(cli, [(at_ms, *row, json.dumps(facts, ensure_ascii=False))])


def writes_all(cli: AdminCli, rows: Iterable[tuple[object, ...]]) -> None:
    """Rows in one go, each with all its columns."""
    with closing(open_database(cli.data / FILE_NAME)) as connection:
        connection.execute("BEGIN")
        connection.executemany(
            "INSERT INTO audit (at_ms, event, account, address, result, facts) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            rows,
        )
        connection.execute("COMMIT")


def shown(cli: AdminCli, options: str = "") -> list[tuple[str, str]]:
    """Event and result of what is shown."""
    return [(entry["event"], entry["result"]) for entry in entries(cli, options)]


def entries(cli: AdminCli, options: str) -> list[dict[str, Any]]:
    said = cli(f"audit --json {options}")
    assert said.code == 0
    return [json.loads(line) for line in said.out.splitlines()]


ALL = [("login", "ok"), ("login", "wrong password"), ("account created", "ok")]


def test_people_get_a_table(cli: AdminCli) -> None:
    """The newest last: when, what, who, from where, with what result, and the rest."""
    said = cli("audit")
    assert (said.code, said.err) == (0, "")
    header, *lines = said.out.splitlines()
    assert header.split() == ["WHEN", "EVENT", "BY", "FROM", "RESULT", "FACTS"]
    cells = [re.split(" {2,}", line) for line in lines]
    assert [row[1:] for row in cells] == [
        ["login", "Alice", "192.0.2.7", "ok", "by=PLAIN"],
        ["login", "-", "2001:db8::1", "wrong password"],
        ["account created", who(), "ok", "account=Alice"],
    ]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", row[0]) for row in cells)


def test_programs_get_an_object_a_line(cli: AdminCli) -> None:
    """With all that there is."""
    first, _, last = entries(cli, "")
    assert first.pop("time").endswith("+00:00")
    assert first == {
        "event": "login",
        "account": "Alice",
        "address": "192.0.2.7",
        "result": "ok",
        "facts": {"by": "PLAIN"},
    }
    assert (last["account"], last["facts"]) == (who(), {"account": "Alice"})


def test_who_acts_on_this_machine_is_a_user_of_it() -> None:
    """And never to be taken for an account, which can't be called so."""
    assert re.fullmatch(r"os:\S+", who())


@pytest.mark.parametrize("name", ["alice", "ALICE", "Alice"])
def test_an_account_is_found_by_any_case_of_its_name(cli: AdminCli, name: str) -> None:
    """What it did, and what was done to it."""
    assert shown(cli, f"--account {name}") == [ALL[0], ALL[2]]


def test_others_are_found_by_what_stands_there(cli: AdminCli) -> None:
    """Nobody's, this machine's, and a name that no account has."""
    assert shown(cli, "--account -") == [ALL[1]]
    assert shown(cli, f"--account {who()}") == [ALL[2]]
    assert shown(cli, "--account nobody9") == []


def test_an_event_is_found_by_a_part_of_it(cli: AdminCli) -> None:
    """In any case of letters."""
    assert shown(cli, "--event LOG") == ALL[:2]
    assert shown(cli, "--event created") == ALL[2:]


AGES = {"3w": 3, "2d": 3, "24h": 2, "65m": 2, "59m": 1}
DATES = {"2020-01-31": 3, "2999-01-01": 0, "2020-01-31T18:00": 3, "2020-01-31T18:00+02:00": 3}


@pytest.mark.parametrize("since", [*AGES, *DATES])
def test_since_is_an_age_or_a_date(cli: AdminCli, since: str) -> None:
    """In the time of this place, unless the date says another one."""
    assert len(shown(cli, f"--since {since}")) == {**AGES, **DATES}[since]


@pytest.mark.parametrize(
    "since", ["''", "yesterday", "7", "7y", "-7d", "999999w", "٣d", "2026-13-01", "0001-01-01"]
)
def test_what_is_no_moment_is_wrong_usage(cli: AdminCli, since: str) -> None:
    """The text shows what is one."""
    said = cli(f"audit --since={since}")
    assert (said.code, said.out) == (2, "")
    assert "expected an age such as 90m, 12h, 7d or 2w, or a date such as" in said.err


def test_the_last_ones_are_shown_and_the_others_told_of(cli: AdminCli) -> None:
    """Nobody takes a part for the whole."""
    said = cli("audit --json --last 2")
    assert len(said.out.splitlines()) == 2
    assert said.err == "Older ones are left out; --last N or --all shows more.\n"
    assert cli("audit --last 3").err == ""
    assert cli("audit --last 0").code == 2


def test_a_long_audit_is_shown_whole_when_asked_for(cli: AdminCli) -> None:
    """A hundred is enough for a start."""
    for number in range(100):
        writes(cli, now_ms(), "login", "Alice", "192.0.2.7", "ok", by=str(number))
    assert len(shown(cli)) == 100
    said = cli("audit")
    assert len(said.out.splitlines()) == 101
    assert said.err.startswith("Older ones are left out")
    assert shown(cli, "--all")[:3] == ALL
    said = cli("audit --all")
    assert (len(said.out.splitlines()), said.err) == (104, "")


def test_nothing_found_is_told(cli: AdminCli) -> None:
    """For people; a program gets no line."""
    said = cli("audit --event nonsense")
    assert (said.code, said.out, said.err) == (0, "", "The audit has nothing of that.\n")
    said = cli("audit --event nonsense --json")
    assert (said.code, said.out, said.err) == (0, "", "")


def test_what_drives_a_terminal_is_made_visible(cli: AdminCli) -> None:
    """In each field, in both forms; and no row looks like two."""
    evil = "\x1b[2J\r\n2026-01-01\u202e"
    writes(cli, now_ms(), evil, evil, evil, evil, **{evil: evil})
    for options in ("", "--json"):
        said = cli(f"audit --last 1 {options}")
        [line] = said.out.splitlines()[-1:]
        assert line.isprintable()
        assert len(said.out.splitlines()) == (1 if options else 2)
    assert entries(cli, "--last 1")[0]["facts"] == {evil: evil}


# --- pruning -------------------------------------------------------------------------------------


def test_the_old_part_can_go(cli: AdminCli) -> None:
    """By age; the audit says who did it, and up to where."""
    said = cli("audit prune --before 24h")
    assert (said.code, said.out) == (0, "")
    assert "1 row of the audit is deleted" in said.err
    left = entries(cli, "")
    assert [entry["event"] for entry in left] == ["login", "account created", "audit pruned"]
    assert left[-1]["account"] == who()
    assert left[-1]["facts"] == {"upto": 1, "rows": 1}


def test_the_newest_can_be_kept(cli: AdminCli) -> None:
    """By their number."""
    assert cli("audit prune --keep 1").code == 0
    assert [event for event, _ in shown(cli)] == ["account created", "audit pruned"]


def test_what_goes_can_be_written_first(cli: AdminCli, tmp_path: Path) -> None:
    """Into a new file that only its owner can read, as the audit is shown for programs."""
    file = tmp_path / "old.jsonl"
    before = entries(cli, "")
    assert cli(f"audit prune --keep 1 --export {file}").code == 0
    assert [json.loads(line) for line in file.read_text().splitlines()] == before[:2]
    assert file.stat().st_mode & 0o777 == 0o600
    assert entries(cli, "")[-1]["facts"]["export"] == str(file)
    again = cli(f"audit prune --keep 1 --export {file}")
    assert again.code == 1
    assert "File exists; name a new file, so nothing was deleted" in again.err
    assert len(entries(cli, "")) == 2


@pytest.mark.parametrize("options", ["", "--before 1d --keep 3"])
def test_what_goes_must_be_said(cli: AdminCli, options: str) -> None:
    """In one way."""
    said = cli(f"audit prune {options}")
    assert said.code == 2
    assert "expected either --before AGE|DATE or --keep N" in said.err


def test_nothing_is_that_old(cli: AdminCli) -> None:
    """Which is said, and nothing is written."""
    assert "nothing that old" in cli("audit prune --before 365d").err
    assert shown(cli) == ALL


def test_the_database_still_refuses_to_delete(cli: AdminCli) -> None:
    """Many rows go in several transactions; the trigger is as it was after each, and a check finds
    nothing wrong.
    """
    begin = now_ms() - 48 * HOUR
    row = ("login", "Alice", "192.0.2.7", "ok", "{}")
    writes_all(cli, ((begin + number, *row) for number in range(1200)))
    assert cli("audit prune --keep 3").code == 0
    assert len(entries(cli, "")) == 4
    connection = open_database(cli.data / FILE_NAME)
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        connection.execute("DELETE FROM audit")
    newest = connection.execute("SELECT max(id) FROM audit").fetchone()
    assert newest == (1204,), "a number was given again"
    connection.close()
    assert "is whole" in cli("check").out


def test_a_death_in_between_leaves_the_trigger(cli: AdminCli) -> None:
    """What is not committed has not happened, the trigger's absence either; and the audit says who
    has begun it.
    """
    admin = Admin(cli.data / FILE_NAME)
    with pytest.raises(ZeroDivisionError):
        admin.audit.prune(2, lambda: 1 // 0)
    admin.close()
    assert shown(cli)[-1][0] == "audit pruned"
    connection = open_database(cli.data / FILE_NAME)
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        connection.execute("DELETE FROM audit")
    connection.close()
