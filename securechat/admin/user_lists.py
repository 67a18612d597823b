"""`securechat-admin user list` and `user show`."""

from __future__ import annotations

import click

from securechat.admin.context import AdminContext
from securechat.admin.listing import echo_json, local_time, table, utc
from securechat.admin.users import find_account
from securechat.common.escape import escape_exactly
from securechat.common.language import _, translated
from securechat.core.quota import MIB
from securechat.store.sql.reader import Reader
from securechat.store.sql.rows import AccountRow


class Credentials:
    """What the accounts have beside their passwords."""

    def __init__(self, reader: Reader) -> None:
        self.protected = {row.account for row in reader.factors()}
        self.tokens: dict[int, list[str]] = {}
        for row in reader.tokens():
            self.tokens.setdefault(row.account, []).append(row.name)
        self.certificates: dict[int, list[str]] = {}
        for shown in reader.certificates():
            self.certificates.setdefault(shown.account, []).append(shown.name)


@click.command("list")
@click.option("--all", "everybody", is_flag=True, help="The deleted accounts too.")
@click.option("--without-factor", is_flag=True, help="People that have no second factor only.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def list_(context: AdminContext, everybody: bool, without_factor: bool, as_json: bool) -> None:
    """Show the accounts: who has a second factor, and how many device tokens each has.

    \b
    Example:
      securechat-admin user list --without-factor
    """
    reader = context.admin.reader
    rows = [row for row in reader.accounts() if everybody or not row.deleted]
    # By the folded name, so that case doesn't part what belongs together.
    rows.sort(key=lambda row: row.folded)
    held = Credentials(reader)
    if without_factor:  # a bot can have none, and a deleted account needs none
        rows = [row for row in rows if not (row.id in held.protected or row.bot or row.deleted)]
    if as_json:
        echo_json([_entry(row, held) for row in rows])
    elif rows:
        header = ("NAME", "STATE", "ROLE", "FACTOR", "TOKENS", "MADE")
        click.echo("\n".join(table(header, [_cells(row, held) for row in rows])))
    elif without_factor:
        click.echo(_("Everybody has a second factor."), err=True)
    else:
        click.echo(_("There is no account yet; `user add NAME` makes one."), err=True)


def _cells(row: AccountRow, held: Credentials) -> tuple[str, ...]:
    factor = _("on") if row.id in held.protected else ""
    tokens = len(held.tokens.get(row.id, ()))
    made = local_time(row.created_ms)
    return row.name, translated(_state(row)), _shown_role(row), factor, str(tokens or ""), made


def _entry(row: AccountRow, held: Credentials) -> dict[str, object]:
    return {
        "name": row.name,
        "state": _state(row),
        "admin": bool(row.admin),
        "bot": bool(row.bot),
        "second_factor": row.id in held.protected,
        "tokens": len(held.tokens.get(row.id, ())),
        "created": utc(row.created_ms),
    }


def _state(row: AccountRow) -> str:
    if row.deleted:
        return "deleted"
    return "disabled" if row.disabled else "active"


def _role(row: AccountRow) -> str:
    roles = {"admin": row.admin, "bot": row.bot}
    return ", ".join(role for role, has in roles.items() if has)


def _shown_role(row: AccountRow) -> str:
    return ", ".join(translated(role) for role in _role(row).split(", "))


@click.command()
@click.argument("name")
@click.pass_obj
def show(context: AdminContext, name: str) -> None:
    """Show the account NAME: its role, its second factor, tokens and certificates.

    \b
    Example: securechat-admin user show alice
    """
    row = find_account(context, name)
    held = Credentials(context.admin.reader)
    facts = {
        _("name"): row.name,
        _("display name"): row.chosen_name or _("none"),
        _("former names"): ", ".join(context.admin.reader.names_before(row.id)) or _("none"),
        _("state"): translated(_state(row)),
        _("role"): _shown_role(row) or _("member"),
        _("made"): local_time(row.created_ms),
        _("second factor"): _("on") if row.id in held.protected else _("off"),
        _("tokens"): ", ".join(held.tokens.get(row.id, ())) or _("none"),
        _("certificates"): ", ".join(held.certificates.get(row.id, ())) or _("none"),
        _("messages"): _("{size:.1f} MiB are kept").format(
            size=context.admin.reader.usage().get(row.id, 0) / MIB
        ),
        _("quota"): _quota(row.quota_mib),
    }
    for key, value in facts.items():
        click.echo(f"{key:<13}  {escape_exactly(value)}")


def _quota(mib: int | None) -> str:
    if mib is None:
        return _("as configured")
    return _("{count} MiB").format(count=mib) if mib else _("none")
