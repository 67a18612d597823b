"""Erasing entries of the log, on the database alone."""

from __future__ import annotations

import pytest

from securechat.store.admin import APPLIED
from securechat.store.database import Connection
from securechat.store.sql import erasure
from securechat.store.sql.erasure import Erased, erase, of_sender, told
from securechat.store.sql.fragments import KEEP_FACT, ROW_BYTES
from securechat.store.sql.reader import Reader

ALICE, BOB = 1, 2
SECRET = "swordfish-7281"


def say(connection: Connection, first: int, *senders: int, text: str = SECRET) -> None:
    connection.executemany(
        "INSERT INTO log VALUES (?, 1, ?, 1, 'PRIVMSG', ?, NULL)",
        [(first + place, sender, text) for place, sender in enumerate(senders)],
    )


def left(connection: Connection) -> list[int]:
    return [row[0] for row in connection.execute("SELECT seq FROM log ORDER BY seq")]


def test_only_the_account_s_entries_go(connection: Connection) -> None:
    """And none that came after it was asked for."""
    say(connection, 1, ALICE, BOB, ALICE, BOB, ALICE)
    assert erase(connection, of_sender(connection, ALICE, 4), lambda _: None) == 2
    assert left(connection) == [2, 4, 5]


def test_it_goes_in_batches_with_longer_pauses(connection: Connection) -> None:
    """Each with a change that tells of it, so that nobody waits long for the writer."""
    say(connection, 1, *[ALICE] * 300)
    pauses: list[float] = []
    erase(connection, of_sender(connection, ALICE, 300), pauses.append)
    batches = Reader(connection).changes(0)
    assert len(batches) == len(pauses) >= 2
    assert min(pauses) >= erasure.LEAST_PAUSE_SECONDS
    sizes = [dict(batch.sizes)[ALICE] for _, kind, _ in batches if (batch := told(kind))]
    assert sum(sizes) == 300 * (ROW_BYTES + len(SECRET))


@pytest.mark.parametrize(
    ("limit", "held", "after"), [(50, 0.002, 100), (100, 0.008, 50), (500, 0.0, 500), (1, 9.0, 1)]
)
def test_a_batch_has_what_fits_into_its_time(limit: int, held: float, after: int) -> None:
    """By what the last one took."""
    assert erasure._next_limit(limit, held) == after


def test_a_run_that_is_cut_short_is_whole_in_itself(connection: Connection) -> None:
    """What a batch has taken away is counted; the next run takes the rest."""
    say(connection, 1, *[ALICE] * 300)

    def end(seconds: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        erase(connection, of_sender(connection, ALICE, 300), end)
    rest = len(left(connection))
    assert 0 < rest < 300
    assert Reader(connection).usage() == {ALICE: rest * (ROW_BYTES + len(SECRET))}
    assert erase(connection, of_sender(connection, ALICE, 300), lambda _: None) == rest


def test_numbers_are_never_given_again(connection: Connection) -> None:
    """A message id that somebody remembers must not become another message's."""
    say(connection, 1, BOB, ALICE, ALICE)
    erase(connection, of_sender(connection, ALICE, 3), lambda _: None)
    assert Reader(connection).last_seq() == 3
    say(connection, 4, BOB, ALICE)
    assert Reader(connection).last_seq() == 5
    erase(connection, of_sender(connection, BOB, 5), lambda _: None)
    assert Reader(connection).last_seq() == 5


def test_what_is_kept_of_the_account_is_counted_down(connection: Connection) -> None:
    """Whether the entry was counted already or not."""
    size = ROW_BYTES + len(SECRET)
    say(connection, 1, ALICE, BOB, ALICE)
    connection.execute("INSERT INTO usage VALUES (?, ?), (?, ?)", (ALICE, size, BOB, size))
    connection.execute("UPDATE meta SET value = '2' WHERE key = 'usage_upto'")
    assert Reader(connection).usage() == {ALICE: 2 * size, BOB: size}
    erase(connection, of_sender(connection, ALICE, 3), lambda _: None)
    assert Reader(connection).usage() == {ALICE: 0, BOB: size}


def test_what_is_redacted_is_counted_down(connection: Connection) -> None:
    """The same: of what was counted a start knows no more than the table has."""
    size = ROW_BYTES + len(SECRET)
    say(connection, 1, ALICE, BOB, ALICE)
    connection.execute("INSERT INTO usage VALUES (?, ?), (?, ?)", (ALICE, size, BOB, size))
    connection.execute("UPDATE meta SET value = '2' WHERE key = 'usage_upto'")
    for seq, left_over in ((1, ROW_BYTES + size), (3, 2 * ROW_BYTES)):
        sql = "UPDATE log SET kind = 'REDACTED', text = '', tags = NULL WHERE seq = ?"
        connection.execute(sql, (seq,))
        assert Reader(connection).usage() == {ALICE: left_over, BOB: size}
    erase(connection, of_sender(connection, ALICE, 3), lambda _: None)
    assert Reader(connection).usage() == {ALICE: 0, BOB: size}


def test_batches_that_the_server_has_heard_of_are_not_kept(connection: Connection) -> None:
    """There may be very many; other changes stay, and numbers of changes are not given again."""
    connection.execute("INSERT INTO changes (kind, account) VALUES ('account', 1)")
    for first in (1, 2):
        say(connection, first, ALICE)
        erase(connection, of_sender(connection, ALICE, first), lambda _: None)
        connection.execute(KEEP_FACT, (APPLIED, str(Reader(connection).last_change())))
    assert [(number, kind[:7]) for number, kind, _ in Reader(connection).changes(0)] == [
        (1, "account"),
        (3, "erased "),
    ]


def test_another_change_tells_of_no_batch() -> None:
    """Only its own kind does."""
    assert told("account") is None
    assert told("erased [7, [[1, 20]]]") == Erased(7, [(1, 20)])
