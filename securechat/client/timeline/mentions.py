"""Messages that are for us. Pure; any thread may call."""

from __future__ import annotations

from securechat.client.session.events.messages import Said
from securechat.client.timeline.items import Message
from securechat.common.record import Record


class Mention(Record):
    """A message that is for us, and where it was said."""

    conversation: str
    message: Message


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
