"""The securechat of this checkout, as a server to measure."""

from __future__ import annotations

import contextlib
import sqlite3
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from benchlib import seed
from benchlib.link import resolve
from benchlib.process import HOST, Process, ca_pem, configure, free_port, home_in, running
from benchlib.servers import Ability, Key, Plan, Server, Subject, nick
from securechat.ca import clients
from securechat.ca.pem import fingerprint, load_certificates
from securechat.server.data import DataDirectory
from securechat.store import passwords
from securechat.store.pepper import find_pepper

PASSWORD = "every user of the load has this one 7"

IN_A_FILE = {"database": "", "node": "", "metrics": ""}
"""What the configuration has where the database is in a file."""

ABILITIES: frozenset[Ability] = frozenset(
    {"token", "certificate", "lobby", "restart", "store", "web"}
)


def securechat(bcrypt_cost: int, directory: Path | None) -> Subject:
    """This checkout. directory: where its temporary directory is made."""

    @contextlib.contextmanager
    def start(plan: Plan) -> Iterator[Server]:
        with home_in(directory) as home:
            data = DataDirectory(home / "data")
            data.create()
            pepper = find_pepper(data.database, data.pepper)
            stored = passwords.hash_password(PASSWORD, cost=bcrypt_cost, pepper=pepper)
            seed.fill(data.database, plan, stored)
            keys = _Keys(plan, home / "tls")
            seed.register(data.database, keys.fingerprints())
            port, web_port = free_port(), free_port()
            config = configure(
                "securechat.toml",
                home,
                port,
                bcrypt_cost=str(bcrypt_cost),
                lobby="#lobby" if plan.lobby else "",
                client_ca=keys.client_ca,
                web_host=HOST if plan.web else "",
                web_port=str(web_port),
                **IN_A_FILE,
            )
            command = [sys.executable, "-m", "securechat.server", "--config", str(config)]
            process = Process([*command, "--data", str(data.path)], home, port)
            server = Server(
                resolve(HOST, web_port if plan.web else port),
                ca_pem(home),
                keys.key,
                process,
                members=plan.rooms > 0,
                count_stored=lambda: _count_stored(data.database, plan),
                web=plan.web,
            )
            with running(process):
                yield server

    return Subject("securechat", start, ABILITIES)


class _Keys:
    """What the accounts of a plan log in with. directory: of the authority."""

    def __init__(self, plan: Plan, directory: Path) -> None:
        self._plan = plan
        self._certificates: list[Path] = []
        self.client_ca = ""
        if plan.credential == "certificate":
            now = datetime.now(UTC)
            authority = clients.create_authority(directory, now=now)
            self.client_ca = str(authority.path)
            self._certificates = [
                clients.issue(authority, nick(number), now=now) for number in range(plan.accounts)
            ]

    def fingerprints(self) -> list[bytes]:
        """Of the certificates, in the order of the accounts."""
        return [bytes.fromhex(fingerprint(load_certificates(one)[0])) for one in self._certificates]

    def key(self, number: int) -> Key:
        """Of the user with this number."""
        key = Key(nick(number), PASSWORD)
        if self._plan.credential == "token":
            return key._replace(password=seed.token(number))
        if self._plan.credential == "certificate":
            return key._replace(password=None, certificate=str(self._certificates[number]))
        return key


def _count_stored(database: Path, plan: Plan) -> int:
    """Messages that were not there in advance."""
    with contextlib.closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as db:
        sql = "SELECT count(*) FROM log WHERE kind = 'PRIVMSG' AND seq > ?"
        found: int = db.execute(sql, (plan.messages,)).fetchone()[0]
    return found
