"""`securechat-admin backup`, `restore` and `check`: what they say."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from securechat import __version__
from securechat.admin.context import who
from securechat.server.data import default_directory
from securechat.store.audit import Audit
from securechat.store.errors import StoreError
from tests.support.admin_cli import GOOD, AdminCli
from tests.support.data_directory import make_directory
from tests.support.postgres import PostgresServer
from tests.support.process import write_config

SECRET = "Keep it as secret as the server: who has this file has all messages"


@pytest.fixture
def cli(tmp_path: Path) -> AdminCli:
    return AdminCli(make_directory(tmp_path / "data").path)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "b.tar"


def test_a_backup_says_what_it_holds_and_how_secret_it_is(cli: AdminCli, file: Path) -> None:
    """The one as its result, the other beside it."""
    said = cli(f"backup {file}")
    assert said.code == 0
    assert said.out == (
        f"{file} holds securechat.db, pepper, tls/ca.pem, tls/ca-key.pem, tls/server.pem, "
        "tls/server-key.pem: 0.2 MiB.\n"
    )
    assert said.err.startswith(SECRET)
    assert cli.audited("backup made") == [(who(), "backup made", {"file": str(file)})]


@pytest.mark.parametrize("command", ["backup", "restore", "check"])
def test_the_help_tells_what_is_in_it(cli: AdminCli, command: str) -> None:
    """And that a backup is as secret as the server."""
    said = cli(f"{command} --help").out
    assert ("as secret as the server" in " ".join(said.split())) == (command == "backup")


def test_a_certificate_that_is_elsewhere_is_missed(cli: AdminCli, file: Path) -> None:
    """Somebody must know that the backup is without it."""
    shutil.rmtree(cli.data / "tls")
    said = cli(f"backup {file}")
    assert said.code == 0
    assert "warning: the server's certificate and key are not in the data directory" in said.err


def test_a_backup_that_is_not_in_the_audit_is_made_with_a_warning(
    cli: AdminCli, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is there, so the code is 0."""

    def note(*_: object, **__: object) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(Audit, "note", note)
    said = cli(f"backup {file}")
    assert said.code == 0
    assert "warning: the backup is made, but the audit doesn't tell of it" in said.err


def test_one_that_cannot_be_made_is_told_in_a_line(cli: AdminCli, file: Path) -> None:
    """With the code of a refusal; --force is the way on."""
    file.touch()
    said = cli(f"backup {file}")
    assert (said.code, said.out) == (1, "")
    assert said.err == (
        f"securechat-admin: {file} is there already and was not overwritten: name another file, "
        "or give --force\n"
    )
    assert cli(f"backup {file} --force").code == 0


def test_one_that_is_interrupted_says_so(
    cli: AdminCli, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By Ctrl-C, or by SIGTERM, which is made the same."""

    def fdatasync(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fdatasync", fdatasync)
    said = cli(f"backup {file}")
    assert (said.code, said.out) == (130, "")
    assert said.err.strip() == "Aborted."
    assert not file.exists()


def test_a_restoration_says_what_it_means(cli: AdminCli, file: Path, tmp_path: Path) -> None:
    """Of when it is, what is undone by it, and what to type next."""
    cli(f"backup {file}")
    new = AdminCli(tmp_path / "new")
    said = new(f"restore {file}")
    assert said.code == 0
    assert said.out.startswith(f"{new.data} is as it was on 20")
    assert said.out.endswith(f", by a backup of securechat {__version__}.\n")
    assert "What was done after that is undone: passwords, revoked tokens" in said.err
    assert f"securechat-server --data {new.data}  (with the --config or --cert" in said.err
    [(by, _, facts)] = new.audited("backup restored")
    assert (by, facts["file"]) == (who(), str(file))
    assert str(facts["made"]).endswith("+00:00")
    assert new("user add carol --password-stdin", GOOD).code == 0


def test_the_default_directory_needs_no_naming(
    cli: AdminCli, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the command to type next."""
    cli(f"backup {file}")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    said = AdminCli(default_directory())(f"restore {file}")
    assert "Next:  securechat-server  (with" in said.err


def test_the_configuration_says_where_the_database_is_to_be(
    cli: AdminCli, file: Path, tmp_path: Path, postgres_server: PostgresServer
) -> None:
    """On PostgreSQL, if it says so; then all that is left to do is to start the server by it."""
    cli(f"backup {file}")
    there = postgres_server.database()
    config = write_config(tmp_path / "chat.toml", store={"url": there.url})
    new = AdminCli(tmp_path / "new/data")
    said = new(f"restore {file}", config=str(config))
    assert said.code == 0
    assert f"The database is at {there} now.\n" in said.out
    assert said.err.endswith(f"Next:  securechat-server --data {new.data} --config {config}\n")
    assert new("user list").code == 0
    again = AdminCli(tmp_path / "again")(f"restore {file}", config=str(config))
    assert (again.code, "DROP SCHEMA securechat CASCADE" in again.err) == (1, True)


def test_a_backup_that_is_open_to_others_is_warned_of(
    cli: AdminCli, file: Path, tmp_path: Path
) -> None:
    """And restored."""
    cli(f"backup {file}")
    file.chmod(0o644)
    said = AdminCli(tmp_path / "new")(f"restore {file}")
    assert said.code == 0
    assert f"warning: other users of this machine can read {file}" in said.err


def test_a_refusal_to_restore_is_told_in_a_line(cli: AdminCli, file: Path) -> None:
    """With the code of a refusal."""
    cli(f"backup {file}")
    said = cli(f"restore {file}")
    assert (said.code, said.out) == (1, "")
    assert said.err.startswith(f"securechat-admin: {cli.data} is not empty, and nothing was")
    assert said.err.count("\n") == 1


def test_a_check_without_faults(cli: AdminCli) -> None:
    """All on standard output, so that a timer's job is silent with > /dev/null."""
    said = cli("check")
    assert (said.code, said.err) == (0, "")
    assert [line[:7] for line in said.out.splitlines()] == ["ok     "] * 6
    assert cli("check --quick").out == said.out


def test_a_check_with_faults(cli: AdminCli) -> None:
    """Each on standard error, the rest as before; then the code is 1."""
    (cli.data / "pepper").chmod(0o644)
    (cli.data / "tls/server-key.pem").chmod(0o644)
    said = cli("check")
    assert said.code == 1
    assert f"FAULT  {cli.data}/pepper: other users can read this secret" in said.err
    assert f"FAULT  {cli.data}/tls/server-key.pem: other users can read" in said.err
    assert f"ok     {cli.data}/securechat.db is whole" in said.out


def test_a_check_by_the_configuration(cli: AdminCli, tmp_path: Path) -> None:
    """Of the certificate that it names."""
    path = tmp_path / "chat.toml"
    path.write_text('[tls]\ncert = "mine.pem"\n')
    said = cli("check", config=str(path))
    assert said.code == 1
    assert f"FAULT  {tmp_path}/mine.pem: no such file" in said.err
    path.write_text("[tls]\ncrt = 1\n")
    assert "unknown key tls.crt" in cli("check", config=str(path)).err


def test_a_directory_that_is_open_is_checked_all_the_same(cli: AdminCli) -> None:
    """Other commands refuse to work on it."""
    cli.data.chmod(0o755)
    said = cli("check")
    cli.data.chmod(0o700)
    assert said.code == 1
    assert f"FAULT  {cli.data} can be read by others (mode 0755)" in said.err
    assert "is whole" in said.out
