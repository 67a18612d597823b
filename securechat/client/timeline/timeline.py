"""One conversation: a bounded window into it, which grows at both ends.

The window is always without a gap: it ends with what was said last (`at_end`), or somewhere in the
past, where somebody has jumped to; then more is fetched at that end, too. Pure; of the thread of
the front that shows it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import overload

from securechat.client.session.events.base import ClientEvent
from securechat.client.session.events.channels import Joined, Left
from securechat.client.session.events.deliveries import Queued, Stored
from securechat.client.session.events.messages import Reacted, Removed, Said
from securechat.client.session.identity import same
from securechat.client.timeline.items import (
    Delivery,
    Item,
    Message,
    Movement,
    Note,
    message_of,
    parts,
)
from securechat.client.timeline.mentions import Mentions

LIMIT = 10_000
"""Items of a conversation that are kept; the server's history has the others."""

# Of an item, in characters, besides the text of a message.
OVERHEAD = 500

# Notes that no server keeps and that wait for the end of the conversation to be in the window.
MAX_ASIDE = 50

# People named in one line of who came and went; after more of them another line begins.
MAX_MOVED = 30


class Timeline(Sequence[Item]):
    """name: the channel or the person, as written. limit: items kept.

    As a sequence: the items from the oldest to the newest, those of ours that aren't stored yet at
    the end. revision: changes whenever something does.
    """

    def __init__(self, name: str, limit: int = LIMIT) -> None:
        self.name = name
        self.revision = 0
        self.topic = ""
        self.joined = False
        self.loaded = False
        """Whether it has the newest messages, if there are any."""
        self.at_start = False
        self.refused = ""
        """Why what is older didn't come when it was asked for, '' for no reason."""
        self.at_end = True
        self.read: datetime | None = None
        """All up to then is read, here or on another device; None when nobody has told."""
        self.newest: datetime | None = None
        """When something was said last, also when that isn't loaded."""
        self.unread = 0
        self.mentions = 0
        self.more_unread = False
        """Whether there are more unread messages than `unread`, which aren't loaded."""
        self.unread_from = ""
        """The key of the first message that was unread when somebody looked; '' for none."""
        self._limit = limit
        self._items: list[Item] = []
        self._by_key: dict[str, Item] = {}
        self._pending: dict[int, Message] = {}
        self._held: list[ClientEvent] | None = None
        """What comes live while older messages are on their way; None when none are."""
        self._aside: list[Note] = []
        """Notes that no page has, of the end while the window is elsewhere."""
        self._serial = 0
        self._first = self._last = ""
        """The marks of the first and the last line of pages, where these are ends of the window."""
        self._paged_until: datetime | None = None
        """Up to when pages have told at the end what else has happened."""

    # -- as a sequence

    def __len__(self) -> int:
        return len(self._items) + len(self._pending)

    @overload
    def __getitem__(self, at: int) -> Item: ...
    @overload
    def __getitem__(self, at: slice) -> list[Item]: ...
    def __getitem__(self, at: int | slice) -> Item | list[Item]:
        if isinstance(at, slice):
            return [self[number] for number in range(*at.indices(len(self)))]
        if at < 0:
            at += len(self)
        if at < len(self._items):
            return self._items[at]
        return list(self._pending.values())[at - len(self._items)]

    def __iter__(self) -> Iterator[Item]:
        yield from self._items
        yield from self._pending.values()

    def find(self, key: str) -> Item | None:
        """The item with this key, if it is in the window."""
        return self._by_key.get(key)

    def message(self, msgid: str) -> Message | None:
        """The message with this id, if it is in the window."""
        item = self._by_key.get(msgid) if msgid else None
        return item if isinstance(item, Message) else None

    def position(self, key: str) -> int | None:
        """The index of the item with this key."""
        item = self._by_key.get(key)
        if item is None:
            return None
        # From the end, as what is looked for is mostly on the screen.
        for at in range(len(self) - 1, -1, -1):
            if self[at] is item:
                return at
        return None

    def newest_message(self, nick: str = "", *, mine: bool | None = None) -> Message | None:
        """The newest message that is stored and not removed; of nick, if given. mine: only ours, or
        only others'.
        """
        for item in reversed(self._items):
            if (
                isinstance(item, Message)
                and item.delivery is Delivery.STORED
                and not item.removed_by
                and (not nick or same(item.nick, nick))
                and (mine is None or item.mine is mine)
            ):
                return item
        return None

    @property
    def first_mark(self) -> str:
        """By what CHATHISTORY finds the oldest message; '' when there is none."""
        return self._first or next((mark for item in self._items if (mark := _mark(item))), "")

    @property
    def last_mark(self) -> str:
        """By what CHATHISTORY finds the newest message; '' when there is none."""
        marks = (mark for item in reversed(self._items) if (mark := _mark(item)))
        return self._last or next(marks, "")

    # -- what happens now

    def hold(self) -> None:
        """Older messages are on their way: what comes live waits, so that the order is right."""
        if self._held is None:
            self._held = []

    def release(self) -> list[ClientEvent]:
        """They have come, or never will. Returns what waited and is newer, for who adds it."""
        held, self._held = self._held or [], None
        # The page that has come ends with the last of them that it has. What waited before that one
        # is in the page, or older than all of it.
        known = [at for at, event in enumerate(held) if _msgid(event) in self._by_key]
        newer = known[-1] + 1 if known else 0
        self._drop(held[:newer])
        return held[newer:]

    def drop(self) -> None:
        """No page comes any more: what waits is fetched with the next one."""
        held, self._held = self._held or [], None
        self._drop(held)

    def _drop(self, events: Iterable[ClientEvent]) -> None:
        for event in events:
            if isinstance(event, Stored):  # it is in a page, and waits no more
                self._take_pending(event.id)

    def holds(self, event: ClientEvent) -> bool:
        """Whether an event has to wait; then it does."""
        if self._held is None:
            return False
        self._held = [*self._held[-self._limit :], event]
        return True

    def say(self, said: Said, *, mention: bool) -> Message | None:
        """Somebody said something just now; None when that isn't new, or isn't in the window."""
        self._tell_time(said.time)
        if said.msgid and said.msgid in self._by_key:
            return None
        if not self.at_end:
            self.changed()
            return None
        message = message_of(said, said.msgid or self._own_key(), mention=mention)
        self._last = ""
        self._append(message)
        return message

    def note(self, event: ClientEvent) -> None:
        """Something happened beside."""
        time: datetime | None = getattr(event, "time", None)
        if self.at_end and not self._was_paged(time):
            self._append(Note(self._own_key(), time, event))
        elif time is None:
            self._put_aside([Note(self._own_key(), None, event)])

    def move(self, nick: str, time: datetime | None, *, came: bool) -> None:
        """Somebody came or went."""
        if self.at_end and not self._was_paged(time):
            self._moved(self._items, nick, time, came=came)
            self._trim_start()
            self.changed()

    def react(self, event: Reacted) -> None:
        """Somebody reacts to a message; one that isn't in the window is passed over."""
        if message := self.message(event.msgid):
            message.react(event.nick, event.reaction, ended=event.ended)
            self.changed()

    def remove(self, event: Removed) -> None:
        """A message was removed."""
        if message := self.message(event.msgid):
            message.remove(event.by, event.reason)
            self.changed()

    # -- what we say

    def queue(self, event: Queued, nick: str) -> None:
        """A message of ours is on its way, or its text is another one, since it was parted."""
        if known := self._pending.get(event.id):
            known.text = event.text
            known.revision += 1
        else:
            message = Message(f"~{event.id}", None, nick, event.text, event.kind, mine=True)
            message.reply, message.delivery = event.reply, Delivery.PENDING
            self._pending[event.id] = self._by_key[message.key] = message
        self.changed()

    def stored(self, number: int, msgid: str, time: datetime | None) -> None:
        """The server has it."""
        message = self._take_pending(number)
        if message is None or msgid in self._by_key:
            return
        message.key, message.time = msgid or message.key, time
        message.mark = f"msgid={msgid}" if msgid else ""
        message.delivery, message.reason = Delivery.STORED, ""
        message.revision += 1
        self._tell_time(time)
        if self.at_end:
            self._append(message)

    def doubt(self, number: int, reason: str) -> None:
        """It isn't known to be stored, and waits on."""
        if message := self._pending.get(number):
            message.delivery, message.reason = Delivery.DOUBTFUL, reason
            message.revision += 1
            self.changed()

    def refuse(self, number: int, reason: str, delivery: Delivery = Delivery.REFUSED) -> None:
        """It will not be stored, or nobody will ever know."""
        if message := self._take_pending(number):
            message.delivery, message.reason = delivery, reason
            message.revision += 1
            self._append(message)

    def pass_over(self, time: datetime | None) -> None:
        """Something was said then that isn't shown."""
        self._tell_time(time)

    def leave_out(self, is_left_out: Callable[[str], bool]) -> None:
        """Have nothing in the window that people have said, by their nicks; we ourselves stay."""
        gone = [
            item
            for item in self._items
            if isinstance(item, Message) and not item.mine and is_left_out(item.nick)
        ]
        if gone:
            self._forget(gone)
            keys = {item.key for item in gone}
            self._items = [item for item in self._items if item.key not in keys]
            self.recount()

    # -- what was said before

    def extend_back(
        self, events: Iterable[ClientEvent], mentions: Mentions, marks: Marks = None
    ) -> int:
        """A page from before the window; how many items are new. What doesn't fit falls out at the
        other end. marks: of RangeTold.
        """
        items = self._page(events, mentions)
        self._items[:0] = items
        self._first = marks[0] if marks else self._first
        if len(self._items) > self._limit:
            if self.at_end:
                self._put_aside(self._last_notes())
            self._forget(self._items[self._limit :])
            del self._items[self._limit :]
            self.at_end, self._last = False, ""
        self.changed()
        return len(items)

    def extend_on(
        self, events: Iterable[ClientEvent], mentions: Mentions, marks: Marks = None
    ) -> int:
        """A page from behind the window; how many items are new. marks: of RangeTold."""
        until = next((item.time for item in reversed(self._items) if item.time), None)
        # What else has happened was told live up to then, and has no id by which it is known.
        new = [event for event in events if not (until and _beside_before(event, until))]
        last = self._items[-1:] if isinstance(next(reversed(self._items), None), Movement) else []
        items = self._page(new, mentions, last)[len(last) :]
        self._items += items
        self._last = marks[1] if marks else self._last
        times = [time for event in new if (time := getattr(event, "time", None))]
        self._paged_until = max(times, default=self._paged_until)
        self._trim_start()
        self.changed()
        return len(items)

    def add_page(self, page: Sequence[Said], mentions: Mentions) -> None:
        """A page, oldest first, that may be of anywhere: pages have gaps between them here."""
        last = next((item.time for item in reversed(self._items) if item.time), None)
        newest = page[-1].time
        if last is None or (newest is not None and newest > last):
            self.extend_on(page, mentions)
        else:
            self.extend_back(page, mentions)

    def replace(
        self,
        events: Iterable[ClientEvent],
        mentions: Mentions,
        marks: Marks = None,
        *,
        at_end: bool,
    ) -> int:
        """Another window, which has nothing of the one before; how many items it has."""
        if self.at_end:
            self._put_aside(self._last_notes())
        self._forget(self._items)
        self._items = []
        self.at_start, self.at_end = False, False
        self._first = marks[0] if marks else ""
        self._last, self._paged_until = "", None
        count = self.extend_on(events, mentions, marks)
        if at_end:
            self.reach_end()
        return count

    def reach_end(self) -> None:
        """The window ends with what was said last, and with what no page has."""
        self.at_end = True
        aside, self._aside = self._aside, []
        for note in aside:
            self._append(note)

    def knows(self, events: Iterable[ClientEvent]) -> bool:
        """Whether one of these messages is in the window."""
        return any(isinstance(event, Said) and event.msgid in self._by_key for event in events)

    # -- read and unread

    def mark_read(self, time: datetime | None) -> None:
        """All up to time is read."""
        if time is None or (self.read is not None and time <= self.read):
            return
        self.read = time
        self.recount()

    def nothing_unread(self) -> None:
        """All of the conversation is read, also what isn't in the window."""
        self.unread = self.mentions = 0
        self.more_unread = False

    def recount(self) -> None:
        """Count what is unread, of what is in the window."""
        unread = self.unread_messages()
        self.unread = len(unread)
        self.mentions = sum(message.mention for message in unread)
        self.changed()

    def unread_messages(self) -> list[Message]:
        """What others have said since all was read, the newest first. Where nobody has told what is
        read: with a person since our last answer, in a channel nothing.
        """
        found: list[Message] = []
        if self.read is None and self.name.startswith("#"):
            return found
        for item in reversed(self._items):
            if self.read is not None and item.time is not None and item.time <= self.read:
                break
            if isinstance(item, Message):
                if self.read is None and item.mine:
                    break
                if not item.mine and not item.removed_by:
                    found.append(item)
        return found

    @property
    def size(self) -> int:
        """About how many characters are kept."""
        texts = sum(len(item.text) for item in self if isinstance(item, Message))
        notes = sum(parts(item.event) for item in self if isinstance(item, Note))
        return texts + OVERHEAD * (len(self) + notes + sum(map(parts, self._held or ())))

    def halve(self) -> None:
        """Forget the older half of what is in the window; it is fetched again like all before."""
        count = len(self._items) // 2
        self._forget(self._items[:count])
        del self._items[:count]
        self.at_start, self._first = False, ""
        self.changed()

    def clear(self) -> None:
        """Forget what is in the window; it is fetched again when somebody looks."""
        self._forget(self._items)
        self._items, self._aside = [], []
        self._held = None if self._held is None else []
        self.at_start, self.at_end, self.loaded = False, True, False
        self._first = self._last = self.unread_from = ""
        self._paged_until = None
        self.changed()

    def look(self) -> None:
        """Somebody looks at it now: the unread line stands before what is unread."""
        unread = self.unread_messages()
        self.unread_from = unread[-1].key if unread else ""
        self.changed()

    def changed(self) -> None:
        """Something is to be drawn anew."""
        self.revision += 1

    # -- within

    def _page(
        self, events: Iterable[ClientEvent], mentions: Mentions, last: Sequence[Item] = ()
    ) -> list[Item]:
        items: list[Item] = [*last]
        new: dict[str, Message] = {}
        for event in events:
            if isinstance(event, Said):
                self._tell_time(event.time)
                if event.msgid in self._by_key or event.msgid in new:
                    continue
                key = event.msgid or self._own_key()
                message = message_of(event, key, mention=mentions(event))
                new[message.key] = message
                items.append(message)
            elif isinstance(event, Joined):
                self._moved(items, event.nick, event.time, came=True)
            elif isinstance(event, Left):
                self._moved(items, event.nick, event.time, came=False)
            elif isinstance(event, Reacted):
                if about := new.get(event.msgid) or self.message(event.msgid):
                    about.react(event.nick, event.reaction, ended=event.ended)
            elif isinstance(event, Removed):
                if about := new.get(event.msgid) or self.message(event.msgid):
                    about.remove(event.by, event.reason)
            else:
                items.append(Note(self._own_key(), getattr(event, "time", None), event))
        for item in items:
            self._by_key[item.key] = item
        return items

    def _moved(self, items: list[Item], nick: str, time: datetime | None, *, came: bool) -> None:
        last = items[-1] if items else None
        if not isinstance(last, Movement) or _size(last) >= MAX_MOVED or _day(last) != _date(time):
            last = Movement(self._own_key(), time)
            items.append(last)
            self._by_key[last.key] = last
        (last.enter if came else last.leave)(nick)

    def _append(self, item: Item) -> None:
        self._items.append(item)
        self._by_key[item.key] = item
        self._trim_start()
        self.changed()

    def _put_aside(self, notes: list[Note]) -> None:
        self._aside = [*self._aside, *notes][-MAX_ASIDE:]

    def _last_notes(self) -> list[Note]:
        """Those without a time at the end, the oldest first."""
        found: list[Note] = []
        for item in reversed(self._items):
            if not isinstance(item, Note) or item.time is not None or len(found) == MAX_ASIDE:
                break
            found.insert(0, item)
        return found

    def _trim_start(self) -> None:
        # By some at once, as to take out the first of a list moves all others.
        if len(self._items) > self._limit:
            count = len(self._items) - self._limit + self._limit // 20
            self._forget(self._items[:count])
            del self._items[:count]
            self.at_start, self._first = False, ""

    def _forget(self, items: Iterable[Item]) -> None:
        for item in items:
            self._by_key.pop(item.key, None)

    def _take_pending(self, number: int) -> Message | None:
        message = self._pending.pop(number, None)
        if message is not None:
            self._by_key.pop(message.key, None)
            self.changed()
        return message

    def _tell_time(self, time: datetime | None) -> None:
        if time is not None and (self.newest is None or time > self.newest):
            self.newest = time

    def _was_paged(self, time: datetime | None) -> bool:
        return time is not None and self._paged_until is not None and time <= self._paged_until

    def _own_key(self) -> str:
        self._serial += 1
        return f"-{self._serial}"


Marks = tuple[str, str] | None


def _beside_before(event: ClientEvent, until: datetime) -> bool:
    """Whether something that is no message, and about none, happened until then."""
    if isinstance(event, Said | Reacted | Removed):
        return False
    time: datetime | None = getattr(event, "time", None)
    return time is not None and time <= until


def _msgid(event: ClientEvent) -> str | None:
    return event.msgid if isinstance(event, Said | Stored) and event.msgid else None


def _mark(item: Item) -> str:
    return item.mark if isinstance(item, Message) else ""


def _size(item: Movement) -> int:
    return len(item.came) + len(item.went) + len(item.returned) + len(item.passed)


def _day(item: Item) -> object:
    return _date(item.time)


def _date(time: datetime | None) -> object:
    return time.date() if time else None
