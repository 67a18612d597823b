"""A look at everything that a server starts on: modes, database, pepper, certificate.

Nothing is changed, and a server may run meanwhile. Any thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from securechat.ca import pem
from securechat.ca.authority import load_authority
from securechat.ca.builders import check_issuer_dates
from securechat.ca.check import CertificateReport, check_server_files
from securechat.ca.errors import AuthorityError, CaError
from securechat.server.config import Config
from securechat.server.data import DataDirectory, DataError
from securechat.server.identity import WARN_DAYS
from securechat.store.copies import look_over
from securechat.store.database import StoreError
from securechat.store.pairing import check_pepper
from securechat.store.schema import MIGRATIONS


class Finding(NamedTuple):
    """good: whether all is well. text: what was found; of a fault, with what to do."""

    good: bool
    text: str


def check_up(
    data: DataDirectory, config: Config | None, *, quick: bool, now: datetime
) -> Iterator[Finding]:
    """What is found, one thing after the other. data: one with a database. config: names the
    certificate; None for the data directory's own. quick: passes over the database's indexes.
    """
    yield from _modes(data)
    yield from _database(data.database, quick=quick)
    yield from _tried(
        lambda: check_pepper(data.database, data.pepper), f"{data.pepper} is the database's own"
    )
    certificate = config.path(config.tls.cert) if config else None
    if config and certificate:
        key = config.path(config.tls.key) or pem.key_path_for(certificate)
        yield from _certificate(certificate, key, now)
    elif (data.tls / "server.pem").exists():
        yield from _own_certificate(data.tls, now)
    else:
        text = "no certificate of its own; of one given by --cert `securechat-server --check` tells"
        yield Finding(True, f"{data.path} has {text}")


def _tried(check: Callable[[], object], good: str) -> Iterator[Finding]:
    try:
        check()
    except (CaError, DataError, StoreError) as error:
        yield Finding(False, str(error))
    else:
        yield Finding(True, good)


def _modes(data: DataDirectory) -> Iterator[Finding]:
    yield from _tried(data.create, f"{data.path} is closed to others")
    exposed = [Finding(False, text) for text in data.exposed_files()]
    yield from exposed or [Finding(True, "so is every file with a secret in it")]


def _database(path: Path, *, quick: bool) -> Iterator[Finding]:
    try:
        schema, faults = look_over(path, thoroughly=not quick)
    except StoreError as error:
        yield Finding(False, str(error))
        return
    for fault in faults:
        yield Finding(False, f"{path} is no good: {fault}; restore a backup")
    if not faults:
        newest = len(MIGRATIONS)
        older = f"; the server's next start makes it {newest}" if schema < newest else ""
        yield Finding(True, f"{path} is whole (its format is {schema}{older})")


def _own_certificate(tls: Path, now: datetime) -> Iterator[Finding]:
    yield from _certificate(tls / "server.pem", tls / "server-key.pem", now, tls / "ca.pem")
    yield from _tried(lambda: _check_authority(tls, now), f"the authority in {tls} is in order")


def _certificate(
    path: Path, key: Path, now: datetime, issuer: Path | None = None
) -> Iterator[Finding]:
    try:
        report = check_server_files(path, key, now=now)
        _check_issuer(path, issuer)
    except CaError as error:
        yield Finding(False, str(error))
        return
    for warning in report.warnings:
        yield Finding(False, warning)
    yield _validity(path, report, own=issuer is not None)


def _check_issuer(path: Path, issuer: Path | None) -> None:
    """Clients pin the authority in the data directory: no other one's certificate will do."""
    if issuer is None:
        return
    [leaf, *_], [ca, *_] = pem.load_certificates(path), pem.load_certificates(issuer)
    if not pem.is_issued_by(leaf, ca):
        raise AuthorityError(
            f"{path} is not from the authority in {issuer}, which the members trust: start the "
            "server anew, and it makes another one"
        )


def _validity(path: Path, report: CertificateReport, *, own: bool) -> Finding:
    text = f"{path} is valid for {report.days_left} more days, for {', '.join(report.names)}"
    if report.days_left >= WARN_DAYS:
        return Finding(True, text)
    way = "restart the server, which renews it" if own else "renew it and send the server a SIGHUP"
    return Finding(False, f"{text}; {way}")


def _check_authority(tls: Path, now: datetime) -> None:
    authority = load_authority(tls)
    check_issuer_dates(authority.certificate, now)
    if authority.key_path.exists() and not pem.is_encrypted(authority.key_path):
        authority.issuer()
