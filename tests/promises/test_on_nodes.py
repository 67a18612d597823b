"""Promises 3, 4 and 5 where people are at several nodes: a name is an account at all of them,
nothing is seen before it is stored, and there is one order.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from securechat.store.postgres.location import PostgresLocation
from securechat.store.postgres.node_journal import NodeJournal
from tests.promises.test_4_stored_before_seen import is_silent
from tests.promises.test_5_one_order import (
    EACH,
    NAMES,
    all_at_once,
    hears_messages,
    meet,
    of_den,
    speak,
)
from tests.support.client import Client
from tests.support.links import PATIENCE
from tests.support.server import ServerUnderTest, running

Two = tuple[ServerUnderTest, ServerUnderTest]

LOG = (
    "SELECT accounts.name, kind, text FROM log JOIN accounts ON accounts.id = sender "
    "JOIN targets ON targets.id = target WHERE targets.name = '#den' ORDER BY seq"
)


@pytest.fixture
def two(tmp_path: Path, there: PostgresLocation) -> Iterator[Two]:
    def options(name: str) -> dict[str, Any]:
        return {"store": {"url": there.url, "single": True}, "cluster": {"node": name}}

    with running(tmp_path / "a", *NAMES, **options("a")) as a:
        (tmp_path / "b").mkdir(mode=0o700)
        shutil.copy(tmp_path / "a" / "pepper", tmp_path / "b" / "pepper")
        shutil.copytree(tmp_path / "a" / "tls", tmp_path / "b" / "tls")
        with running(tmp_path / "b", **options("b")) as b:
            yield a, b


def logged(server: ServerUnderTest) -> list[str]:
    """What happened in #den, as the log has it."""
    with server.admin() as admin:
        rows = admin.reader._all(LOG)
        return [f"{name} {kind} {text}".rstrip() for name, kind, text in rows]


def test_everybody_hears_the_same_in_the_same_order(two: Two) -> None:
    """Five who speak at once, at two nodes, in bursts and one by one; two of them come and go
    meanwhile: each of the others hears one sequence, and it is the log's.
    """
    people = [
        two[number % 2].member(name, caps="echo-message") for number, name in enumerate(NAMES)
    ]
    meet(people)

    def changes(person: Client) -> None:
        for number in range(5):
            person.sends("PART #den", "JOIN #den", f"TOPIC #den :{number}")

    bursts = zip(people[:3], (1, 5, 60), strict=True)
    acts = [threading.Thread(target=speak, args=pair) for pair in bursts]
    acts += [threading.Thread(target=changes, args=(person,)) for person in people[3:]]
    all_at_once(acts)
    for person in people[3:]:  # until all that they have done is done
        person.hears()
    heard = [of_den([*hears_messages(one, 3 * EACH), *one.hears()]) for one in people[:3]]
    log = logged(two[0])
    assert sum(" PRIVMSG " in line for line in log) == 3 * EACH
    for one in heard:
        assert one == log[-len(one) :]
        assert len(one) >= 3 * EACH


def test_nobody_at_another_node_hears_what_is_not_stored(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Held at the door of the database, no node shows it, and it is in no log."""
    a, b = two
    alice, bob = a.member("alice", caps="echo-message"), b.member("bob")
    alice.hears()
    begun, go = threading.Event(), threading.Event()
    end_turn = NodeJournal.end_turn

    def held(journal: NodeJournal, body: str | None, *more: Any) -> None:
        if body is not None and "hold this" in body:
            begun.set()
            assert go.wait(PATIENCE)
        end_turn(journal, body, *more)

    monkeypatch.setattr(NodeJournal, "end_turn", held)
    alice.sends("PRIVMSG #lobby :hold this")
    assert begun.wait(PATIENCE)
    assert is_silent(alice)
    assert is_silent(bob)
    go.set()
    assert bob.hears_until("hold this")
    assert alice.hears_until("hold this")


def test_a_name_is_given_once(two: Two) -> None:
    """To one of two who ask for it at two nodes at the same time."""
    answers: list[str] = []

    def registers(node: ServerUnderTest) -> None:
        stranger = node.connect()
        stranger.sends("CAP REQ :sasl draft/account-registration", "NICK mallory", "USER m 0 * :m")
        stranger.sends("REGISTER * * :the quick brown otter 7")
        answers.append(stranger.hears_until("REGISTER ")[-1])

    all_at_once([threading.Thread(target=registers, args=(node,)) for node in two])
    assert sum("REGISTER SUCCESS" in answer for answer in answers) == 1
    assert sum("ACCOUNT_EXISTS" in answer for answer in answers) == 1
