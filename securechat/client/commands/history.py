"""`securechat history`: prints what was said in one conversation, and ends. Main thread."""

from __future__ import annotations

import sys

from securechat.client.commands import assemble
from securechat.client.commands.account import closing
from securechat.client.commands.assemble import Setup
from securechat.client.commands.heard import Heard
from securechat.client.commands.login_flow import LoggedIn
from securechat.client.commands.tail import Output, now, output_encoding
from securechat.client.exits import Exit, RefusedError, UsageError
from securechat.client.screens.composer import target_problem
from securechat.client.session.actions import AskRange
from securechat.client.session.events.connection import Ready
from securechat.client.session.events.history import RangeTold
from securechat.client.session.events.messages import Said
from securechat.client.session.fetching import BUSY
from securechat.client.session.handshake import Missed
from securechat.client.session.stretch import Pages, Stretch
from securechat.client.text.render import Renderer
from securechat.client.wire.rounds import Reconnect
from securechat.common.language import _


def history(setup: Setup, wanted: Stretch, server: str | None, *, as_json: bool) -> Exit:
    """Print a stretch of a conversation; the exit code. Raises ClientError."""
    if problem := target_problem(wanted.target):
        raise UsageError(problem.text)
    running = assemble.log_in(setup, server, missed=Missed.LEFT, reconnect=Reconnect.ELSEWHERE)
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
    heard, pages = Heard(running.client), Pages(wanted)
    while asked := pages.next():
        pages.take(ask(running, heard, asked))
    return pages.messages()


def ask(running: LoggedIn, heard: Heard, asked: AskRange) -> tuple[Said, ...]:
    """The messages of one question to the history. Raises RefusedError, UnreachableError."""
    running.client.submit(asked, wait=True)
    while (answer := heard.next(RangeTold)).problem == BUSY:
        heard.next(Ready)  # at another address; raises why the connection is gone where none is
        running.client.submit(asked, wait=True)
    if answer.problem:
        raise RefusedError(f"no history of {asked.params[1]}: {answer.problem}", "CHATHISTORY")
    return answer.said
