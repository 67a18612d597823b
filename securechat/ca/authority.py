"""A certificate authority in a directory: make it, open it, have it sign.

Files: ``ca.pem``, ``ca-key.pem``, ``server.pem`` (leaf, then CA), ``server-key.pem`` and
those of the client authority (:mod:`securechat.ca.clients`).

A function may be called from any thread, and processes may meet in one directory: whoever writes
holds its lock. Each ``now`` is an aware datetime.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from securechat.ca import builders, constraints, files, pem
from securechat.ca.builders import DEFAULT_CA_DAYS, MAX_LEAF_DAYS, Issuer
from securechat.ca.errors import (
    AuthorityError,
    CaError,
    OutsideConstraintsError,
    PassphraseError,
    StorageError,
    gencerts,
)
from securechat.ca.files import NewFile
from securechat.ca.names import Name
from securechat.ca.pem import Passphrase


@dataclass(frozen=True, slots=True)
class Authority:
    """A CA as it lies in its directory; its key is read only when something is to be signed."""

    directory: Path
    certificate: x509.Certificate
    created: bool = False
    """Whether the call that returned this made it."""
    stem: str = "ca"
    """What its files are called."""

    @property
    def path(self) -> Path:
        """The CA's certificate, which members get."""
        return self.directory / f"{self.stem}.pem"

    @property
    def key_path(self) -> Path:
        """The CA's private key; it may be kept elsewhere between uses."""
        return self.directory / f"{self.stem}-key.pem"

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate: 64 lower-case hex digits."""
        return pem.fingerprint(self.certificate)

    @property
    def not_after(self) -> datetime:
        """The end of its validity, and so of everything that it signs."""
        return self.certificate.not_valid_after_utc

    @property
    def constraints(self) -> x509.NameConstraints | None:
        """Its name constraints; None when it has none and may sign for everything."""
        return pem.extension(self.certificate, x509.NameConstraints, self.path)

    @property
    def anew(self) -> str:
        """For errors: what to do to have another CA in its place."""
        if self.stem != "ca":
            return f"move {self.path.name} and its key away, and a new CA is made"
        return f"make a new CA with '{_new_ca(self.directory)}'"

    def permits(self, name: Name) -> bool:
        """Whether its name constraints allow ``name``."""
        return constraints.permits(self.constraints, name)

    def issuer(self, passphrase: Passphrase | None = None) -> Issuer:
        """Open the key for signing.

        :raises StorageError: there is no key here, or others can read it.
        :raises KeyMismatchError: it belongs to another certificate.
        :raises PassphraseError: it is encrypted and no (or a wrong) passphrase was given.
        """
        if not self.key_path.exists():
            raise StorageError(
                self.key_path,
                f"the CA's key is not here, and nothing can be signed without it: bring it back, "
                f"or {self.anew}",
            )
        if passphrase is None and pem.is_encrypted(self.key_path):
            raise PassphraseError(
                f"{self.key_path}: the CA's key is encrypted and nobody can be asked for its "
                f"passphrase here: run '{gencerts(self.directory, 'renew')}' on a terminal"
            )
        key = pem.load_key(self.key_path, passphrase)
        pem.check_pair(self.certificate, key, where=f"{self.path} and {self.key_path.name}")
        if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
            raise AuthorityError(f"{self.key_path}: expected an ECDSA or RSA key, found another")
        return Issuer(self.certificate, key)


@dataclass(frozen=True, slots=True)
class ServerCertificate:
    """A server's certificate and where everything that belongs to it lies."""

    certificate: Path
    """PEM: the server's certificate, then the CA's."""
    key: Path
    ca: Path
    ca_fingerprint: str
    """SHA-256 of the CA's certificate: 64 lower-case hex digits."""
    not_after: datetime
    names: tuple[str, ...]
    reissued: bool
    """Whether this call wrote it."""
    refused_names: tuple[str, ...] = ()
    """Asked for, and left out because the CA's name constraints forbid them."""
    warning: str | None = None
    """Something to tell the person who runs the server; the certificate works for now."""


