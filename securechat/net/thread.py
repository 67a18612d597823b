"""A named thread that owns something. Has a threading.Thread and is none, so that no attribute of
ours can be mistaken for one of its own.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod


class Owner(ABC):
    """run() is the thread's life; start(), join() and alive are anybody's."""

    def __init__(self, name: str) -> None:
        self._thread = threading.Thread(target=self.run, name=name, daemon=True)

    @abstractmethod
    def run(self) -> None:
        """The thread's life."""

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def join(self, seconds: float) -> None:
        """Wait until it has ended, at most so long."""
        if self._thread.ident is not None:
            self._thread.join(seconds)

    @property
    def alive(self) -> bool:
        """Whether it has begun and not ended."""
        return self._thread.is_alive()
