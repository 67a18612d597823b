"""What a turn tells the other nodes: its events, who is there, and what it says to whom of theirs.

Hub thread only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from securechat.core.delivery.effects import Effect, Reply
from securechat.core.delivery.line import Line
from securechat.core.journal.events import JournalEvent
from securechat.core.journal.events.channels import Logged
from securechat.core.model.entities import ELSEWHERE, Account, Audience, Channel
from securechat.core.model.state import Model
from securechat.core.nodes.encoding import event_values, line_values, values_of
from securechat.core.nodes.presence import AccountChange, Presence
from securechat.core.turn import Turn

CHANNEL, ACCOUNT, SESSIONS, SESSION = "channel", "account", "sessions", "session"
"""To whom something is said."""

MESSAGES = "messages"
"""Messages to all of a channel, which stand in the log as they are said: what is in front of the
texts, the account of the sender, and the places in the log.
"""

Body = dict[str, Sequence[object]]
"""What a turn tells the others, by what it is."""


def told(
    turn: Turn,
    presence: Presence,
    events: Sequence[JournalEvent],
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
        "events": [event_values(event) for event in events],
        "presence": [*changes],
        "shared": [values_of(fact) for fact in turn.shared],  # type: ignore[arg-type]
        "said": _Said(turn.model, presence, events).all(turn.effects),
        "closed": closed,
    }


class _Said:
    """What a turn says to whom at other nodes. events: those of it that are stored."""

    def __init__(self, model: Model, presence: Presence, events: Iterable[JournalEvent]) -> None:
        self._model = model
        self._presence = presence
        self._logged = {event.seq: event for event in events if type(event) is Logged}
        self._places: dict[Audience, tuple[object, ...]] = {}
        self._found: list[Sequence[object]] = []
        self._run: tuple[Audience, str, str | None] | None = None
        """Of the messages that came last: to whom, what is in front of their texts, and by whom."""
        self._numbers: list[int] = []
        """Their places in the log."""

    def all(self, effects: Iterable[Effect]) -> list[Sequence[object]]:
        """In their order."""
        for effect in effects:
            if isinstance(effect, Reply):
                self._reply(effect)
            elif effect.audience.others:
                self._broadcast(effect.audience, effect.line)
        return self._found

    def _reply(self, reply: Reply) -> None:
        if reply.group.io == ELSEWHERE:
            data = reply.line.encode(reply.group.caps)
            if data:
                self._add([SESSION, *self._presence.key(reply.session), data.decode()])

    def _broadcast(self, audience: Audience, line: Line) -> None:
        place = self._places.get(audience)
        if place is None:
            place = self._places[audience] = self._place(audience)
        entry = self._entry(line)
        if entry is None or place != (CHANNEL, entry.target, None):
            self._add([*place, line_values(line)])
            return
        run = audience, line.body[: len(line.body) - len(entry.text)], line.account
        if run == self._run:
            self._numbers.append(entry.seq)
        else:
            self._numbers = [entry.seq]
            self._add([MESSAGES, *run[1:], self._numbers])
            self._run = run

    def _add(self, said: Sequence[object]) -> None:
        self._found.append(said)
        self._run = None

    def _entry(self, line: Line) -> Logged | None:
        """The entry of the log that has all of a line but what is in front of its text."""
        if type(line) is not Line or line.msgid is None:
            return None
        entry = self._logged.get(line.msgid.seq)
        if entry is None or not line.body.endswith(entry.text) or line.at_ms != entry.at_ms:
            return None
        if line.extended or line.requires or line.batch or line.client_tags != entry.tags:
            return None
        return entry

    def _place(self, audience: Audience) -> tuple[object, ...]:
        of = audience.of
        # Who came or went in this turn may make another audience of it than the others will have.
        if of is not None and _is_current(audience, self._model):
            if isinstance(of.whose, Account):
                return ACCOUNT, of.whose.id
            return CHANNEL, of.whose.id, of.rank
        return SESSIONS, [self._presence.key(session) for session in audience.others]


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
