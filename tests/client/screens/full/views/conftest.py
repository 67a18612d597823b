"""What the tests of views share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.client.screens.full.views.shown import Show, Stage


@pytest.fixture(scope="module")
def show() -> Iterator[Show]:
    """Shows a view; one program for all tests of a file."""
    stage = Stage()
    yield stage.show
    stage.close()
