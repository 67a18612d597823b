"""The workers: passwords and history, beside the hub; each job has an answer."""

from __future__ import annotations

import logging
import os
import queue
import socket
import sys
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from securechat.core.history.queries import EntryQuery, Span
from securechat.core.jobs import (
    Answer,
    Hashed,
    HashPassword,
    Job,
    JobFailed,
    LoadMissed,
    LogRead,
    Missed,
    ReadLog,
    Verified,
    VerifyPassword,
)
from securechat.core.journal.events.accounts import AccountCreated, PasswordChanged
from securechat.core.journal.events.channels import ChannelCreated, Logged
from securechat.core.model.answers import Lookup
from securechat.core.model.entities import Session
from securechat.core.model.states import Trigger
from securechat.net.connection import Connection
from securechat.server import workers as module
from securechat.server.workers import HASTE_SECONDS, Workers
from securechat.store import passwords
from securechat.store.admin import Admin
from securechat.store.errors import ConflictError
from securechat.store.pepper import Pepper
from securechat.store.sql.journal import Journal
from securechat.store.sql.reader import Reader
from securechat.store.sqlite.database import FILE_NAME
from tests.support.pepper import PEPPER

PATIENCE = 20.0
COST = 4
PASSWORD = "violet kettles dance 4"
ALICE = 1
DEN = 10


class Bench:
    """Workers on a database, and where their answers go."""

    def __init__(self, directory: Path, cost: int = COST) -> None:
        self.now = 1000.0
        self.journal = Journal(directory / FILE_NAME, PEPPER)
        self.answers: queue.SimpleQueue[Answer] = queue.SimpleQueue()
        self.workers = Workers(
            directory / FILE_NAME,
            PEPPER,
            cost=cost,
            server_name="chat.test",
            search_index=directory / "search.db",
            min_password_length=15,
            answer=self.answers.put,
            clock=lambda: self.now,
        )
        self.session = self.new_session()

    @staticmethod
    def new_session() -> Session:
        sock = socket.socket()
        sock.close()
        return Session(
            Connection(sock, "192.0.2.1", 4711, 0),
            io=0,
            address="192.0.2.1",
            fingerprint=None,
            opened_at=0.0,
        )

    def add(self, number: int, name: str, cost: int, password: str = PASSWORD) -> None:
        stored = passwords.hash_password(password, cost=cost, pepper=PEPPER)
        self.journal.commit([AccountCreated(number, name, name, name, stored, False, 0, 0)])

    def stored(self) -> str:
        """Alice's hash."""
        return str(Reader(self.journal.connection).password(ALICE))

    def add_alice(self, cost: int = COST) -> None:
        self.add(ALICE, "alice", cost)

    def does(self, job: Job) -> Answer:
        self.workers.submit(job)
        return self.answers.get(timeout=PATIENCE)

    def verifies(self, account: int | None, password: str, name: str = "alice") -> Verified:
        answer = self.does(VerifyPassword(self.session, account, name, password))
        assert isinstance(answer, Verified)
        assert (answer.session, answer.account) == (self.session, account)
        return answer

    def hashes(self, password: str) -> Hashed:
        answer = self.does(HashPassword(self.session, "alice", password))
        assert isinstance(answer, Hashed)
        return answer


def load(bench: Bench, targets: tuple[tuple[int, int], ...], upto: int, limit: int) -> LoadMissed:
    return LoadMissed(bench.session, targets, upto, limit, 100_000, 400)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """Workers with one account to know."""
    made = Bench(tmp_path)
    made.add_alice()
    yield made
    made.workers.stop()
    made.journal.close()


# --- passwords -----------------------------------------------------------------------------------


def test_the_right_password_is_granted(bench: Bench) -> None:
    """And its hash is of the right cost, so there is no new one."""
    granted = Verified(bench.session, ALICE, granted=True, name="alice")
    assert bench.verifies(ALICE, PASSWORD) == granted


