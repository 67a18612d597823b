"""Several nodes in this process, over one database of PostgreSQL."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from securechat.store.postgres.location import PostgresLocation
from tests.support.node_processes import Processes, processes
from tests.support.server import ServerUnderTest, running

Begin = Callable[..., ServerUnderTest]


@pytest.fixture
def begin(tmp_path: Path, there: PostgresLocation) -> Iterator[Begin]:
    """begin("a", "alice", "bob"): the node a, with these accounts. Further nodes have the pepper
    and the authority of the first one.
    """
    with ExitStack() as stack:
        begun: list[Path] = []

        def begin(name: str, *accounts: str, **sections: dict[str, Any]) -> ServerUnderTest:
            directory = tmp_path / name
            if begun and not directory.exists():
                directory.mkdir(mode=0o700)
                shutil.copy(begun[0] / "pepper", directory / "pepper")
                shutil.copytree(begun[0] / "tls", directory / "tls")
            begun.append(directory)
            whole: dict[str, dict[str, Any]] = {
                "store": {"url": there.url, "single": True},
                "cluster": {"node": name},
                **sections,
            }
            return stack.enter_context(running(directory, *accounts, **whole))

        yield begin


@pytest.fixture
def two(begin: Begin) -> tuple[ServerUnderTest, ServerUnderTest]:
    """The nodes a and b, with the accounts alice, bob and carol."""
    first = begin("a", "alice", "bob", "carol")
    return first, begin("b")


@pytest.fixture
def nodes(tmp_path: Path, there: PostgresLocation) -> Iterator[Processes]:
    """Nodes as processes of their own, with the accounts alice, bob and carol."""
    with processes(tmp_path, there, "alice", "bob", "carol") as found:
        yield found
