"""A server as a process of its own; and what it says."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from securechat.irc.names import account_name
from securechat.server.data import DataDirectory
from securechat.store import passwords
from securechat.store.admin import Admin, NewAccount
from securechat.store.pepper import find_pepper
from securechat.store.postgres.location import PostgresLocation
from tests.support.client import Caps, Client
from tests.support.links import PATIENCE, TlsLink
from tests.support.new_database import new_database
from tests.support.preloaded import ROOT, Program, run_program
from tests.support.server import COST, DEFAULTS, PASSWORD

MODULE = "securechat.server.cli"


def write_config(path: Path, **sections: dict[str, Any]) -> Path:
    """The tests' configuration as a TOML file, with other values in some sections."""
    lines = []
    for name in [*DEFAULTS, *(name for name in sections if name not in DEFAULTS)]:
        lines.append(f"[{name}]")
        values = {**DEFAULTS.get(name, {}), **sections.get(name, {})}
        lines += [f"{key} = {json.dumps(value)}" for key, value in values.items()]
    path.write_text("\n".join(lines) + "\n")
    return path


def add_accounts(directory: Path, *names: str, database: PostgresLocation | None = None) -> None:
    """Accounts with the tests' password, for a server that doesn't run yet. database: where it has
    one that is no file.
    """
    data = DataDirectory(directory)
    data.create()
    data.choose(database)
    data.keep_choice()
    if isinstance(data.location, Path):
        new_database(data.location)
    pepper = find_pepper(data.location, data.pepper)
    stored = passwords.hash_password(PASSWORD, cost=COST, pepper=pepper)
    forms = [account_name(name) for name in names]
    admin = Admin(data.location)
    admin.add([NewAccount(f.display, f.folded, f.skeleton, stored) for f in forms], 1)
    admin.close()


def run_server(*flags: object, **env: str) -> subprocess.CompletedProcess[str]:
    """Start a server that is expected to end by itself."""
    words = _words(flags)
    return run_program(MODULE, words, seconds=PATIENCE * 2, env={**os.environ, **env})


def _words(flags: tuple[object, ...]) -> list[str]:
    """As `python -m securechat.server` has them."""
    return [str(ROOT / "securechat/server/__main__.py"), *map(str, flags)]


@contextlib.contextmanager
def beginning(directory: Path, *flags: object) -> Iterator[subprocess.Popen[str]]:
    """A server process that isn't waited for; killed at the block's end, if it still runs, or when
    it has taken too long. Its standard error is to be read.
    """
    words = _words(("--data", directory, "--port", 0, *flags))
    process = Program(MODULE, words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    alarm = threading.Timer(PATIENCE * 2, process.kill)
    alarm.start()
    with process:
        try:
            yield process
        finally:
            alarm.cancel()
            process.kill()


class NotStartedError(AssertionError):
    """A server has ended before it was ready; the text is what it said."""


class ServerProcess:
    """One that runs. spoiled_by: Python code that breaks something in it before it starts. within:
    what it is run by. host: where it listens. anew: by a new interpreter, as people start it.
    greeting: its standard output up to the end of the greeting.
    """

    def __init__(
        self,
        directory: Path,
        *flags: object,
        spoiled_by: str = "",
        within: Sequence[str] = (),
        host: str = "127.0.0.1",
        anew: bool = False,
    ) -> None:
        self.data = DataDirectory(directory)
        self.host = host
        self._log = directory.with_suffix(".log")
        words = _words(("--data", directory, "--host", host, "--port", 0, *flags))
        with self._log.open("a") as log:
            self.process = Program(
                MODULE,
                words,
                within=within,
                before=spoiled_by,
                anew=anew,
                stdout=subprocess.PIPE,
                stderr=log,
            )
        self.greeting = self._greeting()
        [port] = re.findall(r"listens on +\S+ port (\d+)", self.greeting)
        self.port = int(port)
        self._clients: list[Client] = []
        """Else one that a test has no more use of would hang up."""

    def _greeting(self) -> str:
        """Reads with a deadline: one that hangs is killed, and the reading ends."""
        alarm = threading.Timer(PATIENCE * 2, self.process.kill)
        alarm.start()
        lines = []
        assert self.process.stdout is not None
        for line in self.process.stdout:
            lines.append(line)
            if line.startswith("Ctrl-C"):
                break
        alarm.cancel()
        if not lines or not lines[-1].startswith("Ctrl-C"):
            raise NotStartedError(f"the server did not start: {''.join(lines)}{self.log}")
        return "".join(lines)

    @property
    def log(self) -> str:
        """Its standard error, of all starts on this directory."""
        return self._log.read_text()

    def logs(self, text: str) -> None:
        """Returns when the log has a text in it."""
        deadline = time.monotonic() + PATIENCE
        while text not in self.log:
            assert time.monotonic() < deadline, f"never logged {text!r}: {self.log}"
            time.sleep(0.01)

    @property
    def ca(self) -> Path:
        return self.data.tls / "ca.pem"

    def connect(self, ca: Path | None = None) -> Client:
        """An unauthenticated connection. ca: another authority to trust than the server's."""
        link = TlsLink(self.port, ca or self.ca, host=self.host)
        self._clients.append(Client(link, password=PASSWORD))
        return self._clients[-1]

    def member(self, name: str, *, caps: Caps = (), ca: Path | None = None) -> Client:
        """Somebody with an account, logged in and past the greeting."""
        client = self.connect(ca)
        client.logs_in(name, caps=caps)
        return client

    def tell(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def ends(self) -> int:
        """Its exit code."""
        return self.process.wait(PATIENCE)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(PATIENCE)
        assert self.process.stdout is not None
        self.process.stdout.close()


@contextlib.contextmanager
def serving(
    directory: Path, *flags: object, spoiled_by: str = "", anew: bool = False
) -> Iterator[ServerProcess]:
    """A server process for the time of a block; killed at its end, if it still runs."""
    server = ServerProcess(directory, *flags, spoiled_by=spoiled_by, anew=anew)
    try:
        yield server
    finally:
        server.close()
