"""What is older than it may be, on the database alone."""

from __future__ import annotations

import pytest

from securechat.store.database import Connection
from securechat.store.sql.retention import DAY_MS, expire, first_since

SERVER, SHORT, FOREVER, DIRECT, GONE = 1, 2, 3, 4, 5
NOW = 1000 * DAY_MS
KINDS = ("PRIVMSG", "JOIN", "CTCP", "REDACTED")


@pytest.fixture(autouse=True)
def targets(connection: Connection) -> None:
    connection.executemany(
        "INSERT INTO targets (id, name, folded, keep_days) VALUES (?, ?, ?, ?)",
        [
            (SERVER, "#a", "#a", None),
            (SHORT, "#b", "#b", 1),
            (FOREVER, "#c", "#c", 0),
            (DIRECT, None, None, None),
            (GONE, "#gone", None, None),
        ],
    )


def log(connection: Connection, *entries: tuple[int, float], first: int = 1) -> None:
    """entries: (target, age in days), oldest first."""
    connection.executemany(
        "INSERT INTO log VALUES (?, ?, 1, ?, ?, 'x', NULL)",
        [
            (seq, target, int(NOW - age * DAY_MS), KINDS[seq % len(KINDS)])
            for seq, (target, age) in enumerate(entries, first)
        ],
    )


def left(connection: Connection) -> list[tuple[int, float]]:
    rows = connection.execute("SELECT target, at_ms FROM log ORDER BY seq")
    return [(target, (NOW - at_ms) / DAY_MS) for target, at_ms in rows]


def run(connection: Connection, keep_days: int) -> int:
    return expire(connection, keep_days, NOW, lambda _: None)


def test_what_is_too_old_goes(connection: Connection) -> None:
    """Of each channel by its own age, of all else by the server's; whatever its kind."""
    everywhere = [
        (t, age) for age in (40, 20, 2, 0.5) for t in (SERVER, SHORT, FOREVER, DIRECT, GONE)
    ]
    log(connection, *everywhere)
    assert run(connection, 30) == 5 + 1
    kept = [(t, age) for t, age in everywhere if t == FOREVER or age < (1 if t == SHORT else 30)]
    assert left(connection) == kept
    assert run(connection, 30) == 0


def test_without_an_age_all_is_kept(connection: Connection) -> None:
    """But for a channel that has one."""
    log(connection, (SERVER, 900), (SHORT, 900), (DIRECT, 900))
    assert run(connection, 0) == 1
    assert left(connection) == [(SERVER, 900), (DIRECT, 900)]


def test_the_border_is_exact(connection: Connection) -> None:
    """What is as old as it may be stays."""
    log(connection, (SERVER, 30 + 1 / DAY_MS), (SERVER, 30))
    assert run(connection, 30) == 1
    assert left(connection) == [(SERVER, 30)]


def test_a_clock_that_was_put_back_erases_nothing_new(connection: Connection) -> None:
    """What bears a later time stays, wherever it stands."""
    log(connection, (SERVER, 50), (SERVER, -400), (SERVER, 40), (SERVER, 5))
    run(connection, 30)
    assert (SERVER, -400) in left(connection)
    assert (SERVER, 5) in left(connection)
    assert (SERVER, 50) not in left(connection)


@pytest.mark.parametrize("count", [0, 1, 2, 7, 64])
def test_the_first_since_a_moment_is_found(connection: Connection, count: int) -> None:
    """With gaps in the numbers, as erasures leave them."""
    rows = [(3 * place + 2, SERVER, 1, place * 10) for place in range(count)]
    connection.executemany("INSERT INTO log VALUES (?, ?, ?, ?, 'JOIN', '', NULL)", rows)
    for at_ms in range(-5, count * 10 + 10, 5):
        expected = [seq for seq, _, _, at in rows if at >= at_ms]
        found = first_since(connection, at_ms)
        assert [seq for seq, *_ in rows if seq >= found] == expected
