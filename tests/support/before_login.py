"""What may be said before a login: all of it, told once, apart from the source."""

from __future__ import annotations

BEFORE_LOGIN = frozenset(
    {
        "AWAY",  # with draft/pre-away; it tells nothing, and nobody hears of it
        "CAP",
        "NICK",
        "USER",
        "PASS",
        "PING",
        "PONG",
        "QUIT",
        "AUTHENTICATE",
        "REGISTER",
        "ISUPPORT",
        "METADATA",
    }
)
