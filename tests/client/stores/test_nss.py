"""Databases of NSS, changed by the real certutil where it is installed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from securechat.client.stores.authority import Authority
from securechat.client.stores.nss import Database, Nss, databases
from securechat.client.stores.outcome import State, call

real = pytest.mark.skipif(shutil.which("certutil") is None, reason="certutil isn't installed")


def certutil(path: Path, *words: str, given: str = "") -> str:
    argv = ["certutil", "-d", f"sql:{path}", *words]
    done = subprocess.run(argv, input=given, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.fixture
def database(tmp_path: Path) -> Database:
    """A profile of Firefox."""
    path = tmp_path / ".mozilla/firefox/abc.default"
    path.mkdir(parents=True)
    certutil(path, "-N", "--empty-password")
    return Database("Firefox", path)


def trusted(database: Database, name: str) -> str:
    """The trust that a certificate has in a database, '' when it isn't there."""
    rows = [line for line in certutil(database.path, "-L").splitlines() if line.startswith(name)]
    return rows[0].split()[-1] if rows else ""


@real
def test_an_authority_is_put_in_and_taken_out(
    database: Database, limited: Authority, tmp_path: Path
) -> None:
    """For servers of TLS alone; and all is as it was."""
    store = Nss(tmp_path)
    before = certutil(database.path, "-L")
    assert store.put(database, limited).text == "trusts it now"
    assert trusted(database, limited.name) == "C,,"
    assert store.take(database, limited).text == "trusts it no longer"
    assert certutil(database.path, "-L") == before
    assert store.take(database, limited).text == "doesn't have it"


@real
def test_a_second_time_changes_nothing(
    database: Database, limited: Authority, tmp_path: Path
) -> None:
    """But for a trust that somebody has taken away meanwhile."""
    store = Nss(tmp_path)
    assert store.put(database, limited).text == "trusts it now"
    certutil(database.path, "-M", "-t", ",,", "-n", limited.name)
    assert store.put(database, limited).text == "trusts it already"
    assert trusted(database, limited.name) == "C,,"


@real
def test_what_somebody_else_has_put_there_is_left(
    database: Database, limited: Authority, tmp_path: Path
) -> None:
    """Also when we are to take ours out."""
    certutil(database.path, "-A", "-a", "-t", "CT,,", "-n", "by my own hand", given=limited.pem)
    store = Nss(tmp_path)
    for outcome in (store.put(database, limited), store.take(database, limited)):
        assert outcome.state is State.LEFT
        assert "by my own hand" in outcome.text
    assert trusted(database, "by my own hand") == "CT,,"


@real
def test_a_database_with_a_password_is_told_of(limited: Authority, tmp_path: Path) -> None:
    """Nobody is asked for it, and nothing is left there."""
    word = tmp_path / "word"
    word.write_text("the password\n")
    path = tmp_path / "profile"
    path.mkdir()
    certutil(path, "-N", "-f", str(word))
    database = Database("Firefox", path)
    outcome = Nss(tmp_path).put(database, limited)
    assert (outcome.state, outcome.text.partition(",")[0]) == (State.FAILED, "has a password")
    assert trusted(database, limited.name) == ""


@real
def test_a_database_that_is_to_be_made(limited: Authority, tmp_path: Path) -> None:
    """Where Chromium makes it at its first start; nobody else may see it."""
    database = Database("Chromium", tmp_path / ".local/share/pki/nssdb")
    outcome = Nss(tmp_path).put(database, limited)
    assert outcome.place == "Chromium (~/.local/share/pki/nssdb)"
    assert trusted(database, limited.name) == "C,,"
    assert database.path.stat().st_mode & 0o777 == 0o700


def test_without_certutil_it_is_said_how_to_get_it(
    limited: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: name if name == "dnf" else None)
    outcome = Nss(tmp_path, call).put(Database("Firefox", tmp_path), limited)
    assert outcome.state is State.WAITS
    assert "sudo dnf install nss-tools" in outcome.text


def test_where_browsers_keep_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Chromium's shared one, each profile of Firefox, snaps and flatpaks."""
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert list(databases(tmp_path)) == []
    for place in (
        ".local/share/pki/nssdb",
        ".mozilla/firefox/a.default",
        "snap/firefox/common/.mozilla/firefox/b",
        "snap/chromium/current/.pki/nssdb",
        ".var/app/org.mozilla.firefox/.mozilla/firefox/c",
        ".var/app/org.chromium.Chromium/.pki/nssdb",
    ):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "cert9.db").touch()
    (tmp_path / ".mozilla/firefox/Crash Reports").mkdir()
    assert [one.browser for one in databases(tmp_path)] == [
        "Chromium, Chrome and their kin",
        "chromium",
        "org.chromium.Chromium",
        "Firefox, a.default",
        "Firefox, b",
        "Firefox, c",
    ]
    # Chromium takes the older place where it is there.
    (tmp_path / ".pki/nssdb").mkdir(parents=True)
    (tmp_path / ".pki/nssdb/cert9.db").touch()
    assert next(databases(tmp_path)).path == tmp_path / ".pki/nssdb"


def test_chromium_may_not_have_been_started_yet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr(shutil, "which", lambda name: name if name == "chromium" else None)
    (found,) = databases(tmp_path)
    assert found.path == tmp_path / ".local/share/pki/nssdb"
