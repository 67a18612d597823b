"""Handles what the server says once we are in: messages, channels, batches, answers.

Pure state of the receiving thread. https://modern.ircdocs.horse,
https://ircv3.net/specs/extensions/{batch,server-time,echo-message,standard-replies},
https://ircv3.net/specs/extensions/chathistory for the batch of what was missed.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from securechat.client.session import answers, events
from securechat.client.session.channels import JoinedChannels
from securechat.client.session.deliveries import Deliveries
from securechat.client.session.events import Info, Output, Problem, TextKind
from securechat.client.session.identity import fold, same
from securechat.irc.message import Message, format_message
from securechat.irc.pieces import ACTION_HEAD, ACTION_TAIL

DELIVERED: Final = "delivered-"
"""A PING whose token begins so asks us to confirm: our PONG says that all before it has arrived."""

# Message ids kept to show nothing twice; a replay after a reconnect is shorter than that.
REMEMBERED_IDS = 4096

# Characters of an id that is kept; they have some twenty.
MAX_ID = 256

# Batches open at once. Servers open one after the other, and a hostile one never closes them.
MAX_BATCHES = 100

# Within these a time can be told in any time zone.
_YEARS = range(1970, 9999)


class Inbound:
    """Handles one message after the other, over all connections of a session."""

    def __init__(self, channels: JoinedChannels, deliveries: Deliveries) -> None:
        self.nick = ""
        self.prefix = ""
        self._channels = channels
        self._deliveries = deliveries
        self._batches: dict[str, str] = {}
        """The open batches: reference -> type."""
        self._seen: dict[str, None] = {}
        """Ids of the messages that were shown, oldest first."""
        self._asked: set[str] = set()
        """Channels, folded, whose next NAMES answer is shown."""
        self._known: dict[str, str] = {}
        """Channels, folded -> as written, that we were in before the connection was lost. Empty
        again once the server has put us back.
        """

    def restart(self, nick: str) -> None:
        """A new connection has been welcomed as nick."""
        self.nick = nick
        # Until a JOIN of ours shows the true prefix, the longest host there may be is assumed.
        self.prefix = f"{nick}!{nick}@{'x' * 64}"
        self._known = {fold(channel): channel for channel in self._channels.channels()}
        self._channels.clear()
        self._batches.clear()
        self._asked.clear()

    def settle(self, out: Output) -> None:
        """The server has told all channels that it put us back into; the others we have left."""
        for channel in self._known.values():
            if channel not in self._channels:
                reason = "no longer there after the connection was lost"
                out.events.append(events.Left(channel, self.nick, reason, mine=True))
        self._known.clear()

    def ask_names(self, channel: str) -> None:
        """The next NAMES answer for channel is to be shown."""
        self._asked.add(fold(channel))

    def receive(self, message: Message, now: float, out: Output) -> None:
        """One message; now: seconds of a monotonic clock."""
        command = message.command
        if command in ("PRIVMSG", "NOTICE"):
            self._said(message, now, out)
        elif handler := _HANDLERS.get(command):
            if len(message.params) >= _NEEDS.get(command, 1):
                handler(self, message, out)
        else:
            answers.receive(message, self._deliveries, now, out)

    def _is_mine(self, nick: str) -> bool:
        return same(nick, self.nick)

    # -- messages

    def _said(self, message: Message, now: float, out: Output) -> None:
        if len(message.params) < 2:
            return
        target, text = message.params[:2]
        mine = self._is_mine(message.nick)
        if mine:
            stored = self._deliveries.confirm(message.command, target, text, now)
            if stored:
                out.events.append(events.Stored(stored.target, stored.text))
        if not self._is_new(message.tags.get("msgid", "")):
            return
        if message.command == "NOTICE" and "!" not in (message.source or ""):
            out.events.append(Info(text))  # the server itself speaks
            return
        kind = TextKind.NOTICE if message.command == "NOTICE" else TextKind.MESSAGE
        if text.startswith(ACTION_HEAD):
            kind, text = TextKind.ACTION, text.removeprefix(ACTION_HEAD).removesuffix(ACTION_TAIL)
        missed = self._batches.get(message.tags.get("batch", "")) == "chathistory"
        time = parse_time(message)
        out.events.append(events.Said(target, message.nick, text, kind, mine, time, missed))

    def _is_new(self, msgid: str) -> bool:
        if not msgid or len(msgid) > MAX_ID:
            return True
        if msgid in self._seen:
            return False
        self._seen[msgid] = None
        if len(self._seen) > REMEMBERED_IDS:
            del self._seen[next(iter(self._seen))]
        return True

    def _batch(self, message: Message, _out: Output) -> None:
        ref = message.params[0]
        if not (ref.startswith("+") and len(message.params) > 1):
            self._batches.pop(ref[1:], None)
        elif len(self._batches) < MAX_BATCHES:
            self._batches[ref[1:]] = message.params[1].removeprefix("draft/")

    # -- channels

    def _join(self, message: Message, out: Output) -> None:
        channel, nick = message.params[0], message.nick
        mine = self._is_mine(nick)
        if mine:
            self.prefix = message.source or self.prefix
            if not self._channels.enter(channel):
                return
            if fold(channel) in self._known:
                return  # after a reconnect: the person knows that we are in there
            self._asked.add(fold(channel))
        self._channels.add(channel, nick)
        out.events.append(events.Joined(channel, nick, mine, parse_time(message)))

    def _part(self, message: Message, out: Output) -> None:
        reason = message.params[1] if len(message.params) > 1 else ""
        self._gone(message.params[0], message.nick, reason, "", message, out)

    def _kick(self, message: Message, out: Output) -> None:
        channel, nick, *rest = message.params
        self._gone(channel, nick, rest[0] if rest else "", message.nick, message, out)

    def _gone(
        self, channel: str, nick: str, reason: str, by: str, message: Message, out: Output
    ) -> None:
        mine = self._is_mine(nick)
        if mine:
            self._channels.leave(channel)
            self._known.pop(fold(channel), None)
        else:
            self._channels.remove(channel, nick)
        out.events.append(events.Left(channel, nick, reason, by, mine, parse_time(message)))

    def _quit(self, message: Message, out: Output) -> None:
        self._channels.remove_everywhere(message.nick)
        reason = message.params[0] if message.params else ""
        if not self._is_mine(message.nick):
            time = parse_time(message)
            out.events.append(events.Left(None, message.nick, reason, time=time))

    def _renamed(self, message: Message, out: Output) -> None:
        new = message.params[0]
        self._channels.rename(message.nick, new)
        if self._is_mine(message.nick):
            self.nick = new
        out.events.append(events.Renamed(message.nick, new))

    def _topic(self, message: Message, out: Output) -> None:
        out.events.append(events.TopicIs(message.params[0], message.params[1], message.nick))

    def _topic_told(self, message: Message, out: Output) -> None:
        channel, topic = message.params[1:3]
        if fold(channel) not in self._known:
            out.events.append(events.TopicIs(channel, topic))

    def _names(self, message: Message, _out: Output) -> None:
        self._channels.names_part(message.params[2], message.params[3].split())

    def _names_end(self, message: Message, out: Output) -> None:
        channel = message.params[1]
        names = self._channels.names_end(channel)
        if fold(channel) in self._asked:
            self._asked.discard(fold(channel))
            out.events.append(events.NamesAre(channel, names))

    def _invited(self, message: Message, out: Output) -> None:
        out.events.append(events.Invited(message.nick, message.params[1]))

    def _mode(self, message: Message, out: Output) -> None:
        target, *change = message.params
        if not self._is_mine(target):
            out.events.append(events.ModesSet(message.nick, target, tuple(change)))

    # -- the connection itself

    def _error_line(self, message: Message, out: Output) -> None:
        out.events.append(Problem(message.params[0]))

    def _cap(self, message: Message, out: Output) -> None:
        verb, names = message.params[1].upper(), message.params[-1]
        if verb == "DEL" and "echo-message" in names.split():
            out.hangup = "the server stopped to confirm messages"

    def _isupport(self, message: Message, _out: Output) -> None:
        for token in message.params[1:-1]:
            key, _, value = token.partition("=")
            # As in PREFIX=(qaohv)~&@%+ (https://modern.ircdocs.horse/#prefix-parameter).
            if key == "PREFIX" and ")" in value:
                self._channels.prefixes = value.partition(")")[2]


def parse_time(message: Message) -> datetime | None:
    """The server-time tag in UTC, or None when there is none that can be read."""
    text = message.tags.get("time", "")
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    if time.year not in _YEARS:
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def pong(message: Message, *, quiet: bool) -> str:
    """The answer to a PING, with its token. quiet: whether this client only sends."""
    token = message.params[-1] if message.params else ""
    # With another token where nobody has seen the messages: the server must not count them as
    # delivered.
    return format_message("PONG", "here" if quiet and token.startswith(DELIVERED) else token)


_HANDLERS: Final[dict[str, Callable[[Inbound, Message, Output], None]]] = {
    "BATCH": Inbound._batch,
    "JOIN": Inbound._join,
    "PART": Inbound._part,
    "KICK": Inbound._kick,
    "QUIT": Inbound._quit,
    "NICK": Inbound._renamed,
    "TOPIC": Inbound._topic,
    "332": Inbound._topic_told,
    "353": Inbound._names,
    "366": Inbound._names_end,
    "005": Inbound._isupport,
    "INVITE": Inbound._invited,
    "MODE": Inbound._mode,
    "ERROR": Inbound._error_line,
    "CAP": Inbound._cap,
}

# How many parameters a message must have, else it is ignored; 1 for those that aren't here.
_NEEDS: Final = {
    "QUIT": 0,
    "KICK": 2,
    "TOPIC": 2,
    "332": 3,
    "353": 4,
    "366": 2,
    "INVITE": 2,
    "MODE": 2,
    "CAP": 3,
}
