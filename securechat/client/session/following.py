"""Follows conversations over all connections of a session, without a gap: `securechat tail`.

Whenever the session is ready, what was said since the last message that was told is fetched, page
by page; what comes live meanwhile waits behind it. So each conversation is told in its order, and
nothing twice. Pure state of the receiving thread.
https://ircv3.net/specs/extensions/chathistory
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Final

from securechat.client.limits import PAGE
from securechat.client.session.actions import AskRange
from securechat.client.session.events.base import ClientEvent
from securechat.client.session.events.channels import ChannelRenamed
from securechat.client.session.events.connection import Lost, Overrun, Ready
from securechat.client.session.events.history import RangeTold
from securechat.client.session.events.messages import Removed, Said
from securechat.client.session.fetching import BUSY, NOT_OFFERED
from securechat.client.session.identity import fold, same
from securechat.client.session.shown import TIME
from securechat.common.record import State, field

# Live messages that wait for older ones to be fetched. When there are more they are dropped, and
# fetched as well.
MAX_HELD: Final = 5000

# Marks of messages that were told last: a page may have again what has just come live.
MAX_TOLD: Final = 4096

# Conversations whose last message is remembered; the others are fetched from the beginning on.
MAX_MARKS: Final = 2000

# Of one answer; more than people have.
MOST_TARGETS: Final = 1000

BEGINNING: Final = "timestamp=1970-01-01T00:00:00.000Z"
END: Final = "timestamp=9998-12-31T23:59:59.999Z"
GAP: Final = "this server offers no history: what is said while the connection is lost is missed"


def targets(since: str = BEGINNING, most: int = MOST_TARGETS) -> AskRange:
    """Which conversations there are, and when something was said there last: the newest first, at
    most so many. since: a mark of the time behind which something was said.
    """
    return AskRange(("TARGETS", END, since, str(most)))


class Step(State):
    """What follows from an event: messages to tell, a question to the server, words for the person.

    refused: why what was asked for can't be followed at all, '' for none.
    """

    said: list[Said] = field(default_factory=list)
    ask: AskRange | None = None
    problem: str = ""
    refused: str = ""


class _Plan(State):
    """A conversation to be fetched, after a mark or, without one, its newest `count`."""

    target: str
    after: str = ""
    count: int = 0


class Follower:
    """targets: the channels and people that are followed, none for all. since: a place as
    CHATHISTORY has it, from which on messages are told. count: or so many of each, of before. nick:
    our own. places: of conversations of which more is known than since: conversation -> the mark of
    the last message that was told, and its time.
    """

    def __init__(
        self,
        nick: str,
        targets: Iterable[str],
        since: str = "",
        count: int = 0,
        places: Mapping[str, tuple[str, str]] | None = None,
    ) -> None:
        self._nick = nick
        self._targets = list(targets)
        self._since = since
        self._count = min(count, PAGE)
        self._marks: dict[str, tuple[str, str]] = {}
        """conversation, folded -> as written, and the mark of the last message that was told."""
        self._times: dict[str, str] = {}
        """The same -> the time of that message: a restored server knows no id of before."""
        self._start = since
        """From where on a conversation is fetched of which nothing was told yet."""
        self._plans: deque[_Plan] = deque()
        self._held: dict[str, Said] = {}
        self._told: dict[str, None] = {}
        self._fetching = True
        """Also while there is no connection: what comes before it is ready is held as well."""
        self._dropped = False
        self._began = False
        for conversation, (mark, time) in (places or {}).items():
            self._mark(conversation, mark, time)

    @property
    def live(self) -> bool:
        """Whether all that was missed is told, so that each message is told as it comes."""
        return not self._fetching

    def take(self, event: ClientEvent) -> Step:
        """One event of the session."""
        if isinstance(event, Ready):
            return self._begin()
        if isinstance(event, Lost):
            self._fetching = True
        if isinstance(event, Overrun):
            self._dropped = True
            return Step() if self._fetching else self._begin()
        if isinstance(event, ChannelRenamed):
            self._rename(event.old, event.new)
        if isinstance(event, RangeTold):
            return self._fetched(event)
        if isinstance(event, Removed):
            # What is fetched meanwhile has it no more, so it would be told out of its order.
            self._held.pop(f"msgid={event.msgid}", None)
        if isinstance(event, Said) and self._follows(event):
            return self._live(event)
        return Step()

    # -- live

    def _live(self, said: Said) -> Step:
        if not self._fetching:
            return Step(self._tell([said]))
        if len(self._held) >= MAX_HELD:
            self._held.clear()
            self._dropped = True
        key = said.mark if said.mark.startswith("msgid=") else f"#{len(self._held)}"
        self._held[key] = said
        return Step()

    def _follows(self, said: Said) -> bool:
        conversation = said.conversation or said.target
        return not self._targets or any(same(conversation, target) for target in self._targets)

    # -- what was said before

    def _begin(self) -> Step:
        """A connection is ready, or more was dropped than could be held."""
        self._plans.clear()
        self._fetching, self._dropped = True, False
        if self._targets:
            for target in self._targets:
                self._plans.append(self._plan(target))
            return self._next(Step())
        # The newest first: of more than the server tells, the others have been silent for longest.
        until = self._start if self._start.startswith("timestamp=") else BEGINNING
        return Step(ask=targets(until))

    def _plan(self, target: str) -> _Plan:
        _, mark = self._marks.get(fold(target), ("", ""))
        if mark or self._start:
            return _Plan(target, mark or self._start)
        return _Plan(target, count=self._count)

    def _next(self, step: Step) -> Step:
        """Ask for the next page; when there is none left, tell what came meanwhile."""
        if self._plans:
            plan = self._plans[0]
            if plan.after:
                step.ask = AskRange(("AFTER", plan.target, plan.after, str(PAGE)))
            else:
                # One at least, as it says where to go on, and whether there is such a target.
                step.ask = AskRange(("LATEST", plan.target, "*", str(max(plan.count, 1))))
        elif self._dropped:
            again = self._begin()
            step.ask = again.ask
        else:
            self._fetching, self._began = False, True
            held, self._held = list(self._held.values()), {}
            step.said += self._tell(held)
        return step

    def _fetched(self, told: RangeTold) -> Step:
        if told.problem:
            return self._failed(told)
        if told.asked.params[0] == "TARGETS":
            return self._found(told)
        if not self._plans:  # of a connection that was lost
            return Step()
        plan = self._plans[0]
        step = Step()
        if plan.after or plan.count:
            step.said = self._tell(told.said)
        newest = next((said for said in reversed(told.said) if said.mark), None)
        last = newest.mark if newest else ""
        if newest:
            self._mark(plan.target, last, newest.tags.get("time", ""))
        if plan.after and last and last != plan.after:
            plan.after = last  # until nothing comes: a page may have fewer than were asked for
        else:
            if not plan.after and not last:
                self._mark(plan.target, BEGINNING, "")  # nothing was said there yet
            self._plans.popleft()
        return self._next(step)

    def _found(self, told: RangeTold) -> Step:
        """Which conversations there are."""
        names = {fold(name): name for name, _ in told.targets}
        if self._start:
            known = {key: name for key, (name, _) in self._marks.items()}
            self._plans = deque(self._plan(name) for name in (names | known).values())
        else:
            times = (time for _, time in told.targets if TIME.fullmatch(time))
            newest = max(times, default="")
            # What is said from now on in a conversation that is new then is told as a whole.
            self._start = f"timestamp={newest}" if newest else BEGINNING
            if self._count:
                self._plans = deque(_Plan(name, count=self._count) for name in names.values())
        return self._next(Step())

    def _failed(self, told: RangeTold) -> Step:
        if told.problem == BUSY:  # the connection was lost meanwhile: the next one begins anew
            return Step()
        command, target, *_ = (*told.asked.params, "")
        if told.problem == NOT_OFFERED:
            if self._since or self._count:
                return Step(refused=NOT_OFFERED)
            self._plans.clear()
            return self._next(Step(problem="" if self._began else GAP))
        if self._plans and self._plans[0].after.startswith("msgid="):
            time = self._times.get(fold(target), "")
            if TIME.fullmatch(time):
                self._plans[0].after = f"timestamp={time}"
                return self._next(Step())
        where = "" if command == "TARGETS" else f" of {target}"
        problem = f"no history{where}: {told.problem}"
        # Of all conversations one may be gone since, as a channel that we have left.
        chosen = self._targets or (self._since and command == "TARGETS")
        if not self._began and chosen:
            return Step(refused=problem)
        if self._plans:
            self._plans.popleft()
        return self._next(Step(problem=problem))

    def _rename(self, old: str, new: str) -> None:
        """What was told of a channel is told of it under its new name."""
        if any(same(old, target) for target in self._targets):
            self._targets = [new if same(old, target) else target for target in self._targets]
        for plan in self._plans:
            if same(old, plan.target):
                plan.target = new
        if known := self._marks.pop(fold(old), None):
            self._mark(new, known[1], self._times.pop(fold(old), ""))

    # -- what was told

    def _tell(self, messages: Iterable[Said]) -> list[Said]:
        """Those of the messages that are new."""
        new = []
        for said in messages:
            if said.mark in self._told:
                continue
            new.append(said)
            if said.mark.startswith("msgid="):  # by a time there may be several
                self._held.pop(said.mark, None)
                self._told[said.mark] = None
            if said.mark:
                time = said.tags.get("time", "")
                self._mark((said.conversation or said.target), said.mark, time)
        while len(self._told) > MAX_TOLD:
            del self._told[next(iter(self._told))]
        return new

    def _mark(self, conversation: str, mark: str, time: str) -> None:
        key = fold(conversation)
        if time and time < self._times.get(key, ""):
            return  # told late: we are further already
        self._marks.pop(key, None)
        self._marks[key] = (conversation, mark)
        self._times[key] = time
        if len(self._marks) > MAX_MARKS:
            forgotten = next(iter(self._marks))
            del self._marks[forgotten], self._times[forgotten]
