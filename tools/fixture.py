"""Make the fixture of a database's format: what a server of some version leaves in its database.

    python tools/fixture.py                            the newest format, by this very code
    python tools/fixture.py --code DIR --out FILE      by the code in another checkout

A server is started on a directory of its own, people talk on it, an administrator works on it, and
its database is written as SQL. Each line that a server of that version refuses is told on standard
error and passed over: one scenario serves all versions, so it may only grow. The tests in
tests/store/sqlite/test_formats.py open what is made here. Exit codes: 0; 1 when nothing was made.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import os
import re
import shutil
import socket
import sqlite3
import ssl
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parent.parent
FORMATS = ROOT / "tests" / "fixtures" / "formats"
PEPPER = FORMATS / "pepper"

PASSWORD = "the quick brown otter 7"
"""Everybody's on the fixtures, and nobody's elsewhere."""

SECONDS = 20.0
"""After so many a server that says nothing has failed."""

CONFIG = """
[server]
name = "chat.test"
[listen]
port = 0
[accounts]
bcrypt_cost = 4
registration = "open"
"""

CAPABILITIES = (
    "sasl message-tags server-time echo-message batch labeled-response draft/account-registration "
    "draft/chathistory draft/multiline draft/message-redaction draft/read-marker draft/metadata-2 "
    "draft/channel-rename setname securechat/key"
)

START = "import sys; from {} import main; sys.exit(main(sys.argv[1:]))"

ADMIN = ("securechat.admin.cli", "securechat.server.admin")
"""Where the administrator's program is, and was once."""


class FixtureError(Exception):
    """Nothing could be made; the text says why."""


class Person:
    """One connection. name: of the account, which is made here."""

    def __init__(self, port: int, name: str) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        # The server is our own, on this machine, and has just made its authority.
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        raw = socket.create_connection(("127.0.0.1", port), timeout=SECONDS)
        self._tls = context.wrap_socket(raw)
        self._lines = self._tls.makefile("rb")
        self._syncs = 0
        self.name = name

    def registers(self) -> None:
        """Make the account, and be logged in."""
        self._requests()
        self.says(f"REGISTER * * :{PASSWORD}")
        self._arrives()

    def logs_in(self) -> None:
        """By the password."""
        self._requests()
        plain = base64.b64encode(f"{self.name}\0{self.name}\0{PASSWORD}".encode()).decode()
        self.says("AUTHENTICATE PLAIN", f"AUTHENTICATE {plain}")
        self._arrives()

    def _requests(self) -> None:
        # One by one: a request is refused as a whole, and old servers know few of them.
        requests = [f"CAP REQ :{name}" for name in CAPABILITIES.split()]
        self.says(
            "CAP LS 302", *requests, f"NICK {self.name}", f"USER {self.name} 0 * :{self.name}"
        )

    def _arrives(self) -> None:
        if not any(" 001 " in line for line in self.says("CAP END")):
            raise FixtureError(f"{self.name} can't log in")

    def says(self, *lines: str) -> list[str]:
        """Send lines; what is heard up to the end of their effects."""
        self._syncs += 1
        end = f"sync{self._syncs}"
        self._tls.sendall("".join(f"{line}\r\n" for line in [*lines, f"PING {end}"]).encode())
        heard: list[str] = []
        while not (heard and " PONG " in heard[-1] and heard[-1].endswith(end)):
            line = self._lines.readline().decode().rstrip("\r\n")
            if not line:
                raise FixtureError(f"{self.name} was put out after {lines[-1]!r}: {heard[-3:]}")
            if re.search(r"^\S+ (FAIL|4\d\d) ", line.partition(":")[2]) and " 422 " not in line:
                click.echo(f"  {self.name}: {line}", err=True)
            heard.append(line)
        return heard[:-1]

    def finds(self, pattern: str, *lines: str) -> str:
        """What the pattern's group found in the answer to lines; '' for nothing."""
        found = re.search(pattern, "\n".join(self.says(*lines)))
        return found[1] if found else ""

    def leaves(self) -> None:
        """Say goodbye, and wait for the end."""
        self._tls.sendall(b"QUIT :bye\r\n")
        while self._lines.readline():
            pass
        self._tls.close()


