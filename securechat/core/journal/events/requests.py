"""What lasts of an administrator's request: its answer, until that is read."""

from __future__ import annotations

from typing import NamedTuple

from securechat.core.journal.events.things import REQUEST, about


@about(changes=[REQUEST])
class RequestAnswered(NamedTuple):
    """answer: a JSON object, see core.administration.requests."""

    answer: str
    id: int


RequestEvent = RequestAnswered
