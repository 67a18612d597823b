"""Checks everything that a server starts on: modes, database, pepper, certificate.

Nothing is changed, and a server may run meanwhile. Any thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from securechat.ca import pem
from securechat.ca.authority import load_authority
from securechat.ca.builders import check_issuer_dates
from securechat.ca.check import CertificateReport, check_server_files, is_for
from securechat.ca.errors import AuthorityError, CaError
from securechat.server.config import Config
from securechat.server.data import DataDirectory, DataError
from securechat.server.identity import WARN_DAYS, pin_of, public_host
from securechat.server.links import server_host
from securechat.store.checking import look_for_alike, look_for_leftovers, look_over
from securechat.store.database import FORMAT, Location
from securechat.store.errors import StoreError
from securechat.store.pepper import check_pepper
from securechat.store.sql.reader import Reader


class Finding(NamedTuple):
    """The result of one check. good: whether all is well. text: of a fault, with what to do."""

    good: bool
    text: str


@dataclass(frozen=True, slots=True)
class InUse:
    """What the server that last ran on a database showed its clients, as far as it has kept that.

    certificate, key: PEM files. own: whether they are in the data directory. host: where clients
    are told to connect, None when the server has never run. pin: the SHA-256 of the CA in links, in
    hexadecimal, empty for a public one; None when the server has never run.
    """

    certificate: Path
    key: Path
    own: bool
    host: str | None = None
    pin: str | None = None


def check_up(
    data: DataDirectory, config: Config | None, *, quick: bool, now: datetime
) -> Iterator[Finding]:
    """Yield what is found, one thing after the other.

    data: one with a database. config: names the certificate; None for the one that the server last
    ran with. quick: pass over the database's indexes.
    """
    # First: what others can write to proves nothing.
    yield from _modes(data)
    yield from _database(data.location, quick=quick)
    yield from _tried(
        lambda: check_pepper(data.location, data.pepper), f"{data.pepper} is the database's own"
    )
    use = in_use(data, config)
    own = data.tls / "server.pem"
    if not use.own:
        if own.exists():
            yield Finding(True, f"{own} is not in use, but {use.certificate} is")
        yield from _certificate(use, now)
    elif own.exists():
        yield from _certificate(use, now, data.tls / "ca.pem")
        yield from _tried(
            lambda: _check_authority(data.tls, now), f"the authority in {data.tls} is in order"
        )
    else:
        text = "no certificate of its own; of one given by --cert `securechat-server --check` tells"
        yield Finding(True, f"{data.path} has {text}")


def in_use(data: DataDirectory, config: Config | None) -> InUse:
    """The certificate, key and address that a server shows its clients.

    config: what the server would start with; None for what it last ran with.
    """
    own = data.tls / "server.pem"
    try:
        with closing(Reader(data.location, data.kept_node())) as reader:
            kept = None if config else reader.remembered("cert")
            key = reader.remembered("key")
            host = server_host(reader) if reader.remembered("host") else None
            pin = reader.remembered("ca_sha256")
    except StoreError:  # as if nothing had been kept: that it can't be read is told elsewhere
        kept = key = host = pin = None
    if config is not None:
        named = config.path(config.tls.cert)
        kept = str(named) if named else None
        key = str(config.path(config.tls.key) or (pem.key_path_for(named) if named else ""))
        host = public_host(config)
    # Nothing kept means that the server made its certificate itself.
    path = Path(kept) if kept else own
    return InUse(path, Path(key) if kept and key else pem.key_path_for(path), not kept, host, pin)


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


def _database(path: Location, *, quick: bool) -> Iterator[Finding]:
    try:
        schema, faults = look_over(path, thoroughly=not quick)
    except StoreError as error:
        yield Finding(False, str(error))
        return
    for fault in faults:
        yield Finding(False, f"{path} is no good: {fault}; restore a backup")
    if not faults:
        newest = FORMAT
        older = f"; the server's next start makes it {newest}" if schema < newest else ""
        yield Finding(True, f"{path} is whole (its format is {schema}{older})")
        yield from _leftovers(path)


def _leftovers(path: Location) -> Iterator[Finding]:
    try:
        left, alike = look_for_leftovers(path), look_for_alike(path)
    except StoreError as error:
        yield Finding(False, str(error))
        return
    for text in left:
        yield Finding(False, f"there are {text}; the next start of the server mends that")
    if alike:
        text = (
            "there are names that look like an older one by today's data of Unicode; they stay, "
            f"and no further ones are made: {', '.join(alike)}"
        )
        yield Finding(True, text)


def _certificate(use: InUse, now: datetime, issuer: Path | None = None) -> Iterator[Finding]:
    path = use.certificate
    try:
        report = check_server_files(path, use.key, now=now)
        _check_issuer(path, issuer)
        pin = pin_of(path, report)
    except CaError as error:
        yield Finding(False, str(error))
        return
    for warning in report.warnings:
        yield Finding(False, warning)
    yield _validity(path, report, own=issuer is not None)
    if use.host is not None and not is_for(report.names, use.host):
        yield Finding(False, _wrong_name(use, report.names))
    # An empty pin is one, too: it says that a public authority is trusted.
    if use.pin is not None and use.pin != (pin.hex() if pin else ""):
        text = (
            f"{path} is from another authority than the one that links name; restart the server, "
            "and give the members new links (`invite --login`)"
        )
        yield Finding(False, text)


def name_problem(use: InUse, host: str) -> str | None:
    """Why clients that connect to host refuse the certificate in use; None when they don't, or when
    it can't be read.
    """
    try:
        leaf = pem.load_certificates(use.certificate)[0]
        names = [str(name) for name in pem.subject_names(leaf, use.certificate)]
    except CaError:
        return None
    return None if is_for(names, host) else _wrong_name(replace(use, host=host), names)


def _wrong_name(use: InUse, names: Sequence[str]) -> str:
    """The text for a certificate that isn't for the address which clients connect to."""
    way = (
        "restart the server, which makes one for it or says why it can't"
        if use.own
        else "get one for it, or put one of these names into address in [server]"
    )
    return (
        f"{use.certificate} is for {', '.join(names)}, and clients are told to connect to "
        f"{use.host}, so that they refuse it; {way}"
    )


def _check_issuer(path: Path, issuer: Path | None) -> None:
    """Raises AuthorityError when a certificate isn't signed by the one in the file `issuer`."""
    if issuer is None:  # it was given by --cert, so any authority will do
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
    # The key may be kept elsewhere, or want a passphrase: neither is a fault, nor can be looked at.
    if authority.key_path.exists() and not pem.is_encrypted(authority.key_path):
        authority.issuer()
