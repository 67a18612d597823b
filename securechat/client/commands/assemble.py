"""Puts a client together and gets it logged in: what `login`, `send` and others share.

Main thread.
"""

from __future__ import annotations

import sys
from datetime import date, datetime
from pathlib import Path

from securechat.client.commands.login_flow import LoggedIn, LoginFlow, look, refused_login, start
from securechat.client.credentials import device
from securechat.client.credentials.login_credentials import Sources
from securechat.client.credentials.tokens import TokenOwner, Tokens
from securechat.client.exits import Exit, UsageError
from securechat.client.person import Nobody, Person
from securechat.client.refusals import refusal
from securechat.client.screens import pipe
from securechat.client.session.handshake import Missed
from securechat.client.session.identity import Address, parse_target
from securechat.client.settings import Server, SettingsDirectory
from securechat.client.text.render import Renderer
from securechat.client.trust import anchors, authorities
from securechat.client.trust.anchors import Anchor
from securechat.client.trust.authorities import Dialer, Trust
from securechat.client.trust.consent import Consent
from securechat.client.wire.rounds import Reconnect
from securechat.common.language import _, translated
from securechat.common.record import State, field
from securechat.credentials.link import LinkError, LoginLink, is_link


class Setup(State):
    """What the options of a command say.

    ca_file: the argument of --ca. tokens: None when this device is not to be remembered. consent:
    to another trust than before. person: whom the command serves. plain: of --plain.
    """

    settings: SettingsDirectory
    sources: Sources
    ca_file: Path | None = None
    tokens: Tokens | None = None
    consent: Consent = field(default_factory=Consent)
    person: Person = field(default_factory=Nobody)
    plain: bool = False


class Destination(State):
    """Where a command goes, and as whom. server: its addresses, one of which is the owner's."""

    owner: TokenOwner
    server: Server
    trusted: Trust
    dialer: Dialer


def destination(setup: Setup, where: str | None) -> Destination:
    """`[ACCOUNT@]HOST[:PORT][,…]`, a login link, or where we were last; asks for an account that is
    missing.

    Raises ClientError.
    """
    goal = _goal(setup, where)
    server = goal.server
    anchor = anchors.decide(
        *(setup.settings, server.address, goal.offer, setup.consent, setup.person),
        addresses=server.addresses,
    )
    dialer = dialer_to(server, anchor.trust, setup.sources)
    account = goal.account or _account_of(setup.settings, server.address, anchor)
    if setup.sources.certificate is not None and where and not goal.account:
        account = None  # the certificate says as whom, not the last login there
    if not account and setup.sources.certificate is None and setup.person.present:
        look(dialer, setup.person)  # nobody types for a server that isn't there, or isn't the one
    account = setup.sources.account(setup.person, account, str(server.address))
    owner = TokenOwner(server.address, anchor.trust.identity, account)
    return Destination(owner, server, anchor.trust, dialer)


def dialer_to(server: Server, trust: Trust, sources: Sources | None = None) -> Dialer:
    """What connects to a server at all its addresses. Raises UsageError."""
    certificate, key = (sources.certificate, sources.key) if sources else (None, None)
    return Dialer(server.addresses, trust, certificate, key, first=server.first)


class _Goal(State):
    """What somebody has named. offer: whom to trust there, by a link or --ca."""

    account: str | None
    server: Server
    offer: Trust | None = None


def _goal(setup: Setup, where: str | None) -> _Goal:
    if where is not None and is_link(where):
        return _linked(setup, where)
    goal = _Goal(*_where(setup.settings, where))
    if setup.ca_file is not None:
        goal.offer = authorities.offered_by_file(setup.ca_file)
    return goal


def _linked(setup: Setup, text: str) -> _Goal:
    try:
        link = LoginLink.parse(text)
    except LinkError as error:
        raise UsageError(str(error)) from None
    if setup.ca_file is not None:
        raise UsageError("--ca is not for a link, which says itself which authority to trust")
    server = setup.settings.server(authorities.linked_addresses(link))
    with setup.person.waiting() as waiting:
        offer = authorities.offered_by_link(link, waiting.step)
    return _Goal(link.account or None, server, offer)