def exists(directory: Path) -> bool:
    """Whether the directory holds a CA or a part of one."""
    return any((directory / name).exists() for name in ("ca.pem", "ca-key.pem"))


def load_authority(directory: Path) -> Authority:
    """Open the CA in a directory; its dates are checked when it signs.

    :raises StorageError: there is none, or it can't be read.
    :raises AuthorityError: the certificate is not a CA's.
    """
    path = directory / "ca.pem"
    if not path.exists():
        text = "there is no CA here: make one with 'gencerts', or name its directory with --out"
        if (directory / "ca-key.pem").exists():
            text = (
                f"the CA's certificate is missing, while its key ca-key.pem is here: bring it "
                f"back, or make a new CA with '{_new_ca(directory)}'"
            )
        raise StorageError(path, text)
    return Authority(directory, load_ca(path))


def load_ca(path: Path) -> x509.Certificate:
    """The CA's certificate in a file.

    :raises StorageError: it can't be read.
    :raises AuthorityError: the certificate is not a CA's.
    """
    certificate = pem.load_certificates(path)[0]
    basic = pem.extension(certificate, x509.BasicConstraints, path)
    usage = pem.extension(certificate, x509.KeyUsage, path)
    if basic is None or not basic.ca or (usage is not None and not usage.key_cert_sign):
        raise AuthorityError(
            f"{path}: expected a CA's certificate, found one that may not sign others: put the "
            f"CA's own certificate there, or name another directory with --out"
        )
    return certificate


def create_authority(
    directory: Path,
    names: Sequence[Name],
    *,
    now: datetime,
    days: int = DEFAULT_CA_DAYS,
    strict: bool = False,
    passphrase: bytes | None = None,
    replace: bool = False,
) -> Authority:
    """Make a CA for ``names`` and write it; the caller holds the directory's lock.

    :param days: days that it is valid, 1 to :data:`securechat.ca.builders.MAX_CA_DAYS`.
    :param strict: keep private address ranges and ``.local`` out of what it may sign for.
    :param passphrase: encrypts the key.
    :param replace: overwrite the CA that is there.
    :raises StorageError: there is one already, or the directory can't be written to.
    :raises ValidityError: ``days`` is out of range.
    """
    key = builders.new_key()
    certificate = builders.build_ca(key, names, now=now, days=days, strict=strict)
    authority = Authority(directory, certificate, created=True)
    files.write_files(
        [
            NewFile(authority.key_path, pem.key_pem(key, passphrase)),
            NewFile(authority.path, pem.certificate_pem(certificate), files.PUBLIC_MODE),
        ],
        overwrite=replace,
    )
    return authority


def issue_server(
    authority: Authority,
    names: Sequence[Name],
    *,
    now: datetime,
    days: int = MAX_LEAF_DAYS,
    passphrase: Passphrase | None = None,
    replace: bool = False,
) -> ServerCertificate:
    """Sign a server certificate with a fresh key; the caller holds the directory's lock.

    :raises OutsideConstraintsError: a name that the CA may not sign for.
    :raises ValidityError: the CA is not valid at ``now``, or ``days`` is out of range.
    :raises StorageError: there is one already and ``replace`` is false, or writing fails.
    """
    signed = sign_server(authority, names, now=now, days=days, passphrase=passphrase)
    path = authority.directory / "server.pem"
    files.write_files(
        [
            NewFile(pem.key_path_for(path), signed.key),
            NewFile(path, signed.chain, files.PUBLIC_MODE),
        ],
        overwrite=replace,
    )
    return describe_server(authority, signed.leaf, reissued=True)


@dataclass(frozen=True, slots=True)
class Signed:
    """A server's certificate that is in no file yet. chain, key: PEM."""

    leaf: x509.Certificate
    chain: bytes
    key: bytes = field(repr=False)


