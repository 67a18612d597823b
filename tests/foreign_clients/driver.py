"""Other people's chat programs, run for real: WeeChat without a screen, irssi under a terminal.

Both keep logs, one line a message; what a program shows is read from there. Nothing here sleeps to
let something happen: every wait ends with what is waited for, or with an error that shows the log.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.links import PATIENCE

LOOK_SECONDS = 0.02
"""Between two looks at a log."""

LOG_TIME = "%Y-%m-%dT%H:%M:%S"

# Besides the logs: WeeChat sends a message every two seconds at most unless told otherwise, and
# irssi asks before it takes several lines at once for typed ones.
WEECHAT_SETTINGS = (
    "/set logger.file.flush_delay 0",
    f"/set logger.file.time_format {LOG_TIME}",
)
WEECHAT_SPEED = (
    "/set irc.server_default.anti_flood_prio_high 0",
    "/set irc.server_default.anti_flood_prio_low 0",
)
WEECHAT_SPEED_4 = ("/set irc.server_default.anti_flood 0",)
"""What WeeChat from 4.2 on has instead."""
IRSSI_SETTINGS = f"""\
/set paste_verify_line_count 0
/set log_timestamp {LOG_TIME}\x20
"""

CHECKOUT = Path(__file__).parents[2]


def lacks_weechat() -> bool:
    """Its FIFO, through which it is told what to do, is a plugin in a package of its own."""
    program = shutil.which("weechat-headless")
    if program is None:
        return True
    places = (*Path("/usr/lib").glob("*/weechat"), Path(program).parents[1] / "lib" / "weechat")
    return not any((place / "plugins" / "fifo.so").exists() for place in places)


@functools.cache
def weechat_is_fast() -> bool:
    """Whether the one installed sets its speed as 4.2 and later do."""
    done = subprocess.run(["weechat-headless", "--version"], capture_output=True, check=True)
    version = tuple(int(part) for part in re.findall(r"\d+", done.stdout.decode())[:2])
    return version >= (4, 2)


needs_weechat = pytest.mark.skipif(
    lacks_weechat(),
    reason="WeeChat is missing (Debian: apt-get install weechat-headless weechat-plugins)",
)
needs_irssi = pytest.mark.skipif(
    shutil.which("irssi") is None, reason="irssi is not installed (Debian: apt-get install irssi)"
)
needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is missing")


def wait_until(condition: Callable[[], bool], otherwise: Callable[[], str]) -> None:
    """Until a condition holds. Raises AssertionError with otherwise() when it takes too long."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(otherwise())
        time.sleep(LOOK_SECONDS)


class Log:
    """The lines that a program has logged, read onwards. file: may come into being later."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._heard = 0

    def lines(self) -> list[str]:
        """All whole lines so far."""
        try:
            return self.file.read_text(errors="replace").split("\n")[:-1]
        except FileNotFoundError:
            return []

    def hears(self, wanted: str) -> str:
        """The next line that holds a text; the ones before it are passed over."""
        found: list[str] = []

        def look() -> bool:
            for number, line in enumerate(self.lines()[self._heard :], self._heard + 1):
                if wanted in line:
                    self._heard = number
                    found.append(line)
                    return True
            return False

        wait_until(look, lambda: self._missing(wanted))
        return found[0]

    def _missing(self, wanted: str) -> str:
        lines = self.lines()
        seen = "\n".join(["    --- waited from here ---", *lines[self._heard :]])
        return f"no line with {wanted!r} in {self.file.name}:\n" + seen


class Weechat:
    """weechat-headless in a directory of its own. Commands go through its FIFO."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._logs: dict[str, Log] = {}
        speed = WEECHAT_SPEED_4 if weechat_is_fast() else WEECHAT_SPEED
        arguments = [part for command in WEECHAT_SETTINGS + speed for part in ("-r", command)]
        self._process = subprocess.Popen(
            ["weechat-headless", "--dir", str(home), *arguments],
            env=environment(home.parent),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._fifo = -1
        wait_until(self._open_fifo, lambda: "WeeChat has opened no FIFO")

    def _open_fifo(self) -> bool:
        path = self._home / f"weechat_fifo_{self._process.pid}"
        with contextlib.suppress(OSError):  # not there yet, or not opened by WeeChat yet
            self._fifo = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
        return self._fifo >= 0

    def types(self, *lines: str, buffer: str = "core.weechat") -> None:
        """Commands and texts, as if typed in a buffer: core.weechat, irc.NETWORK.#ROOM …"""
        data = "".join(f"{buffer} *{line}\n" for line in lines).encode()
        assert os.write(self._fifo, data) == len(data)

    def shows(self, wanted: str, buffer: str = "core.weechat") -> str:
        """The next line of a buffer that holds a text: time, prefix and text, with tabs between."""
        return self.log(buffer).hears(wanted)

    def log(self, buffer: str) -> Log:
        """What a buffer has shown."""
        file = self._home / "logs" / f"{buffer}.weechatlog"
        return self._logs.setdefault(buffer, Log(file))

    def complaints(self) -> list[str]:
        """What WeeChat has shown as an error, in any buffer."""
        files = (self._home / "logs").iterdir()
        lines = [line for file in files for line in Log(file).lines() if "\t=!=\t" in line]
        return [line for line in lines if 'unknown option "-ssl"' not in line]

    def close(self) -> None:
        os.close(self._fifo)
        end(self._process)


class Irssi:
    """irssi on a pseudo-terminal in a directory of its own. It logs all windows to one file."""

    def __init__(self, home: Path) -> None:
        home.mkdir()
        self.log = Log(home / "log")
        (home / "startup").write_text(f"{IRSSI_SETTINGS}/log open {home}/log ALL\n")
        self._terminal, other = pty.openpty()
        fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 200, 0, 0))
        self._process = subprocess.Popen(
            ["irssi", f"--home={home}"],
            env=environment(home.parent),
            stdin=other,
            stdout=other,
            stderr=other,
            start_new_session=True,
        )
        os.close(other)
        self._drain = threading.Thread(target=self._read_screen, daemon=True)
        self._drain.start()
        self.log.hears("Log opened")

    def _read_screen(self) -> None:
        """A terminal that nobody reads would stop irssi."""
        with contextlib.suppress(OSError):  # EIO: irssi has ended
            while os.read(self._terminal, 65536):
                pass

    def types(self, *lines: str) -> None:
        """Commands and texts, as if typed in the window shown."""
        for line in lines:
            os.write(self._terminal, f"{line}\r".encode())

    def shows(self, wanted: str) -> str:
        """The next line in any window that holds a text."""
        return self.log.hears(wanted)

    def complaints(self) -> list[str]:
        """What irssi has shown that sounds like an error; it has one form for all it says."""
        alarms = (
            "warning",
            "error",
            "fail",
            "unknown command",
            "not enough",
            "unable",
            "can't",
            "cannot",
        )
        return [line for line in self.log.lines() if any(word in line.lower() for word in alarms)]

    def close(self) -> None:
        end(self._process)
        self._drain.join(PATIENCE)
        os.close(self._terminal)


