"""Writing events: each kind to its table, all of a turn or nothing, on the disk at once."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import NamedTuple, get_args

import pytest

from securechat.core.journal import events
from securechat.core.journal.events.accounts import (
    AccountCreated,
    AccountMetadataSet,
    AccountRenamed,
    AccountRespelled,
    CertificateAdded,
    CertificateRevoked,
    CertificateUsed,
    Delivered,
    DeviceForgotten,
    FactorRemoved,
    FactorUsed,
    InviteUsed,
    PasswordChanged,
    PasswordRehashed,
    ReadMarked,
    ReadMarkForgotten,
    RealNameSet,
    RecoveryCodesCleared,
    RecoveryCodeUsed,
    TokenCreated,
    TokenRevoked,
    TokenUsed,
)
from securechat.core.journal.events.channels import (
    ChannelClosed,
    ChannelCreated,
    ChannelMetadataSet,
    ChannelRenamed,
    DirectOpened,
    FounderRemoved,
    HistoryOpened,
    InvitationEnded,
    InvitationMade,
    KicksTold,
    Logged,
    MaskAdded,
    MaskRemoved,
    MemberJoined,
    MemberLeft,
    MemberModesChanged,
    ModesChanged,
    Redacted,
    TopicChanged,
)
from securechat.core.journal.events.requests import RequestAnswered
from securechat.store.admin import APPLIED, Admin
from securechat.store.database import Connection, Location, Transaction, open_database
from securechat.store.errors import ConflictError, HeldError, StoreError
from securechat.store.pepper import SealError, open_channel_key
from securechat.store.sql.journal import LOG, TRIAL, Journal, statement_of
from securechat.store.sqlite.database import BUSY_SECONDS
from tests.support.pepper import PEPPER
from tests.support.stored import is_told

ALICE = AccountCreated(1, "Alice", "alice", "alice", "hash", False, 1000, 0)
BOB = AccountCreated(2, "bob", "bob", "bob", "hash", True, 2000, 0)
DEN = ChannelCreated(10, "#Den", "#den", "#den", 1, "nt", 3000)


@pytest.fixture
def journal(location: Location) -> Iterator[Journal]:
    """The hub's, with two accounts and a channel in it."""
    opened = Journal(location, PEPPER)
    opened.commit([ALICE, BOB, DEN])
    yield opened
    opened.close()


def rows(location: Location, sql: str) -> list[tuple[object, ...]]:
    """What another connection reads."""
    with contextlib.closing(open_database(location, read_only=True)) as connection:
        return connection.execute(sql).fetchall()


def said(seq: int, text: str = "hi") -> Logged:
    return Logged(seq, 10, 1, 5000 + seq, "PRIVMSG", text, None)


# --- kinds ---------------------------------------------------------------------------------------


def places(sql: str) -> int:
    """How many parameters a statement has; those with numbers may stand there twice."""
    return len(set(re.findall(r"\?\d+", sql))) or sql.count("?")


def test_every_event_has_its_statement() -> None:
    """By its name, with a place for each of its fields: none can be left behind unwritten."""
    kinds = {*get_args(events.JournalEvent), events.Audited} - {Logged}
    assert {kind: len(kind._fields) for kind in kinds} == {
        kind: places(statement_of(kind)) for kind in kinds
    }
    assert len(LOG) == len(Logged._fields)


def test_a_device_and_what_arrives_there(journal: Journal, location: Location) -> None:
    """One row for each, which is replaced."""
    journal.commit([Delivered(1, "", 4, 9), Delivered(1, "phone", 5, 9), Delivered(1, "", 6, 10)])
    assert rows(location, "SELECT * FROM devices ORDER BY name") == [
        (1, "", 6, 10),
        (1, "phone", 5, 9),
    ]
    journal.commit([DeviceForgotten(1, "phone")])
    assert rows(location, "SELECT * FROM devices ORDER BY name") == [(1, "", 6, 10)]


def test_an_account_and_its_changes(journal: Journal, location: Location) -> None:
    """A new hash."""
    journal.commit([PasswordChanged("newer", 1, "hash")])
    sql = "SELECT id, name, folded, skeleton, password, admin, created_ms, starts_after "
    assert rows(location, sql + "FROM accounts ORDER BY id") == [
        (1, "Alice", "alice", "alice", "newer", 0, 1000, 0),
        (2, "bob", "bob", "bob", "hash", 1, 2000, 0),
    ]


