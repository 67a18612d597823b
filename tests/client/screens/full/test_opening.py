"""What becomes of what is chosen in a view."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from textual.pilot import Pilot

from securechat.client.exits import Exit
from securechat.client.screens import commands
from securechat.client.screens.composer import Composer
from securechat.client.screens.full.app import FullScreen
from securechat.client.screens.full.frames import Wishes
from securechat.client.screens.full.views.channels import ChannelList
from securechat.client.screens.full.views.confirm import Confirm
from securechat.client.screens.full.views.help import HelpView
from securechat.client.screens.full.views.menu import MessageMenu
from securechat.client.screens.full.views.search import SearchView
from securechat.client.session.actions import (
    Action,
    AskMentions,
    AskRange,
    AskSearch,
    React,
    Say,
    ServerCommand,
)
from securechat.client.session.channels import JoinedChannels
from securechat.client.session.events.answers import ChannelsAre, ListedChannel
from securechat.client.session.events.base import ClientEvent, Problem
from securechat.client.session.events.channels import Joined
from securechat.client.session.events.connection import Ready
from securechat.client.session.events.history import MentionsTold, RangeTold, SearchPage
from securechat.client.timeline.conversations import Conversations
from securechat.client.wire.mailbox import Sink
from tests.client.screens.full.views.shown import press, settled
from tests.client.timeline.said import said


@dataclass
class Server:
    """In the place of the client: keeps what is submitted."""

    submitted: list[Action] = field(default_factory=list)
    sink: Sink | None = None

    def submit(self, action: Action) -> bool:
        self.submitted.append(action)
        return True

    def attach(self, sink: Sink) -> None:
        self.sink = sink

    def last(self, kind: type[Action]) -> Action:
        return next(one for one in reversed(self.submitted) if isinstance(one, kind))


class Desk:
    """Alice at her screen, who is in #lobby and #lab."""

    def __init__(self, pilot: Pilot[Exit], app: FullScreen, server: Server) -> None:
        self.pilot, self.app, self.server = pilot, app, server

    async def hears(self, *told: ClientEvent) -> None:
        assert self.server.sink is not None
        self.server.sink(told)
        await self.settles()

    async def presses(self, *keys: str) -> None:
        """Keys, or texts that are pasted."""
        for key in keys:
            await press(self.pilot, key)
        await self.settles()

    async def settles(self) -> None:
        self.app._frame()
        for _again in range(2):  # from the input up to the screen there are more steps
            await settled(self.pilot)

    async def is_told(self, *page: ClientEvent) -> None:
        """All questions are answered, the last one with a page."""
        asked = [one for one in self.server.submitted if isinstance(one, AskRange)]
        for one in asked[:-1]:
            await self.hears(RangeTold(one))
        await self.hears(RangeTold(asked[-1], page))
        self.server.submitted.clear()


def at_the_desk(does: Callable[[Desk], Awaitable[None]]) -> None:
    """Alice does something."""

    async def run() -> None:
        server, channels = Server(), JoinedChannels()
        composer = Composer(channels, commands.run)
        app = FullScreen(server, composer, Conversations("alice"), Wishes())
        async with app.run_test(size=(80, 24)) as pilot:
            desk = Desk(pilot, app, server)
            for channel in ("#lobby", "#lab"):
                channels.enter(channel)
                await desk.hears(Joined(channel, "alice", mine=True))
            await desk.hears(Ready("alice"))
            await desk.is_told(said("hello"), said("who has the keys?", 1))
            await does(desk)

    asyncio.run(run())


def test_the_switcher_goes_to_another_room() -> None:
    """Which is written to from then on; a second Ctrl-K opens no second box."""

    async def does(desk: Desk) -> None:
        await desk.presses("ctrl+k", "ctrl+k")
        await desk.presses("lab")
        await desk.presses("enter")
        assert desk.app.desk.composer.target == "#lab"
        assert len(desk.app.screen_stack) == 1

    at_the_desk(does)


def test_a_hit_is_shown_where_it_was_said() -> None:
    """With what stands around it, and selected; what isn't there any more is told."""

    async def does(desk: Desk) -> None:
        await desk.presses("ctrl+f")
        await desk.presses("old")
        await desk.presses("enter")
        assert desk.server.last(AskSearch) == AskSearch("old", typed="old")
        hits = said("older", -9, where="#lab"), said("old", -8, where="#lab")
        await desk.hears(SearchPage("old", hits))
        await desk.presses("enter")
        assert desk.server.last(AskRange).params[:3] == ("AROUND", "#lab", "msgid=old")  # type: ignore[attr-defined]
        await desk.is_told(*hits)
        assert desk.app.view.selected is not None
        assert desk.app.view.selected.text == "old"
        await desk.presses("ctrl+f", "down", "enter")
        assert desk.app.view.selected.text == "older"

    at_the_desk(does)


