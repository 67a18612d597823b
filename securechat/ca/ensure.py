"""Has a CA and a certificate for a server that starts: makes or renews them when needed."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509

from securechat.ca import authority as ca
from securechat.ca import files, pem
from securechat.ca.authority import Authority, ServerCertificate
from securechat.ca.errors import CaError, OutsideConstraintsError
from securechat.ca.names import Name, default_names, parse_names

RENEW_BEFORE = timedelta(days=30)
# A certificate that renews itself needn't be good for longer, for a thief of its key.
OWN_DAYS = 90
_SECOND = timedelta(seconds=1)


def ensure_authority(directory: Path, names: Sequence[str], *, now: datetime) -> Authority:
    """Open the CA in ``directory``, or make it, and the directory (mode 0700), on first use.

    :param names: DNS names and addresses that a new CA may sign for, besides localhost, loopback,
        the private address ranges and ``.local``; an existing CA keeps its own.
    :param now: aware.
    :raises CaError: a malformed name, an unusable directory, or a CA that can't be read.

    Any thread.
    """
    wanted = parse_names(names)
    with files.locked(directory):
        return _ensure_authority(directory, wanted, now)


def ensure_server_certificate(
    directory: Path,
    names: Sequence[str],
    *,
    now: datetime,
    renew_before: timedelta = RENEW_BEFORE,
) -> ServerCertificate:
    """Have a certificate for ``names``: the one in ``directory`` if it will do, else a new one.

    It lasts :data:`OWN_DAYS` days. It is issued when it is missing, not from this CA, without its
    key, without one of the names, or at its end within ``renew_before``. A new one keeps the names
    of the one that it replaces.
    Names that the CA's constraints forbid are left out and returned in ``refused_names``.

    When a new one is wanted but can't be made (the CA's key is encrypted or kept elsewhere, the
    disk is full) and the old one still works, the old one is returned with a ``warning``.

    :param names: DNS names and addresses as a person writes them; if empty, those of this machine.
    :param now: aware.
    :raises CaError: a malformed name, none that the CA permits, an expired CA, unusable files.

    Any thread.
    """
    wanted = parse_names(names or default_names())
    with files.locked(directory):
        authority = _ensure_authority(directory, wanted, now)
        allowed = tuple(name for name in wanted if authority.permits(name))
        refused = tuple(str(name) for name in wanted if name not in allowed)
        if not allowed:
            raise OutsideConstraintsError(
                refused, f"{authority.path}: this CA may sign for none of {', '.join(refused)}"
            )
        found = _current(authority, allowed, now, renew_before)
        return dataclasses.replace(found, refused_names=refused)


def _ensure_authority(directory: Path, names: Sequence[Name], now: datetime) -> Authority:
    if ca.exists(directory):
        return ca.load_authority(directory)
    return ca.create_authority(directory, names, now=now)


def _current(
    authority: Authority, names: tuple[Name, ...], now: datetime, renew_before: timedelta
) -> ServerCertificate:
    """The certificate that is there if it will do, otherwise a new one."""
    leaf = _usable_leaf(authority, now)
    if leaf is None:
        return ca.issue_server(authority, names, now=now, days=OWN_DAYS, replace=True)
    held = pem.subject_names(leaf, authority.directory / "server.pem")
    # A certificate that ends with its CA gains nothing from being issued again.
    ending = leaf.not_valid_after_utc <= min(now + renew_before, authority.not_after - _SECOND)
    if not ending and set(names) <= set(held):
        return ca.describe_server(authority, leaf, reissued=False)
    kept = tuple(name for name in held if authority.permits(name))
    try:
        together = tuple(dict.fromkeys([*names, *kept]))
        return ca.issue_server(authority, together, now=now, days=OWN_DAYS, replace=True)
    except CaError as error:  # the one that is there still works, so the server can start
        described = ca.describe_server(authority, leaf, reissued=False)
        return dataclasses.replace(
            described,
            warning=f"the server's certificate should be issued again, and could not be: {error}",
        )


def _usable_leaf(authority: Authority, now: datetime) -> x509.Certificate | None:
    """The certificate in ``server.pem`` if it works today, with its key, for this CA."""
    path = authority.directory / "server.pem"
    key_path = pem.key_path_for(path)
    if not path.exists() or not key_path.exists():
        return None
    leaf = pem.load_certificates(path)[0]
    valid = leaf.not_valid_before_utc <= now <= leaf.not_valid_after_utc
    if not valid or not pem.is_issued_by(leaf, authority.certificate):
        return None
    # A crash between the two renames leaves a key and a certificate of different age.
    return leaf if pem.same_key(leaf, pem.load_key(key_path)) else None