class Ours:
    """`securechat login` between pipes, as the program that it is."""

    def __init__(self, home: Path, port: int, account: str, password: str) -> None:
        self.log = Log(home / f"{account}.log")
        with self.log.file.open("wb") as output:
            self._process = subprocess.Popen(
                [*OURS, "login", *TRUST, "--password-stdin", f"{account}@localhost:{port}"],
                cwd=home,
                env=environment(home),
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
            )
        self.types(password)

    def types(self, *lines: str) -> None:
        """What it reads: first the password, then texts and commands."""
        assert self._process.stdin is not None
        self._process.stdin.write("".join(f"{line}\n" for line in lines).encode())
        self._process.stdin.flush()

    def shows(self, wanted: str) -> str:
        """The next line that holds a text."""
        return self.log.hears(wanted)

    def close(self) -> None:
        """The end of its input ends it, in good order."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            assert self._process.wait(PATIENCE) == 0, self.log.lines()
        finally:
            end(self._process)


OURS = (sys.executable, "-m", "securechat")
TRUST = ("--ca", "ca.pem", "--config-dir", "config")


def send(home: Path, port: int, account: str, password: str, target: str, text: str) -> None:
    """`securechat send`, which must succeed and has nothing to say then."""
    secret = home / f"{account}-password"
    secret.touch(mode=0o600)
    secret.write_text(password)
    server = f"{account}@localhost:{port}"
    done = subprocess.run(
        [*OURS, "send", *TRUST, "--password-file", secret.name, "--server", server, target, text],
        cwd=home,
        env=environment(home),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def environment(home: Path) -> dict[str, str]:
    """For a program that is to find nothing of the person who runs the tests."""
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(CHECKOUT),
        "HOME": str(home),
        "TERM": "xterm",
        "LANG": "C.UTF-8",
        "TZ": "UTC",
    }


def shell(commands: str, home: Path) -> str:
    """What some commands print that are typed in a shell."""
    done = subprocess.run(
        ["sh", "-c", commands],
        env=environment(home),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    return done.stdout


def end(process: subprocess.Popen[bytes]) -> None:
    """End a program, and see that it is gone."""
    process.terminate()
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextlib.contextmanager
def weechat(home: Path) -> Iterator[Weechat]:
    """WeeChat for the time of a block."""
    program = Weechat(home)
    try:
        yield program
    finally:
        program.close()


@contextlib.contextmanager
def irssi(home: Path) -> Iterator[Irssi]:
    """irssi for the time of a block."""
    program = Irssi(home)
    try:
        yield program
    finally:
        program.close()


@contextlib.contextmanager
def ours(home: Path, port: int, account: str, password: str) -> Iterator[Ours]:
    """`securechat login` for the time of a block; home holds ca.pem."""
    program = Ours(home, port, account, password)
    try:
        yield program
    finally:
        program.close()
