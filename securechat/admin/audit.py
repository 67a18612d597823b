"""`securechat-admin audit`: what was done to the server's security, by whom and from where."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import click

from securechat.admin.ages import age
from securechat.admin.context import AdminContext
from securechat.admin.listing import echo_json, local_time, table, utc
from securechat.common.files import new_file
from securechat.common.language import _, ngettext
from securechat.irc import names
from securechat.server.logs import json_text
from securechat.store.audit import AuditRow, Wanted
from securechat.store.errors import StoreError

# Between two transactions, for what a running server has to store.
PAUSE_SECONDS = 0.02


def _since(context: click.Context, param: click.Parameter, value: str | None) -> int:
    """Milliseconds since 1970 (UTC)."""
    if value is None:
        return 0
    try:
        if (ago := age(value)) is not None:
            at = datetime.now(UTC) - ago
        else:
            # Without a zone it is meant as the clock on the wall shows it.
            at = datetime.fromisoformat(value).astimezone()
        return int(at.timestamp() * 1000)
    except (ValueError, OverflowError, OSError):
        raise click.BadParameter(
            "expected an age such as 90m, 12h, 7d or 2w, or a date such as 2026-01-31 or "
            "2026-01-31T18:00"
        ) from None


@click.group(invoke_without_command=True)
@click.option("--account", default="", metavar="NAME", help="Who did it, or to whom it was done.")
@click.option("--event", default="", metavar="TEXT", help="A part of the event, such as login.")
@click.option(
    "--since", "since_ms", callback=_since, metavar="AGE|DATE", help="Such as 7d, or 2026-01-31."
)
@click.option(
    "--last",
    type=click.IntRange(1, 1_000_000),
    default=100,
    show_default=True,
    metavar="N",
    help="The newest N of them.",
)
@click.option("--all", "everything", is_flag=True, help="All of them, not only the newest.")
@click.option("--json", "as_json", is_flag=True, help="For programs: one object a line.")
@click.pass_context
def audit(
    invocation: click.Context,
    account: str,
    event: str,
    since_ms: int,
    last: int,
    everything: bool,
    as_json: bool,
) -> None:
    """Show what was done to the server's security, the newest last.

    Logins and refused ones, registrations, what administrators did, tokens and second factors. What
    was done on this machine is under os: and the name of its user. Its old part goes by `prune`.

    \b
    Example: securechat-admin audit --account alice --since 7d
    """
    if invocation.invoked_subcommand is not None:
        return
    context: AdminContext = invocation.obj
    # One more than is shown tells whether there are older ones.
    wanted = Wanted(_name(context, account), event, since_ms, None if everything else last + 1)
    rows: Iterable[AuditRow] = context.admin.audit.rows(wanted)
    if not everything:
        rows = list(rows)
        if len(rows) > last:
            click.echo(_("Older ones are left out; --last N or --all shows more."), err=True)
        # The first is the one too many, as they come oldest first.
        rows = rows[-last:]
    _show(rows, as_json=as_json)


def _name(context: AdminContext, typed: str) -> str:
    """The account's name as it is written; what was typed, when there is none."""
    folded = names.fold_account(typed)
    row = context.admin.reader.account_named(folded) if folded else None
    # A name that nobody has may be in the audit too, such as an administrator's.
    return row.name if row else typed


def _show(rows: Iterable[AuditRow], *, as_json: bool) -> None:
    if as_json:
        for row in rows:  # one by one, so that the whole audit never is in memory
            echo_json(_entry(row), indent=None)
        return
    cells = [_cells(row) for row in rows]
    if cells:
        header = ("WHEN", "EVENT", "BY", "FROM", "RESULT", "FACTS")
        click.echo("\n".join(table(header, cells)))
    else:
        click.echo(_("The audit has nothing of that."), err=True)


def _entry(row: AuditRow) -> dict[str, object]:
    return {
        "time": utc(row.at_ms, milliseconds=True),
        "event": row.event,
        "account": row.account,
        "address": row.address,
        "result": row.result,
        "facts": row.told(),
    }


def _cells(row: AuditRow) -> tuple[str, ...]:
    facts = (f"{key}={value}" for key, value in row.told().items())
    when = local_time(row.at_ms, seconds=True)
    return when, row.event, row.account, row.address, row.result, " ".join(facts)


@audit.command()
@click.option(
    "--before",
    callback=_since,
    metavar="AGE|DATE",
    help="What is older, such as 365d or 2026-01-31.",
)
@click.option("--keep", type=click.IntRange(1), metavar="N", help="All but the newest N.")
@click.option(
    "--export",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write what goes into a new file first, one JSON object a line.",
)
@click.pass_obj
def prune(context: AdminContext, before: int, keep: int | None, export: Path | None) -> None:
    """Delete the old part of the audit; a running server goes on meanwhile.

    The audit then says who did it, and up to which row. What is deleted tells the server no longer
    where accounts have logged in from, so that wrong guesses from elsewhere may slow them there.

    Example: securechat-admin audit prune --before 365d --export audit-2025.jsonl
    """
    # Both would leave open which of them counts, and neither would delete all.
    if bool(before) == bool(keep):
        raise click.UsageError("expected either --before AGE|DATE or --keep N")
    # The border is fixed here: what comes while this runs stays.
    last, count = context.admin.audit.prunable(before_ms=before, keep=keep or 0)
    if not count:
        click.echo(_("The audit has nothing that old."), err=True)
        return
    facts: dict[str, str | int] = {"rows": count}
    if export is not None:  # on the disk before the first row is deleted
        write_rows(export, context.admin.audit.rows_upto(last))
        facts["export"] = str(export)
    context.admin.audit.prune(last, lambda: context.pause(PAUSE_SECONDS), **facts)
    where = _(" They are in {file}.").format(file=export) if export is not None else ""
    click.echo(
        ngettext(
            "{count} row of the audit is deleted.", "{count} rows of the audit are deleted.", count
        ).format(count=count)
        + where,
        err=True,
    )


def write_rows(path: Path, rows: Iterable[AuditRow]) -> None:
    """A new file of mode 0600, on the disk when this returns. Raises StoreError."""
    try:
        with new_file(path) as file:
            for row in rows:
                file.write(f"{json_text(_entry(row), readable=True, indent=None)}\n".encode())
    except OSError as error:
        raise StoreError(
            f"can't write {path}: {error.strerror}; name a new file, so nothing was deleted"
        ) from error
