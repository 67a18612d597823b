"""How each event of the journal changes the model, in the families that the events have.

Each of these functions makes one event's change, and returns what undoes it. What undoes a change
never raises, and does nothing the second time (which apply() sees to). It takes back its own change
only: an administrator may have removed the same thing meanwhile, or have made another one in its
place, and what is in the database counts. Hub thread only.
"""

from __future__ import annotations

from collections.abc import Callable

from securechat.core.model.credentials import Certificate, Device, Factor, Token
from securechat.core.model.entities import Account, Channel, Membership

Undo = Callable[[], object]


def set_facts(
    item: Account | Channel | Membership | Token | Certificate | Factor | Device,
    **values: object,
) -> Undo:
    """Change attributes of something; the undo does nothing where one has changed again since."""
    before = {name: getattr(item, name) for name in values}
    _assign(item, values)

    def undo() -> None:
        if all(getattr(item, name) == value for name, value in values.items()):
            _assign(item, before)

    return undo


def _assign(item: object, values: dict[str, object]) -> None:
    for name, value in values.items():
        setattr(item, name, value)
