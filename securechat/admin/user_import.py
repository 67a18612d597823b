"""Many accounts at once from a CSV file: read, checked to the last line, hashed in parallel.

The file is RFC 4180 in UTF-8 with the header name,password. No fault's text holds any of it but
names, as the rest may be a password. Only hashing leaves the calling thread.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from securechat.irc.names import AccountName, InvalidName, account_name

# A hundred thousand long rows; more is no list of accounts.
MAX_BYTES = 16 * 1024 * 1024

HEADER = ["name", "password"]

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how many are done, and of how many."""


class Fault(NamedTuple):
    """Why a file can't be imported. line: where, 1 for the first."""

    line: int
    text: str


class ImportRefused(Exception):  # noqa: N818 - reads as what it says: `except ImportRefused`
    """Nothing was imported. faults: all of them, in the file's order."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(f"{len(faults)} faults")
        self.faults = sorted(faults)


@dataclass(frozen=True, slots=True)
class ImportedRow:
    """An account to be made. line: of the file, from 1. text: the name as it is written. name: its
    forms, None when no account can be called so.
    """

    line: int
    text: str
    name: AccountName | None
    password: str = field(repr=False)


Named = tuple[ImportedRow, AccountName]


# Reading


def read_rows(data: bytes) -> tuple[list[ImportedRow], list[Fault]]:
    """The rows of a file, and what is wrong with it by itself: form, names, look-alikes.

    Raises ImportRefused when it can't be read to its end.
    """
    records = _records(_decode(data))
    _check_header(next(records, None))
    rows: list[ImportedRow] = []
    faults: list[Fault] = []
    for line, cells in records:
        if len(cells) == len(HEADER):
            text, password = cells
            rows.append(_row(line, text.strip(), password, faults))
        else:
            faults.append(Fault(line, _wrong_columns(len(cells))))
    if not rows and not faults:
        raise ImportRefused([Fault(1, "no account follows the header")])
    return rows, faults + _repetitions(rows)


def _decode(data: bytes) -> str:
    if len(data) > MAX_BYTES:
        raise ImportRefused([Fault(1, f"the file is longer than {MAX_BYTES >> 20} MiB")])
    try:
        return data.decode("utf-8-sig")  # some spreadsheets begin a file with U+FEFF
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        text = "this is not UTF-8; save the file as CSV in UTF-8"
        raise ImportRefused([Fault(line, text)]) from None


def _records(text: str) -> Iterator[tuple[int, list[str]]]:
    """The line on which each record begins, and its cells. Empty lines are passed over."""
    # strict: a quote that is never closed would else take all that follows into one password.
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            text = f"this is not CSV: {error}; a quote within a quoted cell is doubled"
            raise ImportRefused([Fault(line, text)]) from None
        # Spreadsheets leave empty lines at the end.
        if len(cells) > 1 or "".join(cells).strip():
            yield line, cells


def _check_header(first: tuple[int, list[str]] | None) -> None:
    """Raises ImportRefused when the first record isn't the header."""
    expected = "expected the header name,password (two columns with a comma between them)"
    if first is None:
        raise ImportRefused([Fault(1, f"the file is empty; {expected}")])
    line, cells = first
    if [cell.strip().lower() for cell in cells] != HEADER:
        # What was found isn't shown: in a file without a header it is somebody's password.
        raise ImportRefused([Fault(line, f"{expected}, found something else")])


def _wrong_columns(count: int) -> str:
    if count < len(HEADER):
        return "the password is missing: expected name,password, found one column"
    return (
        f"expected name,password, found {count} columns; a password that holds a comma stands "
        'between quotes: name,"pass,word"'
    )


def _row(line: int, text: str, password: str, faults: list[Fault]) -> ImportedRow:
    name = None
    try:
        name = account_name(text)
    except InvalidName as error:
        faults.append(Fault(line, str(error) if text else "the name is missing"))
    if not password:
        faults.append(Fault(line, "the password is missing"))
    # Refused: it was hardly meant, and nobody could type it from a list.
    elif password != password.strip():
        faults.append(Fault(line, "the password begins or ends with a space, which nobody sees"))
    return ImportedRow(line, text, name, password)


def _named(rows: Sequence[ImportedRow]) -> list[Named]:
    return [(row, row.name) for row in rows if row.name is not None]


def _repetitions(rows: Sequence[ImportedRow]) -> list[Fault]:
    """Names that come twice, and names that look alike."""
    faults = []
    by_folded: dict[str, Named] = {}
    by_skeleton: dict[str, Named] = {}
    for row, name in _named(rows):
        if name.folded in by_folded:
            earlier, _ = by_folded[name.folded]
            faults.append(Fault(row.line, f"{name.display} is on line {earlier.line} already"))
        elif name.skeleton in by_skeleton:
            earlier, other = by_skeleton[name.skeleton]
            what = f"{name.display} looks like {other.display} on line {earlier.line}"
            faults.append(Fault(row.line, f"{what}; choose another name"))
        # setdefault: a third one is told to be like the first.
        by_folded.setdefault(name.folded, (row, name))
        by_skeleton.setdefault(name.skeleton, (row, name))
    return faults


# Checking and hashing


def taken(rows: Sequence[ImportedRow], why: Callable[[AccountName], str | None]) -> list[Fault]:
    """Names that can't be given. why: says so of one."""
    found = ((row.line, why(name)) for row, name in _named(rows))
    return [Fault(line, text) for line, text in found if text is not None]


def weak(
    rows: Sequence[ImportedRow], why: Callable[[str, str], str | None], progress: Progress
) -> list[Fault]:
    """Passwords that won't do. why: says so of a password and an account's name."""
    given = [row for row in rows if row.password]
    # One after the other: the check holds the interpreter, so threads would only get in its way.
    reasons = (why(row.password, row.text) for row in given)
    shown = _watched("Checking passwords", reasons, len(given), progress)
    return [Fault(row.line, t) for row, t in zip(given, shown, strict=True) if t is not None]


def hash_all(
    rows: Sequence[ImportedRow], hash_one: Callable[[str], str], progress: Progress, threads: int
) -> list[tuple[AccountName, str]]:
    """The names with their passwords' stored forms. hash_one: called in any thread."""
    named = _named(rows)
    with _pool(threads) as pool:
        hashes = pool.map(lambda pair: hash_one(pair[0].password), named)
        stored = list(_watched("Hashing passwords", hashes, len(named), progress))
    return [(name, hashed) for (_, name), hashed in zip(named, stored, strict=True)]


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
