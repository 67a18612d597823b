"""The commands of the server, one family a file. Importing this package registers them all."""

from __future__ import annotations

from securechat.core.commands import (
    authentication,
    certificates,
    connection,
    credentials,
    info,
    messages,
    modes,
    people,
    rooms,
    sessions,
)

__all__ = [
    "authentication",
    "certificates",
    "connection",
    "credentials",
    "info",
    "messages",
    "modes",
    "people",
    "rooms",
    "sessions",
]
