"""Who we say we are: Sources."""

from __future__ import annotations

from pathlib import Path

import pytest

from securechat.client.credentials.login_credentials import (
    Sources,
    certificate_name,
    checked_account,
)
from securechat.client.exits import UsageError
from securechat.client.person import Nobody
from securechat.client.session.identity import Login
from tests.client.keyboard import Keyboard
from tests.support.certificates import Authority


def test_a_password_that_is_asked_for() -> None:
    """The question names account and server."""
    sources, person = Sources(), Keyboard("secret")
    assert sources.login(person, "alice", "chat.example:6697") == Login("alice", "secret")
    assert person.questions == ["Password of alice at chat.example:6697: "]
    assert sources.asks


def test_a_password_from_a_file(tmp_path: Path) -> None:
    """Nobody is asked."""
    file = tmp_path / "password"
    file.write_text("secret\n")
    file.chmod(0o600)
    sources = Sources(password_file=file)
    assert sources.login(Nobody(), "alice", "here") == Login("alice", "secret")
    assert not sources.asks


def test_a_certificate_needs_no_password(authority: Authority, tmp_path: Path) -> None:
    """And names the account, unless one is given."""
    certificate, key = authority.client("alice").write(tmp_path, "alice")
    sources = Sources(certificate, key)
    assert sources.account(Nobody(), None, "here") == "alice"
    assert sources.account(Nobody(), "bob", "here") == "bob"
    assert sources.login(Nobody(), "bob", "here") == Login("bob")


def test_options_that_exclude_each_other() -> None:
    """One credential is enough."""
    with pytest.raises(UsageError, match="exclude each other"):
        Sources(password_file=Path("p"), password_stdin=True)
    with pytest.raises(UsageError, match="--cert"):
        Sources(key=Path("k"))


def test_a_file_that_is_no_certificate(tmp_path: Path) -> None:
    """Is told by its name."""
    file = tmp_path / "file.pem"
    file.write_text("words")
    with pytest.raises(UsageError, match=r"file\.pem: expected a certificate"):
        certificate_name(file)
    with pytest.raises(UsageError, match=r"other\.pem"):
        certificate_name(tmp_path / "other.pem")


@pytest.mark.parametrize("name", ["", "two words", ":x", "a\nb", "a\x1bb"])
def test_what_cannot_be_an_account(name: str) -> None:
    """Is refused before it is sent."""
    with pytest.raises(UsageError, match="expected an account name"):
        checked_account(name)


def test_the_key_is_found_beside_its_certificate(authority: Authority, tmp_path: Path) -> None:
    """As `gencerts client` puts it there; else it is looked for in the same file."""
    certificate, key = authority.client("alice").write(tmp_path, "alice")
    assert Sources(certificate).key == key
    key.unlink()
    assert Sources(certificate).key is None
