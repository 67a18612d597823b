"""The journal: every change that outlives the process, as data.

A turn of the hub records events; model.apply() puts each into memory at once, and the store writes
all of a turn in one transaction before anything the turn says is sent. An event is a named tuple
whose fields, in their order, are the parameters of the store's statement of the same name.

Each event says what it builds on, and what it makes: needs() are the things that must be as the
rules have seen them, also those that it changes; makes() are those that it brings into being,
changes or ends. When an event can't be stored, no later one of its turn is that needs what it
makes.
"""

from __future__ import annotations

from typing import NamedTuple

from securechat.core.journal.events.accounts import AccountEvent
from securechat.core.journal.events.channels import ChannelEvent

JournalEvent = AccountEvent | ChannelEvent


class Audited(NamedTuple):
    """Something about the server's security. account: a name, '-' for nobody's. address: where
    from. result: 'ok', or why not. facts: a JSON object.
    """

    at_ms: int
    event: str
    account: str
    address: str
    result: str
    facts: str
