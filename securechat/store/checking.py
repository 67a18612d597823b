"""Whether a database is in order, of either engine. Any thread may call."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from securechat.store.database import FAULTS, FORMAT, Location, fault, format_of, open_database
from securechat.store.sql.mending import find_orphans, look_alikes, ownerless
from securechat.store.sqlite import copies
from securechat.store.sqlite.copies import Findings


def look_over(location: Location, *, thoroughly: bool = True) -> Findings:
    """What state a database is in; nothing is changed, and a server may run on it.

    The tables must be exactly those that this program makes: a trigger that somebody has added
    would run with the server's next write. thoroughly: looks at everything that is in them, too.
    Raises StoreError when it can't be opened.
    """
    if isinstance(location, Path):
        return copies.look_over(location, thoroughly=thoroughly)
    format_of(location)  # tells how psycopg is installed, where it isn't
    from securechat.store.postgres import checking

    return checking.look_over(location, thoroughly=thoroughly)


def look_for_leftovers(location: Location) -> list[str]:
    """What a start of the server would put in order, each completing the sentence 'there are …'.
    Raises StoreError.
    """
    if format_of(location) < FORMAT:
        return []  # the start makes its tables first
    with closing(open_database(location, read_only=True)) as connection:
        try:
            orphans = find_orphans(connection)
            channels = ownerless(connection)
        except FAULTS as error:
            raise fault(error) from error
    found = [f"{n} {table} of accounts or channels that are gone" for table, n in orphans.items()]
    return found + [f"{count} channels {text}" for text, count in channels.items()]


def look_for_alike(location: Location) -> list[str]:
    """The names that look like an older one since the data of Unicode has changed. Raises
    StoreError.
    """
    with closing(open_database(location, read_only=True)) as connection:
        try:
            return look_alikes(connection)
        except FAULTS as error:
            raise fault(error) from error
