"""What the tests of the certificate authority share: a fixed now, makers, OpenSSL's verdict."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509

from securechat.ca import builders, pem
from securechat.ca.builders import Issuer
from securechat.ca.names import parse_names
from securechat.common.files import LOCK

NOW = datetime(2030, 5, 17, 12, 0, 0, tzinfo=UTC)
GOOD_PASSPHRASE = b"correct horse battery"

needs_openssl = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="the openssl program is not installed"
)


def make_issuer(*names: str, now: datetime = NOW, days: int = 3650, strict: bool = False) -> Issuer:
    """A CA for ``names`` that exists in memory only."""
    key = builders.new_key()
    ca = builders.build_ca(key, parse_names(names), now=now, days=days, strict=strict)
    return Issuer(ca, key)


def make_client_issuer(now: datetime = NOW, days: int = 3650) -> Issuer:
    """A client authority by the builders alone."""
    key = builders.new_key()
    return Issuer(builders.build_client_ca(key, now=now, days=days), key)


def make_server(
    issuer: Issuer, *names: str, now: datetime = NOW, days: int = 30
) -> x509.Certificate:
    """A server certificate by the builders alone, which don't ask what the CA may sign for."""
    return builders.build_server(
        issuer, builders.new_key().public_key(), parse_names(names), now=now, days=days
    )


def make_client(issuer: Issuer, account: str, now: datetime = NOW) -> x509.Certificate:
    """A client certificate by the builders alone."""
    return builders.build_client(issuer, builders.new_key().public_key(), account, now=now)


def openssl_verify(
    directory: Path,
    ca: x509.Certificate,
    leaf: x509.Certificate,
    *extra: str,
    purpose: str = "sslserver",
    now: datetime = NOW,
) -> str:
    """What ``openssl verify -x509_strict`` says at ``now``: "OK", or its complaint."""
    (directory / "ca.crt").write_bytes(pem.certificate_pem(ca))
    (directory / "leaf.crt").write_bytes(pem.certificate_pem(leaf))
    command = ["openssl", "verify", "-x509_strict", "-purpose", purpose, *extra]
    command += ["-attime", str(int(now.timestamp())), "-CAfile", "ca.crt", "leaf.crt"]
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
    said = done.stdout + done.stderr
    return "OK" if done.returncode == 0 and "leaf.crt: OK" in said else said


def mode(path: Path) -> int:
    """The permission bits."""
    return stat.S_IMODE(path.stat().st_mode)


def tree(directory: Path) -> dict[str, bytes]:
    """Every file with its content, to see that nothing changed."""
    files = (path for path in directory.iterdir() if path.name != LOCK)
    return {path.name: path.read_bytes() for path in files}


def modes_at_birth(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Record name and mode of every file at the moment that :func:`os.open` creates it."""
    born: list[tuple[str, int]] = []
    really_open: Callable[..., int] = os.open

    def spy(path: str | Path, flags: int, *rest: int) -> int:
        descriptor = really_open(path, flags, *rest)
        if flags & os.O_CREAT:
            born.append((Path(path).name, stat.S_IMODE(os.fstat(descriptor).st_mode)))
        return descriptor

    monkeypatch.setattr(os, "open", spy)
    return born
