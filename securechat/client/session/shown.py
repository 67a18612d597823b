"""Which messages were shown: so that none is shown twice, none is left out, and others can be told
to be about one.

Pure state of the receiving thread.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from securechat.client.session.events.messages import Earlier
from securechat.irc.message import Message

# Ids kept to show nothing twice; a replay after a reconnect is shorter than that.
REMEMBERED_IDS = 4096

# Characters of an id that is kept; they have some twenty.
MAX_ID = 256

TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z")

# Within these a time can be told in any time zone.
_YEARS = range(1970, 9999)

# Conversations of which is remembered from where on they are shown, and pieces of each. Of a piece
# too many it is forgotten that something may be missing before it.
MAX_CONVERSATIONS = 1000
MAX_PIECES = 20

# Conversations of which this connection has shown something.
MAX_CONTINUED = 2 * MAX_CONVERSATIONS


class ShownMessages:
    """Those with ids, over all connections of a session, as many as are remembered."""

    def __init__(self) -> None:
        self._live: dict[str, None] = {}
        """As they came, oldest first. Not those of pages that were asked for, which could be so
        many that nobody would know what the replay of a reconnect may have again.
        """
        self._about: dict[str, tuple[str, Earlier]] = {}
        """id -> the conversation, folded, and what is remembered of it."""

    def is_new(self, msgid: str) -> bool:
        """Whether a message that arrives hasn't been shown; from now on it has."""
        if not msgid or len(msgid) > MAX_ID:
            return True
        if msgid in self._live:
            return False
        self._live[msgid] = None
        if len(self._live) > REMEMBERED_IDS:
            del self._live[next(iter(self._live))]
        return True

    def has(self, msgid: str) -> bool:
        """Whether a message was shown as it came."""
        return msgid in self._live

    def note(self, msgid: str, conversation: str, earlier: Earlier) -> None:
        """Remember what a message is. conversation: folded."""
        if msgid and len(msgid) <= MAX_ID:
            self._about[msgid] = (conversation, earlier)
            if len(self._about) > REMEMBERED_IDS:
                del self._about[next(iter(self._about))]

    def rename(self, old: str, new: str) -> None:
        """A conversation has another name now, both folded: what was said there is of that."""
        for msgid, (conversation, earlier) in self._about.items():
            if conversation == old:
                self._about[msgid] = (new, earlier)

    def about(self, msgid: str, conversation: str) -> Earlier | None:
        """What is remembered of a message of a conversation. Raises ValueError when that is another
        one's.
        """
        known = self._about.get(msgid)
        if known is None:
            return None
        if known[0] != conversation:
            raise ValueError("the message is not part of this conversation")
        return known[1]


class Pieces:
    """Where the pieces begin that are shown of each conversation, by the marks of their first
    messages (see mark_of()).

    While a connection lasts nothing is missing between two messages. Between those of two
    connections something may be: the server replays only so much of what was missed.
    """

    def __init__(self) -> None:
        self._begins: dict[str, list[str]] = {}
        """Conversation, folded -> marks, the oldest first. Those asked for last stand last."""
        self._continued: set[str] = set()
        """The conversations of which this connection has shown something."""

    def restart(self) -> None:
        """Another connection: what comes now may lie behind a gap."""
        self._continued.clear()

    def interrupt(self, conversation: str) -> None:
        """What comes of this one now may lie behind a gap."""
        self._continued.discard(conversation)

    def rename(self, old: str, new: str) -> None:
        """A conversation has another name now, both folded."""
        if old == new:
            return
        if (begins := self._begins.pop(old, None)) is not None:
            self._begins[new] = begins
        if old in self._continued:
            self._continued.remove(old)
            self._continued.add(new)

    def comes(self, conversation: str, mark: str, *, shown: bool) -> None:
        """A message arrives. shown: it was shown before, so it is where we were."""
        if conversation in self._continued:
            return
        if shown or mark:
            if len(self._continued) >= MAX_CONTINUED:  # they may lie behind gaps, for all we know
                self._continued.clear()
            self._continued.add(conversation)
        if mark and not shown:
            self._add(conversation, mark)

    def _add(self, conversation: str, mark: str) -> None:
        begins = self._begins.setdefault(conversation, [])
        begins.append(mark)
        if len(begins) > MAX_PIECES:
            del begins[1]  # not the oldest, where all begins
        if len(self._begins) > MAX_CONVERSATIONS:
            self._continued.discard(forgotten := next(iter(self._begins)))
            del self._begins[forgotten]

    def begin(self, conversation: str) -> str:
        """The mark before which a page is to be asked for; '' when nothing is shown."""
        begins = self._begins.get(conversation)
        return begins[-1] if begins else ""

    def page(self, conversation: str, mark: str, *, reached: bool) -> bool:
        """A page was shown, or is empty. mark: of its first message. reached: whether it ends the
        gap, since it has something of the piece before, or nothing. Returns whether there is a
        piece before.
        """
        begins = self._begins.get(conversation)
        if begins and reached and len(begins) > 1:
            begins.pop()
            return True
        if mark and begins:
            begins[-1] = mark
        elif mark:
            self._add(conversation, mark)
        return False


def mark_of(message: Message) -> str:
    """By what CHATHISTORY finds a message: its id or its time; '' when it has neither."""
    msgid, time = message.tags.get("msgid", ""), message.tags.get("time", "")
    if msgid and len(msgid) <= MAX_ID:
        return f"msgid={msgid}"
    return f"timestamp={time}" if TIME.fullmatch(time) else ""


def parse_time(message: Message) -> datetime | None:
    """The server-time tag in UTC, or None when there is none that can be read."""
    return time_of(message.tags.get("time", ""))


def time_of(text: str) -> datetime | None:
    """A time as a server writes it, in UTC; None when it can't be read."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    if time.year not in _YEARS:
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)
