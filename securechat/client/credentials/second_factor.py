"""What a second factor shows once: its secret, as a QR code or to be typed, and recovery codes.

Main thread.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence

from securechat.client.exits import RefusedError
from securechat.client.person import Person
from securechat.common.language import _

# Light modules around the QR code: half of what ISO/IEC 18004 asks for, which phones read all the
# same, and which lets the code of a usual account fit on 24 rows.
QUIET_ZONE = 2

# Characters: a code of more would not fit on a screen.
MAX_URI = 400

_SECRET = re.compile(r"[A-Z2-7]{16,128}=*")
_URI = re.compile(r"otpauth://totp/[!-~]+")


def show_secret(person: Person, secret: str, uri: str) -> None:
    """Show what a server has told, which an authenticator is to be given. secret: in base 32. uri:
    for a QR code. Raises RefusedError when it is none.
    """
    if not _SECRET.fullmatch(secret):
        raise RefusedError("the server's answer holds no secret for an authenticator", "SECRET")
    drawn = person.draw(qr_code(uri))
    groups = [secret[at : at + 4] for at in range(0, len(secret), 4)]
    person.tell(
        _("Scan this with your authenticator app, or type the secret:")
        if drawn
        else _("Add this with your authenticator app, or type the secret:")
    )
    person.tell(f"  {' '.join(groups)}")


def qr_code(uri: str) -> list[str]:
    """uri as a QR code, rows of half blocks; none when it isn't one for an authenticator."""
    if len(uri) > MAX_URI or not _URI.fullmatch(uri):
        return []
    import segno  # only here, as hardly any command needs it

    out = io.StringIO()
    # With the lowest error correction the code is the smallest.
    segno.make(uri, error="l", micro=False).terminal(out, border=QUIET_ZONE, compact=True)
    return out.getvalue().splitlines()


def show_recovery(person: Person, codes: Sequence[str]) -> None:
    """Print recovery codes to standard output, each on a line of its own."""
    person.tell(
        _(
            "Recovery codes, each good once in a code's place. They are shown this once: print "
            "them or\nwrite them down, and keep them away from this device."
        )
    )
    for code in codes:
        person.show(code)
