"""The hub thread: turns of it, what is stored before what is sent, and what a failure costs."""

from __future__ import annotations

import contextlib
import gc
import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import pytest

from securechat.core.delivery import acknowledgements
from securechat.core.guard import FAILED
from securechat.core.history.queries import EntryQuery, Span
from securechat.core.jobs import (
    Answer,
    Hashed,
    HashPassword,
    JobFailed,
    LoadMissed,
    LogRead,
    ReadLog,
    Verified,
    VerifyPassword,
)
from securechat.core.journal.events.channels import ChannelCreated, Logged
from securechat.core.model.answers import Lookup
from securechat.core.model.credentials import Invite
from securechat.core.model.entities import Account, Session
from securechat.core.presence import arrivals, online
from securechat.core.rules import Rules
from securechat.core.turn import Turn
from securechat.credentials.link import code_digest
from securechat.net.connection import Closed, Lines, Phase, Taken
from securechat.net.throttle import Rate
from securechat.server import changes
from securechat.server import hub as module
from securechat.server.allowance import LINE_SECONDS
from securechat.server.changes import take_changes
from securechat.server.commit import MustEndError
from securechat.server.inbox import Stop
from securechat.server.input_queue import MOST_UNSENT, TimeSlices
from securechat.store.admin import Admin, NewAccount
from securechat.store.errors import DamagedError, DisplacedError, StoreError
from tests.support.client import Client
from tests.support.hub import GatedJournal, HubUnderTest, done, link_of
from tests.support.links import PATIENCE
from tests.support.waiting import until

FULL = StoreError("the disk is full; free some space")


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[HubUnderTest]:
    """A hub with three accounts, and nobody here yet."""
    opened = HubUnderTest(tmp_path, "alice", "bob", "carol")
    opened.open()
    yield opened
    opened.close()
    assert opened.failures == []


def texts(hub: HubUnderTest) -> list[str]:
    """What is in the log, read through a connection of its own."""
    connection = sqlite3.connect(hub.path)
    sql = "SELECT text FROM log WHERE kind = 'PRIVMSG' ORDER BY seq"
    found = [text for (text,) in connection.execute(sql)]
    connection.close()
    return found


def spoken(lines: list[str]) -> list[str]:
    """The texts of the messages among lines."""
    return [line.rpartition(" :")[2] for line in lines if line.split(" ")[1] == "PRIVMSG"]


# --- storing before sending ----------------------------------------------------------------------


def test_nobody_hears_what_is_not_stored_yet(hub: HubUnderTest) -> None:
    """Neither the others nor the sender's echo, until the commit has returned."""
    alice, bob = hub.member("alice", caps="echo-message"), hub.member("bob")
    alice.hears()
    hub.journal.hold()
    alice.sends("PRIVMSG #lobby :hi")
    hub.journal.holds_one()
    assert not alice.has_heard()
    assert not bob.has_heard()
    assert texts(hub) == []
    hub.journal.release()
    assert alice.hears_line() == bob.hears_line() == ":alice!alice@chat.test PRIVMSG #lobby :hi"
    assert texts(hub) == ["hi"]


def test_who_logs_in_may_speak_faster(hub: HubUnderTest) -> None:
    """From its welcome on, and not before its login is complete."""
    client = hub.connect()
    client.says("CAP LS", "NICK alice", "USER a 0 * :A")
    assert not link_of(client).authenticated
    assert link_of(hub.member("bob")).authenticated
    assert not link_of(client).authenticated


def test_what_comes_while_it_stores_is_stored_together(hub: HubUnderTest) -> None:
    """A busy hub commits many messages at once: that is what makes it fast."""
    alice, bob = hub.member("alice"), hub.member("bob")
    hub.gathers(alice)
    before = len(hub.journal.commits)
    for number in range(50):
        (alice, bob)[number % 2].sends(f"PRIVMSG #lobby :{number}")
    hub.journal.release()
    bob.hears_until(":48")
    held, together = hub.journal.commits[before:]
    assert len(held) == 1
    assert [event.text for event in together if isinstance(event, Logged)] == [
        str(number) for number in range(50)
    ]


@pytest.fixture
def hasty(tmp_path: Path) -> Iterator[HubUnderTest]:
    """A hub that takes one line of the members in a turn, and one of the unauthenticated."""
    opened = HubUnderTest(tmp_path, "alice", "bob", "carol", slices=TimeSlices(0.0, 0.0, 0.0, 0.0))
    opened.open()
    yield opened
    opened.close()
    assert opened.failures == []


def test_a_turn_has_an_end(hasty: HubUnderTest) -> None:
    """However much waits, the first of it doesn't wait for the last."""
    alice, bob = hasty.member("alice"), hasty.member("bob")
    alice.hears()
    before = len(hasty.journal.commits)
    alice.sends(*(f"PRIVMSG #lobby :{number}" for number in range(20)))
    assert spoken(bob.hears_until(":19"))[-20:] == [str(number) for number in range(20)]
    assert len(hasty.journal.commits) - before == 20


def test_what_was_said_before_the_end_is_done(hasty: HubUnderTest) -> None:
    """A server that stops takes no more, but what waits was accepted."""
    alice = hasty.member("alice")
    alice.hears()
    alice.sends(*(f"PING {number}" for number in range(200)))
    hasty.hub.inbox.put(Stop("over"))
    link_of(alice).leaving = True
    hasty.hub.join(PATIENCE)
    assert "PONG chat.test :199" in "".join(alice.hears_until(":199"))


def test_who_says_much_waits_for_itself(hasty: HubUnderTest) -> None:
    """Each account in its turn, however many connections it speaks on; of one connection all stays
    in its order.
    """
    alice, again, bob = hasty.member("alice"), hasty.member("alice"), hasty.member("bob")
    carol = hasty.member("carol")
    hasty.gathers(carol)
    alice.sends(*(f"PRIVMSG #lobby :a{number}" for number in range(4)))
    again.sends(*(f"PRIVMSG #lobby :A{number}" for number in range(4)))
    bob.sends(*(f"PRIVMSG #lobby :b{number}" for number in range(3)))
    hasty.journal.release()
    heard = spoken(carol.hears_until(":A3"))
    assert heard == ["a0", "b0", "A0", "b1", "a1", "b2", "A1", "a2", "A2", "a3", "A3"]


