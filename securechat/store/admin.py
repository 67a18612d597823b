"""What an administrator does to accounts, tokens and invites, each in one transaction with its row
in the audit.

Used by `securechat-admin` beside a running server, which learns of it through the changes table,
and by the server for its first invite, and for what administrators ask over a connection. The
thread that made the Admin may call.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from securechat.credentials.device import TOKEN_BYTES, format_token, token_digest
from securechat.store import freeing
from securechat.store.audit import NOBODY, Audit
from securechat.store.credentials import (
    CERTIFICATES,
    TOKENS,
    NamedCredential,
    add_credential,
    remove_all,
    remove_credential,
)
from securechat.store.database import Location, Transaction, open_database
from securechat.store.errors import ConflictError, UnknownError
from securechat.store.invites import Invites
from securechat.store.overview import Overview
from securechat.store.passwords import HEAD_CHARS
from securechat.store.requests import Requests
from securechat.store.sql import erasure
from securechat.store.sql.export import History
from securechat.store.sql.personal import ErasedWords, Personal
from securechat.store.sql.reader import Reader
from securechat.store.sql.rows import AccountRow

if TYPE_CHECKING:  # it needs PostgreSQL's driver, which comes with an extra
    from securechat.store.postgres.node_states import NodeStates

OF_AN_ACCOUNT = (
    "factors",
    "memberships",
    "invitations",
    "kicks",
    "devices",
    "message_keys",
    "read_markers",
)
"""What goes with a deleted account, beside its credentials."""

WORDS = "words"
"""The kind of the change that tells of an account whose words are erased."""

APPLIED = "applied_change"
"""Under this key the running server remembers the newest change it has taken up."""

RETENTION = "retention "
"""Begins the kind of the change that tells of a channel's; its number and the days follow."""


class NewAccount(NamedTuple):
    """The three forms of the name (securechat.irc.names) and the stored form of the password.
    chosen_name: what people see, as set by SETNAME; '' for none. bot: as of set_bot().
    """

    name: str
    folded: str
    skeleton: str
    password: str
    admin: bool = False
    chosen_name: str = ""
    bot: bool = False


def wall_clock() -> int:
    """Milliseconds since 1970 (UTC)."""
    return time.time_ns() // 1_000_000


