"""The real program on a real terminal, at a real server."""

from __future__ import annotations

import os
import signal
import termios
import time
from pathlib import Path

import pyte

from securechat.client.exits import Exit
from tests.client.terminal import PATIENCE, Terminal
from tests.support.server import PASSWORD, ServerUnderTest, running

SIZE = (24, 90)

HOSTILE = "\x1b[2J\x1b]0;owned\x07\x9b31m\u202edlrow"


class Shown(Terminal):
    """A terminal that is looked at, and not only read."""

    def __init__(self, server: ServerUnderTest, account: str, directory: Path) -> None:
        password = directory / "password"
        password.write_text(PASSWORD)
        password.chmod(0o600)
        env = {
            "SECURECHAT_CONFIG_DIR": str(directory / account),
            "SECURECHAT_PLAIN": "0",
            "TERM": "xterm-256color",
            "TMUX": "",
            "TERM_PROGRAM": "",
        }
        where = f"{account}@localhost:{server.port}"
        file = ("--password-file", str(password))
        super().__init__("login", where, "--ca", str(server.ca), *file, env=env, size=SIZE)
        self._screen = pyte.Screen(SIZE[1], SIZE[0])
        self._stream = pyte.Stream(self._screen)
        self._fed = 0

    @property
    def rows(self) -> list[str]:
        """What is on the screen."""
        # pyte takes these for the beginning of a colour.
        new = self.raw[self._fed :].replace("\x1b[>1u", "").replace("\x1b[<u", "")
        self._stream.feed(new)
        self._fed = len(self.raw)
        return [row.rstrip() for row in self._screen.display]

    def sees(self, text: str) -> str:
        """Wait until a row has this text, and return it."""
        until = time.monotonic() + PATIENCE
        while True:
            for row in self.rows:
                if text in row:
                    return row
            assert self._reads(until), f"{text!r} is missing in {self.rows}"

    def resizes(self, rows: int, columns: int) -> None:
        """As somebody draws at the window's corner."""
        self._screen.resize(rows, columns)
        termios.tcsetwinsize(self._near, (rows, columns))  # which sends the signal, too

    def signals(self, number: signal.Signals) -> None:
        """Send a signal to the program."""
        os.kill(self._program.pid, number)


def test_two_people_talk(tmp_path: Path) -> None:
    """What one says the other sees; what would drive the terminal is inert; a small terminal does;
    and a signal ends it with the terminal as it was.
    """
    with running(tmp_path / "server", "alice", "bob") as server:
        bob = server.member("bob", caps=("echo-message",))
        with Shown(server, "alice", tmp_path) as terminal:
            terminal.sees("Write to #lobby")
            terminal.sees("all keys")
            terminal.types("good morning\r")
            terminal.sees("good morning ✓")
            bob.says(f"PRIVMSG #lobby :alice: {HOSTILE}")
            terminal.sees("bob │ alice:")
            terminal.sees("^[[2J")
            assert terminal.rows[0].startswith(" Channels")
            terminal.resizes(10, 40)
            terminal.sees("F1 all keys")
            assert "#lobby" in terminal.rows[0]
            terminal.signals(signal.SIGHUP)
            assert terminal.ends() == Exit.OK
            shown = terminal.raw
    assert "\x1b]0;" not in shown
    assert "\x9b" not in shown
    for switched_off in ("\x1b[?1049l", "\x1b[?25h", "\x1b[?2004l", "\x1b[?1004l", "\x1b[?1000l"):
        assert switched_off in shown
    assert "Traceback" not in shown
    assert "\x1b[?1003h" not in shown