@pytest.mark.parametrize(
    ("password", "code", "granted"),
    [
        (PASSWORD + "123456", "123456", True),
        (PASSWORD + "abcde-fgh23", "abcde-fgh23", True),
        ("wrong123456", "123456", False),
        ("123456", "123456", False),
    ],
)
def test_a_code_at_the_end_is_tried_apart(
    bench: Bench, password: str, code: str, granted: bool
) -> None:
    """The answer tells what had to be taken off; the rules judge the code."""
    answer = bench.does(VerifyPassword(bench.session, ALICE, "alice", password, code))
    assert answer == Verified(bench.session, ALICE, granted, name="alice", code=code)


def test_a_password_that_ends_like_a_code_is_right_as_a_whole(bench: Bench) -> None:
    """Nothing is taken off it."""
    bench.add(ALICE + 1, "bob", COST, PASSWORD + "123456")
    job = VerifyPassword(bench.session, ALICE + 1, "bob", PASSWORD + "123456", "123456")
    assert bench.does(job) == Verified(bench.session, ALICE + 1, True, name="bob")


@pytest.mark.parametrize("account", [ALICE, None])
def test_a_code_costs_everybody_the_same(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, account: int | None
) -> None:
    """Two looks for a wrong password, whether there is such an account or not."""
    looks: list[str] = []

    def look(password: str, stored: str, pepper: Pepper) -> bool:
        looks.append(password)
        return False

    monkeypatch.setattr(passwords, "verify_password", look)
    bench.does(VerifyPassword(bench.session, account, "alice", "wrong123456", "123456"))
    assert looks == ["wrong123456", "wrong"]


@pytest.mark.parametrize("password", ["", PASSWORD + " ", PASSWORD.upper(), "x" * 10_000, "\0"])
def test_a_wrong_password_is_not(bench: Bench, password: str) -> None:
    """Whatever it is; the answer is a no and not a failure."""
    assert not bench.verifies(ALICE, password).granted


@pytest.mark.parametrize("account", [None, 99])
def test_nobody_has_no_password(bench: Bench, account: int | None) -> None:
    """Neither that of the hash that stands in for theirs."""
    for password in ("", PASSWORD, passwords.dummy_hash(COST)):
        assert not bench.verifies(account, password).granted


class Bcrypt:
    """Counts instead of computing."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.costs: list[int | None] = []
        monkeypatch.setattr(passwords, "verify_password", self.verify)

    def verify(self, _: str, stored: str, *__: object) -> bool:
        self.costs.append(passwords.cost_of(stored))
        return False

    def cost(self, bench: Bench, account: int | None, name: str) -> int | None:
        """Of the one bcrypt that a login takes."""
        self.costs.clear()
        assert not bench.verifies(account, "wrong", name).granted
        [cost] = self.costs
        return cost


UNKNOWN = [f"unknown{number}" for number in range(200)]


def test_an_unknown_account_costs_the_same_work(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same questions to the database and one bcrypt of the same cost, so that time doesn't
    tell which accounts there are.
    """
    bcrypt, asked = Bcrypt(monkeypatch), list[str]()
    ask = Reader._all

    def noted(reader: Reader, sql: str, params: Iterable[object] = ()) -> list[tuple[object, ...]]:
        asked.append(sql)
        return ask(reader, sql, params)

    monkeypatch.setattr(Reader, "_all", noted)
    bench.verifies(None, "first", "nobody")  # the accounts are counted
    questions = set()
    for account, name in ((ALICE, "alice"), (99, "gone"), (None, "nobody"), (None, "")):
        asked.clear()
        assert bcrypt.cost(bench, account, name) == COST
        questions.add(tuple(asked))
    assert len(questions) == 1


