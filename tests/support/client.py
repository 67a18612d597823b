"""The client of the tests: it says lines and hears lines, the same way to whatever is tested.

tests/support/rules.py has the rules in this process, tests/support/hub.py the hub with a store, and
tests/support/server.py a whole server over TLS. Each connects clients by a `Link` of its own.

    alice, bob = server.member("alice"), server.member("bob", caps="server-time", tags=())
    assert alice.says("PRIVMSG bob :hi") == []
    assert bob.hears() == [":alice!alice@chat.test PRIVMSG bob :hi"]
"""

from __future__ import annotations

import contextlib
import ssl
from base64 import b64encode
from collections import deque
from collections.abc import Callable, Collection, Iterable
from typing import Self

from securechat.core.model.entities import Session
from securechat.irc.message import Message, parse
from tests.support.links import Link, TlsLink

SERVER = "chat.test"
"""The name of every server under test."""

Caps = str | Iterable[str]
"""Capabilities, in one text with spaces between or one by one."""


class Client:
    """One connection, and whoever sits at it. password: the one to log in with. tags: the names of
    those that are left on what is heard; all when None. answers_pings: by itself, as clients do.
    """

    def __init__(
        self,
        link: Link,
        *,
        password: str,
        tags: Collection[str] | None = None,
        answers_pings: bool = True,
    ) -> None:
        self.link = link
        self.tags = tags
        self.nick = "*"
        self._password = password
        self._answers_pings = answers_pings
        self._token = ""
        self._syncs = 0
        self._taken: deque[str] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.hangs_up()

    @property
    def session(self) -> Session:
        """What the rules know it as; only where they run in this process."""
        return self.link.session

    @property
    def sock(self) -> ssl.SSLSocket:
        """For tests that are about bytes; only of a whole server."""
        assert isinstance(self.link, TlsLink)
        return self.link.sock

    # Speaking and listening

    def says(self, *lines: str | bytes) -> list[str]:
        """Send lines; all that was heard since the last time, up to what follows from them."""
        if self.link.settles:
            self.sends(*lines)
            return self.hears()
        return self._hears_to_sync(*lines)

    def sends(self, *lines: str | bytes) -> None:
        """Send lines, and wait for nothing."""
        self.link.send([line.encode() if isinstance(line, str) else line for line in lines])

    def hears(self) -> list[str]:
        """All that has come since the last time; the server has dealt with all that was sent.

        Raises EOFError when the server has closed, where it isn't in this process.
        """
        if not self.link.settles:
            return self._hears_to_sync()
        self._take_all()
        heard = [self._shown(line) for line in self._taken]
        self._taken.clear()
        return heard

    def hears_line(self) -> str:
        """The next line; raises EOFError when the server has closed, TimeoutError after a while."""
        while not self._taken:
            self._take(self.link.receive())
        return self._shown(self._taken.popleft())

    def hears_until(self, wanted: str | Callable[[str], bool]) -> list[str]:
        """All lines up to and with the first that holds a text, or fulfils a condition."""
        fits = wanted if callable(wanted) else lambda line: wanted in line
        heard = [self.hears_line()]
        while not fits(heard[-1]):
            heard.append(self.hears_line())
        return heard

    def hears_the_end(self) -> list[str]:
        """All lines until the server closes."""
        heard = []
        with contextlib.suppress(EOFError, ssl.SSLError, ConnectionError):
            while True:
                heard.append(self.hears_line())
        return heard

    def has_heard(self) -> bool:
        """Whether something has come that was not listened to yet."""
        return bool(self._taken) or self.link.has_more()

    def _hears_to_sync(self, *lines: str | bytes) -> list[str]:
        """All that has come before the answer to a PING, which follows some lines."""
        self._syncs += 1
        token = f"sync-{self._syncs}"
        self.sends(*lines, f"PING {token}")
        return self.hears_until(lambda line: " PONG " in line and line.endswith(f":{token}"))[:-1]

    def _take_all(self) -> None:
        while self.link.has_more():
            self._take(self.link.receive())

    def _take(self, line: str) -> None:
        if not line.startswith("PING "):
            self._taken.append(line)
            return
        self._token = line.removeprefix("PING ").removeprefix(":")
        if self._answers_pings:
            self._pong()

    def _shown(self, line: str) -> str:
        if self.tags is None or not line.startswith("@"):
            return line
        tags, _, body = line[1:].partition(" ")
        left = [tag for tag in tags.split(";") if tag.partition("=")[0] in self.tags]
        return f"@{';'.join(left)} {body}" if left else body

    # The server's PINGs, and the end

    @property
    def token(self) -> str:
        """Of the server's last PING; the empty one to forget it."""
        self._take_all()
        return self._token

    @token.setter
    def token(self, token: str) -> None:
        self._take_all()
        self._token = token

    def pongs(self) -> None:
        """Answer the server's last PING."""
        self._take_all()
        self._pong()

    def _pong(self) -> None:
        self.sends(f"PONG :{self._token}")

    def hangs_up(self, reason: str = "") -> None:
        """The connection is gone, without a word. reason: what the server makes of it."""
        self.link.close(reason)

    # Coming in

    def logs_in(
        self, name: str, *, device: str = "", password: str = "", caps: Caps = ()
    ) -> list[str]:
        """By SASL PLAIN, as clients do; what was heard after CAP END."""
        self._introduces(name, caps)
        claimed = f"{name}@{device}" if device else name
        given = sasl_plain(claimed, password or self._password)
        self._asks("AUTHENTICATE PLAIN", f"AUTHENTICATE {given}", until=" 903 ")
        return self._enters()

    def registers(
        self, name: str, *, password: str = "", code: str = "*", caps: Caps = ()
    ) -> list[str]:
        """Make an account and complete the connection; what was heard. code: of an invite."""
        self._introduces(name, caps)
        request = f"REGISTER * {code} :{password or self._password}"
        return self._asks(request, until="REGISTER") + self._enters()

    def begins_login(
        self, name: str, *, password: str = "", caps: Caps = (), end: bool = True
    ) -> None:
        """Send all that a login needs at once, and wait for nothing. end: with CAP END."""
        self.nick = name
        given = sasl_plain(name, password or self._password)
        self.sends(f"CAP REQ :sasl {_joined(caps)}", f"NICK {name}", f"USER {name} 0 * :x")
        self.sends("AUTHENTICATE PLAIN", f"AUTHENTICATE {given}", *["CAP END"] * end)

    def _introduces(self, name: str, caps: Caps) -> None:
        self.nick = name
        self.sends("CAP LS 302", f"NICK {name}", f"USER {name} 0 * :{name.title()}")
        self._asks(f"CAP REQ :sasl {_joined(caps)}".rstrip(), until=" ACK ")

    def _enters(self) -> list[str]:
        heard = self._asks("CAP END", until=_ends_greeting)
        return heard if self.link.settles else heard + self.hears()

    def _asks(self, *lines: str, until: str | Callable[[str], bool]) -> list[str]:
        """Where all has come at once the answer may be another one, or none yet."""
        self.sends(*lines)
        return self.hears() if self.link.settles else self.hears_until(until)


