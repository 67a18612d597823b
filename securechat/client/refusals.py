"""What a login or a registration can meet, in people's words: what happened, and what to do next.

By the code of what happened and not by somebody's text, so that it is the same in each language and
at each server; what a server says beside its code stands behind our words. Pure; any thread.
"""

from __future__ import annotations

import errno
import socket
import ssl
from typing import Final

from securechat.client.exits import LoginError
from securechat.client.session.handshake import (
    BY_CERTIFICATE,
    NO_ACCOUNTS,
    NO_ECHO,
    NO_LOGIN,
    TOO_LONG,
)
from securechat.client.wire.stream import reason_of
from securechat.common.language import _, translated
from securechat.common.record import Record


class Words(Record):
    """what: has happened. next: what to do about it. quoted: whether the server's own text says
    more than that, as which rule a name breaks.
    """

    what: str
    next: str = ""
    quoted: bool = False


_WRONG = Words(
    "The account or the password is wrong.",
    "Look at Caps Lock and at the keyboard's layout. Whoever runs the server can set a new "
    "password, and sees whether the account is disabled.",
)
_TAKEN = Words(
    "That name is taken.",
    "Choose another one. If it is yours: `securechat login NAME@HOST`.",
)
_NO_NAME = Words("The server doesn't take that name.", "Choose another one.", quoted=True)
_BAD_PASSWORD = Words("The server doesn't take that password.", "Choose another one.", quoted=True)
_LATER = Words("The server can't do that now.", "Try again in a minute.", quoted=True)
_BROKEN_OFF = Words("The server has broken the login off.", "Try once more.", quoted=True)

REFUSALS: Final[dict[str, Words]] = {
    # SASL (https://ircv3.net/specs/extensions/sasl-3.1), and RFC 2812's answer to PASS
    "904": _WRONG,
    "464": _WRONG,
    "902": Words(
        "The server has locked this account.", "Ask whoever runs the server.", quoted=True
    ),
    "905": Words("The password is longer than the server takes.", "Choose a shorter one."),
    "906": _BROKEN_OFF,
    "907": _BROKEN_OFF,
    BY_CERTIFICATE: Words(
        "The server doesn't take this certificate.", "Ask whoever runs the server.", quoted=True
    ),
    "465": Words("The server has banned you.", "Ask whoever runs the server.", quoted=True),
    # securechat's own
    "CERTIFICATE_UNKNOWN": Words(
        "The certificate is valid, and no account here has it.",
        "Ask whoever runs the server for `securechat-admin certificate add`.",
    ),
    "TOO_MANY_CODES": Words(
        "Too many wrong codes were given for this account.",
        "Wait some minutes. A device that is remembered logs in without a code.",
    ),
    # Registration (https://ircv3.net/specs/extensions/account-registration)
    "INVALID_EMAIL": Words(
        "This invite is used up, has expired, or the server doesn't know it.",
        "Ask whoever sent the link for a new one.",
    ),
    "ACCOUNT_EXISTS": _TAKEN,
    "433": _TAKEN,
    "BAD_ACCOUNT_NAME": _NO_NAME,
    "432": _NO_NAME,
    "WEAK_PASSWORD": _BAD_PASSWORD,
    "UNACCEPTABLE_PASSWORD": _BAD_PASSWORD,
    "TEMPORARILY_UNAVAILABLE": _LATER,
    "RATE_LIMITED": _LATER,
    "TRY_AGAIN": _LATER,
    # ours
    NO_ACCOUNTS: Words(
        "This server makes no accounts by links.",
        "Ask whoever runs it to make one for you; `securechat login NAME@HOST` is for that.",
    ),
    NO_ECHO: Words(
        "This server is too old or of another kind: it doesn't tell what is stored (echo-message).",
        "Whoever runs it can bring it up to date; other IRC clients may do without.",
    ),
    NO_LOGIN: Words(
        "This server doesn't offer the login that was asked for.",
        "Whoever runs the server can tell which ones it takes.",
        quoted=True,
    ),
    TOO_LONG: Words("The password is too long to be sent; use at most 300 bytes."),
}
"""By the FAIL's code, the numeric, or our own reason."""


