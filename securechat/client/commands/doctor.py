"""`securechat doctor`: why a login works, or doesn't, step by step. Main thread."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
from securechat.client.settings import Server
from securechat.client.text import json_lines
from securechat.client.trust import anchors, authorities, examining
from securechat.client.trust.authorities import Dialer, Trust
from securechat.client.trust.examining import Check
from securechat.common.escape import escape_name
from securechat.common.language import _, translated


def doctor(setup: Setup, where: str | None, *, as_json: bool) -> Exit:
    """Look at a server, or at that of the last login; 0, or the code of what is wrong first.

    Raises UsageError, SettingsError.
    """
    account, server = _named(setup, where)
    account = account or setup.settings.account(server.address)
    several = len(server.addresses) > 1
    code, shown = Exit.OK, ""
    for at, check in _checks(setup, account, server):
        code = code or check.code
        if as_json:
            setup.person.show(_json(at, check))
        elif check.text != examining.unseen(check.step).text:
            if several and at != shown:
                setup.person.show(escape_name(at) + ":")
                shown = at
            for line in _lines(check):
                setup.person.show(line)
    return code


def _named(setup: Setup, where: str | None) -> tuple[str | None, Server]:
    if where:
        account, named = parse_target(where)
        return account, setup.settings.server(named)
    last = setup.settings.last()
    if last is None:
        raise UsageError("there was no login yet: name the HOST to look at")
    return None, setup.settings.server([last])


def _checks(setup: Setup, account: str | None, server: Server) -> Iterator[tuple[str, Check]]:
    """Each with the address, or the addresses, that it is about."""
    trust = _trust(setup, server.address)
    good = []
    for address in server.addresses:
        well = True
        for check in examining.examine(address, trust, examining.utc_now()):
            yield str(address), check
            well = well and bool(check.ok)
        if well:
            good.append(address)
    # One login, as it is the same account wherever it is.
    where = str(good[0]) if good else server.everywhere
    checks = [examining.unseen("login"), examining.unseen("clock")]
    for check in _login(setup, account, server.address, good, trust) if good else checks:
        yield where, check


def _trust(setup: Setup, address: Address) -> Trust:
    if setup.ca_file is not None:
        return authorities.offered_by_file(setup.ca_file)
    recorded = anchors.recorded_trust(setup.settings, address)
    return recorded or Trust(None, authorities.Origin.SYSTEM)


def _login(
    setup: Setup, account: str | None, address: Address, good: Sequence[Address], trust: Trust
) -> Iterator[Check]:
    """By this device's token alone: nobody is asked for a password. address: by which the server is
    known. good: where to log in.
    """
    owner = TokenOwner(address, trust.identity, account or "")
    token = setup.tokens.find(owner) if setup.tokens and account else None
    if token is None:
        text = _("this device isn't remembered there: `securechat login` asks for the password")
        yield Check("login", None, text)
        yield Check("clock", None, _("only a login tells the server's time"))
        return
    try:
        server, now = _visit(owner, token.text, Dialer(good, trust))
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


def _json(at: str, check: Check) -> str:
    return json_lines.of(
        "check", server=at, step=check.step, ok=check.ok, text=check.text, advice=check.advice
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
