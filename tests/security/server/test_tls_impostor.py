"""Somebody else's server, or somebody in between, shows our client a certificate.

The client must refuse it with a text that says what is wrong and what to do, and must not have said
a word: neither a name, nor a password, nor an invite code. What the impostor heard is the proof.
"""

from __future__ import annotations

import base64
import ssl
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from securechat.client.commands.cli import main
from securechat.client.exits import Exit
from securechat.client.session.identity import Address
from securechat.client.settings import SettingsDirectory
from securechat.client.trust.describe import fingerprint
from securechat.credentials.link import InviteLink
from tests.security.server.forgery import (
    DAY,
    NEVER_HEARD_OF,
    Chain,
    Forger,
    der,
    dns,
    only_for,
    pem,
    weak_key,
    with_sha1,
)
from tests.security.server.impostor import Impostor

PASSWORD = "violet kettles dance at 4"
CODE = "CODE12345"

Forge = Callable[[Forger], Chain]

FORGED: dict[str, tuple[Forge, str]] = {
    "for another host": (
        lambda forger: forger.leaf(names=dns("chat.example")),
        "it is for chat.example, not for localhost",
    ),
    "for a name below": (
        lambda forger: forger.leaf(names=dns("chat.localhost")),
        "it is for chat.localhost, not for localhost",
    ),
    "for any name": (lambda forger: forger.leaf(names=dns("*")), "it is for *, not for localhost"),
    "for a name cut by NUL": (
        lambda forger: forger.leaf(names=dns("localhost\0.evil.example")),
        "not for localhost",
    ),
    "for a common name": (
        lambda forger: forger.leaf(names=None),
        "it is for no host at all, not for localhost",
    ),
    "expired": (lambda forger: forger.leaf(begins=-9 * DAY, ends=-DAY), "it has expired on 20"),
    "not valid yet": (
        lambda forger: forger.leaf(begins=DAY, ends=9 * DAY),
        "it is not valid yet",
    ),
    "of an authority of the same name": (
        lambda forger: forger.foreign(),
        "it isn't signed by the expected certificate authority",
    ),
    "of itself": (
        lambda forger: forger.alone(),
        "it isn't signed by the expected certificate authority",
    ),
    "of another server's certificate": (
        lambda forger: forger.through(ca=False),
        "invalid CA certificate",
    ),
    "of something that never was an authority": (
        lambda forger: forger.through(ca=None),
        "invalid CA certificate",
    ),
    "of an authority that may not sign": (
        lambda forger: forger.through(signs=False),
        "invalid CA certificate",
    ),
    "of an authority that has expired": (
        lambda forger: forger.through(begins=-9 * DAY, ends=-DAY),
        "it has expired on 20",
    ),
    "of an authority for other names": (
        lambda forger: forger.through(limits=only_for("chat.example")),
        "its authority may not vouch for that name",
    ),
    "of a pinned authority that is none": (
        lambda forger: forger.rooted(ca=False),
        "invalid CA certificate",
    ),
    "of a pinned authority for other names": (
        lambda forger: forger.rooted(limits=only_for("chat.example")),
        "its authority may not vouch for that name",
    ),
    "of a pinned authority that has expired": (
        lambda forger: forger.rooted(begins=-9 * DAY, ends=-DAY),
        "it has expired on 20",
    ),
    "for clients": (
        lambda forger: forger.leaf(usage=ExtendedKeyUsageOID.CLIENT_AUTH),
        "unsuitable certificate purpose",
    ),
    "for signing programs": (
        lambda forger: forger.leaf(usage=ExtendedKeyUsageOID.CODE_SIGNING),
        "unsuitable certificate purpose",
    ),
    "with something critical that nobody knows": (
        lambda forger: forger.leaf(critical=NEVER_HEARD_OF),
        "unhandled critical extension",
    ),
    "with a key of 1,024 bits": (lambda forger: forger.leaf(key=weak_key()), "key too weak"),
    "signed with SHA-1": (lambda forger: with_sha1(forger.leaf(), 0, forger.root), "too weak"),
    "of an authority signed with SHA-1": (
        lambda forger: with_sha1(forger.through(), 1, forger.root),
        "too weak",
    ),
}


@pytest.fixture(scope="module")
def forger() -> Forger:
    return Forger()


@pytest.fixture(autouse=True)
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SettingsDirectory:
    """Of nobody who runs the tests."""
    monkeypatch.setenv("SECURECHAT_CONFIG_DIR", str(tmp_path / "settings"))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    return SettingsDirectory(tmp_path / "settings")


@pytest.fixture
def password(tmp_path: Path) -> str:
    """The file that holds it."""
    file = tmp_path / "password"
    file.write_text(PASSWORD + "\n")
    file.chmod(0o600)
    return str(file)


