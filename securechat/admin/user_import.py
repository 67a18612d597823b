"""A class as a CSV file: read and checked to its last line, and every fault told with its line.

The file is RFC 4180 in UTF-8, with commas or semicolons; its header names the columns. No fault's
text holds any of it but names, as the rest may be a password.
"""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple
from unicodedata import category

from securechat.core.text import REAL_NAME_BYTES
from securechat.irc.names import AccountName, InvalidName, account_name

# A hundred thousand long rows; more is no list of accounts.
MAX_BYTES = 16 * 1024 * 1024

COLUMNS = ("name", "display", "password", "admin")

EXPECTED = (
    "expected a header such as name,display,password (name, and in any order display, password "
    "and admin, with commas or semicolons between them)"
)

SAVE_AS = (
    "In Excel: Save As, file type 'CSV UTF-8 (Comma delimited)'. In LibreOffice: Save As, file "
    "type 'Text CSV', and in the window that follows the character set 'Unicode (UTF-8)'"
)

ANSWERS = {
    **dict.fromkeys(("", "no", "n", "0", "false"), False),
    **dict.fromkeys(("yes", "y", "1", "true", "x"), True),
}


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
    forms, None when no account can be called so. shown: the display name, '' for none. password:
    '' when there is none yet.
    """

    line: int
    text: str
    name: AccountName | None
    password: str = field(repr=False)
    shown: str = ""
    admin: bool = False


Named = tuple[ImportedRow, AccountName]


def read_rows(
    data: bytes, *, passwords_made: bool = False
) -> tuple[list[ImportedRow], list[Fault]]:
    """The rows of a file, and what is wrong with it by itself: form, names, look-alikes.

    passwords_made: a row needs none. Raises ImportRefused when it can't be read to its end.
    """
    text = _decode(data)
    records = _records(text, _separator(text))
    columns = _columns(next(records, None))
    if "password" not in columns and not passwords_made:
        what = "there is no column password; --make-passwords makes one for each account"
        raise ImportRefused([Fault(1, what)])
    rows: list[ImportedRow] = []
    faults: list[Fault] = []
    for line, cells in records:
        if any(cell.strip() for cell in cells[len(columns) :]):
            faults.append(Fault(line, _too_many(columns, len(cells))))
        else:
            # Excel leaves out separators at the end of a row, and writes some too many.
            row = dict(itertools.zip_longest(columns, cells[: len(columns)], fillvalue=""))
            rows.append(_row(line, row, faults, passwords_made=passwords_made))
    if not rows and not faults:
        raise ImportRefused([Fault(1, "no account follows the header")])
    return rows, faults + _repetitions(rows)


# Bytes to records


def _decode(data: bytes) -> str:
    if len(data) > MAX_BYTES:
        raise ImportRefused([Fault(1, f"the file is longer than {MAX_BYTES >> 20} MiB")])
    if (other := _other_format(data)) is not None:
        raise ImportRefused([Fault(1, f"{other}, and not CSV in UTF-8. {SAVE_AS}")])
    try:
        return data.decode("utf-8-sig")  # some spreadsheets begin a file with U+FEFF
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        text = (
            "this is not UTF-8, but the encoding of one language, as Excel's plain 'CSV' is. "
            f"{SAVE_AS}"
        )
        raise ImportRefused([Fault(line, text)]) from None


def _other_format(data: bytes) -> str | None:
    """What a file is by its first bytes that spreadsheets write as well."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in data[:4]:
        return "this is UTF-16, as Excel's 'Unicode Text' is"
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        return "this is a workbook of a spreadsheet"
    return None


def _separator(text: str) -> str:
    """By the first line that isn't empty: in the names of the columns is neither."""
    header = next((line for line in text.splitlines() if line.strip()), "")
    return ";" if ";" in header and "," not in header else ","


def _records(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """The line on which each record begins, and its cells. Empty lines are passed over."""
    # strict: a quote that is never closed would else take all that follows into one password.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            text = f"this is not CSV: {error}; a quote within a quoted cell is doubled"
            raise ImportRefused([Fault(line, text)]) from None
        # Spreadsheets leave empty lines at the end, with as many separators as the others have.
        if "".join(cells).strip():
            yield line, cells


def _columns(first: tuple[int, list[str]] | None) -> list[str]:
    """The names of the columns. Raises ImportRefused when the first record isn't the header."""
    if first is None:
        raise ImportRefused([Fault(1, f"the file is empty; {EXPECTED}")])
    line, cells = first
    columns = ",".join(cell.strip().lower() for cell in cells).rstrip(",").split(",")
    if "name" not in columns or len(set(columns)) < len(columns) or {*columns} - {*COLUMNS}:
        # What was found isn't shown: in a file without a header it is somebody's password.
        raise ImportRefused([Fault(line, f"{EXPECTED}, found something else")])
    return columns


def _too_many(columns: Sequence[str], count: int) -> str:
    return (
        f"expected {','.join(columns)}, found {count} columns; a cell that holds a comma or a "
        'semicolon stands between quotes: "pass,word"'
    )


# Records to rows


def _row(
    line: int, cells: dict[str, str], faults: list[Fault], *, passwords_made: bool
) -> ImportedRow:
    text, password = cells["name"].strip(), cells.get("password", "")
    name = None
    try:
        name = account_name(text)
    except InvalidName as error:
        faults.append(Fault(line, str(error) if text else "the name is missing"))
    if not password:
        if not passwords_made:
            faults.append(Fault(line, "the password is missing; --make-passwords makes one"))
    # Refused: it was hardly meant, and nobody could type it from a list.
    elif password != password.strip():
        faults.append(Fault(line, "the password begins or ends with a space, which nobody sees"))
    shown = _display(line, cells.get("display", ""), faults)
    admin = ANSWERS.get(cells.get("admin", "").strip().lower())
    if admin is None:
        faults.append(Fault(line, "expected yes or no in the column admin, or nothing"))
    return ImportedRow(line, text, name, password, shown, bool(admin))


def _display(line: int, cell: str, faults: list[Fault]) -> str:
    """As SETNAME takes it, on one line and with single spaces."""
    shown = " ".join(cell.split())
    if len(shown.encode()) > REAL_NAME_BYTES:
        text = (
            f"the display name takes {len(shown.encode())} bytes in UTF-8; at most "
            f"{REAL_NAME_BYTES} are kept"
        )
        faults.append(Fault(line, text))
    if any(category(char) == "Cc" for char in shown):
        faults.append(Fault(line, "the display name holds a control character"))
    return shown


def named(rows: Sequence[ImportedRow]) -> list[Named]:
    """Those whose name an account can have."""
    return [(row, row.name) for row in rows if row.name is not None]


def _repetitions(rows: Sequence[ImportedRow]) -> list[Fault]:
    """Names that come twice, and names that look alike."""
    faults = []
    by_folded: dict[str, Named] = {}
    by_skeleton: dict[str, Named] = {}
    for row, name in named(rows):
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


# Against what there is


def taken(rows: Sequence[ImportedRow], why: Callable[[AccountName], str | None]) -> list[Fault]:
    """Names that can't be given. why: says so of one."""
    found = ((row.line, why(name)) for row, name in named(rows))
    return [Fault(line, text) for line, text in found if text is not None]


def with_passwords(rows: Sequence[ImportedRow], make: Callable[[str], str]) -> list[ImportedRow]:
    """The rows, each with a password. make: makes one for an account's name."""
    return [row if row.password else replace(row, password=make(row.text)) for row in rows]
