"""What administrators ask for over a connection and what is written into the database: by the
functions that `securechat-admin` uses, with the same row in the audit.

A worker's thread does one at a time, with a connection to the database of its own for each. The hub
learns of it as of what `securechat-admin` does. What is checked before, such as who may ask, is in
core/commands/administration.py.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from securechat.core.administration.remote import OF_ADMINISTRATORS, READING, Act, Outcome
from securechat.core.administration.requests import Refused
from securechat.credentials.link import code_digest
from securechat.irc import names
from securechat.server.data import DataDirectory, file_sizes
from securechat.server.identity import is_loopback
from securechat.server.links import make_link, page_url
from securechat.store.admin import Admin, wall_clock
from securechat.store.audit import Wanted
from securechat.store.database import Location
from securechat.store.errors import ConflictError, StoreError, UnknownError
from securechat.store.invites import invite_id
from securechat.store.password_rules import PasswordRules
from securechat.store.pepper import Pepper
from securechat.store.sql.rows import AccountRow

log = logging.getLogger(__name__)

EFFECT_SECONDS = 5.0
"""The hub looks four times a second; how long it may take until a change is in effect."""

POLL_SECONDS = 0.02


class Bench(NamedTuple):
    """What an act needs. data: the server's directory. rules: for passwords."""

    act: Act
    admin: Admin
    data: DataDirectory
    rules: PasswordRules


_ACTS: dict[str, Callable[[Bench], object]] = {}


class Administering:
    """database: where it is. directory: the server's. pepper: the database's own. effect_seconds:
    how long it is waited for the hub.
    """

    def __init__(
        self,
        database: Location,
        directory: Path,
        pepper: Pepper,
        *,
        effect_seconds: float = EFFECT_SECONDS,
    ) -> None:
        self._database = database
        self._directory = directory
        self._pepper = pepper
        self._effect_seconds = effect_seconds

    def do(self, act: Act, *, cost: int) -> Outcome | None:
        """Do it; None when it fails, and why is in the log. cost: bcrypt's. A worker's thread."""
        settings = act.settings
        rules = PasswordRules(cost, settings.min_password_length, settings.name, self._pepper)
        try:
            data = DataDirectory(self._directory)
            by, node = act.name, data.kept_node()
            with closing(Admin(self._database, by=by, address=act.address, node=node)) as admin:
                bench = Bench(act, admin, data, rules)
                _check_rights(bench)
                found = _ACTS[act.kind](bench)
                in_effect = act.kind in READING or self._settles(admin)
        except (Refused, ConflictError, UnknownError) as refused:
            return Outcome(refused=str(refused))
        except StoreError as error:
            log.error(  # noqa: TRY400
                "what an administrator has asked for can't be done: %s: %s", act.kind, error
            )
            return None
        return Outcome(json.dumps(found, ensure_ascii=False), in_effect=in_effect)

    def _settles(self, admin: Admin) -> bool:
        """Wait until the hub has taken it up; whether it has."""
        deadline = time.monotonic() + self._effect_seconds
        while not admin.in_effect():
            if time.monotonic() > deadline:
                return False
            time.sleep(POLL_SECONDS)
        return True


def _check_rights(bench: Bench) -> None:
    """Who has asked may have lost them meanwhile. Raises Refused."""
    row = bench.admin.reader.account(bench.act.by)
    if row is None or not row.admin or row.disabled or row.deleted:
        raise Refused("you don't administer this server any more")


def _act(kind: str) -> Callable[[Callable[[Bench], object]], Callable[[Bench], object]]:
    """Declare what does the acts of a kind; what is returned JSON can hold."""

    def declare(action: Callable[[Bench], object]) -> Callable[[Bench], object]:
        _ACTS[kind] = action
        return action

    return declare


# --- invites -------------------------------------------------------------------------------------


@_act("invite")
def _invite(bench: Bench) -> dict[str, object]:
    """The link. It never makes administrators: that is done on the machine."""
    facts = bench.act.facts
    if not facts["note"].isprintable():
        raise Refused("expected a note of one line")
    link = make_link(bench.admin, uses=facts["uses"], days=facts["days"], note=facts["note"])
    page = page_url(bench.admin.reader)
    return {
        "link": str(link),
        "page": link.in_browser(page) if page else "",
        "id": code_digest(link.code).hex()[:12],
        # Only this machine can use it; or it is refused as long as nobody may register.
        "loopback": all(is_loopback(host) for host, _port in link.places),
        "closed": bench.act.settings.registration == "closed",
    }


