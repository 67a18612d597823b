"""What a hostile server can say: every command the client knows, and texts that do harm."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import import_module
from pkgutil import iter_modules

from securechat.client.session import events, handshake, inbound
from securechat.client.session.actions import AskRange, ServerCommand
from securechat.client.session.events.base import ClientEvent
from securechat.client.session.handshake import FETCHING, NO_REPLAY, SHOWING, Missed
from securechat.client.session.identity import AccountRequest, Login
from securechat.client.session.labels import CAPABILITY as LABELS
from securechat.client.text.lines import plain
from securechat.client.text.render import Renderer
from securechat.common.record import fields
from securechat.irc.numerics import Numeric
from tests.client.dialogue import Talk, arrival
from tests.client.dialogue import handshake as shakes_hands
from tests.client.scripted import OFFER

PASSWORD = "correct horse battery staple"

COMMANDS = sorted(
    {
        *handshake._HANDLERS,
        *handshake._SASL_FAILURES,
        *inbound._HANDLERS,
        *(numeric.value for numeric in Numeric),
        *("PRIVMSG", "NOTICE", "TAGMSG", "PING", "PONG", "FAIL", "WARN", "NOTE", "AWAY", "ACCOUNT"),
        *("CHGHOST", "SETNAME", "WALLOPS", "REDACT", "MARKREAD", "010", "399", "599", "760", "999"),
    }
)
"""From the client's own tables, so that a new handler is attacked as well."""

SEQUENCES = [
    *map(chr, [*range(1, 10), 11, 12, *range(14, 32), 127, *range(128, 160)]),
    "\x1b[2J\x1b[H",
    "\x1b[31;1m",
    "\x1b]0;title\x07",
    "\x1b]8;;http://evil.test\x1b\\link\x1b]8;;\x1b\\",
    "\x1b]52;c;ZXZpbA==\x07",
    "\x1bP+q544e\x1b\\",
    "\x1b[6n\x1b[c\x1b[>c",
    "\x1b[?1049h\x1b[?25l\x1b[?2004l",
    "\x1bc",
    "\x1b(0lqqk",
    "\x9b2J\x9d0;title\x9c",
    "\u202etxet desrever\u202c",
    "\u2066\u2067\u2068x\u2069",
    "\u200b\u200c\u200d\u2060\ufeff\u00ad",
    "\u2028\u2029\u0085",
    "e" + "\u0301" * 200,
    "\u0e2a" + "\u0e47" * 200,
    "\u1100" + "\u1161" * 200,
    "\u20dd\u20de\u20e3\ufe0f" * 20,
    "\U000e0041\U000e0042\U000e007f",
    "\ufff9\ufffa\ufffb\ufffd\ufffe\uffff",
    "\x02bold\x0304,12colour\x04ff0000\x1ditalic\x1funder\x0f",
    "\x01ACTION waves\x01",
    "\x01DCC SEND evil 1 2 3\x01",
    "\u3000\u00a0\u2003\u1680 spaces \t tabs",
    "\u4e16" * 300,
    "\U0001f468\u200d\U0001f469\u200d\U0001f467" * 50,
    "A" * 3000,
    "\ufdfa" * 100,
]
"""For a terminal, for the eye, and for those who count columns."""

LONGEST = 20_000
"""Characters of one line: what is cut at 2048, each of them written as <U+10FFFF>."""

_MARK = "\u0300-\u036f\u0e47-\u0e4e\u1160-\u11ff\u20d0-\u20f0\ufe00-\ufe0f"
_MARKS = re.compile(f"[{_MARK}]{{9,}}")
"""More on one letter than any script needs: they climb over the lines above."""

NOON = datetime(2025, 11, 22, 12, 0, tzinfo=UTC)


def is_inert(line: str) -> bool:
    """One line that moves no cursor, reorders and hides nothing, and keeps to its own row."""
    if len(line) > LONGEST or _MARKS.search(line):
        return False
    return line.isprintable() or all(map(_is_harmless, line))


def _is_harmless(char: str) -> bool:
    """Spaces of any width move nothing but the letters behind them; joiners stand in words."""
    return char.isprintable() or char in "\u200c\u200d" or unicodedata.category(char) == "Zs"


def shown(*events: ClientEvent, channels: int = 2) -> list[str]:
    """The lines that a person sees, without styles."""
    renderer = Renderer(lambda: NOON, placed=channels > 1)
    return [plain(line) for event in events for line in renderer.render(event)]


def kinds() -> Iterator[type[ClientEvent]]:
    """Every kind of event there is, of all families."""
    for family in iter_modules(events.__path__, f"{events.__name__}."):
        import_module(family.name)
    waiting = list(ClientEvent.__subclasses__())
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        yield kind


def text_fields(kind: type[ClientEvent]) -> list[str]:
    """Those of its fields that hold text."""
    return [item.name for item in fields(kind) if "str" in str(item.type)]


# --- how far a connection has come ----------------------------------------------------------------


def dialled() -> Talk:
    talk = Talk(Login("alice", PASSWORD))
    talk.opens()
    return talk


def requesting() -> Talk:
    talk = dialled()
    talk.hears(f"CAP * LS :{OFFER}")
    return talk


def authenticating() -> Talk:
    talk = requesting()
    talk.hears("CAP * ACK :sasl echo-message batch")
    return talk


def proving() -> Talk:
    talk = authenticating()
    talk.hears("AUTHENTICATE +")
    return talk


def registering() -> Talk:
    talk = Talk(AccountRequest("alice", PASSWORD, "CODE"))
    talk.opens()
    talk.hears(f"CAP * LS :{OFFER} draft/account-registration")
    talk.hears("CAP * ACK :sasl echo-message draft/account-registration")
    return talk


def replaying() -> Talk:
    talk = Talk(Login("alice", PASSWORD))
    shakes_hands(talk)
    talk.hears(*arrival()[:-1])
    return talk


def online() -> Talk:
    talk = Talk(Login("alice", PASSWORD))
    shakes_hands(talk)
    talk.hears(*arrival(channels=("#lobby", "#den")))
    talk.shows()
    return talk


def asking() -> Talk:
    """Has said something, and waits for what becomes of it."""
    talk = online()
    talk.says("hello")
    talk.says("hello", "bob")
    return talk


def showing() -> Talk:
    """A full screen at a server that offers all; questions and commands are on their way."""
    talk = Talk(Login("alice", PASSWORD), missed=Missed.FETCHED)
    shakes_hands(talk, f"{OFFER} {LABELS} {NO_REPLAY} {SHOWING} {' '.join(FETCHING)}")
    talk.hears(*arrival(channels=("#lobby", "#den"))[:-1], "005 alice WHOX :are supported")
    talk.hears(arrival()[-1])
    talk.says("hello")
    for question in (("LATEST", "#lobby", "*", "9"), ("TARGETS", "x", "y", "9")):
        talk.does(AskRange(question))
    talk.does(ServerCommand("WHO", ("bob",)))
    talk.shows()
    return talk


STAGES = [dialled, requesting, authenticating, proving, registering, replaying, online, asking]
