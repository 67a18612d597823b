"""A server's process on a free port of loopback, and the directory it lives in."""

from __future__ import annotations

import contextlib
import pwd
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from string import Template

from securechat.ca.ensure import ensure_server_certificate

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ROOT / "tools" / "peers"
HOST = "127.0.0.1"

ENDS_WITH_US = ("setpriv", "--pdeathsig", "KILL")
"""What a server is run by, so that it ends with the bench, however that does; PR_SET_PDEATHSIG in
prctl(2).
"""

START_SECONDS = 30.0
STOP_SECONDS = 30.0
_POLL_SECONDS = 0.01


class StartError(Exception):
    """A server did not start; the text says what it wrote."""


class Process:
    """command: of the server. home: its directory. port: where it will listen. user: to run as."""

    def __init__(
        self, command: Sequence[str], home: Path, port: int, user: str | None = None
    ) -> None:
        self._command = command
        self._output = home / "output"
        self._port = port
        self._user = user
        self._running: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Of the process while it runs."""
        return self._running.pid if self._running is not None else None

    def start(self) -> None:
        """Run it; returns when it listens. Raises StartError."""
        user = self._user
        with self._output.open("wb") as file:
            self._running = subprocess.Popen(
                [*ENDS_WITH_US, *self._command],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                cwd=ROOT,  # python -m looks there first, and it is this checkout that is measured
                user=user,
                group=pwd.getpwnam(user).pw_gid if user is not None else None,
                extra_groups=None if user is None else [],
            )
        self._wait_for(self._running)

    def _wait_for(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while process.poll() is None and time.monotonic() < deadline:
            with (
                contextlib.suppress(OSError),
                socket.create_connection((HOST, self._port), timeout=1),
            ):
                return
            time.sleep(_POLL_SECONDS)
        said = self._output.read_text(errors="replace")[-2000:].strip()
        raise StartError(
            f"{self._command!r} does not listen on port {self._port}. It wrote:\n{said}"
        )

    def stop(self) -> None:
        """End it, as its user would; does nothing when it does not run."""
        process, self._running = self._running, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def running(process: Process) -> Iterator[None]:
    """Start a process, and end it with the block, whatever has become of it. Raises StartError."""
    try:
        process.start()
        yield
    finally:
        process.stop()


@contextlib.contextmanager
def home_in(directory: Path | None) -> Iterator[Path]:
    """A temporary directory with a certificate that is good for loopback."""
    with tempfile.TemporaryDirectory(prefix="securechat-bench-", dir=directory) as name:
        home = Path(name).absolute()
        ensure_server_certificate(home / "tls", ["localhost", HOST], now=datetime.now(UTC))
        yield home


def ca_pem(home: Path) -> str:
    """The authority of the certificate in a home."""
    return (home / "tls" / "ca.pem").read_text()


def configure(template: str, home: Path, port: int, **more: str) -> Path:
    """The file of tools/peers that has this name, with what stands behind dollar signs put in."""
    values = {
        "port": str(port),
        "certificate": str(home / "tls" / "server.pem"),
        "key": str(home / "tls" / "server-key.pem"),
        "directory": str(home),
        **more,
    }
    text = (TEMPLATES / template).read_text()
    if "$plain_port" in text:
        values["plain_port"] = str(free_port())
    text = text.replace("behind a dollar sign", "in this file")
    config = home / template
    config.write_text(Template(text).substitute(values))
    return config


def free_port() -> int:
    """A port of loopback that nobody uses now."""
    with socket.socket() as sock:
        sock.bind((HOST, 0))
        port: int = sock.getsockname()[1]
        return port