def test_an_account_has_one_rate(tmp_path: Path) -> None:
    """On all its connections together, those that it opens anew included; the others don't feel
    it.
    """
    slow = HubUnderTest(tmp_path, "alice", "bob", "carol", rate=Rate(lines=40.0, burst=30.0))
    slow.open()
    alice, bob, carol = slow.member("alice"), slow.member("bob"), slow.member("carol")
    slow.gathers(carol)
    alice.sends(*(f"PRIVMSG #lobby :a{number}" for number in range(40)))
    bob.sends("PRIVMSG #lobby :b")
    slow.journal.release()
    heard = spoken(carol.hears_until(":a39"))
    assert heard.index("b") < 31, "bob has waited for what alice may not say yet"
    assert [text for text in heard if text != "b"] == [f"a{number}" for number in range(40)]
    again = slow.member("alice")
    began = time.monotonic()
    again.sends(*(f"PRIVMSG #lobby :A{number}" for number in range(20)))
    carol.hears_until(":A19")
    assert time.monotonic() - began > 0.2, "a new connection began with a burst of its own"
    slow.close()
    assert slow.failures == []


def test_a_line_is_paid_for_by_the_time_it_takes(tmp_path: Path) -> None:
    """An account that keeps the hub for long waits for as long as it takes to earn that."""
    slow = HubUnderTest(tmp_path, "alice", "bob", rate=Rate(lines=40.0, burst=40.0))
    slow.open()
    alice = slow.member("alice")
    run = slow.rules.line

    def line(turn: Turn, session: Session, raw: bytes) -> None:
        if raw == b"TIME":
            end = time.thread_time() + 60 * LINE_SECONDS
            while time.thread_time() < end:
                pass
        run(turn, session, raw)

    slow.rules.line = line  # type: ignore[method-assign]
    began = time.monotonic()
    alice.sends("TIME")  # this one may be somebody else's fault
    alice.sends("TIME")
    alice.sends("PING behind")
    alice.hears_until(":behind")
    assert time.monotonic() - began > 0.3
    slow.close()
    assert slow.failures == []


def test_a_long_answer_lets_others_come_between(hasty: HubUnderTest) -> None:
    """It is given in parts; what its asker says next comes behind all of it."""
    alice, bob = hasty.member("alice"), hasty.member("bob")
    for number in range(90):
        bob.sends(f"JOIN #room{number}")
    bob.hears()
    order: list[str] = []
    answer, run = hasty.rules.go_on, hasty.rules.line

    def go_on(turn: Turn, session: Session, more: Callable[[], bool]) -> None:
        order.append("a part")
        answer(turn, session, more)

    def line(turn: Turn, session: Session, raw: bytes) -> None:
        order.append(raw.decode())
        run(turn, session, raw)

    hasty.rules.go_on = go_on  # type: ignore[method-assign]
    hasty.rules.line = line  # type: ignore[method-assign]
    hasty.gathers(bob)
    alice.sends("LIST", "PING behind")
    bob.sends("PING between")
    hasty.journal.release()
    bob.hears_until(":between")
    heard = alice.hears_until(":behind")
    assert sum(" 322 " in text for text in heard) == 91
    assert " 323 " in heard[-2]
    order.remove("PRIVMSG #lobby :held")
    assert order[:3] == ["LIST", "PING between", "a part"]
    assert order[-1] == "PING behind"


def test_a_long_answer_waits_for_its_reader(hasty: HubUnderTest) -> None:
    """While much of it is unsent, no more of it is made."""
    alice, bob = hasty.member("alice"), hasty.member("bob")
    for number in range(90):
        bob.sends(f"JOIN #room{number}")
    bob.hears()
    link_of(alice).connection.out_bytes = MOST_UNSENT
    alice.sends("LIST")
    first = [text for text in [*alice.hears_until(" 322 "), *bob.hears()] if text]
    assert first
    bob.hears()
    assert link_of(alice).heard.qsize() < 90
    link_of(alice).connection.out_bytes = 0
    alice.hears_until(" 323 ")


def test_a_long_answer_ends_with_who_asked(hasty: HubUnderTest) -> None:
    """Nothing is made for somebody who has gone."""
    alice, bob = hasty.member("alice"), hasty.member("bob")
    for number in range(90):
        bob.sends(f"JOIN #room{number}")
    bob.hears()
    link_of(alice).connection.out_bytes = MOST_UNSENT
    alice.sends("LIST")
    alice.hears_until(" 322 ")
    link_of(alice).connection.phase = Phase.CLOSED
    alice.hangs_up()
    bob.hears_until(" QUIT ")
    bob.hears()
    assert not hasty.hub.inbox.authenticated.holds_any


def test_the_unauthenticated_wait_for_the_members(hasty: HubUnderTest) -> None:
    """Of each turn the members have their part first."""
    alice, client = hasty.member("alice"), hasty.connect()
    client.hears()
    order: list[str] = []
    run = hasty.rules.line

    def line(turn: Turn, session: Session, raw: bytes) -> None:
        order.append(raw.decode())
        run(turn, session, raw)

    hasty.gathers(alice)
    hasty.rules.line = line  # type: ignore[method-assign]
    client.sends("PING s0", "PING s1")
    alice.sends("PING m0", "PING m1", "PING m2")
    hasty.journal.release()
    client.hears_until(":s1")
    alice.hears_until(":m2")
    assert order == ["PING m0", "PING s0", "PING m1", "PING s1", "PING m2"]