@pytest.mark.parametrize("meanwhile", ["other", ""])
def test_a_password_changed_meanwhile_stays(
    journal: Journal, location: Location, meanwhile: str
) -> None:
    """By an administrator, or with the account deleted: who changes it then is told so, and of a
    new hash of the old one, which a login has made, there is nothing to tell.
    """
    journal.connection.execute("UPDATE accounts SET password = ? WHERE id = 1", (meanwhile,))
    with pytest.raises(ConflictError, match="PasswordChanged"):
        journal.commit([said(1), PasswordChanged("newer", 1, "hash")])
    journal.commit([said(2), PasswordRehashed("newer", 1, "hash")])
    assert rows(location, "SELECT password FROM accounts WHERE id = 1") == [(meanwhile,)]
    assert rows(location, "SELECT seq FROM log") == [(2,)]


MUST_FIND: list[events.JournalEvent] = [
    PasswordChanged("newer", 9, "hash"),
    FactorUsed(5, 1),
    RecoveryCodeUsed(b"r", 1),
    InviteUsed(b"none"),
    ChannelClosed(99),
    ChannelRenamed("#n", "#n", "#n", 10, "#other"),
    FounderRemoved(99),
    MemberModesChanged("o", 10, 2),
    TopicChanged("Tea", "Alice", 4000, 99),
    RealNameSet("Alice A.", 99),
    AccountMetadataSet("{}", 99),
    ChannelMetadataSet("{}", 99),
    AccountRenamed("Zoe", "zoe", "zoe", 99, "bob"),
    AccountRespelled("ALICE", "alice", 99),
    ModesChanged("nt", "key", None, 99),
    HistoryOpened(5, 99),
    Redacted(99, 10, 1, "hi", None),
    RequestAnswered("{}", 99),
]
MAY_FIND_NOTHING: list[events.JournalEvent] = [
    PasswordRehashed("newer", 9, "hash"),
    TokenUsed(5, b"t"),
    TokenRevoked(b"t"),
    CertificateUsed(5, b"c"),
    CertificateRevoked(b"c"),
    FactorRemoved(1),
    RecoveryCodesCleared(1),
    ReadMarkForgotten(1, "#x"),
    DeviceForgotten(1, "phone"),
    MemberLeft(10, 2),
    KicksTold(1),
    MaskRemoved(10, "b", "x!*@*"),
    InvitationEnded(10, 2),
]


@pytest.mark.parametrize("event", MUST_FIND, ids=lambda event: type(event).__name__)
def test_what_is_changed_must_be_there(
    journal: Journal, location: Location, event: events.JournalEvent
) -> None:
    """Else nothing of the step is stored: no topic, role or code that isn't on the disk."""
    with pytest.raises(ConflictError, match="is gone"):
        journal.commit([said(1), event, said(2)])
    assert rows(location, "SELECT * FROM log") == []


@pytest.mark.parametrize("event", MAY_FIND_NOTHING, ids=lambda event: type(event).__name__)
def test_what_is_ended_may_have_ended(journal: Journal, event: events.JournalEvent) -> None:
    """By an administrator, for one: it is as it was to be."""
    journal.commit([said(1), event])


def test_of_every_change_it_is_said_whether_it_must_find_its_row() -> None:
    """None is forgotten above."""
    kinds = {*get_args(events.JournalEvent), events.Audited} - {Logged}
    changes = {k.__name__ for k in kinds if not statement_of(k).startswith("INSERT")}
    told = {type(event).__name__ for event in (*MUST_FIND, *MAY_FIND_NOTHING)}
    assert told | {"UsageUpto"} == changes


@pytest.mark.parametrize("made", [TokenCreated(b"t", 1, "x", 5), CertificateAdded(b"c", 1, "x", 5)])
def test_who_is_shut_out_makes_no_credential(
    journal: Journal, location: Location, made: events.JournalEvent
) -> None:
    """The server has not taken up yet that an administrator has set another password: what the old
    one let in leaves nothing behind, also if the server dies now. Others' are made.
    """
    journal.remember(APPLIED, "0")
    with contextlib.closing(Admin(location)) as admin:
        alice, bob = (admin.find(name, name) for name in ("alice", "bob"))
        admin.set_password(bob, "another hash")
        journal.commit([made])
        journal.commit([TokenRevoked(b"t"), CertificateRevoked(b"c")])
        admin.set_password(alice, "another hash")
        with pytest.raises(ConflictError, match="was changed by somebody else"):
            journal.commit([made])
        journal.remember(APPLIED, str(admin.reader.last_change()))
    journal.commit([made])


