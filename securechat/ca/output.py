"""The texts that ``gencerts`` prints: what was made, what comes next, what is in a directory."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.x509.oid import NameOID

from securechat.ca import clients, constraints, pem
from securechat.ca.authority import Authority, ServerCertificate, load_authority
from securechat.ca.errors import CaError, gencerts
from securechat.ca.names import Name
from securechat.common.escape import escape_exactly


def made(
    authority: Authority, server: ServerCertificate, names: Sequence[Name], now: datetime
) -> Iterator[str]:
    """After a server certificate was made, perhaps with its CA."""
    if authority.created:
        yield f"Made a certificate authority (CA), {authority.path}"
        yield f"  signs for   {constraints.describe(authority.constraints)}"
        yield f"  valid until {_until(authority.not_after, now)}"
        for name in constraints.wide_names(names):
            yield f"  note        '{name}' has no dot: that includes every name ending in .{name}"
    yield f"Made a server certificate, {server.certificate}"
    yield from _server_lines(authority, server, now)
    yield ""
    yield "Next:"
    yield f"  Start the server:  securechat-server --cert {shlex.quote(str(server.certificate))}"
    yield f"  Give members       {authority.path}"
    yield "  and let them see that its SHA-256 fingerprint is"
    yield f"    {authority.fingerprint}"
    yield f"  Keep to yourself   {authority.key_path} and {server.key}"


def renewed(authority: Authority, server: ServerCertificate, now: datetime) -> Iterator[str]:
    """After the server certificate was renewed."""
    yield f"Renewed {server.certificate}"
    yield from _server_lines(authority, server, now)
    yield ""
    yield "Next:"
    yield "  A running server takes it up on SIGHUP (kill -HUP PID); nobody is dropped."
    yield "  Members need nothing new: the CA is the same."


def client(authority: Authority, path: Path, now: datetime) -> Iterator[str]:
    """After a client certificate was made."""
    certificate = pem.load_certificates(path)[0]
    if authority.created:
        yield f"Made a certificate authority (CA) for clients, {authority.path}"
        yield f"  valid until {_until(authority.not_after, now)}"
    account = escape_exactly(_subject(certificate))
    yield f"Made {path}: certificate and private key of {account}"
    yield f"  valid until {_until(certificate.not_valid_after_utc, now)}"
    yield f"  SHA-256     {pem.fingerprint(certificate)}"
    yield ""
    yield "Next:"
    yield f"  Hand this file to {account} in private; whoever has it logs in with it."
    yield "  The chat program takes it as certificate and key (WeeChat and irssi: tls_cert),"
    yield "  and logs in by SASL EXTERNAL."
    yield "  The server asks for such certificates with this in its configuration:"
    yield "    [tls]"
    yield f'    client_ca = "{authority.path.resolve()}"'
    yield f"  and lets this one in as {account} after"
    yield f"    securechat-admin certificate add {account} {shlex.quote(str(path))}"
    yield f"  Keep to yourself   {authority.key_path}"


def show(directory: Path, now: datetime) -> Iterator[str | CaError]:
    """The content of a directory, file by file; a file that can't be read yields its error."""
    authority: Authority | None = None
    try:
        authority = load_authority(directory)
        yield from _show_ca(authority, now)
    except CaError as error:
        yield error
    yield from _show_leaves([directory / "server.pem"], authority, now)
    signer: Authority | None = None
    if clients.exists(directory):
        try:
            signer = clients.load_authority(directory)
            yield from _show_ca(signer, now)
        except CaError as error:
            yield error
    yield from _show_leaves(sorted(directory.glob("client-*.pem")), signer or authority, now)


def _show_leaves(
    paths: Iterable[Path], authority: Authority | None, now: datetime
) -> Iterator[str | CaError]:
    for path in paths:
        if path.exists():
            try:
                yield from _show_leaf(path, authority, now)
            except CaError as error:
                yield error


def _show_ca(authority: Authority, now: datetime) -> Iterator[str]:
    yield f"{authority.path}"
    yield f"  name        {escape_exactly(_subject(authority.certificate))}"
    signs = constraints.describe(authority.constraints)
    yield f"  signs for   {signs if authority.stem == 'ca' else 'clients only'}"
    yield from _dates(authority.certificate, now)
    yield f"  SHA-256     {authority.fingerprint}"
    yield f"  key         {_key_state(authority.certificate, authority.key_path)}"


def _show_leaf(path: Path, authority: Authority | None, now: datetime) -> Iterator[str]:
    certificate = pem.load_certificates(path)[0]
    names = [str(name) for name in pem.subject_names(certificate, path)]
    yield f"{escape_exactly(str(path))}"
    yield f"  names       {escape_exactly(', '.join(names) or _subject(certificate))}"
    yield from _dates(certificate, now)
    yield f"  SHA-256     {pem.fingerprint(certificate)}"
    if path.name == "server.pem":
        yield f"  key         {_key_state(certificate, pem.key_path_for(path))}"
    if authority and not pem.is_issued_by(certificate, authority.certificate):
        yield f"  note        NOT from the CA in {authority.path.name}"


def _dates(certificate: x509.Certificate, now: datetime) -> Iterator[str]:
    if now < certificate.not_valid_before_utc:
        yield f"  valid from  {certificate.not_valid_before_utc:%Y-%m-%d %H:%M} UTC (NOT YET)"
    else:
        yield f"  valid from  {certificate.not_valid_before_utc:%Y-%m-%d %H:%M} UTC"
    yield f"  valid until {_until(certificate.not_valid_after_utc, now)}"


def _server_lines(authority: Authority, server: ServerCertificate, now: datetime) -> Iterator[str]:
    yield f"  names       {', '.join(server.names)}"
    yield f"  valid until {_until(server.not_after, now)}"
    if server.not_after == authority.not_after:
        renewal = gencerts(authority.directory, "--new-ca", "--force", "NAME…")
        yield f"  note        it ends with its CA; make a new CA before that: {renewal}"


def _until(end: datetime, now: datetime) -> str:
    if now > end:
        return f"{end:%Y-%m-%d %H:%M} UTC (EXPIRED)"
    return f"{end:%Y-%m-%d %H:%M} UTC ({(end - now) // timedelta(days=1)} days left)"


def _key_state(certificate: x509.Certificate, path: Path) -> str:
    if not path.exists():
        return f"{path} is not here"
    try:
        if pem.is_encrypted(path):
            return f"{path}, encrypted"
        belongs = pem.same_key(certificate, pem.load_key(path))
    except CaError as error:
        return f"NOT usable: {error}"
    return f"{path}, not encrypted" if belongs else f"{path} does NOT belong to this certificate"


def _subject(certificate: x509.Certificate) -> str:
    for attribute in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME):
        return str(attribute.value)
    return "(no name)"
