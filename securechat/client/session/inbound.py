"""Handles what the server says once we are in: messages, channels, batches, answers.

Pure state of the receiving thread. https://modern.ircdocs.horse,
https://ircv3.net/specs/extensions/{batch,server-time,echo-message,standard-replies},
https://ircv3.net/specs/extensions/chathistory for the batch of what was missed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Final

from securechat.client.session import answers, happened
from securechat.client.session.actions import MarkRead
from securechat.client.session.asking import Asking
from securechat.client.session.batches import Batches
from securechat.client.session.channels import JoinedChannels, conversation_of
from securechat.client.session.deliveries import Deliveries
from securechat.client.session.elsewhere import ADDRESSES, told_addresses
from securechat.client.session.events.answers import NamesAre, WeAreAway
from securechat.client.session.events.base import Info, Problem
from securechat.client.session.events.channels import Invited, IsAway, Left, TopicIs
from securechat.client.session.events.deliveries import Stored
from securechat.client.session.events.history import RangeTold
from securechat.client.session.events.messages import (
    Earlier,
    IsTyping,
    Reacted,
    Removed,
    Said,
    client_tag,
)
from securechat.client.session.fetching import Fetching
from securechat.client.session.identity import Address, fold, same
from securechat.client.session.labels import CAPABILITY as LABELS
from securechat.client.session.labels import LABEL, Labels
from securechat.client.session.lists import Lists
from securechat.client.session.markers import Markers
from securechat.client.session.multiline import CAPABILITY as MULTILINE
from securechat.client.session.output import Output
from securechat.client.session.pages import HistoryPages
from securechat.client.session.presence import Presence
from securechat.client.session.search import LogSearch, MentionSearch
from securechat.client.session.shown import ShownMessages, mark_of, parse_time
from securechat.common.record import replace
from securechat.irc.message import Message, format_message
from securechat.irc.numerics import Numeric

DELIVERED: Final = "delivered-"
"""A PING whose token begins so asks us to confirm: our PONG says that all before it has arrived."""


class Inbound:
    """Handles one message after the other, over all connections of a session."""

    def __init__(self, channels: JoinedChannels, deliveries: Deliveries, labels: Labels) -> None:
        self.nick = ""
        self.prefix = ""
        self.addresses: tuple[Address, ...] = ()
        """Those of the server, as far as it has told them on this connection."""
        self._channels = channels
        self._deliveries = deliveries
        self._labels = labels
        self._batches = Batches()
        self._shown = ShownMessages()
        self.pages = HistoryPages(self._shown, labels)
        self.search = LogSearch(labels)
        self.mentions = MentionSearch(labels)
        self.fetching = Fetching(labels)
        self.markers = Markers()
        self.presence = Presence(channels)
        self._lists = Lists()
        self._asking = (self.pages, self.search, self.mentions, self.fetching)
        self._asked: set[str] = set()
        """Channels, folded, whose next NAMES answer is shown."""
        self._entered: set[str] = set()
        """Channels, folded, of which we wait to be told who is there."""
        self._known: dict[str, str] = {}
        """Channels, folded -> as written, that we were in before the connection was lost. Empty
        again once the server has put us back.
        """

    def restart(self, nick: str) -> None:
        """A new connection has been welcomed as nick."""
        self.nick = nick
        # Until a JOIN of ours shows the true prefix, the longest host there may be is assumed.
        self.prefix = f"{nick}!{nick}@{'x' * 64}"
        self.addresses = ()
        self._known = {fold(channel): channel for channel in self._channels.channels()}
        self._channels.clear()
        self._batches.clear()
        self._asked.clear()
        self._entered.clear()
        self._lists.clear()

    def settle(self, out: Output) -> None:
        """The server has told all channels that it put us back into; the others we have left."""
        for channel in self._known.values():
            if channel not in self._channels:
                reason = "no longer there after the connection was lost"
                out.events.append(Left(channel, self.nick, reason, mine=True))
        self._known.clear()

    def ask_names(self, channel: str) -> None:
        """The next NAMES answer for channel is to be shown."""
        self._asked.add(fold(channel))

    def receive(self, message: Message, now: float, out: Output) -> None:
        """One message; now: seconds of a monotonic clock."""
        label, whole = self._batches.label_of(message)
        if not label:
            self._handle(message, "", now, out)
            return
        answer = Output()
        answer.lines = out.lines
        self._handle(message, label, now, answer)
        out.events += self._labels.answered(label, message, answer.events, now, whole=whole)
        out.hangup = answer.hangup or out.hangup

    def _handle(self, message: Message, label: str, now: float, out: Output) -> None:
        """label: of what the message answers, '' for none."""
        command = message.command
        if command in ("PRIVMSG", "NOTICE"):
            batch = self._batches.of(message)
            if batch is not None and batch.assembly is not None:
                batch.assembly.add(message)
            else:
                self._said(message, label, now, out)
        elif command == "BATCH":
            self._batch(message, label, now, out)
        elif asker := self._asker(message):
            asker.other(message, happened.event_of(message, self.nick))
        elif command in _OF_THEN and self._batches.within(message, "chathistory"):
            pass  # what happened then changes nothing now
        elif self.presence.take(message):
            pass  # it is in the channels now
        elif handler := _HANDLERS.get(command):
            if len(message.params) >= _NEEDS.get(command, 1):
                handler(self, message, out)
        elif not self._is_told(message, label, out) and not self._lists.take(message, out):
            answers.receive(message, self._deliveries, now, out, label)

    @property
    def waiting(self) -> bool:
        """Whether an answer is on its way that the person has asked for, and waits for."""
        # Not for what a screen has asked for by itself, for the time that people look at it.
        return self.pages.waiting or self.search.waiting

    def _asker(self, message: Message) -> Asking | None:
        """For whom a message is, as part of an answer."""
        batch = self._batches.of(message)
        if batch is None:
            return None
        return next((asking for asking in self._asking if asking.holds(batch)), None)

    def _is_told(self, message: Message, label: str, out: Output) -> bool:
        """Whether a message is a refusal, or a warning, that is told in our words."""
        if message.command == "WARN" and any(
            search.paused(message, out, label) for search in (self.mentions, self.search)
        ):
            return True
        return any(asking.refused(message, out, label) for asking in self._asking)

    def _is_mine(self, nick: str) -> bool:
        return same(nick, self.nick)

    # -- messages

    def _said(self, message: Message, label: str, now: float, out: Output) -> None:
        if len(message.params) < 2:
            return
        if asker := self._asker(message):
            # It confirms nothing, as it may have been said long ago.
            asker.add(message, self._as_said(message))
            return
        target, text = message.params[:2]
        stored = None
        if label:
            stored = self._deliveries.labelled(label, now)
        elif self._is_mine(message.nick):  # perhaps the words of another device
            stored = self._deliveries.confirm(message.command, target, text, now)
        if stored:
            msgid, time = message.tags.get("msgid", ""), parse_time(message)
            out.events.append(Stored(stored.target, stored.text, msgid, time, stored.id))
        is_new = self._shown.is_new(message.tags.get("msgid", ""))
        if is_new and message.command == "NOTICE" and "!" not in (message.source or ""):
            out.events.append(Info(text))  # the server itself speaks
            return
        conversation = self._conversation(message)
        self.pages.pieces.comes(conversation, mark_of(message), shown=not is_new)
        if is_new:
            missed = self._batches.within(message, "chathistory") is not None
            out.events.append(replace(self._as_said(message), missed=missed))

    def _as_said(self, message: Message) -> Said:
        return self._related(message, happened.said(message, self.nick))

    def _related(self, message: Message, said: Said) -> Said:
        """What was said, with what it is an answer to; remembered, as others may be about it."""
        conversation = self._conversation(message)
        about = Earlier(message.nick, said.time)
        self._shown.note(message.tags.get("msgid", ""), conversation, about)
        with contextlib.suppress(ValueError):
            answers = self._shown.about(said.reply, conversation)
            return replace(said, answers=answers) if answers else said
        return said

    def _conversation(self, message: Message) -> str:
        """The channel, or the person that we talk with, folded."""
        target = message.params[0]
        return fold(message.nick if self._is_mine(target) else target)

    def _batch(self, message: Message, label: str, now: float, out: Output) -> None:
        if not message.params:
            return
        if began := self._batches.began(message):
            for asking in self._asking:
                asking.begins(began, label)
        elif ended := self._batches.ended(message):
            if ended.assembly and (whole := ended.assembly.whole()):
                self._said(whole, label, now, out)
            for asking in self._asking:
                asking.ends(ended, now, out)
            self._ask_markers(now, out)

    def _redacted(self, message: Message, out: Output) -> None:
        self._about_another(message, happened.removed(message, self.nick), out)

    def _tagged(self, message: Message, out: Output) -> None:
        nick = message.nick
        if (typing := client_tag(message.tags, "typing")) and not self._is_mine(nick):
            where = conversation_of(message.params[0], nick, self.nick)
            paused = typing == "paused"
            ended = typing != "active" and not paused
            out.events.append(IsTyping(where, nick, ended, paused))
        if reacted := happened.reacted(message, self.nick):
            self._about_another(message, reacted, out)

    def _about_another(self, message: Message, event: Removed | Reacted, out: Output) -> None:
        # "When a msgid references a known message not in the target's history, clients MUST ignore
        # it."
        with contextlib.suppress(ValueError):
            about = self._shown.about(event.msgid, self._conversation(message))
            out.events.append(replace(event, about=about))

    # -- channels

    def _join(self, message: Message, out: Output) -> None:
        channel, nick = message.params[0], message.nick
        mine = self._is_mine(nick)
        if mine:
            self.prefix = message.source or self.prefix
            if not self._channels.enter(channel):
                return
            self._entered.add(fold(channel))
            if fold(channel) in self._known:
                return  # after a reconnect: the person knows that we are in there
            self.pages.pieces.interrupt(fold(channel))
            self._asked.add(fold(channel))
        account = message.params[1] if len(message.params) > 1 else ""  # extended-join
        self._channels.add(channel, nick, account if account != "*" else "")
        out.events.append(happened.joined(message, self.nick))

    def _part(self, message: Message, out: Output) -> None:
        self._gone(message.params[0], happened.parted(message, self.nick), out)

    def _kick(self, message: Message, out: Output) -> None:
        self._gone(message.params[0], happened.kicked(message, self.nick), out)

    def _gone(self, channel: str, left: Left, out: Output) -> None:
        if left.mine:
            self._channels.leave(channel)
            self._known.pop(fold(channel), None)
            self._waits_for_names_no_more(channel)
        else:
            self._channels.remove(channel, left.nick)
        out.events.append(left)

    def _waits_for_names_no_more(self, channel: str) -> None:
        self._asked.discard(fold(channel))
        self._entered.discard(fold(channel))

    def _quit(self, message: Message, out: Output) -> None:
        channels = self._channels.remove_everywhere(message.nick)
        left = happened.quits(message, self.nick)
        if not left.mine:
            out.events.append(replace(left, channels=channels))

    def _renamed(self, message: Message, out: Output) -> None:
        renamed = happened.renamed(message, self.nick)
        channels = self._channels.rename(renamed.old, renamed.new)
        if self._is_mine(renamed.old):
            self.nick = renamed.new
        out.events.append(replace(renamed, channels=channels))

    def _topic(self, message: Message, out: Output) -> None:
        out.events.append(happened.topic(message, self.nick))

    def _topic_told(self, message: Message, out: Output) -> None:
        channel, topic = message.params[1:3]
        if fold(channel) not in self._known:
            out.events.append(TopicIs(channel, topic))

    def _names(self, message: Message, _out: Output) -> None:
        self._channels.names_part(message.params[2], message.params[3].split())

    def _names_end(self, message: Message, out: Output) -> None:
        channel = message.params[1]
        names = self._channels.names_end(channel)
        if fold(channel) in self._entered:
            self._entered.discard(fold(channel))
            self.presence.entered(channel, len(names))
        if fold(channel) in self._asked:
            self._asked.discard(fold(channel))
            out.events.append(NamesAre(channel, names))

    def _invited(self, message: Message, out: Output) -> None:
        out.events.append(Invited(message.nick, message.params[1]))

    def _mode(self, message: Message, out: Output) -> None:
        if not self._is_mine(message.params[0]):
            self._channels.set_modes(message.params[0], message.params[1:])
            out.events.append(happened.modes(message, self.nick))

    def _channel_renamed(self, message: Message, out: Output) -> None:
        renamed = happened.channel_renamed(message, self.nick)
        old, new = fold(renamed.old), fold(renamed.new)
        self._channels.rename_channel(renamed.old, renamed.new)
        # The answer that is on its way has the old name, and is for no channel of ours.
        self._waits_for_names_no_more(renamed.old)
        self._shown.rename(old, new)
        self.pages.pieces.rename(old, new)
        if self._known.pop(old, None) is not None:
            self._known[new] = renamed.new
        out.events.append(renamed)

    def _away(self, message: Message, out: Output) -> None:
        text = message.params[0] if message.params else ""
        self._channels.set_away(message.nick, bool(text))
        out.events.append(IsAway(message.nick, bool(text), text))

    def _account(self, message: Message, _out: Output) -> None:
        account = message.params[0]
        self._channels.set_account(message.nick, account if account != "*" else "")

    def _marked(self, message: Message, out: Output) -> None:
        out.events.append(self.markers.told(message))

    def _ask_markers(self, now: float, out: Output) -> None:
        """Of the people with whom there are conversations, as the server has just told."""
        told = out.events[-1] if out.events else None
        if isinstance(told, RangeTold) and told.targets:
            for name in self.markers.questions(name for name, _time in told.targets):
                with contextlib.suppress(ValueError):  # a name that can't be sent
                    label = self._labels.new()
                    tags = {LABEL: label} if label else {}
                    out.lines.append(format_message("MARKREAD", name, tags=tags))
                    self._labels.sent(label, MarkRead(name, ""), now)

    def _we_are(self, message: Message, out: Output) -> None:
        away = message.command == Numeric.RPL_NOWAWAY
        self._channels.set_away(self.nick, away)
        out.events.append(WeAreAway(away))

    # -- the connection itself

    def _error_line(self, message: Message, out: Output) -> None:
        out.events.append(Problem(message.params[0]))

    def _cap(self, message: Message, out: Output) -> None:
        verb, names = message.params[1].upper(), message.params[-1]
        gone = names.split() if verb == "DEL" else []
        if "echo-message" in gone:
            out.hangup = "the server stopped to confirm messages"
        if MULTILINE in gone:
            self._deliveries.multiline = None
        if LABELS in gone or "batch" in gone:
            self._labels.on = False

    def _isupport(self, message: Message, _out: Output) -> None:
        parts = (token.partition("=") for token in message.params[1:-1])
        tokens = {key: value for key, _equals, value in parts}
        self._channels.learn(tokens)
        if "WHOX" in tokens:
            self.presence.offered()
        if told := told_addresses(tokens.get(ADDRESSES, "")):
            self.addresses = told
        most = tokens.get("CHATHISTORY", "")
        if most.isascii() and most.isdecimal():
            self.pages.most = int(most[:9])


def pong(message: Message, *, quiet: bool) -> str:
    """The answer to a PING, with its token. quiet: whether this client only sends."""
    token = message.params[-1] if message.params else ""
    # With another token where nobody has seen the messages: the server must not count them as
    # delivered.
    return format_message("PONG", "here" if quiet and token.startswith(DELIVERED) else token)


_HANDLERS: Final[dict[str, Callable[[Inbound, Message, Output], None]]] = {
    "JOIN": Inbound._join,
    "PART": Inbound._part,
    "KICK": Inbound._kick,
    "QUIT": Inbound._quit,
    "REDACT": Inbound._redacted,
    "TAGMSG": Inbound._tagged,
    "NICK": Inbound._renamed,
    "RENAME": Inbound._channel_renamed,
    "AWAY": Inbound._away,
    "ACCOUNT": Inbound._account,
    "MARKREAD": Inbound._marked,
    "TOPIC": Inbound._topic,
    "332": Inbound._topic_told,
    "353": Inbound._names,
    "366": Inbound._names_end,
    "005": Inbound._isupport,
    "INVITE": Inbound._invited,
    "MODE": Inbound._mode,
    Numeric.RPL_NOWAWAY: Inbound._we_are,
    Numeric.RPL_UNAWAY: Inbound._we_are,
    "ERROR": Inbound._error_line,
    "CAP": Inbound._cap,
}

_OF_THEN: Final = ("JOIN", "PART", "KICK", "QUIT", "NICK", "RENAME", "TOPIC", "MODE")
"""What is of no interest where it was replayed, or comes after nobody waits for it any more."""

_NEEDS: Final = {
    **happened.NEEDS,
    "AWAY": 0,
    "MARKREAD": 2,
    "332": 3,
    "353": 4,
    "366": 2,
    "INVITE": 2,
    "CAP": 3,
}
