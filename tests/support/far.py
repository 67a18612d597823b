"""Two machines at the ends of a cable, and a firewall that drops what passes without a word, so
that neither end hears of it. They are network namespaces, for which one has to be root on Linux.
The test itself is at one of them meanwhile: a browser of another test would see a new cable in its
own network, and give up all that it is loading.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress

LOST = "02:00:00:00:00:01"
"""A hardware address that nobody has: what is sent there is passed over by who gets it."""


CABLE = "cable"
"""What its end is called, at either machine."""

CLONE_NEWNET = 0x40000000
"""setns(2): a network namespace."""


class FarMachine:
    """here, there: the addresses of the two ends. Raises OSError where there can be none."""

    here, there = "198.18.0.1", "198.18.0.2"  # RFC 2544 has these for tests

    def __init__(self) -> None:
        self._near, self._far = f"near-{os.getpid()}", f"far-{os.getpid()}"
        self.within = ("ip", "netns", "exec", self._far)
        self.close()  # of one that was killed, and had the same number
        try:
            self._lay()
        except OSError:
            self.close()
            raise

    def _lay(self) -> None:
        for name in (self._near, self._far):
            _ip("netns", "add", name)
        _ip(
            *("-n", self._near, "link", "add", CABLE, "type", "veth"),
            *("peer", "name", CABLE, "netns", self._far),
        )
        for name, address in (self._near, self.here), (self._far, self.there):
            _ip("-n", name, "address", "add", f"{address}/30", "dev", CABLE)
            _ip("-n", name, "link", "set", CABLE, "up")
            _ip("-n", name, "link", "set", "lo", "up")
        self._near_is = self._hardware_address(self._near)
        self._far_is = self._hardware_address(self._far)
        self.mend()

    def _hardware_address(self, name: str) -> str:
        return _ip("-n", name, "-br", "link", "show", CABLE).split()[2]

    def cut(self, *, words: bool = True, answers: bool = True) -> None:
        """words: what is sent there is lost from now on; answers: what is sent back."""
        self._send_to(LOST if words else self._far_is, LOST if answers else self._near_is)

    def mend(self) -> None:
        """All arrives again."""
        self.cut(words=False, answers=False)

    def _send_to(self, far: str, near: str) -> None:
        ends = (self._near, self.there, far), (self._far, self.here, near)
        for name, address, hardware in ends:
            _ip(
                *("-n", name, "neigh", "replace", address, "lladdr", hardware),
                *("nud", "permanent", "dev", CABLE),
            )

    @contextmanager
    def at_the_other_end(self) -> Iterator[None]:
        """This thread is there, and those that it starts meanwhile."""
        with open("/proc/thread-self/ns/net") as before:
            with open(f"/run/netns/{self._near}") as near:
                _enter(near.fileno())
            try:
                yield
            finally:
                _enter(before.fileno())

    def close(self) -> None:
        """The cable goes with them."""
        for name in (self._near, self._far):
            with suppress(OSError):
                _ip("netns", "delete", name)


def _enter(namespace: int) -> None:
    """Raises OSError."""
    if ctypes.CDLL(None, use_errno=True).setns(namespace, CLONE_NEWNET):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _ip(*words: str) -> str:
    """Raises OSError."""
    program = shutil.which("ip") or "/sbin/ip"
    done = subprocess.run([program, *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(f"ip {' '.join(words)}: {done.stderr.strip()}")
    return done.stdout


@contextmanager
def far_machine() -> Iterator[FarMachine]:
    """One until the block ends, in which the test is at the other end. Raises OSError."""
    machine = FarMachine()
    try:
        with machine.at_the_other_end():
            yield machine
    finally:
        machine.close()
