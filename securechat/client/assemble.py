"""Puts a client together and gets it logged in: what `login`, `register` and `send` share.

Main thread.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import click

from securechat.client import commands, passwords, plain, trust
from securechat.client.connection import Client
from securechat.client.credentials import Sources, ask_account, checked_account
from securechat.client.desk import Desk
from securechat.client.escape import escape
from securechat.client.events import Stopped
from securechat.client.exits import ClientError, Exit, LoginError, UsageError
from securechat.client.identity import Address, Login, Registration, parse_target
from securechat.client.lines import InputLines
from securechat.client.render import Renderer
from securechat.client.settings import Settings
from securechat.client.state import Session
from securechat.client.trust import Dialer, Origin, Trust
from securechat.irc.link import InviteLink

ATTEMPTS = 3
"""How often a password is asked for before the command gives up."""


@dataclass(slots=True)
class Setup:
    """What the options of a command come to. ca_file: the argument of --ca."""

    settings: Settings
    sources: Sources
    ca_file: Path | None = None


@dataclass(slots=True)
class Running:
    """A client that is logged in."""

    session: Session
    client: Client


def say(text: str) -> None:
    """Print text, which may have several lines, to standard error, escaped."""
    for line in text.split("\n"):
        click.echo(escape(line), err=True)


def log_in(setup: Setup, where: str | None, *, quiet: bool = False) -> Running:
    """Log in to `[ACCOUNT@]HOST[:PORT]`, or to where we were last.

    quiet: only for sending; no replay and no reconnecting. Raises ClientError.
    """
    account, address = _where(setup.settings, where)
    account = account or setup.settings.account(address)
    trusted = trust.choose(setup.settings, address, setup.ca_file)
    dialer = _dialer(setup, address, trusted)
    if setup.sources.certificate is not None and where and "@" not in where:
        account = None  # the certificate says who we are
    login = setup.sources.login(account, str(address))
    running = _until_accepted(setup, login, dialer, str(address), quiet=quiet)
    if trusted.origin is Origin.FILE and trusted.ca_pem:
        setup.settings.save_pin(address, trusted.ca_pem)
    setup.settings.remember(address, running.session.nick)
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
    dialer = _dialer(setup, address, trusted)
    account = account or ask_account(f"Name of your account at {address}")
    while True:
        password = given or passwords.ask_new(setup.sources.ask, account, say)
        try:
            running = _start(Registration(account, password, link.code), dialer)
        except LoginError as error:
            if given or not error.ask_again:
                raise
            say(f"refused: {error}")
            if error.ask_again == "name":
                account = ask_account("Another name")
        else:
            setup.settings.remember(address, running.session.nick)
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


def _dialer(setup: Setup, address: Address, trusted: Trust) -> Dialer:
    return Dialer(address, trusted, setup.sources.certificate, setup.sources.key)


def _until_accepted(
    setup: Setup, login: Login, dialer: Dialer, place: str, *, quiet: bool
) -> Running:
    """Log in; a wrong password that was typed is asked for again."""
    for _ in range(ATTEMPTS - 1):
        try:
            return _start(login, dialer, quiet=quiet)
        except LoginError as error:
            if not (setup.sources.asks and error.ask_again == "password"):
                raise
            say(f"refused: {error}")
        again = setup.sources.ask(f"Password of {login.account} at {place}: ")
        login = replace(login, password=passwords.checked(again))
    return _start(login, dialer, quiet=quiet)


def _start(credential: Login | Registration, dialer: Dialer, *, quiet: bool = False) -> Running:
    session = Session(credential, quiet=quiet)
    client = Client(session, dialer, reconnect=not quiet)
    client.start()
    stopped = client.wait_ready()
    if stopped is not None:
        raise failure(stopped)
    return Running(session, client)


def failure(stopped: Stopped) -> ClientError:
    """The error that a client's end stands for."""
    if stopped.code is Exit.LOGIN:
        return LoginError(stopped.text, stopped.ask_again)
    error = ClientError(stopped.text)
    error.code = stopped.code
    return error


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
    stopped = running.client.stopped
    if stopped is not None and stopped.text:
        say(stopped.text)
    return code


def send(running: Running, target: str, texts: list[str] | None) -> Exit:
    """Send texts, or the lines of standard input when None; the exit code."""
    printer = plain.Printer(renderer_for(running.session), sys.stderr)
    source = InputLines(sys.stdin.fileno()) if texts is None else texts
    code = plain.send(running.client, target, source, printer)
    stopped = running.client.stopped
    if stopped is not None and stopped.text:
        say(stopped.text)
    return code