def test_a_mention_of_before_is_shown_where_it_was_said() -> None:
    """The server is asked each time, and the answer comes into the open view."""

    async def does(desk: Desk) -> None:
        await desk.presses("f4")
        assert AskMentions() in desk.server.submitted
        old = said("alice: old", -8, where="#lab")
        await desk.hears(MentionsTold((old,)))
        await desk.presses("enter")
        assert desk.server.last(AskRange).params[:3] == ("AROUND", "#lab", "msgid=alice: old")  # type: ignore[attr-defined]
        await desk.is_told(old)
        assert desk.app.view.selected is not None
        assert desk.app.view.selected.text == "alice: old"

    at_the_desk(does)


def test_history_scrolls_back() -> None:
    """What is older comes as one gets there; the rules of what is kept are the server's to tell."""

    async def does(desk: Desk) -> None:
        await desk.hears(*(said(f"line {number}", number) for number in range(60)))
        assert desk.app.view.at_bottom
        await desk.presses("/history", "enter")
        assert not desk.app.view.at_bottom
        await desk.presses("/history policy", "enter")
        assert desk.server.last(ServerCommand) == ServerCommand("POLICY", ("#lobby",))

    at_the_desk(does)


def test_a_server_without_search_says_so_in_the_box() -> None:
    """And not a second time in the conversation."""

    async def does(desk: Desk) -> None:
        await desk.presses("/search keys", "enter")
        assert isinstance(desk.app.screen, SearchView)
        before = len(desk.app.conversations.timeline("#lobby"))
        await desk.hears(Problem("this server offers no search", remote=False))
        assert len(desk.app.conversations.timeline("#lobby")) == before

    at_the_desk(does)


def test_a_message_is_answered_and_reacted_to() -> None:
    """Selected by an arrow, and then by one key each."""

    async def does(desk: Desk) -> None:
        await desk.presses("up", "enter")
        assert isinstance(desk.app.screen, MessageMenu)
        await desk.presses("e", "1")
        assert desk.server.last(React) == React("#lobby", "who has the keys?", "👍")
        await desk.presses("enter")
        await desk.presses("r")
        await desk.presses("I do")
        await desk.presses("enter")
        answer = desk.server.last(Say)
        assert isinstance(answer, Say)
        assert (answer.text, answer.reply) == ("I do", "who has the keys?")

    at_the_desk(does)


def test_very_many_lines_are_sent_after_a_question() -> None:
    """No leaves them where they were typed."""

    async def does(desk: Desk) -> None:
        text = "\n".join(f"line {number}" for number in range(20))
        desk.app.typed.put(text)
        await desk.presses("enter")
        assert isinstance(desk.app.screen, Confirm)
        await desk.presses("n")
        assert desk.app.typed.text == text
        assert not any(isinstance(one, Say) for one in desk.server.submitted)
        await desk.presses("enter", "y")
        assert desk.app.typed.text == ""
        assert desk.server.last(Say) == Say("#lobby", text)

    at_the_desk(does)


def test_what_is_copied_drives_no_terminal() -> None:
    """Neither the one that it is given to, nor the one where somebody pastes it."""

    async def does(desk: Desk) -> None:
        desk.app.copy("rm \x1b[2J\u202e\nsecond\x9b")
        assert desk.app.clipboard == "rm ^[[2J<U+202E>\nsecond\\x9b"

    at_the_desk(does)


def test_commands_open_views() -> None:
    """The channels of the server in a list, a day, all keys; `/help join` is told as ever."""

    async def does(desk: Desk) -> None:
        await desk.presses("/list", "enter")
        await desk.hears(ChannelsAre((ListedChannel("#lab", 3, "tea"),)))
        assert isinstance(desk.app.screen, ChannelList)
        await desk.presses("enter")
        assert desk.app.desk.composer.target == "#lab"
        await desk.presses("/help", "enter")
        assert isinstance(desk.app.screen, HelpView)
        await desk.presses("escape", "/jump 2026-01-31", "enter")
        asked = desk.server.last(AskRange)
        assert isinstance(asked, AskRange)
        assert asked.params[:2] == ("AROUND", "#lab")
        await desk.presses("/help join", "enter")
        assert len(desk.app.screen_stack) == 1

    at_the_desk(does)


def test_home_leads_to_the_very_beginning() -> None:
    """It asks for that alone; where the beginning is there already it asks for nothing."""

    async def does(desk: Desk) -> None:
        here = desk.app.desk.here
        assert here is not None
        here.at_start = False
        await desk.presses("ctrl+home")
        asked = desk.server.last(AskRange)
        assert isinstance(asked, AskRange)
        assert asked.params[:3] == ("AROUND", "#lobby", "timestamp=1970-01-01T00:00:00.000Z")
        here.at_start = True
        desk.server.submitted.clear()
        await desk.presses("ctrl+home")
        assert desk.server.submitted == []

    at_the_desk(does)
