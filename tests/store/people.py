"""Accounts for tests of what an administrator does to them."""

from __future__ import annotations

import secrets

from securechat.irc.names import account_name
from securechat.store.admin import Admin, NewAccount
from securechat.store.audit import Wanted
from securechat.store.sql.rows import AccountRow


def new(name: str, *, password: str = "hash", admin: bool = False) -> NewAccount:
    forms = account_name(name)
    return NewAccount(forms.display, forms.folded, forms.skeleton, password, admin)


def made(admin: Admin, name: str) -> AccountRow:
    """An account that has been made."""
    admin.add([new(name)], 1000)
    return admin.find(account_name(name).folded, name)


def protect(admin: Admin, account: AccountRow) -> None:
    """Give it a second factor with a recovery code."""
    connection = admin._connection
    connection.execute("INSERT INTO factors VALUES (?, 'sealed', 1, 1)", (account.id,))
    connection.execute(
        "INSERT INTO recovery_codes VALUES (?, ?)", (secrets.token_bytes(32), account.id)
    )


def audited(admin: Admin) -> list[tuple[str, dict[str, object]]]:
    """Each event in the audit, with its facts."""
    return [(row.event, row.told()) for row in admin.audit.rows(Wanted())]
