"""Which certificate the server shows, the TLS of its listener, and what its clients call it."""

from __future__ import annotations

import contextlib
import ipaddress
import shlex
import socket
import ssl
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from securechat.ca import pem
from securechat.ca.authority import ServerCertificate
from securechat.ca.check import CertificateReport, check_server_files
from securechat.ca.ensure import ensure_server_certificate
from securechat.ca.errors import AuthorityError
from securechat.ca.names import default_names
from securechat.credentials.link import Place
from securechat.net import tls
from securechat.server.config import Config
from securechat.server.data import DataDirectory

WARN_DAYS = 30


@dataclass(frozen=True, slots=True)
class Identity:
    """certificate, key, ca_file: PEM files. ca_sha256: of the CA that clients pin, None for a
    certificate of a public CA. days_left, not_after: until the certificate expires. warnings: for
    the log. wanted: the names that were asked for, of a certificate of its own.
    """

    certificate: Path
    key: Path
    ca_file: Path | None
    ca_sha256: bytes | None
    days_left: int
    not_after: datetime
    names: tuple[str, ...]
    warnings: tuple[str, ...]
    wanted: list[str] = field(default_factory=list)


def find_identity(config: Config, data: DataDirectory) -> Identity:
    """The configured certificate, checked; or the server's own, made or renewed as needed.

    Raises CaError.
    """
    certificate = config.path(config.tls.cert)
    if certificate is None:
        return _own(config, data)
    key = config.path(config.tls.key) or pem.key_path_for(certificate)
    report = check_server_files(certificate, key, now=datetime.now(UTC))
    pin = pin_of(certificate, report)
    warnings = [*report.warnings, *_expiry(certificate, report.days_left)]
    days, until = report.days_left, report.not_after
    return Identity(certificate, key, None, pin, days, until, report.names, tuple(warnings))


def pin_of(certificate: Path, report: CertificateReport) -> bytes | None:
    """The CA at the end of a chain. A public CA's chain ends with an intermediate, which changes
    without notice and verifies nothing by itself: then clients use their system's store.
    """
    last = pem.load_certificates(certificate)[-1]
    # A CA that a client can pin signs itself.
    if report.ca_fingerprint is None or not pem.is_issued_by(last, last):
        return None
    return bytes.fromhex(report.ca_fingerprint)


def _own(config: Config, data: DataDirectory) -> Identity:
    now = datetime.now(UTC)
    wanted = names_to_ask(config, data)
    made = ensure_server_certificate(data.tls, wanted, now=now)
    days = (made.not_after - now).days
    warnings = _own_warnings(config, data, made, days)
    pin = bytes.fromhex(made.ca_fingerprint)
    return Identity(
        made.certificate,
        made.key,
        made.ca,
        pin,
        days,
        made.not_after,
        made.names,
        tuple(warnings),
        wanted,
    )


def _too_narrow(missing: list[str], made: ServerCertificate, directory: Path) -> str:
    """What to do about a CA that was made before the server had this name."""
    where, names = shlex.quote(str(directory)), shlex.join(dict.fromkeys([*made.names, *missing]))
    return (
        f"the certificate leaves out {', '.join(missing)}, as the CA in {directory} was not made "
        f"for that, and clients that connect there refuse it. Make a new CA by `gencerts make "
        f"--new-ca --force --out {where} {names}` and start the server again; then whoever has "
        "been here needs the link of `securechat-admin invite --login`, for `securechat login "
        "--replace-trust LINK`"
    )


def _expiry(certificate: Path, days: int) -> list[str]:
    if days >= WARN_DAYS:
        return []
    return [f"{certificate} expires in {days} days; renew it and send the server a SIGHUP"]


def _own_warnings(
    config: Config, data: DataDirectory, made: ServerCertificate, days: int
) -> list[str]:
    needed = needed_names(config)
    if not _signs_itself(config, data):
        # Where it listens at this machine alone, nobody else comes by that.
        told = [name for name in needed if name != config.listen.host or not is_loopback(name)]
        missing = [name for name in told if name not in made.names]
        if missing or days < WARN_DAYS:
            return [_prepared_anew(config.cluster.node, made, missing)]
        return []
    warnings = [made.warning] if made.warning else []
    # Only names that clients are told; that a laptop's other address is left out is no fault.
    missing = [name for name in needed if name in made.refused_names]
    if missing:
        warnings.append(_too_narrow(missing, made, data.tls))
    return [*warnings, *_expiry(made.certificate, days)]


def names_to_ask(config: Config, data: DataDirectory) -> list[str]:
    """What the server's own certificate should be for, by who can make another one."""
    return wanted_names(config) if _signs_itself(config, data) else needed_names(config)


def _signs_itself(config: Config, data: DataDirectory) -> bool:
    """False for a node that has joined: the authority's key has stayed at another one."""
    key, ca = data.tls / "ca-key.pem", data.tls / "ca.pem"
    # Where there is neither, it is the first start of the first node, which makes both.
    return not config.cluster.node or key.exists() or not ca.exists()


