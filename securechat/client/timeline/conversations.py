"""All conversations of one account: takes what the session tells, and says what to ask for.

A front gives each event to take(), in its own thread, and submits the actions that come back; what
it shows it reads from here. Pure: the time comes as an argument.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from securechat.client.ignoring import Ignored
from securechat.client.limits import PAGE
from securechat.client.session.actions import Action, MarkRead, SendLine, ServerCommand
from securechat.client.session.events import (
    ChannelRenamed,
    ClientEvent,
    CommandDone,
    CommandRefused,
    Delayed,
    Doubt,
    HasInvited,
    Info,
    InquiryAnswer,
    InvitationsAre,
    Invited,
    IsTyping,
    Joined,
    Left,
    Lost,
    MarkedRead,
    MasksAre,
    ModesAre,
    ModesSet,
    NamesAre,
    NobodyFits,
    Overrun,
    PersonIs,
    Problem,
    Queued,
    RangeTold,
    Reacted,
    Ready,
    Rejected,
    Removed,
    Renamed,
    Said,
    SearchRefused,
    Stored,
    TopicIs,
    Unconfirmed,
    WeAreAway,
    WhoisTold,
)
from securechat.client.session.fetching import PASSING
from securechat.client.session.identity import fold, same
from securechat.client.session.moments import server_time
from securechat.client.timeline import history
from securechat.client.timeline.history import Purpose, Question
from securechat.client.timeline.items import Delivery, Message
from securechat.client.timeline.timeline import LIMIT, Mentions, Timeline
from securechat.client.timeline.typists import Typists

# Timelines kept; a hostile server names conversations without end.
MAX_CONVERSATIONS = 2000

# Of the view of all mentions.
MAX_MENTIONS = 500

_FINAL: Final = (Doubt.UNSENT, Doubt.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Mention:
    """A message that is for us, and where it was said."""

    conversation: str
    message: Message


class Conversations:
    """nick: our own. fetches: whether the history is asked for (Missed.FETCHED), else only what
    comes is there. limit: items kept of each conversation. ignored: whose messages are in none.
    """

    def __init__(
        self,
        nick: str,
        *,
        fetches: bool = True,
        limit: int = LIMIT,
        ignored: Ignored | None = None,
    ) -> None:
        self.nick = nick
        self.online = False
        self.lost = ""
        """Why there is no connection, '' while there is one."""
        self.retry_at = 0.0
        """When the next attempt is made to have one, in seconds of the monotonic clock."""
        self.here = ""
        """The conversation that is shown, '' for none; notes that belong to none stand there."""
        self.revision = 0
        """Changes whenever something does that isn't in a timeline."""
        self.mentions: deque[Mention] = deque(maxlen=MAX_MENTIONS)
        self.invitations: dict[str, str] = {}
        """Channel -> who has asked us in."""
        self._fetches = fetches
        self._ignored = ignored or Ignored()
        self._without = self._ignored.names
        self._limit = limit
        self._timelines: dict[str, Timeline] = {}
        self._questions: dict[int, Question] = {}
        self._typists = Typists()
        self._is_mention = Mentions(nick)

    # -- to be read

    def __iter__(self) -> Iterator[Timeline]:
        return iter(list(self._timelines.values()))

    def __len__(self) -> int:
        return len(self._timelines)

    def get(self, name: str) -> Timeline | None:
        """The timeline of a conversation, if there is one."""
        return self._timelines.get(fold(name))

    def timeline(self, name: str) -> Timeline:
        """The timeline of a conversation, made if there is none."""
        key = fold(name)
        if key not in self._timelines:
            if len(self._timelines) >= MAX_CONVERSATIONS:
                self._forget_one()
            self._timelines[key] = Timeline(name, self._limit)
            self.revision += 1
        return self._timelines[key]

    def typing(self, name: str, now: float) -> list[str]:
        """Who types there; now: seconds of a monotonic clock."""
        return self._typists.names(name, now)

    def loading(self, name: str) -> bool:
        """Whether a page of a conversation is on its way."""
        return any(same(one.target, name) for one in self._questions.values())

    # -- what a person does

    def show(self, name: str) -> list[Action]:
        """A conversation is looked at from now on. Returns what to submit."""
        self.here = name
        timeline = self.timeline(name)
        timeline.look()
        self.revision += 1
        if self._fetches and self.online and not timeline.loaded and not self.loading(name):
            return self._ask(history.newest(timeline.name))
        return []

    def seen(self, name: str) -> list[Action]:
        """All that there is of a conversation was seen."""
        timeline = self.get(name)
        if timeline is None or timeline.newest is None or not timeline.at_end:
            return []
        if timeline.read is not None and timeline.newest <= timeline.read:
            return []
        timeline.mark_read(timeline.newest)
        timeline.unread = timeline.mentions = 0
        timeline.more_unread = False
        self.revision += 1
        time = server_time(timeline.newest.astimezone(UTC))
        return [MarkRead(timeline.name, time)] if time and self.online else []

    def older(self, name: str) -> list[Action]:
        """Somebody has come to the beginning of what is in the window."""
        timeline = self.get(name)
        if timeline is None or timeline.at_start or not self._may_ask(name):
            return []
        mark = timeline.first_mark
        return self._ask(history.older(timeline.name, mark) if mark else history.newest(name))

    def newer(self, name: str) -> list[Action]:
        """Somebody has come to the end of a window that ends in the past."""
        timeline = self.get(name)
        if timeline is None or timeline.at_end or not self._may_ask(name):
            return []
        return self._ask(history.newer(timeline.name, timeline.last_mark))

    def jump(self, name: str, mark: str, key: str = "") -> list[Action]:
        """To a message or a time, by its mark. key: the message's, for who shows it then."""
        if not self._fetches or not self.online:
            return []
        return self._ask(history.around(self.timeline(name).name, mark, key))

    def newest(self, name: str) -> list[Action]:
        """Back to what was said last."""
        timeline = self.get(name)
        if timeline is None or timeline.at_end or not self._may_ask(name):
            return []
        return self._ask(history.newest(timeline.name))

    def close(self, name: str) -> None:
        """Show a conversation no more, until something is said there."""
        self._timelines.pop(fold(name), None)
        self.revision += 1

    # -- what happens

    def take(self, event: ClientEvent, now: float = 0.0) -> list[Action]:
        """One event of the session. now: seconds of a monotonic clock. Returns what to submit."""
        actions = self._leave_out() if self._without != self._ignored.names else []
        handler = _HANDLERS.get(type(event))
        if handler is None:
            return actions
        if self._ignored.hides(event):
            return [*actions, *self._hidden(event)]
        return [*actions, *(handler(self, event, now) or [])]

    def _leave_out(self) -> list[Action]:
        """The person ignores others than before."""
        before, self._without = self._without, self._ignored.names
        for timeline in self:
            timeline.leave_out(self._ignored.is_ignored)
        if set(before) <= set(self._without):
            return []
        # What is shown again comes from the server, where the history is asked for.
        for timeline in self:
            timeline.loaded = not self._fetches
        return self.show(self.here) if self.here else []

    def _hidden(self, event: ClientEvent) -> list[Action]:
        """What an ignored person has said; that it was there counts for what is read."""
        if isinstance(event, Said) and (known := self.get(event.conversation or event.target)):
            known.pass_over(event.time)
        return []

    def _ready(self, event: Ready, _now: float) -> list[Action]:
        self.nick, self.online, self.lost = event.nick, True, ""
        self._is_mention = Mentions(event.nick)
        self._questions.clear()
        self._typists.clear()
        self.revision += 1
        return self._catch_up()

    def _lost(self, event: Lost, now: float) -> None:
        self.online, self.lost = False, event.reason
        self.retry_at = now + event.seconds
        self._forget_questions()
        self.revision += 1

    def _overrun(self, event: Overrun, _now: float) -> list[Action]:
        self._forget_questions()
        return self._catch_up()

    def _forget_questions(self) -> None:
        """No answer comes any more, and there may be news in each conversation."""
        self._questions.clear()
        for timeline in self:
            timeline.drop()
            timeline.loaded = not self._fetches

    def _said(self, event: Said, now: float) -> None:
        timeline = self.timeline(event.conversation or event.target)
        self._typists.stop(event.nick, timeline.name)
        if timeline.holds(event):
            return
        mention = self._is_mention(event)
        message = timeline.say(event, mention=mention)
        if event.mine or (timeline.read and event.time and event.time <= timeline.read):
            return
        if message is None and timeline.at_end:
            return
        timeline.unread += 1
        timeline.mentions += mention
        if mention and message is not None:
            self.mentions.append(Mention(timeline.name, message))
        self.revision += 1

    def _queued(self, event: Queued, _now: float) -> None:
        self.timeline(event.target).queue(event, self.nick)

    def _stored(self, event: Stored, _now: float) -> None:
        timeline = self.timeline(event.target)
        if not timeline.holds(event):
            timeline.stored(event.id, event.msgid, event.time)

    def _rejected(self, event: Rejected, _now: float) -> None:
        self.timeline(event.target).refuse(event.id, event.reason)

    def _unconfirmed(self, event: Unconfirmed, _now: float) -> None:
        timeline = self.timeline(event.target)
        if event.doubt in _FINAL:
            timeline.refuse(event.id, event.doubt.value, Delivery.DOUBTFUL)
        else:
            timeline.doubt(event.id, event.doubt.value)

    def _removed(self, event: Removed, _now: float) -> None:
        timeline = self.get(event.conversation or event.target)
        if timeline and not timeline.holds(event):
            timeline.remove(event)

    def _reacted(self, event: Reacted, _now: float) -> None:
        timeline = self.get(event.conversation or event.target)
        if timeline and not timeline.holds(event):
            timeline.react(event)

    def _is_typing(self, event: IsTyping, now: float) -> None:
        self._typists.take(event, now)
        self.revision += 1

    def _joined(self, event: Joined, _now: float) -> list[Action]:
        if not event.mine:
            self._moves(event.channel, event.nick, event.time, came=True)
            return []
        timeline = self.timeline(event.channel)
        timeline.joined = True
        self.invitations.pop(fold(event.channel), None)
        self.revision += 1
        if self._fetches and self.online and not timeline.loaded:
            return self._ask(history.newest(timeline.name))
        return []

    def _left(self, event: Left, _now: float) -> None:
        if event.mine and event.channel is not None:
            timeline = self.timeline(event.channel)
            timeline.joined = False
            if event.by and not same(event.by, event.nick):
                timeline.note(event, event.time)
            self.revision += 1
        else:
            for channel in [event.channel] if event.channel is not None else event.channels:
                self._typists.stop(event.nick, channel)
                if event.by and not same(event.by, event.nick):
                    self.timeline(channel).note(event, event.time)
                else:
                    self._moves(channel, event.nick, event.time, came=False)

    def _moves(self, channel: str, nick: str, time: datetime | None, *, came: bool) -> None:
        timeline = self.timeline(channel)
        event = Joined(channel, nick, time=time) if came else Left(channel, nick, time=time)
        if not timeline.holds(event):
            timeline.move(nick, time, came=came)

    def _topic(self, event: TopicIs, _now: float) -> None:
        timeline = self.timeline(event.channel)
        timeline.topic = event.topic
        timeline.changed()
        if event.by:
            timeline.note(event)

    def _renamed(self, event: Renamed, _now: float) -> None:
        if same(event.old, self.nick):
            self.nick = event.new
            self._is_mention = Mentions(event.new)
        self._typists.stop(event.old)
        for channel in event.channels:
            self.timeline(channel).note(event)
        if (known := self._timelines.pop(fold(event.old), None)) is not None:
            known.name = event.new
            self._timelines[fold(event.new)] = known
        self.revision += 1

    def _channel_renamed(self, event: ChannelRenamed, _now: float) -> None:
        if (known := self._timelines.pop(fold(event.old), None)) is not None:
            known.name = event.new
            self._timelines[fold(event.new)] = known
            known.note(event)
        if same(self.here, event.old):
            self.here = event.new
        self.revision += 1

    def _marked(self, event: MarkedRead, _now: float) -> list[Action]:
        timeline = self.timeline(event.target)
        timeline.mark_read(event.time)
        if timeline.newest and timeline.read and timeline.newest <= timeline.read:
            timeline.unread = timeline.mentions = 0
            timeline.more_unread = False
        self.revision += 1
        return self._fetch_unread(timeline)

    def _invited(self, event: Invited, now: float) -> None:
        if len(self.invitations) < MAX_MENTIONS:
            self.invitations[fold(event.channel)] = event.by
        self._beside(event, now)

    def _modes(self, event: ModesSet, _now: float) -> None:
        self.timeline(event.channel).note(event)

    def _done(self, event: CommandDone, now: float) -> None:
        # What has told of itself needs no further line.
        if event.quiet and isinstance(event.action, ServerCommand | SendLine):
            self._beside(event, now)

    def _beside(self, event: ClientEvent, _now: float) -> None:
        """What belongs to no conversation is shown in the one that is looked at."""
        if self.here:
            self.timeline(self.here).note(event)
        self.revision += 1

    # -- what was said before

    def _catch_up(self) -> list[Action]:
        if not self._fetches:
            return []
        actions: list[Action] = [history.targets()]
        here = self.get(self.here) if self.here else None
        # What is looked at comes first; of the others only what somebody has looked at before.
        for timeline in sorted(self, key=lambda one: one is not here):
            if timeline.loaded or not (len(timeline) or timeline is here):
                continue
            mark = timeline.last_mark if timeline.at_end else ""
            if timeline.at_end:
                actions += self._ask(history.newest(timeline.name, mark))
        return actions

    def _fetch_unread(self, timeline: Timeline) -> list[Action]:
        """Of a conversation that has news, what is unread: its newest page has it, mostly."""
        news = timeline.newest and (timeline.read is None or timeline.newest > timeline.read)
        if not (self._fetches and self.online and news) or timeline.loaded:
            return []
        return [] if self.loading(timeline.name) else self._ask(history.newest(timeline.name))

    def _may_ask(self, name: str) -> bool:
        return self._fetches and self.online and not self.loading(name)

    def _ask(self, question: Question) -> list[Action]:
        if question.purpose is not Purpose.OLDER:
            self.timeline(question.target).hold()
        self._questions[question.asked.id] = question
        self.revision += 1
        return [question.asked]

    def _told(self, event: RangeTold, now: float) -> list[Action]:
        if event.asked.params[0] == "TARGETS":
            return self._targets(event)
        question = self._questions.pop(event.asked.id, None)
        if question is None:
            return []
        timeline = self.timeline(question.target)
        self.revision += 1
        if event.problem:
            final = question.purpose is Purpose.OLDER and event.problem not in PASSING
            timeline.at_start = timeline.at_start or final
        else:
            self._place(timeline, question, event)
        for held in timeline.release():
            self.take(held, now)
        if event.problem not in PASSING and question.purpose in (Purpose.NEWEST, Purpose.SINCE):
            timeline.loaded = True
            self._count(timeline)
        return []

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
                timeline.extend_back(page, self._is_mention, marks)
                timeline.at_start = timeline.first_mark == before
            case Purpose.NEWER:
                before = timeline.last_mark
                timeline.extend_on(page, self._is_mention, marks)
                timeline.at_end = timeline.last_mark == before
            case Purpose.SINCE if not full and mark == timeline.last_mark:
                timeline.extend_on(page, self._is_mention, marks)
            case Purpose.AROUND:
                timeline.replace(page, self._is_mention, marks, at_end=False)
            case _:
                timeline.replace(page, self._is_mention, marks, at_end=True)
                timeline.at_start = question.purpose is Purpose.NEWEST and not timeline.first_mark

    def _count(self, timeline: Timeline) -> None:
        """What is unread of a page that has just come."""
        timeline.recount()
        timeline.more_unread = timeline.unread >= PAGE
        for message in reversed(timeline.unread_messages()):
            if message.mention:
                self._remember(Mention(timeline.name, message))

    def _remember(self, mention: Mention) -> None:
        if all(known.message.key != mention.message.key for known in self.mentions):
            self.mentions.append(mention)

    def _targets(self, event: RangeTold) -> list[Action]:
        actions: list[Action] = []
        for name, time in event.targets:
            timeline = self.timeline(name)
            try:
                newest = datetime.fromisoformat(time)
            except ValueError:
                continue
            if timeline.newest is None or newest > timeline.newest:
                timeline.newest = newest
            if timeline.read is not None or not name.startswith("#"):
                actions += self._fetch_unread(timeline)
        return actions

    def _forget_one(self) -> None:
        """The one that was silent for longest, and that nobody looks at."""
        oldest = datetime.min.replace(tzinfo=UTC)
        others = [key for key in self._timelines if key != fold(self.here)]
        self._timelines.pop(min(others, key=lambda key: self._timelines[key].newest or oldest))