def test_one_of_several_that_is_gone(journal: Journal, location: Location) -> None:
    """Two may be there, and the third be missing."""
    journal.commit([MemberJoined(10, 1, "", 0), MemberJoined(10, 2, "", 0)])
    with pytest.raises(ConflictError):
        journal.commit(
            [
                MemberModesChanged("o", 10, 1),
                MemberModesChanged("v", 10, 2),
                MemberModesChanged("v", 10, 3),
            ]
        )
    assert rows(location, "SELECT modes FROM memberships") == [("",), ("",)]


def test_a_channel_and_its_changes(journal: Journal, location: Location) -> None:
    """Topic and modes; the log of a closed channel stays, its name is free."""
    journal.commit(
        [TopicChanged("Tea", "Alice", 4000, 10), ModesChanged("mnt", "key", 5, 10), said(1)]
    )
    sql = "SELECT folded, founder, modes, member_limit, topic, topic_by, topic_ms FROM targets"
    assert rows(location, sql) == [("#den", 1, "mnt", 5, "Tea", "Alice", 4000)]
    journal.commit([ChannelClosed(10), ChannelCreated(11, "#den", "#den", "#den", 2, "nt", 6000)])
    assert rows(location, "SELECT id, folded FROM targets ORDER BY id") == [
        (10, None),
        (11, "#den"),
    ]
    assert rows(location, "SELECT target, text FROM log") == [(10, "hi")]


def test_a_channel_s_key_is_sealed(journal: Journal, location: Location) -> None:
    """It opens with the pepper, for its own channel only; a key that is taken away is gone."""
    journal.commit([ModesChanged("nt", "otter", None, 10)])
    [[sealed]] = rows(location, "SELECT channel_key FROM targets")
    assert "otter" not in str(sealed)
    assert open_channel_key(PEPPER, 10, str(sealed)) == "otter"
    with pytest.raises(SealError):
        open_channel_key(PEPPER, 11, str(sealed))
    journal.commit([ModesChanged("nt", None, None, 10)])
    assert rows(location, "SELECT channel_key FROM targets") == [(None,)]


def test_a_membership_from_its_beginning_to_its_end(journal: Journal, location: Location) -> None:
    """Joined, promoted, gone."""
    journal.commit(
        [MemberJoined(10, 1, "q", 0), MemberJoined(10, 2, "", 7), MemberModesChanged("o", 10, 2)]
    )
    sql = "SELECT channel, account, modes, seq FROM memberships ORDER BY account"
    assert rows(location, sql) == [(10, 1, "q", 0), (10, 2, "o", 7)]
    journal.commit([MemberLeft(10, 1)])
    assert rows(location, sql) == [(10, 2, "o", 7)]


def test_bans_and_invitations_come_and_go(journal: Journal, location: Location) -> None:
    """And a second invitation to the same channel replaces the first."""
    journal.commit(
        [
            MaskAdded(10, "b", "eve!*@*", "Alice", 1),
            MaskAdded(10, "b", "mallory!*@*", "Alice", 2),
            MaskRemoved(10, "b", "eve!*@*"),
            InvitationMade(10, 2, "Alice"),
            InvitationMade(10, 2, "carol"),
        ]
    )
    assert rows(location, "SELECT * FROM channel_masks") == [(10, "b", "mallory!*@*", "Alice", 2)]
    assert rows(location, "SELECT * FROM invitations") == [(10, 2, "carol")]
    journal.commit([InvitationEnded(10, 2)])
    assert rows(location, "SELECT * FROM invitations") == []


