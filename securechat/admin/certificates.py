"""`securechat-admin certificate …`: which client certificates log in."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import click
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from securechat.admin.context import AdminContext
from securechat.admin.listing import local_time, table, utc
from securechat.admin.tokens import checked_name
from securechat.admin.users import find_account
from securechat.ca import pem
from securechat.ca.errors import AuthorityError, ValidityError
from securechat.credentials.certificate import default_name, fingerprint_of
from securechat.credentials.token import is_token_name
from securechat.store.admin import wall_clock
from securechat.store.sqlite.reader import CertificateRow


@click.group()
def certificate() -> None:
    """Client certificates: add, list, revoke. Only those that are added log in."""


@certificate.command()
@click.argument("account")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--name", callback=checked_name, help="What it is called. [the file's name]")
@click.pass_obj
def add(office: AdminContext, account: str, file: Path, name: str | None) -> None:
    """Let the client certificate in FILE (PEM) log ACCOUNT in, by SASL EXTERNAL.

    The server takes it if its client_ca has signed it too. It needs no second factor, and works
    until it expires, is revoked or the account has a new password.
    """
    row = find_account(office, account)
    fingerprint = fingerprint_of(_read(file))
    name = name or (file.stem if is_token_name(file.stem) else default_name(fingerprint))
    office.admin.add_certificate(row, name, fingerprint, wall_clock())
    click.echo(
        f"The certificate {name} logs in as {row.name}. SHA-256: {fingerprint.hex()}\n"
        f"To end it: securechat-admin certificate revoke {row.name} {name}"
    )
    office.settle()


def _read(file: Path) -> bytes:
    """The certificate in its DER form. Raises CaError when no client can log in with it."""
    found = pem.load_certificates(file)[0]
    usage = pem.extension(found, x509.ExtendedKeyUsage, file)
    if usage is None or ExtendedKeyUsageOID.CLIENT_AUTH not in usage:
        raise AuthorityError(
            f"{file}: expected a client's certificate, found one without clientAuth in its "
            "extended key usage: 'gencerts client ACCOUNT' makes one"
        )
    if datetime.now(UTC) > found.not_valid_after_utc:
        raise ValidityError(f"{file}: expired on {found.not_valid_after_utc:%Y-%m-%d}")
    return found.public_bytes(Encoding.DER)


@certificate.command("list")
@click.argument("account", required=False)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def list_(office: AdminContext, account: str | None, as_json: bool) -> None:
    """Show the certificates of ACCOUNT, or all: names, when last used, fingerprints."""
    owners = {row.id: row.name for row in office.admin.reader.accounts()}
    rows = office.admin.reader.certificates()
    if account is not None:
        owner = find_account(office, account).id
        rows = [row for row in rows if row.account == owner]
    rows.sort(key=lambda row: (owners[row.account], row.name))
    if as_json:
        click.echo(json.dumps([_entry(row, owners[row.account]) for row in rows], indent=2))
    elif rows:
        cells = [_cells(row, owners[row.account]) for row in rows]
        header = ("ACCOUNT", "NAME", "ADDED", "LAST USED", "SHA-256")
        click.echo("\n".join(table(header, cells)))
    else:
        text = "There is no certificate; `certificate add ACCOUNT FILE` registers one."
        click.echo(text, err=True)


def _cells(row: CertificateRow, owner: str) -> tuple[str, ...]:
    used = local_time(row.used_ms) if row.used_ms is not None else "never"
    return owner, row.name, local_time(row.created_ms), used, row.fingerprint.hex()


def _entry(row: CertificateRow, owner: str) -> dict[str, object]:
    return {
        "account": owner,
        "name": row.name,
        "sha256": row.fingerprint.hex(),
        "created": utc(row.created_ms),
        "last_used": utc(row.used_ms) if row.used_ms is not None else None,
    }


@certificate.command()
@click.argument("account")
@click.argument("name")
@click.pass_obj
def revoke(office: AdminContext, account: str, name: str) -> None:
    """End the certificate NAME of ACCOUNT. Whoever is logged in with it is logged out."""
    row = find_account(office, account)
    office.admin.revoke_certificate(row, name)
    click.echo(f"The certificate {name} of {row.name} is revoked; it logs nobody in.")
    office.settle()
