"""Reading a class from a CSV file: what is accepted, and how each fault is told."""

from __future__ import annotations

import csv
import io
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from securechat.admin import user_import
from securechat.admin.user_import import Fault, ImportedRow, ImportRefused, read_rows
from securechat.irc.names import AccountName

HEADER = "name,password\n"


def pairs(rows: list[ImportedRow]) -> list[tuple[str, str]]:
    return [(row.name.display, row.password) for row in rows if row.name]


def nothing(*_: object) -> None:
    """Nobody watches the progress."""


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
        ("alice", "the password is missing: expected name,password, found one column"),
        ("alice,", "the password is missing"),
        (",secret", "the name is missing"),
        ("alice,se,cret", "found 3 columns; a password that holds a comma stands between quotes"),
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
    ["alice,my secret", "name;password", "name", "password,name", "name,password,admin", "x"],
)
def test_the_header_must_be_there(first_line: str) -> None:
    """What stands there instead may be somebody's password, so it isn't shown."""
    fault = refusal(f"\n{first_line}\nbob,secret\n".encode())
    assert fault == Fault(
        2,
        "expected the header name,password (two columns with a comma between them), found "
        "something else",
    )


def test_an_empty_file_is_refused() -> None:
    """One without accounts as well."""
    assert refusal(b"").text.startswith("the file is empty; expected the header name,password")
    assert refusal(HEADER.encode()) == Fault(1, "no account follows the header")


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"name,password\nalice,caf\xe9 secret\n", 2),
        ("name,password\n".encode("utf-16"), 1),
    ],
)
def test_another_encoding_is_told(data: bytes, line: int) -> None:
    """With the line where it shows, and what to do; the decoder's error isn't kept."""
    with pytest.raises(ImportRefused) as caught:
        read_rows(data)
    assert caught.value.faults == [Fault(line, "this is not UTF-8; save the file as CSV in UTF-8")]
    assert caught.value.__suppress_context__


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


# --- checking and hashing ------------------------------------------------------------------------


def rows(*names: str) -> list[ImportedRow]:
    return read_rows((HEADER + "".join(f"{name},pw-{name}\n" for name in names)).encode())[0]


def test_taken_names_are_told_with_their_lines() -> None:
    """Malformed ones aren't looked up."""

    def why(name: AccountName) -> str | None:
        assert name.display != "a b"
        return "taken" if name.display == "bob" else None

    assert user_import.taken(rows("alice", "bob", "a b"), why) == [Fault(3, "taken")]


def test_weak_passwords_are_told_with_their_lines() -> None:
    """Also in a row whose name won't do; where there is none it's told already."""
    found = read_rows((HEADER + "alice,weak\nbob,\na b,weak\ncarol,strong\n").encode())[0]
    asked = []

    def why(password: str, account: str) -> str | None:
        asked.append((password, account))
        return "it is weak" if password == "weak" else None

    told = user_import.weak(found, why, nothing)
    assert told == [Fault(2, "it is weak"), Fault(4, "it is weak")]
    assert asked == [("weak", "alice"), ("weak", "a b"), ("strong", "carol")]


def test_hashes_keep_to_their_names() -> None:
    """Whichever is ready first: the first one here waits for the last."""
    last = threading.Event()

    def hash_one(password: str) -> str:
        if password == "pw-carol":
            last.set()
        assert last.wait(20)
        return f"hash of {password}"

    hashed = user_import.hash_all(rows("alice", "bob", "carol"), hash_one, nothing, 3)
    assert [(name.display, stored) for name, stored in hashed] == [
        (name, f"hash of pw-{name}") for name in ("alice", "bob", "carol")
    ]


def test_progress_is_told() -> None:
    """What, how many, of how many."""
    steps: list[tuple[str, int, int]] = []
    user_import.hash_all(rows("alice", "bob"), str, lambda *step: steps.append(step), 1)
    assert steps == [("Hashing passwords", 1, 2), ("Hashing passwords", 2, 2)]


def test_an_interruption_ends_it_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C after the first one: what has not begun is not done."""
    cancelled = threading.Event()
    begun = []

    class Pool(ThreadPoolExecutor):
        def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
            super().shutdown(False, cancel_futures=cancel_futures)
            cancelled.set()
            super().shutdown(wait)

    def hash_one(password: str) -> str:
        begun.append(password)
        assert len(begun) == 1 or cancelled.wait(20)
        return password

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(user_import, "ThreadPoolExecutor", Pool)
    with pytest.raises(KeyboardInterrupt):
        user_import.hash_all(rows(*(f"pupil{n}" for n in range(50))), hash_one, interrupt, 1)
    assert len(begun) <= 2


def test_a_running_server_keeps_a_core(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of several; one thread there must be."""
    monkeypatch.setattr("os.cpu_count", lambda: 8)
    assert (user_import.threads_beside(True), user_import.threads_beside(False)) == (7, 8)
    monkeypatch.setattr("os.cpu_count", lambda: None)
    assert (user_import.threads_beside(True), user_import.threads_beside(False)) == (1, 1)