def test_who_comes_waits_for_those_who_talk(hasty: HubUnderTest) -> None:
    """Many come back at once, and each has more to be told than a message takes."""
    alice, bob, carol = hasty.member("alice"), hasty.connect(), hasty.connect()
    for client, name in ((bob, "bob"), (carol, "carol")):
        client.begins_login(name, end=False)
        client.hears_until(" 903 ")
    order: list[str] = []
    run = hasty.rules.line

    def line(turn: Turn, session: Session, raw: bytes) -> None:
        order.append(f"{session.who.name} {raw.decode()}")
        run(turn, session, raw)

    hasty.gathers(alice)
    hasty.rules.line = line  # type: ignore[method-assign]
    bob.sends("CAP END")
    carol.sends("CAP END")
    alice.sends("PING 1", "PING 2")
    hasty.journal.release()
    for client in (bob, carol):
        client.hears_until(" 422 ")
    assert order[:4] == ["alice PING 1", "bob CAP END", "alice PING 2", "carol CAP END"]


def test_pages_have_a_smaller_part_of_a_turn_than_logins(tmp_path: Path) -> None:
    """Who asks for one after the other waits for the others that do, and no login waits for them;
    each turn has one at least.
    """
    hub = HubUnderTest(
        tmp_path, "alice", "bob", "carol", slices=TimeSlices(0.0, PATIENCE, 0.0, 0.0, pages=0.0)
    )
    hub.open()
    alice, bob = hub.member("alice"), hub.member("bob")
    order: list[str] = []
    answered = hub.rules.answered

    def take(turn: Turn, answer: Answer) -> None:
        order.append(type(answer).__name__)
        answered(turn, answer)

    hub.works = False
    carol = hub.connect()
    carol.begins_login("carol")
    login = hub.jobs.get(timeout=PATIENCE)
    hub.gathers(alice)
    hub.rules.answered = take  # type: ignore[method-assign]
    session = link_of(bob).session
    for _ in range(2):
        hub.answer(LogRead(session, Lookup(EntryQuery(Span(0, 0, 0), 0)), []))
    hub.answer(done(login))
    hub.journal.release()
    carol.hears_until(" 903 ")
    bob.says("PING 1")  # a turn later
    hub.close()
    assert order == ["LogRead", "Verified", "LogRead"]


def test_answers_of_workers_have_their_part_of_a_turn(hasty: HubUnderTest) -> None:
    """However many come at once: the next turn begins with those who talk."""
    alice, bob, carol = hasty.member("alice"), hasty.connect(), hasty.connect()
    hasty.works = False
    jobs = []
    for client, name in ((bob, "bob"), (carol, "carol")):
        client.begins_login(name)
        jobs.append(hasty.jobs.get(timeout=PATIENCE))
    order: list[str] = []
    answered, run = hasty.rules.answered, hasty.rules.line

    def take(turn: Turn, answer: Answer) -> None:
        order.append("an answer")
        answered(turn, answer)

    def line(turn: Turn, session: Session, raw: bytes) -> None:
        order.append(raw.decode())
        run(turn, session, raw)

    hasty.gathers(alice)
    hasty.rules.answered = take  # type: ignore[method-assign]
    hasty.rules.line = line  # type: ignore[method-assign]
    for job in jobs:
        hasty.answer(done(job))
    alice.sends("PING 1", "PING 2")
    hasty.journal.release()
    for client in (bob, carol):
        client.hears_until(" 422 ")
    assert [item for item in order if item != "CAP END"][:4] == [
        "PING 1",
        "an answer",
        "PING 2",
        "an answer",
    ]


def test_the_first_lines_of_a_member_are_not_overtaken(hasty: HubUnderTest) -> None:
    """What it sent before its login was complete waits for the members; the rest follows."""
    alice, client = hasty.member("alice"), hasty.connect()
    hasty.gathers(alice)
    client.begins_login("bob")
    client.sends(*(f"PING {number}" for number in range(5)))
    hasty.journal.release()
    client.hears_until(" 422 ")
    client.sends("PING 5")
    heard = client.hears_until("PONG chat.test :5")
    pongs = [line.rpartition(":")[2] for line in heard if " PONG " in line]
    assert pongs == [str(number) for number in range(6)]


# --- a store that fails --------------------------------------------------------------------------


def test_what_can_t_be_stored_is_seen_by_nobody(
    hub: HubUnderTest, caplog: pytest.LogCaptureFixture
) -> None:
    """The sender gets a clear error, and when there is room again, all goes on."""
    alice, bob = hub.member("alice", caps="echo-message"), hub.member("bob")
    alice.hears()
    hub.journal.failure = FULL
    alice.sends("PRIVMSG #lobby :lost")
    assert alice.hears_line() == (
        ":chat.test 400 alice PRIVMSG :Not stored, so nobody saw it: the server's disk or database "
        "fails; try again later"
    )
    hub.journal.failure = None
    alice.sends("PRIVMSG #lobby :kept")
    for client in (alice, bob):
        heard = client.hears_until(":kept")
        assert spoken(heard) == ["kept"]
        assert {line.split(" ")[1] for line in heard} == {"NOTICE", "PRIVMSG"}
    assert texts(hub) == ["kept"]


def test_a_failing_store_is_logged_once_and_its_return_once(
    hub: HubUnderTest, caplog: pytest.LogCaptureFixture
) -> None:
    """A full disk must not be filled with lines that say so."""
    caplog.set_level(logging.WARNING)
    alice = hub.member("alice", caps="echo-message")
    hub.journal.failure = FULL
    for _ in range(3):
        alice.sends("PRIVMSG #lobby :lost")
        alice.hears_until(" 400 ")
    hub.journal.failure = None
    for _ in range(3):
        alice.sends("PRIVMSG #lobby :kept")
        alice.hears_until("kept")
    assert caplog.messages == [
        "1 commands are not stored, and taken back: the disk is full; free some space",
        "messages are stored again",
    ]


def test_channels_and_members_are_taken_back_too(hub: HubUnderTest) -> None:
    """What isn't stored has not happened: the channel isn't there, nobody is in it."""
    alice = hub.member("alice")
    hub.journal.failure = FULL
    alice.sends("JOIN #den")
    assert " 400 alice JOIN " in alice.hears_line()
    hub.journal.failure = None
    alice.sends("NAMES #den", "PRIVMSG #den :hello?")
    assert [line.split(" ")[1] for line in alice.hears_until(" 403 ")][-2:] == ["366", "403"]


