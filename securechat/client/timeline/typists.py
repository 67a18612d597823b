"""Who types in which conversation.

Pure; of the thread of the front that shows it; times are seconds of a monotonic clock.
https://ircv3.net/specs/client-tags/typing
"""

from __future__ import annotations

from typing import Final

from securechat.client.session.events.messages import IsTyping
from securechat.client.session.identity import fold
from securechat.client.session.typing import LASTS, PAUSED

# Conversations in which somebody types, and people in each; a hostile server names them without
# end.
MAX_CONVERSATIONS: Final = 1000
MAX_TYPING: Final = 100


class Typists:
    """Forgets by itself whoever hasn't typed for a while: nothing has to be called for that."""

    def __init__(self) -> None:
        self._until: dict[str, dict[str, tuple[str, float]]] = {}
        """conversation, folded -> nick, folded -> nick, and until when that is believed."""

    def take(self, event: IsTyping, now: float) -> None:
        """Somebody types, or no more."""
        key, nick = fold(event.conversation), fold(event.nick)
        known = self._until.pop(key, {}).items()
        typing = {one: told for one, told in known if told[1] > now and one != nick}
        if not event.ended and len(typing) < MAX_TYPING:
            typing[nick] = event.nick, now + (PAUSED if event.paused else LASTS)
        if typing:
            self._until[key] = typing
        if len(self._until) > MAX_CONVERSATIONS:
            del self._until[next(iter(self._until))]

    def names(self, conversation: str, now: float) -> list[str]:
        """Who types there, in the order in which they began."""
        known = self._until.get(fold(conversation), {})
        return [nick for nick, until in known.values() if until > now]

    def stop(self, nick: str, conversation: str | None = None) -> None:
        """Somebody has said something, or left; None: everywhere, as they have another name."""
        chosen = self._until if conversation is None else (fold(conversation),)
        for key in chosen:
            self._until.get(key, {}).pop(fold(nick), None)

    def clear(self) -> None:
        """Forget everything."""
        self._until.clear()
