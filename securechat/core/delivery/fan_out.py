"""From effects to bytes: what each I/O thread has to write after a turn.

A channel's lines of one turn are joined once for each group of sessions whose bytes are the same,
so that a message costs one list entry per group and not one object per member. Order: what one
session gets from one channel, and around its own replies, stays in the order of the effects. Hub
thread only; pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from securechat.core.delivery.effects import Broadcast, Effect, Reply
from securechat.core.delivery.line import EncodingGroup
from securechat.core.model.entities import ELSEWHERE, Audience, Session


class Delivery(NamedTuple):
    """The same bytes for several links, all of one I/O thread."""

    links: Sequence[object]
    data: bytes


class Volume:
    """How much there was to write: what is for ten members counts as ten."""

    __slots__ = ("lines", "sent_bytes")

    def __init__(self) -> None:
        self.lines = self.sent_bytes = 0


def deliveries(
    effects: Iterable[Effect], volume: Volume | None = None
) -> dict[int, list[Delivery]]:
    """The number of each I/O thread with what it has to write, in order. volume: counts it."""
    plan = _Plan(volume if volume is not None else Volume())
    waiting = plan.waiting
    for effect in effects:
        if isinstance(effect, Reply):
            plan.reply(effect)
            continue
        # Replies said before this broadcast must be written before it.
        if plan.asker is not None:
            plan.end_replies()
        found = waiting.get(effect[0])  # by its place, as that is the quickest
        if found is None:
            waiting[effect[0]] = [effect]
        else:
            found.append(effect)
    plan.end_replies()
    # In the order in which each audience was first spoken to.
    plan.flush(list(waiting))
    return plan.output


def together(turns: Sequence[Sequence[Effect]]) -> Iterator[Sequence[Effect]]:
    """The effects of turns: of several that come one after the other as one, where that changes no
    order that people would notice.

    A turn is by itself if it tells something to others than all of a channel or an account, such as
    a new name: what is said by it must not come before it, together with what was said until then.
    """
    if len(turns) == 1:
        yield turns[0]
        return
    found: list[Effect] = []
    for effects in turns:
        if any(type(effect) is Broadcast and effect[0].of is None for effect in effects):
            yield found
            yield effects
            found = []
        else:
            found += effects
    yield found


class _Plan:
    def __init__(self, volume: Volume) -> None:
        self.volume = volume
        self.output: dict[int, list[Delivery]] = {}
        self.waiting: dict[Audience, list[Broadcast]] = {}
        self.asker: Session | None = None
        """Whose replies were the last; what they are told goes in one piece."""
        self._group: EncodingGroup | None = None
        self._replies: list[bytes] = []
        """What the asker is told in one go: an answer has many lines."""

    def reply(self, reply: Reply) -> None:
        """A reply comes behind all that its session has been sent before it.

        What others wait for goes first where it came first: after a JOIN a channel has a new
        audience, and the old one's lines must not come behind the new one's.
        """
        session, line, group = reply
        if group.io == ELSEWHERE:
            return  # its own node writes it
        # The group is asked for as well: within a turn its capabilities may have changed.
        if session is not self.asker or group is not self._group:
            self.end_replies()
            waiting = list(self.waiting)
            # Only up to the last audience that the session is in: the others may wait on, and
            # gather more.
            while waiting and session not in waiting[-1].sessions:
                waiting.pop()
            self.flush(waiting)
            self.asker, self._group = session, group
        self._replies.append(line.encode(group.caps))

    def end_replies(self) -> None:
        """Something else comes next."""
        if self.asker is not None and self._group is not None:
            self.add(self._group.io, (self.asker.link,), self._group.join(self._replies))
            self.volume.lines += len(self._replies)
            self.asker, self._replies = None, []

    def add(self, io: int, links: Sequence[object], data: bytes) -> None:
        if data and links:
            # Not by setdefault, which would make a list for each call.
            if io not in self.output:
                self.output[io] = []
            self.volume.sent_bytes += len(data) * len(links)
            self.output[io].append(Delivery(links, data))

    def flush(self, audiences: list[Audience]) -> None:
        for audience in audiences:
            effects = self.waiting.pop(audience)
            lines = [effect[1] for effect in effects]
            # Those who don't get the echo of what they say; mostly one, or none.
            excluded = {effect[2] for effect in effects if effect[2] is not None}
            for group, (sessions, links) in audience.groups.items():
                # By its group in this audience: sessions of other groups aren't written to here.
                apart = {s for s in excluded if audience.sessions.get(s) == group}
                # A line keeps its bytes by capabilities, so a second group of the same ones costs
                # nothing.
                encoded = [line.encode(group.caps) for line in lines]
                self.volume.lines += len(encoded) * len(links)
                if not apart:
                    self.add(group.io, links, group.join(encoded))
                    continue
                # The others still share one object; only who is left out gets bytes of its own.
                rest = [s.link for s in sessions if s not in apart]
                self.add(group.io, rest, group.join(encoded))
                for session in apart:
                    own = [
                        part
                        for part, effect in zip(encoded, effects, strict=True)
                        if effect[2] is not session
                    ]
                    self.volume.lines -= len(encoded) - len(own)
                    self.add(group.io, (session.link,), group.join(own))
