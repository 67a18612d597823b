"""What a turn tells the other nodes: its events, who is there, and what it says to whom of theirs.

Hub thread only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from securechat.core.delivery.effects import Broadcast, Effect, Reply
from securechat.core.journal.events import JournalEvent
from securechat.core.model.entities import ELSEWHERE, Account, Audience, Channel
from securechat.core.model.state import Model
from securechat.core.nodes.encoding import line_values, values_of
from securechat.core.nodes.presence import AccountChange, Presence
from securechat.core.turn import Turn

CHANNEL, ACCOUNT, SESSIONS, SESSION = "channel", "account", "sessions", "session"
"""To whom something is said."""

Body = dict[str, Sequence[object]]
"""What a turn tells the others, by what it is."""


def told(
    turn: Turn,
    presence: Presence,
    events: Iterable[JournalEvent],
    changes: Sequence[AccountChange],
    administered: Sequence[tuple[int, str, int | None]],
) -> Body:
    """The body of a turn. events: those of it that are stored. changes: of who is there.
    administered: the administrator's changes that it has taken up, as numbers, kinds and accounts.
    """
    closed = [
        [*presence.key(closing.session), closing.reason]
        for closing in turn.closings
        if not closing.session.is_here
    ]
    return {
        "changes": [*administered],
        "events": [values_of(event) for event in events],
        "presence": [*changes],
        "shared": [values_of(fact) for fact in turn.shared],  # type: ignore[arg-type]
        "said": [*_said(turn.effects, presence, turn.model)],
        "closed": closed,
    }


def _said(effects: Iterable[Effect], presence: Presence, model: Model) -> Iterator[object]:
    for effect in effects:
        if isinstance(effect, Reply):
            if effect.group.io == ELSEWHERE:
                data = effect.line.encode(effect.group.caps)
                if data:
                    yield [SESSION, *presence.key(effect.session), data.decode()]
        elif effect.audience.others:
            yield _broadcast(effect, presence, model)


def _broadcast(effect: Broadcast, presence: Presence, model: Model) -> list[object]:
    line = line_values(effect.line)
    of = effect.audience.of
    # Who came or went in this turn may make another audience of it than the others will have.
    if of is not None and _is_current(effect.audience, model):
        if isinstance(of.whose, Account):
            return [ACCOUNT, of.whose.id, line]
        return [CHANNEL, of.whose.id, of.rank, line]
    return [SESSIONS, [presence.key(session) for session in effect.audience.others], line]


def _is_current(audience: Audience, model: Model) -> bool:
    of = audience.of
    if of is None:
        return False
    known: Account | Channel | object
    if isinstance(of.whose, Account):
        known = model.accounts.get(of.whose.id)
    else:
        known = model.targets.get(of.whose.id)
    # By the sessions elsewhere: one that a response was taken out of is another object.
    now = of.audience
    return known is of.whose and (now is audience or now.others == audience.others)
