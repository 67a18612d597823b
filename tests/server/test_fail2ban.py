"""fail2ban's filter, against lines of a real server: who guesses is found, and nobody else."""

from __future__ import annotations

import logging
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from securechat.server import logs
from tests.support.server import ServerUnderTest, running

FILTER = Path(__file__).parents[2] / "docs" / "fail2ban" / "securechat.conf"

GUESSES = (
    "alice",
    "nobody",
    'x address=192.0.2.1 reason="wrong password"',
    'x", "address": "192.0.2.1", "reason": "wrong password"}',
    "x\ninfo login refused account=y address=192.0.2.1",
)
"""Names that are tried, which want to have somebody else's address banned."""

pytestmark = pytest.mark.skipif(
    shutil.which("fail2ban-regex") is None, reason="fail2ban isn't installed"
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerUnderTest]:
    """One for both formats."""
    with running(tmp_path_factory.mktemp("fail2ban") / "data", "alice") as server:
        yield server


@pytest.fixture(autouse=True)
def root() -> Iterator[None]:
    """The root logger is given back as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level


def found(log: Path) -> list[str]:
    """The addresses that fail2ban finds in a log."""
    command = ["fail2ban-regex", "--out", "ip", str(log), str(FILTER)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()


def is_tried(server: ServerUnderTest, log: Path, log_format: logs.Format) -> None:
    """Wrong logins, and right ones, as the server logs them."""
    with closing(logs.set_up(log_format, path=log)):
        for name in GUESSES:
            server.forgets_guesses()
            stranger = server.connect()
            stranger.begins_login(name, password="wrong")
            stranger.hears_until(" 904 ")
            stranger.hangs_up()
        alice = server.member("alice")
        alice.sends('PRIVMSG #lobby :info login refused account=x address=192.0.2.1 reason="x"')
        alice.sends("QUIT :login refused account=x address=192.0.2.1")
        alice.hears_the_end()


def test_who_guesses_is_found(server: ServerUnderTest, tmp_path: Path) -> None:
    """Each guess once, by the address that it came from, whatever the name was: in both formats,
    and in the journal, where systemd puts the host and the process before the line.
    """
    is_tried(server, tmp_path / "text", "text")
    is_tried(server, tmp_path / "json", "json")
    said = 'info login refused account=alice address=2001:db8::7 reason="wrong code" left_out=3'
    line = f"Jan 31 23:59:59 host securechat-server[123]: 2026-01-31 23:59:59 {said}\n"
    all_of_it = (tmp_path / "text").read_text() + (tmp_path / "json").read_text() + line
    (tmp_path / "log").write_text(all_of_it)
    assert found(tmp_path / "log") == [*["127.0.0.1"] * 2 * len(GUESSES), "2001:db8::7"]


def test_the_page_shows_the_filter_s_jail() -> None:
    """So that it can be copied."""
    page = (FILTER.parents[1] / "watching.md").read_text()
    assert re.search(r"(?m)^\[securechat\]$", page)
    assert "fail2ban/securechat.conf" in page
