"""A server as a process that can be killed, and comes back with its data and its page's address."""

from __future__ import annotations

import re
import signal
from pathlib import Path
from typing import Any

from tests.support.process import ServerProcess, write_config


class Restarted:
    """directory: its data, with accounts. sections: of its configuration."""

    def __init__(self, directory: Path, **sections: dict[str, Any]) -> None:
        self._directory = directory
        web = {"host": "127.0.0.1", "port": 0}
        self._config = write_config(directory.with_suffix(".toml"), web=web, **sections)
        self._start()
        found = re.search(r"https://\S+?:(\d+)/", self.process.greeting)
        assert found, self.process.greeting
        self.address = f"https://localhost:{found[1]}/"
        web["port"] = int(found[1])
        write_config(self._config, web=web, **sections)

    def _start(self) -> None:
        self.process = ServerProcess(self._directory, "--config", self._config)

    def killed(self) -> None:
        self.process.tell(signal.SIGKILL)
        self.process.ends()

    def restarts(self) -> None:
        self.process.close()
        self._start()
