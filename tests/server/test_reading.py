"""Whose turn it is to have read what was missed; how much has been read in the end."""

from __future__ import annotations

from pathlib import Path

from securechat.core.jobs import JobFailed, LoadMissed, Missed
from securechat.core.journal.events.accounts import AccountCreated
from securechat.core.journal.events.channels import ChannelCreated, Logged
from securechat.core.model.entities import Account, Session
from securechat.server.reading import ReadingQueue, look_up, read_missed
from securechat.store.sql.journal import Journal
from securechat.store.sql.reader import Reader
from securechat.store.sqlite.database import FILE_NAME
from tests.support.pepper import PEPPER

DEN = 10


def session(account: Account | None = None) -> Session:
    made = Session(object(), io=0, address="192.0.2.1", fingerprint=None, opened_at=0.0)
    made.account = account
    return made


def job(owner: Session, after: int = 0, upto: int = 9, before: Missed | None = None) -> LoadMissed:
    return LoadMissed(owner, ((DEN, after),), upto, 3, 10_000, 400, before)


def account(number: int) -> Account:
    return Account(number, f"a{number}", f"a{number}", f"a{number}")


def test_accounts_take_turns() -> None:
    """An account that has logged in ten times waits behind itself, and the others don't."""
    queue, (alice, bob) = ReadingQueue(), (account(1), account(2))
    many = [job(session(alice)) for _ in range(3)]
    for one in many:
        queue.put(one)
    late = job(session(bob))
    queue.put(late)
    assert queue.take() is many[0]
    assert queue.take() is late
    assert queue.take() is None  # of each only one at a time
    assert queue.done(alice)
    assert queue.take() is many[1]
    assert not queue.done(bob)
    assert queue.done(alice)
    assert queue.take() is many[2]
    assert not queue.done(alice)
    assert queue.take() is None


def test_what_was_read_before_is_part_of_the_answer(tmp_path: Path) -> None:
    """The newest of both, and how often it was asked for."""
    journal = Journal(tmp_path / FILE_NAME, PEPPER)
    said = [Logged(n, DEN, 1, 5000 + n, "PRIVMSG", f"text {n}", None) for n in range(1, 8)]
    people = AccountCreated(1, "a", "a", "a", "hash", False, 0, 0)
    journal.commit([people, ChannelCreated(DEN, "#d", "#d", "#d", 1, "", 0), *said])
    reader, owner = Reader(journal.connection), session()
    first = read_missed(reader, job(owner, 0, 2))
    assert first == Missed(owner, said[:2], cut=False, upto=2, asked=1)
    second = read_missed(reader, job(owner, 2, 3, first))
    assert second == Missed(owner, said[:3], cut=False, upto=3, asked=2)
    third = look_up(reader, job(owner, 3, 5, second))
    assert third == Missed(owner, said[2:5], cut=True, upto=5, asked=3)
    journal.close()
    assert look_up(reader, job(owner)) == JobFailed(owner)
