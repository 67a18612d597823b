"""A real server in this process, on a free port and in a directory of its own."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from securechat.core.auth.throttle import LoginThrottle
from securechat.irc.names import account_name
from securechat.server.config import Config, parse_config
from securechat.server.data import DataDirectory
from securechat.server.service import Service
from securechat.server.settings import wanted_database
from securechat.store import passwords
from securechat.store.admin import Admin, NewAccount
from securechat.store.pepper import find_pepper
from securechat.store.search import searcher
from tests.support.client import Caps, Client
from tests.support.links import PATIENCE, TlsLink
from tests.support.new_database import new_database
from tests.support.web import Browser, WebLink

PASSWORD = "the quick brown otter 7"
COST = 4

DEFAULTS: dict[str, dict[str, Any]] = {
    "server": {"name": "chat.test"},
    "listen": {"port": 0},
    "history": {"tell": False},
    "accounts": {"bcrypt_cost": COST, "registration": "open"},
    "limits": {
        "lines_per_second": 100000.0,
        "burst_lines": 100000.0,
        "logins_per_minute": 100000.0,
        "free_disk_mib": 0,
    },
}


def config(**sections: dict[str, Any]) -> Config:
    """The tests' configuration with other values in some sections."""
    merged = {
        name: {**DEFAULTS.get(name, {}), **sections.get(name, {})}
        for name in [*DEFAULTS, *sections]
    }
    return parse_config(merged, Path("test.toml"))


class ServerUnderTest:
    """A running server and the clients that come to it."""

    def __init__(self, directory: Path, settings: Config) -> None:
        self.data = DataDirectory(directory)
        self.settings = settings
        self.service = Service(settings, self.data)
        self._clients: list[Client] = []

    def open(self) -> None:
        self.service.start()

    def lets_unauthenticated_speak(self) -> None:
        """Connections from now on may speak at a member's rate, for tests that say much before a
        login.
        """
        for io in self.service._io:
            io.driver.limits = replace(io.driver.limits, unauthenticated_rate=io.driver.limits.rate)

    def close(self) -> None:
        for client in self._clients:
            client.hangs_up()
        self.service.stop("The test is over")
        assert not self.service.failed.is_set(), "a thread of the server has died"

    @property
    def port(self) -> int:
        return self.service.addresses[0][1]

    @property
    def web_port(self) -> int:
        """That of the page; 0 where there is none."""
        return next((port for _, port in self.service.web_addresses), 0)

    def browser(self, **options: Any) -> Browser:
        """A connection to the page. options: of `TlsLink`."""
        return Browser(self.web_port, self.ca, **options)

    @property
    def ca(self) -> Path:
        return self.data.tls / "ca.pem"

    def forgets_guesses(self) -> None:
        """As if the wrong passwords of before were long ago."""
        self.service._hub._rules.model.login_throttle = LoginThrottle()

    def add(
        self, *names: str, admin: bool = False, password: str = PASSWORD, cost: int = COST
    ) -> None:
        """Accounts made by the administrator; returns when they are in effect."""
        pepper = find_pepper(self.data.location, self.data.pepper)
        stored = passwords.hash_password(password, cost=cost, pepper=pepper)
        forms = [account_name(name) for name in names]
        with self.admin() as database:
            database.add(
                [NewAccount(f.display, f.folded, f.skeleton, stored, admin) for f in forms], 1
            )
            self.wait_for(database.in_effect)

    @contextlib.contextmanager
    def admin(self) -> Iterator[Admin]:
        """The administrator's access to the database."""
        admin = Admin(self.data.location)
        try:
            yield admin
        finally:
            admin.close()

    def wait_for(self, condition: Callable[[], bool]) -> None:
        """Until a running server has brought a condition about."""
        if not self.service.addresses:
            return
        deadline = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > deadline:
                raise TimeoutError("the server has not done it")
            time.sleep(0.01)

    def connect(
        self,
        port: int = 0,
        ca: Path | None = None,
        *,
        tags: Collection[str] | None = None,
        web: bool = False,
        **options: Any,
    ) -> Client:
        """An unauthenticated connection. port: another one than the server's, as of a proxy. ca:
        another authority to trust. tags: see `Client`. web: by a WebSocket. options: of `TlsLink`
        or `WebLink`.
        """
        kind, own = (WebLink, self.web_port) if web else (TlsLink, self.port)
        link = kind(port or own, ca or self.ca, **options)
        client = Client(link, password=PASSWORD, tags=tags)
        self._clients.append(client)
        return client

    def member(
        self,
        name: str,
        *,
        password: str = PASSWORD,
        caps: Caps = (),
        tags: Collection[str] | None = None,
        web: bool = False,
    ) -> Client:
        """Somebody with an account, logged in and past the greeting."""
        client = self.connect(tags=tags, web=web)
        client.logs_in(name, password=password, caps=caps)
        return client


@contextlib.contextmanager
def running(directory: Path, *names: str, **sections: dict[str, Any]) -> Iterator[ServerUnderTest]:
    """A server for the time of a block, with accounts of these names and the tests' password."""
    server = ServerUnderTest(directory, config(**sections))
    server.data.create()
    server.data.choose(wanted_database(server.settings))
    server.data.keep_choice()
    if isinstance(server.data.location, Path):
        new_database(server.data.location)
    if names:
        server.add(*names)
    server.open()
    try:
        with pytest.MonkeyPatch.context() as patch:
            # A machine that is busy with other tests finds as much.
            patch.setattr(searcher, "SEARCH_SECONDS", PATIENCE)
            yield server
    finally:
        server.close()
