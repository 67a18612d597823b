"""What a start puts in order in the database, before anything is loaded from it. Main thread."""

from __future__ import annotations

import logging
import sqlite3

from securechat.irc.lookalikes import data_version
from securechat.irc.names import skeleton_of
from securechat.store.orphans import remove_orphans
from securechat.store.skeletons import refresh_skeletons
from securechat.store.sqlite.database import FAULTS, fault

log = logging.getLogger(__name__)


def mend(connection: sqlite3.Connection) -> None:
    """Remove what is left of accounts and channels that are gone, and compare names by today's
    data. Raises StoreError.
    """
    try:
        removed = remove_orphans(connection)
        alike = refresh_skeletons(connection, data_version(), skeleton_of)
    except FAULTS as error:
        raise fault(error) from error
    for table, count in removed.items():
        log.warning("%d rows of %s were of an account or a channel that is gone", count, table)
    for name in alike:
        log.warning("%s looks like an older name by today's data of Unicode; it stays", name)
