"""A database and its pepper belong together: the database knows its pepper by a fingerprint.

A lost pepper is never replaced by a new one in silence: every password would be wrong from then on,
and nobody would know why.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from securechat.store.channel_keys import seal_channel_key
from securechat.store.pepper import Pepper, PepperError, create_pepper, load_pepper
from securechat.store.sqlite.database import FAULTS, StoreError, explain, open_database, transaction

PEPPER_ID = "pepper_id"
"""Under this key of the table meta."""

# The log of before has the channels' keys in it, as "+k KEY". Of such an entry its letters stay.
_FORGET_LOGGED_KEYS = """
UPDATE log SET text = substr(text, 1, instr(text, ' ') - 1)
WHERE kind = 'MODE' AND instr(substr(text, 1, instr(text, ' ')), 'k') > 0
"""


def find_pepper(database: Path, file: Path) -> Pepper:
    """The pepper of a database, both of which are made when this is the first start.

    A database from before there were peppers gets one, and what it kept in the clear is sealed.
    Raises PepperError when the pepper is missing beside a database that had one, is damaged or
    another database's, StoreError when the database fails. Any thread.
    """
    with closing(open_database(database)) as connection:
        if _known(connection) is None:
            pepper = load_pepper(file) if file.exists() else create_pepper(file)
            _pair(connection, pepper)
        return _own_pepper(connection, database, file)


def check_pepper(database: Path, file: Path) -> None:
    """See that a server could start on them, and make nothing. Raises as find_pepper does."""
    if database.exists():
        with closing(open_database(database, read_only=True)) as connection:
            if _known(connection) is not None:
                _own_pepper(connection, database, file)
                return
    if file.exists():
        load_pepper(file)


def _known(connection: sqlite3.Connection) -> str | None:
    """The fingerprint of the database's pepper; None before there is one."""
    try:
        row = connection.execute("SELECT value FROM meta WHERE key = ?", (PEPPER_ID,)).fetchone()
    except FAULTS as error:
        raise StoreError(explain(error)) from error
    return str(row[0]) if row else None


def _own_pepper(connection: sqlite3.Connection, database: Path, file: Path) -> Pepper:
    if not file.exists():
        raise PepperError(
            f"{file} is missing: the key that the passwords and second factors in {database} were "
            f"stored with. Restore it from a backup to {file}, with mode 0600; without it nobody "
            "can log in, and a new one would not help"
        )
    pepper = load_pepper(file)
    if pepper.fingerprint() != _known(connection):
        raise PepperError(
            f"{file} is the key of another database than {database}: with it every password would "
            f"be wrong. Restore both from the same backup, the key to {file}, with mode 0600"
        )
    return pepper


def _pair(connection: sqlite3.Connection, pepper: Pepper) -> None:
    with transaction(connection):
        if _known(connection) is not None:
            return  # another process was faster
        connection.execute("INSERT INTO meta VALUES (?, ?)", (PEPPER_ID, pepper.fingerprint()))
        connection.execute("DELETE FROM meta WHERE key = 'cost_key'")  # of before: a secret
        _seal_channel_keys(connection, pepper)
        connection.execute(_FORGET_LOGGED_KEYS)
    with suppress(sqlite3.Error):  # takes the pages of before out of the write-ahead log
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _seal_channel_keys(connection: sqlite3.Connection, pepper: Pepper) -> None:
    rows = connection.execute("SELECT id, room_key FROM targets WHERE room_key IS NOT NULL")
    sealed = [(seal_channel_key(pepper, channel, key), channel) for channel, key in rows]
    connection.executemany("UPDATE targets SET room_key = ? WHERE id = ?", sealed)
