"""By what a person talks: the full screen, line by line on a terminal, or through pipes.

Which one is chosen before the login, as they ask the server for different things. Main thread.
"""

from __future__ import annotations

import importlib
import os
import shutil
import sys
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from securechat.client.commands.assemble import (
    Setup,
    local_renderer,
    log_in,
    say_how_it_ended,
)
from securechat.client.commands.login_flow import LoggedIn
from securechat.client.exits import Exit
from securechat.client.screens import commands, pipe
from securechat.client.screens.composer import Composer
from securechat.client.session.handshake import Missed
from securechat.client.timeline.conversations import Conversations

PLAIN: Final = "SECURECHAT_PLAIN"
"""The environment variable that stands for --plain; 1 is yes."""

LEAST: Final = (32, 8)
"""Columns and rows below which the full screen would show nothing of a talk."""

_SCREEN: Final = "securechat.client.screens.full.app"


class Front(StrEnum):
    """The ways to talk."""

    FULL = "on the whole of a terminal"
    LINE = "line by line on a terminal"
    PIPE = "through pipes, or on a terminal that knows no sequences"

    @property
    def missed(self) -> Missed:
        """What becomes of what was missed: the full screen reads it from the server's history."""
        return Missed.FETCHED if self is Front.FULL else Missed.REPLAYED


def choose(setup: Setup, environ: Mapping[str, str] = os.environ) -> Front:
    """What suits this terminal, if it is one, and what was asked for."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return Front.PIPE
    dumb = environ.get("TERM", "dumb") in ("", "dumb", "unknown")
    columns, rows = shutil.get_terminal_size()
    small = columns < LEAST[0] or rows < LEAST[1]
    if dumb:  # the prompt would drive it by sequences that it doesn't know
        return Front.PIPE
    if setup.plain or environ.get(PLAIN) == "1" or small:
        return Front.LINE
    # What these have its library do, as to log all that is typed, nobody has asked us for.
    for name in [name for name in os.environ if name.startswith("TEXTUAL")]:
        del os.environ[name]
    # Now, so that the screen is there at once when the connection is.
    importlib.import_module(_SCREEN)
    return Front.FULL


def log_in_and_talk(setup: Setup, where: str | None) -> Exit:
    """Log in to what destination() takes, and talk; the exit code. Raises ClientError."""
    front = choose(setup)
    return talk(setup, log_in(setup, where, missed=front.missed), front)


def talk(setup: Setup, running: LoggedIn, front: Front) -> Exit:
    """Talk until the session ends; the exit code."""
    session = running.session
    composer = Composer(session.channels, commands.run, session.too_much, ignored=running.ignored)
    composer.limits = lambda: session.multiline
    if front is not Front.FULL:
        composer.remember(Conversations(session.nick, fetches=False, ignored=running.ignored))
    if front is Front.FULL:
        from securechat.client.screens.full import app

        code = app.run(running.client, composer, running.session.nick, setup.settings)
    elif front is Front.LINE:
        from securechat.client.screens.prompt import Chat

        colour, bell = "NO_COLOR" not in os.environ, setup.settings.notify != "off"
        code = Chat(running.client, composer, local_renderer(), colour=colour, bell=bell).run()
    else:
        columns = (lambda: shutil.get_terminal_size().columns) if sys.stdout.isatty() else None
        printer = pipe.Printer(local_renderer(), sys.stdout, columns)
        lines = pipe.InputLines(sys.stdin.fileno())
        code = pipe.converse(running.client, composer, lines, printer)
    say_how_it_ended(running)
    return code
