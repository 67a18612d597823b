"""Making links, for the server's first start and for `securechat-admin`."""

from __future__ import annotations

import time
from collections.abc import Iterable

from securechat.credentials.link import (
    DEFAULT_PORT,
    InviteLink,
    LoginLink,
    Place,
    split_places,
)
from securechat.server.identity import reachable_host
from securechat.store.admin import Admin
from securechat.store.sql.reader import Reader

DAY_MS = 86_400_000

FIRST_DAYS = 7


def make_link(
    admin: Admin, *, uses: int, days: float, administrator: bool = False, note: str = ""
) -> InviteLink:
    """A new invite as a link to the server that last ran on this database. Raises StoreError."""
    now_ms = int(time.time() * 1000)
    code = admin.invites.make(
        uses=uses,
        expires_ms=now_ms + int(days * DAY_MS),
        now_ms=now_ms,
        admin=administrator,
        note=note,
    )
    # After it is made, as its address and pin are those of the server that last ran.
    to = login_link(admin.reader)
    return InviteLink(to.host, to.port, code, to.ca_sha256, to.further)


def login_link(reader: Reader, account: str = "") -> LoginLink:
    """Where and whom to trust, for who has an account. Raises StoreError."""
    pin = reader.remembered("ca_sha256")
    return link_to(
        (server_host(reader), int(reader.remembered("port") or DEFAULT_PORT)),
        split_places(reader.remembered("addresses") or ""),
        bytes.fromhex(pin) if pin else None,
        account,
    )


def link_to(
    first: Place, further: Iterable[Place], ca_sha256: bytes | None, account: str = ""
) -> LoginLink:
    """A login link; further: addresses among which the first one may be, as all nodes of a server
    may have one list.
    """
    others = tuple(place for place in dict.fromkeys(further) if place != first)
    return LoginLink(*first, ca_sha256, account, others)


def page_url(reader: Reader) -> str:
    """What people open in a browser: the page of the server that last ran on this database; '' for
    none.
    """
    return reader.remembered("web") or ""


def server_host(reader: Reader) -> str:
    """Where the server that last ran on this database is reachable now: the machine may have got
    another address since it started.
    """
    listen = reader.remembered("listen")
    if listen is None:  # a server of before, which kept no more than this
        return reader.remembered("host") or "localhost"
    return reachable_host(reader.remembered("address") or "", listen)


def first_link(admin: Admin) -> InviteLink | None:
    """The link for the account that will administer the server; None once there is an account.

    An earlier one that was not used is revoked, as its code is known to nobody any more.
    """
    if any(not row.deleted for row in admin.reader.accounts()):
        return None
    unused = [row for row in admin.reader.invites() if row.admin and row.uses]
    if unused:
        admin.invites.revoke_all(unused)
    return make_link(admin, uses=1, days=FIRST_DAYS, administrator=True, note="first start")
