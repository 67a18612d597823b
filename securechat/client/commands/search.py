"""`securechat search`: prints what was said with some words, and ends. Main thread."""

from __future__ import annotations

import sys

from securechat.client.commands import assemble
from securechat.client.commands.account import closing
from securechat.client.commands.assemble import Setup
from securechat.client.commands.heard import Heard
from securechat.client.commands.login_flow import LoggedIn
from securechat.client.commands.tail import Output, now, output_encoding
from securechat.client.exits import Exit, RefusedError, UsageError
from securechat.client.session.actions import AskMore, AskSearch
from securechat.client.session.events.history import SearchPage, SearchPaused, SearchRefused
from securechat.client.session.events.messages import Said
from securechat.client.session.handshake import Missed
from securechat.client.text.render import Renderer
from securechat.common.language import _

MOST_PAUSES = 20
"""So often a search goes on that takes the server too long."""


def search(
    setup: Setup, query: AskSearch, count: int, server: str | None, *, as_json: bool
) -> Exit:
    """Print the newest `count` hits, or with `after` the oldest, oldest first; the exit code.

    Raises ClientError.
    """
    if not (query.text or query.place or query.sender):
        raise UsageError("there is nothing to search for: give WORDS, --in or --from")
    running = assemble.log_in(setup, server, missed=Missed.LEFT)
    with closing(running):
        found, whole = read(running, query, count)
    if not whole:
        setup.person.tell(_("The search took the server too long; there may be more."))
    elif not found and not as_json:
        setup.person.tell(_("Nothing was found."))
    renderer = None if as_json else Renderer(now, placed=True)
    output = Output(running.session.nick, renderer, sys.stdout.fileno(), output_encoding())
    output.show(found)
    if output.fault is not None:
        raise output.fault
    return Exit.OK


def read(running: LoggedIn, query: AskSearch, count: int) -> tuple[list[Said], bool]:
    """The hits, oldest first, and whether the server has looked at all that it was asked to.

    Raises RefusedError, UnreachableError.
    """
    heard = Heard(running.client)
    running.client.submit(query, wait=True)
    pages: list[tuple[Said, ...]] = []
    left, pauses, paused = count, 0, False
    while pauses <= MOST_PAUSES:
        answer = heard.next(SearchPage, SearchPaused, SearchRefused)
        if isinstance(answer, SearchRefused):
            raise RefusedError(answer.text, "SEARCH")
        if not isinstance(answer, SearchPage):
            paused, pauses = True, pauses + 1
            continue
        pages.append(answer.said[:left] if query.after else answer.said[-left:])
        left -= len(pages[-1])
        if left <= 0 or not (answer.said or paused):
            break
        paused = False
        running.client.submit(AskMore(), wait=True)
    ordered = pages if query.after else reversed(pages)
    return [said for page in ordered for said in page], pauses <= MOST_PAUSES