def sign_server(
    authority: Authority,
    names: Sequence[Name],
    *,
    now: datetime,
    days: int = MAX_LEAF_DAYS,
    passphrase: Passphrase | None = None,
) -> Signed:
    """Sign a server certificate with a fresh key. Raises as :func:`issue_server`."""
    check_can_sign(authority, names, now=now)
    issuer = authority.issuer(passphrase)
    key = builders.new_key()  # a stolen one is good for as long as its own certificate, no longer
    leaf = builders.build_server(issuer, key.public_key(), names, now=now, days=days)
    # With the CA's certificate, though who pins it has it: at the first connection a client finds
    # the CA there whose fingerprint its link names.
    return Signed(leaf, pem.certificate_pem(leaf, authority.certificate), pem.key_pem(key))


def names_to_renew(authority: Authority) -> tuple[Name, ...]:
    """The names of the directory's server certificate, for one that replaces it.

    :raises StorageError: there is none.
    :raises AuthorityError: the one that is there is another CA's.
    """
    path = authority.directory / "server.pem"
    if not path.exists():
        raise StorageError(
            path,
            f"there is nothing to renew: make it with '{gencerts(authority.directory, 'NAME…')}'",
        )
    leaf = pem.load_certificates(path)[0]
    if not pem.is_issued_by(leaf, authority.certificate):
        raise AuthorityError(
            f"{path}: this certificate is not from the CA in {authority.path.name}, so it is not "
            f"renewed here: renew it where it comes from, or replace it by one of this CA with "
            f"'{gencerts(authority.directory, '--force', 'NAME…')}'"
        )
    return pem.subject_names(leaf, path)


def describe_server(
    authority: Authority, leaf: x509.Certificate, *, reissued: bool
) -> ServerCertificate:
    """The description of the directory's ``server.pem`` whose first certificate is ``leaf``."""
    path = authority.directory / "server.pem"
    return ServerCertificate(
        certificate=path,
        key=pem.key_path_for(path),
        ca=authority.path,
        ca_fingerprint=authority.fingerprint,
        not_after=leaf.not_valid_after_utc,
        names=tuple(str(name) for name in pem.subject_names(leaf, path)),
        reissued=reissued,
    )


def check_can_sign(authority: Authority, names: Sequence[Name], *, now: datetime) -> None:
    """Whether the CA is valid and may sign for all the names; its key isn't needed for that.

    :raises ValidityError: it is not valid at ``now``.
    :raises OutsideConstraintsError: it may not sign for one of them.
    """
    builders.check_issuer_dates(authority.certificate, now)
    refused = tuple(str(name) for name in names if not authority.permits(name))
    if refused:
        domains = constraints.domains(authority.constraints)
        # The command that is suggested names these too, or clients that use them would be lost.
        had = [*_server_names(authority.directory), *(d for d in domains if d != constraints.LOCAL)]
        wanted = dict.fromkeys([*had, *map(str, names)])
        raise OutsideConstraintsError(
            refused,
            f"{', '.join(refused)}: outside what the CA in {authority.directory} may sign for "
            f"({constraints.describe(authority.constraints)}). A CA's names are fixed when it is "
            f"made; make a wider one with\n"
            f"  {gencerts(authority.directory, '--new-ca', '--force', *wanted)}\n"
            f"and give its ca.pem to every member, or make another CA in another directory "
            f"with --out",
        )


def names_held(directory: Path) -> tuple[str, ...]:
    """The names in a directory's server certificate, and in its CA's constraints; no errors."""
    domains: tuple[str, ...] = ()
    with contextlib.suppress(CaError):
        domains = constraints.domains(load_authority(directory).constraints)
    return (*_server_names(directory), *domains)


def _server_names(directory: Path) -> tuple[str, ...]:
    """The names of the server certificate that is there, for a suggestion: no errors."""
    path = directory / "server.pem"
    with contextlib.suppress(CaError):
        return tuple(map(str, pem.subject_names(pem.load_certificates(path)[0], path)))
    return ()


def _new_ca(directory: Path) -> str:
    return gencerts(directory, "--new-ca", "--force", "NAME…")
