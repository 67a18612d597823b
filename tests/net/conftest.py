"""One CA and its certificates for all the tests of net/."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

import pytest

from securechat.net.tls import client_context, server_context
from tests.support.certificates import Authority


@dataclass(frozen=True)
class Pki:
    """What a server in the tests has on disk: read only, as the tests share it."""

    authority: Authority
    ca: Path
    server: Path
    server_key: Path


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    """A CA and a server certificate for localhost, 127.0.0.1 and ::1."""
    directory = tmp_path_factory.mktemp("pki")
    authority = Authority()
    issued = authority.server("localhost", "127.0.0.1", "::1")
    return Pki(authority, authority.write(directory), *issued.write(directory, "server"))


@pytest.fixture
def trusting(pki: Pki) -> ssl.SSLContext:
    """A client that trusts the test CA."""
    return client_context(ca_pem=pki.authority.pem)


@pytest.fixture
def server(pki: Pki) -> ssl.SSLContext:
    """The listener's context with nothing configured."""
    return server_context(pki.server, pki.server_key)


@pytest.fixture
def old_server(pki: Pki) -> ssl.SSLContext:
    """The listener's context where TLS 1.2 is allowed."""
    return server_context(pki.server, pki.server_key, min_version="1.2")
