"""Reading: what the server starts from, and what a member has missed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from securechat.core.journal.events import JournalEvent
from securechat.core.journal.events.accounts import (
    AccountCreated,
    AccountMetadataSet,
    UsageCounted,
    UsageUpto,
)
from securechat.core.journal.events.channels import (
    ChannelClosed,
    ChannelCreated,
    ChannelMetadataSet,
    DirectOpened,
    InvitationMade,
    Logged,
    MaskAdded,
    MemberJoined,
    TopicChanged,
)
from securechat.store.database import Connection, Location
from securechat.store.errors import StoreError
from securechat.store.sql.fragments import ROW_BYTES, own_key
from securechat.store.sql.journal import Journal
from securechat.store.sql.reader import Reader
from securechat.store.sql.rows import AccountRow, ChannelRow, InviteRow
from securechat.store.sqlite.database import SqliteConnection
from tests.support.pepper import PEPPER

ALICE, BOB = 1, 2
DEN, LAB, TALK = 10, 11, 12

HOUSE: list[JournalEvent] = [
    AccountCreated(ALICE, "Alice", "alice", "al", "hash of alice", True, 1000, 0),
    AccountCreated(BOB, "bob", "bob", "bob", "hash of bob", False, 2000, 5),
    ChannelCreated(DEN, "#Den", "#den", "#den", ALICE, "nt", 3000),
    ChannelCreated(LAB, "#lab", "#lab", "#lab", None, "ns", 3001),
    DirectOpened(TALK, ALICE, BOB),
    TopicChanged("Tea", "Alice", 4000, DEN),
    AccountMetadataSet('{"url":"x"}', BOB),
    ChannelMetadataSet('{"url":"y"}', DEN),
    MemberJoined(DEN, ALICE, "q", 0),
    MemberJoined(DEN, BOB, "", 3),
    MaskAdded(DEN, "b", "eve!*@*", "Alice", 5000),
    InvitationMade(LAB, BOB, "Alice"),
]


@pytest.fixture
def journal(location: Location) -> Iterator[Journal]:
    """The writer, with a small server in it."""
    opened = Journal(location, PEPPER)
    opened.commit(HOUSE)
    yield opened
    opened.close()


@pytest.fixture
def reader(journal: Journal, location: Location) -> Iterator[Reader]:
    """A worker's, with a connection of its own."""
    opened = Reader(location)
    yield opened
    opened.close()


def said(seq: int, target: int = DEN, kind: str = "PRIVMSG") -> Logged:
    return Logged(seq, target, ALICE, 5000 + seq, kind, f"text {seq}", None)


def seqs(found: list[tuple[int, int, int, int, str, str, str | None]]) -> list[int]:
    return [row[0] for row in found]


# --- what the server starts from -----------------------------------------------------------------


def test_an_empty_database_is_read(location: Location) -> None:
    """The first start finds nothing, and zeros."""
    journal = Journal(location, PEPPER)
    reader = Reader(journal.connection)
    assert (reader.last_seq(), reader.last_target(), reader.last_change()) == (0, 0, 0)
    assert reader.accounts() == []
    assert reader.channels(PEPPER) == []
    assert reader.invites() == []
    assert reader.directs() == []
    journal.close()


def test_each_database_has_a_name(journal: Journal, reader: Reader, tmp_path: Path) -> None:
    """The same for all who read it, another for another database."""
    other = Journal(tmp_path / "other.db", PEPPER)
    assert reader.instance() == Reader(journal.connection).instance()
    assert reader.instance() != Reader(other.connection).instance()
    other.close()


def test_facts_are_found_again(journal: Journal, reader: Reader) -> None:
    """And what was never remembered is None."""
    journal.remember("port", "6697")
    assert reader.remembered("port") == "6697"
    assert reader.remembered("nothing") is None


def test_a_node_finds_its_own_facts(journal: Journal) -> None:
    """Of what it has kept nothing of, as whoever has started last."""
    journal.remember("host", "south.example")
    journal.remember(own_key("host", "north"), "north.example")
    north, alone = Reader(journal.connection, "north"), Reader(journal.connection)
    assert (north.remembered("host"), alone.remembered("host")) == (
        "north.example",
        "south.example",
    )
    assert Reader(journal.connection, "nor").remembered("host") == "south.example"
    assert own_key("host", "") == "host"


