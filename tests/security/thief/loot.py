"""A server that has been used, and what a thief of its disk carries away: copies of the database,
taken while it ran and after it was stopped.
"""

from __future__ import annotations

import base64
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from securechat.core.journal.events.accounts import FactorSet, RecoveryCodeAdded, TokenCreated
from securechat.credentials.device import format_token, token_digest
from securechat.server.data import DataDirectory
from securechat.store import passwords
from securechat.store.pepper import Pepper, find_pepper
from securechat.store.sql.journal import Journal
from securechat.store.sqlite.database import FILE_NAME
from tests.support.server import COST, ServerUnderTest, running

DAY_MS = 86_400_000
TEXT = "what everybody may read"
"""A message: a thief reads it, which shows that these searches find what is there."""

ALICE_PASSWORD = "the quick brown otter 7"
TOKEN = format_token(bytes(range(100, 132)))
TOTP_SECRET = b"twenty bytes of TOTP"
RECOVERY_CODE = "abcde-fgh27"
CHANNEL_KEY = "keyhole-99"

SECRETS: dict[str, str | bytes] = {
    "password": ALICE_PASSWORD,
    "password typed wrong": "seventeen green herons",
    "password chosen at registration": "violet kettles dance 4",
    "password before a change": "a lantern of brass 61",
    "password after a change": "quick, brown otter 11",
    "device token": TOKEN,
    "random part of a device token": bytes(range(100, 132)),
    "TOTP secret": TOTP_SECRET,
    "recovery code": RECOVERY_CODE,
    "recovery code without its hyphen": RECOVERY_CODE.replace("-", ""),
    "channel key": CHANNEL_KEY,
    "channel key before a change": "keyhole-98",
}
"""By what they are. The invite code and the pepper are drawn by the server."""


@dataclass(frozen=True)
class Loot:
    """live, stopped: directories with the copies. invite, pepper: what the thief doesn't have."""

    live: Path
    stopped: Path
    invite: str
    pepper: Pepper

    @property
    def secrets(self) -> dict[str, bytes]:
        """Everything that must not be found."""
        found = {what: s if isinstance(s, bytes) else s.encode() for what, s in SECRETS.items()}
        found["invite code"] = self.invite.encode()
        found["pepper"] = self.pepper.key
        found["key of the passwords"] = self.pepper.password_key
        found["key of the costs"] = self.pepper.cost_key
        return found

    def files(self) -> Iterator[tuple[str, bytes]]:
        """Every file of the copies, byte by byte, with the write-ahead log."""
        for path in sorted([*self.live.iterdir(), *self.stopped.iterdir()]):
            yield f"{path.parent.name}/{path.name}", path.read_bytes()

    def cells(self) -> Iterator[tuple[str, bytes]]:
        """What stands in every column of every table."""
        with closing(self.opened()) as connection:
            tables = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
            for [table] in tables.fetchall():
                for row in connection.execute(f"SELECT * FROM {table}"):
                    yield from ((table, _raw(value)) for value in row)

    def opened(self) -> sqlite3.Connection:
        """The live copy, as any SQLite opens it."""
        return sqlite3.connect(self.live / FILE_NAME)

    def column(self, sql: str) -> list[Any]:
        with closing(self.opened()) as connection:
            return [value for (value,) in connection.execute(sql)]


def _raw(value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


def forms(secret: bytes) -> set[bytes]:
    """How a secret may be written down."""
    written = {secret, secret.hex().encode(), secret.hex().upper().encode()}
    for encode in (base64.b64encode, base64.urlsafe_b64encode, base64.b32encode):
        written.add(encode(secret).rstrip(b"="))
    return written


def steal(directory: Path) -> Loot:
    """Run a server in a directory, use it, and copy its database."""
    with running(directory / "data", accounts={"registration": "invite"}) as server:
        invite = _lives_a_day(server)
        live = _copy(server.data, directory / "live")
        pepper = find_pepper(server.data.database, server.data.pepper)
    return Loot(live, _copy(server.data, directory / "stopped"), invite, pepper)


def _copy(data: DataDirectory, to: Path) -> Path:
    to.mkdir()
    for path in data.path.glob(FILE_NAME + "*"):
        shutil.copyfile(path, to / path.name)
    return to


def _lives_a_day(server: ServerUnderTest) -> str:
    """Everything that has to do with secrets; the invite's code."""
    secrets = {what: str(secret) for what, secret in SECRETS.items()}
    server.add("alice", password=ALICE_PASSWORD)
    server.add("bob", password=secrets["password before a change"])
    with server.admin() as admin:
        expires_ms = int(time.time() * 1000) + DAY_MS
        invite = admin.invites.make(uses=1, expires_ms=expires_ms, now_ms=0)
        server.wait_for(admin.in_effect)
    with server.connect() as zelda:
        chosen = secrets["password chosen at registration"]
        zelda.registers("zelda", password=chosen, code=invite)
    with server.connect() as person:
        person.sends(
            f"PASS :alice:{secrets['password typed wrong']}", "NICK alice", "USER a 0 * :a"
        )
        person.hears_the_end()
    alice = server.member("alice", caps="echo-message", password=ALICE_PASSWORD)
    alice.sends("JOIN #den", f"MODE #den +k {secrets['channel key before a change']}")
    alice.sends(f"MODE #den +k {CHANNEL_KEY}", f"PRIVMSG #den :{TEXT}")
    alice.hears_until(TEXT)
    _change_password(server, "bob", secrets["password after a change"])
    _has_devices(server)
    return invite


def _change_password(server: ServerUnderTest, name: str, password: str) -> None:
    pepper = find_pepper(server.data.database, server.data.pepper)
    stored = passwords.hash_password(password, cost=COST, pepper=pepper)
    with server.admin() as admin:
        admin.set_password(admin.find(name, name), stored)
        server.wait_for(admin.in_effect)


def _has_devices(server: ServerUnderTest) -> None:
    """Alice has a token, a second factor and a recovery code."""
    pepper = find_pepper(server.data.database, server.data.pepper)
    with server.admin() as admin:
        alice = admin.find("alice", "alice").id
    journal = Journal(server.data.database, pepper)
    journal.commit(
        [
            TokenCreated(token_digest(TOKEN), alice, "laptop", 1),
            FactorSet(alice, pepper.seal(TOTP_SECRET, f"totp {alice}"), 1, 1),
            RecoveryCodeAdded(pepper.digest(f"recovery {alice} {RECOVERY_CODE}"), alice),
        ]
    )
    journal.connection.close()  # without folding the log in: the copy is of a running server
