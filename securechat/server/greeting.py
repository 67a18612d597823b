"""What a started server prints: where it listens, whom to trust, and what to type next."""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path

import click

from securechat import __version__
from securechat.common.escape import escape_exactly
from securechat.common.fingerprints import grouped
from securechat.common.language import _, ngettext
from securechat.credentials.link import InviteLink, LoginLink
from securechat.server.data import default_directory
from securechat.server.identity import (
    Identity,
    further_places,
    is_loopback,
    public_host,
    public_port,
    web_url,
)
from securechat.server.links import FIRST_DAYS, first_link, link_to
from securechat.server.service import Service
from securechat.store.admin import Admin
from securechat.store.postgres.location import PostgresLocation

EFFECT_SECONDS = 5.0
"""How long the greeting waits at most for the hub to take up the first invite."""

POLL_SECONDS = 0.02


def greet(service: Service, link: InviteLink | None) -> None:
    """Print it on standard output. link: what make_link() gave. Main thread."""
    click.echo(_("securechat {version} is running.").format(version=__version__))
    for host, port in service.addresses:
        click.echo(
            _("  listens on   {host} port {port}, TLS {versions}").format(
                host=host, port=port, versions=_versions(service)
            )
        )
    if url := _page(service):
        click.echo(_("  page         {url} (for browsers)").format(url=url))
    click.echo(_("  data         {path}").format(path=service.data.path))
    if isinstance(service.data.location, PostgresLocation):
        place = escape_exactly(str(service.data.location))
        click.echo(_("  database     {location}").format(location=place))
    if node := service.config.cluster.node:
        click.echo(_("  node         {node}").format(node=node))
    for line in _trust(service.identity):
        click.echo(line)
    click.echo("")
    if link is not None:
        click.echo(
            _("There is no account yet. Make the first one, which administers the server:\n")
        )
        click.echo(f"  {program('securechat')} {link}\n")
        if url:
            click.echo(_("Or in a browser:\n"))
            click.echo(f"  {link.in_browser(url)}\n")
        click.echo(
            ngettext(
                "The link works once, within {days} day.",
                "The link works once, within {days} days.",
                FIRST_DAYS,
            ).format(days=FIRST_DAYS)
        )
    else:
        click.echo(
            _("Log in with:    {command}").format(
                command=f"{program('securechat')} {_login_link(service)}"
            )
        )
        click.echo(
            _("Invite others:  {command}").format(
                command=f"{program('securechat-admin')} invite{_data_flag(service)}"
            )
        )
    if not service.config.web.host:
        click.echo(_("With --web it also serves a page, for people who have only a browser."))
    # A newcomer's most frequent surprise: nobody else can connect.
    if all(is_loopback(address[0]) for address in service.addresses):
        click.echo(_("Only this machine can connect; --host 0.0.0.0 lets the network in."))
    click.echo(_("Ctrl-C stops the server."), nl=True)
    # A script that waits for this line reads it through a pipe.
    sys.stdout.flush()


def _page(service: Service) -> str:
    addresses = service.web_addresses
    return web_url(service.config, addresses[0][1] if addresses else 0)


def make_link(service: Service) -> InviteLink | None:
    """For the first account, if there is none yet. It works by the time it is returned, as a script
    may use it as soon as it is printed. Raises StoreError. Main thread.
    """
    if not service.is_first:  # else the link that another node has shown would be good no more
        return None
    admin = Admin(service.data.location, node=service.data.node)
    try:
        link = first_link(admin)
        deadline = time.monotonic() + EFFECT_SECONDS
        while link is not None and not admin.in_effect():
            # wait() is the pause, too, and ends at once when a thread dies.
            if service.failed.wait(POLL_SECONDS) or time.monotonic() > deadline:
                break
        return link
    finally:
        admin.close()


def _login_link(service: Service) -> LoginLink:
    """For who has an account, here and at other machines."""
    config, port = service.config, service.addresses[0][1]
    first = public_host(config), public_port(config, port)
    return link_to(first, further_places(config, port), service.identity.ca_sha256)


def _versions(service: Service) -> str:
    return "1.3" if service.config.tls.min_version == "1.3" else _("1.2 and 1.3")


def _data_flag(service: Service) -> str:
    default = default_directory().absolute()
    return "" if service.data.path == default else f" --data {service.data.path}"


def _trust(identity: Identity) -> list[str]:
    if identity.ca_sha256 is None:
        return [_("  certificate  {certificate}").format(certificate=identity.certificate)]
    lines = [f"  CA SHA-256   {grouped(identity.ca_sha256)}"]
    if identity.ca_file is not None:
        lines.insert(0, f"  CA           {identity.ca_file}")
    return lines


def program(name: str) -> str:
    """How to call another of our programs: by its name if the shell finds it, else by its path."""
    if shutil.which(name):
        return name
    beside = Path(sys.argv[0]).with_name(name)
    return str(beside) if beside.exists() else name
