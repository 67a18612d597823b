"""Messages that are for us, and what is known of them. Pure; of the thread of the front."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Final

from securechat.client.session.actions import Action, AskMentions
from securechat.client.session.asking import LOST
from securechat.client.session.events.history import MentionsTold
from securechat.client.session.events.messages import Removed, Said
from securechat.client.timeline.items import Message
from securechat.common.record import Record

MOST: Final = 500
"""Mentions kept: more than anybody goes through."""


class Mention(Record):
    """A message that is for us, and where it was said."""

    conversation: str
    message: Message


class Mentioned:
    """All of them that are known, those that came last at the end. revision: changes whenever
    something does.
    """

    def __init__(self) -> None:
        self.revision = 0
        self.waiting = False
        """Whether those of before are on their way."""
        self.more = False
        """Whether there may be older ones than the server was asked for."""
        self.until: datetime | None = None
        """The server has looked back only as far as this, in UTC."""
        self.problem = ""
        """Why those of before aren't here, '' for no reason."""
        self._all: deque[Mention] = deque(maxlen=MOST)

    def __iter__(self) -> Iterator[Mention]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    @property
    def last(self) -> Mention | None:
        """The one that came last, which isn't always the newest."""
        return self._all[-1] if self._all else None

    def add(self, mention: Mention) -> None:
        """One that came just now, or with a page."""
        if not self._knows(mention.message):
            self._all.append(mention)
            self.revision += 1

    def leave_out(self, is_left_out: Callable[[str], bool]) -> None:
        """Have nothing that people have said, by their nicks."""
        kept = [one for one in self._all if not is_left_out(one.message.nick)]
        self._all = deque(kept, maxlen=MOST)
        self.revision += 1

    def remove(self, removed: Removed) -> None:
        """A message was removed, perhaps one that is in no window."""
        for one in self._all:
            if one.message.key == removed.msgid and not one.message.removed_by:
                one.message.remove(removed.by, removed.reason)
                self.revision += 1

    # -- those of before

    def ask(self) -> list[Action]:
        """Somebody wants to see them. Returns what to submit."""
        self.waiting, self.more, self.until, self.problem = True, False, None, ""
        self.revision += 1
        return [AskMentions()]

    def told(self, event: MentionsTold, found: Iterable[Mention]) -> None:
        """The server has answered. found: what is for us in it, the oldest first."""
        self.waiting = False
        self.more, self.problem = self.more or event.more, event.problem
        self.until = event.until or self.until
        for mention in list(found)[::-1]:
            # Rather than to push out what came last.
            if len(self._all) < MOST and not self._knows(mention.message):
                self._all.appendleft(mention)
        self.revision += 1

    def lost(self) -> None:
        """There is no connection any more."""
        if self.waiting:
            self.told(MentionsTold(problem=LOST), ())

    def _knows(self, message: Message) -> bool:
        known = (one.message for one in self._all)
        return any(one is message or (one.msgid and one.msgid == message.msgid) for one in known)


class Mentions:
    """Whether a message is for us: it names us, or is said to us alone."""

    def __init__(self, nick: str) -> None:
        self._nick = nick.casefold()

    def __call__(self, said: Said) -> bool:
        """Whether it is."""
        if said.mine or not self._nick:
            return False
        return not said.conversation.startswith("#") or self._named(said.text.casefold())

    def _named(self, text: str) -> bool:
        at = text.find(self._nick)
        while at >= 0:
            before, after = text[at - 1 : at] if at else "", text[at + len(self._nick) :][:1]
            if not (_in_name(before) or _in_name(after)):
                return True
            at = text.find(self._nick, at + 1)
        return False


def _in_name(char: str) -> bool:
    return bool(char) and (char.isalnum() or char in "_-[]\\`^{}|")
