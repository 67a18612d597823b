"""`securechat-admin user import`: many accounts at once, with the slips that are handed out.

All or nothing, as a file that was mended is to be imported again as it is. Only hashing leaves the
calling thread.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, TypeVar

import click

from securechat.admin import slips, user_import
from securechat.admin.context import AdminContext
from securechat.admin.slips import Handout, Slip
from securechat.admin.user_import import Fault, ImportedRow, ImportRefused, Named
from securechat.admin.users import forms, why_taken
from securechat.common.files import open_named
from securechat.common.language import _, ngettext, translated
from securechat.server.links import login_link, page_url
from securechat.store.admin import NewAccount, wall_clock
from securechat.store.sql.rows import AccountRow

STDIN = Path("-")

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how many are done, and of how many."""


class Sorted(NamedTuple):
    """The rows of a file. new: accounts to be made. there: how many there are already. notes: what
    the file says of those and isn't so. secret: whether a password stands in the file.
    """

    new: list[ImportedRow]
    there: int
    notes: list[Fault]
    secret: bool


def _slip_file(context: click.Context, param: click.Parameter, values: tuple[Path, ...]) -> object:
    """Raises click.BadParameter for what can't become a file of slips."""
    for path in values:
        if path.suffix.lower() not in slips.FORMATS:
            raise click.BadParameter(f"expected a file that ends in .html or .txt, got {path}")
        # Said before all passwords are hashed; what counts is how the file is opened.
        if os.path.lexists(path):
            raise click.BadParameter(f"{path} exists already, and is not overwritten")
        if not os.access(path.parent, os.W_OK | os.X_OK):
            raise click.BadParameter(f"can't write into {path.parent}")
    return values


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True))
@click.option(
    "--make-passwords",
    is_flag=True,
    help="Make a passphrase for each new account without a password; needs --slips.",
)
@click.option(
    "--slips",
    "slip_files",
    type=click.Path(path_type=Path, dir_okay=False),
    callback=_slip_file,
    multiple=True,
    metavar="FILE",
    help="Write slips to hand out, one for each new account: .html to print, .txt. May be given "
    "twice.",
)
@click.pass_obj
def import_(
    context: AdminContext, file: Path, make_passwords: bool, slip_files: tuple[Path, ...]
) -> None:
    """Make accounts for the rows of a CSV FILE that have none yet; - is standard input.

    The file is UTF-8, with commas or semicolons. Its first line names the columns, in any order:
    name, and where wanted display (the name that people see), password, admin (yes or no). All that
    is wrong with it is told with its line, and then nothing is added. Accounts that are there
    already stay as they are.

    \b
    Example:
      securechat-admin user import class.csv --make-passwords --slips class.html
    """
    if make_passwords and not slip_files:
        raise click.UsageError(
            "--make-passwords needs --slips FILE.html (or .txt), else nobody would know them"
        )
    if slip_files:
        context.check_served()
    source = _("standard input") if file == STDIN else str(file)
    try:
        found = _import_all(context, _content(file), make_passwords, slip_files)
    except ImportRefused as refused:
        for fault in refused.faults:
            click.echo(
                _("{source}, line {line}: {text}").format(
                    source=source, line=fault.line, text=translated(fault.text)
                ),
                err=True,
            )
        count = len(refused.faults)
        text = ngettext(
            "nothing was added: {source} has one error",
            "nothing was added: {source} has {count} errors",
            count,
        )
        raise click.ClickException(text.format(source=source, count=count)) from None
    _tell(source, found)
    if not found.new:
        return
    context.tell_login()
    for path in slip_files:
        click.echo(
            _("{path} holds the passwords: print it, hand the slips out, and delete it").format(
                path=path
            ),
            err=True,
        )
    if found.secret:
        _warn_about(file)
    context.settle()


def _tell(source: str, found: Sorted) -> None:
    for note in found.notes:
        click.echo(
            _("{source}, line {line}: {text}").format(
                source=source, line=note.line, text=translated(note.text)
            ),
            err=True,
        )
    count, there = len(found.new), found.there
    if count:
        click.echo(
            ngettext("One account was added.", "{count} accounts were added.", count).format(
                count=count
            )
        )
    if there:
        text = ngettext(
            "One was there already, and stays as before.",
            "{count} were there already, and stay as before.",
            there,
        )
        click.echo(text.format(count=there))


def _content(file: Path) -> bytes:
    limit = user_import.MAX_BYTES + 1  # one more tells that it is too long
    if file == STDIN:
        return sys.stdin.buffer.read(limit)
    try:
        with open(open_named(file), "rb") as opened:
            return opened.read(limit)
    except OSError as error:
        raise click.ClickException(f"can't read {file}: {error.strerror}") from None


