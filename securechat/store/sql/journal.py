"""Writing the journal: a turn's events in one transaction, on disk when commit() returns.

An event is a named tuple; the statement of its name takes its fields in their order. The store
knows the names and not the types, as it imports nothing of the rules.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from itertools import groupby
from typing import Any, TypeVar

from securechat.store.database import (
    FAULTS,
    Connection,
    Location,
    Transaction,
    fault,
    open_database,
)
from securechat.store.errors import ConflictError, DisplacedError, HeldError, StoreError
from securechat.store.pepper import Pepper, seal_channel_key
from securechat.store.sql.fragments import KEEP_FACT, put
from securechat.store.sqlite.database import BUSY_SECONDS

TRIAL, TRIAL_BYTES = "trial", 64 * 1024
"""What try_out() stores, and how much of it: the pages of about a dozen messages."""

Result = TypeVar("Result")


class Finds(str):
    """A statement that must find its row: else somebody else has removed or changed it meanwhile,
    what was done builds on nothing, and whoever did it must hear so.
    """

    __slots__ = ()


UNTOUCHED = (
    "SELECT * FROM (SELECT ?, ? AS account, ?, ?) AS new "
    "WHERE NOT EXISTS (SELECT 1 FROM changes WHERE account = new.account "
    "AND kind IN ('account', 'password') "
    "AND id > (SELECT CAST(value AS BIGINT) FROM meta WHERE key = 'applied_change'))"
)
"""The administrator has done nothing to the account that the server has not taken up: whom a new
password shuts out makes no credential in the moment before, not even if the server dies in it.
"""

LOG = ("seq", "target", "sender", "at_ms", "kind", "text", "tags")
"""Of an entry of the log, in the order of a `Logged`: by far the most that is stored are these."""

# A statement that ends something may find that it has ended already, and one that notes a use that
# there is nothing to note it at: an administrator has been faster. What is asked for is so then.
STATEMENTS = {
    "AccountCreated": "INSERT INTO accounts (id, name, folded, skeleton, password, admin, "
    "created_ms, starts_after) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    "AccountRenamed": Finds(
        "UPDATE accounts SET name = ?, folded = ?, skeleton = ? WHERE id = ? AND folded = ?"
    ),
    "PasswordChanged": Finds("UPDATE accounts SET password = ? WHERE id = ? AND password = ?"),
    # Not Finds: where the password has changed meanwhile, there is nothing to renew.
    "PasswordRehashed": "UPDATE accounts SET password = ? WHERE id = ? AND password = ?",
    "TokenCreated": Finds(f"INSERT INTO tokens (digest, account, name, created_ms) {UNTOUCHED}"),
    "TokenUsed": "UPDATE tokens SET used_ms = ? WHERE digest = ?",
    "TokenRevoked": "DELETE FROM tokens WHERE digest = ?",
    "CertificateAdded": Finds(
        f"INSERT INTO certificates (fingerprint, account, name, created_ms) {UNTOUCHED}"
    ),
    "CertificateUsed": "UPDATE certificates SET used_ms = ? WHERE fingerprint = ?",
    "CertificateRevoked": "DELETE FROM certificates WHERE fingerprint = ?",
    "FactorSet": "INSERT INTO factors VALUES (?, ?, ?, ?)",
    "FactorUsed": Finds("UPDATE factors SET counter = ? WHERE account = ?"),
    "FactorRemoved": "DELETE FROM factors WHERE account = ?",
    "RecoveryCodeAdded": "INSERT INTO recovery_codes VALUES (?, ?)",
    "RecoveryCodesCleared": "DELETE FROM recovery_codes WHERE account = ?",
    "RecoveryCodeUsed": Finds("DELETE FROM recovery_codes WHERE digest = ? AND account = ?"),
    # Not found once nobody waits for it: then nothing of what it answers is done.
    "RequestAnswered": Finds("UPDATE requests SET answer = ? WHERE id = ? AND answer IS NULL"),
    "FactKept": KEEP_FACT,
    "Audited": "INSERT INTO audit (at_ms, event, account, address, result, facts) "
    "VALUES (?, ?, ?, ?, ?, ?)",
    "UsageCounted": put("usage", key=("account",), rest=("bytes",)),
    "UsageUpto": Finds("UPDATE meta SET value = ? WHERE key = 'usage_upto'"),
    "Delivered": put("devices", key=("account", "name"), rest=("delivered", "used_ms")),
    "ReadMarked": put("read_markers", key=("account", "target"), rest=("at_ms",)),
    "ReadMarkForgotten": "DELETE FROM read_markers WHERE account = ? AND target = ?",
    "MessageKeyed": put("message_keys", key=("account", "slot"), rest=("key", "seq", "at_ms")),
    "DeviceForgotten": "DELETE FROM devices WHERE account = ? AND name = ?",
    "InviteUsed": Finds("UPDATE invites SET uses = uses - 1 WHERE code_sha256 = ?"),
    "ChannelCreated": "INSERT INTO targets (id, name, folded, skeleton, founder, modes, "
    "created_ms) VALUES (?, ?, ?, ?, ?, ?, ?)",
    "ChannelClosed": Finds("UPDATE targets SET folded = NULL, skeleton = NULL WHERE id = ?"),
    "ChannelRenamed": Finds(
        "UPDATE targets SET name = ?, folded = ?, skeleton = ? WHERE id = ? AND folded = ?"
    ),
    "FounderRemoved": Finds("UPDATE targets SET founder = NULL WHERE id = ?"),
    "Redacted": Finds(
        "UPDATE log SET kind = 'REDACTED', text = '', tags = NULL "
        "WHERE seq = ? AND target = ? AND sender = ? AND text = ? AND tags IS ? "
        "AND kind <> 'REDACTED'"
    ),
    "DirectOpened": "INSERT INTO targets (id, low, high) VALUES (?, ?, ?)",
    "MemberJoined": "INSERT INTO memberships (channel, account, modes, seq) VALUES (?, ?, ?, ?)",
    "MemberLeft": "DELETE FROM memberships WHERE channel = ? AND account = ?",
    "KickedAway": put("kicks", key=("account", "name"), rest=("by", "reason", "at_ms")),
    "KicksTold": "DELETE FROM kicks WHERE account = ?",
    "MemberModesChanged": Finds(
        "UPDATE memberships SET modes = ? WHERE channel = ? AND account = ?"
    ),
    "ModesChanged": Finds(
        "UPDATE targets SET modes = ?, channel_key = ?, member_limit = ? WHERE id = ?"
    ),
    "MaskAdded": "INSERT INTO channel_masks VALUES (?, ?, ?, ?, ?)",
    "MaskRemoved": "DELETE FROM channel_masks WHERE channel = ? AND kind = ? AND mask = ?",
    "InvitationMade": put("invitations", key=("channel", "account"), rest=("by",)),
    "InvitationEnded": "DELETE FROM invitations WHERE channel = ? AND account = ?",
}


@cache
def statement_of(kind: type[Any]) -> str:
    """An event's. One with a table() sets columns of the names of its fields, all but the last,
    which is the id of the row.
    """
    if not hasattr(kind, "table"):
        return STATEMENTS[kind.__name__]
    columns = ", ".join(f"{name} = ?" for name in kind._fields[:-1])
    return Finds(f"UPDATE {kind.table()} SET {columns} WHERE id = ?")  # noqa: S608 - no input in it


ERASING = frozenset({"Redacted"})
"""Events that take texts out of the database. The write-ahead log has them still, until it is cut.
"""


class Journal:
    """The hub's connection. Only the hub thread may call, once it has begun."""

    def __init__(
        self, location: Location, pepper: Pepper, connection: Connection | None = None
    ) -> None:
        """pepper: of this database; what must not stand in it in the clear is sealed with it.
        connection: to it, where it is none like any other.

        Raises StoreError.
        """
        self.connection = connection or open_database(location)
        self.connection.claim()
        self.waited = 0.0
        """In seconds, until what was written last could begin."""
        self.commit_count = 0
        """So many there have been; any thread may look."""
        self.displaced: DisplacedError | None = None
        """Why the server must end; None while it may go on."""
        self.erasure_count = 0
        """So many of them have taken texts away; any thread may look."""
        self._pepper = pepper
        self._waits = BUSY_SECONDS
        """How long a try to write waits for another program, in seconds."""
        self._version = self._data_version()

    def commit(self, events: Iterable[Sequence[object]]) -> None:
        """Store events, all or none; on disk when this returns.

        Raises ConflictError when one can't stand beside what is stored, StoreError when the
        disk or the database fails. Then nothing of them is stored.
        """
        erases = self._write(self._store, events)
        self.commit_count += 1
        self.erasure_count += erases

    def was_stored(self) -> None:
        """A commit whose outcome was not known has turned out to be stored."""
        self.commit_count += 1
        # Perhaps; to forget once more what was erased takes nothing away.
        self.erasure_count += 1

    def _store(self, events: Iterable[Sequence[object]]) -> bool:
        """Within a transaction. Returns whether some of them take texts away."""
        connection, erases = self.connection, False
        for kind, together in groupby(events, type):
            name = kind.__name__
            erases = erases or name in ERASING
            if name == "Logged":
                connection.insert_all("log", LOG, together)
                continue
            rows: Iterable[Sequence[object]] = together
            if name == "ModesChanged":
                rows = map(self._sealed, rows)
            statement = statement_of(kind)
            if type(statement) is Finds:
                _find(connection, statement, name, list(rows))
            else:
                connection.executemany(statement, rows)
        return erases

    def _sealed(self, modes_changed: Sequence[object]) -> Sequence[object]:
        modes, key, limit, channel = modes_changed
        return modes, seal_channel_key(self._pepper, channel, key), limit, channel  # type: ignore[arg-type]

    def remember(self, key: str, value: str) -> None:
        """Keep a fact about this server beside the data. Raises StoreError."""
        self._execute(KEEP_FACT, key, value)

    def forget_requests(self) -> None:
        """Take away all that an administrator has asked for and that is not answered, or not read.
        Raises StoreError.
        """
        self._execute("DELETE FROM requests")

    def try_out(self) -> None:
        """Store as much as some messages take, and take it away again.

        Raises StoreError when that fails; at once, also when another program holds the database.
        """
        self._wait_at_most(0)
        # Of what can't be compressed, as PostgreSQL does that.
        self.remember(TRIAL, secrets.token_urlsafe(TRIAL_BYTES * 3 // 4))
        self._execute("DELETE FROM meta WHERE key = ?", TRIAL)

    def _execute(self, statement: str, *values: str) -> None:
        self._write(self.connection.execute, statement, values)

    def _write(self, action: Callable[..., Result], *arguments: object) -> Result:
        """Do it in a transaction. That waits for another program, unless the last one has waited in
        vain: all chat waits with the hub, and once is enough to know that the database is held.
        """
        seconds = BUSY_SECONDS
        began = time.monotonic()
        try:
            with Transaction(self.connection):
                self.waited = time.monotonic() - began
                return action(*arguments)
        except HeldError:
            seconds = 0
            raise
        except DisplacedError as error:
            self.displaced = error
            raise
        finally:
            self._wait_at_most(seconds)

    def _wait_at_most(self, seconds: float) -> None:
        if seconds != self._waits:
            self._waits = seconds
            self.connection.wait_at_most(seconds)

    def changed_by_others(self) -> bool:
        """Whether another connection has committed since the last call. Raises StoreError."""
        try:
            version = self._data_version()
        except DisplacedError as error:
            self.displaced = error
            raise
        changed = version != self._version
        self._version = version
        return changed

    def _data_version(self) -> int:
        try:
            return self.connection.data_version()
        except FAULTS as error:
            told = fault(error)
            if isinstance(told, HeldError):
                self._wait_at_most(0)
            raise told from error

    def unused_bytes(self) -> int:
        """Of the database: what was erased from it, and is used again before it grows. 0 where that
        can't be told.
        """
        try:
            return self.connection.unused_bytes()
        except (StoreError, *FAULTS):
            return 0

    def size_bytes(self) -> int:
        """Of the database; 0 where that can't be told."""
        try:
            return self.connection.size_bytes()
        except (StoreError, *FAULTS):
            return 0

    def close(self) -> None:
        """The database has no server any more."""
        self.connection.close()


def _find(connection: Connection, statement: str, name: str, rows: list[Sequence[object]]) -> None:
    """Raises ConflictError when not each of the statement's rows is there."""
    if connection.executemany(statement, rows).rowcount != len(rows):
        raise ConflictError(f"{name}: what it changes is gone, or was changed by somebody else")
