"""Reading a class from a CSV file: what is accepted, and how each fault is told."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securechat.admin import user_import
from securechat.admin.user_import import Fault, ImportedRow, ImportRefused, read_rows
from securechat.irc.names import AccountName

HEADER = "name,password\n"


def pairs(rows: list[ImportedRow]) -> list[tuple[str, str]]:
    return [(row.name.display, row.password) for row in rows if row.name]


def read(text: str) -> list[tuple[str, str]]:
    """The accounts of a file without faults."""
    rows, faults = read_rows(text.encode())
    assert faults == []
    return pairs(rows)


def faults_of(text: str) -> list[Fault]:
    return sorted(read_rows((HEADER + text).encode())[1])


def refusal(data: bytes) -> Fault:
    with pytest.raises(ImportRefused) as caught:
        read_rows(data)
    [fault] = caught.value.faults
    return fault


# --- what is accepted ----------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_files_of_every_system_are_read(end: str, mark: str) -> None:
    """With any line end, with a byte order mark or without, with empty lines."""
    lines = ["name,password", "", "alice,one secret", "", "Борис,another secret", "  ", ""]
    assert read(mark + end.join(lines)) == [
        ("alice", "one secret"),
        ("Борис", "another secret"),
    ]


def test_quotes_hold_commas_and_quotes() -> None:
    """RFC 4180."""
    assert read(HEADER + 'alice,"one, ""two"""\n') == [("alice", 'one, "two"')]


def test_header_and_names_may_be_spaced() -> None:
    """A password may not: see below."""
    assert read("Name, Password\n alice ,secret\n") == [("alice", "secret")]


def test_the_last_line_needs_no_end() -> None:
    """As many editors leave it."""
    assert read(HEADER + "alice,secret") == [("alice", "secret")]


def test_columns_are_found_by_the_header() -> None:
    """With semicolons as well, as spreadsheets of half of Europe write them, in any order."""
    rows, faults = read_rows(
        "\ufeffPassword;Admin;Display;Name\r\n"
        "one; yes ;Мария  Ивановна\xa0Кузнецова;maria\r\n"
        '"two, or; three";;;bob\r\n'
        ";;;\r\n".encode()
    )
    assert faults == []
    assert pairs(rows) == [("maria", "one"), ("bob", "two, or; three")]
    assert [(row.shown, row.admin) for row in rows] == [
        ("Мария Ивановна Кузнецова", True),
        ("", False),
    ]


def test_separators_may_be_missing_or_too_many_at_the_end() -> None:
    """Excel leaves them out after some rows, and adds some for columns that were cleared."""
    rows, faults = read_rows(b"name,password,display,,\nalice,secret\nbob,other,Bob B.,,\n,,,,\n")
    assert faults == []
    assert [(row.text, row.shown) for row in rows] == [("alice", ""), ("bob", "Bob B.")]


def test_a_password_may_be_left_to_be_made() -> None:
    """In some rows, or in all; then it may not be asked for otherwise."""
    rows, faults = read_rows(b"name,password\nalice,\nbob,own\n", passwords_made=True)
    made = user_import.with_passwords(rows, lambda name: f"made for {name}")
    assert (faults, pairs(made)) == ([], [("alice", "made for alice"), ("bob", "own")])
    assert pairs(read_rows(b"name\nalice\n", passwords_made=True)[0]) == [("alice", "")]
    assert refusal(b"name\nalice\n").text.startswith("there is no column password")


@given(st.dictionaries(st.from_regex(r"[a-z]{9}", fullmatch=True), st.text(min_size=1), min_size=1))
def test_what_a_spreadsheet_writes_is_read_back(people: dict[str, str]) -> None:
    """Each password unchanged, whatever is in it: line ends, quotes, NUL."""
    sheet = io.StringIO(newline="")
    csv.writer(sheet).writerows([("name", "password"), *people.items()])
    found, _ = read_rows(sheet.getvalue().encode())
    assert [(row.text, row.password) for row in found] == [*people.items()]


@given(st.binary())
def test_no_file_breaks_the_reader(data: bytes) -> None:
    """Every file is read, or refused with a line."""
    rows: list[ImportedRow] = []
    try:
        rows, faults = read_rows(data)
    except ImportRefused as refused:
        faults = refused.faults
    assert rows or faults
    assert all(fault.line >= 1 and fault.text for fault in faults)


