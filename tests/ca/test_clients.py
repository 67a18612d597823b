"""The authority that signs clients' certificates."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from securechat.ca import authority as ca
from securechat.ca import clients, pem
from securechat.ca.authority import Authority
from securechat.ca.errors import (
    AuthorityError,
    BadNameError,
    KeyMismatchError,
    StorageError,
    ValidityError,
)
from securechat.ca.names import parse_names
from tests.ca.support import NOW, make_client_issuer, mode, tree


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return clients.create_authority(tmp_path, now=NOW)


def test_a_certificate_and_its_key_are_one_private_file(
    authority: Authority, tmp_path: Path
) -> None:
    """As chat programs want it."""
    path = clients.issue(authority, "Иван", now=NOW)
    assert path == tmp_path / "client-Иван.pem"
    assert mode(path) == 0o600
    [leaf] = pem.load_certificates(path)
    assert pem.same_key(leaf, pem.load_key(path))
    assert pem.is_issued_by(leaf, authority.certificate)


def test_it_lies_beside_the_server_s(authority: Authority, tmp_path: Path) -> None:
    """Under names of its own; its key is private."""
    server = ca.create_authority(tmp_path, parse_names(["localhost"]), now=NOW)
    assert sorted(tree(tmp_path)) == [
        *("ca-key.pem", "ca.pem", "clients-ca-key.pem", "clients-ca.pem")
    ]
    assert mode(authority.key_path) == 0o600
    assert clients.load_authority(tmp_path).fingerprint == authority.fingerprint
    assert ca.load_authority(tmp_path).fingerprint == server.fingerprint


def test_the_server_s_signs_nothing_for_clients(tmp_path: Path) -> None:
    """The owner of its key must not log in with it."""
    server = ca.create_authority(tmp_path, parse_names(["localhost"]), now=NOW)
    with pytest.raises(AuthorityError, match="signs nothing for clients"):
        clients.issue(server, "alice", now=NOW)


def test_nothing_is_overwritten_unless_told(authority: Authority, tmp_path: Path) -> None:
    """And the authority never."""
    clients.issue(authority, "alice", now=NOW)
    before = tree(tmp_path)
    with pytest.raises(StorageError, match="--force"):
        clients.issue(authority, "alice", now=NOW)
    with pytest.raises(StorageError):
        clients.create_authority(tmp_path, now=NOW)
    assert tree(tmp_path) == before
    clients.issue(authority, "alice", now=NOW, replace=True)
    assert tree(tmp_path) != before


def test_what_can_t_be_signed(authority: Authority) -> None:
    """No account, too late, too long, with a foreign key."""
    with pytest.raises(BadNameError):
        clients.issue(authority, "../alice", now=NOW)
    with pytest.raises(ValidityError, match="the CA expired on"):
        clients.issue(authority, "alice", now=NOW + timedelta(days=3650))
    with pytest.raises(ValidityError):
        clients.issue(authority, "alice", now=NOW, days=398)
    authority.key_path.write_bytes(pem.key_pem(make_client_issuer().key))
    with pytest.raises(KeyMismatchError):
        clients.issue(authority, "alice", now=NOW)