def test_accounts_are_read_with_all_that_is_known(reader: Reader) -> None:
    """Save the password's hash, which nobody needs who starts a server."""
    alice = AccountRow(ALICE, "Alice", "alice", "al", 1, 0, 0, 0, 0, 1000, "", "", None)
    assert sorted(reader.accounts()) == [
        alice,
        AccountRow(BOB, "bob", "bob", "bob", 0, 0, 0, 0, 5, 2000, "", '{"url":"x"}', None),
    ]
    assert reader.account(ALICE) == alice
    assert reader.account_named("alice") == alice
    assert reader.account(99) is None
    assert reader.account_named("Alice") is None


def test_a_password_is_read_by_itself(reader: Reader) -> None:
    """For the worker that checks it."""
    assert reader.password(ALICE) == "hash of alice"
    assert reader.password(99) is None


@pytest.mark.parametrize("change", ["disabled = 1", "deleted = 1", "password = ''"])
def test_who_may_not_log_in_has_no_password(journal: Journal, reader: Reader, change: str) -> None:
    """A login that a worker checks at the very moment of the change is refused as well."""
    journal.connection.execute(f"UPDATE accounts SET {change} WHERE id = 1")
    assert reader.password(ALICE) is None
    assert reader.password(BOB) is not None


def test_costs_are_counted_over_all_accounts(journal: Journal, reader: Reader) -> None:
    """Whatever their state; what is no hash has no cost."""
    change = "UPDATE accounts SET password = ?, disabled = 1, deleted = 1 WHERE id = ?"
    assert reader.costs() == {}
    assert reader.cost("alice") is None
    journal.connection.execute(change, ("sc1$$2b$12$", ALICE))
    assert reader.costs() == {12: 1}
    journal.connection.execute(change, ("sc1$$2b$12$" + "x" * 53, BOB))
    assert reader.costs() == {12: 2}
    assert [reader.cost(name) for name in ("alice", "bob", "nobody")] == [12, 12, None]


def test_usage_is_what_was_counted_and_what_came_after(journal: Journal, reader: Reader) -> None:
    """So nothing is lost of it when the server dies between two counts."""
    journal.commit([Logged(seq, 99, ALICE, 5, "PRIVMSG", "hello", None) for seq in (501, 502)])
    before = reader.usage()
    journal.commit([UsageCounted(ALICE, 7_000), UsageCounted(BOB, 9_000), UsageUpto("501")])
    assert reader.usage() == {ALICE: 7_000 + ROW_BYTES + len("hello"), BOB: 9_000}
    assert before[ALICE] >= 2 * (ROW_BYTES + len("hello"))


def test_channels_are_read_with_their_newest_entry(journal: Journal, reader: Reader) -> None:
    """What somebody has missed is known without reading the log."""
    journal.commit([said(1), said(2, LAB), said(3)])
    den, lab = sorted(reader.channels(PEPPER))
    assert den == ChannelRow(
        DEN,
        "#Den",
        "#den",
        "#den",
        ALICE,
        "nt",
        None,
        None,
        "Tea",
        "Alice",
        4000,
        '{"url":"y"}',
        3000,
        0,
        None,
        3,
    )
    assert (lab.founder, lab.modes, lab.last_seq) == (None, "ns", 2)


def test_closed_channels_are_not_read(journal: Journal, reader: Reader) -> None:
    """But their numbers are never given out again."""
    journal.commit([ChannelClosed(LAB)])
    assert [channel.id for channel in reader.channels(PEPPER)] == [DEN]
    assert reader.last_target() == TALK


def test_conversations_are_read(journal: Journal, reader: Reader) -> None:
    """With their newest entry, 0 for none."""
    assert reader.directs() == [(TALK, ALICE, BOB, 0)]
    journal.commit([said(7, TALK)])
    assert reader.directs() == [(TALK, ALICE, BOB, 7)]


def test_members_bans_and_invitations_are_read(reader: Reader) -> None:
    """Everything that belongs to a channel."""
    assert sorted(reader.memberships()) == [(DEN, ALICE, "q", 0), (DEN, BOB, "", 3)]
    assert reader.masks() == [(DEN, "b", "eve!*@*", "Alice", 5000)]
    assert reader.invitations() == [(LAB, BOB, "Alice")]


def test_invites_are_read_oldest_first(journal: Journal, reader: Reader) -> None:
    """Used-up ones too: the list shows them."""
    insert = "INSERT INTO invites VALUES (?, ?, ?, ?, ?, ?)"
    journal.connection.execute(insert, (b"\2", 0, 10, 1, 200, "late"))
    journal.connection.execute(insert, (b"\1", 3, 10, 0, 100, ""))
    assert reader.invites() == [
        InviteRow(b"\1", 3, 10, 0, 100, ""),
        InviteRow(b"\2", 0, 10, 1, 200, "late"),
    ]


