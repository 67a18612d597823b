"""Whatever is stored: both engines take the same, refuse the same, and give back the same."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from securechat.core.journal.apply import apply
from securechat.core.journal.events import JournalEvent
from securechat.server.loading import load_model
from securechat.store.audit import Wanted, note, rows
from securechat.store.database import Connection, Location, Transaction
from securechat.store.errors import ConflictError
from securechat.store.overview import Overview
from securechat.store.sql import mending, retention
from securechat.store.sql.erasure import erase, of_sender
from securechat.store.sql.export import History
from securechat.store.sql.journal import Journal
from securechat.store.sql.personal import Personal
from securechat.store.sql.reader import Reader
from tests.core.journal.test_apply import durable, filled_journal, filled_model
from tests.core.test_undo import Maker
from tests.support.pepper import PEPPER
from tests.support.postgres import PostgresServer
from tests.support.stored import tables

ACCOUNTS, TARGETS = (1, 2, 3, 101, 105), (1, 2, 104, 110)
NAMES = ("alice", "bob", "dave", "erin", "nobody")
MOST = 10**6

CALLS: dict[str, Sequence[tuple[object, ...]]] = {
    "remembered": [("usage_upto",), ("a",), ("none",)],
    "messages_since": [(0,), (5,), (MOST * MOST,)],
    "logged": [(0, 150), (MOST, MOST)],
    "account": [(n,) for n in ACCOUNTS],
    "account_named": [(name,) for name in NAMES],
    "names_before": [(n,) for n in ACCOUNTS],
    "former_owner": [(name,) for name in NAMES],
    "password": [(n,) for n in ACCOUNTS],
    "cost": [(name,) for name in NAMES],
    "tokens_of": [(n,) for n in ACCOUNTS],
    "certificates_of": [(n,) for n in ACCOUNTS],
    "has_factor": [(n,) for n in ACCOUNTS],
    "channels": [(PEPPER,)],
    "changes": [(0,), (1,)],
    "missed": [([(n, 0) for n in TARGETS], MOST, limit) for limit in (2, 100)],
    "of_channel": [(n, MOST, lambda: None) for n in TARGETS],
    "of_person": [(n, 200, lambda: None) for n in ACCOUNTS],
    "channel": [(1,)],
    "channels_named": [("#den",), ("#x",), ("#y",)],
    "members": [(n,) for n in TARGETS],
    "masks": [(n,) for n in TARGETS],
    "invitations": [(n,) for n in TARGETS],
    "channels_of": [(n,) for n in ACCOUNTS],
    "read_markers_of": [(n,) for n in ACCOUNTS],
}
"""What methods with parameters are called with."""

OTHERS = {"close", "instance", "erase_words", "accounts"}
"""Each database has a name of its own."""


def results(reader: object) -> dict[str, list[object]]:
    """What all methods give, where no order is promised in some order."""
    found: dict[str, list[object]] = {}
    for name, method in inspect.getmembers(reader, inspect.ismethod):
        if name.startswith("_") or name in OTHERS:
            continue
        needs = [p for p in inspect.signature(method).parameters.values() if p.default is p.empty]
        found[name] = [sorted_(method(*args)) for args in (CALLS[name] if needs else [()])]
    return found


def sorted_(value: Any) -> object:
    if isinstance(value, dict):
        return dict(sorted(value.items()))
    plain = value is None or isinstance(value, str | int | bool) or hasattr(value, "_fields")
    return value if plain else sorted(map(repr, value))


def everything(connection: Connection) -> dict[str, object]:
    """All that is read of it, by all who read."""
    reader = Reader(connection)
    found: dict[str, object] = {
        "reader": results(reader),
        "accounts": sorted(reader.accounts()),
        "history": results(History(connection)),
        "overview": Overview(connection).accounts(part="", after="", limit=50),
        "audit": [*rows(connection, Wanted())],
        "of alice": [*rows(connection, Wanted(account="alice", event="LOG", last=3))],
        "model": durable(load_model(reader, PEPPER)) | {"instance": ""},
        "orphans": mending.find_orphans(connection),
        "ownerless": mending.ownerless(connection),
        "alike": mending.look_alikes(connection),
    }
    for account in reader.accounts():
        found[f"personal {account.id}"] = results(Personal(connection, account))
    return found


def stored(connection: Connection) -> dict[str, list[tuple[object, ...]]]:
    found = tables(connection)
    found["meta"] = [row for row in found["meta"] if row[0] not in ("instance", "format")]
    # A key is sealed in another way each time: here it is enough that there is one.
    found["targets"] = [(*row[:6], row[6] is not None, *row[7:]) for row in found["targets"]]
    return found


class Pair:
    """The same server's journal at both engines."""

    def __init__(self, journals: Sequence[Journal]) -> None:
        self.journals = journals

    def commits(self, events: Sequence[JournalEvent]) -> bool:
        """Whether it is stored: everywhere or nowhere."""
        return all(self.both(lambda journal: _commits(journal, events)))

    def both(self, action: Callable[[Journal], object]) -> list[object]:
        found = [action(journal) for journal in self.journals]
        assert found[0] == found[1]
        return found

    def do(self, action: Callable[[Connection], object]) -> list[object]:
        return self.both(lambda journal: action(journal.connection))


