"""Our client: a script of what a server sends and of what is typed, over several connections.

Whatever comes, nothing but sound lines goes out, what is shown is clean, and nothing that was typed
vanishes without a word.

Each line of a script is a step; its first letter says which:

    <line   the server sends it        >line   the person types it
    H       the server lets us in      c, o    the connection is lost, there is another
    t60     so many seconds pass       R       begin as one who registers (as the first step)
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from securechat.client.screens import commands
from securechat.client.screens.composer import Composer
from securechat.client.session.actions import Action, Say
from securechat.client.session.events.base import ClientEvent
from securechat.client.session.events.deliveries import Doubt, Rejected, Stored, Unconfirmed
from securechat.client.session.identity import AccountRequest, Login
from securechat.client.session.output import Output
from securechat.client.session.session import SYNC, ClientSession, Stage
from securechat.client.text.lines import plain, wrap
from securechat.client.text.render import Renderer
from securechat.client.wire import stream
from securechat.common.escape import escape
from securechat.irc.framing import LineBuffer
from securechat.irc.message import parse
from tests.fuzz.target import Target

MAX_STEPS = 300
MAX_SECONDS = 1000
NOW = datetime(2026, 1, 31, 12, tzinfo=timezone(timedelta(hours=-11)))
WIDTH = 30
"""Columns of the screen."""
LAST_WORDS = (Doubt.UNSENT, Doubt.UNKNOWN)

_CAPS = b"batch draft/account-registration echo-message message-tags sasl server-time"
LETS_IN = (
    b":s CAP * LS :" + _CAPS,
    b":s CAP * ACK :" + _CAPS,
    b"AUTHENTICATE +",
    b":s REGISTER SUCCESS alice :Welcome",
    b":s 903 * :fine",
    b":s 001 alice :Welcome",
    b":s 376 alice :End of MOTD",
    b":s PONG s " + SYNC.encode(),
)


class Desktop:
    """A client without a network and without a screen."""

    def __init__(self, credential: Login | AccountRequest) -> None:
        self.session = ClientSession(credential)
        self.composer = Composer(self.session.channels, commands.run)
        self._renderer = Renderer(lambda: NOW)
        self._buffer = LineBuffer(stream.MAX_INCOMING)
        self._now = 1000.0
        self.said = self.settled = 0

    def opens(self) -> None:
        """There is a connection."""
        if self.session.stage is Stage.OFFLINE and not self.session.finished:
            self._buffer = LineBuffer(stream.MAX_INCOMING)
            self._take(self.session.opened(self._now))

    def closes(self) -> None:
        """It is gone."""
        if self.session.stage is not Stage.OFFLINE:
            self._take(self.session.closed())

    def hears(self, line: bytes) -> None:
        """The server sends a line."""
        for whole in self._buffer.feed(line + b"\r\n"):
            message = stream._message(whole)
            if message is not None and self.session.stage is not Stage.OFFLINE:
                self._take(self.session.receive(message, self._now))

    def types(self, line: str) -> None:
        """The person does."""
        for item in self.composer.line(line):
            if isinstance(item, Action):
                self.said += isinstance(item, Say)
                self._take(self.session.act(item, self._now))
            else:
                self._show(item)

    def waits(self, seconds: int) -> None:
        """Time passes; the client wakes whenever it wants to."""
        until = self._now + seconds
        wake = self.session.wake_at()
        for _ in range(50):
            if wake is None or wake > until:
                break
            self._now = max(self._now, wake)
            self._take(self.session.tick(self._now))
            wake = self.session.wake_at()
        self._now = until
        self._take(self.session.tick(self._now))

    def ends(self) -> None:
        """There is no other connection: all that was said is accounted for."""
        self.closes()
        self._take(self.session.abandon())
        assert self.settled >= self.said, f"{self.said} said, {self.settled} accounted for"

    def _take(self, out: Output) -> None:
        for line in out.lines:
            assert not set("\0\r\n") & set(line), repr(line)
            assert parse(line).command
        for event in out.events:
            self.composer.notice(event)
            self._show(event)
        if out.hangup is not None:
            self.closes()

    def _show(self, event: ClientEvent) -> None:
        last = isinstance(event, Unconfirmed) and event.doubt in LAST_WORDS
        self.settled += last or isinstance(event, Stored | Rejected)
        for line in self._renderer.render(event):
            shown = plain(line)
            assert escape(shown) == shown, repr(shown)
            assert "\n" not in shown
            rows = wrap(line, WIDTH)
            assert sum(len(plain(row)) for row in rows) >= len(shown.replace(" ", ""))


def client(data: bytes) -> None:
    """Play a script."""
    steps = data.split(b"\n")[:MAX_STEPS]
    registers = steps[:1] == [b"R"]
    credential = AccountRequest("alice", "pass word") if registers else Login("alice", "pass word")
    desktop = Desktop(credential)
    desktop.opens()
    for step in steps:
        _play(desktop, step)
    desktop.ends()


def _play(desktop: Desktop, step: bytes) -> None:
    letter, rest = step[:1], step[1:]
    if desktop.session.finished:
        return
    if letter == b"<":
        desktop.hears(rest)
    elif letter == b">":
        desktop.types(rest.decode("utf-8", "replace"))
    elif letter == b"t":
        seconds = int(rest) if rest.isdigit() and len(rest) < 8 else 0
        desktop.waits(min(seconds, MAX_SECONDS))
    elif letter == b"c":
        desktop.closes()
    elif letter == b"o":
        desktop.opens()
    elif letter == b"H":
        for line in LETS_IN:
            desktop.hears(line)


_FROM_SERVER = (
    ":bob!b@s PRIVMSG #a :hi", "@msgid=x-1;time=2026-01-31T12:00:00.000Z :bob!b@s PRIVMSG alice :x",
    ":alice!a@s PRIVMSG #a :hello", ":alice!a@s JOIN #a", ":bob!b@s JOIN #a bob :Bob",
    ":bob!b@s PART #a :bye", ":bob!b@s QUIT :Quit: bye", ":bob!b@s KICK #a alice :out",
    ":bob!b@s NICK bobby", ":bob!b@s TOPIC #a :tea", ":s 332 alice #a :tea",
    ":s 353 alice = #a :~alice @bob +carol", ":s 366 alice #a :End", ":bob!b@s INVITE alice #b",
    ":bob!b@s MODE #a +o alice", ":s 005 alice PREFIX=(qov)~@+ :are supported",
    ":s BATCH +m0 chathistory #a", "@batch=m0;time=0001-01-01T00:00:00Z :bob!b@s PRIVMSG #a :old",
    ":s BATCH -m0", ":s PING :delivered-9", "PING :securechat", ":s PONG s securechat-in-sync",
    ":s CAP alice DEL :echo-message", ":s CAP * LS * :sasl", ":s CAP * NAK :sasl",
    "ERROR :Closing link: out", ":s NOTICE alice :The server stops", ":s 404 alice #a :Cannot send",
    ":s 401 alice bob :No such nick", ":s 400 alice PRIVMSG :Not stored", ":s 417 alice :Too long",
    ":s FAIL PRIVMSG X #a :no", ":s FAIL * TEMPORARILY_UNAVAILABLE :later", ":s WARN * X :careful",
    ":s FAIL AUTHENTICATE CODE_REQUIRED :code", ":s NOTE AUTHENTICATE WAIT 5 :wait",
    ":s NOTE TOKEN CREATED laptop sct1_x :token", ":s 904 * :wrong", ":s 464 * :wrong",
    ":s FAIL REGISTER WEAK_PASSWORD alice :weak", ":s 432 * alice :bad nick", ":s 433 * x :in use",
    ":s 352 alice #a bob s s bob H :0 Bob", ":s 311 alice bob s s * :Bob", ":s 372 alice :- motd",
    ":bob!b@s PRIVMSG #a :\x01ACTION waves\x01", ":bob!b@s PRIVMSG #a :\x1b[2J\x9b31m",
    ":b\u202eob!b@s PRIVMSG #a :\u200d\ufe0f",
)  # fmt: skip
_TYPED = (
    "hello", "/join #a", "/part", "/msg bob hi", "/me waves", "/topic tea", "/names", "/who",
    "/quit bye", "/help join", "//x", "exit", "/jion", "x" * 600, "/msg bob", "/msg a,b x",
)  # fmt: skip
_WORDS = ("H", "c", "o", "R", "t5", "t35", "t100", "t300")

CLIENT = Target(
    "client",
    client,
    tuple(
        step.encode()
        for step in (*_WORDS, *("<" + line for line in _FROM_SERVER), *(">" + t for t in _TYPED))
    ),
    by_lines=True,
    max_bytes=4096,
    weight=5,
)