_HANDLERS: Final[dict[type[ClientEvent], Callable[..., list[Action] | None]]] = {
    ChannelRenamed: Conversations._channel_renamed,
    CommandDone: Conversations._done,
    CommandRefused: Conversations._beside,
    Delayed: Conversations._beside,
    HasInvited: Conversations._beside,
    Info: Conversations._beside,
    InquiryAnswer: Conversations._beside,
    InvitationsAre: Conversations._beside,
    Invited: Conversations._invited,
    IsTyping: Conversations._is_typing,
    Joined: Conversations._joined,
    Left: Conversations._left,
    Lost: Conversations._lost,
    MarkedRead: Conversations._marked,
    MasksAre: Conversations._beside,
    ModesAre: Conversations._beside,
    ModesSet: Conversations._modes,
    NamesAre: Conversations._beside,
    NobodyFits: Conversations._beside,
    Overrun: Conversations._overrun,
    PersonIs: Conversations._beside,
    Problem: Conversations._beside,
    SearchRefused: Conversations._beside,
    Queued: Conversations._queued,
    RangeTold: Conversations._told,
    Reacted: Conversations._reacted,
    Ready: Conversations._ready,
    Rejected: Conversations._rejected,
    Removed: Conversations._removed,
    Renamed: Conversations._renamed,
    Said: Conversations._said,
    Stored: Conversations._stored,
    TopicIs: Conversations._topic,
    Unconfirmed: Conversations._unconfirmed,
    WeAreAway: Conversations._beside,
    WhoisTold: Conversations._beside,
}
