"""`securechat-admin status`: how the server is doing, on one screen.

A running server is asked; without one the files tell what they can.
"""

from __future__ import annotations

import os
import select
import sys
import termios
import time
import tty
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

import click

from securechat.admin.backup.check import in_use
from securechat.admin.context import AdminContext
from securechat.admin.listing import echo_json, local_time, utc, width
from securechat.admin.requests import ask_process, node_option
from securechat.admin.status_rows import size_shown, status_rows
from securechat.ca import pem
from securechat.ca.errors import CaError
from securechat.common.escape import escape_exactly
from securechat.common.language import _, english, ngettext, translated
from securechat.server.data import DataError, file_sizes
from securechat.store.audit import Wanted
from securechat.store.errors import UnknownError

DAY_MS = 86_400_000

BACKUP_DAYS = 8
"""From so many on without a backup that is a warning: who makes one a week has one by then."""

CERTIFICATE_DAYS = 14
"""The server renews its own certificate 30 days before its end."""

DISK_BYTES = 1 << 30

SLOW_SECONDS = 0.5
"""Of the slowest turn of a hundred: people notice."""

GUESSES = 100
"""Refused logins in an hour. Scripts with an old password make some, too."""


@click.command()
@click.option(
    "--watch", "-w", type=click.FloatRange(0.5, 3600), metavar="N", help="Again each N seconds."
)
@click.option(
    "--json", "as_json", is_flag=True, help="For programs; with --watch an object a line."
)
@click.option("--health", is_flag=True, help="Only whether people can log in and talk.")
@node_option()
@click.pass_obj
def status(
    context: AdminContext, watch: float | None, as_json: bool, health: bool, node: str
) -> None:
    """Show how the server is doing: what is wrong first, then people, messages, times, files.

    Rates are of the last minute, times and refusals of the last hour. With --watch the screen
    is made anew until q or Ctrl-C is pressed. Exit code 1 when something is wrong. With --health
    only what keeps people from talking counts, for programs that watch a container.

    \b
    Example: securechat-admin status --watch 5
    """
    if health:
        reasons = list(_hindrances(look(context, node)))
        click.echo("\n".join(map(escape_exactly, reasons)) or _("People can log in and talk."))
        raise click.exceptions.Exit(1 if reasons else 0)
    if watch is None:
        found = look(context, node, to_programs=as_json)
        _show(found, as_json=as_json)
        raise click.exceptions.Exit(1 if found["warnings"] else 0)
    with suppress(KeyboardInterrupt), _keys() as keys:
        while True:
            found = look(context, node, to_programs=as_json)
            if as_json:
                echo_json(found, indent=None)
            else:
                click.clear()
                _show(found, as_json=False)
                now = local_time(int(time.time() * 1000), seconds=True)
                click.echo("\n" + _("{time}   q ends this").format(time=now))
            if keys.pressed(watch):
                return


# --- what there is -------------------------------------------------------------------------------


def look(context: AdminContext, node: str = "", *, to_programs: bool = False) -> dict[str, Any]:
    """All that can be told now. node: of the one of that name, '' of this machine's server.
    to_programs: in English. Raises StoreError.
    """
    found: dict[str, Any] = {"data": str(context.data.path), "server": None, "trouble": ""}
    found["running"] = running = bool(node) or context.data.running()
    if running:
        try:
            found["server"] = ask_process(context, "status", node)
        except (
            DataError,
            UnknownError,
            click.ClickException,
        ) as error:  # it hangs, ends, or is an older one
            found["trouble"] = (
                error.message if isinstance(error, click.ClickException) else str(error)
            )
    audit = list(context.admin.audit.rows(Wanted(event="backup made", last=1)))
    found["last_backup"] = utc(audit[-1].at_ms) if audit else None
    midnight = datetime.now().astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
    found["messages_today"] = context.admin.reader.messages_since(int(midnight.timestamp() * 1000))
    found["accounts"] = sum(not row.deleted for row in context.admin.reader.accounts())
    if found["server"] is None:
        disk = os.statvfs(context.data.path)
        found["files"] = file_sizes(context.data)
        found["disk_free_bytes"] = disk.f_bavail * disk.f_frsize
        is_here = node in ("", context.data.kept_node())
        found["certificate_days_left"] = _days_left(context) if is_here else None
    with english(to_programs):
        found["warnings"] = list(_warnings(found))
    return found


