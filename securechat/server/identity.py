"""Which certificate the server shows, and what its clients call it."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from securechat.ca import pem
from securechat.ca.check import CertificateReport, check_server_files
from securechat.ca.ensure import ensure_server_certificate
from securechat.ca.names import default_names
from securechat.server.config import Config
from securechat.server.data import DataDirectory

WARN_DAYS = 30


@dataclass(frozen=True, slots=True)
class Identity:
    """certificate, key, ca_file: PEM files. ca_sha256: of the CA that clients pin, None for a
    certificate of a public CA. days_left: until the certificate expires. warnings: for the log.
    """

    certificate: Path
    key: Path
    ca_file: Path | None
    ca_sha256: bytes | None
    days_left: int
    names: tuple[str, ...]
    warnings: tuple[str, ...]


def find_identity(config: Config, data: DataDirectory) -> Identity:
    """The configured certificate, checked; or the server's own, made or renewed as needed.

    Raises CaError.
    """
    certificate = config.path(config.tls.cert)
    if certificate is None:
        return _own(config, data)
    key = config.path(config.tls.key) or pem.key_path_for(certificate)
    report = check_server_files(certificate, key, now=datetime.now(UTC))
    pin = _pin(certificate, report)
    warnings = [*report.warnings, *_expiry(certificate, report.days_left)]
    return Identity(certificate, key, None, pin, report.days_left, report.names, tuple(warnings))


def _pin(certificate: Path, report: CertificateReport) -> bytes | None:
    """The CA at the end of a chain. A public CA's chain ends with an intermediate, which changes
    without notice and verifies nothing by itself: then clients use their system's store.
    """
    last = pem.load_certificates(certificate)[-1]
    if report.ca_fingerprint is None or not pem.is_issued_by(last, last):
        return None
    return bytes.fromhex(report.ca_fingerprint)


def _own(config: Config, data: DataDirectory) -> Identity:
    now = datetime.now(UTC)
    made = ensure_server_certificate(data.tls, wanted_names(config), now=now)
    days = (made.not_after - now).days
    warnings = [made.warning] if made.warning else []
    if made.refused_names:
        warnings.append(
            f"the certificate leaves out {', '.join(made.refused_names)}: the CA in {data.tls} was "
            "not made for them; see `gencerts --help` for how to make a wider one"
        )
    warnings += _expiry(made.certificate, days)
    pin = bytes.fromhex(made.ca_fingerprint)
    return Identity(made.certificate, made.key, made.ca, pin, days, made.names, tuple(warnings))


def _expiry(certificate: Path, days: int) -> list[str]:
    if days >= WARN_DAYS:
        return []
    return [f"{certificate} expires in {days} days; renew it and send the server a SIGHUP"]


def wanted_names(config: Config) -> list[str]:
    """What the server's own certificate should be for: this machine's names, and the configured."""
    names = list(default_names())
    address = local_address()
    if address is not None:
        names.append(address)
    for extra in (config.server.address, config.server.name, config.listen.host):
        if extra and not _is_wildcard(extra) and extra != server_name_fallback():
            names.append(extra)
    return list(dict.fromkeys(names))


def server_name(config: Config) -> str:
    """The server's name on the wire."""
    return config.server.name or server_name_fallback()


def server_name_fallback() -> str:
    """From this machine's host name; with a dot, as clients tell servers from nicks by it."""
    host = "".join(c for c in socket.gethostname() if c.isascii() and (c.isalnum() or c in "-."))
    host = host.strip("-.")[:50] or "securechat"
    return host if "." in host else f"{host}.local"


def public_host(config: Config) -> str:
    """What clients are told to connect to."""
    if config.server.address:
        return config.server.address
    if not _is_wildcard(config.listen.host):
        return config.listen.host
    return local_address() or socket.gethostname()


def _is_wildcard(host: str) -> bool:
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_unspecified
    return False


def local_address() -> str | None:
    """This machine's address in its network, if it is in one.

    Connecting a UDP socket sends nothing; it only has the system choose the address to send from.
    """
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # TEST-NET-1, RFC 5737
        address = str(probe.getsockname()[0])
        if not ipaddress.ip_address(address).is_loopback:
            return address
    return None
