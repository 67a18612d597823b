"""Telling systemd how the server is doing: sd_notify(3), for a unit of Type=notify.

Without systemd nothing happens. Main thread only.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import time
from collections.abc import Mapping

log = logging.getLogger(__name__)

MICROSECONDS = 1_000_000


class ServiceManager:
    """Who started this process and waits to hear of it.

    environ: where systemd says its address (NOTIFY_SOCKET), and whether and how often it wants a
    sign of life (WATCHDOG_USEC, for the process WATCHDOG_PID).
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._address = environ.get("NOTIFY_SOCKET", "")
        self.watchdog_seconds = _watchdog(environ) if self._address else None
        """Within so many seconds it wants a sign of life; None when it wants none."""

    def ready(self) -> None:
        """Started, or done with reloading."""
        self._tell("READY=1")

    def reloading(self) -> None:
        """The configuration is being read again; ready() ends it."""
        # The time lets systemd 253 and newer tell this answer from one to an earlier signal.
        self._tell("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def stopping(self, why: str) -> None:
        """The end has begun. why: one line, for `systemctl status`."""
        self._tell("STOPPING=1", f"STATUS={why}")

    def alive(self) -> None:
        """A sign of life; without one in time systemd kills the server and starts it again."""
        if self.watchdog_seconds is not None:
            self._tell("WATCHDOG=1")

    def _tell(self, *lines: str) -> None:
        if not self._address:
            return
        # A socket without a name of its own is written as "@": its first byte is 0.
        address = self._address.replace("@", "\0", 1) if self._address[0] == "@" else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                # It must not hold up the server: systemd reads at once, or is out of order itself.
                sender.setblocking(False)
                sender.sendto("\n".join(lines).encode(), address)
        except OSError as error:
            log.warning("can't tell systemd %s: %s", lines[0], error.strerror)


def _watchdog(environ: Mapping[str, str]) -> float | None:
    # By the number of the process, as a child inherits the rest.
    if environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    with contextlib.suppress(ValueError):
        microseconds = int(environ.get("WATCHDOG_USEC", "0"))
        return microseconds / MICROSECONDS if microseconds > 0 else None
    return None
