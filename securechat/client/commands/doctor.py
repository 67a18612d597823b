"""`securechat doctor`: why a login works, or doesn't, step by step. Main thread."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from securechat.client.commands.account import closing
from securechat.client.commands.assemble import Setup
from securechat.client.commands.heard import Heard
from securechat.client.commands.login_flow import start
from securechat.client.credentials.tokens import TokenOwner
from securechat.client.exits import ClientError, Exit, LoginError, UsageError
from securechat.client.session.events.channels import Joined
from securechat.client.session.handshake import Missed
from securechat.client.session.identity import Address, Login, parse_target
from securechat.client.text import json_lines
from securechat.client.trust import anchors, authorities, examining
from securechat.client.trust.authorities import Dialer, Trust
from securechat.client.trust.examining import Check
from securechat.common.language import _, translated


def doctor(setup: Setup, where: str | None, *, as_json: bool) -> Exit:
    """Look at a server, or at that of the last login; 0, or the code of what is wrong first.

    Raises UsageError, SettingsError.
    """
    account, address = parse_target(where) if where else (None, setup.settings.last())
    if address is None:
        raise UsageError("there was no login yet: name the HOST to look at")
    code = Exit.OK
    for check in _checks(setup, account or setup.settings.account(address), address):
        code = code or check.code
        if as_json:
            setup.person.show(_json(check))
        elif check.text != examining.unseen(check.step).text:
            for line in _lines(check):
                setup.person.show(line)
    return code


def _checks(setup: Setup, account: str | None, address: Address) -> Iterator[Check]:
    trust = _trust(setup, address)
    well = True
    for check in examining.examine(address, trust, examining.utc_now()):
        yield check
        well = well and bool(check.ok)
    if not well:
        yield from (examining.unseen("login"), examining.unseen("clock"))
        return
    yield from _login(setup, account, address, trust)


def _trust(setup: Setup, address: Address) -> Trust:
    if setup.ca_file is not None:
        return authorities.offered_by_file(setup.ca_file)
    recorded = anchors.recorded_trust(setup.settings, address)
    return recorded or Trust(None, authorities.Origin.SYSTEM)


def _login(setup: Setup, account: str | None, address: Address, trust: Trust) -> Iterator[Check]:
    """By this device's token alone: nobody is asked for a password."""
    owner = TokenOwner(address, trust.identity, account or "")
    token = setup.tokens.find(owner) if setup.tokens and account else None
    if token is None:
        text = _("this device isn't remembered there: `securechat login` asks for the password")
        yield Check("login", None, text)
        yield Check("clock", None, _("only a login tells the server's time"))
        return
    try:
        server, now = _visit(owner, token.text, Dialer(address, trust))
    except ClientError as error:
        text = translated(error)
        advice = _("`securechat login` asks for the password, and has this device remembered anew")
        if not isinstance(error, LoginError) or error.ask_again != "password":
            advice = _("try again later; else tell the server's administrator")
        yield Check("login", False, text, advice, error.code)
        yield examining.unseen("clock")
        return
    text = _("{account} is let in by this device's token {name}")
    yield Check("login", True, text.format(account=owner.account, name=token.name))
    yield examining.clock(server, now)


def _visit(owner: TokenOwner, token: str, dialer: Dialer) -> tuple[datetime | None, datetime]:
    """The server's time and ours, at a login. Raises ClientError."""
    running = start(Login(owner.account, token), dialer, missed=Missed.LEFT)
    with closing(running):
        told = Heard(running.client).login()
    times = [event.time for event in told if isinstance(event, Joined) and event.time]
    return (times[-1] if times else None), examining.utc_now()


def _json(check: Check) -> str:
    return json_lines.of(
        "check", step=check.step, ok=check.ok, text=check.text, advice=check.advice
    )


def _lines(check: Check) -> Iterator[str]:
    names = _names()
    mark = {True: _("ok"), False: _("WRONG"), None: "-"}[check.ok]
    width, first = max(map(len, names.values())), True
    indent = " " * (width + 9)
    for line in [*check.text.split("\n"), *filter(None, check.advice.split("\n"))]:
        yield f"{names[check.step]:<{width}}  {mark:<5}  {line}" if first else indent + line
        first = False


def _names() -> dict[str, str]:
    """The steps, as people are shown them."""
    return {
        "address": _("address"),
        "port": _("port"),
        "tls": "TLS",
        "pin": _("trust"),
        "chain": _("chain"),
        "names": _("names"),
        "expiry": _("dates"),
        "login": _("login"),
        "clock": _("clock"),
    }