def test_changes_are_read_after_the_last_known(journal: Journal, reader: Reader) -> None:
    """In the order in which the administrator made them."""
    for kind, account in [("account", 1), ("invites", None), ("password", 2)]:
        journal.connection.execute(
            "INSERT INTO changes (kind, account) VALUES (?, ?)", (kind, account)
        )
    assert reader.changes(1) == [(2, "invites", None), (3, "password", 2)]
    assert reader.last_change() == 3


# --- what was missed -----------------------------------------------------------------------------


def test_what_was_missed_comes_in_its_order(journal: Journal, reader: Reader) -> None:
    """Of all the targets that were asked for, and of no other."""
    journal.commit([said(1), said(2, TALK), said(3, LAB), said(4), said(5, TALK)])
    found, cut = reader.missed([(DEN, 0), (TALK, 0)], upto=5, limit=10)
    assert seqs(found) == [1, 2, 4, 5]
    assert found[0] == (1, DEN, ALICE, 5001, "PRIVMSG", "text 1", None)
    assert not cut


def test_each_target_has_its_own_beginning(journal: Journal, reader: Reader) -> None:
    """After what the account has received there, up to what it was asked for, not beyond."""
    journal.commit([said(1), said(2, TALK), said(3), said(4, TALK), said(5)])
    found, _ = reader.missed([(DEN, 1), (TALK, 2)], upto=4, limit=10)
    assert seqs(found) == [3, 4]


def test_of_too_many_the_newest_are_given(journal: Journal, reader: Reader) -> None:
    """Of all targets together, and it is told that older ones were left out."""
    journal.commit([said(number, (DEN, TALK)[number % 2]) for number in range(1, 21)])
    assert reader.missed([(DEN, 0), (TALK, 0)], upto=20, limit=20)[1] is False
    found, cut = reader.missed([(DEN, 0), (TALK, 0)], upto=20, limit=5)
    assert seqs(found) == [16, 17, 18, 19, 20]
    assert cut


def test_a_flood_in_one_place_leaves_the_others_their_share(
    journal: Journal, reader: Reader
) -> None:
    """Each has an equal part of the limit for its newest; all come in one order."""
    early = [said(1, LAB), said(2, TALK), said(3, LAB), said(4, TALK), said(5, TALK), said(6, TALK)]
    journal.commit([*early, *(said(number) for number in range(7, 100))])
    found, cut = reader.missed([(DEN, 0), (LAB, 0), (TALK, 0)], upto=99, limit=9)
    assert seqs(found) == [1, 3, 4, 5, 6, 96, 97, 98, 99]
    assert cut


def test_more_targets_than_the_limit_share_nothing(journal: Journal, reader: Reader) -> None:
    """The newest are given then."""
    journal.commit([said(1, LAB), said(2, TALK), said(3), said(4)])
    found, cut = reader.missed([(DEN, 0), (LAB, 0), (TALK, 0)], upto=4, limit=2)
    assert (seqs(found), cut) == ([3, 4], True)


def test_without_targets_there_is_nothing(reader: Reader) -> None:
    """Nor anything left out."""
    assert reader.missed([], upto=9, limit=5) == ([], False)


def test_questions_to_a_client_are_not_missed(journal: Journal, reader: Reader) -> None:
    """A CTCP is for who is there; an ACTION is a message. They don't count for the limit."""
    rows = [("PRIVMSG", "a"), ("PRIVMSG", "\x01ACTION waves\x01"), ("CTCP", "\x01VERSION\x01")]
    rows += [("CTCPREPLY", "\x01VERSION x\x01"), ("CTCP", "\x01"), ("NOTICE", ""), ("PRIVMSG", "b")]
    journal.commit([said(n)._replace(kind=k, text=t) for n, (k, t) in enumerate(rows, 1)])
    found, cut = reader.missed([(DEN, 0)], upto=9, limit=4)
    assert [row[5] for row in found] == ["a", "\x01ACTION waves\x01", "", "b"]
    assert not cut


def test_one_more_than_the_limit_in_one_channel_is_noticed(
    journal: Journal, reader: Reader
) -> None:
    """At the very border."""
    journal.commit([said(number) for number in range(1, 7)])
    assert reader.missed([(DEN, 0)], upto=6, limit=6)[1] is False
    assert reader.missed([(DEN, 0)], upto=6, limit=5)[1] is True


