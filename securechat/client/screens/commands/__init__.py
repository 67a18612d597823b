"""The slash commands: a module for each family of them, and the registry in which they stand."""

from __future__ import annotations

# Each registers its commands when it is imported.
from securechat.client.screens.commands import (
    moderation,
    people,
    program,
    reading,
    rooms,
    talk,
)
from securechat.client.screens.commands.registry import (
    ALIASES,
    COMMANDS,
    Group,
    SlashCommand,
    find,
    run,
)

__all__ = [
    "ALIASES",
    "COMMANDS",
    "Group",
    "SlashCommand",
    "find",
    "moderation",
    "people",
    "program",
    "reading",
    "rooms",
    "run",
    "talk",
]
