"""`securechat-admin user import`: a class becomes accounts, with slips; and how it is hashed."""

from __future__ import annotations

import re
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest import mock

import pytest

from securechat.admin import importing
from securechat.admin.user_import import Fault, ImportedRow, read_rows
from securechat.store.admin import Admin, NewAccount
from securechat.store.errors import ConflictError
from securechat.store.sqlite.database import FILE_NAME
from tests.support.admin_cli import GOOD, AdminCli, served_once

HEADER = "name,password\n"


@pytest.fixture
def cli(tmp_path: Path) -> AdminCli:
    return served_once(tmp_path / "data")


def sheet(directory: Path, *rows: str) -> Path:
    """A file that only its owner can read."""
    path = directory / "class.csv"
    path.write_text("\n".join(["name,password", *rows, ""]), encoding="utf-8")
    path.chmod(0o600)
    return path


def test_a_class_is_imported(cli: AdminCli, tmp_path: Path) -> None:
    """From a file, with each password."""
    path = sheet(tmp_path, f"alice,{GOOD}", 'Борис,"quick, brown otter 11"')
    said = cli(f"user import {path}")
    assert (said.code, said.out) == (0, "2 accounts were added.\n")
    assert "warning:" not in said.err
    assert cli.knows("alice", GOOD)
    assert cli.knows("Борис", "quick, brown otter 11")


def test_standard_input_is_a_file_too(cli: AdminCli) -> None:
    """As -."""
    said = cli("user import -", f"name,password\nalice,{GOOD}\n")
    assert (said.code, said.out) == (0, "One account was added.\n")
    assert set(cli.accounts()) == {"alice"}


def test_all_faults_are_told_and_nothing_is_added(cli: AdminCli, tmp_path: Path) -> None:
    """Of the file, of the database, of the passwords: each with its line, none with a password."""
    cli.adds("alice", "gone")
    cli("user delete gone --yes")
    path = sheet(
        tmp_path,
        f"bob,{GOOD}",
        f"Alice,{GOOD}",
        f"aIice,{GOOD}",
        "carol,tiny secret",
        f"gone,{GOOD}",
        f"a b,{GOOD}",
        "dave",
        "b0b,passwordpassword",
    )
    said = cli(f"user import {path}")
    assert (said.code, said.out) == (1, "")
    *told, summary = said.err.splitlines()
    assert [line.partition(": ")[0] for line in told] == [
        f"{path}, line {n}" for n in (4, 4, 5, 6, 7, 8, 9, 9)
    ]
    assert summary == f"Error: nothing was added: {path} has 8 errors"
    assert "tiny secret" not in said.err
    assert GOOD not in said.err
    assert set(cli.accounts()) == {"alice", "gone"}


def test_a_name_taken_while_it_hashes_adds_nothing(cli: AdminCli, tmp_path: Path) -> None:
    """Between the check and the end others may come; then it's all or nothing again."""
    path = sheet(tmp_path, f"bob,{GOOD}", f"carol,{GOOD}")

    once = threading.Lock()  # two threads hash

    def meanwhile(*_: object, **__: object) -> str:
        with once:
            if "carol" not in cli.accounts():
                admin = Admin(cli.data / FILE_NAME)
                admin.add([NewAccount("carol", "carol", "carol", "x")], 1)
                admin.close()
        return "stored"

    with mock.patch("securechat.store.passwords.hash_password", meanwhile):
        said = cli(f"user import {path}")
    assert said.code == 1
    assert "carol exists already" in said.err
    assert set(cli.accounts()) == {"carol"}


def test_a_file_that_others_can_read_is_warned_of(cli: AdminCli, tmp_path: Path) -> None:
    """It holds everybody's password."""
    path = sheet(tmp_path, f"alice,{GOOD}")
    path.chmod(0o644)
    said = cli(f"user import {path}")
    assert said.code == 0
    assert f"other users of this machine can read {path}" in said.err
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_a_file_without_passwords_may_be_open(cli: AdminCli, tmp_path: Path) -> None:
    """Names alone are no secret: what holds the passwords is the slips."""
    path = spreadsheet(tmp_path, "maria;;;", "ben;;;")
    path.chmod(0o644)
    said = cli(f"user import {path} --make-passwords --slips {tmp_path / 'slips.txt'}")
    assert said.code == 0
    assert "other users of this machine" not in said.err