def test_a_limit_of_none_gives_nothing(journal: Journal, reader: Reader) -> None:
    """A server may be told to replay nothing; it still tells that there was something."""
    journal.commit([said(1)])
    assert reader.missed([(DEN, 0)], upto=1, limit=0) == ([], True)


@pytest.mark.parametrize("kind", ["JOIN", "PART", "KICK", "TOPIC", "MODE", "TAGMSG"])
def test_only_messages_are_missed(journal: Journal, reader: Reader, kind: str) -> None:
    """JOIN, PART and the like of that time are not news any more."""
    journal.commit([said(1, kind=kind), said(2, kind="NOTICE")])
    assert seqs(reader.missed([(DEN, 0)], upto=2, limit=10)[0]) == [2]


def test_a_reader_sees_what_is_committed_while_it_is_open(journal: Journal, reader: Reader) -> None:
    """A worker keeps its connection; each look is at the present."""
    assert reader.last_seq() == 0
    journal.commit([said(1)])
    assert reader.last_seq() == 1


def test_a_failure_is_told_as_one(journal: Journal) -> None:
    """Every method speaks of the store and not of SQLite."""
    reader = Reader(journal.connection)
    journal.connection.execute("DROP TABLE log")
    with pytest.raises(StoreError, match=r"the database can't be used: .*log"):
        reader.last_seq()
    with pytest.raises(StoreError):
        reader.missed([(DEN, 0)], 1, 1)


def test_a_closed_reader_is_no_reader(journal: Journal, location: Location) -> None:
    """It owns its connection when it was given a path."""
    reader = Reader(location)
    reader.close()
    with pytest.raises(StoreError):
        reader.last_seq()


def test_it_may_read_through_the_writers_connection(journal: Journal) -> None:
    """The hub's own reader shares its connection, and so sees its own transaction."""
    assert not journal.connection.in_transaction
    journal.connection.execute("BEGIN")
    journal.connection.execute("DELETE FROM accounts")
    assert Reader(journal.connection).accounts() == []
    journal.connection.execute("ROLLBACK")


# --- what that costs -----------------------------------------------------------------------------


def steps(connection: Connection, action: Callable[[], object]) -> int:
    """How many thousand steps SQLite's machine takes for something."""
    assert isinstance(connection, SqliteConnection)
    count = 0

    def one_more() -> int:
        nonlocal count
        count += 1
        return 0

    connection.set_progress_handler(one_more, 1000)
    action()
    connection.set_progress_handler(None, 0)
    return count


OF_SQLITE = pytest.mark.parametrize("new_location", ["sqlite"], indirect=True)


@OF_SQLITE
@pytest.mark.parametrize("kind", ["TAGMSG", "JOIN"])
def test_a_flood_of_what_is_not_replayed_costs_a_login_nothing(journal: Journal, kind: str) -> None:
    """An hour of one member's reactions lies behind the one message that was missed."""
    reader = Reader(journal.connection)
    flood = [said(number, kind=kind) for number in range(10, 60_010)]
    journal.commit([said(1), *flood, said(70_000)])
    found: list[list[int]] = []
    work = steps(
        journal.connection, lambda: found.append(seqs(reader.missed([(DEN, 0)], 70_000, 500)[0]))
    )
    assert found == [[1, 70_000]]
    assert work <= 1
    assert steps(journal.connection, lambda: reader.channels(PEPPER)) <= 1


def test_no_more_bytes_are_read_than_are_wanted(journal: Journal) -> None:
    """Tags are counted as UTF-8, and every target has its turn: one full of tags leaves the others
    theirs.
    """
    tags = "+x=" + "\U0001f9a6" * 1000  # 4,003 bytes, and 1,003 characters
    loud = [said(n)._replace(tags=tags) for n in range(101, 201)]
    quiet = [said(n, LAB) for n in range(1, 11)]
    journal.commit([*quiet, *loud])
    reader = Reader(journal.connection)
    targets = [(DEN, 0), (LAB, 0)]
    found, cut = reader.missed(targets, 200, 500, max_bytes=45_000, line_bytes=100)
    assert seqs(found) == [*range(1, 11), *range(191, 201)]
    assert cut
    found, cut = reader.missed(targets, 200, 500, max_bytes=10**6, line_bytes=100)
    assert (len(found), cut) == (110, False)
    assert reader.missed(targets, 200, 500, max_bytes=50) == ([], True)