def _joined(caps: Caps) -> str:
    return caps if isinstance(caps, str) else " ".join(caps)


def _ends_greeting(line: str) -> bool:
    return " 376 " in line or " 422 " in line


# What was heard


def codes(lines: list[str]) -> list[str]:
    """The commands and numerics of some lines."""
    return [parse(line).command for line in lines]


def only(lines: list[str]) -> Message:
    """The one line that was heard, parsed."""
    assert len(lines) == 1, lines
    return parse(lines[0])


def of(lines: list[str], *commands: str) -> list[Message]:
    """Those of some lines that are of these commands, parsed."""
    return [message for line in lines if (message := parse(line)).command in commands]


def batched(lines: list[str], *kind: str) -> list[Message]:
    """What stands in the one batch that was heard, without its tag. kind: its type, and what
    follows that.
    """
    first, *within, last = map(parse, lines)
    reference = first.params[0].removeprefix("+")
    assert (first.command, first.params) == ("BATCH", ["+" + reference, *kind])
    assert (last.command, last.params) == ("BATCH", ["-" + reference])
    assert all(line.tags.pop("batch", None) == reference for line in within)
    return within


def source(name: str) -> str:
    """The source of a member's lines."""
    return f":{name}!{name}@{SERVER}"


def sasl_plain(name: str, password: str, authzid: str = "") -> str:
    """A SASL PLAIN payload in one chunk."""
    return b64encode(f"{authzid}\0{name}\0{password}".encode()).decode()
