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
from tests.server.clerk import GOOD, Clerk
from tests.support.data_directory import make_directory

SECRET = "Keep it as secret as the server: who has this file has all messages"


@pytest.fixture
def clerk(tmp_path: Path) -> Clerk:
    return Clerk(make_directory(tmp_path / "data").path)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "b.tar"


def test_a_backup_says_what_it_holds_and_how_secret_it_is(clerk: Clerk, file: Path) -> None:
    """The one as its result, the other beside it."""
    said = clerk(f"backup {file}")
    assert said.code == 0
    assert said.out == (
        f"{file} holds securechat.db, pepper, tls/ca.pem, tls/ca-key.pem, tls/server.pem, "
        "tls/server-key.pem: 0.1 MiB.\n"
    )
    assert said.err.startswith(SECRET)
    assert clerk.audited("backup made") == [(who(), "backup made", {"file": str(file)})]


@pytest.mark.parametrize("command", ["backup", "restore", "check"])
def test_the_help_tells_what_is_in_it(clerk: Clerk, command: str) -> None:
    """And that a backup is as secret as the server."""
    said = clerk(f"{command} --help").out
    assert ("as secret as the server" in " ".join(said.split())) == (command == "backup")


def test_a_certificate_that_is_elsewhere_is_missed(clerk: Clerk, file: Path) -> None:
    """Somebody must know that the backup is without it."""
    shutil.rmtree(clerk.data / "tls")
    said = clerk(f"backup {file}")
    assert said.code == 0
    assert "warning: the server's certificate and key are not in the data directory" in said.err


def test_a_backup_that_is_not_in_the_audit_is_made_with_a_warning(
    clerk: Clerk, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is there, so the code is 0."""

    def note(*_: object, **__: object) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(Audit, "note", note)
    said = clerk(f"backup {file}")
    assert said.code == 0
    assert "warning: the backup is made, but the audit doesn't tell of it" in said.err


def test_one_that_cannot_be_made_is_told_in_a_line(clerk: Clerk, file: Path) -> None:
    """With the code of a refusal; --force is the way on."""
    file.touch()
    said = clerk(f"backup {file}")
    assert (said.code, said.out) == (1, "")
    assert said.err == (
        f"securechat-admin: {file} is there already and was not overwritten: name another file, "
        "or give --force\n"
    )
    assert clerk(f"backup {file} --force").code == 0


def test_one_that_is_interrupted_says_so(
    clerk: Clerk, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By Ctrl-C, or by SIGTERM, which is made the same."""

    def fdatasync(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fdatasync", fdatasync)
    said = clerk(f"backup {file}")
    assert (said.code, said.out) == (130, "")
    assert said.err.strip() == "Aborted."
    assert not file.exists()


def test_a_restoration_says_what_it_means(clerk: Clerk, file: Path, tmp_path: Path) -> None:
    """Of when it is, what is undone by it, and what to type next."""
    clerk(f"backup {file}")
    new = Clerk(tmp_path / "new")
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
    clerk: Clerk, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the command to type next."""
    clerk(f"backup {file}")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    said = Clerk(default_directory())(f"restore {file}")
    assert "Next:  securechat-server  (with" in said.err


def test_a_backup_that_is_open_to_others_is_warned_of(
    clerk: Clerk, file: Path, tmp_path: Path
) -> None:
    """And restored."""
    clerk(f"backup {file}")
    file.chmod(0o644)
    said = Clerk(tmp_path / "new")(f"restore {file}")
    assert said.code == 0
    assert f"warning: other users of this machine can read {file}" in said.err


def test_a_refusal_to_restore_is_told_in_a_line(clerk: Clerk, file: Path) -> None:
    """With the code of a refusal."""
    clerk(f"backup {file}")
    said = clerk(f"restore {file}")
    assert (said.code, said.out) == (1, "")
    assert said.err.startswith(f"securechat-admin: {clerk.data} is not empty, and nothing was")
    assert said.err.count("\n") == 1


def test_a_check_without_faults(clerk: Clerk) -> None:
    """All on standard output, so that a timer's job is silent with > /dev/null."""
    said = clerk("check")
    assert (said.code, said.err) == (0, "")
    assert [line[:7] for line in said.out.splitlines()] == ["ok     "] * 6
    assert clerk("check --quick").out == said.out


def test_a_check_with_faults(clerk: Clerk) -> None:
    """Each on standard error, the rest as before; then the code is 1."""
    (clerk.data / "pepper").chmod(0o644)
    (clerk.data / "tls/server-key.pem").chmod(0o644)
    said = clerk("check")
    assert said.code == 1
    assert f"FAULT  {clerk.data}/pepper: other users can read this secret" in said.err
    assert f"FAULT  {clerk.data}/tls/server-key.pem: other users can read" in said.err
    assert f"ok     {clerk.data}/securechat.db is whole" in said.out


def test_a_check_by_the_configuration(clerk: Clerk, tmp_path: Path) -> None:
    """Of the certificate that it names."""
    path = tmp_path / "chat.toml"
    path.write_text('[tls]\ncert = "mine.pem"\n')
    said = clerk("check", config=str(path))
    assert said.code == 1
    assert f"FAULT  {tmp_path}/mine.pem: no such file" in said.err
    path.write_text("[tls]\ncrt = 1\n")
    assert "unknown key tls.crt" in clerk("check", config=str(path)).err


def test_a_directory_that_is_open_is_checked_all_the_same(clerk: Clerk) -> None:
    """Other commands refuse to work on it."""
    clerk.data.chmod(0o755)
    said = clerk("check")
    clerk.data.chmod(0o700)
    assert said.code == 1
    assert f"FAULT  {clerk.data} can be read by others (mode 0755)" in said.err
    assert "is whole" in said.out
