"""The second factor: `securechat totp`. RFC 6238 at the server; here it is shown and asked for.

Main thread.
"""

from __future__ import annotations

import io
import re
import shutil
import sys

from securechat.client.commands.account import session, show
from securechat.client.commands.assemble import Setup, destination
from securechat.client.commands.inquiry import Inquiry
from securechat.client.commands.login_flow import CODE, ask_code
from securechat.client.credentials.passwords import Ask
from securechat.client.exits import Exit, RefusedError, say
from securechat.client.session.events import InquiryAnswer
from securechat.common.language import _, translated

ATTEMPTS = 3
"""How often a code is asked for before the command gives up."""

# Light modules around the QR code: half of what ISO/IEC 18004 asks for, which phones read all the
# same, and which lets the code of a usual account fit on 24 rows.
QUIET_ZONE = 2

# Characters: a code of more would not fit on a screen.
MAX_URI = 400

NEXT_CODE = (
    "A code is good once. If you have just logged in with one, wait for the next, up to 30 seconds."
)

# White on black whatever the terminal's colours are: scanners want dark modules on light ones.
_WHITE_ON_BLACK = "\x1b[97;40m"
_PLAIN = "\x1b[0m"

_SECRET = re.compile(r"[A-Z2-7]{16,128}=*")
_URI = re.compile(r"otpauth://totp/[!-~]+")


def enroll(setup: Setup, where: str | None) -> Exit:
    """Switch the second factor on: show the secret, have a code, print recovery codes."""
    with session(setup, destination(setup, where)) as (inquiry, _running):
        reply = inquiry.ask("SECRET", "TOTP", "ENROLL")
        _show_secret(reply)
        _with_code(inquiry, setup.sources.ask, "The code that it shows now: ", "ENABLED", "CONFIRM")
        say(_("The second factor is on."))
        _show_recovery(inquiry.more("RECOVERY"))
    return Exit.OK


def remove(setup: Setup, where: str | None) -> Exit:
    """Switch the second factor off."""
    with session(setup, destination(setup, where)) as (inquiry, _running):
        say(NEXT_CODE)
        _with_code(inquiry, setup.sources.ask, CODE, "REMOVED", "REMOVE")
    say(_("The second factor is off."))
    return Exit.OK


def recovery(setup: Setup, where: str | None) -> Exit:
    """Make new recovery codes; those of before are void."""
    with session(setup, destination(setup, where)) as (inquiry, _running):
        say(NEXT_CODE)
        _show_recovery(_with_code(inquiry, setup.sources.ask, CODE, "RECOVERY", "RECOVERY"))
    return Exit.OK


def _with_code(
    inquiry: Inquiry, ask: Ask, question: str, expected: str, verb: str
) -> InquiryAnswer:
    """Send a TOTP command with a code, which is asked for again when it is wrong."""
    for _attempt in range(ATTEMPTS - 1):
        try:
            return inquiry.ask(expected, "TOTP", verb, ask_code(ask, question))
        except RefusedError as refused:
            if refused.reason != "WRONG_CODE":
                raise
            say(_("refused: {error}").format(error=translated(refused)))
    return inquiry.ask(expected, "TOTP", verb, ask_code(ask, question))


def _show_secret(reply: InquiryAnswer) -> None:
    secret, uri = [*reply.context, "", ""][:2]
    if not _SECRET.fullmatch(secret):
        raise RefusedError("the server's answer holds no secret for an authenticator", reply.code)
    code = qr_code(uri) if sys.stdout.isatty() else ""
    if code:
        sys.stdout.write(code)
        sys.stdout.flush()
    groups = [secret[at : at + 4] for at in range(0, len(secret), 4)]
    say(
        _("Scan this with your authenticator app, or type the secret:")
        if code
        else _("Add this with your authenticator app, or type the secret:")
    )
    say(f"  {' '.join(groups)}")


def qr_code(uri: str) -> str:
    """uri as a QR code of half blocks; '' when it isn't one for an authenticator, or can't be shown
    on this terminal.
    """
    if len(uri) > MAX_URI or not _URI.fullmatch(uri):
        return ""
    import segno  # only here, as hardly any command needs it

    out = io.StringIO()
    # With the lowest error correction the code is the smallest.
    segno.make(uri, error="l", micro=False).terminal(out, border=QUIET_ZONE, compact=True)
    rows = out.getvalue().splitlines()
    try:
        rows[0].encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:  # it has no half blocks
        return ""
    if len(rows[0]) > shutil.get_terminal_size().columns:
        return ""
    return "".join(f"{_WHITE_ON_BLACK}{row}{_PLAIN}\n" for row in rows)


def _show_recovery(reply: InquiryAnswer) -> None:
    say(
        _(
            "Recovery codes, each good once in a code's place. They are shown this once: print "
            "them or\nwrite them down, and keep them away from this device."
        )
    )
    for code in reply.context:
        show(code)
