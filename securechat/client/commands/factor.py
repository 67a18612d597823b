"""The second factor: `securechat totp`. RFC 6238 at the server; here it is shown and asked for.

Main thread.
"""

from __future__ import annotations

from securechat.client.commands.account import session
from securechat.client.commands.assemble import Setup, destination
from securechat.client.commands.inquiry import Inquiry
from securechat.client.commands.login_flow import CODE, FIRST_CODE, ask_code
from securechat.client.credentials.second_factor import show_recovery, show_secret
from securechat.client.exits import Exit, RefusedError
from securechat.client.person import Person
from securechat.client.session.events.answers import InquiryAnswer
from securechat.common.language import _, translated

ATTEMPTS = 3
"""How often a code is asked for before the command gives up."""

NEXT_CODE = (
    "A code is good once. If you have just logged in with one, wait for the next, up to 30 seconds."
)


def enroll(setup: Setup, where: str | None) -> Exit:
    """Switch the second factor on: show the secret, have a code, print recovery codes."""
    with session(setup, destination(setup, where)) as (inquiry, _running):
        reply = inquiry.ask("SECRET", "TOTP", "ENROLL")
        show_secret(setup.person, *[*reply.context, "", ""][:2])
        _with_code(inquiry, setup.person, FIRST_CODE, "ENABLED", "CONFIRM")
        setup.person.tell(_("The second factor is on."))
        show_recovery(setup.person, inquiry.more("RECOVERY").context)
    return Exit.OK


def remove(setup: Setup, where: str | None) -> Exit:
    """Switch the second factor off."""
    with session(setup, destination(setup, where)) as (inquiry, _running):
        setup.person.tell(NEXT_CODE)
        _with_code(inquiry, setup.person, CODE, "REMOVED", "REMOVE")
    setup.person.tell(_("The second factor is off."))
    return Exit.OK


def recovery(setup: Setup, where: str | None) -> Exit:
    """Make new recovery codes; those of before are void."""
    with session(setup, destination(setup, where)) as (inquiry, _running):
        setup.person.tell(NEXT_CODE)
        told = _with_code(inquiry, setup.person, CODE, "RECOVERY", "RECOVERY")
        show_recovery(setup.person, told.context)
    return Exit.OK


def _with_code(
    inquiry: Inquiry, person: Person, question: str, expected: str, verb: str
) -> InquiryAnswer:
    """Send a TOTP command with a code, which is asked for again when it is wrong."""
    for _attempt in range(ATTEMPTS - 1):
        try:
            return inquiry.ask(expected, "TOTP", verb, ask_code(person, question))
        except RefusedError as refused:
            if refused.reason != "WRONG_CODE":
                raise
            person.tell(_("refused: {error}").format(error=translated(refused)))
    return inquiry.ask(expected, "TOTP", verb, ask_code(person, question))
