"""`securechat history`: prints what was said in one conversation, and ends. Main thread."""

from __future__ import annotations

import queue
import sys
from collections.abc import Sequence

from securechat.client.commands import assemble
from securechat.client.commands.account import closing
from securechat.client.commands.assemble import Setup
from securechat.client.commands.login_flow import LoggedIn
from securechat.client.commands.tail import Output, now, output_encoding
from securechat.client.exits import Exit, RefusedError, UnreachableError, UsageError
from securechat.client.screens.composer import target_problem
from securechat.client.session.actions import AskRange
from securechat.client.session.events import (
    ClientEvent,
    RangeTold,
    Said,
    Stopped,
)
from securechat.client.session.fetching import BUSY
from securechat.client.session.handshake import Missed
from securechat.client.session.stretch import Pages, Stretch
from securechat.client.text.render import Renderer
from securechat.common.language import _

MOST = 10_000
"""Messages printed at most: the newest come first over the wire, so all are held before."""

PATIENCE = 30.0
"""Seconds for a page: it waits for others' pages at a busy server."""


def history(setup: Setup, wanted: Stretch, server: str | None, *, as_json: bool) -> Exit:
    """Print a stretch of a conversation; the exit code. Raises ClientError."""
    if problem := target_problem(wanted.target):
        raise UsageError(problem.text)
    running = assemble.log_in(setup, server, missed=Missed.LEFT)
    with closing(running):
        found = read(running, wanted)
    if not found and not as_json:
        setup.person.tell(
            _("There is nothing to read of {target} there.").format(target=wanted.target)
        )
    renderer = None if as_json else Renderer(now)
    output = Output(running.session.nick, renderer, sys.stdout.fileno(), output_encoding())
    output.show(found)
    if output.fault is not None:
        raise output.fault
    return Exit.OK


def read(running: LoggedIn, wanted: Stretch) -> list[Said]:
    """The messages, oldest first. Raises RefusedError, UnreachableError."""
    answers: queue.SimpleQueue[RangeTold | Stopped] = queue.SimpleQueue()

    def sink(events: Sequence[ClientEvent]) -> None:
        for event in events:
            if isinstance(event, RangeTold | Stopped):
                answers.put(event)

    running.client.attach(sink)
    pages = Pages(wanted)
    while asked := pages.next():
        pages.take(_page(running, answers, asked))
    return pages.messages()


def _page(
    running: LoggedIn, answers: queue.SimpleQueue[RangeTold | Stopped], asked: AskRange
) -> tuple[Said, ...]:
    running.client.submit(asked, wait=True)
    try:
        answer = answers.get(timeout=PATIENCE)
    except queue.Empty:
        raise UnreachableError(f"the server has not answered in {PATIENCE:.0f} s") from None
    if isinstance(answer, RangeTold) and answer.problem == BUSY:
        answer = answers.get()  # why the connection is gone
    if isinstance(answer, Stopped):
        raise UnreachableError(answer.text or "the connection has ended")
    if answer.problem:
        raise RefusedError(f"no history of {asked.params[1]}: {answer.problem}", "CHATHISTORY")
    return answer.said
