"""`securechat-admin token …` and `certificate …`: what logs in beside the password.

Device tokens and client certificates have names, which their account gives once each, and are
listed and revoked alike.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from securechat.admin.context import AdminContext
from securechat.admin.listing import echo_json, local_time, table, utc
from securechat.admin.users import find_account
from securechat.ca import pem
from securechat.ca.errors import AuthorityError, ValidityError
from securechat.common.language import _
from securechat.credentials.device import (
    MAX_NAME_CHARS,
    default_name,
    fingerprint_of,
    is_token_name,
)
from securechat.store.admin import wall_clock
from securechat.store.credentials import CERTIFICATES, TOKENS, NamedCredential
from securechat.store.sql.rows import CertificateRow, TokenRow


def _checked_name(context: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """Check the name of a token or a certificate. Raises click.BadParameter."""
    if value is not None and not is_token_name(value):
        raise click.BadParameter(
            f"expected one word of at most {MAX_NAME_CHARS} characters, not beginning with ':', "
            "such as laptop"
        )
    return value


# --- tokens --------------------------------------------------------------------------------------


@click.group()
def token() -> None:
    """Device tokens: make, list, revoke. A token logs in in the password's place."""


@token.command()
@click.argument("account")
@click.argument("name", callback=_checked_name)
@click.pass_obj
def create(context: AdminContext, account: str, name: str) -> None:
    """Print a new token of ACCOUNT, for the device or the bot NAME.

    It is shown this once: the server keeps a hash of it only. It needs no second factor, and works
    until it is revoked or the account has a new password.

    \b
    Example: securechat-admin token create monitor backup > backup.token
    """
    row = find_account(context, account)
    # Alone on standard output, for scripts; all else goes to standard error.
    click.echo(context.admin.make_token(row, name, wall_clock()))
    click.echo(
        _(
            "This token logs in as {account} in the password's place. It is not shown again; to "
            "end it: securechat-admin token revoke {account} {name}"
        ).format(account=row.name, name=name),
        err=True,
    )
    context.settle()


@token.command("list")
@click.argument("account", required=False)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def list_tokens(context: AdminContext, account: str | None, as_json: bool) -> None:
    """Show the tokens of ACCOUNT, or all: their names and when they were last used.

    \b
    Example: securechat-admin token list monitor
    """
    if not _list(context, TOKENS, ("ACCOUNT", "NAME", "MADE", "LAST USED"), account, as_json):
        click.echo(_("There is no token; `token create ACCOUNT NAME` makes one."), err=True)


@token.command("revoke")
@click.argument("account")
@click.argument("name")
@click.pass_obj
def revoke_token(context: AdminContext, account: str, name: str) -> None:
    """End the token NAME of ACCOUNT. Whoever is logged in with it is logged out.

    \b
    Example: securechat-admin token revoke monitor backup
    """
    row = find_account(context, account)
    context.admin.revoke_credential(TOKENS, row, name)
    click.echo(
        _("The token {name} of {account} is revoked; it is worth nothing.").format(
            name=name, account=row.name
        )
    )
    context.settle()


# --- certificates --------------------------------------------------------------------------------


@click.group()
def certificate() -> None:
    """Client certificates: add, list, revoke. Only those that are added log in."""


@certificate.command()
@click.argument("account")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--name", callback=_checked_name, help="What it is called. [the file's name]")
@click.pass_obj
def add(context: AdminContext, account: str, file: Path, name: str | None) -> None:
    """Let the client certificate in FILE (PEM) log ACCOUNT in, by SASL EXTERNAL.

    The server takes it if its client_ca has signed it too. It needs no second factor, and works
    until it expires, is revoked or the account has a new password.

    \b
    Example: securechat-admin certificate add alice ~/clients/client-alice.pem
    """
    row = find_account(context, account)
    fingerprint = fingerprint_of(_read(file))
    name = name or (file.stem if is_token_name(file.stem) else default_name(fingerprint))
    context.admin.add_certificate(row, name, fingerprint, wall_clock())
    click.echo(
        _(
            "The certificate {name} logs in as {account}. SHA-256: {fingerprint}\n"
            "To end it: securechat-admin certificate revoke {account} {name}"
        ).format(name=name, account=row.name, fingerprint=fingerprint.hex())
    )
    context.settle()


def _read(file: Path) -> bytes:
    """The certificate in its DER form. Raises CaError when no client can log in with it."""
    found = pem.load_certificates(file)[0]
    usage = pem.extension(found, x509.ExtendedKeyUsage, file)
    # As at a login, where one that says nothing of its purpose isn't taken either.
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
def list_certificates(context: AdminContext, account: str | None, as_json: bool) -> None:
    """Show the certificates of ACCOUNT, or all: names, when last used, fingerprints.

    \b
    Example: securechat-admin certificate list alice
    """
    header = ("ACCOUNT", "NAME", "ADDED", "LAST USED", "SHA-256")
    if not _list(context, CERTIFICATES, header, account, as_json):
        text = _("There is no certificate; `certificate add ACCOUNT FILE` registers one.")
        click.echo(text, err=True)


@certificate.command("revoke")
@click.argument("account")
@click.argument("name")
@click.pass_obj
def revoke_certificate(context: AdminContext, account: str, name: str) -> None:
    """End the certificate NAME of ACCOUNT. Whoever is logged in with it is logged out.

    \b
    Example: securechat-admin certificate revoke alice client-alice
    """
    row = find_account(context, account)
    context.admin.revoke_credential(CERTIFICATES, row, name)
    click.echo(
        _("The certificate {name} of {account} is revoked; it logs nobody in.").format(
            name=name, account=row.name
        )
    )
    context.settle()


# --- what both are listed by ---------------------------------------------------------------------


def _list(
    context: AdminContext,
    kind: NamedCredential,
    header: tuple[str, ...],
    account: str | None,
    as_json: bool,
) -> bool:
    """Print those of an account, or of all. False when there is none, and nothing for people."""
    owners = {row.id: row.name for row in context.admin.reader.accounts()}
    rows = [*kind.rows(context.admin.reader)]
    if account is not None:
        owner = find_account(context, account).id
        rows = [row for row in rows if row.account == owner]
    rows.sort(key=lambda row: (owners[row.account], row.name))
    if as_json:
        echo_json([_entry(row, owners[row.account]) for row in rows])
    elif rows:
        cells = [_cells(row, owners[row.account]) for row in rows]
        click.echo("\n".join(table(header, cells)))
    return as_json or bool(rows)


def _cells(row: TokenRow | CertificateRow, owner: str) -> tuple[str, ...]:
    used = local_time(row.used_ms) if row.used_ms is not None else _("never")
    # A token's digest is nobody's business; a fingerprint is what certificates are compared by.
    shown = (row.fingerprint.hex(),) if isinstance(row, CertificateRow) else ()
    return owner, row.name, local_time(row.created_ms), used, *shown


def _entry(row: TokenRow | CertificateRow, owner: str) -> dict[str, object]:
    shown = {"sha256": row.fingerprint.hex()} if isinstance(row, CertificateRow) else {}
    return {
        "account": owner,
        "name": row.name,
        **shown,
        "created": utc(row.created_ms),
        "last_used": utc(row.used_ms) if row.used_ms is not None else None,
    }
