"""The chat servers of a run, each a process with a data directory of its own."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from chaoslib import inside
from tests.support.process import NotStartedError, ServerProcess

TOOLS: Final = Path(__file__).resolve().parent.parent

START_SECONDS = 60.0
"""So long it is tried to start one."""

END_SECONDS = 30.0
"""Until one that was told to end must have."""


class Node:
    """directory: of its data, which is there. host: where it listens. within: what it is run by."""

    def __init__(
        self,
        name: str,
        directory: Path,
        config: Path,
        *,
        host: str,
        within: Sequence[str] = (),
        broken: str = "",
    ) -> None:
        self.name = name
        self.directory = directory
        self.skew = 0.0
        self._config = config
        self._host = host
        self._within = within
        self._broken = broken
        self.server = self._new()

    def _new(self) -> ServerProcess:
        code = f"import sys; sys.path.insert(0, {str(TOOLS)!r}); from chaoslib import inside; "
        words = (str(self.directory), self._broken, self.skew)
        end = time.monotonic() + START_SECONDS
        while True:
            try:
                return ServerProcess(
                    self.directory,
                    *("--config", self._config),
                    spoiled_by=f"{code}inside.prepare{words!r}",
                    within=self._within,
                    host=self._host,
                )
            except NotStartedError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.2)

    def start(self) -> None:
        """Once more; tries until it does."""
        self.server.close()
        self.renew()

    def renew(self) -> None:
        """Another process; what becomes of the one that there was is somebody else's concern."""
        self.server = self._new()

    @property
    def door(self) -> tuple[str, int]:
        """Where people find it."""
        return self._host, self.server.port

    @property
    def has_ended(self) -> bool:
        """Whether its process has."""
        return self.server.process.poll() is not None

    def last_words(self) -> str:
        """The line of its log that tells why it ended."""
        lines = self.server.log.splitlines()
        said = [line for line in lines if "must end" in line or "died" in line] or lines
        return (said or ["nothing"])[-1]

    def model(self, place: Path) -> Path:
        """Where it writes its model, as soon as anybody says something to it."""
        wanted = self.directory / inside.ASKED
        (new := wanted.with_suffix(".new")).write_text(str(place))
        new.replace(wanted)
        return place
