"""The receiving thread: owns the connection and the session, reconnects, reports events.

    input thread ── submit(action) ──►  inbox, waker ──► receiving thread ──► TLS
                 ◄── sink, in batches ── listener thread ◄── mailbox ──┘

The input thread is the program's main thread: the screen, the prompt, or standard input. The
listener may wait for a terminal that stands still; the receiving thread never does.
"""

from __future__ import annotations

import contextlib
import queue
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from typing import NoReturn

from securechat.client.exits import ClientError, Exit, UnreachableError
from securechat.client.session.actions import Action, Quit
from securechat.client.session.events.answers import InquiryAnswer
from securechat.client.session.events.base import ClientEvent
from securechat.client.session.events.connection import (
    Delayed,
    LoginRefused,
    Lost,
    Ready,
    RecoveryTold,
    Registered,
    Stopped,
)
from securechat.client.session.identity import Address
from securechat.client.session.liveness import Backoff
from securechat.client.session.output import Output
from securechat.client.session.session import ClientSession
from securechat.client.wire.mailbox import Mailbox, Sink
from securechat.client.wire.rounds import Reconnect, Rounds
from securechat.client.wire.stream import ConnectionLostError, Wire
from securechat.common.threads import Waker

# Actions that may lie between the two threads; more wait with the input thread.
INBOX = 64

STEADY = 30.0
"""Seconds online after which the waits between attempts begin anew, from the shortest."""

Dial = Callable[[], ssl.SSLSocket]
"""Opens a verified connection. Raises UnreachableError or CertificateError."""

# Answers kept while nobody takes them, because the person is being asked for something. The longest
# list has fewer; a hostile server sends them without end.
MAX_REPLIES = 2000

Early = Delayed | RecoveryTold | Registered
"""What is told while a login goes on."""

Replies = queue.SimpleQueue[InquiryAnswer | None]
"""Answers to inquiries; None when the client has stopped."""