def _account_of(settings: SettingsDirectory, address: Address, anchor: Anchor) -> str | None:
    """Our account at the last login to this server, under this address or the one before it."""
    known = settings.account(address)
    return settings.account(anchor.known_at) if known is None and anchor.known_at else known


def log_in(
    setup: Setup,
    where: str | None,
    *,
    missed: Missed = Missed.REPLAYED,
    reconnect: Reconnect | None = None,
) -> LoggedIn:
    """Log in to what destination() takes, and have this device remembered.

    missed, reconnect: as of start(). Raises ClientError.
    """
    goal = destination(setup, where)
    running = enter(setup, goal, missed=missed, reconnect=reconnect)
    if setup.tokens and running.credential.by_password:
        device.remember(running.client, setup.tokens, goal.owner, setup.person)
    return running


def enter(
    setup: Setup,
    goal: Destination,
    *,
    missed: Missed,
    by_token: bool = True,
    reconnect: Reconnect | None = None,
) -> LoggedIn:
    """Log in, no more. by_token: the token of this device will do, else the password is needed.

    Raises ClientError.
    """
    tokens = setup.tokens if by_token else None
    entry = LoginFlow(
        goal.owner,
        setup.sources,
        setup.person,
        tokens,
        lambda login: start(login, goal.dialer, setup.person, missed=missed, reconnect=reconnect),
        lambda: look(goal.dialer, setup.person),
    )
    running = entry.enter()
    running.ignored = setup.settings.ignored(goal.owner.address, goal.owner.account)
    keep(setup.settings, goal)  # only now: a login that fails or is broken off changes nothing
    return running


def keep(settings: SettingsDirectory, goal: Destination) -> None:
    """Trust this server from now on, and come back to it."""
    anchors.keep(settings, goal.owner.address, goal.trusted)
    rounds = goal.dialer.rounds
    settings.keep_addresses(goal.server, rounds.current, rounds.told)
    # The account that we named, not the nick that the server gave us: a server must not choose as
    # whom we log in next.
    settings.remember(goal.owner.address, goal.owner.account, date.today())


def _where(settings: SettingsDirectory, where: str | None) -> tuple[str | None, Server]:
    if where is not None:
        account, named = parse_target(where)
        return account, settings.server(named)
    last = settings.last()
    if last is None:
        raise UsageError(
            "there is no server to log in to yet. Ask its administrator for a link, and type "
            "`securechat LINK`"
        )
    return None, settings.server([last])


def local_renderer() -> Renderer:
    """A renderer in local time."""
    return Renderer(lambda: datetime.now().astimezone())


def send(running: LoggedIn, target: str, texts: list[str] | None, *, as_json: bool = False) -> Exit:
    """Send texts, or the lines of standard input when None; the exit code. as_json: print what was
    stored. Raises UsageError.
    """
    printer = pipe.Printer(local_renderer(), sys.stderr)
    source = pipe.InputLines(sys.stdin.fileno(), strict=True) if texts is None else texts
    stored = sys.stdout if as_json else None
    code = pipe.send(running.client, target, source, printer, stored)
    say_how_it_ended(running)
    return code


def say_how_it_ended(running: LoggedIn) -> None:
    """Tell the person why the client has stopped, if there is something to say."""
    stopped = running.client.stopped
    if stopped is None or not stopped.text:
        return
    if stopped.code is not Exit.LOGIN:
        running.person.tell(f"securechat: {translated(stopped.text)}")
    elif stopped.refused is not None and stopped.refused.ask_again == "code":
        running.person.tell(
            _(
                "securechat: a new connection needs a new code; that of a remembered device needs "
                "none"
            )
        )
    else:
        running.person.tell(f"securechat: {refusal(refused_login(stopped))}")
    if stopped.code is Exit.LOGIN:  # while reconnecting, where nobody could be asked
        running.person.tell(_("`securechat login` begins anew"))
