"""The person whom a command serves: how one is told something, and asked. Main thread, but for what
Waiting does.

Whoever has something to say takes a Person and doesn't print: a command on a terminal has a
TerminalPerson, a program that uses the client has Nobody, and a test has its own.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Protocol

import click

from securechat.client.exits import UsageError
from securechat.client.waiting import Waiting
from securechat.common.escape import escape
from securechat.common.language import _, translated
from securechat.common.terminal import has_terminal

# White on black whatever the terminal's colours are: scanners want dark modules on light ones.
_WHITE_ON_BLACK = "\x1b[97;40m"
_PLAIN = "\x1b[0m"


class Person(Protocol):
    """Texts are escaped here. What is told or asked may have several lines, and is translated as
    far as it is known.
    """

    @property
    def present(self) -> bool:
        """Whether there is somebody who can be asked."""

    def tell(self, text: str) -> None:
        """Say something that is no part of what a command gives out."""

    def show(self, text: str) -> None:
        """Give out a line of what the command was called for."""

    def draw(self, rows: Sequence[str]) -> bool:
        """Show a picture made of half blocks; False where it can't be seen."""

    def ask(self, question: str, otherwise: str) -> str:
        """What is typed for a question, '' for Enter alone. otherwise: what to do where nobody can
        be asked. Raises UsageError, which says that.
        """

    def ask_secret(self, question: str, otherwise: str) -> str:
        """The same for a secret: without echo, and nothing of it, nor of the question, leaves the
        terminal.
        """

    def confirm(self, explained: str, question: str) -> bool:
        """Whether the answer is yes, the whole word; never without somebody who can be asked."""

    def waiting(self) -> Waiting:
        """For a block in which somebody waits: says what for, when that takes longer."""


class TerminalPerson:
    """Who sits at the terminal, if somebody does: standard error, standard input, /dev/tty."""

    @property
    def present(self) -> bool:
        """Whether standard input is a terminal."""
        return sys.stdin.isatty()

    def tell(self, text: str) -> None:
        """To standard error, as standard output may be read by a program."""
        for line in translated(text).split("\n"):
            click.echo(escape(line), err=True)

    def show(self, text: str) -> None:
        """To standard output."""
        print(escape(text), file=sys.stdout)

    def draw(self, rows: Sequence[str]) -> bool:
        """To standard output, when it is a terminal that is wide enough and has the letters."""
        from shutil import get_terminal_size  # only here: it loads all that unpacks archives

        if not (rows and sys.stdout.isatty()) or len(rows[0]) > get_terminal_size().columns:
            return False
        try:
            rows[0].encode(sys.stdout.encoding or "ascii")
        except UnicodeEncodeError:
            return False
        sys.stdout.write("".join(f"{_WHITE_ON_BLACK}{row}{_PLAIN}\n" for row in rows))
        sys.stdout.flush()
        return True

    def ask(self, question: str, otherwise: str) -> str:
        """Raises UsageError where standard input is no terminal."""
        if not self.present:
            raise UsageError(otherwise)
        return self._typed(question)

    def ask_secret(self, question: str, otherwise: str) -> str:
        """On the terminal, even when standard input is a pipe. Raises UsageError without one."""
        import getpass  # only here, as most commands need no password

        # getpass would fall back to reading standard input with echo; rather say what to do.
        if not has_terminal():
            raise UsageError(otherwise)
        try:
            return getpass.getpass(_lines(translated(question)))
        except UnicodeDecodeError:
            # Raised anew, as the decoder's error carries what was typed.
            raise UsageError("the password isn't valid in this terminal's encoding") from None

    def confirm(self, explained: str, question: str) -> bool:
        """False at anything but the whole word, so also at Enter alone."""
        if not self.present:
            return False
        self.tell(explained)
        return self._typed(question).lower() in ("yes", _("yes"))

    def waiting(self) -> Waiting:
        """On standard error, when that is a terminal; from another thread."""
        return Waiting(self.tell if sys.stderr.isatty() else None)

    def _typed(self, question: str) -> str:
        shown = _lines(translated(question))
        typed: str = click.prompt(shown, default="", show_default=False, err=True)
        return typed.strip()


class Nobody:
    """For programs: nobody can be asked, and nobody is told. Raises UsageError when asked."""

    present = False

    def tell(self, text: str) -> None:
        """Lost on nobody."""

    def show(self, text: str) -> None:
        """Lost on nobody."""

    def draw(self, rows: Sequence[str]) -> bool:
        """Seen by nobody."""
        return False

    def ask(self, question: str, otherwise: str) -> str:
        """Raises UsageError."""
        raise UsageError(otherwise)

    ask_secret = ask

    def confirm(self, explained: str, question: str) -> bool:
        """Nobody agrees."""
        return False

    def waiting(self) -> Waiting:
        """Nobody looks on."""
        return Waiting(None)


def _lines(text: str) -> str:
    return "\n".join(escape(line) for line in text.split("\n"))
