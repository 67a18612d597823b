"""A certificate authority in a directory."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519

from securechat.ca import authority as ca
from securechat.ca import files, pem
from securechat.ca.authority import Authority
from securechat.ca.errors import (
    AuthorityError,
    KeyMismatchError,
    OutsideConstraintsError,
    PassphraseError,
    StorageError,
    ValidityError,
)
from securechat.ca.files import NewFile
from securechat.ca.names import parse_names
from tests.ca.support import GOOD_PASSPHRASE, NOW, make_issuer, make_server, mode, tree

NAMES = parse_names(["chat.example.org", "127.0.0.1"])


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """A CA for chat.example.org, made a moment ago."""
    return ca.create_authority(tmp_path, NAMES, now=NOW)


def replace(path: Path, data: bytes) -> None:
    files.write_files([NewFile(path, data)], overwrite=True)


def test_a_ca_is_a_certificate_and_a_private_key(authority: Authority, tmp_path: Path) -> None:
    """ca.pem for everybody, ca-key.pem for its owner."""
    assert sorted(tree(tmp_path)) == ["ca-key.pem", "ca.pem"]
    assert (mode(authority.path), mode(authority.key_path)) == (0o644, 0o600)
    assert authority.created
    assert authority.fingerprint == pem.fingerprint(tmp_path / "ca.pem")
    again = ca.load_authority(tmp_path)
    assert again.certificate == authority.certificate
    assert not again.created


def test_a_server_certificate_comes_with_its_chain(authority: Authority, tmp_path: Path) -> None:
    """server.pem holds the leaf, then the CA; the description says all there is to know."""
    server = ca.issue_server(authority, NAMES, now=NOW, days=90)
    leaf, above = pem.load_certificates(tmp_path / "server.pem")
    assert above == authority.certificate
    assert pem.is_issued_by(leaf, above)
    assert pem.same_key(leaf, pem.load_key(tmp_path / "server-key.pem"))
    assert (mode(server.certificate), mode(server.key)) == (0o644, 0o600)
    assert server == ca.ServerCertificate(
        certificate=tmp_path / "server.pem",
        key=tmp_path / "server-key.pem",
        ca=tmp_path / "ca.pem",
        ca_fingerprint=authority.fingerprint,
        not_after=leaf.not_valid_after_utc,
        names=("chat.example.org", "127.0.0.1"),
        reissued=True,
    )


def test_nothing_is_overwritten_unless_told(authority: Authority, tmp_path: Path) -> None:
    """Neither CA nor server; told so, each is replaced by a fresh one."""
    ca.issue_server(authority, NAMES, now=NOW)
    before = tree(tmp_path)
    with pytest.raises(StorageError, match="--force"):
        ca.create_authority(tmp_path, NAMES, now=NOW)
    with pytest.raises(StorageError, match="--force"):
        ca.issue_server(authority, NAMES, now=NOW)
    assert tree(tmp_path) == before
    ca.issue_server(authority, NAMES, now=NOW, replace=True)
    ca.create_authority(tmp_path, NAMES, now=NOW, replace=True)
    assert all(data != before[name] for name, data in tree(tmp_path).items())


def test_a_name_outside_the_constraints_is_refused(authority: Authority, tmp_path: Path) -> None:
    """The error lists what is allowed and the whole command for a wider CA."""
    ca.issue_server(authority, NAMES, now=NOW)
    before = tree(tmp_path)
    names = parse_names(["chat.example.org", "bank.example.com", "8.8.8.8"])
    with pytest.raises(OutsideConstraintsError) as caught:
        ca.issue_server(authority, names, now=NOW, replace=True)
    assert caught.value.names == ("bank.example.com", "8.8.8.8")
    text = str(caught.value)
    assert text.startswith(f"bank.example.com, 8.8.8.8: outside what the CA in {tmp_path} may")
    assert "(chat.example.org, localhost, local and names below them; 127.0.0.0/8, ::1, 10" in text
    assert (
        f"gencerts --new-ca --force chat.example.org 127.0.0.1 localhost bank.example.com "
        f"8.8.8.8 --out {tmp_path}\n"
    ) in text
    assert tree(tmp_path) == before


def test_the_advice_stands_without_a_server_certificate(
    authority: Authority, tmp_path: Path
) -> None:
    """And when the one that is there can't be read."""
    for content in (None, b"rubbish"):
        if content:
            (tmp_path / "server.pem").write_bytes(content)
        with pytest.raises(
            OutsideConstraintsError, match=r"--force chat.example.org localhost a.b"
        ):
            ca.check_can_sign(authority, parse_names(["a.b"]), now=NOW)


