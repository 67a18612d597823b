"""The client as programs use it: what they hand over, and what the session tells.

The listener thread takes the events; any thread may call what is public.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from time import monotonic, sleep

from securechat.client.api.inbox import Inbox
from securechat.client.api.ledger import Ledger
from securechat.client.api.pending import Pending
from securechat.client.commands.login_flow import LoggedIn
from securechat.client.exits import Exit, UnreachableError
from securechat.client.session.actions import Action, Command, Quit
from securechat.client.session.events.base import ClientEvent, Info, Problem
from securechat.client.session.events.connection import Lost, Overrun, Ready, Stopped
from securechat.client.session.events.history import RangeTold
from securechat.client.session.events.messages import Removed, Said
from securechat.common.escape import escape_text

log = logging.getLogger("securechat.client")

GOODBYE = 5.0
"""Seconds beside, for what the server has to say about the end."""

STEP = 0.05

CLOSED = "this connection was closed"

_FOLLOWED = (Said, Removed, Ready, Lost, Overrun, RangeTold, Stopped)


class Line:
    """ledger: what is open. inbox: for who iterates. online: set while there is a connection."""

    def __init__(self, running: LoggedIn) -> None:
        self._client = running.client
        self._deciding: int | None = None
        self._closed = threading.Event()
        self.ledger = Ledger(lambda: running.session.nick, self._is_deciding)
        self.inbox = Inbox()
        self.online = threading.Event()
        running.client.attach(self._sink)

    def command(self, action: Command) -> Pending[None]:
        """Hand over a command; what comes of it."""
        pending = self.ledger.command(action)
        self.submit(action)
        return pending

    def submit(self, action: Action) -> None:
        """Hand over an action, once there is room for it."""
        # A client that has ended takes nothing; its last event has the ledger fail what is open,
        # and what is entered later.
        self._client.submit(action, wait=True)

    def close(self, patience: float) -> None:
        """As of Chat."""
        if self._closed.is_set():
            return
        self._closed.set()
        client, until = self._client, monotonic() + patience
        while not client.submit(Quit(patience=patience)) and client.stopped is None:
            if monotonic() >= until:
                break
            sleep(STEP)  # hundreds of messages wait
        client.join(until - monotonic() + GOODBYE)
        self.ledger.close(UnreachableError(CLOSED))
        self.inbox.put(Stopped(Exit.OK))

    def _sink(self, events: Sequence[ClientEvent]) -> None:
        """Listener thread; at first the thread of connect()."""
        self._deciding = threading.get_ident()
        try:
            for event in events:
                self._take(event)
        finally:
            self._deciding = None

    def _take(self, event: ClientEvent) -> None:
        if self.ledger.take(event):
            return
        if isinstance(event, Ready):
            self.online.set()
            log.info("connected as %s", escape_text(event.nick))
        elif isinstance(event, Lost):
            self.online.clear()
            log.warning("the connection is lost (%s)", escape_text(event.reason))
        elif isinstance(event, Stopped):
            self.ledger.close(UnreachableError(event.text or CLOSED))
        elif isinstance(event, Problem):
            log.warning("%s", escape_text(event.text))
        elif isinstance(event, Info):
            log.debug("%s", escape_text(event.text))
        if isinstance(event, _FOLLOWED):
            self.inbox.put(event)

    def _is_deciding(self) -> bool:
        return self._deciding == threading.get_ident()
