"""Whether an account may have one more credential, as the administrator is told."""

from __future__ import annotations

from securechat.credentials.certificate import MAX_CERTIFICATES
from securechat.credentials.token import MAX_TOKENS
from securechat.store.errors import ConflictError, UnknownError
from securechat.store.sqlite.reader import AccountRow, Reader


def check_token(reader: Reader, account: AccountRow, name: str) -> None:
    """Raises UnknownError or ConflictError when there can't be a token of this name."""
    _check_there(reader, account)
    _check("token", MAX_TOKENS, account, [row.name for row in reader.tokens_of(account.id)], name)


def check_certificate(reader: Reader, account: AccountRow, name: str, fingerprint: bytes) -> None:
    """Raises UnknownError or ConflictError when it can't be registered under this name."""
    _check_there(reader, account)
    rows = reader.certificates()
    same = next((row for row in rows if row.fingerprint == fingerprint), None)
    if same is not None:
        owner = reader.account(same.account)
        whose = f"{same.name} of {owner.name}" if owner else same.name
        raise ConflictError(f"this certificate is registered already, as {whose}")
    names = [row.name for row in rows if row.account == account.id]
    _check("certificate", MAX_CERTIFICATES, account, names, name)


def _check_there(reader: Reader, account: AccountRow) -> None:
    row = reader.account(account.id)
    if row is not None and row.deleted:
        raise UnknownError(f"{account.name} was deleted meanwhile")


def _check(what: str, most: int, account: AccountRow, names: list[str], name: str) -> None:
    if name in names:
        raise ConflictError(
            f"{account.name} has a {what} named {name} already; choose another name, or revoke "
            "that one first"
        )
    if len(names) >= most:
        raise ConflictError(
            f"{account.name} has {len(names)} {what}s, and an account may have {most}: "
            "revoke one first"
        )
