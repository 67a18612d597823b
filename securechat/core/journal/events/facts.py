"""What the server keeps of itself."""

from __future__ import annotations

from typing import NamedTuple

from securechat.core.journal.events.things import FACT, about


@about(changes=[FACT])
class FactKept(NamedTuple):
    """key: of Model.kept. value: a text of whoever reads it."""

    key: str
    value: str


FactEvent = FactKept
