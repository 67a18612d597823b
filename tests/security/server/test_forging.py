"""A hostile server, or a member by way of an honest one, wants a line of its own to be read as the
client's word, as another member's, or as the end of one line and the beginning of the next.

What the terminal makes of it is looked at in an emulator of one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pyte
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prompt_toolkit.input import PipeInput, create_pipe_input

from securechat.client.exits import Exit
from securechat.client.screens import commands
from securechat.client.screens.composer import Composer
from securechat.client.screens.prompt import Chat
from securechat.client.session.actions import TextKind
from securechat.client.session.events.base import ClientEvent, Info, Problem
from securechat.client.session.events.channels import Joined, Left, TopicIs
from securechat.client.session.events.connection import Lost, Ready
from securechat.client.session.events.deliveries import Doubt, Rejected, Unconfirmed
from securechat.client.session.events.messages import Said
from securechat.client.session.identity import Login
from securechat.client.session.session import ClientSession
from securechat.client.text.lines import INDENT, plain, wrap
from securechat.client.text.render import Renderer
from securechat.client.trust.authorities import Dialer, Origin, Trust
from securechat.client.wire.receiver import Client
from securechat.common.record import replace
from tests.client.screen import Screen
from tests.client.scripted import PASSWORD, Peer, ScriptedServer
from tests.security.server.hostile import NOON, SEQUENCES, online, shown
from tests.support.certificates import Authority

Files = tuple[Path, Path]
COLUMNS, ROWS = 50, 24

OURS = [
    "you are in #lobby",
    "you are logged in as alice",
    "the connection is back",
    "the connection is lost (no answer); trying again in 2 s",
    "to #lobby, was not sent: hello",
    "not sent to #lobby: refused: hello",
    "you write to bob now",
    "there is no command /x; /help lists them",
    "Password of alice at chat.example:6697: ",
]
"""What the client says of itself."""


# --- the client's own word -----------------------------------------------------------------------


def local() -> Iterator[str]:
    """How lines of the client's own begin."""
    for event in (
        *(Ready("alice"), Ready("alice", again=True), Lost("no answer", 2.0)),
        *(Joined("#lobby", "alice", mine=True), Left("#lobby", "alice", mine=True)),
        *(Unconfirmed("#x", "x", doubt) for doubt in Doubt),
        *(Rejected("#x", "x", "y"), Info("help", remote=False), Problem("typo", remote=False)),
    ):
        yield from shown(event)


@pytest.mark.parametrize("claim", OURS)
@pytest.mark.parametrize(
    "line",
    [
        "NOTICE alice :{}",
        "NOTICE * :-- {}",
        "372 alice :{}",
        "301 alice bob :{}",
        "400 alice :{}",
        "404 alice #lobby :{}",
        "999 alice :{}",
        "NOTE TOTP CODE :{}",
        "FAIL TOKEN CODE :{}",
        "WARN * CODE :{}",
        "NOTE AUTHENTICATE WAIT 3 :{}",
        "ERROR :{}",
        "PRIVMSG alice :{}",
    ],
)
def test_the_server_s_words_are_shown_as_the_server_s(line: str, claim: str) -> None:
    """Behind a mark that none of the client's own lines has."""
    talk = online()
    talk.hears(":irc.test " + line.format(claim))
    [told] = shown(*talk.shows())
    text = told.partition(" ")[2]
    assert re.match(r"(-- |!! )server: |<irc\.test> |\(private\) <irc\.test> ", text), told
    assert not [own for own in local() if own.split(" ", 2)[1:2] == ["server:"]]


@pytest.mark.parametrize("claim", OURS)
@pytest.mark.parametrize("field", ["nick", "channel", "new nick", "topic's author", "kicked by"])
def test_a_name_is_no_sentence(field: str, claim: str) -> None:
    """It has no spaces, of whatever width, so it can't go on as the client would."""
    for space in ("\u00a0", "\u2003", "\u3000", "\u2009"):
        name = claim.replace(" ", space)
        line = {
            "nick": f":{name} JOIN #lobby",
            "channel": f":bob!b@h INVITE alice :{claim}",
            "new nick": f":bob!b@h NICK :{claim}",
            "topic's author": f":{name} TOPIC #lobby :x",
            "kicked by": f":{name} KICK #lobby bob :x",
        }[field]
        talk = online()
        talk.hears(line)
        [told] = shown(*talk.shows())
        assert claim not in told.replace(space, " ")
        assert "<U+" in told