def _import_all(
    context: AdminContext, content: bytes, make_passwords: bool, slip_files: Sequence[Path]
) -> Sorted:
    """Raises ImportRefused, with every fault that can be found; StoreError."""
    rules = context.rules
    progress = _progress if sys.stderr.isatty() else _silent
    rows, faults = user_import.read_rows(content, passwords_made=make_passwords)
    found = sort_out(rows, {row.folded: row for row in context.admin.reader.accounts()})
    # All kinds of faults are told at once, as whoever mends the file would have to come again for
    # each.
    faults += user_import.taken(found.new, lambda name: why_taken(context, name))
    faults += weak(found.new, rules.why_refused, progress)
    if faults:
        raise ImportRefused(faults)
    if found.new:
        new = user_import.with_passwords(found.new, rules.make)
        # Last, as it takes the longest by far.
        threads = threads_beside(context.data.running())
        hashed = hash_all(new, rules.stored, progress, threads)
        accounts = [
            NewAccount(*forms(name), stored, row.admin, row.shown) for row, name, stored in hashed
        ]
        # Before the accounts are made: a password that was made stands nowhere else.
        with slips.written(slip_files, lambda: _handout(context, new)):
            context.admin.add(accounts, wall_clock())
    return found


def _handout(context: AdminContext, rows: Sequence[ImportedRow]) -> Handout:
    reader = context.admin.reader
    people = [
        Slip(name.display, row.shown, row.password, login_link(reader, name.display))
        for row, name in user_import.named(rows)
    ]
    return Handout(reader.remembered("name") or login_link(reader).host, people, page_url(reader))


def _progress(what: str, done: int, total: int) -> None:
    click.echo(
        _("\r{what}: {done} of {total}").format(what=what, done=done, total=total),
        err=True,
        nl=done == total,
    )


def _silent(what: str, done: int, total: int) -> None:
    """Nobody watches."""


def _warn_about(file: Path) -> None:
    # Afterwards, as refusing it would not close the file.
    if file != STDIN and file.stat().st_mode & 0o077:
        click.echo(
            _(
                "warning: other users of this machine can read {file}, and it holds the "
                "passwords: delete it, or close it with chmod 600"
            ).format(file=file),
            err=True,
        )


# Checking and hashing


def sort_out(rows: Sequence[ImportedRow], accounts: dict[str, AccountRow]) -> Sorted:
    """Part the new ones from those that are there. accounts: by their folded names."""
    found = Sorted([], 0, [], any(row.password for row in rows))
    there = 0
    for row in rows:
        account = accounts.get(row.name.folded) if row.name else None
        if account is None or account.deleted:
            found.new.append(row)
        else:
            there += 1
            found.notes.extend(Fault(row.line, text) for text in _differences(row, account))
    return found._replace(there=there)


def _differences(row: ImportedRow, account: AccountRow) -> Iterator[str]:
    here = f"{account.name} is there already and stays as it is"
    if row.shown and row.shown != account.chosen_name:
        known = f"is {account.chosen_name!r}" if account.chosen_name else "has not been set"
        yield f"{here}; the display name there {known}, and here it is {row.shown!r}"
    if row.admin and not account.admin:
        yield f"{here}; to let it administer the server: user admin {account.name}"


def weak(
    rows: Sequence[ImportedRow], why: Callable[[str, str], str | None], progress: Progress
) -> list[Fault]:
    """Passwords that won't do. why: says so of a password and an account's name."""
    given = [row for row in rows if row.password]
    # One after the other: the check holds the interpreter, so threads would only get in its way.
    reasons = (why(row.password, row.text) for row in given)
    shown = _watched(_("Checking passwords"), reasons, len(given), progress)
    return [Fault(row.line, t) for row, t in zip(given, shown, strict=True) if t is not None]


def hash_all(
    rows: Sequence[ImportedRow], hash_one: Callable[[str], str], progress: Progress, threads: int
) -> list[tuple[*Named, str]]:
    """The rows with their passwords' stored forms. hash_one: called in any thread."""
    named = user_import.named(rows)
    with _pool(threads) as pool:
        hashes = pool.map(lambda pair: hash_one(pair[0].password), named)
        stored = list(_watched(_("Hashing passwords"), hashes, len(named), progress))
    return [(row, name, hashed) for (row, name), hashed in zip(named, stored, strict=True)]


def threads_beside(server_runs: bool) -> int:
    """The number of threads to hash with: all cores, or all but one that a server needs."""
    # bcrypt holds a core for a quarter of a second each; chat must go on beside it.
    return max(1, (os.cpu_count() or 1) - server_runs)


@contextmanager
def _pool(threads: int) -> Iterator[ThreadPoolExecutor]:
    pool = ThreadPoolExecutor(threads, "import")
    try:
        yield pool
    finally:
        # Not by the pool's own `with`: Ctrl-C would take effect after all passwords, and not after
        # those in hand.
        pool.shutdown(wait=True, cancel_futures=True)


Result = TypeVar("Result")


def _watched(
    what: str, results: Iterator[Result], total: int, progress: Progress
) -> Iterator[Result]:
    for done, result in enumerate(results, 1):
        progress(what, done, total)
        yield result
