"""`securechat-admin reports`: what people have reported of others. Main thread."""

from __future__ import annotations

import click

from securechat.admin.context import AdminContext
from securechat.admin.listing import echo_json, local_time, table, utc
from securechat.admin.requests import ask
from securechat.common.language import _
from securechat.core.model.reports import KEY, Report
from securechat.core.model.reports import reports as parsed


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_context
def reports(click_context: click.Context, as_json: bool) -> None:
    """Show what people have reported of others, by /report or REPORT, and what is not closed yet.

    The audit keeps all of them: `securechat-admin audit --event report`.

    \b
    Example: securechat-admin reports --json
    """
    if click_context.invoked_subcommand is not None:
        return
    context: AdminContext = click_context.obj
    rows = parsed(context.admin.reader.remembered(KEY)).open
    if as_json:
        echo_json([_entry(row) for row in rows])
    elif rows:
        header = ("NUMBER", "WHEN", "BY", "ABOUT", "WHERE", "WHY")
        click.echo("\n".join(table(header, [_cells(row) for row in rows])))
    else:
        click.echo(_("No report is open."), err=True)


def _entry(row: Report) -> dict[str, object]:
    return {
        "number": row.id,
        "time": utc(row.at_ms),
        "by": row.by,
        "about": row.of,
        "where": row.place or None,
        "why": row.reason,
    }


def _cells(row: Report) -> tuple[str, ...]:
    return str(row.id), local_time(row.at_ms), row.by, row.of, row.place or "-", row.reason


@reports.command()
@click.argument("number", type=int)
@click.pass_obj
def close(context: AdminContext, number: int) -> None:
    """Close the report NUMBER, as it has been dealt with. Nobody is told.

    \b
    Example: securechat-admin reports close 7
    """
    closed = Report(*ask(context, "report close", number=number))
    text = _("Report {number} of {by} about {of} is closed.")
    click.echo(text.format(number=closed.id, by=closed.by, of=closed.of))