class Client:
    """Runs a session on a thread of its own.

    session: from now on used by that thread only. reconnect: whether a connection that was once
    ready is replaced when it is lost. rounds: those of dial, of a server with several addresses.
    clock: monotonic seconds.
    """

    def __init__(
        self,
        session: ClientSession,
        dial: Dial,
        *,
        rounds: Rounds | None = None,
        reconnect: Reconnect = Reconnect.ALWAYS,
        backoff: Backoff | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._session = session
        self._dial = dial
        self._rounds = rounds
        self._reconnect = reconnect
        self._backoff = backoff or Backoff()
        self._clock = clock
        self._inbox: queue.Queue[Action] = queue.Queue(INBOX)
        self._waker = Waker()
        self._mailbox = Mailbox(self._failed)
        self._settled = False
        self._early: queue.SimpleQueue[Early | None] = queue.SimpleQueue()
        self._replies: Replies | None = None
        self._refusal: LoginRefused | None = None
        self._ready_at: float | None = None
        # A daemon, as it may hang in a connect(), which must not keep the program from ending.
        self._thread = threading.Thread(target=self._run, name="receiver", daemon=True)
        self.stopped: Stopped | None = None
        self._fault: Stopped | None = None
        self._told: tuple[Address, ...] | None = None

    # -- for the input thread

    def start(self) -> None:
        """Begin to connect. Main thread, once."""
        self._thread.start()

    def wait_ready(self, told: Callable[[Early], None] | None = None) -> Stopped | None:
        """Wait until we are logged in, which returns None, or until it has failed.

        told: is called, on this thread, when the server makes us wait or has made our account.
        """
        while (event := self._early.get()) is not None:
            if told is not None:
                told(event)
        self._early.put(None)  # for who asks again
        return self.stopped

    @contextlib.contextmanager
    def replies(self) -> Iterator[Replies]:
        """For the time of a block, answers to inquiries come here instead of to the sink."""
        replies: Replies = queue.SimpleQueue()
        # In this order, as the receiving thread sets `stopped` and then looks for a queue: so one
        # of the two puts the None, and nobody waits for an answer of a client that has stopped.
        self._replies = replies
        try:
            if self.stopped is not None:
                replies.put(None)
            yield replies
        finally:
            self._replies = None

    def submit(self, action: Action, *, wait: bool = False) -> bool:
        """Hand over an action; False when there is no room for it. Any thread may call.

        wait: until there is room, however long the server is away.
        """
        while self._thread.is_alive():
            try:
                # Waiting in steps, as the thread may end while its inbox is full.
                self._inbox.put(action, block=wait, timeout=0.2 if wait else None)
            except queue.Full:
                if not wait:
                    return False
            else:
                self._waker.wake()
                return True
        return False

    def tell(self, event: ClientEvent) -> None:
        """Show an event of our own among the others. Any thread may call."""
        self._mailbox.put([event])

    def attach(self, sink: Sink) -> None:
        """Events go to sink from now on, beginning with those that came before. Main thread."""
        self._mailbox.attach(sink)

    def join(self, timeout: float | None = None) -> Stopped | None:
        """Wait until it has ended and all events were taken, timeout in seconds; how it ended, None
        when it hasn't.
        """
        until = None if timeout is None else self._clock() + timeout
        self._thread.join(timeout)
        if not self._thread.is_alive():
            self._mailbox.join(None if until is None else max(0.0, until - self._clock()))
        return self.stopped

    def _failed(self, error: Exception) -> None:
        """What shows the events has a bug. Listener thread."""
        if self.stopped is None or self.stopped.code is Exit.OK:
            self._fault = Stopped(
                Exit.REFUSED, f"the client failed: {type(error).__name__}: {error}"
            )
            self.stopped = self._fault
        self.submit(Quit())

    # -- receiving thread

    def _run(self) -> None:
        try:
            stopped = self._live()
        except ClientError as error:
            stopped = Stopped(error.code, str(error))
        except Exception as error:  # a bug must end the program with a word, not hang it
            stopped = Stopped(Exit.REFUSED, f"the client failed: {type(error).__name__}: {error}")
        stopped = self._fault or stopped
        self.stopped = stopped  # before _settle(), which has wait_ready() return it
        try:
            self._show(self._session.abandon())
            self._mailbox.put([stopped])
        finally:  # whatever the sink raises, the main thread must not wait for ever
            self._settle()
            if replies := self._replies:
                replies.put(None)
            self._waker.close()

    def _live(self) -> Stopped:
        while True:
            lost = self._visit()
            if self._refusal:
                self._held()
                return Stopped(Exit.LOGIN, self._refusal.text, self._refusal)
            if self._session.finished:
                self._held()
                return Stopped(Exit.OK)
            if self._goes_on():
                if self._session.was_online:
                    self._mailbox.put([_lost(lost, 0.0)])
                continue
            if self._reconnect is not Reconnect.ALWAYS or not self._session.was_online:
                return Stopped(Exit.UNREACHABLE, str(lost))
            self._rest(lost)
            if self._session.finished:
                return Stopped(Exit.OK)

    def _goes_on(self) -> bool:
        """Whether there is another address to try at once."""
        if self._rounds is None or self._rounds.over:
            return False
        if self._session.was_online:
            return self._reconnect is not Reconnect.NEVER
        return self._session.may_begin_anew

    def _held(self) -> None:
        if self._rounds is not None:
            self._rounds.held()

    def _visit(self) -> UnreachableError:
        """One connection, from the dialling to its end; the error says how it ended."""
        try:
            tls = self._dial()
        except UnreachableError as error:
            return error
        wire = Wire(tls, self._waker)
        self._told = None
        try:
            self._converse(wire)
        except ConnectionLostError as error:
            return UnreachableError(str(error))
        finally:
            wire.close()
            # A server that lets us in and drops us at once must not be asked every second.
            if self._ready_at is not None and self._clock() - self._ready_at >= STEADY:
                self._backoff.reset()
                self._held()
            self._ready_at = None
            self._show(self._session.closed())

    def _converse(self, wire: Wire) -> NoReturn:
        session = self._session
        self._do(session.opened(self._clock()), wire)
        while True:
            wire.wait(self._timeout())
            wire.flush()
            for message in wire.read():
                out = session.receive(message, self._clock())
                self._learn(wire)  # before anybody hears that we are in
                self._do(out, wire)
            self._take(wire)
            self._do(session.tick(self._clock()), wire)

    def _learn(self, wire: Wire) -> None:
        """Where else the server can be found, if it says so."""
        told = self._session.addresses
        if self._rounds is None or told is None or told is self._told:
            return
        self._told = told
        self._rounds.learn(told)
        if len(self._rounds.addresses) > 1:
            wire.watch()

    def _rest(self, lost: UnreachableError) -> None:
        """Wait before the next attempt; what is typed meanwhile is taken."""
        seconds = self._backoff.next()
        until = self._clock() + seconds
        self._mailbox.put([_lost(lost, seconds)])
        while not self._session.finished and (left := until - self._clock()) > 0:
            timeout = self._timeout()
            self._waker.wait(left if timeout is None else min(left, timeout))
            self._take(None)
            self._show(self._session.tick(self._clock()))

    def _take(self, wire: Wire | None) -> None:
        # What the session has no room for stays in the inbox; when that is full, submit() waits.
        while not self._session.full:
            try:
                action = self._inbox.get_nowait()
            except queue.Empty:
                return
            self._do(self._session.act(action, self._clock()), wire)

    def _do(self, out: Output, wire: Wire | None) -> None:
        try:
            if wire is not None and out.lines:
                wire.write(out.lines)
        finally:  # the session has moved on, so its events are told also when the write fails
            self._show(out)
        if out.hangup is not None:
            raise ConnectionLostError(out.hangup)

    def _show(self, out: Output) -> None:
        for event in out.events:
            if isinstance(event, LoginRefused):
                self._refusal = event
            elif isinstance(event, Ready):
                self._ready_at = self._clock()
        shown = [event for event in out.events if not self._kept_apart(event)]
        if shown:
            self._mailbox.put(shown)
        if self._ready_at is not None:
            self._settle()

    def _kept_apart(self, event: ClientEvent) -> bool:
        """Whether an event is for somebody who waits for it, and not for the sink."""
        if isinstance(event, Early) and not self._settled:
            self._early.put(event)
            return True
        replies = self._replies
        if isinstance(event, InquiryAnswer) and replies is not None:
            if replies.qsize() < MAX_REPLIES:
                replies.put(event)
            return True
        return isinstance(event, LoginRefused)

    def _settle(self) -> None:
        if not self._settled:
            self._settled = True
            self._early.put(None)

    def _timeout(self) -> float | None:
        wake_at = self._session.wake_at()
        return None if wake_at is None else max(0.0, wake_at - self._clock())


def _lost(error: UnreachableError, seconds: float) -> Lost:
    # Of several addresses each has a line.
    return Lost("; ".join(str(error).split("\n")), seconds)
