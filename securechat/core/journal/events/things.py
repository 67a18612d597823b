"""What events are about, so that it can be told which of them build on which."""

from __future__ import annotations

from typing import Literal

ThingKind = Literal[
    "account",
    "ban",
    "certificate",
    "certificate name",
    "conversation",
    "device",
    "factor",
    "founder",
    "invitation",
    "invite",
    "key slot",
    "kicks",
    "members",
    "membership",
    "modes",
    "name",
    "password",
    "target",
    "token",
    "token name",
    "topic",
]
"""Of what events are about. members: of a channel, as a whole."""

Thing = tuple[ThingKind, object]
"""One of them, by its kind and what it is known by."""

Things = tuple[Thing, ...]

Table = Literal["accounts", "targets"]
"""An event with a table() sets facts of one account or channel, and needs no code of its own in
apply() or in the store: its fields are columns of that table, and attributes of that account or
channel, under the same names; the last one is whose they are.
"""


def member(channel: int, account: int) -> Things:
    """An account in a channel, and both by themselves."""
    return ("target", channel), ("account", account), ("membership", (channel, account))
