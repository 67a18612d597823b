"""`securechat-admin` for tests: a command line goes in, what it said comes out."""

from __future__ import annotations

import io
import shlex
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from securechat.admin.cli import main
from securechat.store.admin import Admin
from securechat.store.audit import Wanted
from securechat.store.passwords import verify_password
from securechat.store.pepper import FILE_NAME as PEPPER_NAME
from securechat.store.pepper import load_pepper
from securechat.store.sql.reader import Reader
from securechat.store.sql.rows import AccountRow
from securechat.store.sqlite.database import FILE_NAME, open_database
from tests.support.new_database import new_database

GOOD = "violet kettles dance 4"
"""A password that is acceptable, and not that of the tests' server."""


@dataclass(frozen=True)
class Said:
    """What a run said, and its exit code."""

    code: int
    out: str
    err: str


class _Stdin(io.TextIOWrapper):
    """Standard input; terminal: whether a person sits at it."""

    def __init__(self, content: bytes, *, terminal: bool) -> None:
        super().__init__(io.BytesIO(content), encoding="utf-8")
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


class _Stderr(io.StringIO):
    """Standard error; terminal: whether a person looks at it."""

    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


class AdminCli:
    """Runs commands on one data directory, in this process."""

    def __init__(self, data: Path) -> None:
        self.data = data

    def __call__(
        self, command: str, stdin: str | bytes = "", *, terminal: bool = False, config: str = ""
    ) -> Said:
        """Run a command line. stdin: what is piped in, or typed where terminal is true: then a
        person sits there.
        """
        content = stdin.encode() if isinstance(stdin, str) else stdin
        out, err = io.StringIO(), _Stderr(terminal=terminal)
        before = ["--data", str(self.data), *(["--config", config] if config else [])]
        with (
            redirect_stdout(out),
            redirect_stderr(err),
            mock.patch("sys.stdin", _Stdin(content, terminal=terminal)),
        ):
            code = main([*before, *shlex.split(command)])
        assert "Traceback" not in err.getvalue()
        return Said(code, out.getvalue(), err.getvalue())

    def adds(self, *names: str, password: str = GOOD) -> None:
        """Accounts, made as a person would make them."""
        for name in names:
            assert self(f"user add {name} --password-stdin", password).code == 0

    def accounts(self) -> dict[str, AccountRow]:
        """All accounts by their names, the deleted ones too."""
        admin = Admin(self.data / FILE_NAME)
        try:
            return {row.name: row for row in admin.reader.accounts()}
        finally:
            admin.close()

    def knows(self, name: str, password: str) -> bool:
        """Whether the account of that name has this password."""
        pepper = load_pepper(self.data / PEPPER_NAME)
        return verify_password(password, self.stored(name), pepper)

    def protects(self, *names: str) -> None:
        """Give accounts a second factor, each with a recovery code."""
        for name in names:
            number = self.accounts()[name].id
            connection = open_database(self.data / FILE_NAME)
            connection.execute("INSERT INTO factors VALUES (?, 'sealed', 1, 1)", (number,))
            connection.execute("INSERT INTO recovery_codes VALUES (randomblob(32), ?)", (number,))
            connection.close()

    @contextmanager
    def reading(self) -> Iterator[Reader]:
        """What the database holds."""
        reader = Reader(self.data / FILE_NAME)
        try:
            yield reader
        finally:
            reader.close()

    def audited(self, *events: str) -> list[tuple[str, str, dict[str, object]]]:
        """What the audit has of these events, of all without any: who, event, facts."""
        admin = Admin(self.data / FILE_NAME)
        try:
            rows = [*admin.audit.rows(Wanted())]
        finally:
            admin.close()
        return [(r.account, r.event, r.told()) for r in rows if not events or r.event in events]

    def stored(self, name: str) -> str:
        """The stored form of a password."""
        admin = Admin(self.data / FILE_NAME)
        try:
            stored = admin.reader.password(self.accounts()[name].id)
        finally:
            admin.close()
        assert stored is not None
        return stored


def served_once(data: Path, **facts: str) -> AdminCli:
    """The command line on the directory of a server that has run, and runs no longer. facts: what
    it has kept about itself beside an address.
    """
    data.mkdir(mode=0o700)
    new_database(data / FILE_NAME)
    kept = {"host": "chat.test", "port": "6697", "ca_sha256": "ab" * 32, "bcrypt_cost": "4"}
    connection = open_database(data / FILE_NAME)
    connection.executemany("INSERT INTO meta VALUES (?, ?)", [*{**kept, **facts}.items()])
    connection.close()
    return AdminCli(data)
