"""The authority that signs clients' certificates, apart from the one that signs the server's.

Files: ``clients-ca.pem``, ``clients-ca-key.pem``, and ``client-ACCOUNT.pem`` (certificate and key
together, as most chat programs want it). A server takes no certificate on this signature alone: it
knows those that were registered, by their fingerprints.

A function may be called from any thread; whoever writes holds the directory's lock. Each ``now`` is
an aware datetime.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from securechat.ca import builders, files, pem
from securechat.ca.authority import Authority, check_can_sign, load_ca
from securechat.ca.builders import DEFAULT_CA_DAYS, MAX_LEAF_DAYS
from securechat.ca.errors import AuthorityError, StorageError, ValidityError
from securechat.ca.files import NewFile
from securechat.ca.names import parse_account
from securechat.ca.pem import Passphrase

# No account's ``client-ACCOUNT.pem`` is called so.
STEM = "clients-ca"


def exists(directory: Path) -> bool:
    """Whether the directory holds a client authority or a part of one."""
    return any((directory / f"{STEM}{end}.pem").exists() for end in ("", "-key"))


def load_authority(directory: Path) -> Authority:
    """Open the client authority in a directory.

    :raises StorageError: there is none, or it can't be read.
    :raises AuthorityError: the certificate is not a CA's.
    """
    path = directory / f"{STEM}.pem"
    if not path.exists():
        raise StorageError(
            path,
            f"the client authority's certificate is missing, while its key {STEM}-key.pem is here: "
            f"bring it back, or move the key away to have a new authority made",
        )
    return Authority(directory, load_ca(path), stem=STEM)


def create_authority(
    directory: Path,
    *,
    now: datetime,
    days: int = DEFAULT_CA_DAYS,
    passphrase: bytes | None = None,
) -> Authority:
    """Make a client authority and write it; the caller holds the directory's lock.

    :param passphrase: encrypts the key.
    :raises StorageError: there is one already, or the directory can't be written to.
    :raises ValidityError: ``days`` is out of range.
    """
    key = builders.new_key()
    certificate = builders.build_client_ca(key, now=now, days=days)
    authority = Authority(directory, certificate, created=True, stem=STEM)
    files.write_files(
        [
            NewFile(authority.key_path, pem.key_pem(key, passphrase)),
            NewFile(authority.path, pem.certificate_pem(certificate), files.PUBLIC_MODE),
        ],
        overwrite=False,
    )
    return authority


def issue(
    authority: Authority,
    account: str,
    *,
    now: datetime,
    days: int = MAX_LEAF_DAYS,
    passphrase: Passphrase | None = None,
    replace: bool = False,
) -> Path:
    """Sign a certificate for ``account``; the caller holds the directory's lock.

    :returns: the file with certificate and key.
    :raises AuthorityError: the authority is the server's.
    :raises BadNameError: not an account.
    :raises ValidityError: the CA is not valid at ``now``, or ``days`` is out of range.
    :raises StorageError: there is one already and ``replace`` is false, or writing fails.
    """
    if authority.stem != STEM:
        raise AuthorityError(f"{authority.path}: the server's own CA signs nothing for clients")
    account = parse_account(account)
    path = authority.directory / f"client-{account}.pem"
    if now > authority.not_after:
        raise ValidityError(
            f"{authority.path}: the CA expired on {authority.not_after:%Y-%m-%d}: "
            f"{authority.anew}; its certificates are registered like the old ones"
        )
    check_can_sign(authority, (), now=now)
    key = builders.new_key()
    issuer = authority.issuer(passphrase)
    leaf = builders.build_client(issuer, key.public_key(), account, now=now, days=days)
    data = pem.certificate_pem(leaf) + pem.key_pem(key)
    files.write_files([NewFile(path, data)], overwrite=replace)
    return path