def test_a_new_name_takes_along_what_its_members_have_read(
    journal: Journal, location: Location
) -> None:
    """Of others, who may have been in an older channel of that name, it stays."""
    created = ChannelCreated(30, "#a", "#a", "#a", 1, "nt", 5)
    marks = [ReadMarked(account, name, 7) for account in (1, 2) for name in ("#a", "#c")]
    journal.commit([created, MemberJoined(30, 1, "qo", 0), *marks])
    journal.commit([ChannelRenamed("#B", "#b", "#b", 30, "#a")])
    assert rows(location, "SELECT id, name, folded, skeleton FROM targets WHERE id = 30") == [
        (30, "#B", "#b", "#b")
    ]
    assert rows(location, "SELECT account, target FROM read_markers ORDER BY account, target") == [
        *[(1, "#b"), (1, "#c"), (2, "#a"), (2, "#c")],
    ]


def test_a_closed_channel_leaves_nothing_but_its_log(journal: Journal, location: Location) -> None:
    """Whoever was in it, invited or banned; its name is free."""
    created = ChannelCreated(30, "#a", "#a", "#a", 1, "nt", 5)
    lists = [MaskAdded(30, kind, "eve!*@*", "Alice", 1) for kind in "beI"]
    journal.commit([created, MemberJoined(30, 1, "qo", 0), *lists, InvitationMade(30, 2, "a")])
    journal.commit([ChannelClosed(30), created._replace(id=31)])
    for table in ("memberships", "channel_masks", "invitations"):
        assert rows(location, f"SELECT * FROM {table} WHERE channel = 30") == []


def test_a_conversation_and_what_is_said_in_it(journal: Journal, location: Location) -> None:
    """With the client's tags, as they stood on the wire."""
    entry = Logged(1, 20, 1, 5000, "PRIVMSG", "psst", "+draft/react=x")
    journal.commit([DirectOpened(20, 1, 2), entry])
    assert rows(location, "SELECT id, low, high FROM targets WHERE low IS NOT NULL") == [(20, 1, 2)]
    assert rows(location, "SELECT * FROM log") == [tuple(entry)]


def test_an_invite_is_used(journal: Journal, location: Location) -> None:
    """One use at a time."""
    journal.connection.execute("INSERT INTO invites VALUES (?, 2, 0, 0, 0, '')", (b"\xaa",))
    journal.commit([InviteUsed(b"\xaa")])
    assert rows(location, "SELECT uses FROM invites") == [(1,)]


def test_text_is_kept_as_it_is(journal: Journal, location: Location) -> None:
    """Quotes, control characters, any script: a text is a value and never part of a statement."""
    texts = ["'; DROP TABLE log; --", "\x01ACTION waves\x01", "при́вет 🦦", "%s ? :x"]
    journal.commit([said(number, text) for number, text in enumerate(texts, 1)])
    assert [text for (text,) in rows(location, "SELECT text FROM log ORDER BY seq")] == texts


# --- commits -------------------------------------------------------------------------------------


def test_a_commit_is_seen_by_others_when_it_returns(journal: Journal, location: Location) -> None:
    """Many kinds, mixed, in one transaction."""
    journal.commit([said(1), MemberJoined(10, 1, "", 1), said(2), MemberLeft(10, 1), said(3)])
    assert rows(location, "SELECT seq FROM log ORDER BY seq") == [(1,), (2,), (3,)]
    assert rows(location, "SELECT * FROM memberships") == []


def test_order_within_a_commit_matters_and_is_kept(journal: Journal, location: Location) -> None:
    """Left and joined again is joined."""
    journal.commit([MemberJoined(10, 1, "q", 0), MemberLeft(10, 1), MemberJoined(10, 1, "", 9)])
    assert rows(location, "SELECT modes, seq FROM memberships") == [("", 9)]


def test_all_or_nothing(journal: Journal, location: Location) -> None:
    """A conflict in the last event takes the first back too."""
    journal.commit([said(1)])
    with pytest.raises(ConflictError):
        journal.commit([said(2), said(3), said(1)])
    assert rows(location, "SELECT seq FROM log") == [(1,)]
    journal.commit([said(2)])
    assert rows(location, "SELECT seq FROM log") == [(1,), (2,)]


@pytest.mark.parametrize("count", [1, 31, 32, 33, 256, 257, 600])
def test_all_messages_of_a_turn_in_their_order(
    journal: Journal, location: Location, count: int
) -> None:
    """However many rows one statement takes."""
    turn = [said(seq, f"no. {seq}") for seq in range(count)]
    journal.commit(turn)
    assert rows(location, "SELECT * FROM log ORDER BY seq") == turn


