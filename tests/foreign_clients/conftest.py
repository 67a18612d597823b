"""The programs as fixtures. Their home, ~, is the test's directory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.foreign_clients.driver import Irssi, Weechat, irssi, weechat
from tests.foreign_clients.handbook import open_house
from tests.support.server import ServerUnderTest


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerUnderTest]:
    """A server with accounts for the two programs and for bob; its CA is ~/ca.pem."""
    with open_house(tmp_path, "wes", "iris", "bob") as opened:
        yield opened


@pytest.fixture
def wee(tmp_path: Path) -> Iterator[Weechat]:
    """A WeeChat that nobody has used yet."""
    with weechat(tmp_path / "weechat") as program:
        yield program


@pytest.fixture
def irs(tmp_path: Path) -> Iterator[Irssi]:
    """An irssi that nobody has used yet."""
    with irssi(tmp_path / "irssi") as program:
        yield program
