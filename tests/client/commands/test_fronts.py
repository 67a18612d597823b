"""By what a person talks: which front is chosen, and what it asks the server for."""

from __future__ import annotations

import os
import shutil
import sys

import pytest

from securechat.client.commands import fronts
from securechat.client.commands.assemble import Setup
from securechat.client.commands.fronts import Front
from securechat.client.credentials.login_credentials import Sources
from securechat.client.session.handshake import Missed
from securechat.client.settings import SettingsDirectory, default_directory

TERMINAL = {"TERM": "xterm-256color"}


@pytest.fixture
def setup(monkeypatch: pytest.MonkeyPatch) -> Setup:
    """Of somebody at a terminal."""
    for stream in (sys.stdin, sys.stdout):
        monkeypatch.setattr(stream, "isatty", lambda: True, raising=False)
    size = os.terminal_size((80, 24))
    monkeypatch.setattr(shutil, "get_terminal_size", lambda *_: size)
    monkeypatch.setattr(fronts, "_SCREEN", "sys")
    return Setup(SettingsDirectory(default_directory()), Sources())


def test_a_terminal_gets_the_full_screen(setup: Setup) -> None:
    """Which fetches what was missed itself."""
    assert fronts.choose(setup, TERMINAL) is Front.FULL
    assert Front.FULL.missed is Missed.FETCHED
    assert Front.LINE.missed is Front.PIPE.missed is Missed.REPLAYED


@pytest.mark.parametrize("environ", [{}, {"TERM": "dumb"}, {"TERM": "unknown"}])
def test_a_dumb_terminal_is_as_good_as_a_pipe(setup: Setup, environ: dict[str, str]) -> None:
    """It shows what comes, and nothing that would drive it."""
    assert fronts.choose(setup, environ) is Front.PIPE


def test_who_wants_it_plain_goes_line_by_line(setup: Setup) -> None:
    """By the environment for always, by the option for once."""
    assert fronts.choose(setup, {**TERMINAL, fronts.PLAIN: "1"}) is Front.LINE
    setup.plain = True
    assert fronts.choose(setup, TERMINAL) is Front.LINE


def test_a_tiny_terminal_goes_line_by_line(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the screen would show nothing of a talk."""
    size = os.terminal_size((31, 24))
    monkeypatch.setattr(shutil, "get_terminal_size", lambda *_: size)
    assert fronts.choose(setup, TERMINAL) is Front.LINE


def test_a_pipe_is_a_pipe(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the other end is."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: False, raising=False)
    assert fronts.choose(setup, TERMINAL) is Front.PIPE


def test_nobody_has_the_library_log_what_is_typed(
    setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As its variables of the environment would."""
    monkeypatch.setenv("TEXTUAL_LOG", "/tmp/log")
    monkeypatch.setenv("TEXTUAL", "devtools,debug")
    fronts.choose(setup, TERMINAL)
    assert not [name for name in os.environ if name.startswith("TEXTUAL")]
