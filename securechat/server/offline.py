"""A request of an administrator while no server runs: by the same rules, in this process.

Main thread of `securechat-admin`.
"""

from __future__ import annotations

import time
from contextlib import closing

from securechat.core.rules import Rules
from securechat.core.settings import Settings
from securechat.server.data import DataDirectory
from securechat.server.loading import load_model
from securechat.server.requests import Requests
from securechat.store.pepper import Pepper
from securechat.store.sql.journal import Journal
from securechat.store.sql.mending import mend
from securechat.store.sql.reader import Reader

NOT_RUNNING = "no server runs on this data directory, and only a running one can do this"


def answer_request(data: DataDirectory, settings: Settings, pepper: Pepper, number: int) -> None:
    """Answer the request of a number; what it does is stored when this returns.

    Raises DataError when a server runs on the directory after all, StoreError.
    """
    data.lock()
    try:
        with closing(Journal(data.location, pepper)) as journal:
            # As at a server's start: the rules rely on what the tables promise.
            mend(journal.connection)
            reader = Reader(journal.connection)
            rules = Rules(load_model(reader, pepper), settings, pepper)
            turn = rules.turn(time.time_ns() // 1_000_000, time.monotonic())
            # Of others some may be of a command that was killed: nobody wants them done any more.
            Requests(reader, unknown=NOT_RUNNING, only=number).look(turn)
            journal.commit([*turn.events, *turn.audits])
    finally:
        data.unlock()