def test_an_expired_ca_signs_nothing(authority: Authority, tmp_path: Path) -> None:
    """That nobody would take."""
    late = NOW + timedelta(days=3650)
    with pytest.raises(ValidityError, match="the CA expired on"):
        ca.issue_server(authority, NAMES, now=late)
    assert sorted(tree(tmp_path)) == ["ca-key.pem", "ca.pem"]


def test_a_missing_ca_is_explained(tmp_path: Path) -> None:
    """Whether nothing is there or only its key."""
    with pytest.raises(StorageError, match="there is no CA here: make one with 'gencerts'"):
        ca.load_authority(tmp_path)
    assert not ca.exists(tmp_path)
    (tmp_path / "ca-key.pem").touch()
    with pytest.raises(StorageError, match=r"certificate is missing, while its key .*--new-ca"):
        ca.load_authority(tmp_path)
    assert ca.exists(tmp_path)


def test_a_ca_without_its_key_can_be_read_but_not_sign(authority: Authority) -> None:
    """The key may be kept elsewhere."""
    authority.key_path.unlink()
    assert ca.load_authority(authority.directory).fingerprint == authority.fingerprint
    with pytest.raises(StorageError, match=r"CA's key is not here.*bring it back.*--new-ca"):
        ca.issue_server(authority, NAMES, now=NOW)


def test_a_foreign_key_is_noticed(authority: Authority) -> None:
    """Before anything is signed with it."""
    replace(authority.key_path, pem.key_pem(make_issuer("a.example").key))
    with pytest.raises(KeyMismatchError, match=r"ca\.pem and ca-key\.pem: the key does not belong"):
        ca.issue_server(authority, NAMES, now=NOW)


def test_a_key_that_others_can_read_is_noticed(authority: Authority) -> None:
    """A CA whose key is known is none."""
    authority.key_path.chmod(0o644)
    with pytest.raises(StorageError, match="chmod 600"):
        ca.issue_server(authority, NAMES, now=NOW)


def test_a_certificate_that_is_no_cas_is_refused(tmp_path: Path) -> None:
    """As when somebody copies the server's over it."""
    leaf = make_server(make_issuer("a.example"), "a.example")
    replace(tmp_path / "ca.pem", pem.certificate_pem(leaf))
    with pytest.raises(AuthorityError, match="expected a CA's certificate, found one that may not"):
        ca.load_authority(tmp_path)


def test_keys_of_an_unusual_kind_are_refused(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rather than failing while signing."""
    replace(authority.key_path, pem.key_pem(ed25519.Ed25519PrivateKey.generate()))
    monkeypatch.setattr(pem, "check_pair", lambda *_, **__: None)
    with pytest.raises(AuthorityError, match="expected an ECDSA or RSA key"):
        authority.issuer()


def test_an_encrypted_ca_key_signs_with_its_passphrase_only(tmp_path: Path) -> None:
    """Where nobody can be asked, the error names the command that asks."""
    authority = ca.create_authority(tmp_path, NAMES, now=NOW, passphrase=GOOD_PASSPHRASE)
    assert b"BEGIN ENCRYPTED PRIVATE KEY" in authority.key_path.read_bytes()
    with pytest.raises(PassphraseError, match=f"run 'gencerts renew --out {tmp_path}'"):
        ca.issue_server(authority, NAMES, now=NOW)
    with pytest.raises(PassphraseError, match="wrong passphrase"):
        ca.issue_server(authority, NAMES, now=NOW, passphrase=lambda _: b"not this one")
    server = ca.issue_server(authority, NAMES, now=NOW, passphrase=lambda _: GOOD_PASSPHRASE)
    assert b"BEGIN PRIVATE KEY" in server.key.read_bytes()


def test_names_to_renew_are_those_of_the_old_certificate(
    authority: Authority, tmp_path: Path
) -> None:
    """If there is one, and it is this CA's."""
    with pytest.raises(StorageError, match="there is nothing to renew: make it with 'gencerts"):
        ca.names_to_renew(authority)
    ca.issue_server(authority, NAMES, now=NOW)
    assert ca.names_to_renew(authority) == NAMES
    foreign = make_server(make_issuer("a.example"), "a.example")
    replace(tmp_path / "server.pem", pem.certificate_pem(foreign))
    with pytest.raises(AuthorityError, match=r"not from the CA in ca\.pem.*gencerts --force"):
        ca.names_to_renew(authority)


def test_an_authority_shows_no_key(authority: Authority) -> None:
    """Its repr may end in a log."""
    assert "PRIVATE" not in repr(authority)