def refusal(error: LoginError, *, again: bool = False) -> str:
    """What somebody is told of a refused login. again: they are asked once more at once, so without
    what to do.
    """
    words = REFUSALS.get(error.reason)
    if words is None:
        # The server's words come behind our own, so that they can't be taken for ours.
        return _("refused: {error}").format(error=translated(error))
    text = translated(words.what)
    if words.quoted and str(error):
        text += " " + _("It says: {text}.").format(text=translated(error).rstrip("."))
    lines = [] if again else [translated(words.next), error.advice]
    return "\n  ".join([text, *filter(None, lines)])


# --- before anything is said ----------------------------------------------------------------------

_NO_NAME_THERE = (
    "there is no computer of that name; check the spelling, and that this one is on the network"
)
_NO_LOOK_UP = "names can't be looked up now; is this computer on the network?"
_REFUSED = (
    "nothing listens there; check the port, and that securechat-server runs. If the server has "
    "moved, name its new address"
)
_SILENT = (
    "there is no answer; the computer may be off, or a firewall in between. If the server has "
    "moved, name its new address"
)
_NO_WAY = "this network has no way there; is this computer online, and in the right network?"

CONNECTIONS: Final[dict[int, str]] = {
    errno.ECONNREFUSED: _REFUSED,
    errno.ETIMEDOUT: _SILENT,
    errno.EHOSTUNREACH: _NO_WAY,
    errno.ENETUNREACH: _NO_WAY,
    errno.ENETDOWN: _NO_WAY,
    errno.ECONNRESET: "the connection was closed at once; something in between may forbid it",
}
"""By the system's number."""

NAMES: Final[dict[int, str]] = {
    socket.EAI_NONAME: _NO_NAME_THERE,
    socket.EAI_AGAIN: _NO_LOOK_UP,
}
"""By the resolver's number (getaddrinfo(3))."""

_PLAINTEXT = (
    "doesn't speak TLS; securechat never talks in plaintext. Check the port (securechat-server "
    "listens on 6697 unless told otherwise)"
)
_TOO_OLD = "speaks only versions of TLS that are too old; expected 1.2 or 1.3. Nothing was sent"
_WEAKENED = (
    "was refused: somebody in between has changed what was said, to make the connection weaker "
    "than both sides can. Nothing was sent. Try another network"
)

HANDSHAKES: Final[dict[str, str]] = {
    "WRONG_VERSION_NUMBER": _PLAINTEXT,
    "RECORD_LAYER_FAILURE": _PLAINTEXT,
    "HTTP_REQUEST": _PLAINTEXT,
    "PACKET_LENGTH_TOO_LONG": _PLAINTEXT,
    "UNSUPPORTED_PROTOCOL": _TOO_OLD,
    "TLSV1_ALERT_PROTOCOL_VERSION": _TOO_OLD,
    "INAPPROPRIATE_FALLBACK": _WEAKENED,
    "TLSV1_ALERT_INAPPROPRIATE_FALLBACK": _WEAKENED,
}
"""By OpenSSL's reasons, in its versions. A server marks that it was asked for less than it offers
(RFC 8446, section 4.1.3), or is told that we can do better (RFC 7507).
"""


def unconnected(error: OSError | UnicodeError) -> str:
    """Why there is no connection, in English; UnicodeError for what is no name by the rules of
    IDNA.
    """
    if isinstance(error, UnicodeError):
        return _NO_NAME_THERE
    if isinstance(error, TimeoutError):
        return _SILENT
    table = NAMES if isinstance(error, socket.gaierror) else CONNECTIONS
    return table.get(error.errno or 0) or reason_of(error)


def no_handshake(error: OSError | ValueError) -> str | None:
    """What a server does instead of a TLS handshake, in English, to stand behind its address; None
    where that isn't known.
    """
    reason = getattr(error, "reason", None)  # not every error of TLS has one
    return HANDSHAKES.get(reason or "") if isinstance(error, ssl.SSLError) else None