def _days_left(context: AdminContext) -> float | None:
    with suppress(CaError, IndexError):
        leaf = pem.load_certificates(in_use(context.data, None).certificate)[0]
        return (leaf.not_valid_after_utc - datetime.now(UTC)).total_seconds() / 86_400
    return None


def _hindrances(found: dict[str, Any]) -> Iterator[str]:
    """Why people can't log in and talk now, if they can't."""
    server = found["server"]
    if found["trouble"]:
        yield translated(found["trouble"])
    elif server is None:
        yield _("no server runs on {data}").format(data=found["data"])
    elif server["hindrance"]:
        yield translated(server["hindrance"])


def _warnings(found: dict[str, Any]) -> Iterator[str]:
    server = found["server"]
    figures = server["figures"] if server else found
    yield from _hindrances(found)
    days = figures["certificate_days_left"]
    if days is not None and days < CERTIFICATE_DAYS:
        left = max(0, int(days))
        yield ngettext(
            "the certificate expires in {days} day", "the certificate expires in {days} days", left
        ).format(days=left)
    free = figures.get("disk_free_bytes")
    if free is not None and free < DISK_BYTES:
        yield _("only {size} of the disk are free").format(size=size_shown(free))
    yield from _of_backups(found["last_backup"])
    if server is not None:
        yield from _of_the_hour(server["hour"])
        yield from map(translated, server["warnings"])


def _of_backups(last: str | None) -> Iterator[str]:
    if last is None:
        yield _("there is no backup: securechat-admin backup FILE")
        return
    days = (datetime.now(UTC) - datetime.fromisoformat(last)).days
    if days >= BACKUP_DAYS:
        yield ngettext(
            "the last backup is {days} day old", "the last backup is {days} days old", days
        ).format(days=days)


def _of_the_hour(hour: dict[str, Any]) -> Iterator[str]:
    slowest = hour["turn"]["p99"]
    if slowest is not None and slowest > SLOW_SECONDS:
        yield _("the server is slow: one turn of a hundred takes {seconds} s").format(
            seconds=f"{slowest:.1f}"
        )
    guesses = hour["refusals"].get("login", 0)
    if guesses > GUESSES:
        yield ngettext(
            "{count} login was refused in the last hour: see `securechat-admin audit`",
            "{count} logins were refused in the last hour: see `securechat-admin audit`",
            guesses,
        ).format(count=guesses)


# --- how it is shown -----------------------------------------------------------------------------


def _show(found: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        echo_json(found)
        return
    for warning in found["warnings"]:
        click.secho(escape_exactly(f"! {warning}"), fg="yellow", bold=True)
    shown = [(name, text) for name, text in status_rows(found) if text]
    wide = max(width(name) for name, text in shown) + 2
    for name, text in shown:
        click.echo(name + " " * (wide - width(name)) + escape_exactly(text))


# --- until q -------------------------------------------------------------------------------------


class _Keys:
    def __init__(self, terminal: int | None) -> None:
        self._terminal = terminal

    def pressed(self, seconds: float) -> bool:
        """Wait so long; whether q was pressed meanwhile."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if self._terminal is None:
                time.sleep(left)
                continue
            ready: Sequence[int] = select.select([self._terminal], [], [], left)[0]
            # Without a byte the terminal has gone.
            if ready and os.read(self._terminal, 1) in (b"q", b"Q", b"\x04", b""):
                return True
        return False


@contextmanager
def _keys() -> Iterator[_Keys]:
    """Keys come one by one, and aren't shown."""
    if not sys.stdin.isatty():
        yield _Keys(None)
        return
    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)
    tty.setcbreak(terminal)
    try:
        yield _Keys(terminal)
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)
