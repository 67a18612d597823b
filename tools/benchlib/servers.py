"""The servers that can be measured: each started anew for each workload, with its own directory."""

from __future__ import annotations

import contextlib
import os
import pwd
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from string import Template

from benchlib.client import User
from benchlib.link import Address, resolve
from securechat.ca.ensure import ensure_server_certificate
from securechat.irc.names import account_name
from securechat.server.data import DataDirectory
from securechat.store import passwords
from securechat.store.admin import Admin, NewAccount

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ROOT / "tools" / "peers"
HOST = "127.0.0.1"
PASSWORD = "every user of the load has this one 7"
UNPRIVILEGED = "nobody"
"""InspIRCd and ngIRCd don't run as root; started by root they run as this user."""

START_SECONDS = 30.0
STOP_SECONDS = 20.0


class StartError(Exception):
    """A server did not start; the text says what it wrote."""


@dataclass(frozen=True)
class Server:
    """A running server. pid: of its process, None when it isn't ours to look at. logins: name and
    password of each user, or None when any nick will do. database: of a securechat.
    """

    address: Address
    ca_pem: str | None
    pid: int | None = None
    logins: Sequence[tuple[str, str]] | None = None
    database: Path | None = None

    def user(self, number: int, room: str = "", *, talks: bool = False) -> User:
        """The user of this number. Raises StartError when there is no account for it."""
        if self.logins is None:
            return User(number, nick(number), None, room, talks)
        if number >= len(self.logins):
            raise StartError(
                f"{len(self.logins)} accounts are given and more than {number} are needed; "
                "add accounts, or measure a smaller workload"
            )
        name, password = self.logins[number]
        return User(number, name, password, room, talks)

    def stored(self) -> int | None:
        """Messages in the database, None where there is none to look into."""
        if self.database is None:
            return None
        with contextlib.closing(
            sqlite3.connect(f"{self.database.as_uri()}?mode=ro", uri=True)
        ) as db:
            found: int = db.execute("SELECT count(*) FROM log WHERE kind = 'PRIVMSG'").fetchone()[0]
        return found


@dataclass(frozen=True)
class Subject:
    """Something to measure. start: a running server with so many accounts, for the time of a
    block. caps: capabilities that the load asks for. version: as the program tells it.
    """

    name: str
    start: Callable[[int], AbstractContextManager[Server]]
    caps: frozenset[str] = frozenset()
    version: str = ""


def nick(number: int) -> str:
    """Of a user of the load."""
    return f"load{number}"


def securechat(bcrypt_cost: int, directory: Path | None) -> Subject:
    """This checkout. directory: where its temporary directory is made."""

    @contextlib.contextmanager
    def start(accounts: int) -> Iterator[Server]:
        with _home(directory) as home:
            data = DataDirectory(home / "data")
            data.create()
            _make_accounts(data.database, accounts, bcrypt_cost)
            port = _free_port()
            config = _configure("securechat.toml", home, port, bcrypt_cost=str(bcrypt_cost))
            command = [sys.executable, "-m", "securechat.server", "--config", str(config)]
            with _running([*command, "--data", str(data.path)], home, port) as pid:
                logins = [(nick(number), PASSWORD) for number in range(accounts)]
                yield Server(_address(port), _ca_pem(home), pid, logins, data.database)

    return Subject("securechat", start)


def inspircd(directory: Path | None) -> Subject:
    """Debian's InspIRCd."""

    def command(config: Path) -> list[str]:
        return ["inspircd", "--nofork", "--nopid", "--config", str(config)]

    return Subject(
        "InspIRCd", _peer("inspircd.conf", command, directory), version=_version("inspircd")
    )


def ngircd(directory: Path | None) -> Subject:
    """Debian's ngIRCd."""

    def command(config: Path) -> list[str]:
        return ["ngircd", "--nodaemon", "--config", str(config)]

    return Subject("ngIRCd", _peer("ngircd.conf", command, directory), version=_version("ngircd"))


def installed_peers(directory: Path | None) -> list[Subject]:
    """Those of the peers whose program is there."""
    known = {"inspircd": inspircd, "ngircd": ngircd}
    return [make(directory) for name, make in known.items() if _find(name)]


