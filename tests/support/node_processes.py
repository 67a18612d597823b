"""Nodes as processes of their own, over one database of PostgreSQL."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from securechat.store.postgres.location import PostgresLocation
from tests.support.admin_cli import AdminCli
from tests.support.process import ServerProcess, add_accounts, serving, write_config


class Processes:
    """place: where their directories are. there: their database."""

    def __init__(self, place: Path, there: PostgresLocation, *accounts: str) -> None:
        self._place = place
        self._there = there
        self._stack = ExitStack()
        self._first = place / "first"
        add_accounts(self._first, *accounts, database=there)

    def begins(self, name: str, *flags: object, **sections: dict[str, Any]) -> ServerProcess:
        """A node, once it is ready. All show one certificate, that of the first one's authority."""
        directory = self._place / name
        if not directory.exists():
            shutil.copytree(self._first, directory)
        config = self.configure(name, **sections)
        server = self._stack.enter_context(serving(directory, "--config", config, *flags))
        made, tls = directory / "tls", self._first / "tls"
        if made.exists() and not tls.exists():  # it makes none where it was given one
            shutil.copytree(made, tls)
        return server

    def configure(self, name: str, **sections: dict[str, Any]) -> Path:
        """The configuration of a node; it is taken up at its start, or with a reload."""
        return write_config(
            self._place / f"{name}.toml",
            store={"url": self._there.url, "single": True},
            cluster={"node": name},
            **sections,
        )

    def cli(self, name: str) -> AdminCli:
        """The administrator's commands on the machine of a node."""
        return AdminCli(self._place / name)

    def close(self) -> None:
        self._stack.close()


@contextmanager
def processes(place: Path, there: PostgresLocation, *accounts: str) -> Iterator[Processes]:
    """For the time of a block."""
    found = Processes(place, there, *accounts)
    try:
        yield found
    finally:
        found.close()
