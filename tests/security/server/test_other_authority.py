"""Somebody with an authority of their own stands where a known server was, and has links to it: no
command trusts that authority unasked, and none says a token or a password to it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from securechat.client.commands.cli import main
from securechat.client.credentials.keyrings import Keyring
from securechat.client.credentials.tokens import (
    StoredToken,
    TokenOwner,
    Tokens,
    token_directory,
)
from securechat.client.exits import Exit
from securechat.client.session.identity import Address
from securechat.client.settings import SettingsDirectory
from securechat.client.trust.authorities import Origin, Trust
from securechat.credentials.link import InviteLink, LoginLink
from tests.client.scripted import PASSWORD, TOKEN
from tests.security.server.impostor import Impostor
from tests.support.certificates import Authority


class Thief:
    """The impostor where another authority is known. ca: its own, as a file. invite, login: its
    links.
    """

    def __init__(self, impostor: Impostor, own: Authority, directory: Path) -> None:
        self.impostor = impostor
        self.address = Address("localhost", impostor.port)
        self.ca = own.write(directory, "evil")
        digest = hashlib.sha256(own.der).digest()
        self.invite = str(InviteLink("localhost", impostor.port, "CODE12345", digest))
        self.login = str(LoginLink("localhost", impostor.port, digest, "alice"))


@pytest.fixture
def settings(settings_directory: Path) -> SettingsDirectory:
    return SettingsDirectory(settings_directory)


@pytest.fixture
def thief(tmp_path: Path, authority: Authority, settings: SettingsDirectory) -> Iterator[Thief]:
    """Where alice was last, whose device has a token."""
    evil = Authority()
    with Impostor(*evil.server("localhost").write(tmp_path, "evil")) as impostor:
        made = Thief(impostor, evil, tmp_path)
        settings.save_pin(made.address, authority.pem)
        settings.remember(made.address, "alice")
        trust = Trust(authority.pem, Origin.PIN)
        owner = TokenOwner(made.address, trust.identity, "alice")
        kept = Tokens(token_directory(None), Keyring(lambda: None), print)
        kept.save(owner, StoredToken("laptop", TOKEN))
        yield made


@pytest.fixture
def password(tmp_path: Path) -> list[str]:
    file = tmp_path / "password"
    file.write_text(PASSWORD + "\n")
    file.chmod(0o600)
    return ["--password-file", str(file)]


@pytest.mark.parametrize(
    "command",
    [
        "LINK invite",
        "LINK login",
        "register invite --account mallory",
        "login login",
        "login",
        "login alice@ADDRESS",
        "login --moved alice@ADDRESS",
        "login --ca FILE alice@ADDRESS",
        "send #lobby hello",
        "doctor",
        "doctor ADDRESS",
        "trust pin invite",
        "trust pin login",
        "trust pin FILE ADDRESS",
        "whoami",
    ],
)
@pytest.mark.parametrize("remembered", [True, False], ids=["token", "password"])
def test_nothing_is_said_to_it(
    command: str,
    remembered: bool,
    thief: Thief,
    settings: SettingsDirectory,
    authority: Authority,
    password: list[str],
) -> None:
    """Nor is the pin another one afterwards."""
    known = {
        "invite": thief.invite,
        "login": thief.login,
        "ADDRESS": str(thief.address),
        "alice@ADDRESS": f"alice@{thief.address}",
        "FILE": str(thief.ca),
    }
    first, *words = command.split()
    argv = [*([] if first == "LINK" else [first]), *(known.get(word, word) for word in words)]
    if not (remembered or first in ("doctor", "trust")):
        argv += password
    assert main(argv) == Exit.CERTIFICATE
    assert thief.impostor.heard == b""
    assert settings.pin(thief.address) == authority.pem
    assert settings.account(thief.address) == "alice"


def test_a_token_is_for_its_authority_alone(thief: Thief) -> None:
    """Also where somebody tells doctor to trust another one."""
    assert main(["doctor", "--ca", str(thief.ca), str(thief.address)]) == Exit.OK
    assert thief.impostor.heard == b""


def test_what_is_forgotten_is_no_trust(thief: Thief, password: list[str]) -> None:
    """The next login asks the authorities of the system, and has no token."""
    assert main(["trust", "forget", str(thief.address)]) == Exit.OK
    assert main(["login", f"alice@{thief.address}", *password]) == Exit.CERTIFICATE
    assert thief.impostor.heard == b""


def test_another_profile_has_its_own(
    thief: Thief, password: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is pinned in one is neither trusted in another nor changed from there."""
    monkeypatch.setenv("SECURECHAT_PROFILE", "work")
    assert main(["login", f"alice@{thief.address}", *password]) == Exit.CERTIFICATE
    assert main(["trust", "pin", str(thief.ca), str(thief.address)]) == Exit.OK
    monkeypatch.delenv("SECURECHAT_PROFILE")
    assert main(["doctor"]) == Exit.CERTIFICATE
    assert thief.impostor.heard == b""