def test_one_of_many_messages_that_cannot_be_stored(journal: Journal, location: Location) -> None:
    """Then none of them is."""
    with pytest.raises(ConflictError):
        journal.commit([*map(said, range(300)), said(7)])
    assert rows(location, "SELECT count(*) FROM log") == [(0,)]


def test_a_name_that_an_administrator_gave_out_meanwhile(journal: Journal) -> None:
    """It is a conflict, not a failure of the store."""
    with pytest.raises(ConflictError):
        journal.commit([AccountCreated(3, "ALICE", "alice", "alice2", "hash", False, 1, 0)])


def test_an_event_without_a_statement_is_a_bug(journal: Journal) -> None:
    """It is not passed over in silence."""

    class Unheard(NamedTuple):
        a: int

    with pytest.raises(KeyError, match="Unheard"):
        journal.commit([Unheard(1)])


# --- beside the events ---------------------------------------------------------------------------


def test_facts_are_remembered(journal: Journal, location: Location) -> None:
    """The newest value stays."""
    journal.remember("host", "a.example")
    journal.remember("host", "b.example")
    assert rows(location, "SELECT value FROM meta WHERE key = 'host'") == [("b.example",)]


def test_only_others_changes_are_noticed(journal: Journal, location: Location) -> None:
    """The look is cheap, so that the hub may take it often: its own commits are no news."""
    assert not is_told(journal)
    journal.commit([said(1)])
    journal.remember("a", "b")
    assert not is_told(journal)
    with contextlib.closing(open_database(location)) as other, Transaction(other):
        other.execute("DELETE FROM invites")
    assert is_told(journal)
    assert not is_told(journal)


def test_a_look_that_fails_is_told_as_a_failure_of_the_store(journal: Journal) -> None:
    """So that the hub can go on with the chat."""
    journal.close()
    with pytest.raises(StoreError, match="the database"):
        journal.changed_by_others()


def test_closing_twice_is_harmless(location: Location) -> None:
    """The hub closes it, whatever has happened before."""
    journal = Journal(location, PEPPER)
    journal.close()
    journal.close()


# --- trying out whether anything can be stored ---------------------------------------------------


def test_a_trial_leaves_nothing_behind(journal: Journal, location: Location) -> None:
    """It stores as much as some messages take, and takes it away again."""
    before = rows(location, "SELECT * FROM meta ORDER BY key")
    journal.try_out()
    assert rows(location, "SELECT * FROM meta ORDER BY key") == before
    assert TRIAL not in [row[0] for row in before]


@pytest.fixture
def waits(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long each next try to write waits for another program, in seconds."""
    told: list[float] = []
    kind = type(journal.connection)
    real = kind.wait_at_most

    def wait_at_most(connection: Connection, seconds: float) -> None:
        told.append(seconds)
        real(connection, min(seconds, 0.001))  # as good as two seconds, for this test

    monkeypatch.setattr(kind, "wait_at_most", wait_at_most)
    journal.connection.wait_at_most(BUSY_SECONDS)
    told.clear()
    return told


@pytest.fixture
def other(journal: Journal, location: Location) -> Iterator[Connection]:
    """Of another program, which writes and writes."""
    with contextlib.closing(open_database(location)) as opened:
        opened.begin()
        yield opened


def test_a_trial_waits_for_nobody(journal: Journal, other: Connection, waits: list[float]) -> None:
    """All chat waits with the hub; real messages may wait for another writer when it is done."""
    with pytest.raises(HeldError, match="another program holds the database"):
        journal.try_out()
    other.rollback()
    journal.try_out()
    assert waits == [0, BUSY_SECONDS]


def test_a_database_that_is_held_is_waited_for_once(
    journal: Journal, other: Connection, waits: list[float]
) -> None:
    """Then it is tried without waiting until it is free, and is waited for again after that."""
    for number in range(3):
        with pytest.raises(HeldError):
            journal.commit([said(number)])
        assert waits == [0]
        with pytest.raises(HeldError):
            journal.remember("a", "fact")
        assert waits == [0]
    other.rollback()
    journal.commit([said(1)])
    assert waits == [0, BUSY_SECONDS]


def test_a_conflict_is_no_sign_of_another_program(journal: Journal, waits: list[float]) -> None:
    """The next one may wait."""
    journal.commit([said(1)])
    with pytest.raises(ConflictError):
        journal.commit([said(1)])
    assert waits == []
