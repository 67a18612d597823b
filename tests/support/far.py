"""Another machine at the end of a cable, and a firewall that drops what passes without a word, so
that neither end hears of it. It is a network namespace, for which one has to be root on Linux.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress

LOST = "02:00:00:00:00:01"
"""A hardware address that nobody has: what is sent there is passed over by who gets it."""


class FarMachine:
    """here, there: the addresses of the two ends. Raises OSError where there can be none."""

    def __init__(self) -> None:
        number = os.getpid()
        # RFC 2544 has these for tests; by the process's number, as others may run beside it.
        first = (number & 0x3FFF) * 4
        self.here, self.there = (f"198.18.{first >> 8}.{(first & 255) + n}" for n in (1, 2))
        self.name, self._near, self._far = f"sc{number}", f"sca{number}", f"scb{number}"
        self.within = ("ip", "netns", "exec", self.name)
        with suppress(OSError):
            self.close()  # of one that was killed, and had the same number
        _ip("netns", "add", self.name)
        try:
            self._lay()
        except OSError:
            self.close()
            raise

    def _lay(self) -> None:
        there = ("-n", self.name)
        cable = ("type", "veth", "peer", "name", self._far, "netns", self.name)
        _ip("link", "add", self._near, *cable)
        for place, end, address in ((), self._near, self.here), (there, self._far, self.there):
            _ip(*place, "address", "add", f"{address}/30", "dev", end)
            _ip(*place, "link", "set", end, "up")
        self._near_is = _ip("-br", "link", "show", self._near).split()[2]
        self._far_is = _ip(*there, "-br", "link", "show", self._far).split()[2]
        self.mend()

    def cut(self, *, words: bool = True, answers: bool = True) -> None:
        """words: what is sent there is lost from now on; answers: what is sent back."""
        self._send_to(LOST if words else self._far_is, LOST if answers else self._near_is)

    def mend(self) -> None:
        """All arrives again."""
        self.cut(words=False, answers=False)

    def _send_to(self, far: str, near: str) -> None:
        last = ("nud", "permanent", "dev")
        _ip("neigh", "replace", self.there, "lladdr", far, *last, self._near)
        there = ("-n", self.name)
        _ip(*there, "neigh", "replace", self.here, "lladdr", near, *last, self._far)

    def close(self) -> None:
        """Its cable goes with it."""
        _ip("netns", "delete", self.name)


def _ip(*words: str) -> str:
    """Raises OSError."""
    program = shutil.which("ip") or "/sbin/ip"
    done = subprocess.run([program, *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(f"ip {' '.join(words)}: {done.stderr.strip()}")
    return done.stdout


@contextmanager
def far_machine() -> Iterator[FarMachine]:
    """One until the block ends. Raises OSError."""
    machine = FarMachine()
    try:
        yield machine
    finally:
        machine.close()
