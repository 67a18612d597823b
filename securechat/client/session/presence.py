"""Asks who is away in the channels that we enter; later the server tells it by itself.

One channel at a time, and not more than a limit: an answer has a line for each member, and what
the server sends us counts as if we had said it, so that people could wait for their own words.
Pure state of the receiving thread. https://ircv3.net/specs/extensions/away-notify,
https://ircv3.net/specs/extensions/whox
"""

from __future__ import annotations

from collections import deque
from typing import Final

from securechat.client.session.asking import PATIENCE
from securechat.client.session.channels import JoinedChannels
from securechat.client.session.identity import same
from securechat.client.session.output import Output
from securechat.irc.message import Message, format_message
from securechat.irc.numerics import Numeric

TOKEN: Final = "681"  # noqa: S105 - it marks our questions, and is no secret
"""By which the answers are known from those that a person has asked for."""

MOST_OF_ONE: Final = 500
"""Members of a channel: more is a list that nobody looks through for who is there."""

MOST: Final = 2000
"""Members of all channels together, of one connection. At 50 bytes each that is 100 KB, which our
server counts like a dozen lines; a person may say 20 a second, and a hundred at once.
"""


class Presence:
    """Asks one question after the other. channels: where the answers go."""

    def __init__(self, channels: JoinedChannels) -> None:
        self._channels = channels
        self._wanted = False
        self._known = False
        self._waiting: deque[str] = deque()
        self._open: str | None = None
        self._since = 0.0
        self._left = MOST

    def restart(self, *, wanted: bool) -> None:
        """A new connection. wanted: whether somebody looks at who is there."""
        self._wanted, self._known = wanted, False
        self._waiting.clear()
        self._open, self._left = None, MOST

    def offered(self) -> None:
        """The server can be asked so (WHOX of 005)."""
        self._known = True

    def entered(self, channel: str, members: int) -> None:
        """We are in a channel of so many members."""
        if self._wanted and members <= min(MOST_OF_ONE, self._left) and self._left:
            self._left -= max(members, 1)  # so that there is an end to channels with nobody
            self._waiting.append(channel)

    def proceed(self, now: float, out: Output) -> None:
        """Ask what is next; now: seconds of a monotonic clock."""
        if not (self._waiting and self._known):
            return
        if self._open is not None and now < self._since + PATIENCE:
            return
        self._open, self._since = self._waiting.popleft(), now
        # Token, channel, nick, flags, account: in this order, whatever the order of the letters.
        out.lines.append(format_message("WHO", self._open, f"%tcnfa,{TOKEN}"))

    def take(self, message: Message) -> bool:
        """Whether a message is part of an answer to this here."""
        params = message.params
        if message.command == Numeric.RPL_WHOSPCRPL and params[1:2] == [TOKEN] and len(params) > 5:
            channel, nick, flags, account = params[2:6]
            # "G" for gone, and "0" for no account.
            self._channels.tell(channel, nick, flags[:1] == "G", account if account != "0" else "")
            return True
        ends = message.command == Numeric.RPL_ENDOFWHO and len(params) > 1
        if ends and self._open is not None and same(params[1], self._open):
            self._open = None
            return True
        return False