def _commits(journal: Journal, events: Sequence[JournalEvent]) -> bool:
    try:
        journal.commit(events)
    except ConflictError:
        return False
    return True


def play(pair: Pair, chance: Random) -> None:
    """Turns of a few events, on a model and on both engines; what is refused is taken back."""
    model = filled_model()
    assert pair.commits(filled_journal())
    model.invites.clear()
    maker = Maker(model, chance)
    for _ in range(40):
        events, undos = [], []
        for _ in range(chance.randint(1, 3)):
            if (event := maker.event()) is not None:
                undos.append(apply(model, event))
                events.append(event)
        if not pair.commits(events):
            for undo in reversed(undos):
                undo()


def administrate(connection: Connection) -> None:
    """What there is no event for."""
    with Transaction(connection):
        connection.execute("INSERT INTO changes (kind, account) VALUES ('account', 1)")
        connection.execute("UPDATE accounts SET disabled = 1, quota_mib = 5 WHERE id = 3")
        connection.execute("UPDATE targets SET keep_days = 1 WHERE id = 2")
        for at_ms, facts in ((7, {"account": "alice"}), (6, {"of": "Bob", "token": "x"})):
            note(connection, at_ms=at_ms, by="os:root", event="login of", facts=facts)
        odd = "INSERT INTO audit (at_ms, event, account, address, result, facts) VALUES "
        connection.execute(odd + "(1, 'login', 'alice', '::1', 'ok', '{\"token\": \"x\"}')")
        connection.execute(odd + "(2, 'login', 'alice', '::1', 'ok', 'no JSON')")
        connection.execute(odd + "(3, 'login', 'bob', '::1', 'ok', '{\"certificate\": \"phone\"}')")


def erases(connection: Connection) -> object:
    """An account's words and all that it has said, and what is old."""
    [alice] = [row for row in Reader(connection).accounts() if row.id == 1]
    with Transaction(connection):
        words = Personal(connection, alice).erase_words()
    said = erase(connection, of_sender(connection, 1, MOST), lambda _: None)
    return words, said, retention.expire(connection, 30, 10**12, lambda _: None)


# A smaller seed is no simpler one: what has failed is not shrunk.
@settings(
    max_examples=5,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.integers(0, 2**32))
def test_both_engines_are_one_store(
    postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    """After any turns, what an administrator does, and erasures."""
    with ExitStack() as stack:
        path = tmp_path_factory.mktemp("lite") / "chat.db"
        locations: list[Location] = [path, stack.enter_context(postgres_server.lent())]
        pair = Pair([stack.enter_context(closing(Journal(one, PEPPER))) for one in locations])
        play(pair, Random(seed))
        pair.do(administrate)
        pair.do(stored)
        pair.do(everything)
        pair.do(erases)
        pair.do(mending.remove_orphans)
        pair.do(
            lambda connection: mending.refresh_skeletons(connection, "9", lambda name: name[:1])
        )
        pair.do(stored)
        pair.do(everything)


def test_every_method_is_called() -> None:
    """Also one that is new."""
    for kind in (Reader, History, Personal):
        for name, method in inspect.getmembers(kind, inspect.isfunction):
            if not name.startswith("_") and name not in OTHERS:
                parameters = [*inspect.signature(method).parameters.values()][1:]
                needs = any(p.default is p.empty for p in parameters)
                assert not needs or name in CALLS, name
