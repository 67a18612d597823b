"""A question to the server, and its answers: TOKEN, TOTP, PASSWD and SESSIONS.

Main thread; the receiving thread puts the answers into a queue.
https://ircv3.net/specs/extensions/standard-replies
"""

from __future__ import annotations

import queue
import time
from collections.abc import Iterator
from contextlib import contextmanager

from securechat.client.exits import RefusedError, UnreachableError
from securechat.client.session.actions import ServerCommand
from securechat.client.session.events.answers import InquiryAnswer
from securechat.client.wire.receiver import Client, Replies

# Seconds for an answer: a new password is hashed in its turn with others.
PATIENCE = 30.0

UNKNOWN = frozenset(("421", "UNKNOWN_COMMAND"))
"""How a server refuses that doesn't know the command at all."""


class Inquiry:
    """Asks the server of a client that is logged in. patience: seconds for each answer."""

    def __init__(self, client: Client, replies: Replies, patience: float) -> None:
        self._client = client
        self._replies = replies
        self._patience = patience
        self._until = 0.0
        self._command = ""

    def ask(self, expected: str, command: str, *params: str) -> InquiryAnswer:
        """Send a command; the first answer with one of the expected codes, parted by spaces.

        Raises RefusedError when the server refuses, UnreachableError when it doesn't answer.
        """
        self._command = command
        self._client.submit(ServerCommand(command, params), wait=True)
        return self.more(expected)

    def more(self, expected: str) -> InquiryAnswer:
        """The next answer to the last command. Raises as ask()."""
        self._until = time.monotonic() + self._patience
        while True:
            reply = self._next()
            if reply.command != self._command:
                continue
            if reply.verdict == "FAIL":
                raise RefusedError(reply.text, reply.code)
            if reply.verdict == "NOTE" and reply.code in expected.split():
                return reply

    def _next(self) -> InquiryAnswer:
        try:
            # One deadline for the whole answer: a hostile server could send other lines for ever.
            reply = self._replies.get(timeout=max(0.0, self._until - time.monotonic()))
        except queue.Empty:
            text = f"the server has not answered {self._command} in {self._patience:.0f} s"
            raise UnreachableError(text) from None
        if reply is None:
            stopped = self._client.stopped
            raise UnreachableError((stopped and stopped.text) or "the connection has ended")
        return reply


@contextmanager
def inquiring(client: Client, patience: float = PATIENCE) -> Iterator[Inquiry]:
    """For the time of a block, answers come to an Inquiry and aren't shown among the events."""
    with client.replies() as replies:
        yield Inquiry(client, replies, patience)