def elsewhere(
    host: str, port: int, ca_file: Path | None, pid: int | None, logins: Sequence[tuple[str, str]]
) -> Subject:
    """A server that somebody else has started. logins: empty when any nick will do."""
    ca_pem = ca_file.read_text() if ca_file is not None else None
    server = Server(resolve(host, port), ca_pem, pid, logins or None)
    return Subject(f"{host}:{port}", lambda accounts: contextlib.nullcontext(server))


def _find(program: str) -> str | None:
    """Also where a user's search path doesn't lead: Debian has servers in /usr/sbin."""
    return shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/local/sbin")


def _version(program: str) -> str:
    """What it calls itself, such as 'ngIRCd 26.1'."""
    told = subprocess.run(
        [_find(program) or program, "--version"], capture_output=True, text=True, check=False
    )
    found = re.search(r"\w+[- ][0-9.]+", told.stdout)
    return found[0] if found else program


def _peer(
    template: str, command: Callable[[Path], list[str]], directory: Path | None
) -> Callable[[int], AbstractContextManager[Server]]:
    @contextlib.contextmanager
    def start(accounts: int) -> Iterator[Server]:
        with _home(directory) as home:
            port = _free_port()
            program, *arguments = command(_configure(template, home, port))
            found = _find(program) or program
            user = UNPRIVILEGED if os.geteuid() == 0 else None
            if user is not None:
                _give_away(home, user)
            with _running([found, *arguments], home, port, user) as pid:
                yield Server(_address(port), _ca_pem(home), pid)

    return start


@contextlib.contextmanager
def _home(directory: Path | None) -> Iterator[Path]:
    """A temporary directory with a certificate that is good for loopback."""
    with tempfile.TemporaryDirectory(prefix="securechat-bench-", dir=directory) as name:
        home = Path(name)
        ensure_server_certificate(home / "tls", ["localhost", HOST], now=datetime.now(UTC))
        yield home


def _give_away(home: Path, user: str) -> None:
    owner = pwd.getpwnam(user)
    for path in [home, *home.rglob("*")]:
        os.chown(path, owner.pw_uid, owner.pw_gid)


def _configure(template: str, home: Path, port: int, **more: str) -> Path:
    values = {
        "port": str(port),
        "certificate": str(home / "tls" / "server.pem"),
        "key": str(home / "tls" / "server-key.pem"),
        "directory": str(home),
        **more,
    }
    text = (TEMPLATES / template).read_text()
    if "$plain_port" in text:
        values["plain_port"] = str(_free_port())
    text = text.replace("behind a dollar sign", "in this file")
    config = home / template
    config.write_text(Template(text).substitute(values))
    return config


def _ca_pem(home: Path) -> str:
    return (home / "tls" / "ca.pem").read_text()


def _address(port: int) -> Address:
    return resolve(HOST, port)


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind((HOST, 0))
        port: int = sock.getsockname()[1]
        return port


def _make_accounts(database: Path, count: int, cost: int) -> None:
    """All with one password, whose hash is made once."""
    stored = passwords.hash_password(PASSWORD, cost=cost)
    forms = [account_name(nick(number)) for number in range(count)]
    office = Admin(database)
    try:
        office.add([NewAccount(f.display, f.folded, f.skeleton, stored) for f in forms], 1)
    finally:
        office.close()


@contextlib.contextmanager
def _running(
    command: Sequence[str], home: Path, port: int, user: str | None = None
) -> Iterator[int]:
    """The process for the time of a block; its pid. Raises StartError."""
    output = home / "output"
    environment: Mapping[str, str] = {**os.environ, "PYTHONPATH": str(ROOT)}
    group = pwd.getpwnam(user).pw_gid if user is not None else None
    with output.open("wb") as file:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            env=environment,
            user=user,
            group=group,
            extra_groups=None if user is None else [],
        )
    try:
        _wait_for(process, port, output)
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(process: subprocess.Popen[bytes], port: int, output: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection((HOST, port), timeout=1):
            return
        time.sleep(0.05)
    said = output.read_text(errors="replace")[-2000:].strip()
    raise StartError(f"{process.args!r} does not listen on port {port}. It wrote:\n{said}")
