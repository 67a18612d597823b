"""What is done within the chat server: it shows its model when asked, and is broken on purpose."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from securechat.core.model.state import Model
from securechat.core.turn import Turn
from securechat.server import commit, node_threads
from securechat.store.postgres import node_connection
from securechat.store.postgres.database import PostgresConnection
from securechat.store.postgres.node_connection import NodeConnection
from securechat.store.postgres.nodes import GONE
from tests.support.snapshot import snapshot

ASKED = "wanted-model"
"""A file in the data directory: it names the file to which the server is to write its model."""

LIVE: Final = {"present", "told", "sessions", "admin", "hidden", "devices", "starts after"}
"""What ends with the process; and how far each has heard, which is stored some time later."""

KEPT: Final = ("accounts", "names", "looks", "channels", "channel looks", "targets", "invites")


def prepare(directory: str, broken: str, skew: float) -> None:
    """Before the server starts. directory: of its data. broken: one of BREAKS; or nothing is. skew:
    seconds that its clock is ahead.
    """
    if skew:
        _skew(skew)
    if broken:
        BREAKS[broken]()
    store, wanted = commit.Committer.store, Path(directory, ASKED)

    def show(self: commit.Committer, turn: Turn) -> None:
        store(self, turn)
        if wanted.exists():
            _write(Path(wanted.read_text()), self._model)
            wanted.unlink()

    commit.Committer.store = show  # type: ignore[method-assign]


def _skew(seconds: float) -> None:
    """As a program sees the time; the system's own clock is everybody's."""
    now, now_ns = time.time, time.time_ns
    time.time = lambda: now() + seconds
    time.time_ns = lambda: now_ns() + round(seconds * 1e9)


def _write(path: Path, model: Model) -> None:
    temporary = path.with_suffix(".new")
    temporary.write_text(json.dumps(shown(model)))
    temporary.replace(path)


def shown(model: Model) -> dict[str, Any]:
    """What outlives the process, so that it can be compared."""
    shot: dict[str, Any] = snapshot(model)
    for kind in ("accounts", "channels"):
        for item in shot[kind].values():
            for name in LIVE & item.keys():
                del item[name]
    return {name: _plain(shot[name]) for name in KEPT}


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted(map(repr, value))
    return repr(value)


def _unknown_is_failed() -> None:
    commit._settled = lambda unknown: False


def _unknown_is_stored() -> None:
    commit._settled = lambda unknown: True


def _nothing_is_waited_for() -> None:
    """Who comes back takes for stored what it finds, though it may be on this disk alone."""
    kinds: tuple[Any, ...] = (PostgresConnection, NodeConnection)
    for kind in kinds:
        kind._come_back = _unconfirmed(kind._come_back)


def _unconfirmed(come_back: Callable[[Any], None]) -> Callable[[Any], None]:
    def run(self: PostgresConnection) -> None:
        self.script("SET synchronous_commit = local")
        come_back(self)
        self.script("RESET synchronous_commit")

    return run


def _epoch_is_unchecked() -> None:
    """Whatever epoch there is, it takes for its own; and it asks for no lock once it had it."""
    hold = PostgresConnection._hold

    def any_epoch(method: Callable[[PostgresConnection], None]) -> Callable[..., None]:
        def run(self: PostgresConnection) -> None:
            if self._epoch is not None:
                [self._epoch] = self._pg.execute("SELECT epoch FROM head").fetchall()[0]
            method(self)

        return run

    def lock(self: PostgresConnection, seconds: float) -> bool:
        return self._epoch is not None or hold(self, seconds)

    PostgresConnection._begin = any_epoch(PostgresConnection._begin)  # type: ignore[method-assign]
    PostgresConnection._come_back = any_epoch(  # type: ignore[method-assign]
        PostgresConnection._come_back
    )
    PostgresConnection._hold = lock  # type: ignore[method-assign]
    _the_dead_go_on()


def _the_dead_go_on() -> None:
    """A node asks nobody whether it is taken for dead, and doesn't end itself either, though it is
    far behind.
    """
    for checked, unchecked in ((" AND state <> 'gone'", ""), ("LIMIT 1000", "LIMIT 1000000")):
        assert checked in node_connection.BEGIN_TURN
        node_connection.BEGIN_TURN = node_connection.BEGIN_TURN.replace(checked, unchecked)
    node_connection.MOST_TURNS = 1_000_000
    node_threads.FENCE_SECONDS = 1e6
    come_back = NodeConnection._come_back

    names = vars(node_connection)

    def run(self: NodeConnection) -> None:
        names["GONE"] = "nobody is"
        try:
            come_back(self)
        finally:
            names["GONE"] = GONE

    NodeConnection._come_back = run  # type: ignore[method-assign]


BREAKS: Final[dict[str, Callable[[], None]]] = {
    "unknown-failed": _unknown_is_failed,
    "unknown-stored": _unknown_is_stored,
    "no-barrier": _nothing_is_waited_for,
    "epoch-unchecked": _epoch_is_unchecked,
}
