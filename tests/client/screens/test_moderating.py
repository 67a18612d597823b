"""A moderator's hour in the line mode: what is typed, what our server does, what is told."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from securechat.client.screens import commands
from securechat.client.screens.complete import candidates
from securechat.client.screens.composer import Composer
from securechat.client.session.actions import Action
from securechat.client.session.events.base import ClientEvent
from securechat.client.session.events.connection import Ready
from securechat.client.session.identity import Login
from securechat.client.session.output import Output
from securechat.client.session.session import ClientSession
from securechat.client.text.lines import plain
from securechat.client.text.render import Renderer
from securechat.client.timeline.conversations import Conversations
from securechat.irc.message import parse
from tests.support.links import TlsLink
from tests.support.server import PASSWORD, ServerUnderTest, running


class Typist:
    """Somebody at a terminal of their own. It reads when something is waited for."""

    def __init__(self, server: ServerUnderTest, name: str) -> None:
        self.session = ClientSession(Login(name, PASSWORD))
        self.composer = Composer(self.session.channels, commands.run)
        self.composer.remember(Conversations(name, fetches=False))
        self._renderer = Renderer(lambda: datetime.now(UTC))
        self._link = TlsLink(server.port, server.ca)
        self._link.sock.settimeout(4)
        self._lines: deque[str] = deque()
        self._ready = False
        self._take(self.session.opened(time.monotonic()))
        while not self._ready:
            self._read()

    def types(self, line: str) -> None:
        for item in self.composer.line(line):
            if isinstance(item, Action):
                self._take(self.session.act(item, time.monotonic()))
            else:
                self._show(item)

    def sees(self, *texts: str) -> None:
        """These lines come, in this order; what comes between them is passed over."""
        for text in texts:
            seen: list[str] = []
            while not (seen and text in seen[-1]):
                try:
                    while not self._lines:
                        self._read()
                except TimeoutError:
                    pytest.fail(f"{text!r} didn't come; before it came {seen}")
                seen.append(self._lines.popleft())
                assert len(seen) < 50, f"{text!r} isn't in {seen}"

    def does(self, line: str, *texts: str) -> None:
        """Types, and sees what comes of it."""
        self._lines.clear()
        self.types(line)
        self.sees(*texts)

    def leaves(self) -> None:
        self._link.close("")

    def _read(self) -> None:
        self._take(self.session.receive(parse(self._link.receive()), time.monotonic()))

    def _take(self, out: Output) -> None:
        if out.lines:
            self._link.send([line.encode() for line in out.lines])
        for event in out.events:
            self._show(event)

    def _show(self, event: ClientEvent) -> None:
        self._ready = self._ready or isinstance(event, Ready)
        for shown in (event, *self.composer.notice(event)):
            self._lines += [plain(line)[6:] for line in self._renderer.render(shown)]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerUnderTest]:
    with running(tmp_path / "server", "alice", "bob", "carol") as server:
        yield server


def test_a_moderators_hour(server: ServerUnderTest) -> None:
    """Each command is answered by what has happened, to who does it and to the others."""
    alice, bob, carol = (Typist(server, name) for name in ("alice", "bob", "carol"))
    alice.does("/create lab", "you are in #lab", "#lab is yours now")
    bob.does("/create #lab", "#lab was there already")
    alice.sees("bob joined #lab")
    bob.does("/op carol", "only who runs #lab may do that")
    alice.does("/op ghost", "nobody by the name ghost is here")
    alice.does("/op carol", "carol isn't in #lab")
    alice.does("/voice bob", "alice gives bob a voice in #lab")
    alice.does("/voice bob", "that is so already: nothing was changed in #lab")
    alice.does("/op bob", "alice makes bob an operator of #lab")
    bob.sees("alice makes bob an operator of #lab")
    bob.does("/deop alice", "Only an owner (~) can change an owner")
    alice.does("/deop bob", "bob is no operator of #lab any more (by alice)")
    _private(alice, bob, carol)
    _messages(alice, bob)
    _bans(alice, bob)
    _names(alice, bob)
    for typist in (alice, bob, carol):
        typist.leaves()


def _private(alice: Typist, bob: Typist, carol: Typist) -> None:
    alice.does("/private", "alice makes #lab private: only who is invited comes in")
    alice.does("/private", "that is so already")
    alice.does("/mode", "how #lab is set:", "  private", "(+n)")
    carol.does("/join #lab", "#lab is private: who runs it has to invite you")
    carol.does("/list lab", "there is no such channel that you may see")
    bob.does("/invite carol", "only who runs #lab may do that")
    alice.does("/invite bob", "bob is in #lab already")
    alice.does("/invite carol", "carol is invited to #lab, and is told so")
    carol.sees("alice invites you to #lab; enter with /join #lab")
    carol.does("/invite", "you are invited to: #lab")
    assert candidates(carol.composer, "/join #la")[1] == ["#lab "]
    carol.does("/join #lab", "you are in #lab")
    alice.does("/private off", "alice opens #lab to all")
    carol.does("/list lab", "1 channel", "  #lab (3)")
    alice.does("/topic Chemistry, Mondays", "alice set the topic of #lab: Chemistry, Mondays")
    alice.does("/topic -", "alice took the topic of #lab away")
    carol.does("/retention", "`securechat-admin channel retention`", "kept")


def _messages(alice: Typist, bob: Typist) -> None:
    bob.does("an insult", "<bob> an insult")
    alice.sees("<bob> an insult")
    alice.does("/reply bob no insults, please", "<alice> (to bob")
    bob.sees("<alice> (to bob")
    bob.does("/react alice :+1:", "bob reacts with 👍 to alice")
    alice.does("/redact bob insult", "alice removed the message of bob")
    bob.sees("alice removed the message of bob")
    bob.does("/redact alice", "You may redact your own messages")
    alice.does("/redact", "alice removed their own message")
    bob.sees("alice removed their own message")
    bob.does("/unreact alice :+1:", "no message of alice is here")


def _bans(alice: Typist, bob: Typist) -> None:
    bob.does("/kick alice", "only who runs #lab may do that")
    alice.does("/kick bob no ads", "bob was removed from #lab by alice (no ads)")
    bob.sees("you were removed from #lab by alice (no ads)")
    alice.does("/kick bob", "bob isn't in #lab")
    bob.does("/join #lab", "you are in #lab")
    alice.sees("bob joined #lab")
    alice.does("/ban bob ads, again", "alice bans bob from #lab", "bob was removed from #lab")
    bob.sees("you were removed from #lab by alice (ads, again)")
    bob.does("/join #lab", "you are banned from #lab")
    alice.does("/ban", "banned from #lab:", "  bob (by alice)")
    assert candidates(alice.composer, "/unban ")[1] == ["bob "]
    alice.does("/unban bob", "alice lifts the ban of bob in #lab: they may come again")
    alice.does("/unban bob", "no such ban is in #lab")
    alice.does("/ban", "nobody is banned from #lab")
    bob.does("/join #lab", "you are in #lab")


def _names(alice: Typist, bob: Typist) -> None:
    bob.does("/away at lunch", "you are away now; /back ends it")
    alice.does("/whois bob", "bob:", "  away: at lunch", "#lab")
    bob.does("/back", "you are back")
    alice.does("/whois ghost", "nobody by the name ghost is here")
    alice.does("/who ghost", "nobody by the name ghost is online")
    bob.does("/rename chemistry", "only who runs #lab may do that")
    alice.does("/rename chemistry a new year", "alice has renamed #lab to #chemistry")
    bob.sees("alice has renamed #lab to #chemistry (a new year)")
    assert (alice.composer.target, bob.composer.target) == ("#chemistry", "#chemistry")
    alice.does("/raw MODE #chemistry +m", "alice moderates #chemistry")
    alice.does("/raw PONG", "said by this program itself")
    alice.does("/raw FOO bar", "this server has no command FOO")
    alice.does("/drop #chemistry over", "you left #chemistry (over)")
    bob.sees("you were removed from #chemistry by alice (over)")
