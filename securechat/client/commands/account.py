"""`securechat logout`, `token` and `passwd`: each a short session of its own. Main thread."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from securechat.client.commands import assemble
from securechat.client.commands.assemble import Destination, Setup
from securechat.client.commands.inquiry import Inquiry, inquiring
from securechat.client.commands.login_flow import LoggedIn, start
from securechat.client.credentials import device, passwords
from securechat.client.credentials.tokens import StoredToken
from securechat.client.exits import (
    ClientError,
    Exit,
    LoginError,
    RefusedError,
    SettingsError,
    UsageError,
)
from securechat.client.person import Person
from securechat.client.session.actions import Quit
from securechat.client.session.events.answers import InquiryAnswer
from securechat.client.session.handshake import PASSWORD_CODES, Missed
from securechat.client.session.identity import Login
from securechat.common.escape import escape
from securechat.common.language import _, translated
from securechat.credentials.device import MAX_NAME_CHARS, is_token_name
from securechat.irc.message import MAX_BODY_BYTES, format_message

LAST_WORDS = 8.0
"""Seconds to wait for the end of the connection after QUIT."""

# Tokens listed: an account has at most 20, and a hostile server might never end its list.
MAX_LISTED = 1000

ATTEMPTS = 3
"""How often a new password is asked for before the command gives up."""


@contextmanager
def session(
    setup: Setup, goal: Destination, *, by_token: bool = False
) -> Iterator[tuple[Inquiry, LoggedIn]]:
    """A short session. by_token: this device's token will do. Raises ClientError."""
    # Without a replay, so that it takes nothing away from the person who reads.
    running = assemble.enter(setup, goal, missed=Missed.LEFT, by_token=by_token)
    with closing(running), inquiring(running.client) as inquiry:
        yield inquiry, running


@contextmanager
def closing(running: LoggedIn) -> Iterator[None]:
    """End the connection at the end of a block."""
    try:
        yield
    finally:
        running.client.submit(Quit())
        running.client.join(LAST_WORDS)


# -- securechat logout


def logout(setup: Setup, where: str | None) -> Exit:
    """Revoke this device's token at the server, and forget it here in any case."""
    goal = assemble.destination(setup, where)
    place = f"{goal.owner.account}@{goal.owner.address}"
    code = Exit.OK
    try:
        token = setup.tokens.find(goal.owner) if setup.tokens else None
        if token is not None:
            code = _revoke_own(setup, goal, token, place)
        elif setup.tokens and setup.tokens.locked_out:
            setup.person.tell(
                _(
                    "a token for {place} may be left in the keyring: `securechat logout` once more,"
                    "\nwhen it can be used, or end the token by `securechat token revoke`"
                ).format(place=place)
            )
            code = Exit.USAGE
        else:
            setup.person.tell(_("this device is not remembered at {place}").format(place=place))
    except SettingsError as error:  # nobody knows the token, so it can't be revoked
        setup.person.tell(str(error))
        code = error.code
    if setup.tokens:
        setup.tokens.forget(goal.owner)
    return code


def _revoke_own(setup: Setup, goal: Destination, token: StoredToken, place: str) -> Exit:
    try:
        running = start(
            Login(goal.owner.account, token.text), goal.dialer, setup.person, missed=Missed.LEFT
        )
        with closing(running), inquiring(running.client) as inquiry:
            inquiry.ask("REVOKED", "TOKEN", "REVOKE", token.name)
    except ClientError as error:
        # A token that the server refuses has ended already: there is nothing left to revoke.
        if not (isinstance(error, LoginError) and error.ask_again == "password"):
            setup.person.tell(str(error))
            setup.person.tell(
                _(
                    "{place} is forgotten here, but the server still takes the token; end it "
                    "with\n"
                    "  securechat token revoke {name} {place}"
                ).format(place=place, name=token.name)
            )
            return error.code
    setup.person.tell(
        _("{place} is forgotten here; the next login asks for the password.").format(place=place)
    )
    return Exit.OK


# -- securechat token