@_act("invite list")
def _invites(bench: Bench) -> dict[str, object]:
    """Those that work, the newest first."""
    now = wall_clock()
    rows = [row for row in bench.admin.reader.invites() if row.uses and row.expires_ms > now]
    shown = [
        {
            "id": invite_id(row),
            "uses": row.uses,
            "expires_ms": row.expires_ms,
            "created_ms": row.created_ms,
            "admin": bool(row.admin),
            "note": row.note,
        }
        for row in reversed(rows[-MOST_AT_ONCE:])
    ]
    return {"rows": shown, "more": False}


MOST_AT_ONCE = 100
"""Of what is told without pages."""


@_act("invite revoke")
def _revoke(bench: Bench) -> str:
    return invite_id(bench.admin.invites.revoke(bench.act.facts["id"]))


# --- accounts ------------------------------------------------------------------------------------


@_act("user list")
def _users(bench: Bench) -> dict[str, object]:
    facts = bench.act.facts
    part, after = facts["search"].lower(), names.fold_account(facts["after"]) or ""
    # One more than is shown tells whether there are more.
    rows = bench.admin.overview.accounts(part=part, after=after, limit=facts["limit"] + 1)
    shown = [row._asdict() for row in rows[: facts["limit"]]]
    return {"rows": shown, "more": len(rows) > len(shown)}


@_act("user disable")
def _disable(bench: Bench) -> str:
    account = _person(bench)
    bench.admin.set_disabled(account, disabled=True)
    return account.name


@_act("user enable")
def _enable(bench: Bench) -> str:
    account = _person(bench)
    bench.admin.set_disabled(account, disabled=False)
    return account.name


@_act("user passwd")
def _passwd(bench: Bench) -> dict[str, str]:
    """A password that is made here, and told this once."""
    account = _person(bench)
    password = bench.rules.make(account.name)
    bench.admin.set_password(account, bench.rules.stored(password))
    return {"name": account.name, "password": password}


@_act("user remove-factor")
def _remove_factor(bench: Bench) -> str:
    account = _person(bench)
    bench.admin.remove_factor(account)
    return account.name


def _person(bench: Bench) -> AccountRow:
    """The account that it is about. Raises UnknownError, Refused for an administrator's."""
    name = bench.act.facts["name"]
    row = bench.admin.find(names.fold_account(name) or "", name)
    if row.admin:
        raise Refused(OF_ADMINISTRATORS)
    return row


# --- channels, audit, what is kept ---------------------------------------------------------------


@_act("channel list")
def _channels(bench: Bench) -> dict[str, object]:
    facts = bench.act.facts
    part, after = facts["search"].lower(), facts["after"]
    rows = [row for row in bench.admin.history.open_channels() if part in row.name.lower()]
    # In the order of the list, in which the last one that was seen may have ended.
    folded = names.fold_channel(after) or "" if after else ""
    rows = [row for row in rows if (names.fold_channel(row.name) or "") > folded]
    shown = [row._asdict() for row in rows[: facts["limit"]]]
    return {"rows": shown, "more": len(rows) > len(shown)}


@_act("channel retention")
def _retention(bench: Bench) -> str:
    facts = bench.act.facts
    found = bench.admin.history.channels_named(facts["channel"])
    if not found:
        raise Refused("there was never such a channel")
    # Several, if channels of that name have ended: each has its own log.
    for number, _name in found:
        bench.admin.set_retention(number, found[0][1], facts["days"])
    return found[0][1]


@_act("audit")
def _audit(bench: Bench) -> dict[str, object]:
    """The newest first."""
    facts = bench.act.facts
    row = bench.admin.reader.account_named(names.fold_account(facts["account"]) or "")
    account = row.name if row is not None else facts["account"]
    wanted = Wanted(account, facts["event"], 0, facts["limit"] + 1, facts["before"])
    found = [*bench.admin.audit.rows(wanted)][::-1]
    shown = [one._asdict() | {"facts": one.told()} for one in found[: facts["limit"]]]
    return {"rows": shown, "more": len(found) > len(shown)}


@_act("kept")
def _kept(bench: Bench) -> dict[str, Any]:
    """For how long what is kept, and what it takes. Sizes in bytes, times in milliseconds."""
    disk = os.statvfs(bench.data.path)
    return {
        "keep_days": bench.act.settings.keep_days,
        "oldest_ms": bench.admin.overview.oldest_ms(),
        "files": file_sizes(bench.data),
        "free": disk.f_bavail * disk.f_frsize,
        "channels": [
            {"name": row.name, "keep_days": row.keep_days}
            for row in bench.admin.history.open_channels()
            if row.keep_days is not None
        ][:MOST_AT_ONCE],
    }
