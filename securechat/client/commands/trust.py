"""`securechat trust`: which servers are trusted by which authority, and `profiles`. Main thread."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from securechat.client import settings as kept
from securechat.client.commands.assemble import Setup
from securechat.client.credentials.tokens import TokenOwner
from securechat.client.exits import Exit, UsageError
from securechat.client.session.identity import Address, parse_addresses, parse_target
from securechat.client.settings import Server, SettingsDirectory
from securechat.client.text import json_lines
from securechat.client.trust import anchors, authorities
from securechat.client.trust.authorities import Dialer, Trust
from securechat.client.trust.describe import fingerprint
from securechat.common.escape import escape_name
from securechat.common.language import _
from securechat.credentials.link import LinkError, is_link, parse_link

# -- trust show


def show(setup: Setup, where: str | None, *, as_json: bool) -> Exit:
    """Show whom we trust to be which server; where: one of them alone. Raises ClientError."""
    wanted = setup.settings.server(parse_target(where)[1]).address if where else None
    found = [one for one in addresses(setup.settings) if wanted in (None, one)]
    for address in found:
        trust = anchors.recorded_trust(setup.settings, address) or Trust(
            None, authorities.Origin.SYSTEM
        )
        account, further = setup.settings.account(address), setup.settings.further(address)
        if as_json:
            setup.person.show(_json(address, further, trust, account))
            continue
        setup.person.show(escape_name(str(address)))
        if further:
            others = ", ".join(escape_name(str(one)) for one in further)
            setup.person.show("  " + _("also at: {addresses}").format(addresses=others))
        setup.person.show("  " + _("trusted by: {authority}").format(authority=trust.fingerprints))
        if account:
            name = escape_name(account)
            setup.person.show("  " + _("your account there: {name}").format(name=name))
    if not found and wanted:
        raise UsageError(f"nothing is kept of {wanted}: there was no login, and nothing is pinned")
    if not found and not as_json:
        setup.person.tell(_("No server is trusted yet: a login by a link pins its authority."))
    return Exit.OK


def addresses(settings: SettingsDirectory) -> list[Address]:
    """The servers that something is kept of, by their names. Raises SettingsError."""
    found = {server.address for server in settings.known()}
    found |= {address for address, _pem in settings.pins()}
    return sorted(found, key=str)


def _json(address: Address, further: Sequence[Address], trust: Trust, account: str | None) -> str:
    return json_lines.of(
        "trust",
        server=str(address),
        further=list(map(str, further)),
        by="system" if trust.ca_pem is None else "pin",
        sha256=[fingerprint(der) for der in trust.ders],
        account=account,
    )


# -- trust pin, trust forget


def pin(setup: Setup, what: str, where: str | None) -> Exit:
    """Trust the authority of a PEM file at an address, or the one that a link names, and no other.

    Raises ClientError.
    """
    if is_link(what):
        server, offer = linked(setup.settings, what, where)
    elif where is None:
        raise UsageError("a file doesn't say which server it is for: name its HOST behind it")
    else:
        server = setup.settings.server(parse_addresses(where))
        offer = authorities.offered_by_file(Path(what), "")
    address = server.address
    trust = anchors.decide(setup.settings, address, offer, setup.consent, setup.person).trust
    if is_link(what):
        # It must have signed what the server shows now.
        Dialer(server.addresses, trust).look()
    anchors.keep(setup.settings, address, trust)
    setup.settings.keep_addresses(server)
    setup.person.tell(
        _("{address} is trusted by {authority} from now on, and by nothing else.").format(
            address=address, authority=trust.fingerprints
        )
    )
    return Exit.OK


def linked(settings: SettingsDirectory, text: str, where: str | None) -> tuple[Server, Trust]:
    """The server and the authority that a link names. where: the server, if it was named, too.

    Raises ClientError.
    """
    try:
        link = parse_link(text)
    except LinkError as error:
        raise UsageError(str(error)) from None
    server = settings.server(authorities.linked_addresses(link))
    if where is not None and not set(parse_addresses(where)) <= set(server.addresses):
        raise UsageError(f"the link is for {server.everywhere}, and not for {where}")
    return server, authorities.offered_by_link(link)


def forget(setup: Setup, where: str) -> Exit:
    """Forget whom we trust at an address, our account there, and this device's token.

    Raises ClientError.
    """
    address = setup.settings.server(parse_addresses(where)).address
    account = setup.settings.account(address)
    recorded = anchors.recorded_trust(setup.settings, address)
    if setup.tokens and account and recorded:
        setup.tokens.forget(TokenOwner(address, recorded.identity, account))
    if not setup.settings.forget(address):
        raise UsageError(f"nothing is kept of {address}: there was no login, and nothing is pinned")
    setup.person.tell(
        _(
            "{address} is forgotten; the next login there goes by a link, by --ca, or by the "
            "authorities of this system."
        ).format(address=address)
    )
    return Exit.OK


# -- profiles


def profiles(setup: Setup, *, as_json: bool) -> Exit:
    """Show the profiles that there are, each with the servers it knows. Raises ClientError."""
    base = setup.settings.directory
    if base.parent.name == "profiles":
        base = base.parent.parent
    names = kept.profiles(base)
    for name in names:
        directory = SettingsDirectory(base / "profiles" / name)
        servers = [server.everywhere for server in directory.known()]
        here = directory.directory == setup.settings.directory
        if as_json:
            line = json_lines.of("profile", name=name, servers=servers, current=here)
            setup.person.show(line)
            continue
        shown = ", ".join(map(escape_name, servers)) or _("no server yet")
        now = _("  (in use)") if here else ""
        setup.person.show(f"{name:<{max(map(len, names))}}  {shown}{now}")
    if not names and not as_json:
        setup.person.tell(_("There are no profiles: --profile NAME with any command begins one."))
    return Exit.OK
