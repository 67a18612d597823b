"""The name of an account that was deleted by mistake may be given again, while nobody has ever
heard anything of who had it. The thread that made the Admin may call.
"""

from __future__ import annotations

from collections.abc import Callable

from securechat.store.audit import Audit
from securechat.store.database import Connection, Transaction
from securechat.store.errors import ConflictError, UnknownError

DAY_MS = 86_400_000

# Each finds a sign that others may know the account. `usage` has a row of each that was ever
# in the log, also when all that it has said is erased.
SIGNS = (
    "SELECT 1 FROM log WHERE sender = :id LIMIT 1",
    "SELECT 1 FROM usage WHERE account = :id",
    "SELECT 1 FROM targets WHERE low = :id OR high = :id LIMIT 1",
    "SELECT 1 FROM targets WHERE founder = :id LIMIT 1",
)


def free(
    connection: Connection,
    audit: Audit,
    changed: Callable[[str, int], object],
    *,
    folded: str,
    shown: str,
    now_ms: int,
) -> str:
    """Forget a deleted account and its look-alikes; its name.

    changed: tells the running server of a change to the account of a number. Raises UnknownError
    where there is no such account, ConflictError when the name has to stay; StoreError.
    """
    with Transaction(connection):
        row = connection.execute(
            "SELECT id, name, deleted, deleted_ms FROM accounts WHERE folded = ?", (folded,)
        ).fetchone()
        if row is None:
            raise UnknownError(f"there was never an account {shown}; `user list --all` shows them")
        number, name, deleted, deleted_ms = row
        if not deleted:
            raise ConflictError(f"{name} is an account; `user delete {name}` comes first")
        if (why := _why_kept(connection, number, now_ms - deleted_ms)) is not None:
            raise ConflictError(
                f"the name {name} stays with the account that was deleted: {why}. A name is given "
                "again within a day, and only when nobody has heard anything of who had it"
            )
        connection.execute("DELETE FROM accounts WHERE id = ?", (number,))
        connection.execute("DELETE FROM former_names WHERE account = ?", (number,))
        changed("account", number)
        audit.add("name freed", account=name)
    return str(name)


def _why_kept(connection: Connection, number: int, age_ms: int) -> str | None:
    # A clock that was set back must not make the day longer.
    if not 0 <= age_ms <= DAY_MS:
        return "that was not within the last day"
    what = (
        "the history has something of it",
        "the history had something of it",
        "somebody has written to it",
        "it has made a channel",
    )
    found = zip(SIGNS, what, strict=True)
    return next(
        (why for sql, why in found if connection.execute(sql, {"id": number}).fetchone()), None
    )