def token_list(setup: Setup, where: str | None) -> Exit:
    """Show the account's tokens: name, when it was made, when it was last used."""
    goal = assemble.destination(setup, where)
    with session(setup, goal, by_token=True) as (inquiry, _running):
        rows = [_row(entry) for entry in entries(inquiry)]
    own = setup.tokens.find(goal.owner) if setup.tokens else None
    width = max((len(name) for name, *_rest in rows), default=0)
    for name, created, last in rows:
        here = _("  (this device)") if own is not None and name == own.name else ""
        made = _("made {time}").format(time=created)
        setup.person.show(f"{name:<{width}}  {made}  {last}{here}")
    if not rows:
        setup.person.tell(_("There are no tokens."))
    return Exit.OK


def entries(inquiry: Inquiry) -> list[InquiryAnswer]:
    """The account's tokens, each with its name, when it was made, and last used, or *.

    Raises RefusedError, UnreachableError.
    """
    entries: list[InquiryAnswer] = []
    reply = inquiry.ask("ENTRY END", "TOKEN", "LIST")
    while reply.code == "ENTRY":
        if len(reply.context) != 3 or len(entries) == MAX_LISTED:
            raise RefusedError("the server's list of tokens can't be read", reply.code)
        entries.append(reply)
        reply = inquiry.more("ENTRY END")
    return entries


def _row(entry: InquiryAnswer) -> tuple[str, str, str]:
    name, created, last = entry.context
    return escape(name), local(created), used(last)


def used(time: str) -> str:
    """When a token was last used, in words; time: * for never."""
    return _("never used") if time == "*" else _("used {time}").format(time=local(time))


def local(time: str) -> str:
    """A time of the server's in local time; what isn't one, as it is."""
    try:
        return f"{datetime.fromisoformat(time).astimezone():%Y-%m-%d %H:%M}"
    except (ValueError, OverflowError):
        return time


def token_create(setup: Setup, name: str, where: str | None) -> Exit:
    """Make a token and print it, alone, to standard output."""
    check_name(name)
    with session(setup, assemble.destination(setup, where)) as (inquiry, _running):
        token = device.create(inquiry, name)
    setup.person.show(token.text)
    setup.person.tell(
        _(
            "This is the token {name}. It is shown this once, and stands in for the password."
        ).format(name=name)
    )
    return Exit.OK


def token_revoke(setup: Setup, name: str, where: str | None) -> Exit:
    """End a token, and the sessions that logged in with it."""
    check_name(name)
    goal = assemble.destination(setup, where)
    with session(setup, goal, by_token=True) as (inquiry, _running):
        inquiry.ask("REVOKED", "TOKEN", "REVOKE", name)
    if setup.tokens:
        own = setup.tokens.find(goal.owner)
        if own is not None and own.name == name:
            setup.tokens.forget(goal.owner)
    setup.person.tell(_("{name} is revoked.").format(name=name))
    return Exit.OK


def check_name(name: str) -> None:
    """Raises UsageError when a token can't have this name."""
    if not is_token_name(name):
        raise UsageError(
            f"expected a name for the token, one word of at most {MAX_NAME_CHARS} printable "
            f"characters that doesn't begin with a colon; got {name!r}"
        )


# -- securechat passwd


def passwd(setup: Setup, where: str | None) -> Exit:
    """Change the password. Every token ends, so a remembered device gets a fresh one."""
    goal = assemble.destination(setup, where)
    tokens = setup.tokens
    remembered = tokens is not None and tokens.find(goal.owner) is not None
    with session(setup, goal) as (inquiry, running):
        _change(inquiry, setup.person, goal.owner.account, running.session.min_password)
        setup.person.tell(
            _("The password is changed. Other sessions have ended, and all tokens with them.")
        )
        if tokens is not None and remembered:
            tokens.forget(goal.owner)
            device.remember(running.client, tokens, goal.owner, setup.person)
    return Exit.OK


def _change(inquiry: Inquiry, person: Person, account: str, least: int | None) -> None:
    for left in reversed(range(ATTEMPTS)):
        new = passwords.ask_new(person, account, least)
        if len(format_message("PASSWD", new).encode()) > MAX_BODY_BYTES:
            raise UsageError("the password is too long to be sent; use at most 300 bytes")
        try:
            inquiry.ask("CHANGED", "PASSWD", new)
        except RefusedError as refused:
            if not left or refused.reason not in PASSWORD_CODES:
                raise
            person.tell(_("refused: {error}").format(error=translated(refused)))
        else:
            return
