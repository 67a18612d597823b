"""Looks at a server step by step, as a login would, and says of each step what is wrong and what to
do. Main thread.

Each step needs those before it; what can't be looked at is told as such. Nothing is sent but the
handshake of TLS.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from securechat.client.exits import CertificateError, Exit, UnreachableError
from securechat.client.session.identity import Address
from securechat.client.trust import authorities, describe
from securechat.client.trust.authorities import Trust
from securechat.client.trust.describe import Shown
from securechat.client.wire.rounds import CONNECT_SECONDS
from securechat.client.wire.stream import reason_of
from securechat.common.language import _, translated
from securechat.common.record import Record
from securechat.net.tls import client_context, probe_context, shown_chain

STEPS = ("address", "port", "tls", "pin", "chain", "names", "expiry", "login", "clock")

SOON = timedelta(days=14)
"""Before a certificate's end, from when on it is said."""

MOST_ADDRESSES = 8
"""Of a host, that are shown."""


class Check(Record):
    """A step. ok: None when it couldn't be looked at. text: what was found. advice: what to do, ''
    for nothing. code: the exit code that it stands for when it isn't ok.
    """

    step: str
    ok: bool | None
    text: str
    advice: str = ""
    code: Exit = Exit.OK


def examine(address: Address, trust: Trust, now: datetime) -> Iterator[Check]:
    """All steps up to the certificate's expiry. now: aware. Any network error is a step's."""
    for step, checks in (("address", _address), ("port", _port), ("tls", _tls)):
        check = checks(address)
        yield check
        if not check.ok:
            yield from _not_reached(step)
            return
    yield Check("pin", True, _("to be trusted by {authority}").format(authority=trust.fingerprints))
    yield from _certificate(address, trust, now)


def _not_reached(last: str) -> Iterator[Check]:
    for step in STEPS[STEPS.index(last) + 1 : STEPS.index("login")]:
        yield unseen(step)


def unseen(step: str) -> Check:
    """A step that those before it have hindered."""
    return Check(step, None, _("not looked at, as something before it is wrong"))


def _address(address: Address) -> Check:
    try:
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        reason = reason_of(error) if isinstance(error, OSError) else "not a name of a host"
        return Check(
            "address",
            False,
            _("{host} can't be found: {reason}").format(
                host=address.host, reason=translated(reason)
            ),
            _("check the spelling, and whether this machine is online; else ask the administrator"),
            Exit.UNREACHABLE,
        )
    numbers = list(dict.fromkeys(str(entry[4][0]) for entry in found))[:MOST_ADDRESSES]
    if numbers == [address.host]:
        return Check(
            "address",
            True,
            _("{host} is a number: no name is to be looked up").format(host=address.host),
        )
    text = _("{host} is {addresses}").format(host=address.host, addresses=", ".join(numbers))
    return Check("address", True, text)


def _port(address: Address) -> Check:
    try:
        with authorities.connected(address, CONNECT_SECONDS):
            return Check("port", True, _("port {port} answers").format(port=address.port))
    except OSError as error:
        return Check(
            "port",
            False,
            _("port {port} doesn't answer: {reason}").format(
                port=address.port, reason=translated(reason_of(error))
            ),
            _(
                "check the port; else the server may be down, listen on 127.0.0.1 only, or a "
                "firewall may be in between: ask the administrator"
            ),
            Exit.UNREACHABLE,
        )


def _tls(address: Address) -> Check:
    try:
        with authorities.shake_hands(address, probe_context()) as tls:
            return Check("tls", True, _("speaks {version}").format(version=tls.version()))
    except UnreachableError as error:
        advice = _("check the port: another program may answer there; else ask the administrator")
        return Check("tls", False, str(error), advice, Exit.UNREACHABLE)


def _certificate(address: Address, trust: Trust, now: datetime) -> Iterator[Check]:
    chain, problem = _verified(address, trust)
    leaf = Shown.of(chain[0]) if chain else None
    text, what = "", 0
    if problem is not None:
        expected = trust.expectation(address)
        text, what = describe.refusal(address, problem, chain, expected, now), problem.verify_code
    in_dates = what in (describe.EXPIRED, describe.NOT_YET_VALID)
    in_names = what in describe.WRONG_NAME | describe.OUTSIDE_CONSTRAINTS
    if leaf is None or (problem is not None and not in_dates and not in_names):
        text = text or _("the server shows no certificate that can be read")
        yield Check("chain", False, *_parted(text), Exit.CERTIFICATE)
        yield from (unseen("names"), unseen("expiry"))
        return
    yield Check("chain", True, _("signed by {issuer}").format(issuer=leaf.issuer))
    if in_names:
        yield Check("names", False, *_parted(text), Exit.CERTIFICATE)
    else:
        # OpenSSL looks at the names first, so they are right when it minds the dates.
        names = ", ".join(leaf.names[: describe.SHOWN_NAMES])
        yield Check("names", True, _("for {names}").format(names=names))
    if in_dates:
        yield Check("expiry", False, *_parted(text), Exit.CERTIFICATE)
    else:
        yield _expiry(leaf, now)


def _expiry(leaf: Shown, now: datetime) -> Check:
    text = _("valid up to {until:%Y-%m-%d}").format(until=leaf.until)
    if not leaf.since <= now <= leaf.until:
        advice = _("check this computer's clock (it says {now:%Y-%m-%d %H:%M})").format(now=now)
        return Check("expiry", False, text, advice, Exit.CERTIFICATE)
    if leaf.until - now < SOON:
        return Check("expiry", True, text, _("that is soon: tell the server's administrator"))
    return Check("expiry", True, text)


def _parted(text: str) -> tuple[str, str]:
    """What was found, and what to do, of a refusal of several lines."""
    first, _feed, rest = text.partition("\n")
    return first, rest


def _verified(
    address: Address, trust: Trust
) -> tuple[list[bytes], ssl.SSLCertVerificationError | None]:
    """What the server shows, and why it isn't trusted."""
    try:
        with authorities.shake_hands(address, client_context(ca_pem=trust.ca_pem)) as tls:
            return shown_chain(tls), None
    except ssl.SSLCertVerificationError as error:
        chain: list[bytes] = []
        with contextlib.suppress(UnreachableError, CertificateError):
            chain = authorities.show_chain(address)
        return chain, error
    except UnreachableError:
        return [], None


CLOCK = timedelta(seconds=30)
"""How far this machine's clock may be off: a code of a second factor counts for so long."""


def clock(server: datetime | None, now: datetime) -> Check:
    """Compare the clocks. server: the server's time at the moment now, None when it isn't known."""
    if server is None:
        return Check("clock", None, _("the server has told no time"))
    off = (now - server).total_seconds()
    if abs(off) <= CLOCK.total_seconds():
        return Check("clock", True, _("this machine's clock agrees with the server's"))
    text = _("this machine's clock is {seconds} s ahead of the server's")
    if off < 0:
        text = _("this machine's clock is {seconds} s behind the server's")
    return Check(
        "clock",
        False,
        text.format(seconds=round(abs(off))),
        _("set it by the network (NTP): codes of a second factor count for half a minute"),
        Exit.USAGE,
    )


def utc_now() -> datetime:
    """The time."""
    return datetime.now(UTC)
