"""A reload that goes wrong ends no server, and is told to whoever has asked."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest

from securechat.core.administration.requests import FAILED
from securechat.net.binding import ListenError
from securechat.server.config import Config, ConfigError
from securechat.server.reloader import Reloader, ReloadError
from securechat.server.service import Service


@dataclass
class Running:
    """In the place of a service: fails as the test wants."""

    error: Exception
    config: Config = field(default_factory=Config)
    noted: list[str] = field(default_factory=list)

    def reload(self, config: Config | None) -> None:
        raise self.error

    def note(self, event: str, *_: object, **__: object) -> None:
        self.noted.append(event)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ListenError("that address is taken"), "that address is taken"),
        (OSError(28, "No space left on device"), "No space left on device"),
        (ZeroDivisionError("a secret"), FAILED),
    ],
)
def test_a_failure_is_told(error: Exception, told: str, caplog: pytest.LogCaptureFixture) -> None:
    """With its reason, or, of a bug, that there is one; the audit has nothing of it."""
    caplog.set_level(logging.INFO)
    running = Running(error)
    reloader = Reloader(cast(Service, running), Config)
    with pytest.raises(ReloadError, match=told):
        reloader.reload("os:root")
    assert running.noted == []
    assert len(caplog.records) == 1
    assert bool(caplog.records[0].exc_info) is (told == FAILED)


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """The values in force are shown nevertheless."""

    def broken() -> Config:
        raise ConfigError("chat.toml: expected a section")

    reloader = Reloader(cast(Service, Running(OSError())), broken)
    with pytest.raises(ReloadError, match="expected a section"):
        reloader.reload()
    found = reloader.in_force()
    assert found["error"] == "chat.toml: expected a section"
    values = cast(list[dict[str, object]], found["values"])
    assert {"key": "listen.port", "value": 6697, "from": "default"} in values
