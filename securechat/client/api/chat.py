"""A connection for programs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from types import TracebackType

from securechat.client.api.archive import Archive
from securechat.client.api.incoming import Incoming
from securechat.client.api.line import Line
from securechat.client.api.pending import Delivery, Pending
from securechat.client.api.state import State
from securechat.client.api.values import Message, Place, mark_of, message_of, msgid_of, time_of
from securechat.client.commands.login_flow import LoggedIn, failure
from securechat.client.exits import Exit, UsageError
from securechat.client.screens.composer import target_problem
from securechat.client.session.actions import (
    AskSearch,
    React,
    Redact,
    Say,
    ServerCommand,
    TextKind,
)
from securechat.client.session.deliveries import text_block
from securechat.client.session.stretch import Stretch

FAREWELL = 15.0
"""Seconds that close() takes at most, while the server confirms what was said."""


class Chat:
    """A connection, logged in; made by connect(). It comes back by itself when it is lost.

    `with` closes it at the end of the block. `for message in client` gives each message once, in
    the order of its conversation, also what was said while the connection was lost. The loop ends
    when the connection is closed, and raises ClientError when the server lets us in no more. Any
    thread may call any method; one thread at a time iterates.
    """

    def __init__(
        self, running: LoggedIn, conversations: Iterable[str], state: State | None, *, own: bool
    ) -> None:
        """conversations, own: as of connect(). Raises RefusedError, where there is no history that
        a state would need, and UnreachableError, SettingsError.
        """
        self._session = running.session
        self._line = line = Line(running)
        self._archive = Archive(line.ledger, line.submit, line.online.wait)
        if state and not state.since:
            state.begin(self._archive.newest())
        self._incoming = Incoming(line.inbox, self.nick, conversations, state, line.submit, own=own)

    # -- messages

    def __iter__(self) -> Iterator[Message]:
        return self

    def __next__(self) -> Message:
        message = self.receive()
        if message is None:
            raise StopIteration
        return message

    def receive(self, timeout: float | None = None) -> Message | None:
        """The next message, None when timeout seconds have passed or the connection was closed. By
        this call, as by each turn of the loop, the message before counts as dealt with.

        Raises RefusedError when the history of a chosen conversation is not for us, and ClientError
        when the server lets us in no more.
        """
        said = self._incoming.next(timeout)
        if said is not None:
            return message_of(said)
        stopped = self._incoming.stopped
        if stopped is not None and stopped.code is not Exit.OK:
            raise failure(stopped)
        return None

    def send(
        self,
        conversation: str,
        text: str,
        *,
        reply: Message | str = "",
        kind: TextKind | str = TextKind.MESSAGE,
    ) -> Delivery:
        """Send a text, of several lines or as long as it may be, to a channel or a person. reply:
        what it answers, or its msgid. kind: "message", "notice" or "action".

        It goes out by itself, in its turn, also over a lost connection, and is stored once. Waits
        only while hundreds of messages wait already. Raises UsageError.
        """
        block = text_block(text)
        if not block:
            raise UsageError("there is nothing to send: the text is empty")
        about = msgid_of(reply) if reply else ""
        say = Say(_checked(conversation), "\n".join(block), TextKind(kind), about)
        delivery = self._line.ledger.say(say)
        self._line.submit(say)
        return delivery

    def react(self, message: Message, reaction: str, *, ended: bool = False) -> Pending[None]:
        """React to a message, by an emoji or a word; ended: no more. Raises UsageError."""
        return self._line.command(React(message.conversation, msgid_of(message), reaction, ended))

    def redact(self, message: Message, reason: str = "") -> Pending[None]:
        """Take a message out of its conversation. Raises UsageError."""
        return self._line.command(Redact(message.conversation, msgid_of(message), reason))

    # -- what was said before

    def history(
        self,
        conversation: str,
        count: int = 100,
        *,
        before: Place | None = None,
        after: Place | None = None,
    ) -> list[Message]:
        """What was said in a conversation, oldest first: the newest `count` messages, or those
        before a message, a time or a msgid; with after the first ones from there on.

        Raises RefusedError, UnreachableError, UsageError.
        """
        wanted = Stretch(_checked(conversation), count, mark_of(after), mark_of(before))
        return [message_of(said) for said in self._archive.read(wanted)]

    def search(
        self,
        words: str = "",
        *,
        conversation: str = "",
        sender: str = "",
        before: datetime | None = None,
        after: datetime | None = None,
        count: int = 100,
    ) -> list[Message]:
        """What the server finds, oldest first: the newest `count` messages that have all the words;
        with after the oldest ones.

        Raises RefusedError, also where the server has no search, and UnreachableError, UsageError.
        """
        query = AskSearch(words, conversation, sender, time_of(after), time_of(before))
        return [message_of(said) for said in self._archive.search(query, count)]

    # -- channels and people

    @property
    def nick(self) -> str:
        """Our own name."""
        return self._session.nick

    def join(self, channel: str, key: str = "") -> Pending[None]:
        """Enter a channel, as a member from then on. Raises UsageError."""
        params = (_checked(channel), *([key] if key else []))
        return self._line.command(ServerCommand("JOIN", params))

    def part(self, channel: str, reason: str = "") -> Pending[None]:
        """Leave a channel. Raises UsageError."""
        params = (_checked(channel), *([reason] if reason else []))
        return self._line.command(ServerCommand("PART", params))

    def rooms(self) -> list[str]:
        """The channels that we are in."""
        return self._session.channels.channels()

    def members(self, channel: str) -> list[str]:
        """Who is in a channel of ours, as far as the server tells; sorted."""
        return sorted(self._session.channels.nicks(channel), key=str.casefold)

    # -- the end

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is known of all that was sent how it ended; whether that was in timeout
        seconds. Not for a callback.
        """
        return self._line.ledger.wait(timeout)

    def close(self, patience: float = FAREWELL) -> None:
        """Leave, once all that was sent is stored, or after so many seconds. What isn't stored then
        fails with UnreachableError. More than once does no harm.
        """
        self._line.close(patience)

    def __enter__(self) -> Chat:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if error is None:
                self._incoming.handled()
            else:
                self._incoming.forget()
            self._incoming.save()
        finally:
            self.close(FAREWELL if error is None else 1.0)


def _checked(conversation: str) -> str:
    problem = target_problem(conversation)
    if problem or not conversation:
        raise UsageError(problem.text if problem else "expected a channel or a name; got nothing")
    return conversation