def _prepared_anew(node: str, made: ServerCertificate, missing: list[str]) -> str:
    reason = f"leaves out {', '.join(missing)}" if missing else f"ends on {made.not_after:%Y-%m-%d}"
    names = shlex.join(dict.fromkeys([*made.names, *missing]))
    return (
        f"the certificate of this node {reason}, and the authority's key is at another node: there "
        f"make another one by `securechat-admin nodes prepare {node} {names} --out FILE`, and take "
        "it up here by `securechat-admin nodes renew FILE`"
    )


def wanted_names(config: Config) -> list[str]:
    """What the server's own certificate should be for: this machine's names, and the configured.

    With its name in `.local`, by which machines of one network find each other (RFC 6762).
    """
    names = list(default_names())
    names += [f"{name}.local" for name in names if _is_own_label(name)]
    address = local_address()
    if address is not None:
        # Clients in the same network may know the machine by nothing else.
        names.append(address)
    return list(dict.fromkeys([*names, *needed_names(config)]))


def _is_own_label(name: str) -> bool:
    """Whether it is this machine's name, and has no dot."""
    return name != "localhost" and not set(name) & set(".:")


def needed_names(config: Config) -> list[str]:
    """Those that clients are told, or may have been: without them a certificate is of no use."""
    # Those of other nodes, too: they are of one authority, which has to be made for all of them.
    further = [host for host, _port in config.server.further]
    given = [config.server.public[0], config.server.name, config.listen.host, *further]
    names = [name for name in given if name and not is_wildcard(name)]
    told = public_host(config)
    if told in (*default_names(), local_address()):  # a machine's name may be none for a host
        names.append(told)
    return list(dict.fromkeys(name for name in names if name != server_name_fallback()))


def server_name(config: Config) -> str:
    """The server's name on the wire."""
    return config.server.name or server_name_fallback()


def server_name_fallback() -> str:
    """From this machine's host name; with a dot, as clients tell servers from nicks by it."""
    # What else stands there would end a parameter or look like a nick on the wire.
    host = "".join(c for c in socket.gethostname() if c.isascii() and (c.isalnum() or c in "-."))
    host = host.strip("-.")[:50] or "securechat"
    return host if "." in host else f"{host}.local"


def listener_context(config: Config, identity: Identity) -> ssl.SSLContext:
    """The TLS of the listener, for a start, a reload or a check. Raises TlsFilesError, CaError."""
    client_ca = config.path(config.tls.client_ca)
    context = tls.server_context(
        identity.certificate,
        identity.key,
        client_ca=client_ca,
        min_version=config.tls.min_version,
        key_exchange=config.tls.key_exchange,
    )
    if client_ca is not None:
        _check_apart(client_ca, identity)
    return context


def web_context(config: Config, identity: Identity) -> ssl.SSLContext:
    """The TLS of the listener for browsers, which are asked for no certificate: they would put it
    to people. Raises TlsFilesError, CaError.
    """
    return tls.server_context(
        identity.certificate,
        identity.key,
        min_version=config.tls.min_version,
        key_exchange=config.tls.key_exchange,
        alpn="http/1.1",
    )


def web_url(config: Config, port: int) -> str:
    """What people open in a browser, '' where there is no page. port: the one listened on."""
    if not config.web.host:
        return ""
    host = reachable_host(config.server.public[0], config.web.host)
    shown = f"[{host}]" if ":" in host else host
    return config.web.url or f"https://{shown}:{port}/"


def _check_apart(client_ca: Path, identity: Identity) -> None:
    """Raises AuthorityError when the key that signs servers would sign clients as well."""
    chain = pem.load_certificates(identity.certificate)
    for authority in pem.load_certificates(client_ca):
        if any(pem.is_issued_by(one, authority) for one in chain):
            raise AuthorityError(
                f"{client_ca}: this is the authority of the server's own certificate. Who has its "
                "key must not get in with it: make another one with 'gencerts client ACCOUNT', and "
                "name its clients-ca.pem as client_ca in [tls]"
            )


def public_host(config: Config) -> str:
    """What clients are told to connect to."""
    return reachable_host(config.server.public[0], config.listen.host)


def public_port(config: Config, port: int) -> int:
    """The same, of ports. port: the one that is listened on."""
    return config.server.public[1] or port


def further_places(config: Config, port: int) -> list[Place]:
    """Where clients find the server beside that. port: the one that is listened on."""
    return [(host, given or port) for host, given in config.server.further]


def reachable_host(address: str, listen: str) -> str:
    """What clients connect to now, by [server] address and [listen] host.

    For all of this machine's addresses that is its name, if a name server may know it, as names
    last longer; else its address in its network.
    """
    if address:
        return address
    if not is_wildcard(listen):
        return listen
    host = socket.gethostname()
    if "." in host.strip(".") and not host.endswith(NOT_FOR_OTHERS):
        return host
    return local_address() or host


NOT_FOR_OTHERS = (".localdomain", ".local", ".localhost")
"""Ends of host names that no name server knows."""


def is_loopback(host: str) -> bool:
    """Whether only this machine can connect there."""
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host.lower() == "localhost"


def is_wildcard(host: str) -> bool:
    """Whether it stands for all addresses of this machine."""
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