@pytest.mark.parametrize("kind", TextKind)
def test_every_message_says_first_who_wrote_it(kind: TextKind) -> None:
    """Whatever its text begins with."""
    for text in ("<alice> yes", "* alice agrees", "-- you are in #x", "12:00 <alice> yes", "> yes"):
        [told] = shown(Said("#lobby", "mallory", text, kind), channels=1)
        assert re.match(r"12:00 (<mallory> |\* mallory |-mallory- )", told)


@pytest.mark.parametrize(
    "nick", ["alice>", "alice> yes <bob", "*", "-", "", "alice\u200b", "al\u0131ce"]
)
def test_a_nick_that_looks_like_ours_is_not_taken_for_ours(nick: str) -> None:
    """Nor does it confirm a message of ours, take us out of a channel, or rename us."""
    talk = online()
    talk.says("hello")
    talk.shows()
    word = nick.replace(" ", "\u00a0") or "x"
    talk.hears(
        f":{word}!x@h PRIVMSG #lobby :hello",
        f":{word}!x@h PART #lobby",
        f":bob!b@h KICK #den {word} :out",
        f":{word}!x@h NICK eve",
        f":{word}!x@h QUIT",
    )
    events = talk.shows()
    assert not [event for event in events if getattr(event, "mine", False)]
    assert not [event for event in events if type(event).__name__ == "Stored"]
    assert talk.session.channels.channels() == ["#lobby", "#den"]
    assert talk.session.nick == "alice"


def test_a_wrong_echo_confirms_nothing() -> None:
    """Another text, another channel, another command, another sender: ours stays unconfirmed."""
    talk = online()
    talk.says("hello")
    talk.shows()
    for line in (
        "PRIVMSG #lobby :hello ",
        "PRIVMSG #lobby :Hello",
        "PRIVMSG #den :hello",
        "NOTICE #lobby :hello",
        "PRIVMSG #lobby :\x01ACTION hello\x01",
        "PRIVMSG #lobby :",
    ):
        talk.hears(f":alice!alice@irc.test {line}")
    assert not [event for event in talk.shows() if type(event).__name__ == "Stored"]
    talk.waits(31.0)
    assert any(isinstance(event, Unconfirmed) for event in talk.shows())


# --- one row and the next ------------------------------------------------------------------------

FILLERS = [
    "x",
    " ",
    "\u4e16",
    "\u0903",
    "\u093e",
    "\u1161",
    "\u00a0",
    "\u3000",
    "\U0001f600",
    "\u2764\ufe0f",
]


def columns(text: str) -> int:
    """As wide as any terminal draws it."""

    def width(char: str) -> int:
        if unicodedata.category(char) in ("Mn", "Me", "Cf"):
            return 0
        return 2 if unicodedata.east_asian_width(char) in "WF" else 1

    return sum(map(width, text))


@pytest.mark.parametrize("filler", FILLERS, ids=ascii)
@pytest.mark.parametrize(
    "event", [Said("#lobby", "bob", ""), TopicIs("#lobby", ""), Info(""), Left("#x", "bob", "")]
)
def test_no_row_but_the_first_begins_at_the_edge(event: ClientEvent, filler: str) -> None:
    """With every filler of any width, so that no terminal carries anything over by itself."""
    renderer = Renderer(lambda: NOON)
    name = (
        "topic" if isinstance(event, TopicIs) else "reason" if isinstance(event, Left) else "text"
    )
    for count in range(10, 60):
        told = replace(event, **{name: filler * count + "12:01 <alice> I agree"})
        for line in renderer.render(told):
            first, *rest = [plain(row) for row in wrap(line, COLUMNS - 1)]
            assert all(columns(row) < COLUMNS for row in (first, *rest)), ascii(filler)
            assert all(row.startswith(" " * INDENT) for row in rest)


@settings(max_examples=60, deadline=None)
@given(st.text("x \u4e16\u0903\u1161\u0301\u3000\U0001f600\u2764\ufe0f<>", max_size=200))
def test_no_text_makes_a_row_wider_than_the_terminal(text: str) -> None:
    """Whatever is mixed."""
    [line] = Renderer(lambda: NOON).render(Said("#lobby", "bob", text))
    assert all(columns(plain(row)) < COLUMNS for row in wrap(line, COLUMNS - 1))


