"""A screen that remembers what was written to it, and lets a test wait for it."""

from __future__ import annotations

import io
import re
import threading

from prompt_toolkit.data_structures import Size
from prompt_toolkit.output.vt100 import Vt100_Output

PATIENCE = 20.0
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]")


class Screen(io.StringIO):
    """Takes what a terminal would get. Threads may call."""

    encoding = "utf-8"

    def __init__(self) -> None:
        super().__init__()
        self._changed = threading.Condition()

    def write(self, text: str) -> int:
        """Remember text and wake who waits."""
        with self._changed:
            count = super().write(text)
            self._changed.notify_all()
        return count

    def isatty(self) -> bool:
        """As a terminal would answer."""
        return True

    @property
    def text(self) -> str:
        """Everything so far, without the control sequences."""
        return _CONTROL.sub("", self.getvalue())

    def shows(self, text: str) -> None:
        """Wait until text has been written."""
        with self._changed:
            assert self._changed.wait_for(lambda: text in self.text, PATIENCE), (
                f"{text!r} is missing in {self.text!r}"
            )

    def output(self) -> Vt100_Output:
        """It, as prompt_toolkit wants it."""
        return Vt100_Output(self, lambda: Size(rows=24, columns=80), term="xterm", enable_cpr=False)