def test_one_conflict_doesn_t_cost_the_others(hub: HubUnderTest) -> None:
    """Of a turn with several spans that can't be stored, each fails alone, and nothing of it is
    seen, wherever it stood.
    """
    alice, bob, carol = (
        hub.member(name, caps="echo-message") for name in ("alice", "bob", "carol")
    )
    for client in (alice, bob, carol):
        client.hears()
    hub.gathers(carol)
    hub.journal.refused_text = "bad"
    alice.sends("PRIVMSG #lobby :one", "PRIVMSG #lobby,bob,carol :bad")
    bob.sends("PRIVMSG #lobby :two", "PRIVMSG #lobby :bad", "PRIVMSG #lobby :three")
    alice.sends("PRIVMSG #lobby :bad", "PRIVMSG #lobby :four")
    hub.journal.release()
    heard = {client: client.hears_until(":four") for client in (alice, bob, carol)}
    for lines in heard.values():
        assert spoken(lines) == ["held", "one", "two", "three", "four"]
    failures = [sum(" 400 " in line for line in heard[client]) for client in (alice, bob, carol)]
    assert failures == [2, 1, 0]
    assert texts(hub) == ["held", "one", "two", "three", "four"]


def test_what_builds_on_a_conflict_fails_with_it(
    hub: HubUnderTest, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A message to an account that could not be made: there is no conversation with nobody."""
    monkeypatch.setattr(hub.hub._changes, "look", lambda turn: None)  # one comes just behind it
    alice, bob = hub.member("alice"), hub.connect()
    bob.begins_login("bob", end=False)
    bob.hears_until(" 903 ")
    hub.works = False
    hub.rules.model.invites[code_digest("code")] = Invite(1, 2**62, False)
    carla = hub.connect()
    carla.sends("NICK carla", "REGISTER * code :pw")
    registering = hub.jobs.get(timeout=PATIENCE)
    hub.gathers(alice)
    with contextlib.closing(Admin(hub.path)) as admin:
        admin.add([NewAccount("carla", "carla", "carla", "hash")], 1)
    hub.answer(Hashed(registering.session, 777, "hash", None))
    bob.sends("CAP END", "PRIVMSG carla :hello", "PRIVMSG #lobby :and all others")
    bob.hangs_up()  # so that it counts in this turn
    hub.journal.release()
    alice.hears_until(":and all others")
    assert "2 commands are not stored" in caplog.text
    connection = sqlite3.connect(hub.path)
    assert connection.execute("SELECT count(*) FROM targets WHERE low = 777").fetchone() == (0,)
    connection.close()


def test_what_builds_on_a_damaged_place_fails_with_it(
    hub: HubUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A channel that can't be stored has nobody in it; the other channels' spans of the turn are
    kept.
    """
    alice, bob, carol = (
        hub.member(name, caps="echo-message") for name in ("alice", "bob", "carol")
    )
    for client in (alice, bob, carol):
        client.hears()
    commit = GatedJournal.commit

    def damaged(journal: GatedJournal, events: Iterable[Sequence[object]]) -> None:
        events = list(events)
        if any(isinstance(event, ChannelCreated) for event in events):
            raise DamagedError("the database is damaged; restore a backup")
        commit(journal, events)

    hub.gathers(carol)
    monkeypatch.setattr(GatedJournal, "commit", damaged)
    alice.sends("JOIN #den")
    bob.sends("JOIN #den", "PRIVMSG #den :lost")
    carol.sends("PRIVMSG #lobby :kept")
    hub.journal.release()
    for client, failures in ((alice, 1), (bob, 2), (carol, 0)):
        heard = client.hears_until(":kept")
        assert spoken(heard) == ["held", "kept"]
        assert sum(" 400 " in line for line in heard) == failures
    assert "#den" not in hub.rules.model.channels
    assert all(
        channel.name == "#lobby"
        for a in hub.rules.model.accounts.values()
        for channel in a.channels
    )
    assert texts(hub) == ["held", "kept"]


def test_who_arrives_in_a_failing_turn_is_shown_nothing_of_it(hub: HubUnderTest) -> None:
    """A login that becomes complete in that very moment gives back only what is stored."""
    alice = hub.member("alice")
    first = hub.member("bob")
    first.sends("QUIT")
    first.hears_the_end()
    alice.says("PRIVMSG bob :so that there is something to read")
    hub.works = False
    bob = hub.connect()
    bob.begins_login("bob")
    verify = hub.jobs.get(timeout=PATIENCE)
    assert isinstance(verify, VerifyPassword)
    hub.answer(done(verify))
    load = hub.jobs.get(timeout=PATIENCE)
    assert isinstance(load, LoadMissed)

    hub.gathers(alice)
    hub.journal.failure = FULL
    alice.sends("PRIVMSG bob :lost")
    hub.answer(done(load))
    hub.journal.release()
    heard = bob.hears()
    assert any(" 001 " in line for line in heard)
    assert spoken(heard) == []


def test_a_database_that_another_program_holds(
    hub: HubUnderTest, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is waited for once; then messages are refused at once with the reason, and PINGs and
    logins that need nothing stored go on, until it is free.
    """
    alice, bob, carol = (hub.member(name) for name in ("alice", "bob", "carol"))
    carol.sends("QUIT")
    carol.hears_the_end()
    waits: list[int] = []
    commit = GatedJournal.commit

    def noted(journal: GatedJournal, events: Iterable[Sequence[object]]) -> None:
        waits.extend(journal.connection.execute("PRAGMA busy_timeout").fetchone())
        commit(journal, events)

    monkeypatch.setattr(GatedJournal, "commit", noted)
    holder = sqlite3.connect(hub.path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    for _ in range(3):
        alice.sends("PRIVMSG #lobby :lost")
        heard = alice.hears_until(" 400 ")
        assert ":Not stored, so nobody saw it: another program holds" in heard[-1]
    assert sum(":The server can't store messages: another" in line for line in bob.hears()) == 1
    hub.member("carol").hears()
    assert waits.count(2000) == 1
    assert len(waits) > 3
    assert caplog.text.count("another program holds the database") == 1
    holder.close()
    assert "stores messages again" in alice.hears_until("NOTICE alice :The server stores")[-1]
    alice.sends("PRIVMSG #lobby :heard")
    assert spoken(bob.hears_until(":heard")) == ["heard"]


# --- the audit -----------------------------------------------------------------------------------


def audited(hub: HubUnderTest) -> list[tuple[str, str, str]]:
    """What the database has of it."""
    connection = sqlite3.connect(hub.path)
    found = connection.execute("SELECT event, account, result FROM audit ORDER BY id").fetchall()
    connection.close()
    return found


def test_logins_are_in_the_database(hub: HubUnderTest) -> None:
    """Those that were refused as well."""
    hub.member("alice").hears()
    client = hub.connect()
    client.begins_login("mallory")
    client.hears_until(" 904 ")
    assert audited(hub) == [("login", "alice", "ok"), ("login", "-", "wrong password")]


def test_a_conflict_does_not_cost_the_audit(hub: HubUnderTest) -> None:
    """Of a turn in which one span can't be stored, what was to be audited is."""
    alice = hub.member("alice", caps="echo-message")
    hub.member("bob").hears()
    alice.sends("JOIN #den")
    alice.hears_until(" 366 ")
    before = audited(hub)
    hub.gathers(alice)
    hub.journal.refused_text = "bad"
    alice.sends("PRIVMSG #lobby :bad", "TOKEN CREATE laptop")
    hub.journal.release()
    alice.hears_until("TOKEN CREATED")
    assert audited(hub) == [*before, ("token created", "alice", "ok")]


def test_a_full_disk_keeps_nobody_out(hub: HubUnderTest, caplog: pytest.LogCaptureFixture) -> None:
    """Reading goes on; the log has what the audit can't."""
    caplog.set_level(logging.INFO)
    alice = hub.member("alice")
    alice.sends("QUIT")
    alice.hears_the_end()
    before = audited(hub)
    caplog.clear()
    hub.journal.failure = FULL
    hub.member("alice").hears()
    hub.journal.failure = None
    assert audited(hub) == before
    assert "login" in caplog.messages


# --- bugs ----------------------------------------------------------------------------------------


def broken(*_: object) -> None:
    raise ZeroDivisionError("a bug")


def test_a_bug_in_a_login_costs_only_that_login(
    hub: HubUnderTest, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The log has the traceback; the others talk on."""
    alice = hub.member("alice", caps="echo-message")
    monkeypatch.setattr(Rules, "answered", broken)
    bob = hub.connect()
    bob.begins_login("bob")
    assert "ERROR :Closing link: The server failed; it is logged" in bob.hears_the_end()[-1]
    alice.sends("PRIVMSG #lobby :still here")
    alice.hears_until(":still here")
    assert "a bug: Verified failed and was taken back" in caplog.text


def test_a_bug_in_the_look_at_a_session_costs_only_that_session(
    hub: HubUnderTest, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is ended, so that this happens once; the others are looked at as before."""
    alice, bob = hub.member("alice"), hub.member("bob")
    his, hers = bob.session, alice.session
    check, looked_at = Rules._check_deadlines, threading.Event()

    def broken_for_bob(rules: Rules, turn: Turn, session: Session, passed: float) -> None:
        if session is his:
            raise ZeroDivisionError("a bug")
        if session is hers and "a bug" in caplog.text:
            looked_at.set()
        check(rules, turn, session, passed)

    monkeypatch.setattr(Rules, "_check_deadlines", broken_for_bob)
    hub.hub._next_tick = 0.0
    assert any("The server failed; it is logged" in line for line in bob.hears_the_end())
    bob.hangs_up()
    assert looked_at.wait(PATIENCE)
    alice.hears()
    assert caplog.text.count("a bug: a look at a session failed") == 1


@pytest.mark.parametrize("part", ["look", "store", "due"])
def test_a_bug_in_a_tick_keeps_nothing_else_from_being_done(
    hub: HubUnderTest, part: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Each part of it is done or fails by itself, and an administrator's changes come behind it."""
    alice = hub.member("alice")
    monkeypatch.setattr(acknowledgements, part, broken)
    hub.hub._next_tick = 0.0
    set_disabled(hub, "alice")
    assert "Your account has been disabled" in alice.hears_the_end()[-1]
    assert "failed and was taken back" in caplog.text


def test_a_bug_in_a_change_costs_only_that_change(
    hub: HubUnderTest, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The next ones are taken up, and it is not tried again; whoever it was about is logged out, as
    that may have been what the administrator wanted.
    """
    alice, bob = hub.member("alice"), hub.member("bob")
    carol = hub.member("carol")
    end = Rules.end_sessions

    def broken_for_bob(rules: Rules, turn: Turn, account: Account, reason: str) -> None:
        if account is bob_account:
            raise ZeroDivisionError("a bug")
        end(rules, turn, account, reason)

    bob_account = bob.session.who
    monkeypatch.setattr(Rules, "end_sessions", broken_for_bob)
    set_disabled(hub, "bob")
    set_disabled(hub, "alice")
    assert any("The server failed; it is logged" in line for line in bob.hears_the_end())
    assert "Your account has been disabled" in alice.hears_the_end()[-1]
    with contextlib.closing(Admin(hub.path)) as admin:
        while not admin.in_effect():
            carol.hears()
    assert caplog.text.count("a bug: change ") == 1


def test_a_bug_in_an_arrival_costs_only_those_who_arrive(
    hub: HubUnderTest, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """They are told at once, and don't wait for what never comes; the next ones come in."""
    alice = hub.member("alice")
    with monkeypatch.context() as patch:
        patch.setattr(arrivals.ArrivalBatch, "__init__", broken)
        bob = hub.connect()
        bob.begins_login("bob")
        assert f"ERROR :Closing link: {FAILED}" in bob.hears_the_end()[-1]
    assert "a bug: 1 arrivals failed and were taken back" in caplog.text
    bob.hangs_up()
    hub.member("carol").hears()
    alice.hears()
    assert {a.name for a in hub.rules.model.online} == {"alice", "carol"}


def test_what_may_have_been_stored_is_told_when_that_is_known(hub: HubUnderTest) -> None:
    """A commit that is broken off was stored or not: nobody hears of it before that is known."""
    alice, bob = hub.member("alice"), hub.member("bob")
    alice.hears()
    hub.journal.broken_off = [True]
    counted = hub.journal.erasure_count
    alice.sends("PRIVMSG #lobby :stored")
    assert bob.hears_line() == ":alice!alice@chat.test PRIVMSG #lobby :stored"
    # It may have erased something, so what forgets that is to look.
    assert hub.journal.erasure_count == counted + 1
    hub.journal.broken_off = [False]
    alice.sends("PRIVMSG #lobby :refused")
    assert " 400 alice PRIVMSG " in alice.hears_until(" 400 ")[-1]
    alice.sends("PRIVMSG #lobby :after")
    assert spoken(bob.hears_until(":after")) == ["after"]
    assert texts(hub) == ["stored", "after"]


def test_what_nobody_can_learn_ends_the_server(hub: HubUnderTest) -> None:
    """Nothing is said of the turn, neither that it was stored nor that it wasn't."""
    alice, bob = hub.member("alice"), hub.member("bob")
    alice.hears()
    hub.journal.broken_off = [StoreError("nobody answers")]
    alice.sends("PRIVMSG #lobby :lost")
    hub.hub.join(PATIENCE)
    [failure] = hub.failures
    hub.failures.clear()
    assert isinstance(failure, MustEndError)
    assert not alice.has_heard()
    assert not bob.has_heard()


def test_a_server_that_was_displaced_ends(hub: HubUnderTest) -> None:
    """What it knows is no longer what is stored."""
    alice = hub.member("alice")
    alice.hears()
    hub.journal.displaced = DisplacedError("another one has taken over")
    hub.hub.join(PATIENCE)
    [failure] = hub.failures
    hub.failures.clear()
    assert isinstance(failure, MustEndError)


def test_a_bug_at_the_end_of_a_session_leaves_none_behind(
    hub: HubUnderTest, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The connection is gone, and nobody looks at the session again."""
    alice, bob = hub.member("alice"), hub.member("bob")
    alice.hears()
    with monkeypatch.context() as patch:
        patch.setattr(online, "leave", broken)
        bob.hangs_up()
        alice.hears()
    assert "a bug: Closed failed" in caplog.text
    assert list(hub.rules.model.sessions) == [alice.session]


@pytest.mark.parametrize("part", ["delivery.acknowledgements.store", "quota.store_usage"])
def test_a_bug_at_the_end_keeps_nobody_from_being_told(
    tmp_path: Path,
    part: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What could not be noted is logged; the server ends as it should."""
    hub = HubUnderTest(tmp_path, "alice")
    hub.open()
    alice = hub.member("alice")
    alice.hears()
    monkeypatch.setattr(f"securechat.core.{part}", broken)
    hub.close("The server is stopping")
    alice.hears_the_end()
    assert hub.io.closed[link_of(alice).connection] == "The server is stopping"
    assert "a bug: broken failed" in caplog.text
    assert hub.failures == []


def test_a_change_that_can_t_be_stored_is_taken_up_again(hub: HubUnderTest) -> None:
    """What follows from it: a channel without members closes. Until then it isn't in effect."""
    alice, bob = hub.member("alice"), hub.member("bob")
    bob.says("JOIN #den")
    hub.journal.failure = FULL
    with contextlib.closing(Admin(hub.path)) as admin:
        admin.delete(admin.find("bob", "bob"))
        bob.hears_the_end()
        for _ in range(3):
            alice.hears()
            assert not admin.in_effect()
        hub.journal.failure = None
        while not admin.in_effect():
            alice.hears()
    assert kept_of(hub, "SELECT folded FROM targets WHERE name = '#den'") == [(None,)]


def test_tokens_that_ended_with_a_password_end_also_while_nothing_can_be_stored(
    hub: HubUnderTest,
) -> None:
    """The administrator has removed them from the database; no undo brings them back."""
    alice, bob = hub.member("alice"), hub.member("bob")
    alice.says("TOKEN CREATE laptop")
    assert len(hub.rules.model.tokens) == 1
    hub.journal.failure = FULL
    set_password(hub, "alice", "by the administrator")
    alice.hears_the_end()
    bob.hears()
    assert hub.rules.model.tokens == {}
    hub.journal.failure = None


def test_lines_of_nobody_cost_nobody_anything(
    hub: HubUnderTest, caplog: pytest.LogCaptureFixture
) -> None:
    """A connection that never opened can only be a bug, and ends nothing."""
    alice = hub.member("alice")
    stray = hub.connect()
    stray.hears()
    stray.hangs_up()
    hub.put(Lines(link_of(stray).connection, [b"PRIVMSG #lobby :boo"]))
    alice.hears()
    assert "a bug: Lines failed" in caplog.text


def test_a_bug_of_the_hub_itself_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It can't go on; who started it learns why, the database is closed, nobody waits for it."""
    monkeypatch.setattr(module, "deliveries", broken)
    hub = HubUnderTest(tmp_path, "alice")
    hub.open()
    hub.hub.join(PATIENCE)
    assert [type(error) for error in hub.failures] == [ZeroDivisionError]
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        hub.journal.connection.execute("SELECT 1")
    for _ in range(30):
        hub.put(
            Lines(link_of(hub.connect()).connection, [b"x"] * 1000)
        )  # would wait if it were open
    hub.close()


# --- coming and going ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reason", "shown"),
    [("closed by the client", "Connection closed"), ("timed out: 5 s", "Connection lost")],
)
def test_the_others_learn_that_somebody_is_gone(hub: HubUnderTest, reason: str, shown: str) -> None:
    """In words that give nothing away of the network."""
    alice, bob = hub.member("alice"), hub.member("bob")
    alice.hears_until("JOIN #lobby")
    bob.hangs_up(reason)
    assert alice.hears_line() == f":bob!bob@chat.test QUIT :{shown}"


def test_the_log_tells_who_came_and_went_and_no_farewell(
    hub: HubUnderTest, caplog: pytest.LogCaptureFixture
) -> None:
    """A farewell is somebody's text."""
    caplog.set_level(logging.DEBUG)
    bob = hub.member("bob")
    bob.sends("QUIT :my secret farewell")
    bob.hears_the_end()
    connection = link_of(bob).connection
    hub.put(Closed(connection, hub.io.closed[connection]))
    hub.member("alice")
    events = [(r.message, getattr(r, "facts", {})) for r in caplog.records]
    assert ("connected", {"address": "192.0.2.1", "port": 4711}) in events
    login = {"account": "bob", "address": "192.0.2.1", "by": "password"}
    assert ("login", login) in events
    gone = {"account": "bob", "address": "192.0.2.1", "reason": "Quit"}
    assert ("disconnected", gone) in events
    assert "farewell" not in str(events)


def test_a_worker_that_failed_is_answered(hub: HubUnderTest) -> None:
    """The client may try again."""
    hub.works = False
    client = hub.connect()
    client.begins_login("alice")
    job = hub.jobs.get(timeout=PATIENCE)
    hub.answer(JobFailed(job.session))
    assert "can't check that now; try again" in client.hears_until(" 904 ")[-1]


# --- an administrator's changes ------------------------------------------------------------------


def set_disabled(hub: HubUnderTest, name: str) -> None:
    admin = Admin(hub.path)
    admin.set_disabled(admin.find(name, name), disabled=True)
    admin.close()


def test_an_administrators_change_takes_effect(hub: HubUnderTest) -> None:
    """Without a word to the server: the hub sees that the database has changed."""
    alice = hub.member("alice")
    set_disabled(hub, "alice")
    assert "ERROR :Closing link: Your account has been disabled" in alice.hears_the_end()[-1]


def test_a_change_that_can_t_be_read_is_taken_up_later(
    hub: HubUnderTest, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A failing disk doesn't keep a disabled account alive for ever."""
    alice = hub.member("alice")
    take: Callable[..., int] = take_changes
    calls: list[int] = []

    def fail_twice(*args: object) -> int:
        calls.append(1)
        if len(calls) < 3:
            raise FULL
        return take(*args)

    monkeypatch.setattr(changes, "take_changes", fail_twice)
    set_disabled(hub, "alice")
    assert "Your account has been disabled" in alice.hears_the_end()[-1]
    assert caplog.text.count("can't see what the administrator has changed") == 1


def give_token(hub: HubUnderTest, name: str, token: str) -> None:
    admin = Admin(hub.path)
    admin.make_token(admin.find(name, name), token, 1)
    admin.close()


def test_a_token_that_an_administrator_has_made_meanwhile(hub: HubUnderTest) -> None:
    """Made and revoked in one turn under that name: the first isn't stored, so the second fails
    with it, and both are told what to do. All else goes on.
    """
    alice, bob = hub.member("alice"), hub.member("bob")
    for client in (alice, bob):
        client.hears()
    hub.hub._next_look = float("inf")
    hub.gathers(bob)
    alice.session.proved_at = float("inf")
    give_token(hub, "alice", "laptop")
    alice.sends("TOKEN CREATE laptop", "TOKEN REVOKE laptop", "PRIVMSG #lobby :still here")
    hub.journal.release()
    heard = alice.hears()
    assert [line.split(" ")[1:4] for line in heard if " 400 " in line] == [
        ["400", "alice", "TOKEN"]
    ] * 2
    assert all(":Not done, and nobody saw it" in line for line in heard if " 400 " in line)
    assert bob.hears_until(":still here")
    hub.hub._next_look = 0.0
    while not (tokens := list(hub.rules.model.accounts[alice.session.who.id].tokens)):
        alice.hears()
    assert tokens == ["laptop"]


def set_password(hub: HubUnderTest, name: str, hashed: str) -> None:
    admin = Admin(hub.path)
    admin.set_password(admin.find(name, name), hashed)
    admin.close()


def asks_for_a_password(hub: HubUnderTest, alice: Client) -> None:
    """The worker has got the job; its answer is the test's to give."""
    hub.works = False
    alice.session.proved_at = float("inf")
    alice.says("PASSWD :quite another password")
    assert isinstance(hub.jobs.get(), HashPassword)


def kept_of(hub: HubUnderTest, sql: str) -> list[tuple[object, ...]]:
    """What another connection reads."""
    with contextlib.closing(sqlite3.connect(hub.path)) as connection:
        return connection.execute(sql).fetchall()


PASSWORDS = "SELECT password FROM accounts WHERE name = 'alice'"
CHANGES_TOLD = "SELECT result FROM audit WHERE event = 'password changed'"


def test_a_password_that_an_administrator_sets_meanwhile(hub: HubUnderTest) -> None:
    """It stays: who changed it at the same moment is told that nothing is done, and so is the
    audit.
    """
    alice = hub.member("alice")
    asks_for_a_password(hub, alice)
    hub.journal.hold()
    hub.answer(Hashed(alice.session, 0, "by alice", None, "hash"))
    hub.journal.holds_one()
    set_password(hub, "alice", "by the administrator")
    hub.journal.release()
    heard = alice.hears_the_end()
    assert [line for line in heard if " 400 alice PASSWD :Not done" in line]
    assert not [line for line in heard if "CHANGED" in line]
    assert kept_of(hub, PASSWORDS) == [("by the administrator",)]
    assert kept_of(hub, CHANGES_TOLD) == [("not stored",)]


def test_a_password_that_an_administrator_has_just_set(hub: HubUnderTest) -> None:
    """A session of the old one can't replace it, not even before the hub's next look is due."""
    alice = hub.member("alice")
    asks_for_a_password(hub, alice)
    hub.hub._next_look = float("inf")
    set_password(hub, "alice", "by the administrator")
    hub.answer(Hashed(alice.session, 0, "by alice", None, "by the administrator"))
    assert "Your password has been changed" in alice.hears_the_end()[-1]
    assert kept_of(hub, PASSWORDS) == [("by the administrator",)]
    assert kept_of(hub, CHANGES_TOLD) == []


def test_a_new_hash_of_a_password_that_was_changed_meanwhile(hub: HubUnderTest) -> None:
    """It is thrown away; the login that has made it goes on."""
    hub.works = False
    alice = hub.connect()
    alice.begins_login("alice")
    job = hub.jobs.get()
    assert isinstance(job, VerifyPassword)
    hub.works = True
    hub.answer(Verified(job.session, job.account, True, "again", "another hash"))
    alice.hears_until(" 422 ")
    assert kept_of(hub, PASSWORDS) == [("hash",)]


# --- the end -------------------------------------------------------------------------------------


def test_at_the_end_everybody_is_told_why(tmp_path: Path) -> None:
    """Members and the unauthenticated get the reason; what was said before is stored."""
    hub = HubUnderTest(tmp_path, "alice", "bob")
    hub.open()
    alice, newcomer = hub.member("alice", caps="echo-message"), hub.connect()
    alice.sends("PRIVMSG #lobby :last words")
    hub.close("The server is stopping")
    assert alice.hears_until("last words")
    for client in (alice, newcomer):
        assert client.hears_the_end()[-1] == "ERROR :Closing link: The server is stopping"
        assert hub.io.closed[link_of(client).connection] == "The server is stopping"
    assert texts(hub) == ["last words"]
    assert hub.failures == []


def test_at_the_end_it_is_learned_what_has_arrived_where(tmp_path: Path) -> None:
    """A last PING is answered, and so nothing is given twice at the next login."""
    hub = HubUnderTest(tmp_path, "alice", "bob")
    hub.open()
    alice, bob = hub.member("alice"), hub.member("bob")
    alice.sends("PRIVMSG #lobby :hi")
    bob.hears_until(":hi")
    hub.close()
    connection = sqlite3.connect(hub.path)
    newest = connection.execute("SELECT max(seq) FROM log").fetchone()[0]
    assert connection.execute("SELECT DISTINCT delivered FROM devices").fetchall() == [(newest,)]
    connection.close()


# --- gathering -----------------------------------------------------------------------------------


@pytest.fixture
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the hub has waited to let others speak, without the waiting."""
    monkeypatch.setattr(module, "GATHER_SECONDS", 60.0)  # longer than a slow disk takes
    taken: list[float] = []
    monkeypatch.setattr("securechat.server.hub.time.sleep", taken.append)
    return taken


def test_several_who_speak_are_gathered(hub: HubUnderTest, naps: list[float]) -> None:
    """After a turn in which two spoke the next one begins a little later."""
    alice, bob = hub.member("alice"), hub.member("bob")
    for client in (alice, bob):
        client.hears()
    hub.gathers(alice)
    naps.clear()
    alice.sends("PRIVMSG #lobby :one")
    bob.sends("PRIVMSG #lobby :two")
    hub.journal.release()
    bob.hears_until(":one")
    alice.hears()
    assert len(naps) == 1
    assert 0 < naps[0] <= module.GATHER_SECONDS


def test_a_lone_speaker_never_waits(hub: HubUnderTest, naps: list[float]) -> None:
    """However much there is to say."""
    alice, bob = hub.member("alice"), hub.member("bob")
    for client in (alice, bob):
        client.hears()
    naps.clear()
    for number in range(20):
        alice.says(f"PRIVMSG #lobby :{number}")
    bob.hears_until(":19")
    assert naps == []


def test_nobody_waits_for_those_who_log_in(hub: HubUnderTest, naps: list[float]) -> None:
    """A login has many steps, and each answer is awaited."""
    carol = hub.member("carol")
    carol.hears()
    alice, bob = hub.connect(), hub.connect()
    naps.clear()
    hub.gathers(carol)
    alice.sends("CAP LS")
    bob.sends("CAP LS")
    hub.journal.release()
    for client in (alice, bob):
        client.hears()
    assert naps == []


# --- memory --------------------------------------------------------------------------------------


def test_a_turn_leaves_no_garbage_behind(hub: HubUnderTest) -> None:
    """Nothing that only the garbage collection finds, which stops all threads while it looks."""
    hub.member("bob").hears()
    gc.collect()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        alice = hub.member("alice")
        alice.says("JOIN #den", "PRIVMSG #den :hello", "TOPIC #den :new", "MODE #den +b x!*@*")
        alice.hangs_up()
        hub.member("carol").hears()
        gc.collect()
        left = [thing for thing in gc.garbage if type(thing).__module__.startswith("securechat.")]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
    assert left == []


def test_who_takes_what_it_is_sent_is_alive(hub: HubUnderTest) -> None:
    """Its answer to a PING may be behind megabytes that it asked for."""
    alice, bob = hub.member("alice"), hub.member("bob")
    before = alice.session.heard_at
    hub.put(Taken(link_of(alice).connection))
    bob.hears()
    assert alice.session.heard_at > before
    alice.hears()


def test_who_is_closed_while_their_command_reads_the_log_is_forgotten(hub: HubUnderTest) -> None:
    """What they said behind it waits for an answer that never comes; their end doesn't."""
    alice = hub.member("alice", caps="soju.im/search batch")
    session = link_of(alice).session
    hub.works = False
    alice.sends("SEARCH text=tea")
    assert isinstance(hub.jobs.get(timeout=PATIENCE), ReadLog)
    alice.sends("PING behind")
    with contextlib.closing(Admin(hub.path)) as admin:
        admin.set_disabled(admin.find("alice", "alice"), disabled=True)
    assert alice.hears_the_end()
    alice.hangs_up()
    until(lambda: session not in hub.rules.model.sessions)