def test_after_a_change_of_cost_unknown_names_cost_what_accounts_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The accounts keep their cost until they log in, so a name that nobody has has one of theirs:
    each as often as among the accounts, and not that of the configuration.
    """
    bench, bcrypt = Bench(tmp_path, cost=7), Bcrypt(monkeypatch)
    for number, cost in enumerate([5, 5, 5, 6]):
        bench.add(number, f"account{number}", cost)
    assert bcrypt.cost(bench, 3, "account3") == 6
    found = [bcrypt.cost(bench, None, name) for name in UNKNOWN]
    assert set(found) == {5, 6}
    assert 120 < found.count(5) < 180
    assert found == [bcrypt.cost(bench, None, name) for name in UNKNOWN]
    bench.workers.stop()
    again = Bench(tmp_path, cost=7)
    assert found == [bcrypt.cost(again, None, name) for name in UNKNOWN]
    again.workers.stop()


def test_unknown_names_follow_the_accounts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The accounts are counted once a minute: when all have moved, so have all other names."""
    bench, bcrypt = Bench(tmp_path, cost=6), Bcrypt(monkeypatch)
    assert bcrypt.cost(bench, None, "nobody") == 6
    bench.add_alice(cost=5)
    bench.now += module.COSTS_SECONDS - 1
    assert bcrypt.cost(bench, None, "nobody") == 6
    bench.now += 1
    assert bcrypt.cost(bench, None, "nobody") == 5
    bench.workers.stop()


@pytest.mark.parametrize("end", ["disable", "delete"])
def test_who_may_not_log_in_any_more_costs_what_they_did(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    """Nobody outside learns of it."""
    bench, bcrypt = Bench(tmp_path), Bcrypt(monkeypatch)
    bench.add_alice(cost=6)
    for number in range(2, 20):
        bench.add(number, f"account{number}", 5)
    with closing(Admin(tmp_path / FILE_NAME)) as admin:
        alice = admin.find("alice", "alice")
        admin.delete(alice) if end == "delete" else admin.set_disabled(alice, disabled=True)
    assert [bcrypt.cost(bench, account, "alice") for account in (ALICE, None)] == [6, 6]
    bench.workers.stop()


def test_another_cost_makes_a_new_hash(tmp_path: Path) -> None:
    """At the next login with the right password, and only with it."""
    bench = Bench(tmp_path, cost=5)
    bench.add_alice(cost=4)
    assert bench.verifies(ALICE, "wrong").rehashed is None
    rehashed = bench.verifies(ALICE, PASSWORD).rehashed
    assert rehashed is not None
    assert not passwords.needs_rehash(rehashed, cost=5)
    assert passwords.verify_password(PASSWORD, rehashed, PEPPER)
    bench.workers.stop()


def test_a_hash_from_before_the_pepper_is_made_anew(bench: Bench) -> None:
    """At the next login, though its cost is right; until then it is checked as it was made."""
    old = "sc1$$2b$04$9pJqjnIbBTkQ719Ltq0pz.Qw1kvtQccncBkOsCgjYUMFbFfu0BxZq"
    bench.journal.commit([PasswordChanged(old, ALICE, bench.stored())])
    assert not bench.verifies(ALICE, PASSWORD).granted
    answer = bench.verifies(ALICE, "пароль" * 20)
    assert answer.granted
    assert answer.replaced == old
    assert str(answer.rehashed).startswith("sc2$")


@pytest.mark.parametrize("scheme", ["sc1$", "sc2$"])
def test_hashes_of_all_recipes_cost_what_unknown_names_do(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    """One bcrypt of the cost that stands in the hash, whether it is of before the pepper or not."""
    bcrypt = Bcrypt(monkeypatch)
    stored = scheme + passwords.dummy_hash(6).removeprefix("sc2$")
    bench.journal.commit([PasswordChanged(stored, ALICE, bench.stored())])
    assert bcrypt.cost(bench, ALICE, "alice") == 6
    assert bcrypt.cost(bench, None, "nobody") == 6


def test_a_new_password_is_hashed(bench: Bench) -> None:
    """With the configured cost, and an id that can't be guessed for the account."""
    one, two = bench.hashes("another fine otter 7"), bench.hashes("another fine otter 7")
    assert one.refusal is None
    assert passwords.verify_password("another fine otter 7", one.hashed, PEPPER)
    assert not passwords.needs_rehash(one.hashed, cost=COST)
    assert one.hashed != two.hashed
    assert one.account_id != two.account_id
    assert 0 <= one.account_id < 2**52


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("short", "WEAK_PASSWORD"),
        ("alice alice alice", "WEAK_PASSWORD"),
        ("passwordpassword", "WEAK_PASSWORD"),
        ("tab\there", "UNACCEPTABLE_PASSWORD"),
        ("x" * 1025, "UNACCEPTABLE_PASSWORD"),
    ],
)
def test_a_bad_password_is_refused_with_the_reason(bench: Bench, password: str, code: str) -> None:
    """And no hash of it is made. Account-registration, "Responses": what is not weak, and can't be
    used all the same, is UNACCEPTABLE_PASSWORD.
    """
    answer = bench.hashes(password)
    assert answer.refusal
    assert answer.code == code
    assert answer.hashed == ""
    assert password not in repr(answer)


