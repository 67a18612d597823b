"""Which messages were shown: so that none is shown twice, and others can be told to be about one.

Pure state of the receiving thread.
"""

from __future__ import annotations

from securechat.client.session.events import Earlier

# Ids kept to show nothing twice; a replay after a reconnect is shorter than that.
REMEMBERED_IDS = 4096

# Characters of an id that is kept; they have some twenty.
MAX_ID = 256


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
