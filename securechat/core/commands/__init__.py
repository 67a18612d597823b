"""The commands of the server, one family a file. Importing this package registers them all."""

from __future__ import annotations

from securechat.core.commands import (
    authentication,
    cap,
    certificates,
    channels,
    connection,
    credentials,
    history,
    info,
    listing,
    markers,
    messages,
    metadata,
    modes,
    monitor,
    people,
    redaction,
    renaming,
    search,
    sessions,
    who,
)

__all__ = [
    "authentication",
    "cap",
    "certificates",
    "channels",
    "connection",
    "credentials",
    "history",
    "info",
    "listing",
    "markers",
    "messages",
    "metadata",
    "modes",
    "monitor",
    "people",
    "redaction",
    "renaming",
    "search",
    "sessions",
    "who",
]
