"""What is said to those who log in. Hub thread only."""

from __future__ import annotations

from securechat.core.turn import Turn

WRONG = "Wrong account or password"
"""One text for an unknown account, a wrong password, a wrong code and a disabled account."""

LATER = "The server can't check that now; try again in a minute"

QUEUED = "Many log in at once; yours waits for its turn"

CODE_REQUIRED = (
    "CODE_REQUIRED",
    "Put the code of your authenticator, or a recovery code, directly behind the password",
)
CERTIFICATE_UNKNOWN = (
    "CERTIFICATE_UNKNOWN",
    "Your certificate is valid, but registered for no account: log in with your password and this "
    "certificate and say CERT ADD, or ask for securechat-admin certificate add",
)
NOT_WITHOUT_FACTOR = (
    "SECOND_FACTOR_REQUIRED",
    "This server asks for a second factor, and this account has none: log in with the password, "
    "and the answer says how to begin one",
)
FACTOR_NEXT = (
    "This server asks for a second factor: begin it now by TOTP ENROLL, or your next login will "
    "tell you how"
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


def enrolment(key: str) -> tuple[str, str]:
    """To who has to have a second factor and has none; what some clients show is this alone.

    key: in base 32.
    """
    groups = " ".join(key[at : at + 4] for at in range(0, len(key), 4))
    text = (
        f"This server asks for a second factor: add the key {groups} to an authenticator app, then "
        "log in with the code that it shows directly behind the password"
    )
    return "SECOND_FACTOR_REQUIRED", text