# --- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("alice", "the password is missing; --make-passwords makes one"),
        ("alice,", "the password is missing; --make-passwords makes one"),
        (",secret", "the name is missing"),
        (
            "alice,se,cret",
            "found 3 columns; a cell that holds a comma or a semicolon stands",
        ),
        ("a b,secret", "'a b' can't be an account name"),
        ("alice, secret", "the password begins or ends with a space"),
        ("alice,secret ", "the password begins or ends with a space"),
    ],
)
def test_a_fault_is_told_with_its_line(row: str, told: str) -> None:
    """And without the password."""
    [fault] = faults_of(f"zoe,fine\n\n{row}\n")
    assert fault.line == 4
    assert told in fault.text
    assert "cret" not in fault.text


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("x" * 151 + ",", "the display name takes 151 bytes in UTF-8; at most 150 are kept"),
        ("Ж" * 76 + ",", "the display name takes 152 bytes"),
        ("a\x1b[2Jb,", "the display name holds a control character"),
        ("Bob,maybe", "expected yes or no in the column admin"),
    ],
)
def test_a_fault_of_the_other_columns_is_told(row: str, told: str) -> None:
    """By the rules of SETNAME."""
    _, [fault] = read_rows(f"name,password,display,admin\nbob,secret,{row}\n".encode())
    assert fault.line == 2
    assert told in fault.text


def test_all_faults_are_told() -> None:
    """Not only the first: two of one row are two."""
    assert [fault.line for fault in faults_of("a b,\nalice,x\nbob\n")] == [2, 2, 4]


def test_a_line_is_counted_as_an_editor_counts_it() -> None:
    """A quoted cell may hold line ends; its row is where it begins."""
    assert [fault.line for fault in faults_of('alice,"a\nb\nc"\n\nbob\n')] == [6]


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        ("alice", "alice", "alice is on line 2 already"),
        ("alice", "ALICE", "ALICE is on line 2 already"),
        ("Ian", "IAN", "IAN is on line 2 already"),
        ("alice", "aIice", "aIice looks like alice on line 2; choose another name"),
        ("scope", "ѕсоре", "ѕсоре looks like scope on line 2; choose another name"),
    ],
)
def test_a_name_comes_once(first: str, second: str, told: str) -> None:
    """The same in other letters and a look-alike count as the name."""
    assert faults_of(f"{first},x\nzoe,x\n{second},x\n") == [Fault(4, told)]


@pytest.mark.parametrize(
    "first_line",
    ["alice,my secret", "name|password", "name,grade", "name,name,password", "display", "x"],
)
def test_the_header_must_be_there(first_line: str) -> None:
    """What stands there instead may be somebody's password, so it isn't shown."""
    fault = refusal(f"\n{first_line}\nbob,secret\n".encode())
    assert fault == Fault(2, f"{user_import.EXPECTED}, found something else")


def test_an_empty_file_is_refused() -> None:
    """One without accounts as well."""
    assert refusal(b"").text.startswith("the file is empty; expected a header such as name,")
    assert refusal(HEADER.encode()) == Fault(1, "no account follows the header")


@pytest.mark.parametrize(
    ("data", "line", "told"),
    [
        (b"name,password\nalice,caf\xe9 secret\n", 2, "this is not UTF-8, but the encoding of one"),
        ("name,password\n".encode("utf-16"), 1, "this is UTF-16"),
        ("name,password\n".encode("utf-16-le"), 1, "this is UTF-16"),
        ("name,password\n".encode("utf-16-be"), 1, "this is UTF-16"),
        (b"PK\x03\x04 and the rest of an .xlsx or .ods", 1, "this is a workbook of a spreadsheet"),
        (b"\xd0\xcf\x11\xe0 and the rest of an .xls", 1, "this is a workbook of a spreadsheet"),
    ],
)
def test_another_encoding_is_told(data: bytes, line: int, told: str) -> None:
    """With the line where it shows, and what to do in Excel and LibreOffice; the decoder's error
    isn't kept.
    """
    with pytest.raises(ImportRefused) as caught:
        read_rows(data)
    [fault] = caught.value.faults
    assert fault.line == line
    assert fault.text.startswith(told)
    assert fault.text.endswith(user_import.SAVE_AS)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize("row", ['alice,"open', 'alice,"a"b'])
def test_broken_quoting_is_told_where_it_begins(row: str) -> None:
    """An open quote swallows the rest of the file: its own line is what helps."""
    fault = refusal(f"{HEADER}zoe,fine\n{row}\nbob,x\n".encode())
    assert fault.line == 3
    assert fault.text.startswith("this is not CSV: ")


def test_a_file_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong file doesn't fill the memory."""
    monkeypatch.setattr(user_import, "MAX_BYTES", 1 << 20)
    assert refusal(b"x" * (1 << 20) + b"x") == Fault(1, "the file is longer than 1 MiB")


def test_a_row_hides_its_password() -> None:
    """Its repr may reach a report of a bug."""
    [row] = read_rows((HEADER + "alice,my secret").encode())[0]
    assert "alice" in repr(row)
    assert "secret" not in repr(row)


# --- against what there is ------------------------------------------------------------------------


def rows(*names: str) -> list[ImportedRow]:
    return read_rows((HEADER + "".join(f"{name},pw-{name}\n" for name in names)).encode())[0]


def test_taken_names_are_told_with_their_lines() -> None:
    """Malformed ones aren't looked up."""

    def why(name: AccountName) -> str | None:
        assert name.display != "a b"
        return "taken" if name.display == "bob" else None

    assert user_import.taken(rows("alice", "bob", "a b"), why) == [Fault(3, "taken")]
