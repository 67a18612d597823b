"""Decides which certificate authority is trusted for an address.

An address keeps the trust of its last login: a pinned CA, or the authorities of the system. Another
one wants the person's consent: --replace-trust, or a typed yes after both have been shown. decide()
says whom to trust in a login, and keep() saves that once the login has succeeded. Main thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap

from securechat.client.exits import CertificateError, SettingsError, UnreachableError
from securechat.client.person import Person
from securechat.client.session.identity import Address
from securechat.client.settings import SYSTEM, SettingsDirectory
from securechat.client.trust import describe
from securechat.client.trust.authorities import Dialer, Origin, Step, Trust, show_chain
from securechat.client.trust.consent import MOVED, REPLACE, Consent
from securechat.client.wire.rounds import in_turn
from securechat.common.language import _
from securechat.common.record import Record
from securechat.net.tls import TlsFilesError, client_context


class Anchor(Record):
    """The decision. known_at: the address under which this authority was known before, if the
    server has moved from there.
    """

    trust: Trust
    known_at: Address | None = None


def decide(
    settings: SettingsDirectory,
    address: Address,
    offer: Trust | None,
    consent: Consent,
    person: Person,
    addresses: Sequence[Address] = (),
) -> Anchor:
    """Whom to trust at an address. offer: what a link or --ca names; None to go by what is known.
    person: is asked for what the options don't allow. addresses: all of a server that has several,
    which go by the trust of that one.

    Raises CertificateError when the person doesn't allow a change; SettingsError.
    """
    recorded = recorded_trust(settings, address)
    if offer is not None:
        return Anchor(_accepted(address, recorded, offer, consent, person))
    if recorded is not None and not consent.moved:
        return Anchor(recorded)
    # This takes a connection, so it isn't done at each login.
    with person.waiting() as waiting:
        known = _known_elsewhere(settings, address, addresses or [address], waiting.step)
    if known is None:
        return Anchor(recorded or Trust(None, Origin.SYSTEM))
    if recorded is None:
        _allow_move(known.seen_at, known.before, known.trust, consent, person)
    return Anchor(_accepted(address, recorded, known.trust, consent, person), known.before)


def keep(settings: SettingsDirectory, address: Address, trust: Trust) -> None:
    """Trust this from now on, after a login by it. Raises SettingsError."""
    # Without a file recorded_trust() may conclude from an account that the system was trusted. It
    # is written down now.
    recorded = recorded_trust(settings, address) if settings.pin_file(address).exists() else None
    if recorded is not None and recorded.identity == trust.identity:
        return
    if trust.ca_pem is None:
        settings.save_system(address)
    else:
        settings.save_pin(address, trust.ca_pem)


def recorded_trust(settings: SettingsDirectory, address: Address) -> Trust | None:
    """The trust of the last login there, None before the first. Raises SettingsError."""
    kept = settings.trusted(address)
    if kept is None:
        return None
    if kept == SYSTEM:
        return Trust(None, Origin.SYSTEM)
    try:
        client_context(ca_pem=kept)  # to find a damaged pin here, where it can be named
    except TlsFilesError as error:
        raise SettingsError(
            f"{settings.pin_file(address)}: {error}; it says whom to trust at {address}, so put it "
            "right, or delete it and begin anew with a link from the server's administrator"
        ) from None
    return Trust(kept, Origin.PIN)


# -- another trust for an address that has one


def _accepted(
    address: Address, recorded: Trust | None, offer: Trust, consent: Consent, person: Person
) -> Trust:
    """The offer, when it is what was trusted before or the person agrees. Raises CertificateError.

    Before the first login at an address there is nothing to compare it with.
    """
    if recorded is None or recorded.identity == offer.identity or consent.replace:
        return offer
    # Anybody can make a link, so a link alone changes nothing.
    shown = [
        _("{address} would be trusted by another certificate authority than before:").format(
            address=address
        ),
        _("  before: {authority}").format(authority=recorded.fingerprints),
        _("  now:    {authority}").format(authority=offer.fingerprints),
        *_advice(
            _(
                "If the server was set up anew, its administrator has the digits of the second "
                "line: have them read to you, on another way than this network. If they differ, "
                "somebody wants you to trust their own server."
            )
        ),
    ]
    if not person.present:
        way = _("  If it has changed, the same command with {option} trusts the new one.").format(
            option=REPLACE
        )
        raise CertificateError("\n".join([_("refused, as"), *shown, way, _nothing_sent()]))
    if not person.confirm("\n".join(shown), _("Type yes to trust the new one from now on")):
        raise CertificateError(_NO)
    return offer


def _nothing_sent() -> str:
    return _("Nothing was sent to it: neither a code nor a password.")


_NO = "refused: that was no yes, so nothing has changed. Nothing was sent to the server"


def _advice(text: str) -> list[str]:
    return wrap(text, describe.WIDTH, initial_indent="  ", subsequent_indent="  ")


# -- a known authority at a new address


class _Known(Record):
    """A known authority, where it was seen now, and the address that it is known from."""

    trust: Trust
    seen_at: Address
    before: Address


def _known_elsewhere(
    settings: SettingsDirectory, address: Address, addresses: Sequence[Address], step: Step
) -> _Known | None:
    """The pinned CA of another address which signed what the server shows at the first of its own
    that answers; None also where the system's own authorities verify it.

    Raises CertificateError when it shows a known CA and isn't signed by it, or not for this name.
    """
    others = [(where, pem) for where, pem in settings.pins() if where != address]
    if not others:
        return None
    try:
        at, shown = in_turn(addresses, lambda one, seconds: show_chain(one, step, seconds))
        for where, pem in others:
            trust = Trust(pem, Origin.PIN)
            if set(shown) & set(trust.ders) and not _verified(at, Trust(None, Origin.SYSTEM)):
                # Anybody can show a CA's certificate; now it must have signed the server's.
                Dialer(at, trust).look()
                return _Known(trust, at, where)
    except UnreachableError:
        return None  # the login will fail in the same way, and say so
    return None


def _verified(address: Address, trust: Trust) -> bool:
    try:
        Dialer(address, trust).look()
    except CertificateError:
        return False
    return True


def _allow_move(
    address: Address, before: Address, trust: Trust, consent: Consent, person: Person
) -> None:
    """Raises CertificateError unless the person agrees."""
    if consent.moved:
        return
    shown = [
        _("{address} shows the certificate authority that you pinned for {before}:").format(
            address=address, before=before
        ),
        f"  {trust.fingerprints}",
    ]
    if not person.present:
        way = _("  If the server has moved there, the same command with {option} logs in.").format(
            option=MOVED
        )
        raise CertificateError("\n".join([_("refused, as"), *shown, way, _nothing_sent()]))
    if not person.confirm("\n".join(shown), _("Is it the same server? Type yes to log in")):
        raise CertificateError(_NO)
