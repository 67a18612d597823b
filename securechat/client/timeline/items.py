"""What a timeline consists of: messages, notes, and people who come and go.

Pure; of the thread of the front that shows them. A front that has drawn an item draws it again when
its revision has changed.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from securechat.client.session.actions import TextKind
from securechat.client.session.events.base import ClientEvent
from securechat.client.session.events.messages import Said
from securechat.common.record import State, field

# Kept of one message: others may react with anything, and without end.
MAX_REACTIONS = 50
MAX_REACTING = 200


def parts(event: ClientEvent) -> int:
    """How much an event holds: itself, and what it lists."""
    if isinstance(event, Said):  # most are
        return 1
    lists = (getattr(event, name, ()) for name in ("rows", "names", "channels", "events"))
    return 1 + sum(map(len, lists))


class Delivery(StrEnum):
    """How far a message has come."""

    PENDING = "on its way"
    STORED = "on the server's disk"
    DOUBTFUL = "not confirmed"
    REFUSED = "refused"


class Item(State):
    """Base of all items. key: by what it is found: a message's msgid, else a name of its own. time:
    the server's, in UTC; None where it didn't tell.
    """

    key: str
    time: datetime | None
    revision: int = field(default=0, kw_only=True)


class Message(Item):
    """Somebody said something. text: may have several lines, as it came. mark: by what CHATHISTORY
    finds it. reason: why it was refused or is doubtful, or was removed. reply: the msgid of what it
    answers. reactions: each with who has reacted so, the first first. removed_by: '' for nobody.
    """

    nick: str
    text: str
    kind: TextKind = TextKind.MESSAGE
    mine: bool = False
    mention: bool = False
    bot: bool = False
    mark: str = ""
    delivery: Delivery = Delivery.STORED
    reason: str = ""
    reply: str = ""
    reactions: dict[str, list[str]] = field(default_factory=dict)
    removed_by: str = ""

    @property
    def msgid(self) -> str:
        """'' where the server has given it none, or not yet."""
        # Names of our own begin so: see Timeline.
        return "" if self.key.startswith("-") else self.key

    def react(self, nick: str, reaction: str, *, ended: bool) -> None:
        """Somebody reacts, or does so no more."""
        known = self.reactions.get(reaction, [])
        if ended:
            known = [one for one in known if one != nick]
        elif nick not in known and len(known) < MAX_REACTING:
            known = [*known, nick]
        if known and (reaction in self.reactions or len(self.reactions) < MAX_REACTIONS):
            self.reactions[reaction] = known
        elif not known:
            self.reactions.pop(reaction, None)
        self.revision += 1

    def remove(self, by: str, reason: str) -> None:
        """It was taken out of the conversation: what it said is gone, its place stays."""
        self.text, self.removed_by, self.reason = "", by, reason
        self.reactions.clear()
        self.mention = False
        self.revision += 1


def message_of(said: Said, key: str, *, mention: bool) -> Message:
    """What was said, as an item. mention: whether it is for us."""
    message = Message(key, said.time, said.nick, said.text, said.kind, said.mine, mention)
    message.bot, message.mark, message.reply = "bot" in said.tags, said.mark, said.reply
    return message


class Note(Item):
    """Something beside what was said, as the session told it: a topic, modes, an error."""

    event: ClientEvent


class Movement(Item):
    """People who came and went, one after the other, in one line."""

    came: list[str] = field(default_factory=list)
    went: list[str] = field(default_factory=list)
    returned: list[str] = field(default_factory=list)
    """Went, and came again."""
    passed: list[str] = field(default_factory=list)
    """Came, and went again."""

    def enter(self, nick: str) -> None:
        """Somebody came."""
        self._move(nick, self.went, self.returned, self.came)

    def leave(self, nick: str) -> None:
        """Somebody went."""
        self._move(nick, self.came, self.passed, self.went)

    def _move(self, nick: str, before: list[str], both: list[str], alone: list[str]) -> None:
        for names in (self.returned, self.passed):
            if nick in names:  # once more: what counts is how it ended
                names.remove(nick)
                (self.went if names is self.returned else self.came).append(nick)
        if nick in before:
            before.remove(nick)
            both.append(nick)
        elif nick not in alone:
            alone.append(nick)
        self.revision += 1
