"""How each event of the journal changes the model, in the families that the events have.

Each of these functions makes one event's change, and returns what undoes it. What undoes a change
never raises, and does nothing the second time (which apply() sees to). It takes back its own change
only: an administrator may have removed the same thing meanwhile, or have made another one in its
place, and what is in the database counts. Hub thread only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from securechat.core.model.credentials import Certificate, Device, Factor, Token
from securechat.core.model.entities import Account, Channel
from securechat.core.model.membership import Membership

Undo = Callable[[], object]

Value = TypeVar("Value")


def set_facts(
    item: Account | Channel | Membership | Token | Certificate | Factor | Device,
    **values: object,
) -> Undo:
    """Change attributes of something; the undo does nothing where one has changed again since."""
    # Before the change, as the values that it had are what the undo sets.
    before = {name: getattr(item, name) for name in values}
    _assign(item, values)

    def undo() -> None:
        # All or none: an event's facts belong together, as a topic and who set it.
        if all(getattr(item, name) == value for name, value in values.items()):
            _assign(item, before)

    return undo


def set_item(items: dict[str, Value], key: str, value: Value | None) -> Undo:
    """Put something into a table, or, with None, take it out; the undo does nothing where it has
    changed again since.
    """
    before = items.get(key)
    _put(items, key, value)

    def undo() -> None:
        if items.get(key) == value:
            _put(items, key, before)

    return undo


def move_read_markers(accounts: Iterable[Account], before: str, after: str) -> Undo:
    """What these have read of something stays read under its new name. before, after: folded."""
    moved = {}
    for account in accounts:
        # Markers are kept by name, as clients set them for names.
        marker = account.read_markers.pop(before, None)
        if marker is not None:
            moved[account] = (marker, account.read_markers.get(after))
            account.read_markers[after] = marker

    def undo() -> None:
        for account, (marker, replaced) in moved.items():
            if account.read_markers.get(after) == marker:
                _put(account.read_markers, after, replaced)
                account.read_markers[before] = marker

    return undo


def _put(items: dict[str, Value], key: str, value: Value | None) -> None:
    if value is None:
        items.pop(key, None)
    else:
        items[key] = value


def _assign(item: object, values: dict[str, object]) -> None:
    for name, value in values.items():
        setattr(item, name, value)