class Admin:
    """by: who acts, for the audit; address: from where, '' on this machine. node: as of a Reader.
    clock: gives the milliseconds since 1970 (UTC), as every now_ms that is passed in. All methods
    raise StoreError.
    """

    def __init__(
        self,
        location: Location,
        *,
        by: str = NOBODY,
        address: str = "",
        node: str = "",
        clock: Callable[[], int] = wall_clock,
    ) -> None:
        self._connection = open_database(location)
        self._location = location
        self._clock = clock
        self.audit = Audit(self._connection, by, clock, address)
        self.reader = Reader(self._connection, node)
        self.history = History(self._connection)
        self.overview = Overview(self._connection)
        self.invites = Invites(self._connection, self.reader, self.audit, self._changed)
        self.requests = Requests(self._connection, by)

    def close(self) -> None:
        self._connection.close()

    def has_server(self) -> bool:
        """Whether a server runs on the database, where the database can tell. Raises StoreError."""
        return self._connection.has_server()

    @property
    def nodes(self) -> NodeStates | None:
        """The nodes of the database; None where it can have none."""
        if isinstance(self._location, Path):
            return None
        from securechat.store.postgres.node_states import NodeStates

        return NodeStates(self._connection, self.audit.add)

    def in_effect(self) -> bool:
        """Whether the server that runs on this database has taken up all changes."""
        applied = int(self.reader.remembered(APPLIED) or 0)
        return applied >= self.reader.last_change()

    # Accounts

    def taken(self, account: NewAccount) -> str | None:
        """Why an account can't be made: the name is taken or looks like another. None if it can."""
        # The same name comes before a look-alike: it is the better reason.
        found = self._connection.execute(
            "SELECT name, folded, deleted FROM accounts WHERE folded = ? OR skeleton = ? "
            "ORDER BY folded = ? DESC LIMIT 1",
            (account.folded, account.skeleton, account.folded),
        ).fetchone()
        if found is None:
            return self._reserved(account)
        name, folded, deleted = found
        if folded != account.folded:
            fate = "was deleted and keeps its name" if deleted else "exists"
            return f"{account.name} looks like {name}, which {fate}; choose another name"
        if deleted:
            return f"{name} was deleted; a name is never given out again"
        return f"{name} exists already"

    def _reserved(self, account: NewAccount) -> str | None:
        """Why an account can't be made: the name was somebody's before, or looks like one."""
        found = self._connection.execute(
            "SELECT former.name, accounts.name FROM former_names AS former "
            "JOIN accounts ON accounts.id = former.account "
            "WHERE former.folded = ? OR former.skeleton = ? ORDER BY former.folded = ? DESC",
            (account.folded, account.skeleton, account.folded),
        ).fetchone()
        if found is None:
            return None
        former, owner = found
        return (
            f"{account.name} is, or looks like, the name {former} that {owner} had; choose another"
        )

    def add(self, accounts: Sequence[NewAccount], now_ms: int) -> None:
        """Make all of them or none. Raises ConflictError when a name is taken."""
        with Transaction(self._connection) as connection:
            newest = self.reader.last_seq()
            for account in accounts:
                # Within the transaction: the server may have made one of that name meanwhile.
                reason = self.taken(account)
                if reason is not None:
                    raise ConflictError(reason)
                # As of an account that registers itself, so nobody sees who was made how.
                number = secrets.randbits(52)
                connection.execute(
                    "INSERT INTO accounts (id, name, folded, skeleton, password, admin, "
                    "chosen_name, bot, created_ms, starts_after) "
                    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (number, *account, now_ms, newest),
                )
                self._changed("account", number)
                rights = {"rights": "administrator"} if account.admin else {}
                self.audit.add("account created", account=account.name, **rights)

    def find(self, folded: str, shown: str) -> AccountRow:
        """An account that isn't deleted. Raises UnknownError."""
        row = self.reader.account_named(folded)
        if row is None and (owner := self.reader.former_owner(folded)) is not None:
            raise UnknownError(f"{shown} is called {owner.name} now")
        if row is None or row.deleted:
            raise UnknownError(f"there is no account {shown}; `user list` shows them")
        return row

    def set_password(self, account: AccountRow, password: str) -> None:
        """password: in its stored form. Whoever is logged in with the old one is not any more, and
        no device token of the account is worth anything.
        """
        with Transaction(self._connection):
            self._update(account, "password = ?", password)
            ended = self._end_credentials(account)
            self._changed("password", account.id)
            self.audit.add("password set by the administrator", account=account.name, **ended)

    def set_disabled(self, account: AccountRow, *, disabled: bool) -> None:
        """A disabled account can't log in; its sessions end. Its tokens are good again when it is
        enabled.
        """
        with Transaction(self._connection):
            self._update(account, "disabled = ?", int(disabled))
            self._changed("account", account.id)
            self.audit.add(f"account {'disabled' if disabled else 'enabled'}", account=account.name)

    def set_admin(self, account: AccountRow, *, admin: bool) -> None:
        """Whether the account administers the server: all channels obey it."""
        with Transaction(self._connection):
            self._update(account, "admin = ?", int(admin))
            self._changed("account", account.id)
            change = "given" if admin else "taken"
            self.audit.add(f"administrator rights {change}", account=account.name)

    def set_quota(self, account: AccountRow, mib: int | None) -> None:
        """What the log may hold of the account: 0 any amount, None as the configuration says."""
        with Transaction(self._connection):
            self._update(account, "quota_mib = ?", mib)
            self._changed("account", account.id)
            shown = "-" if mib is None else mib
            self.audit.add("quota set", account=account.name, mib=shown)

    def set_bot(self, account: AccountRow, *, bot: bool) -> None:
        """Whether the account is a bot's: from its next login on nothing is replayed to it."""
        with Transaction(self._connection):
            self._update(account, "bot = ?", int(bot))
            self._changed("account", account.id)
            self.audit.add(f"bot flag {'set' if bot else 'removed'}", account=account.name)

    def delete(self, account: AccountRow) -> None:
        """The name stays taken, the messages stay; all credentials, channels and invitations go."""
        # Of the password only its cost stays: the name must not answer faster than before.
        change = (
            f"deleted = 1, deleted_ms = {self._clock()}, disabled = 1, admin = 0, "
            "password = substr(password, 1, CAST(? AS INTEGER))"
        )
        with Transaction(self._connection) as connection:
            self._update(account, change, HEAD_CHARS)
            ended = self._end_credentials(account)
            for table in OF_AN_ACCOUNT:
                connection.execute(f"DELETE FROM {table} WHERE account = ?", (account.id,))  # noqa: S608
            self._changed("account", account.id)
            self.audit.add("account deleted", account=account.name, **ended)

    def free(self, folded: str, shown: str, *, running: bool) -> str:
        """Give the name of a deleted account free; the name. shown: as somebody has typed it.
        running: whether a server runs. Raises UnknownError, ConflictError.
        """
        # What its sessions have said up to their end must be in the database to be found.
        if running and not self.in_effect():
            raise ConflictError("the running server has not taken up the last changes; try again")
        return freeing.free(
            self._connection,
            self.audit,
            self._changed,
            folded=folded,
            shown=shown,
            now_ms=self._clock(),
        )

    # Messages

    def find_author(self, folded: str, shown: str) -> AccountRow:
        """An account, the deleted ones too, as the log names them. Raises UnknownError."""
        row = self.reader.account_named(folded)
        if row is None:
            raise UnknownError(f"there was never an account {shown}; `user list --all` shows them")
        return row

    def erasable(self, account: AccountRow) -> tuple[int, int]:
        """The newest entry of the log, and how many up to it are the account's."""
        # A border: what is said while this runs stays, else there would be no end to it.
        upto = self.reader.last_seq()
        sql = "SELECT count(*) FROM log WHERE sender = ? AND seq <= ?"
        return upto, erasure.numbers(self._connection, sql, (account.id, upto))[0]

    def erase(
        self, account: AccountRow, upto: int, pause: Callable[[float], object], **facts: str | int
    ) -> tuple[int, ErasedWords]:
        """Take what the account has in the log, up to an entry, out of the database, and its own
        words that stand elsewhere. How many entries and which words that were. pause: waits for
        some seconds. facts: for the audit, which has it before the first one goes.
        """
        with Transaction(self._connection):
            # In a transaction of its own, before: should this end half-way, the audit tells why
            # texts are missing.
            words = self.personal(account).erase_words()
            self._changed(WORDS, account.id)
            self.audit.add("messages erased", account=account.name, **facts)
        find = erasure.of_sender(self._connection, account.id, upto)
        return erasure.erase(self._connection, find, pause), words

    def personal(self, account: AccountRow) -> Personal:
        """What the tables have of an account beside the log."""
        return Personal(self._connection, account)

    def set_retention(self, channel: int, name: str, days: int | None) -> None:
        """For how long a channel's history is kept: 0 for ever, None as the server's."""
        shown = "-" if days is None else days
        with Transaction(self._connection) as connection:
            connection.execute("UPDATE targets SET keep_days = ? WHERE id = ?", (days, channel))
            self._changed(f"{RETENTION}{channel} {shown}", None)
            self.audit.add("retention set", channel=name, days=shown)

    def cut_log(self, pause: Callable[[float], object]) -> bool:
        """Have the write-ahead log forget what was erased; whether that could be done now."""
        return erasure.cut_log(self._connection, pause)

    def _update(self, account: AccountRow, change: str, value: object) -> None:
        """Raises UnknownError when another administrator has deleted it meanwhile: between looking
        it up and this there may be somebody who types a password.
        """
        changed = self._connection.execute(
            f"UPDATE accounts SET {change} WHERE id = ? AND deleted = 0",  # noqa: S608 - ours
            (value, account.id),
        )
        if not changed.rowcount:
            raise UnknownError(f"{account.name} was deleted meanwhile")

    def _changed(self, kind: str, account: int | None) -> None:
        self._connection.execute(
            "INSERT INTO changes (kind, account) VALUES (?, ?)", (kind, account)
        )

    # Tokens, certificates and the second factor

    def make_token(self, account: AccountRow, name: str, now_ms: int) -> str:
        """A new device token, which is kept nowhere. name: as in securechat.credentials.device.

        Raises ConflictError when the account has one of that name, or as many as it may have.
        """
        token = format_token(secrets.token_bytes(TOKEN_BYTES))
        self._add_credential(TOKENS, account, name, token_digest(token), now_ms)
        return token

    def add_certificate(
        self, account: AccountRow, name: str, fingerprint: bytes, now_ms: int
    ) -> None:
        """Let a client certificate log the account in. name: as a token's.

        Raises ConflictError when it is somebody's already, or there are too many.
        """
        shown = {"fingerprint": fingerprint.hex()}
        self._add_credential(CERTIFICATES, account, name, fingerprint, now_ms, **shown)

    def _add_credential(
        self,
        kind: NamedCredential,
        account: AccountRow,
        name: str,
        key: bytes,
        now_ms: int,
        **facts: str,
    ) -> None:
        with Transaction(self._connection) as connection:
            add_credential(connection, kind, account, name, key, now_ms)
            self._changed(kind.table, account.id)
            self.audit.add(kind.added, account=account.name, **{kind.word: name}, **facts)

    def revoke_credential(self, kind: NamedCredential, account: AccountRow, name: str) -> None:
        """End a token or a certificate, and the sessions that logged in with it. Raises
        UnknownError.
        """
        with Transaction(self._connection) as connection:
            remove_credential(connection, kind, account, name)
            self._changed(kind.table, account.id)
            self.audit.add(f"{kind.word} revoked", account=account.name, **{kind.word: name})

    def _end_credentials(self, account: AccountRow) -> dict[str, int]:
        """How many tokens and certificates the account had, for the audit."""
        ended = {}
        for kind in (TOKENS, CERTIFICATES):
            count = remove_all(self._connection, kind, account)
            ended[f"{kind.table}_ended"] = count
            if count:
                self._changed(kind.table, account.id)
        return ended

    def remove_factor(self, account: AccountRow) -> None:
        """The password alone is enough from now on. Raises UnknownError when it was already."""
        with Transaction(self._connection) as connection:
            gone = connection.execute("DELETE FROM factors WHERE account = ?", (account.id,))
            if not gone.rowcount:
                raise UnknownError(f"{account.name} has no second factor")
            self._changed("factor", account.id)
            self.audit.add("second factor removed", account=account.name)