def test_a_file_that_is_not_there(cli: AdminCli, tmp_path: Path) -> None:
    """Is named."""
    said = cli(f"user import {tmp_path}/none.csv")
    assert said.code == 1
    assert f"can't read {tmp_path}/none.csv: No such file or directory" in said.err


def test_somebody_at_the_terminal_sees_progress(cli: AdminCli, tmp_path: Path) -> None:
    """And a script's log doesn't."""
    path = sheet(tmp_path, f"alice,{GOOD}", f"bob,{GOOD}")
    said = cli(f"user import {path}", terminal=True)
    assert "\rChecking passwords: 2 of 2\n" in said.err
    assert "\rHashing passwords: 1 of 2\rHashing passwords: 2 of 2\n" in said.err
    path = sheet(tmp_path, f"carol,{GOOD}")
    assert "passwords: 1" not in cli(f"user import {path}").err


# --- again, display names, slips -----------------------------------------------------------------


def spreadsheet(directory: Path, *rows: str) -> Path:
    """A file as a spreadsheet of half of Europe writes it."""
    path = directory / "class.csv"
    text = "\r\n".join(["name;display;password;admin", *rows, ""])
    path.write_text(text, encoding="utf-8-sig", newline="")
    path.chmod(0o600)
    return path


def test_what_is_there_stays_when_it_comes_again(cli: AdminCli, tmp_path: Path) -> None:
    """Only what is new is added; what the file says of the others and isn't so is told."""
    cli(f"user import {spreadsheet(tmp_path, f'alice;Alice A.;{GOOD};', f'bob;;{GOOD};')}")
    again = spreadsheet(
        tmp_path,
        "ALICE;Alice A.;short;",
        "bob;Bob;other;yes",
        f"carol;Карл У;{GOOD};yes",
    )
    said = cli(f"user import {again}")
    assert (said.code, said.out) == (
        0,
        "One account was added.\n2 were there already, and stay as before.\n",
    )
    assert said.err.startswith(
        f"{again}, line 3: bob is there already and stays as it is; the display name there has not "
        "been set, and here it is 'Bob'\n"
        f"{again}, line 3: bob is there already and stays as it is; to let it administer the "
        "server: user admin bob\n"
    )
    accounts = cli.accounts()
    assert {name: (row.chosen_name, row.admin) for name, row in accounts.items()} == {
        "alice": ("Alice A.", 0),
        "bob": ("", 0),
        "carol": ("Карл У", 1),
    }
    assert cli.knows("bob", GOOD)
    said = cli(f"user import {again}")
    assert (said.code, said.out) == (0, "3 were there already, and stay as before.\n")


def test_a_look_alike_of_what_is_there_is_refused(cli: AdminCli, tmp_path: Path) -> None:
    """It is no account that is there already."""
    cli.adds("alice")
    said = cli(f"user import {spreadsheet(tmp_path, f'aIice;;{GOOD};', f'bob;;{GOOD};')}")
    assert said.code == 1
    assert "aIice looks like alice, which exists" in said.err
    assert set(cli.accounts()) == {"alice"}


