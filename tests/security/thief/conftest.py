"""A real backup, and the ground on which forged ones are to be restored."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from securechat.admin.backup.make import make_backup
from tests.security.thief.backups import Forgery, genuine
from tests.support.data_directory import everything, make_directory


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real backup."""
    directory = tmp_path_factory.mktemp("server")
    make_backup(make_directory(directory / "data"), directory / "b.tar", by="-")
    return directory / "b.tar"


@pytest.fixture
def forgery(real: Path) -> Forgery:
    """What a real backup holds, to be spoiled."""
    return genuine(real)


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Path]:
    """Where it is to be restored, in a directory of its own; what lies beside it stays as it is."""
    (tmp_path / "evil.tar").touch()
    ground = tmp_path / "ground"
    (ground / "beside").mkdir(parents=True)
    (ground / "beside/precious").write_text("precious")
    before = everything(ground)
    yield ground
    assert everything(ground) == before
