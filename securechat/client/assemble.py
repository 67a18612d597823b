"""Puts a client together and gets it logged in: what `login`, `register` and `send` share.

Main thread.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from securechat.client import commands, device, passwords, plain, trust
from securechat.client.credentials import Sources, ask_account, checked_account
from securechat.client.desk import Desk
from securechat.client.entry import Entry
from securechat.client.exits import Exit, LoginError, UsageError
from securechat.client.identity import Address, Registration, parse_target
from securechat.client.lines import InputLines
from securechat.client.render import Renderer
from securechat.client.running import Running, start
from securechat.client.say import say
from securechat.client.settings import Settings
from securechat.client.state import Session
from securechat.client.tokens import Owner, Tokens
from securechat.client.trust import Dialer, Origin, Trust
from securechat.irc.link import InviteLink


@dataclass(slots=True)
class Setup:
    """What the options of a command come to.

    ca_file: the argument of --ca. tokens: None when this device is not to be remembered.
    """

    settings: Settings
    sources: Sources
    ca_file: Path | None = None
    tokens: Tokens | None = None


@dataclass(slots=True)
class Visit:
    """Where a command goes, and as whom."""

    owner: Owner
    trusted: Trust
    dialer: Dialer


def visit(setup: Setup, where: str | None) -> Visit:
    """`[ACCOUNT@]HOST[:PORT]`, or where we were last; asks for an account that is missing.

    Raises ClientError.
    """
    account, address = _where(setup.settings, where)
    account = account or setup.settings.account(address)
    trusted = trust.choose(setup.settings, address, setup.ca_file)
    dialer = Dialer(address, trusted, setup.sources.certificate, setup.sources.key)
    if setup.sources.certificate is not None and where and "@" not in where:
        account = None  # the certificate says who we are
    account = setup.sources.account(account, str(address))
    return Visit(Owner(address, trusted.identity, account), trusted, dialer)


def log_in(setup: Setup, where: str | None, *, quiet: bool = False) -> Running:
    """Log in to `[ACCOUNT@]HOST[:PORT]`, or to where we were last, and have this device remembered.

    quiet: only for sending; no replay and no reconnecting. Raises ClientError.
    """
    goal = visit(setup, where)
    running = enter(setup, goal, quiet=quiet)
    if setup.tokens and running.credential.by_password:
        device.remember(running.client, setup.tokens, goal.owner)
    return running


def enter(setup: Setup, goal: Visit, *, quiet: bool, by_token: bool = True) -> Running:
    """Log in, no more. by_token: the token of this device will do, else the password is needed.

    Raises ClientError.
    """
    tokens = setup.tokens if by_token else None
    entry = Entry(
        goal.owner, setup.sources, tokens, lambda login: start(login, goal.dialer, quiet=quiet)
    )
    running = entry.enter()
    if goal.trusted.origin is Origin.FILE and goal.trusted.ca_pem:
        setup.settings.save_pin(goal.owner.address, goal.trusted.ca_pem)
    # Not what the server calls us: at the next login it would choose whom we say we are.
    setup.settings.remember(goal.owner.address, goal.owner.account)
    return running


def register(setup: Setup, link: InviteLink, account: str | None) -> Running:
    """Pin the link's CA, make the account, log in. Raises ClientError."""
    address = Address(link.host, link.port)
    if setup.ca_file is not None:
        raise UsageError("--ca is not for register: the link says which authority to trust")
    if setup.sources.certificate is not None:
        raise UsageError("--cert is not for register: a new account begins with a password")
    given = setup.sources.given()
    if account is not None:
        checked_account(account)
    trusted = trust.trust_link(setup.settings, link)
    dialer = Dialer(address, trusted)
    account = account or ask_account(f"Name of your account at {address}")
    while True:
        password = given or passwords.ask_new(setup.sources.ask, account, say)
        try:
            running = start(Registration(account, password, link.code), dialer)
        except LoginError as error:
            if given or not error.ask_again:
                raise
            say(f"refused: {error}")
            if error.ask_again == "name":
                account = ask_account("Another name")
        else:
            setup.settings.remember(address, account)
            if setup.tokens:
                owner = Owner(address, trusted.identity, account)
                device.remember(running.client, setup.tokens, owner)
            return running


def _where(settings: Settings, where: str | None) -> tuple[str | None, Address]:
    if where is not None:
        return parse_target(where)
    last = settings.last()
    if last is None:
        raise UsageError(
            "there is no server to log in to yet: give [ACCOUNT@]HOST[:PORT], or begin with "
            "`securechat register LINK`"
        )
    return None, last


def renderer_for(session: Session, clock: Callable[[], datetime] | None = None) -> Renderer:
    """A renderer in local time."""
    return Renderer(session.rooms.__len__, clock or (lambda: datetime.now().astimezone()))


def talk(running: Running) -> Exit:
    """Talk until the session ends: on the terminal, or through pipes; the exit code."""
    desk = Desk(running.session.rooms, commands.run)
    renderer = renderer_for(running.session)
    if sys.stdin.isatty() and sys.stdout.isatty():
        from securechat.client.prompt import Chat  # only here, as it takes a while to load

        code = Chat(running.client, desk, renderer, colour="NO_COLOR" not in os.environ).run()
    else:
        printer = plain.Printer(renderer, sys.stdout)
        lines = InputLines(sys.stdin.fileno())
        code = plain.converse(running.client, desk, lines, printer)
    _say_how_it_ended(running)
    return code


def send(running: Running, target: str, texts: list[str] | None) -> Exit:
    """Send texts, or the lines of standard input when None; the exit code."""
    printer = plain.Printer(renderer_for(running.session), sys.stderr)
    source = InputLines(sys.stdin.fileno()) if texts is None else texts
    code = plain.send(running.client, target, source, printer)
    _say_how_it_ended(running)
    return code


def _say_how_it_ended(running: Running) -> None:
    stopped = running.client.stopped
    if stopped is None or not stopped.text:
        return
    if stopped.code is not Exit.LOGIN:
        say(f"securechat: {stopped.text}")
    elif stopped.ask_again == "code":
        say("securechat: a new connection needs a new code; that of a remembered device needs none")
    else:
        say(f"securechat: refused: {stopped.text}")
    if stopped.code is Exit.LOGIN:  # while reconnecting, where nobody could be asked
        say("`securechat login` begins anew")