def test_slips_are_written_with_made_passwords(cli: AdminCli, tmp_path: Path) -> None:
    """Closed to others, for new accounts only; each password is good, and stands there alone."""
    cli.adds("bob")
    page, text = tmp_path / "slips.html", tmp_path / "slips.txt"
    source = spreadsheet(tmp_path, "maria;Мария Кузнецова;;", "ben;;;", "bob;;;")
    with_slips = f"user import {source} --make-passwords --slips {page} --slips {text}"
    said = cli(with_slips)
    assert (said.code, said.out.splitlines()[0]) == (0, "2 accounts were added.")
    assert [stat.S_IMODE(path.stat().st_mode) for path in (page, text)] == [0o600, 0o600]
    assert f"{page} holds the passwords" in said.err
    told = text.read_text()
    made = re.findall(r"^Password: +(\S+)$", told, re.MULTILINE)
    assert len(made) == 2
    assert [cli.knows(*pair) for pair in zip(("maria", "ben"), made, strict=True)] == [True, True]
    assert all(word in page.read_text() for word in made)
    assert not any(word in said.out + said.err for word in made)
    assert "Мария Кузнецова: your account at" in told
    assert "securechat securechat://maria@chat.test:6697/-/" in told
    said = cli(with_slips)
    assert (said.code, f"{page} exists already, and is not overwritten" in said.err) == (2, True)
    assert text.read_text() == told


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ("--make-passwords", "--make-passwords needs --slips FILE.html"),
        ("--make-passwords --slips {}/slips.pdf", "expected a file that ends in .html or .txt"),
        ("--slips {}/none/slips.txt", "can't write into"),
    ],
)
def test_slips_need_a_place(cli: AdminCli, tmp_path: Path, options: str, told: str) -> None:
    """Before anything is made."""
    said = cli(f"user import {spreadsheet(tmp_path, 'a;;;')} {options.format(tmp_path)}")
    assert (said.code, told in said.err) == (2, True)
    assert cli.accounts() == {}


def test_what_adds_nothing_leaves_no_slips(cli: AdminCli, tmp_path: Path) -> None:
    """Their passwords would be nobody's."""
    slips = tmp_path / "slips.txt"
    source = spreadsheet(tmp_path, "maria;;;", "ben;;;")
    refused = ConflictError("ben exists already")
    with mock.patch.object(Admin, "add", side_effect=refused) as add:
        said = cli(f"user import {source} --make-passwords --slips {slips}")
    assert (said.code, "ben exists already" in said.err, add.call_count) == (1, True, 1)
    assert not slips.exists()


# --- checking and hashing ------------------------------------------------------------------------


def nothing(*_: object) -> None:
    """Nobody watches the progress."""


def rows(*names: str) -> list[ImportedRow]:
    return read_rows((HEADER + "".join(f"{name},pw-{name}\n" for name in names)).encode())[0]


def test_weak_passwords_are_told_with_their_lines() -> None:
    """Also in a row whose name won't do; where there is none it's told already."""
    found = read_rows((HEADER + "alice,weak\nbob,\na b,weak\ncarol,strong\n").encode())[0]
    asked = []

    def why(password: str, account: str) -> str | None:
        asked.append((password, account))
        return "it is weak" if password == "weak" else None

    told = importing.weak(found, why, nothing)
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

    hashed = importing.hash_all(rows("alice", "bob", "carol"), hash_one, nothing, 3)
    assert [(name.display, stored) for _, name, stored in hashed] == [
        (name, f"hash of pw-{name}") for name in ("alice", "bob", "carol")
    ]


def test_progress_is_told() -> None:
    """What, how many, of how many."""
    steps: list[tuple[str, int, int]] = []
    importing.hash_all(rows("alice", "bob"), str, lambda *step: steps.append(step), 1)
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

    monkeypatch.setattr(importing, "ThreadPoolExecutor", Pool)
    with pytest.raises(KeyboardInterrupt):
        importing.hash_all(rows(*(f"pupil{n}" for n in range(50))), hash_one, interrupt, 1)
    assert len(begun) <= 2


def test_a_running_server_keeps_a_core(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of several; one thread there must be."""
    monkeypatch.setattr("os.cpu_count", lambda: 8)
    assert (importing.threads_beside(True), importing.threads_beside(False)) == (7, 8)
    monkeypatch.setattr("os.cpu_count", lambda: None)
    assert (importing.threads_beside(True), importing.threads_beside(False)) == (1, 1)
