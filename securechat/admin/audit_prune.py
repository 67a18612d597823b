"""`securechat-admin audit prune`: the old part of the audit goes, perhaps into a file first."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import click

from securechat.admin.audit import entry, since
from securechat.admin.context import AdminContext
from securechat.server.logs import json_text
from securechat.store.audit import AuditRow
from securechat.store.sqlite.database import StoreError

PAUSE_SECONDS = 0.02
"""Between two transactions, for what a running server has to store."""


@click.command()
@click.option(
    "--before",
    callback=since,
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
def prune(office: AdminContext, before: int, keep: int | None, export: Path | None) -> None:
    """Delete the old part of the audit; a running server goes on meanwhile.

    The audit then says who did it, and up to which row. What is deleted tells the server no longer
    where accounts have logged in from, so that wrong guesses from elsewhere may slow them there.

    Example: securechat-admin audit prune --before 365d --export audit-2025.jsonl
    """
    if bool(before) == bool(keep):
        raise click.UsageError("expected either --before AGE|DATE or --keep N")
    last, count = office.admin.prunable(before_ms=before, keep=keep or 0)
    if not count:
        click.echo("The audit has nothing that old.", err=True)
        return
    facts: dict[str, str | int] = {"rows": count}
    if export is not None:
        write_rows(export, office.admin.audited_upto(last))
        facts["export"] = str(export)
    office.admin.prune_audit(last, lambda: office.pause(PAUSE_SECONDS), **facts)
    where = f" They are in {export}." if export is not None else ""
    click.echo(f"{count} rows of the audit are deleted.{where}", err=True)


def write_rows(path: Path, rows: Iterable[AuditRow]) -> None:
    """A new file of mode 0600, on the disk when this returns. Raises StoreError."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        with os.fdopen(os.open(path, flags, 0o600), "w", encoding="utf-8") as file:
            for row in rows:
                file.write(json_text(entry(row), readable=True, indent=None) + "\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise StoreError(
            f"can't write {path}: {error.strerror}; name a new file, so nothing was deleted"
        ) from error
