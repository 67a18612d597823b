"""A person at a plain IRC client, for tests over real TLS: says lines, hears lines."""

from __future__ import annotations

import base64
import contextlib
import select
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Self

PATIENCE = 20.0
"""Seconds until a test gives up waiting for a line."""


class Person:
    """One connection. Lines come without CR LF."""

    def __init__(
        self,
        port: int,
        ca: Path,
        *,
        host: str = "127.0.0.1",
        certificate: Path | None = None,
        source: str = "",
    ) -> None:
        """source: the address to come from, such as any other one of 127.0.0.0/8."""
        context = ssl.create_default_context(cafile=str(ca))
        if certificate is not None:
            context.load_cert_chain(certificate)
        raw = socket.create_connection((host, port), PATIENCE, (source, 0) if source else None)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = context.wrap_socket(raw, server_hostname="localhost")
        self.nick = "*"
        self._rest = b""
        self._lines: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.hang_up()

    def hang_up(self) -> None:
        """Close without a word."""
        with contextlib.suppress(OSError):
            self.sock.close()

    def says(self, *lines: str) -> None:
        """Send lines."""
        self.sock.sendall("".join(line + "\r\n" for line in lines).encode())

    def hears(self) -> str:
        """The next line; raises EOFError when the server has closed, TimeoutError after a while."""
        while not self._lines:
            data = self.sock.recv(65536)
            if not data:
                raise EOFError("the server has closed the connection")
            *lines, self._rest = (self._rest + data).split(b"\r\n")
            self._lines = [line.decode() for line in lines]
        line = self._lines.pop(0)
        if line.startswith("PING "):
            self.says("PONG " + line.removeprefix("PING "))
            return self.hears()
        return line

    def has_heard(self) -> bool:
        """Whether something has come that was not listened to yet."""
        return bool(self._lines) or bool(select.select([self.sock], [], [], 0)[0])

    def hears_until(self, wanted: str | Callable[[str], bool]) -> list[str]:
        """All lines up to and with the first that holds a text, or fulfils a condition."""
        fits = wanted if callable(wanted) else lambda line: wanted in line
        heard = [self.hears()]
        while not fits(heard[-1]):
            heard.append(self.hears())
        return heard

    def barrier(self, token: str = "barrier") -> list[str]:
        """Everything that has come before the server's answer to a PING of ours."""
        self.says(f"PING {token}")
        heard = self.hears_until("PONG ")
        return heard[:-1]

    def hears_the_end(self) -> list[str]:
        """All lines until the server closes."""
        heard = []
        with contextlib.suppress(EOFError, ssl.SSLError, ConnectionError):
            while True:
                heard.append(self.hears())
        return heard

    def registers(self, name: str, password: str, code: str = "*", *caps: str) -> list[str]:
        """Make an account and complete the connection; what was heard."""
        self._introduces(name, caps)
        self.says(f"REGISTER * {code} :{password}")
        heard = self.hears_until("REGISTER")
        self.says("CAP END")
        return heard + self._arrives(name)

    def logs_in(self, name: str, password: str, *caps: str) -> list[str]:
        """SASL PLAIN; what was heard, up to the end of the login."""
        self._introduces(name, caps)
        self.says("AUTHENTICATE PLAIN")
        payload = base64.b64encode(f"\0{name}\0{password}".encode()).decode()
        self.says(f"AUTHENTICATE {payload}")
        self.hears_until(" 903 ")
        self.says("CAP END")
        return self._arrives(name)

    def _introduces(self, name: str, caps: tuple[str, ...]) -> None:
        self.nick = name
        self.says("CAP LS 302", f"NICK {name}", f"USER {name} 0 * :{name.title()}")
        self.says("CAP REQ :" + " ".join(["sasl", *caps]))
        self.hears_until(" ACK ")

    def _arrives(self, name: str) -> list[str]:
        heard = self.hears_until(lambda line: " 376 " in line or " 422 " in line)
        return heard + self.barrier("arrived")
