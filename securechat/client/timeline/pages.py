"""Pages of history: which are asked for, and where in a timeline their answers go.

Pure; of the thread of the front. https://ircv3.net/specs/extensions/chathistory
"""

from __future__ import annotations

from securechat.client.ignoring import Ignored
from securechat.client.limits import PAGE
from securechat.client.session.actions import Action
from securechat.client.session.events.base import ClientEvent
from securechat.client.session.events.history import RangeTold
from securechat.client.session.fetching import PASSING
from securechat.client.session.following import targets
from securechat.client.session.identity import fold, same
from securechat.client.session.shown import time_of
from securechat.client.timeline import history
from securechat.client.timeline.history import Purpose, Question
from securechat.client.timeline.mentions import Mentions
from securechat.client.timeline.timeline import Timeline
from securechat.client.timeline.timelines import Timelines
from securechat.common.record import Record


class Answer(Record):
    """What an answer leads to. held: what came live meanwhile and is newer. newest: whether the
    timeline has the newest messages now, and had not before.
    """

    timeline: Timeline
    held: list[ClientEvent]
    newest: bool


class Pages:
    """fetches: whether the history is asked for at all. ignored: whose messages are left out.
    mentions: tells what is for us.
    """

    def __init__(self, timelines: Timelines, ignored: Ignored, *, fetches: bool) -> None:
        self.fetches = fetches
        self.online = False
        self.mentions = Mentions("")
        self._timelines = timelines
        self._ignored = ignored
        self._questions: dict[int, Question] = {}
        self._wanted: set[str] = set()
        """Folded, those of which somebody wants what is older, while another page is on its way."""

    def loading(self, name: str) -> bool:
        """Whether a page of a conversation is on its way."""
        return any(same(one.target, name) for one in self._questions.values())

    # -- what is asked

    def load(self, timeline: Timeline) -> list[Action]:
        """The newest messages, unless they are there."""
        if timeline.loaded or not self._may_ask(timeline):
            return []
        return self._ask(history.newest(timeline.name))

    def load_unread(self, timeline: Timeline) -> list[Action]:
        """Of a conversation that has news, what is unread: its newest page has it, mostly."""
        news = timeline.newest and (timeline.read is None or timeline.newest > timeline.read)
        return self.load(timeline) if news else []

    def older(self, timeline: Timeline) -> list[Action]:
        """What was said before the window."""
        if timeline.at_start or not self.fetches:
            return []
        if not self._may_ask(timeline):
            self._wanted.add(fold(timeline.name))
            return []
        mark = timeline.first_mark
        name = timeline.name
        timeline.refused = ""
        return self._ask(history.older(name, mark) if mark else history.newest(name))

    def newer(self, timeline: Timeline) -> list[Action]:
        """What was said behind a window that ends in the past."""
        if timeline.at_end or not self._may_ask(timeline):
            return []
        return self._ask(history.newer(timeline.name, timeline.last_mark))

    def newest(self, timeline: Timeline) -> list[Action]:
        """The newest messages, in the place of a window that ends in the past."""
        if timeline.at_end or not self._may_ask(timeline):
            return []
        return self._ask(history.newest(timeline.name))

    def around(self, timeline: Timeline, mark: str, key: str) -> list[Action]:
        """What was said around a mark. key: of the message that is looked for."""
        if not (self.fetches and self.online):
            return []
        return self._ask(history.around(timeline.name, mark, key))

    def catch_up(self) -> list[Action]:
        """There is a connection, or events were dropped: what is missing."""
        if not self.fetches:
            return []
        actions: list[Action] = [targets()]
        here = self._timelines.get(self._timelines.here)
        # What is looked at comes first; of the others only what somebody has looked at before.
        for timeline in sorted(self._timelines, key=lambda one: one is not here):
            if timeline.at_end and not timeline.loaded and (len(timeline) or timeline is here):
                actions += self._ask(history.newest(timeline.name, timeline.last_mark))
        return actions

    def go_on(self, timeline: Timeline) -> list[Action]:
        """An answer has come, and more is wanted."""
        if fold(timeline.name) not in self._wanted or not self._may_ask(timeline):
            return []
        self._wanted.discard(fold(timeline.name))
        return self.older(timeline)

    def forget(self) -> None:
        """No answer comes any more, and there may be news in each conversation."""
        for question in self._questions.values():
            if question.purpose is Purpose.OLDER:
                self._wanted.add(fold(question.target))
        self._questions.clear()
        for timeline in self._timelines:
            timeline.drop()
            timeline.loaded = not self.fetches

    def _may_ask(self, timeline: Timeline) -> bool:
        return self.fetches and self.online and not self.loading(timeline.name)

    def _ask(self, question: Question) -> list[Action]:
        if question.purpose is not Purpose.OLDER:
            self._timelines.make(question.target).hold()
        self._questions[question.asked.id] = question
        return [question.asked]

    # -- what is answered

    def told(self, event: RangeTold) -> Answer | None:
        """A page has come, or never will; None when nobody waits for it."""
        question = self._questions.pop(event.asked.id, None)
        if question is None:
            return None
        timeline = self._timelines.make(question.target)
        if event.problem:
            if question.purpose in (Purpose.OLDER, Purpose.NEWEST):
                timeline.refused = event.problem
                timeline.changed()
        else:
            timeline.refused = ""
            self._place(timeline, question, event)
        loads = question.purpose in (Purpose.NEWEST, Purpose.SINCE)
        newest = loads and event.problem not in PASSING
        timeline.loaded = timeline.loaded or newest
        return Answer(timeline, timeline.release(), newest)

    def targets(self, event: RangeTold) -> list[Action]:
        """Which conversations there are, and when something was said there last."""
        actions: list[Action] = []
        for name, time in event.targets:
            timeline = self._timelines.make(name)
            newest = time_of(time)
            if newest is None:
                continue
            if timeline.newest is None or newest > timeline.newest:
                timeline.newest = newest
            if timeline.read is not None or not name.startswith("#"):
                actions += self.load_unread(timeline)
        return actions

    def _place(self, timeline: Timeline, question: Question, event: RangeTold) -> None:
        marks, full = event.marks, len(event.events) >= PAGE
        page = [one for one in event.events if not self._ignored.hides(one)]
        mark = event.asked.params[2]
        match question.purpose:
            case Purpose.OLDER if mark != timeline.first_mark:
                pass  # so much was said meanwhile that the window has moved on
            case Purpose.NEWER if mark != timeline.last_mark:
                pass  # somebody has jumped elsewhere
            case Purpose.OLDER:
                before = timeline.first_mark
                timeline.extend_back(page, self.mentions, marks)
                timeline.at_start = timeline.first_mark == before
            case Purpose.NEWER:
                before = timeline.last_mark
                timeline.extend_on(page, self.mentions, marks)
                if timeline.last_mark == before:
                    timeline.reach_end()
            case Purpose.SINCE if not full and mark == timeline.last_mark:
                timeline.extend_on(page, self.mentions, marks)
            case Purpose.AROUND:
                timeline.replace(page, self.mentions, marks, at_end=False)
            case _:
                timeline.replace(page, self.mentions, marks, at_end=True)
                timeline.at_start = question.purpose is Purpose.NEWEST and not timeline.first_mark
