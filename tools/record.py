"""Record what the client and the server of one version say to each other, as lines on the wire.

    python tools/record.py --code DIR --out FILE

A server is started, and the client of the same version registers, logs in and talks, as people use
it, through a relay that writes each line down: `C: ` what the client says, `S: ` what the server
says. What is another one each time stands as a word in braces: {code}, {token}. The tests in
tests/foreign_clients/test_older_versions.py replay the one half to a server of today, and the other
to a client of today. Exit codes: 0; 1 when nothing was recorded.
"""

from __future__ import annotations

import os
import re
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
from contextlib import closing, suppress
from pathlib import Path

import click
from fixture import PASSWORD, ROOT, SECONDS, START, FixtureError, Person, Server

CLIENTS = ("securechat.client.commands.cli", "securechat.client.cli")
"""Where the client's program is, and was once."""

TALK = [
    "hello",
    "/join #den",
    "/topic What we build",
    "good morning",
    "/me waves",
    "/names",
    "/who #den",
    "/msg bob only for you",
    "a line that is too long for one: " + "otters are " * 60,
    "/part #den",
    "/quit till tomorrow",
]


class Relay:
    """Between one client and the server, with the server's own certificate."""

    def __init__(self, port: int, tls: Path) -> None:
        self._port = port
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(tls / "server.pem", tls / "server-key.pem")
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._lines: list[str] = []
        self._talks = threading.Condition()
        self._open = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._socket.close()

    def recorded(self) -> list[str]:
        """The lines since the last call, when all connections have ended."""
        with self._talks:
            if not self._talks.wait_for(lambda: not self._open, SECONDS):
                raise FixtureError("a client is still connected")
            lines, self._lines = self._lines, []
        return lines

    def _accept(self) -> None:
        while True:
            try:
                raw, _ = self._socket.accept()
                client = self._context.wrap_socket(raw, server_side=True)
            except ssl.SSLError:  # it only looked which certificate is here
                continue
            except OSError:
                return
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            server = context.wrap_socket(socket.create_connection(("127.0.0.1", self._port)))
            with self._talks:
                self._open += 2
            for who, source, sink in (("C", client, server), ("S", server, client)):
                threading.Thread(target=self._pass, args=(who, source, sink), daemon=True).start()

    def _pass(self, who: str, source: ssl.SSLSocket, sink: ssl.SSLSocket) -> None:
        with suppress(OSError):  # the other end is gone
            for line in source.makefile("rb"):
                with self._talks:
                    self._lines.append(f"{who}: {line.decode().rstrip()}")
                sink.sendall(line)
        with self._talks:
            self._open -= 1
            self._talks.notify_all()
        with suppress(OSError):
            sink.shutdown(socket.SHUT_RDWR)


class Client:
    """The client of some version. code: the checkout. home: for its settings."""

    def __init__(self, code: Path, home: Path) -> None:
        [self._module] = [m for m in CLIENTS if (code / f"{m.replace('.', '/')}.py").exists()]
        self._code = code
        self._home = home

    def runs(self, *words: str, typed: list[str]) -> None:
        """One command; typed: lines of its standard input after the password."""
        done = subprocess.run(
            [sys.executable, "-c", START.format(self._module), *words, "--password-stdin"],
            input="".join(f"{line}\n" for line in [PASSWORD, *typed]),
            capture_output=True,
            text=True,
            cwd=self._code,
            timeout=SECONDS * 2,
            check=False,
            env={
                **os.environ,
                "HOME": str(self._home),
                "SECURECHAT_CONFIG_DIR": str(self._home),
                "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
            },
        )
        if done.returncode:
            click.echo(f"  {words[0]} ended with {done.returncode}: {done.stderr}", err=True)


def record(code: Path) -> str:
    """The text of a fixture. Raises FixtureError, OSError."""
    with tempfile.TemporaryDirectory(prefix="record") as directory:
        server, client = Server(code, Path(directory)), Client(code, Path(directory))
        with server.running() as port:
            bob = Person(port, "bob")
            bob.registers()
            bob.says("JOIN #den", "MODE #den -t")
            with closing(Relay(port, server.tls)) as relay:
                link = server.invites().replace(f":{port}/", f":{relay.port}/")
                where = f"alice@127.0.0.1:{relay.port}"
                parts = []
                for title, words, typed in (
                    ("register", ("register", link, "--account", "alice"), ["hello"]),
                    ("login", ("login", where), TALK),
                ):
                    client.runs(*words, typed=typed)
                    parts.append("\n".join([f"# {title}", *relay.recorded(), ""]))
            bob.leaves()
    return _plain("\n".join(parts), link)


def _plain(text: str, link: str) -> str:
    for word in re.findall(r"/([A-Za-z0-9_-]{20,})", link):
        text = text.replace(word, "{code}")
    text = re.sub(r"(TOKEN CREATED \S+) \S+", r"\1 {token}", text)
    return text.replace(socket.gethostname(), "laptop")


@click.command()
@click.option("--code", type=click.Path(path_type=Path, exists=True), default=ROOT)
@click.option("--out", type=click.Path(path_type=Path), required=True)
def main(code: Path, out: Path) -> None:
    """Write down what client and server of the code in a checkout say to each other."""
    try:
        text = record(code.resolve())
    except (FixtureError, OSError) as error:
        raise click.ClickException(f"nothing was recorded: {error}") from None
    out.write_text(text)
    click.echo(f"{out}: {len(text)} bytes")


if __name__ == "__main__":
    main()
