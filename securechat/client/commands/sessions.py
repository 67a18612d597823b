"""`securechat sessions`: lists the account's live sessions, and ends them. Main thread."""

from __future__ import annotations

from securechat.client.commands import assemble
from securechat.client.commands.account import MAX_LISTED, local, session
from securechat.client.commands.assemble import Destination, Setup
from securechat.client.commands.inquiry import Inquiry
from securechat.client.exits import Exit, RefusedError
from securechat.client.person import Person
from securechat.client.session.events.answers import InquiryAnswer
from securechat.common.escape import escape
from securechat.common.language import _

FIELDS = 7
"""Of an entry: id, how, the credential's name, since, heard, address, here or elsewhere."""


def listed(setup: Setup, where: str | None) -> Exit:
    """Show the account's sessions, but the one that asks."""
    with session(setup, assemble.destination(setup, where), by_token=True) as (inquiry, _running):
        found = [entry.context for entry in entries(inquiry)]
    rows = [row for row in found if row[-1] != "here"]
    for number, by, name, since, heard, address, _mine in rows:
        how = by if name == "*" else f"{by} {name}"
        print_row(setup.person, number, how, since, heard, address)
    if not rows:
        setup.person.tell(_("There is no other session."))
    return Exit.OK


def print_row(person: Person, number: str, how: str, since: str, heard: str, address: str) -> None:
    """One session, as a line."""
    person.show(
        _("{number}  since {since}  heard {heard}  from {address}  by {how}").format(
            number=escape(number),
            since=local(since),
            heard=local(heard),
            address=escape(address),
            how=escape(how),
        )
    )


def entries(inquiry: Inquiry) -> list[InquiryAnswer]:
    """The account's sessions, each with its FIELDS. Raises RefusedError, UnreachableError."""
    entries: list[InquiryAnswer] = []
    reply = inquiry.ask("ENTRY END", "SESSIONS", "LIST")
    while reply.code == "ENTRY":
        if len(reply.context) != FIELDS or len(entries) == MAX_LISTED:
            raise RefusedError("the server's list of sessions can't be read", reply.code)
        entries.append(reply)
        reply = inquiry.more("ENTRY END")
    return entries


def end(setup: Setup, number: str, where: str | None) -> Exit:
    """End a session, or all others; by the password, where this device's token can't."""
    goal = assemble.destination(setup, where)
    try:
        answer = _end(setup, goal, number, by_token=True)
    except RefusedError as refused:
        if refused.reason != "REAUTHENTICATE":
            raise
        setup.person.tell(str(refused))
        answer = _end(setup, goal, number, by_token=False)
    setup.person.tell(escape(answer.text))
    return Exit.OK


def _end(setup: Setup, goal: Destination, number: str, *, by_token: bool) -> InquiryAnswer:
    with session(setup, goal, by_token=by_token) as (inquiry, _running):
        return inquiry.ask("ENDED", "SESSIONS", "END", number)
