"""`securechat-admin announce`: a word of the administrator's to everybody. Main thread."""

from __future__ import annotations

import sys

import click

from securechat.admin.ages import seconds
from securechat.admin.context import AdminContext
from securechat.admin.listing import echo_json, local_time, table, utc
from securechat.admin.requests import ask
from securechat.common.language import _, ngettext
from securechat.core.model.announcements import Announcement

MOST_CHARS = 20_000
"""Of standard input: more can't be announced, and needn't be read."""


@click.command()
@click.argument("text", required=False)
@click.option("--stdin", "from_stdin", is_flag=True, help="The text is on standard input.")
@click.option(
    "--for", "duration", callback=seconds, metavar="DURATION", help="Also who logs in within it."
)
@click.option("--list", "listed", is_flag=True, help="List those that are shown at logins.")
@click.option("--end", type=int, metavar="NUMBER", help="End one of these.")
@click.option("--json", "as_json", is_flag=True, help="With --list, for programs.")
@click.pass_obj
def announce(
    context: AdminContext,
    text: str | None,
    from_stdin: bool,
    duration: int | None,
    listed: bool,
    end: int | None,
    as_json: bool,
) -> None:
    """Say TEXT to everybody who is online, as the server; with --for also to those who log in
    meanwhile, once on each device. Nobody can miss it for a conversation: it is no message.

    \b
    Examples: securechat-admin announce 'Maintenance at 18:00, ten minutes' --for 6h
              securechat-admin announce --list
              securechat-admin announce --end 3
    """
    if [text is not None, from_stdin, listed, end is not None].count(True) != 1:
        raise click.UsageError("expected one of TEXT, --stdin, --list and --end")
    if listed:
        _list(context, as_json=as_json)
    elif end is not None:
        number = ask(context, "announcement end", number=end)
        click.echo(_("Announcement {number} has ended.").format(number=number))
    else:
        said = sys.stdin.read(MOST_CHARS + 1) if from_stdin else text or ""
        if len(said) > MOST_CHARS:
            raise click.ClickException(f"expected at most {MOST_CHARS} characters")
        _announce(context, said, duration)


def _announce(context: AdminContext, text: str, duration: int | None) -> None:
    lines = [line.expandtabs() for line in text.splitlines()]
    done = ask(context, "announce", lines=lines, seconds=duration)
    text = ngettext("{count} person heard it.", "{count} people heard it.", done["heard"])
    click.echo(text.format(count=done["heard"]))
    if done["number"]:
        text = _("Whoever logs in hears it, too; `announce --end {number}` ends that.")
        click.echo(text.format(number=done["number"]), err=True)


def _list(context: AdminContext, *, as_json: bool) -> None:
    rows = [Announcement(*row) for row in ask(context, "announcements")]
    if as_json:
        echo_json([_entry(row) for row in rows])
    elif rows:
        header = ("NUMBER", "SINCE", "UNTIL", "BY", "TEXT")
        click.echo("\n".join(table(header, [_cells(row) for row in rows])))
    else:
        click.echo(_("No announcement is shown at logins."), err=True)


def _entry(row: Announcement) -> dict[str, object]:
    return {
        "number": row.id,
        "since": utc(row.at_ms),
        "until": utc(row.until_ms),
        "by": row.by,
        "lines": row.lines,
    }


def _cells(row: Announcement) -> tuple[str, ...]:
    times = local_time(row.at_ms), local_time(row.until_ms)
    return str(row.id), *times, row.by, " / ".join(row.lines)
