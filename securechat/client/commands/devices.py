"""`securechat whoami` and `devices`: as whom we log in, what is remembered where, how to end it.

To the server a device is a token, and what is logged in now a session. Main thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from securechat.client.commands import account, assemble, sessions
from securechat.client.commands.account import local, session
from securechat.client.commands.assemble import Destination, Setup
from securechat.client.commands.inquiry import UNKNOWN, Inquiry
from securechat.client.exits import Exit, RefusedError, UsageError
from securechat.client.session.events.answers import InquiryAnswer
from securechat.client.text import json_lines
from securechat.common.escape import escape_name
from securechat.common.language import _
from securechat.common.record import State, field

OTHERS = "others"

NONE = "*"
"""Stands for a name, or a time, that there isn't."""


class Device(State):
    """What lets somebody in as the account. by: token, certificate or password. name: of the token
    or the certificate, '' for none. made, used: as the server tells them, '' where it doesn't. ids:
    of its live sessions. here: this command has logged in by it, from address.
    """

    by: str
    name: str = ""
    made: str = ""
    used: str = ""
    ids: list[str] = field(default_factory=list)
    here: bool = False
    address: str = ""


# -- whoami


def whoami(setup: Setup, where: str | None, *, as_json: bool) -> Exit:
    """Tell as whom, where and by what we log in. Raises ClientError."""
    goal = assemble.destination(setup, where)
    with session(setup, goal, by_token=True) as (inquiry, running):
        found = known(inquiry)
        name = running.session.nick
    here = next((one for one in found if one.here), Device("", here=True))
    if as_json:
        line = json_lines.of(
            "account",
            account=name,
            server=str(goal.owner.address),
            by=here.by or None,
            device=here.name or None,
            since=_time(here.made),
            address=here.address or None,
        )
        setup.person.show(line)
        return Exit.OK
    shown, address = escape_name(name), escape_name(str(goal.owner.address))
    setup.person.show(_("{account} at {server}").format(account=shown, server=address))
    if here.by:
        setup.person.show("  " + _by(here))
    return Exit.OK


def _by(device: Device) -> str:
    if device.by == "password":
        return _("by the password: this device isn't remembered")
    name = escape_name(device.name)
    if device.by == "certificate":
        return _("by the certificate {name}").format(name=name)
    if not device.made:
        return _("remembered here as {name}").format(name=name)
    made = local(device.made)
    return _("remembered here as {name} since {time}").format(name=name, time=made)


# -- devices


def listed(setup: Setup, where: str | None, *, as_json: bool) -> Exit:
    """Show what is remembered where, and what is logged in. Raises ClientError."""
    goal = assemble.destination(setup, where)
    with session(setup, goal, by_token=True) as (inquiry, _running):
        found = known(inquiry)
    own = _own(setup, goal)
    for one in found:
        one.here = one.here or (one.by == "token" and one.name == own)
    # What only this command has logged in by is gone again.
    found = [one for one in found if one.by == "token" or one.ids]
    names = [_name(one) for one in found]
    for one in found:
        setup.person.show(_json(one) if as_json else _row(one, max(map(len, names))))
    if not found and not as_json:
        setup.person.tell(_("No device is remembered, and nothing else is logged in."))
    return Exit.OK


def known(inquiry: Inquiry) -> list[Device]:
    """The account's devices: those that are remembered, then others that are logged in. Of what a
    server doesn't tell there is nothing. Raises RefusedError, UnreachableError.
    """
    others: list[Device] = []
    tokens: dict[str, Device] = {}
    for name, made, used in _asked(account.entries, inquiry):
        tokens[name] = Device("token", name, made, "" if used == NONE else used)
    for number, by, name, since, _heard, address, whose in _asked(sessions.entries, inquiry):
        named = "" if name == NONE else name
        one = tokens.get(named) if by == "token" else None
        if one is None:
            one = Device(by, named, since)
            others.append(one)
        if whose == "here":
            one.here, one.address = True, address
        else:
            one.ids.append(number)
    return [*tokens.values(), *others]


def _asked(
    entries: Callable[[Inquiry], list[InquiryAnswer]], inquiry: Inquiry
) -> Iterator[tuple[str, ...]]:
    """The entries of a list; none where the server doesn't know the command."""
    try:
        for entry in entries(inquiry):
            yield entry.context
    except RefusedError as refused:
        if refused.reason not in UNKNOWN:
            raise


def _own(setup: Setup, goal: Destination) -> str | None:
    token = setup.tokens.find(goal.owner) if setup.tokens else None
    return token.name if token else None


def _time(text: str) -> str | None:
    try:
        return json_lines.iso(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        return None


def _json(one: Device) -> str:
    return json_lines.of(
        "device",
        by=one.by,
        name=one.name or None,
        made=_time(one.made),
        used=_time(one.used),
        sessions=one.ids,
        here=one.here,
    )


def _name(one: Device) -> str:
    return escape_name(one.name) or _("(by the password)")


def _row(one: Device, width: int) -> str:
    facts = []
    if one.by == "token":
        facts.append(_("remembered since {time}").format(time=local(one.made)))
        facts.append(account.used(one.used or NONE))
    for number in one.ids:
        facts.append(_("logged in now ({id})").format(id=escape_name(number)))
    if one.here:
        facts.append(_("this device"))
    return f"{_name(one):<{width}}  {', '.join(facts)}"


def end(setup: Setup, name: str, where: str | None) -> Exit:
    """End what is remembered under a name, a session by its id, or `others`: all but this device.

    Raises ClientError.
    """
    goal = assemble.destination(setup, where)
    own = _own(setup, goal)
    with session(setup, goal, by_token=True) as (inquiry, _running):
        found = known(inquiry)
        tokens = [one.name for one in found if one.by == "token"]
        ended = [one for one in tokens if one == name or (name == OTHERS and one != own)]
        if name not in (OTHERS, *ended, *(number for one in found for number in one.ids)):
            raise UsageError(
                f"nothing is remembered or logged in as {name}; `securechat devices list` shows "
                "what there is"
            )
        for one in ended:
            inquiry.ask("REVOKED", "TOKEN", "REVOKE", one)
            setup.person.tell(_("{name} is not remembered any more.").format(name=escape_name(one)))
    if name not in ended:
        return sessions.end(setup, name, where)
    if name == own and setup.tokens:
        setup.tokens.forget(goal.owner)
    return Exit.OK
