"""Promises 4 and 5 on PostgreSQL: stored before seen, and one order, whoever dies."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from securechat.store.postgres.location import PostgresLocation
from securechat.store.sql.journal import Journal
from tests.promises.test_4_stored_before_seen import (
    AT_LEAST,
    SENDERS,
    is_silent,
    talk_until_killed,
)
from tests.promises.test_5_one_order import (
    EACH,
    NAMES,
    all_at_once,
    hears_messages,
    meet,
    of_den,
    speak,
)
from tests.support.links import PATIENCE
from tests.support.postgres import PostgresServer
from tests.support.process import add_accounts, serving, write_config
from tests.support.server import ServerUnderTest, running
from tests.support.talker import Talker, stored


def store(location: PostgresLocation) -> dict[str, Any]:
    return {"url": location.url, "single": True}


@pytest.fixture
def server(tmp_path: Path, there: PostgresLocation) -> Iterator[ServerUnderTest]:
    limits = {"io_threads": 2}
    with running(tmp_path / "data", *NAMES, store=store(there), limits=limits) as server:
        yield server


def texts(server: ServerUnderTest) -> list[str]:
    with server.admin() as admin:
        sql = "SELECT text FROM log WHERE kind = 'PRIVMSG' ORDER BY seq"
        return [str(text) for (text,) in admin.reader._all(sql)]


def test_what_anybody_heard_survives_kill_9(tmp_path: Path, there: PostgresLocation) -> None:
    """Of the chat server, in the middle of traffic: and the next one goes on at once."""
    add_accounts(tmp_path / "data", *SENDERS, database=there)
    config = write_config(tmp_path / "config.toml", history={"replay": 0}, store=store(there))
    for round_ in range(2):
        with serving(tmp_path / "data", "--config", config) as server:
            rounds = talk_until_killed(server, round_)
        log = stored(tmp_path / "data", f"r{round_}-")
        for heard in rounds:
            assert len(heard) >= AT_LEAST
            assert heard == log[: len(heard)]


def test_what_anybody_heard_survives_the_end_of_postgresql(
    server: ServerUnderTest, postgres_server: PostgresServer
) -> None:
    """It is stopped as by a crash, in the middle of traffic, and started again: each hears the log,
    all of it and once, what was refused in between is not in it, and the sessions stay.
    """
    names = SENDERS
    people = [server.member(name, caps="echo-message message-tags") for name in names]
    for person in people:
        person.hears()
    talkers = [
        Talker(person, f"pg-{name}-", enough=AT_LEAST)
        for person, name in zip(people, names, strict=True)
    ]
    for talker in talkers:
        talker.start()
    assert all(talker.enough.wait(PATIENCE) for talker in talkers)
    postgres_server.stop("immediate")
    postgres_server.start()
    server.wait_for(lambda: server.service._hub.storage_health.fault == "")
    # Who has lost words of his window says no more; a stranger to all that ends it.
    dave = server.member("dave", caps="echo-message message-tags")
    dave.sends("PRIVMSG #lobby :pg-end")
    dave.hears_until(":pg-end")
    server.service.stop("The test is over")
    for talker in talkers:
        talker.join(PATIENCE)
        assert not talker.is_alive()
    log = stored(server.data.path, "pg-")
    for talker in talkers:
        assert talker.heard == log
    server.service.start()  # as the end of the test stops one


def test_nobody_hears_anything_while_it_is_being_stored(
    server: ServerUnderTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Held at the door of the database; once stored, it is on everybody's wire."""
    alice, bob = server.member("alice", caps="echo-message"), server.member("bob")
    alice.hears()
    begun, go = threading.Event(), threading.Event()
    commit = Journal.commit

    def held(journal: Journal, events: Iterable[Sequence[object]]) -> None:
        begun.set()
        assert go.wait(PATIENCE)
        commit(journal, events)

    monkeypatch.setattr(Journal, "commit", held)
    alice.sends("PRIVMSG #lobby :hi")
    assert begun.wait(PATIENCE)
    assert is_silent(alice)
    assert is_silent(bob)
    assert texts(server) == []
    go.set()
    assert bob.hears_line().endswith("#lobby :hi")
    assert texts(server) == ["hi"]


def test_everybody_hears_the_same_in_the_same_order(server: ServerUnderTest) -> None:
    """Five who speak at once: each hears one sequence, and it is the log's."""
    people = [server.member(name, caps="echo-message") for name in NAMES]
    meet(people)
    all_at_once(
        [
            threading.Thread(target=speak, args=(person, burst))
            for person, burst in zip(people, (1, 2, 5, 10, 60), strict=True)
        ]
    )
    order = None
    for person in people:
        heard = of_den(hears_messages(person, EACH * len(NAMES)))
        order = order or heard
        assert heard == order
    assert [event.partition(" PRIVMSG ")[2] for event in order or []] == texts(server)