def test_no_job_or_answer_shows_a_password(bench: Bench) -> None:
    """A repr may reach a log."""
    jobs = [
        VerifyPassword(bench.session, ALICE, "alice", PASSWORD),
        HashPassword(bench.session, "alice", PASSWORD),
        bench.hashes(PASSWORD),
        Verified(bench.session, ALICE, True, "$2b$hash"),
    ]
    assert PASSWORD not in repr(jobs)
    assert "$2b$" not in repr(jobs)


# --- history -------------------------------------------------------------------------------------


def test_what_was_missed_is_read(bench: Bench) -> None:
    """As entries of the log, with what the question was about."""
    entries = [Logged(n, DEN, ALICE, 1000 + n, "PRIVMSG", f"text {n}", None) for n in range(1, 6)]
    bench.journal.commit([ChannelCreated(DEN, "#den", "#den", "#den", 1, "nt", 0), *entries])
    answer = bench.does(load(bench, ((DEN, 1),), upto=4, limit=2))
    assert answer == Missed(bench.session, entries[2:4], cut=True, upto=4, asked=1)


def test_threads_give_way_sooner_while_a_page_is_read(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And as usual again when none is, whatever has become of the reading."""
    usual = sys.getswitchinterval()
    seen: list[float] = []

    def read(reader: Reader, job: ReadLog) -> LogRead:
        seen.append(sys.getswitchinterval())
        raise ValueError

    monkeypatch.setattr(module, "read_log", read)
    for _ in range(2):
        job = ReadLog(bench.session, Lookup(EntryQuery(Span(DEN, 0, 9), 1)))
        assert isinstance(bench.does(job), LogRead)
    assert seen == [pytest.approx(HASTE_SECONDS)] * 2
    assert sys.getswitchinterval() == pytest.approx(usual)


def test_who_has_gone_costs_no_bcrypt(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither to check a password nor to make a hash: there is nobody to be answered."""
    bcrypt = Bcrypt(monkeypatch)
    monkeypatch.setattr(passwords, "hash_password", bcrypt.verify)
    gone = Bench.new_session()
    gone.move(Trigger.CLOSING)
    for _ in range(module.MAX_WAITING + 10):  # more than may wait: each gives its place back
        bench.workers.submit(VerifyPassword(gone, ALICE, "alice", PASSWORD))
        bench.workers.submit(HashPassword(gone, "carol", PASSWORD))
        bench.verifies(ALICE, PASSWORD)
    assert len(bcrypt.costs) == module.MAX_WAITING + 10
    assert bench.answers.empty()


def test_an_end_waits_for_what_is_under_way_only(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who waits for a password to be checked has no answer; a hundred would take half a minute."""
    stopping = threading.Event()
    done = []

    def slow(*_: object) -> bool:
        done.append(threading.current_thread().name)
        assert stopping.wait(PATIENCE)
        return False

    class Pool(ThreadPoolExecutor):
        def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
            stopping.set()
            super().shutdown(wait, cancel_futures=cancel_futures)

    monkeypatch.setattr(passwords, "verify_password", slow)
    monkeypatch.setattr(bench.workers, "_passwords", Pool(1, "password"))
    for _ in range(20):
        bench.workers.submit(VerifyPassword(bench.session, ALICE, "alice", "x"))
    bench.workers.stop()
    assert len(done) <= 1
    assert bench.answers.qsize() == len(done)


def test_history_is_read_while_passwords_wait(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A flood of logins doesn't hold up those who are logged in."""
    gate = threading.Event()
    monkeypatch.setattr(passwords, "verify_password", lambda *_: gate.wait(PATIENCE))
    for _ in range(50):
        bench.workers.submit(VerifyPassword(bench.session, ALICE, "alice", "x"))
    answer = bench.does(load(bench, (), upto=0, limit=1))
    assert isinstance(answer, Missed)
    gate.set()


def test_a_new_password_takes_the_place_of_the_one_that_was(bench: Bench) -> None:
    """So that it can't take the place of one that an administrator sets meanwhile."""
    answer = bench.does(HashPassword(bench.session, "alice", "another fine kettle 5", ALICE))
    assert isinstance(answer, Hashed)
    assert answer.replaced == bench.stored()
    bench.journal.commit([PasswordChanged("of the administrator", ALICE, bench.stored())])
    with pytest.raises(ConflictError):
        bench.journal.commit([PasswordChanged(answer.hashed, ALICE, answer.replaced)])
    assert bench.stored() == "of the administrator"


# --- limits and failures -------------------------------------------------------------------------


def test_more_logins_than_can_wait_are_turned_away(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """At once, instead of after a minute; when the others are done, logins are taken again."""
    gate = threading.Event()
    verify = passwords.verify_password

    busy = threading.Semaphore(0)

    def slow(password: str, stored: str, pepper: Pepper) -> bool:
        busy.release()
        assert gate.wait(PATIENCE)
        return verify(password, stored, pepper)

    monkeypatch.setattr(passwords, "verify_password", slow)
    job = VerifyPassword(bench.session, ALICE, "alice", PASSWORD)
    for _ in range(max(1, (os.cpu_count() or 1) - 1)):  # as many as there are workers
        bench.workers.submit(job)
        assert busy.acquire(timeout=PATIENCE)
    for _ in range(module.MAX_WAITING):
        bench.workers.submit(job)
    assert bench.does(job) == JobFailed(bench.session)
    assert "256 logins are waiting already; one more is turned away" in caplog.text
    gate.set()
    for _ in range(module.MAX_WAITING):
        assert isinstance(bench.answers.get(timeout=PATIENCE), Verified)
    assert bench.verifies(ALICE, PASSWORD).granted


@pytest.mark.parametrize("kind", ["password", "history"])
def test_a_failure_is_an_answer_too(
    tmp_path: Path, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A session never waits for an answer that doesn't come; the log says what happened, without
    the password.
    """
    bench = Bench(tmp_path)
    for table in ("log", "accounts"):
        bench.journal.connection.execute(f"DROP TABLE {table}")
    jobs: dict[str, Job] = {
        "password": VerifyPassword(bench.session, ALICE, "alice", PASSWORD),
        "history": load(bench, ((DEN, 0),), upto=5, limit=5),
    }
    assert bench.does(jobs[kind]) == JobFailed(bench.session)
    assert "a worker failed at" in caplog.text
    assert PASSWORD not in caplog.text
    bench.workers.stop()


def test_a_failed_job_gives_its_place_back(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Otherwise the server would end up refusing all logins."""
    caplog.set_level(logging.CRITICAL)

    def broken(*_: object) -> bool:
        raise ZeroDivisionError

    monkeypatch.setattr(passwords, "verify_password", broken)
    job = VerifyPassword(bench.session, ALICE, "alice", PASSWORD)
    for _ in range(module.MAX_WAITING + 10):
        assert bench.does(job) == JobFailed(bench.session)
    monkeypatch.undo()
    assert bench.verifies(ALICE, PASSWORD).granted


def test_stopping_ends_the_threads(bench: Bench) -> None:
    """What has not begun is not done, and nothing is left running."""
    bench.verifies(ALICE, PASSWORD)
    bench.workers.stop()
    names = {thread.name.partition("_")[0] for thread in threading.enumerate()}
    assert not names & {"password", "history"}
