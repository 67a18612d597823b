"""What systemd is told of a server: sd_notify(3)."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from securechat.server.hub import TICK_SECONDS
from securechat.server.notify import ServiceManager
from securechat.server.service import HUNG_SECONDS, Service
from tests.support.process import serving, write_config


class Heard:
    """A socket as systemd has one, and what came."""

    def __init__(self, address: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address)
        self.socket.settimeout(20)

    def next(self) -> list[str]:
        return self.socket.recv(4096).decode().split("\n")


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[Heard]:
    heard = Heard(str(tmp_path / "notify"))
    yield heard
    heard.socket.close()


def test_a_server_tells_its_life(
    systemd: Heard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is ready when its first link works, reloads at SIGHUP with the time at which that began,
    shows that it lives, and says why it ends.
    """
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    monkeypatch.setenv("WATCHDOG_USEC", "600000000")
    config = write_config(tmp_path / "config.toml")
    with serving(tmp_path / "data", "--config", config) as server:
        assert systemd.next() == ["READY=1"]
        before = time.monotonic_ns() // 1000
        server.tell(signal.SIGHUP)
        told = [systemd.next() for _ in range(3)]
        assert told[0] == ["WATCHDOG=1"]
        assert told[1][0] == "RELOADING=1"
        name, _, microseconds = told[1][1].partition("=")
        assert name == "MONOTONIC_USEC"
        assert before <= int(microseconds) <= time.monotonic_ns() // 1000
        assert told[2] == ["READY=1"]
        server.tell(signal.SIGTERM)
        assert systemd.next() == ["WATCHDOG=1"]
        assert systemd.next() == ["STOPPING=1", "STATUS=The server is stopping"]
        assert server.ends() == 0


def test_an_address_without_a_file() -> None:
    """Linux's abstract names, which systemd writes with an @, in containers above all."""
    heard = Heard(f"\0securechat-test-{os.getpid()}")
    ServiceManager({"NOTIFY_SOCKET": f"@securechat-test-{os.getpid()}"}).ready()
    assert heard.next() == ["READY=1"]
    heard.socket.close()


def test_nobody_who_listens(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Without systemd nothing happens; where it doesn't read, the log says so and it goes on."""
    ServiceManager({}).ready()
    assert caplog.messages == []
    ServiceManager({"NOTIFY_SOCKET": str(tmp_path / "gone")}).stopping("x")
    assert caplog.messages == ["can't tell systemd STOPPING=1: No such file or directory"]


def test_a_reader_that_stalls_holds_nothing_up(
    systemd: Heard, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What it doesn't take is dropped."""
    manager = ServiceManager({"NOTIFY_SOCKET": str(tmp_path / "notify")})
    for _ in range(2000):
        manager.ready()
        if caplog.messages:
            break
    assert caplog.messages[0].startswith("can't tell systemd READY=1: ")


@pytest.mark.parametrize(
    ("environ", "seconds"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_whether_a_sign_of_life_is_wanted(environ: dict[str, str], seconds: float | None) -> None:
    """Only by who asks for it, of this process."""
    manager = ServiceManager({"NOTIFY_SOCKET": "/nowhere", **environ})
    assert manager.watchdog_seconds == seconds


def test_a_hub_that_hangs_is_no_sign_of_life(monkeypatch: pytest.MonkeyPatch) -> None:
    """The main thread alone would go on for ever."""

    class Hub:
        last_tick = 1000.0 - TICK_SECONDS

    service = object.__new__(Service)
    service._hub = Hub()  # type: ignore[assignment]
    monkeypatch.setattr(time, "monotonic", lambda: 1000.0)
    assert service.has_turns
    monkeypatch.setattr(time, "monotonic", lambda: 1000.0 + HUNG_SECONDS)
    assert not service.has_turns
