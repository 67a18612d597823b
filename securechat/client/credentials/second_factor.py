"""What a second factor shows once: its secret, as a QR code or to be typed, and recovery codes.

Main thread.
"""

from __future__ import annotations

import io
import re
import shutil
import sys
from collections.abc import Sequence

from securechat.client.exits import RefusedError, say
from securechat.common.escape import escape
from securechat.common.language import _

# Light modules around the QR code: half of what ISO/IEC 18004 asks for, which phones read all the
# same, and which lets the code of a usual account fit on 24 rows.
QUIET_ZONE = 2

# Characters: a code of more would not fit on a screen.
MAX_URI = 400

# White on black whatever the terminal's colours are: scanners want dark modules on light ones.
_WHITE_ON_BLACK = "\x1b[97;40m"
_PLAIN = "\x1b[0m"

_SECRET = re.compile(r"[A-Z2-7]{16,128}=*")
_URI = re.compile(r"otpauth://totp/[!-~]+")


def show_secret(secret: str, uri: str) -> None:
    """Show what a server has told, which an authenticator is to be given. secret: in base 32. uri:
    for a QR code. Raises RefusedError when it is none.
    """
    if not _SECRET.fullmatch(secret):
        raise RefusedError("the server's answer holds no secret for an authenticator", "SECRET")
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


def show_recovery(codes: Sequence[str]) -> None:
    """Print recovery codes to standard output, each on a line of its own."""
    say(
        _(
            "Recovery codes, each good once in a code's place. They are shown this once: print "
            "them or\nwrite them down, and keep them away from this device."
        )
    )
    for code in codes:
        print(escape(code), file=sys.stdout)
