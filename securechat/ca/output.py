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
from securechat.common.fingerprints import grouped
from securechat.common.language import _, ngettext, translated


def made(
    authority: Authority, server: ServerCertificate, names: Sequence[Name], now: datetime
) -> Iterator[str]:
    """After a server certificate was made, perhaps with its CA."""
    if authority.created:
        yield _("Made a certificate authority (CA), {path}").format(path=authority.path)
        yield _("  signs for   {names}").format(
            names=translated(constraints.describe(authority.constraints))
        )
        yield _("  valid until {date}").format(date=_until(authority.not_after, now))
        for name in constraints.wide_names(names):
            yield _(
                "  note        '{name}' has no dot: that includes every name ending in .{name}"
            ).format(name=name)
    yield _("Made a server certificate, {certificate}").format(certificate=server.certificate)
    yield from _server_lines(authority, server, now)
    yield ""
    yield _("Next:")
    yield _("  Start the server:  securechat-server --cert {certificate}").format(
        certificate=shlex.quote(str(server.certificate))
    )
    yield _("  Give members       {path}").format(path=authority.path)
    yield _("  and let them see that its SHA-256 fingerprint is")
    yield f"    {grouped(authority.fingerprint)}"
    yield _("  Keep to yourself   {key_path} and {key}").format(
        key_path=authority.key_path, key=server.key
    )


def renewed(authority: Authority, server: ServerCertificate, now: datetime) -> Iterator[str]:
    """After the server certificate was renewed."""
    yield _("Renewed {certificate}").format(certificate=server.certificate)
    yield from _server_lines(authority, server, now)
    yield ""
    yield _("Next:")
    yield _("  A running server takes it up on SIGHUP (kill -HUP PID); nobody is dropped.")
    yield _("  Members need nothing new: the CA is the same.")


def client(authority: Authority, path: Path, now: datetime) -> Iterator[str]:
    """After a client certificate was made."""
    certificate = pem.load_certificates(path)[0]
    if authority.created:
        yield _("Made a certificate authority (CA) for clients, {path}").format(path=authority.path)
        yield _("  valid until {date}").format(date=_until(authority.not_after, now))
    account = escape_exactly(_subject(certificate))
    yield _("Made {path}: certificate and private key of {account}").format(
        path=path, account=account
    )
    yield _("  valid until {date}").format(date=_until(certificate.not_valid_after_utc, now))
    yield _("  SHA-256     {fingerprint}").format(fingerprint=grouped(pem.fingerprint(certificate)))
    yield ""
    yield _("Next:")
    yield _("  Hand this file to {account} in private; whoever has it logs in with it.").format(
        account=account
    )
    yield _("  The chat program takes it as certificate and key (WeeChat and irssi: tls_cert),")
    yield _("  and logs in by SASL EXTERNAL.")
    yield _("  The server asks for such certificates with this in its configuration:")
    yield "    [tls]"
    yield f'    client_ca = "{authority.path.resolve()}"'
    yield _("  and lets this one in as {account} after").format(account=account)
    yield f"    securechat-admin certificate add {account} {shlex.quote(str(path))}"
    yield _("  Keep to yourself   {key_path}").format(key_path=authority.key_path)


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
    yield _("  name        {name}").format(name=escape_exactly(_subject(authority.certificate)))
    signs = constraints.describe(authority.constraints)
    yield _("  signs for   {names}").format(
        names=translated(signs) if authority.stem == "ca" else _("clients only")
    )
    yield from _dates(authority.certificate, now)
    yield _("  SHA-256     {fingerprint}").format(fingerprint=grouped(authority.fingerprint))
    yield _("  key         {state}").format(
        state=_key_state(authority.certificate, authority.key_path)
    )


def _show_leaf(path: Path, authority: Authority | None, now: datetime) -> Iterator[str]:
    certificate = pem.load_certificates(path)[0]
    names = [str(name) for name in pem.subject_names(certificate, path)]
    yield f"{escape_exactly(str(path))}"
    yield _("  names       {names}").format(
        names=escape_exactly(", ".join(names) or _subject(certificate))
    )
    yield from _dates(certificate, now)
    yield _("  SHA-256     {fingerprint}").format(fingerprint=grouped(pem.fingerprint(certificate)))
    if path.name == "server.pem":
        yield _("  key         {state}").format(
            state=_key_state(certificate, pem.key_path_for(path))
        )
    if authority and not pem.is_issued_by(certificate, authority.certificate):
        yield _("  note        NOT from the CA in {name}").format(name=authority.path.name)


def _dates(certificate: x509.Certificate, now: datetime) -> Iterator[str]:
    if now < certificate.not_valid_before_utc:
        yield _("  valid from  {date:%Y-%m-%d %H:%M} UTC (NOT YET)").format(
            date=certificate.not_valid_before_utc
        )
    else:
        yield _("  valid from  {date:%Y-%m-%d %H:%M} UTC").format(
            date=certificate.not_valid_before_utc
        )
    yield _("  valid until {date}").format(date=_until(certificate.not_valid_after_utc, now))


def _server_lines(authority: Authority, server: ServerCertificate, now: datetime) -> Iterator[str]:
    yield _("  names       {names}").format(names=", ".join(server.names))
    yield _("  valid until {date}").format(date=_until(server.not_after, now))
    if server.not_after == authority.not_after:
        renewal = gencerts(authority.directory, "--new-ca", "--force", "NAME…")
        yield _("  note        it ends with its CA; make a new CA before that: {renewal}").format(
            renewal=renewal
        )


def _until(end: datetime, now: datetime) -> str:
    if now > end:
        return _("{end:%Y-%m-%d %H:%M} UTC (EXPIRED)").format(end=end)
    days = (end - now) // timedelta(days=1)
    return ngettext(
        "{end:%Y-%m-%d %H:%M} UTC ({days} day left)",
        "{end:%Y-%m-%d %H:%M} UTC ({days} days left)",
        days,
    ).format(end=end, days=days)


def _key_state(certificate: x509.Certificate, path: Path) -> str:
    if not path.exists():
        return _("{path} is not here").format(path=path)
    try:
        if pem.is_encrypted(path):
            return _("{path}, encrypted").format(path=path)
        belongs = pem.same_key(certificate, pem.load_key(path))
    except CaError as error:
        return _("NOT usable: {error}").format(error=translated(error))
    return (
        _("{path}, not encrypted").format(path=path)
        if belongs
        else _("{path} does NOT belong to this certificate").format(path=path)
    )


def _subject(certificate: x509.Certificate) -> str:
    for attribute in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME):
        return str(attribute.value)
    return _("(no name)")
