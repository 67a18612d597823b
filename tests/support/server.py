"""A real server in this process, on a free port and in a directory of its own."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from securechat.core.auth.throttle import LoginThrottle
from securechat.irc.names import account_name
from securechat.server.config import Config, parse_config
from securechat.server.data import DataDirectory
from securechat.server.service import Service
from securechat.store import passwords
from securechat.store.admin import Admin, NewAccount
from securechat.store.pepper import find_pepper
from tests.support.person import PATIENCE, Person

PASSWORD = "the quick brown otter 7"
COST = 4

DEFAULTS: dict[str, dict[str, Any]] = {
    "server": {"name": "chat.test"},
    "listen": {"port": 0},
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
    """A running server and the people who come to it."""

    def __init__(self, directory: Path, settings: Config) -> None:
        self.data = DataDirectory(directory)
        self.settings = settings
        self.service = Service(settings, self.data)
        self._people: list[Person] = []

    def open(self) -> None:
        self.service.start()

    def lets_strangers_speak(self) -> None:
        """Those who come from now on at a member's rate, for tests that say much before a login."""
        for io in self.service._io:
            io.driver.limits = replace(io.driver.limits, unauthenticated_rate=io.driver.limits.rate)

    def close(self) -> None:
        for person in self._people:
            person.hang_up()
        self.service.stop("The test is over")
        assert not self.service.failed.is_set(), "a thread of the server has died"

    @property
    def port(self) -> int:
        return self.service.addresses[0][1]

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
        pepper = find_pepper(self.data.database, self.data.pepper)
        stored = passwords.hash_password(password, cost=cost, pepper=pepper)
        forms = [account_name(name) for name in names]
        with self.office() as office:
            office.add(
                [NewAccount(f.display, f.folded, f.skeleton, stored, admin) for f in forms], 1
            )
            self.wait_for(office.in_effect)

    @contextlib.contextmanager
    def office(self) -> Iterator[Admin]:
        """The administrator's access to the database."""
        office = Admin(self.data.database)
        try:
            yield office
        finally:
            office.close()

    def wait_for(self, condition: Callable[[], bool]) -> None:
        """Until a running server has brought a condition about."""
        if not self.service.addresses:
            return
        deadline = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > deadline:
                raise TimeoutError("the server has not done it")
            time.sleep(0.01)

    def stranger(self, **options: Any) -> Person:
        """A connection that nobody has logged in on."""
        person = Person(self.port, self.ca, **options)
        self._people.append(person)
        return person

    def member(self, name: str, *caps: str, password: str = PASSWORD) -> Person:
        """Somebody with an account, logged in and past the greeting."""
        person = self.stranger()
        person.logs_in(name, password, *caps)
        return person


@contextlib.contextmanager
def running(directory: Path, *names: str, **sections: dict[str, Any]) -> Iterator[ServerUnderTest]:
    """A server for the time of a block, with accounts of these names and the tests' password."""
    server = ServerUnderTest(directory, config(**sections))
    server.data.create()
    if names:
        server.add(*names)
    server.open()
    try:
        yield server
    finally:
        server.close()