def totp(secret: str) -> str:
    """The code of now (RFC 6238)."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.digest(key, struct.pack(">Q", int(time.time()) // 30), hashlib.sha1)
    start = digest[-1] & 15
    number = struct.unpack(">I", digest[start : start + 4])[0] & 0x7FFFFFFF
    return f"{number % 1_000_000:06d}"


class Server:
    """A server of some version. code: the checkout. directory: for its data and configuration."""

    def __init__(self, code: Path, directory: Path) -> None:
        self._code = code
        self._data = directory / "data"
        self._config = directory / "fixture.toml"
        self.database = self._data / "securechat.db"
        self.tls = self._data / "tls"

    @contextlib.contextmanager
    def running(self) -> Iterator[int]:
        """Its port; it has stopped at the end."""
        self._data.mkdir(mode=0o700)
        shutil.copy(PEPPER, self._data)
        (self._data / PEPPER.name).chmod(0o600)
        self._config.write_text(CONFIG)
        with subprocess.Popen(
            self._command("securechat.server.cli", "--config", str(self._config)),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=self._code,
        ) as process:
            try:
                yield self._port(process)
            finally:
                process.terminate()
        if process.returncode:
            raise FixtureError(f"the server ended with code {process.returncode}")

    def _port(self, process: subprocess.Popen[str]) -> int:
        assert process.stdout is not None
        for line in process.stdout:
            if found := re.search(r"listens on +\S+ port (\d+)", line):
                return int(found[1])
        raise FixtureError("the server did not start")

    def _command(self, module: str, *words: str) -> list[str]:
        # -c takes modules from the working directory before those that are installed.
        return [sys.executable, "-c", START.format(module), "--data", str(self._data), *words]

    def invites(self) -> str:
        """A link for one person."""
        return self.administer("invite").split()[-1]

    def administer(self, *words: str, typed: str = "") -> str:
        """One command of securechat-admin; what it printed. A refusal is told."""
        [module] = [m for m in ADMIN if (self._code / f"{m.replace('.', '/')}.py").exists()]
        done = subprocess.run(
            self._command(module, *words),
            input=typed,
            capture_output=True,
            text=True,
            cwd=self._code,
            timeout=SECONDS,
            check=False,
            env={**os.environ, "LOGNAME": "fixture"},
        )
        if done.returncode:
            click.echo(f"  {' '.join(words)}: {done.stderr.strip().splitlines()[-1]}", err=True)
        return done.stdout


def talk(port: int) -> None:
    """What people do on a server: something of each kind that is stored."""
    alice, bob, carol = (Person(port, name) for name in ("alice", "bob", "carol"))
    for person in (alice, bob, carol):
        person.registers()
    alice.says("JOIN #den", "TOPIC #den :What we build", "MODE #den +nt", "MODE #den +l 20")
    alice.says("MODE #den +b eve!*@*", "MODE #den +e eve!*@192.0.2.1", "MODE #den +I dan!*@*")
    alice.says("MODE #den +k sesame", "INVITE carol #den", "MODE #den +H 1d")
    bob.says("JOIN #den sesame")
    bob.says("PRIVMSG #den :good morning", "NOTICE #den :a note", "PRIVMSG alice :only for you")
    bob.says("PRIVMSG #den :\1ACTION waves\1", "PRIVMSG #den :\1VERSION\1")
    bob.says("@+draft/reply=1-abc PRIVMSG #den :an answer", "@+typing=active TAGMSG #den")
    bob.says("@securechat/key=1122334455667f PRIVMSG #den :said once")
    bob.says("BATCH +1 draft/multiline #den", "@batch=1 PRIVMSG #den :two", "BATCH -1")
    taken_back = bob.finds(r"msgid=([^; ]+)\S* \S+ PRIVMSG #den :oh", "PRIVMSG #den :oh, wrong")
    if taken_back:
        bob.says(f"REDACT #den {taken_back} :wrong window")
    alice.says("MODE #den +v bob", "SETNAME :Alice A.", "PRIVMSG bob :and for you")
    alice.says("METADATA * SET pronouns :she", "METADATA #den SET url :https://chat.example")
    alice.says("MARKREAD #den timestamp=2026-01-31T12:00:00.000Z", "TOKEN CREATE laptop")
    carol.says("JOIN #old", "PRIVMSG #old :hello?", "RENAME #old #new", "PART #new")
    if secret := carol.finds(r"TOTP SECRET (\w+)", "TOTP ENROLL"):
        carol.says(f"TOTP CONFIRM {totp(secret)}")
    carol.says("JOIN #den")
    carol.leaves()
    alice.says("KICK #den carol :till tomorrow")
    bob.leaves()
    bob = Person(port, "bob")
    bob.logs_in()
    bob.leaves()
    alice.leaves()


def administer(server: Server) -> None:
    """What an administrator does beside it."""
    server.administer("user", "admin", "alice")
    server.administer("user", "add", "dave", "--password-stdin", typed=f"{PASSWORD}\n")
    server.administer("user", "disable", "dave")
    server.administer("user", "add", "erin", "--password-stdin", typed=f"{PASSWORD}\n")
    server.administer("user", "delete", "erin", "--yes")
    server.administer("user", "bot", "bob")
    server.administer("user", "quota", "bob", "5")
    server.administer("user", "add", "fred", "--password-stdin", typed=f"{PASSWORD}\n")
    server.administer("user", "rename", "fred", "fritz")
    server.administer("invite", "--uses", "3")
    server.administer("token", "create", "bob", "backup")
    server.administer("channel", "retention", "#den", "365")


def dump(database: Path) -> str:
    """A database as SQL, with its format."""
    with closing(sqlite3.connect(database)) as connection:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        return "\n".join([*connection.iterdump(), f"PRAGMA user_version = {version};", ""])


def make(code: Path, out: Path | None) -> Path:
    """Write the fixture. Raises FixtureError, OSError."""
    with tempfile.TemporaryDirectory(prefix="fixture") as directory:
        server = Server(code, Path(directory))
        with server.running() as port:
            talk(port)
            administer(server)
        text = dump(server.database)
    [version] = re.findall(r"PRAGMA user_version = (\d+);\n$", text)
    file = out or FORMATS / f"{int(version):02}.sql"
    file.write_text(text)
    return file


@click.command()
@click.option("--code", type=click.Path(path_type=Path, exists=True), default=ROOT)
@click.option("--out", type=click.Path(path_type=Path), help="[tests/fixtures/formats/NN.sql]")
def main(code: Path, out: Path | None) -> None:
    """Write the fixture of the format that the code in a checkout makes."""
    try:
        file = make(code.resolve(), out)
    except (FixtureError, OSError) as error:
        raise click.ClickException(f"no fixture was made: {error}") from None
    click.echo(f"{file}: {file.stat().st_size} bytes")


if __name__ == "__main__":
    main()
