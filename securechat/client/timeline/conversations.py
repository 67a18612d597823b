"""All conversations of one account: takes what the session tells, and says what to ask for.

A front gives each event to take(), in its own thread, and submits the actions that come back; what
it shows it reads from here. Pure: the time comes as an argument.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Final

from securechat.client.ignoring import Ignored
from securechat.client.limits import PAGE
from securechat.client.session.actions import Action, MarkRead, SendLine, ServerCommand
from securechat.client.session.events.answers import (
    ChannelsAre,
    CommandDone,
    CommandRefused,
    HasInvited,
    InquiryAnswer,
    InvitationsAre,
    MasksAre,
    ModesAre,
    NamesAre,
    NobodyFits,
    PersonIs,
    WeAreAway,
    WhoisTold,
)
from securechat.client.session.events.base import ClientEvent, Info, Problem
from securechat.client.session.events.channels import (
    ChannelRenamed,
    Invited,
    Joined,
    Left,
    ModesSet,
    Renamed,
    TopicIs,
)
from securechat.client.session.events.connection import Delayed, Lost, Overrun, Ready
from securechat.client.session.events.deliveries import Doubt, Queued, Rejected, Stored, Unconfirmed
from securechat.client.session.events.history import (
    HistoryPage,
    MentionsTold,
    RangeTold,
    SearchRefused,
)
from securechat.client.session.events.messages import IsTyping, MarkedRead, Reacted, Removed, Said
from securechat.client.session.identity import fold, same
from securechat.client.session.moments import server_time
from securechat.client.timeline.items import Delivery, message_of, parts
from securechat.client.timeline.mentions import Mention, Mentioned, Mentions
from securechat.client.timeline.pages import Pages
from securechat.client.timeline.timeline import LIMIT, Timeline
from securechat.client.timeline.timelines import Timelines
from securechat.client.timeline.typists import Typists

# Invitations kept: more than anybody follows.
MAX_INVITATIONS = 500

# Events, with what they list, after which it is looked whether too much is kept: that takes a look
# at all of it.
LIGHTEN_EACH = 5000

_FINAL: Final = (Doubt.UNSENT, Doubt.UNKNOWN)


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
        self.revision = 0
        """Changes whenever something does that isn't in a timeline."""
        self.mentions = Mentioned()
        self.invitations: dict[str, str] = {}
        """Channel -> who has asked us in."""
        self._taken = 0
        self._ignored = ignored or Ignored()
        self._without = self._ignored.names
        self._timelines = Timelines(limit)
        self._pages = Pages(self._timelines, self._ignored, fetches=fetches)
        self._typists = Typists()
        self._is_mention = self._pages.mentions = Mentions(nick)

    # -- to be read

    @property
    def here(self) -> str:
        """The conversation that is shown, '' for none; notes that belong to none stand there."""
        return self._timelines.here

    @here.setter
    def here(self, name: str) -> None:
        self._timelines.here = name

    def __iter__(self) -> Iterator[Timeline]:
        return iter(self._timelines)

    def __len__(self) -> int:
        return len(self._timelines)

    def get(self, name: str) -> Timeline | None:
        """The timeline of a conversation, if there is one."""
        return self._timelines.get(name)

    def timeline(self, name: str) -> Timeline:
        """The timeline of a conversation, made if there is none."""
        known = self._timelines.get(name)
        if known is None:
            self.revision += 1
        return self._timelines.make(name) if known is None else known

    def typing(self, name: str, now: float) -> list[str]:
        """Who types there; now: seconds of a monotonic clock."""
        return self._typists.names(name, now)

    def loading(self, name: str) -> bool:
        """Whether a page of a conversation is on its way."""
        return self._pages.loading(name)

    def goes_back(self, timeline: Timeline) -> bool:
        """Whether the server can be asked now for what is older, as there may be some."""
        return self._pages.fetches and self.online and not timeline.at_start

    # -- what a person does

    def show(self, name: str) -> list[Action]:
        """A conversation is looked at from now on. Returns what to submit."""
        self.here = name
        timeline = self.timeline(name)
        timeline.look()
        self.revision += 1
        return self._pages.load(timeline)

    def seen(self, name: str) -> list[Action]:
        """All that there is of a conversation was seen."""
        timeline = self.get(name)
        if timeline is None or timeline.newest is None or not timeline.at_end:
            return []
        if timeline.read is not None and timeline.newest <= timeline.read:
            return []
        timeline.mark_read(timeline.newest)
        timeline.nothing_unread()
        self.revision += 1
        time = server_time(timeline.newest.astimezone(UTC))
        return [MarkRead(timeline.name, time)] if time and self.online else []

    def older(self, name: str) -> list[Action]:
        """Somebody has come to the beginning of what is in the window."""
        self.revision += 1
        timeline = self.get(name)
        return self._pages.older(timeline) if timeline is not None else []

    def newer(self, name: str) -> list[Action]:
        """Somebody has come to the end of a window that ends in the past."""
        self.revision += 1
        timeline = self.get(name)
        return self._pages.newer(timeline) if timeline is not None else []

    def jump(self, name: str, mark: str, key: str = "") -> list[Action]:
        """To a message or a time, by its mark. key: the message's, for who shows it then."""
        self.revision += 1
        return self._pages.around(self.timeline(name), mark, key)

    def newest(self, name: str) -> list[Action]:
        """Back to what was said last."""
        self.revision += 1
        timeline = self.get(name)
        return self._pages.newest(timeline) if timeline is not None else []

    def close(self, name: str) -> None:
        """Show a conversation no more, until something is said there."""
        self._timelines.remove(name)
        self.revision += 1

    # -- what happens

    def take(self, event: ClientEvent, now: float = 0.0) -> list[Action]:
        """One event of the session. now: seconds of a monotonic clock. Returns what to submit."""
        self._taken += parts(event)
        if self._taken >= LIGHTEN_EACH:
            self._taken = 0
            self._timelines.lighten()
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
        is_ignored = self._ignored.is_ignored
        for timeline in self:
            timeline.leave_out(is_ignored)
        self.mentions.leave_out(is_ignored)
        self.invitations = {key: by for key, by in self.invitations.items() if not is_ignored(by)}
        self._typists.clear()
        self.revision += 1
        if set(before) <= set(self._without):
            return []
        # What is shown again comes from the server, where the history is asked for.
        for timeline in self:
            timeline.loaded = not self._pages.fetches
        return self.show(self.here) if self.here else []

    def _hidden(self, event: ClientEvent) -> list[Action]:
        """What an ignored person has said; that it was there counts for what is read."""
        if isinstance(event, Said) and (known := self.get(event.conversation or event.target)):
            known.pass_over(event.time)
        return []

    def _ready(self, event: Ready, _now: float) -> list[Action]:
        self.lost = ""
        self.online = self._pages.online = True
        self._name_us(event.nick)
        self._pages.forget()
        self._typists.clear()
        self.revision += 1
        return self._pages.catch_up()

    def _name_us(self, nick: str) -> None:
        self.nick = nick
        self._is_mention = self._pages.mentions = Mentions(nick)

    def _lost(self, event: Lost, now: float) -> None:
        self.online = self._pages.online = False
        self.lost, self.retry_at = event.reason, now + event.seconds
        self.mentions.lost()
        self._pages.forget()
        self.revision += 1

    def _overrun(self, event: Overrun, _now: float) -> list[Action]:
        self._pages.forget()
        return self._pages.catch_up()

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
            self.mentions.add(Mention(timeline.name, message))
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
        self.mentions.remove(event)
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
        return self._pages.load(timeline)

    def _left(self, event: Left, _now: float) -> None:
        if event.mine and event.channel is not None:
            timeline = self.timeline(event.channel)
            timeline.joined = False
            if event.by and not same(event.by, event.nick):
                timeline.note(event)
            self.revision += 1
        else:
            for channel in [event.channel] if event.channel is not None else event.channels:
                self._typists.stop(event.nick, channel)
                if event.by and not same(event.by, event.nick):
                    self._happened(self.timeline(channel), event)
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
            self._happened(timeline, event)

    def _happened(self, timeline: Timeline, event: ClientEvent) -> None:
        """Something of which the history tells as well."""
        if not timeline.holds(event):
            timeline.note(event)

    def _renamed(self, event: Renamed, _now: float) -> None:
        if same(event.old, self.nick):
            self._name_us(event.new)
        self._typists.stop(event.old)
        for channel in event.channels:
            self.timeline(channel).note(event)
        self._timelines.rename(event.old, event.new)
        self.revision += 1

    def _channel_renamed(self, event: ChannelRenamed, _now: float) -> None:
        if known := self._timelines.rename(event.old, event.new):
            known.note(event)
        if same(self.here, event.old):
            self.here = event.new
        self.revision += 1

    def _marked(self, event: MarkedRead, _now: float) -> list[Action]:
        timeline = self.timeline(event.target)
        timeline.mark_read(event.time)
        if timeline.newest and timeline.read and timeline.newest <= timeline.read:
            timeline.nothing_unread()
        self.revision += 1
        return self._pages.load_unread(timeline)

    def _invited(self, event: Invited, now: float) -> None:
        if len(self.invitations) < MAX_INVITATIONS:
            self.invitations[fold(event.channel)] = event.by
        self._beside(event, now)

    def _modes(self, event: ModesSet, _now: float) -> None:
        self._happened(self.timeline(event.channel), event)

    def _done(self, event: CommandDone, now: float) -> None:
        # What has told of itself needs no further line.
        if event.quiet and isinstance(event.action, ServerCommand | SendLine):
            self._beside(event, now)

    def _names(self, event: NamesAre, now: float) -> None:
        # Those of the login come unasked, and who is there stands beside the talk.
        if self.online or not self._pages.fetches:
            self._beside(event, now)

    def _beside(self, event: ClientEvent, _now: float) -> None:
        self.tell(event)

    def tell(self, event: ClientEvent) -> None:
        """What belongs to no conversation is shown in the one that is looked at."""
        if self.here:
            self.timeline(self.here).note(event)
        self.revision += 1

    # -- what was said before

    def _told(self, event: RangeTold, now: float) -> list[Action]:
        self.revision += 1
        if event.asked.params[0] == "TARGETS":
            return self._pages.targets(event)
        answer = self._pages.told(event)
        if answer is None:
            return []
        for held in answer.held:
            self.take(held, now)
        if answer.newest:
            self._count(answer.timeline)
            if same(answer.timeline.name, self.here):
                answer.timeline.look()  # when somebody began to, nothing was there yet
        return self._pages.go_on(answer.timeline)

    def _count(self, timeline: Timeline) -> None:
        """What is unread of a page that has just come."""
        timeline.recount()
        timeline.more_unread = timeline.unread >= PAGE
        for message in reversed(timeline.unread_messages()):
            if message.mention:
                self.mentions.add(Mention(timeline.name, message))

    def _page_told(self, event: HistoryPage, _now: float) -> None:
        """A page that the person has asked for, where the history isn't fetched to be shown."""
        said = [one for one in event.said if not self._ignored.hides(one)]
        if said and not self._pages.fetches:
            self.timeline(event.target).add_page(said, self._is_mention)
            self.revision += 1

    def _mentions_told(self, event: MentionsTold, _now: float) -> None:
        self.mentions.told(event, map(self._mention, filter(self._is_for_us, event.said)))

    def _is_for_us(self, said: Said) -> bool:
        return bool(said.msgid) and self._is_mention(said) and not self._ignored.hides(said)

    def _mention(self, said: Said) -> Mention:
        name = said.conversation or said.target
        known = self.get(name)
        # That of the window, where it is there, so that there is one of it.
        message = known.message(said.msgid) if known is not None else None
        return Mention(
            known.name if known is not None else name,
            message or message_of(said, said.msgid, mention=True),
        )


_HANDLERS: Final[dict[type[ClientEvent], Callable[..., list[Action] | None]]] = {
    ChannelRenamed: Conversations._channel_renamed,
    ChannelsAre: Conversations._beside,
    CommandDone: Conversations._done,
    CommandRefused: Conversations._beside,
    Delayed: Conversations._beside,
    HasInvited: Conversations._beside,
    HistoryPage: Conversations._page_told,
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
    MentionsTold: Conversations._mentions_told,
    ModesAre: Conversations._beside,
    ModesSet: Conversations._modes,
    NamesAre: Conversations._names,
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
