"""What was done in a channel, and what was asked for, in sentences."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from securechat.client.session.actions import SendLine, ServerCommand
from securechat.client.session.events.answers import (
    ChannelsAre,
    CommandDone,
    HasInvited,
    InvitationsAre,
    ListedChannel,
    Mask,
    MasksAre,
    ModesAre,
    NobodyFits,
    WeAreAway,
    WhoisTold,
)
from securechat.client.session.events.base import ClientEvent
from securechat.client.session.events.channels import TopicIs
from securechat.client.text import answered
from securechat.client.text.answered import answer

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def done(name: str, *params: str) -> CommandDone:
    return CommandDone(ServerCommand(name, params), quiet=True)


@pytest.mark.parametrize(
    ("event", "rows"),
    [
        (HasInvited("bob", "#lab"), ["bob is invited to #lab, and is told so"]),
        (InvitationsAre(("#a", "#b")), ["you are invited to: #a #b"]),
        (InvitationsAre(()), ["you are invited nowhere at the moment"]),
        (WeAreAway(True), ["you are away now; /back ends it"]),
        (WeAreAway(False), ["you are back: nobody sees you as away any more"]),
        (NobodyFits("bob"), ["nobody by the name bob is online"]),
        (NobodyFits("#lab"), ["nobody is in #lab, or you may not see it"]),
        (TopicIs("#lab", "", "bob"), ["bob took the topic of #lab away"]),
        (TopicIs("#lab", "x", "bob"), []),
        (
            ModesAre("#lab", ("+m",)),
            ["how #lab is set:", "  only who has a role or a voice may speak (+m)"],
        ),
        (ModesAre("#lab", ("+",)), ["#lab is open: all may come in and speak"]),
        (MasksAre("#lab", "b", ()), ["nobody is banned from #lab"]),
        (
            MasksAre("#lab", "b", (Mask("~a:bob", "alice"), Mask("*!*@x"))),
            ["banned from #lab:", "  bob (by alice)", "  *!*@x"],
        ),
        (ChannelsAre(()), ["there is no such channel that you may see"]),
        (
            ChannelsAre((ListedChannel("#a", 1, ""), ListedChannel("#b", 2, "tea"))),
            ["2 channels, with how many are there:", "  #b (2): tea", "  #a (1)"],
        ),
        (
            WhoisTold("bob", "Bob B.", "rob", ("@#lab",), "lunch", 120, NOON, admin=True, bot=True),
            [
                "bob (Bob B.):",
                "  logged in as rob",
                "  administers this server",
                "  is a bot",
                "  away: lunch",
                "  in @#lab",
                "  here since 01 January, 13:00",
                "  silent for 2 minutes",
            ],
        ),
        (WhoisTold("bob", "bob", "bob", idle=3), ["bob:"]),
        (
            done("MODE", "#lab", "-b", "x"),
            ["no such ban is in #lab, so there was none to lift; /ban shows all"],
        ),
        (done("MODE", "#lab", "+o", "bob"), ["that is so already: nothing was changed in #lab"]),
        (done("INVITE", "bob", "#lab"), ["that is so already: nothing was changed in #lab"]),
        (done("JOIN", "#lab"), []),
        (CommandDone(ServerCommand("MODE", ("#lab", "+m"))), []),
        (
            CommandDone(SendLine("X"), quiet=True),
            ["the server has taken the line, and says nothing to it"],
        ),
    ],
)
def test_an_answer_in_words(event: ClientEvent, rows: list[str]) -> None:
    """A row each; times are where we are."""
    assert answer(event, NOON.astimezone(timezone(timedelta(hours=1)))) == rows


def test_a_long_list_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """And says how much more there is."""
    monkeypatch.setattr(answered, "ROWS", 2)
    masks = MasksAre("#lab", "b", tuple(Mask(f"m{number}") for number in range(5)))
    assert answer(masks, NOON) == ["banned from #lab:", "  m0", "  m1", " and 3 more"]
