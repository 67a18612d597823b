"""What is said to those who log in. Hub thread only."""

from __future__ import annotations

from securechat.core.turn import Turn

WRONG = "Wrong account or password"
"""One text for an unknown account, a wrong password, a wrong code and a disabled account."""

LATER = "The server can't check that now; try again in a minute"

CODE_REQUIRED = (
    "CODE_REQUIRED",
    "Put the code of your authenticator, or a recovery code, directly behind the password",
)
CERTIFICATE_UNKNOWN = (
    "CERTIFICATE_UNKNOWN",
    "Your certificate is valid, but registered for no account: log in with your password and this "
    "certificate and say CERT ADD, or ask for securechat-admin certificate add",
)
TOO_MANY_CODES = (
    "TOO_MANY_CODES",
    "Too many wrong codes; wait some minutes, or log in with a device token",
)


def required(turn: Turn) -> str:
    """To who has not logged in: how it is done, and how one gets an account."""
    how = {
        "invite": " New here? With the code of an invite: /quote REGISTER * CODE :PASSWORD",
        "open": " New here? /quote REGISTER * * :PASSWORD",
        "closed": "",
    }[turn.settings.registration]
    return (
        "This server wants a login: set up SASL PLAIN in your client, or the server password "
        f"account:password.{how}"
    )
