"""What the tests of the administrator's store begin with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from securechat.store.admin import Admin


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "securechat.db"


@pytest.fixture
def admin(path: Path) -> Iterator[Admin]:
    admin = Admin(path)
    yield admin
    admin.close()
