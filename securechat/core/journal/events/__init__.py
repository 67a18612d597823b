"""The journal: every change that outlives the process, as data.

A turn of the hub records events; model.apply() puts each into memory at once, and the store writes
all of a turn in one transaction before anything the turn says is sent. An event is a named tuple
whose fields, in their order, are the parameters of the store's statement of the same name.

Each event declares what it is about (see things.py): the things that it needs, changes and makes.
When an event can't be stored, no later one of its turn is that needs what it makes or changes.
"""

from __future__ import annotations

from typing import NamedTuple

from securechat.core.journal.events.accounts import AccountEvent
from securechat.core.journal.events.channels import ChannelEvent
from securechat.core.journal.events.facts import FactEvent
from securechat.core.journal.events.requests import RequestEvent

JournalEvent = AccountEvent | ChannelEvent | FactEvent | RequestEvent


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
