"""What events are about, so that it can be told which of them build on which.

@about stands above each event and names kinds of things: `needs`, those that must be as the rules
have seen them; `makes`, those that it brings into being, or changes whatever they were; and
`changes`, those that it changes or ends, which are both. Hub thread; asked for only where a turn
can't be stored as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Literal, NamedTuple, TypeVar

Event = TypeVar("Event")

Thing = tuple[str, object]
"""One of them, by its kind and what it is known by."""

Things = tuple[Thing, ...]

Table = Literal["accounts", "targets"]
"""An event with a table() sets facts of one account or channel, and needs no code of its own in
apply() or in the store: its fields are columns of that table, and attributes of that account or
channel, under the same names; the last one is whose they are.
"""


class Kind(NamedTuple):
    """A kind of things. fields: those of an event that such a thing is known by."""

    name: str
    fields: tuple[str, ...]

    def by(self, *fields: str) -> Kind:
        """The same kind, in an event whose fields have other names."""
        return self._replace(fields=fields)

    def of(self, event: object) -> object:
        """What the event's thing of this kind is known by; None when there is none."""
        known = tuple(getattr(event, field) for field in self.fields)
        # One field stands for itself, so that None (no founder) is seen as none.
        return known if len(known) > 1 else known[0]


class About(NamedTuple):
    """What is declared of an event."""

    needs: tuple[Kind, ...] = ()
    changes: tuple[Kind, ...] = ()
    makes: tuple[Kind, ...] = ()


_ABOUT: dict[type, About] = {}


def about(
    *, needs: Iterable[Kind] = (), changes: Iterable[Kind] = (), makes: Iterable[Kind] = ()
) -> Callable[[type[Event]], type[Event]]:
    """Declare what an event is about."""

    def declare(event: type[Event]) -> type[Event]:
        _ABOUT[event] = About(tuple(needs), tuple(changes), tuple(makes))
        return event

    return declare


def needed_by(event: object) -> Things:
    """What must be as the rules have seen it, what the event changes included."""
    declared = _ABOUT[type(event)]
    # What it changes must still be as the rules saw it.
    return tuple(_things(event, declared.needs + declared.changes))


def made_by(event: object) -> Things:
    """What the event brings into being, changes or ends."""
    declared = _ABOUT[type(event)]
    return tuple(_things(event, declared.makes + declared.changes))


def _things(event: object, kinds: tuple[Kind, ...]) -> Iterator[Thing]:
    for kind in kinds:
        known_by = kind.of(event)
        if known_by is not None:
            yield kind.name, known_by


ACCOUNT = Kind("account", ("account",))
ACCOUNT_NAME = Kind("account name", ("account",))
"""What it is called, in all three forms, and was before."""
# Apart from the account: a new password takes nothing from others' messages to it.
PASSWORD = Kind("password", ("account",))
TOKEN = Kind("token", ("digest",))
# Of two tokens of one name in a turn the second builds on the first.
TOKEN_NAME = Kind("token name", ("account", "name"))
CERTIFICATE = Kind("certificate", ("fingerprint",))
CERTIFICATE_NAME = Kind("certificate name", ("account", "name"))
FACTOR = Kind("factor", ("account",))
"""With its recovery codes."""
DEVICE = Kind("device", ("account", "name"))
KEY_SLOT = Kind("key slot", ("account", "slot"))
READ_MARKER = Kind("read marker", ("account", "target"))
READ_MARKERS = Kind("read markers", ("target",))
"""Of one name: where it is renamed, all of them are."""
KICKS = Kind("kicks", ("account",))
REAL_NAME = Kind("real name", ("account",))
METADATA = Kind("metadata", ("account",))
INVITE = Kind("invite", ("code_sha256",))
REQUEST = Kind("request", ("id",))
"""Of an administrator."""

FACT = Kind("fact", ("key",))
"""That the server keeps of itself."""

NAME = Kind("name", ("folded",))
"""Of an account or a channel, in one of its forms."""
LOOKS = NAME.by("skeleton")

TARGET = Kind("target", ("channel",))
CONVERSATION = Kind("conversation", ("low", "high"))
MEMBERSHIP = Kind("membership", ("channel", "account"))
MEMBERS = Kind("members", ("channel",))
"""Of a channel, as a whole."""
MODES = Kind("modes", ("channel",))
MESSAGE = Kind("message", ("seq",))
TOPIC = Kind("topic", ("channel",))
CHANNEL_METADATA = Kind("channel metadata", ("channel",))
FOUNDER = Kind("founder", ("channel",))
MASK = Kind("mask", ("channel", "kind", "mask"))
INVITATION = Kind("invitation", ("channel", "account"))