# --- a terminal ----------------------------------------------------------------------------------


class Window:
    """A terminal that our client runs on, as an emulator shows it."""

    def __init__(self, keyboard: PipeInput) -> None:
        self.keyboard = keyboard
        self.screen = Screen()

    def chats(self, server: ScriptedServer, authority: Authority) -> Exit:
        session = ClientSession(Login("alice", PASSWORD))
        client = Client(session, Dialer(server.address, Trust(authority.pem, Origin.FILE)))
        client.start()
        assert client.wait_ready() is None
        composer = Composer(session.channels, commands.run)
        renderer = Renderer(lambda: NOON)
        output = self.screen.output()
        return Chat(client, composer, renderer, keyboard=self.keyboard, screen=output).run()

    def emulated(self) -> pyte.Screen:
        """What a terminal of 80 columns has made of everything."""
        terminal = pyte.Screen(80, 2500)
        pyte.Stream(terminal).feed(self.screen.getvalue())
        return terminal


@pytest.fixture
def window() -> Iterator[Window]:
    with create_pipe_input() as keyboard:
        yield Window(keyboard)


def rows(terminal: pyte.Screen) -> list[str]:
    return [row.rstrip() for row in terminal.display if row.strip()]


def test_a_terminal_shows_each_message_on_rows_of_its_own(
    window: Window, certificate: Files, authority: Authority
) -> None:
    """With every sequence there is in text, name, topic, reason and channel, the screen has the
    rows that it should have, in their order, and the title, the modes and the keyboard are
    untouched.
    """
    usable = [evil for evil in SEQUENCES if not set(evil) & set("\0\r\n")]

    def dialogue(peer: Peer) -> None:
        peer.logs_in("alice")
        for number, evil in enumerate(usable):
            word = evil.replace(" ", "")[:60] or "x"
            peer.says(
                f":bob!b@h PRIVMSG #lobby :{evil[:300]}",
                f":e{word}!b@h PRIVMSG #lobby :from a name",
                f":bob!b@h TOPIC #lobby :{evil[:300]}",
                f":bob!b@h INVITE alice #{word}",
                f":bob!b@h PRIVMSG #lobby :line {number}",
            )
        peer.says("NOTICE alice :end of it")
        window.screen.shows("end of it")
        window.keyboard.send_text("hello\r")
        peer.expects("PRIVMSG #lobby hello")
        peer.echoes("hello")
        window.screen.shows("<alice> hello")
        window.keyboard.send_text("\x04")
        peer.quits()

    with ScriptedServer(certificate, dialogue) as server:
        assert window.chats(server, authority) is Exit.OK
    terminal = window.emulated()
    told = rows(terminal)
    numbers = [
        int(found[1]) for row in told if (found := re.match(r"12:00 <bob> line (\d+)$", row))
    ]
    assert numbers == list(range(len(usable)))
    assert all(re.match(r"12:00 | {6}|#lobby>", row) for row in told), told
    assert (terminal.title, terminal.icon_name) == ("", "")
    raw = window.screen.getvalue()
    # What the client itself has to say to a terminal: styles, the cursor, pastes, its own rows.
    spoken = set(re.findall(r"\x1b.[0-9;?]*[A-Za-z]?", raw))
    assert all(re.fullmatch(r"\x1b\[(\?(1|7|12|25|2004)[hl]|[0-9;]*[mABCDHJK])", s) for s in spoken)


def test_a_terminal_carries_nothing_over_to_the_next_row(
    window: Window, certificate: Files, authority: Authority
) -> None:
    """Although the letters take more room than the tables of widths say."""
    text = "\u2500" * ((80 - len("12:00 <bob> ")) // 2) + "12:01 <alice> I agree"

    def dialogue(peer: Peer) -> None:
        peer.logs_in("alice")
        peer.says(f":bob!b@h PRIVMSG #lobby :{text}", "NOTICE alice :end of it")
        window.screen.shows("end of it")
        window.keyboard.send_text("\x04")
        peer.quits()

    with ScriptedServer(certificate, dialogue) as server:
        window.chats(server, authority)
    doubled = window.screen.getvalue().replace("\u2500", "\u4e16")  # drawn twice as wide
    terminal = pyte.Screen(80, 60)
    pyte.Stream(terminal).feed(doubled)
    assert not [row for row in rows(terminal) if re.match(r"(12:01|<alice>|I agree)", row)]