def sends(port: int, ca: Path, password: str) -> int:
    """A message to the server that is expected there; the exit code."""
    where = ("--server", f"alice@localhost:{port}", "--ca", str(ca), "--password-file", password)
    return main(["send", "#lobby", "a secret plan", *where])


def test_a_certificate_that_is_right_is_believed(
    forger: Forger, tmp_path: Path, password: str
) -> None:
    """So that the refusals below mean something: this impostor has the right key, and hears all."""
    chain, key, ca = forger.leaf().write(tmp_path)
    with Impostor(chain, key) as impostor:
        assert sends(impostor.port, ca, password) == Exit.LOGIN
    secret = base64.b64encode(f"alice\0alice\0{PASSWORD}".encode())
    assert secret in impostor.heard


@pytest.mark.parametrize(("forge", "reason"), FORGED.values(), ids=FORGED)
def test_a_certificate(
    forger: Forger,
    forge: Forge,
    reason: str,
    tmp_path: Path,
    password: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Is refused, with what is wrong, what was expected and what to do; nothing is said."""
    chain, key, ca = forge(forger).write(tmp_path)
    with Impostor(chain, key) as impostor:
        assert sends(impostor.port, ca, password) == Exit.CERTIFICATE
    assert impostor.heard == b""
    assert impostor.connections > 0
    told = capsys.readouterr().err
    assert reason in told.partition("\n")[0]
    assert f"refused the certificate of localhost:{impostor.port}" in told
    assert "Nothing was sent to it" in told
    assert PASSWORD not in told


def test_another_authority_than_the_pinned_one(
    forger: Forger,
    settings: SettingsDirectory,
    tmp_path: Path,
    password: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Is refused, with both fingerprints; the pin stays as it is."""
    chain, key, _ = forger.foreign().write(tmp_path)
    with Impostor(chain, key) as impostor:
        here = Address("localhost", impostor.port)
        settings.save_pin(here, pem(forger.pinned))
        argv = ["send", "#lobby", "hello", "--server", f"alice@{here}"]
        assert main([*argv, "--password-file", password]) == Exit.CERTIFICATE
    assert impostor.heard == b""
    assert f"before:   SHA-256 {fingerprint(der(forger.pinned))}" in capsys.readouterr().err
    assert settings.pin(here) == pem(forger.pinned)


def test_no_pin_and_no_public_authority(forger: Forger, tmp_path: Path, password: str) -> None:
    """A client that was told nothing trusts nobody at first sight, nor at second."""
    chain, key, _ = forger.leaf().write(tmp_path)
    with Impostor(chain, key) as impostor:
        argv = ["send", "#lobby", "hello", "--server", f"alice@localhost:{impostor.port}"]
        for _ in range(2):
            assert main([*argv, "--password-file", password]) == Exit.CERTIFICATE
    assert impostor.heard == b""


def test_an_invite_link_that_somebody_else_answers(
    forger: Forger, tmp_path: Path, password: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither the code nor the new password goes to who can't show the link's authority."""
    chain, key, _ = forger.foreign().write(tmp_path)
    with Impostor(chain, key) as impostor:
        assert registers(impostor.port, forger, password) == Exit.CERTIFICATE
    assert impostor.heard == b""
    assert (
        "it doesn't show the certificate authority that the link names" in capsys.readouterr().err
    )


def test_an_invite_link_whose_authority_is_only_shown(
    forger: Forger, tmp_path: Path, password: str
) -> None:
    """Anybody can show the right authority's certificate; it must also have signed the server's."""
    foreign = forger.foreign()
    chain, key, _ = replace(foreign, shown=[*foreign.shown, forger.pinned]).write(tmp_path)
    with Impostor(chain, key) as impostor:
        assert registers(impostor.port, forger, password) == Exit.CERTIFICATE
    assert impostor.heard == b""


def registers(port: int, forger: Forger, password: str) -> int:
    """With an invite link of the server that is expected there; the exit code."""
    link = InviteLink("localhost", port, CODE, sha256(der(forger.pinned)).digest())
    return main(["register", str(link), "--account", "alice", "--password-file", password])


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1")
def test_a_server_that_only_speaks_old_tls(
    forger: Forger, tmp_path: Path, password: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Is refused, although it has the right certificate."""
    chain, key, ca = forger.leaf().write(tmp_path)
    with Impostor(chain, key, newest=ssl.TLSVersion.TLSv1_1) as impostor:
        assert sends(impostor.port, ca, password) == Exit.UNREACHABLE
    assert impostor.heard == b""
    told = capsys.readouterr().err
    assert "speaks only versions of TLS that are too old; expected 1.2 or 1.3" in told
