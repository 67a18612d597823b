"""The credentials that have names, beside the password: device tokens and client certificates.

Their two tables are alike, and so is what an administrator does to them. Whoever owns the
connection may call, within a transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from securechat.credentials.device import MAX_CERTIFICATES, MAX_TOKENS
from securechat.store.database import Connection
from securechat.store.errors import ConflictError, UnknownError
from securechat.store.sql.reader import Reader
from securechat.store.sql.rows import AccountRow, CertificateRow, TokenRow


class NamedCredential(NamedTuple):
    """A kind of them. word: what one is called. most: how many an account may have. table: where
    they are kept; a change of them is told to the running server under this name. key: the column
    that tells one from all others. added: how the audit calls it when there is a new one. rows:
    reads all that there are; their first column is the key.
    """

    word: str
    most: int
    table: str
    key: str
    added: str
    rows: Callable[[Reader], Sequence[TokenRow | CertificateRow]]


TOKENS = NamedCredential("token", MAX_TOKENS, "tokens", "digest", "token created", Reader.tokens)
CERTIFICATES = NamedCredential(
    "certificate",
    MAX_CERTIFICATES,
    "certificates",
    "fingerprint",
    "certificate added",
    Reader.certificates,
)


def add_credential(
    connection: Connection,
    kind: NamedCredential,
    account: AccountRow,
    name: str,
    key: bytes,
    now_ms: int,
) -> None:
    """Let a credential log the account in. key: its digest or fingerprint.

    Raises UnknownError when the account was deleted meanwhile, ConflictError when the credential is
    somebody's already, or the name is taken, or there are too many.
    """
    _check(Reader(connection), kind, account, name, key)
    connection.execute(
        f"INSERT INTO {kind.table} ({kind.key}, account, name, created_ms) "  # noqa: S608 - ours
        "VALUES (?, ?, ?, ?)",
        (key, account.id, name, now_ms),
    )


def _check(
    reader: Reader, kind: NamedCredential, account: AccountRow, name: str, key: bytes
) -> None:
    row = reader.account(account.id)
    if row is not None and row.deleted:
        raise UnknownError(f"{account.name} was deleted meanwhile")
    rows = kind.rows(reader)
    # Of any account: a certificate that two had would log in as either.
    same = next((row for row in rows if row[0] == key), None)
    if same is not None:
        owner = reader.account(same.account)
        whose = f"{same.name} of {owner.name}" if owner else same.name
        raise ConflictError(f"this {kind.word} is registered already, as {whose}")
    names = [row.name for row in rows if row.account == account.id]
    if name in names:
        raise ConflictError(
            f"{account.name} has a {kind.word} named {name} already; choose another name, or "
            "revoke that one first"
        )
    if len(names) >= kind.most:
        raise ConflictError(
            f"{account.name} has {len(names)} {kind.word}s, and an account may have {kind.most}: "
            "revoke one first"
        )


def remove_credential(
    connection: Connection, kind: NamedCredential, account: AccountRow, name: str
) -> None:
    """End the one of this name. Raises UnknownError."""
    ended = connection.execute(
        f"DELETE FROM {kind.table} WHERE account = ? AND name = ?",  # noqa: S608 - ours
        (account.id, name),
    )
    if not ended.rowcount:
        raise UnknownError(
            f"{account.name} has no {kind.word} {name!r}; `{kind.word} list {account.name}` shows "
            "them"
        )


def remove_all(connection: Connection, kind: NamedCredential, account: AccountRow) -> int:
    """End all of an account's. Returns how many there were."""
    gone = connection.execute(f"DELETE FROM {kind.table} WHERE account = ?", (account.id,))  # noqa: S608
    return gone.rowcount
