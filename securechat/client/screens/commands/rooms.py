"""Channels: /join /create /part /names /list /topic /invite /private /mode /rename /retention
/drop.
"""

from __future__ import annotations

from securechat.client.screens.commands.registry import (
    OPERATORS,
    OWNERS,
    Group,
    as_channel,
    as_name,
    channel_first,
    command_of,
    usage,
)
from securechat.client.screens.composer import (
    CHANNEL_SIGN,
    NOWHERE,
    Composed,
    Composer,
    target_problem,
)
from securechat.client.session.actions import ServerCommand
from securechat.client.session.events.base import Info, Problem
from securechat.common.language import _

command = command_of(Group.ROOMS)


@command(
    "/join #CHANNEL [KEY]",
    "enter a channel, or go to one you are in",
    ("room", "nothing"),
    example="/join #lab",
)
def _join(composer: Composer, rest: str) -> Composed:
    channel, *keys = rest.split() or [""]
    if not channel:
        return usage("join")
    channel = as_channel(channel)
    if problem := target_problem(channel):
        return [problem]
    # At once: were the next line to go to the old channel until the server has answered, a fast
    # typist would say it to the wrong people. In a channel that refuses us it is refused as well.
    composer.aim(channel)
    if channel in composer.channels:
        return [Info(f"you write to {channel} now", remote=False)]
    return [ServerCommand("JOIN", (channel, *keys) if len(keys) == 1 else (channel,))]


@command(
    "/create #CHANNEL",
    "make a new channel, which is yours then; /private closes it to others",
    ("nothing",),
    who="everybody",
    example="/create #lab",
)
def _create(composer: Composer, rest: str) -> Composed:
    name = rest.partition(" ")[0]
    if not name:
        return usage("create")
    channel = as_channel(name)
    if problem := target_problem(channel):
        return [problem]
    composer.aim(channel)
    if channel in composer.channels:
        text = _("{channel} is there already, and you are in it; you write to it now")
        return [Info(text.format(channel=channel), remote=False)]
    composer.noticed.creates(channel)
    return [ServerCommand("JOIN", (channel,))]


@command("/part [#CHANNEL] [REASON]", "leave a channel for good", ("channel?", "text"))
def _part(composer: Composer, rest: str) -> Composed:
    channel, reason = channel_first(composer, rest)
    if not channel:
        return usage("part")
    return [ServerCommand("PART", (channel, reason) if reason else (channel,))]


@command("/names [#CHANNEL]", "show who is in a channel", ("channel",))
def _names(composer: Composer, rest: str) -> Composed:
    channel, _more = channel_first(composer, rest)
    return [ServerCommand("NAMES", (channel,))] if channel else usage("names")


@command(
    "/list [WORD]",
    "show which channels there are, or those with WORD in their names",
    ("nothing",),
    example="/list lab",
)
def _list(_composer: Composer, rest: str) -> Composed:
    word = rest.partition(" ")[0]
    if not word:
        return [ServerCommand("LIST", ())]
    if problem := target_problem(word):
        return [problem]
    plain = not {"*", "?", "<", ">"} & set(word)
    return [ServerCommand("LIST", (f"*{word}*" if plain else word,))]


@command(
    "/topic [#CHANNEL] [TEXT]",
    "show what a channel is about, or say it; a - alone takes it away",
    ("channel?", "text"),
    who="to show it everybody; to set it the operators (@) and owners (~), where it is +t",
    example="/topic Chemistry, Mondays at 10",
)
def _topic(composer: Composer, rest: str) -> Composed:
    channel, text = channel_first(composer, rest)
    if not channel:
        return usage("topic")
    if text == "-":
        return [ServerCommand("TOPIC", (channel, ""))]
    return [ServerCommand("TOPIC", (channel, text) if text else (channel,))]


@command(
    "/invite [#CHANNEL] NAME…",
    "let somebody into a channel; alone: show where you are invited",
    ("channel?", "name"),
    who="all in an open channel; in a private one its operators (@) and owners (~)",
    example="/invite bob",
)
def _invite(composer: Composer, rest: str) -> Composed:
    if not rest:
        return [ServerCommand("INVITE", ())]
    words = rest.split()
    # Some write the channel behind the names, as INVITE itself has it.
    channel = next((word for word in words if word.startswith(CHANNEL_SIGN)), "")
    names = [as_name(word) for word in words if word != channel]
    channel = channel or channel_first(composer, "")[0]
    if not channel or not names:
        return usage("invite")
    problems = [problem for name in names if (problem := target_problem(name))]
    return [*problems] or [ServerCommand("INVITE", (name, channel)) for name in names]


@command(
    "/private [#CHANNEL] [off]",
    "close a channel: only who is invited comes in, and others can't see it; off: open it again",
    ("channel?", "off"),
    who=OPERATORS,
    example="/private",
)
def _private(composer: Composer, rest: str) -> Composed:
    channel, word = channel_first(composer, rest)
    if not channel or word.lower() not in ("", "on", "off"):
        return usage("private")
    return [ServerCommand("MODE", (channel, "-is" if word.lower() == "off" else "+is"))]


@command(
    "/mode [#CHANNEL] [MODES [WORDS]]",
    "show how a channel is set, or set it: +m or -m (only who has a voice speaks), +l 30, +k KEY",
    ("channel?", "modes", "member"),
    who="to show it everybody; to set it operators (@) and owners (~) of the channel",
    example="/mode +m",
)
def _mode(composer: Composer, rest: str) -> Composed:
    first, *more = rest.split() or [""]
    if first[:1] in ("+", "-", ""):
        channel, words = channel_first(composer, "")[0], [first, *more] if first else []
    else:
        channel, words = first, more
    if not channel:
        return usage("mode")
    if problem := target_problem(channel):
        return [problem]
    return [ServerCommand("MODE", (channel, *words))]


@command(
    "/rename [#CHANNEL] #NEW [REASON]",
    "give a channel another name; its people, roles and history stay",
    ("channel?", "nothing"),
    who=OWNERS,
    example="/rename #chemistry",
)
def _rename(composer: Composer, rest: str) -> Composed:
    words = rest.split(maxsplit=2)
    # A channel that we are in is the old name: no other can get it.
    both = len(words) > 1 and (words[1].startswith(CHANNEL_SIGN) or words[0] in composer.channels)
    if both:
        old, new, *reason = words
    else:
        old, (new, *reason) = channel_first(composer, "")[0], (rest.split(maxsplit=1) or [""])
    if not old or not new:
        return usage("rename")
    new = as_channel(new)
    if problem := target_problem(old) or target_problem(new):
        return [problem]
    return [ServerCommand("RENAME", (old, new, *reason))]


@command(
    "/drop #CHANNEL [REASON]",
    "end a channel for all who are in it; its name is free then",
    ("channel", "text"),
    who=OWNERS,
    example="/drop #lab the course is over",
)
def _drop(_composer: Composer, rest: str) -> Composed:
    # Never the one that we are in without its name: it can't be taken back.
    channel, _space, reason = rest.partition(" ")
    if not channel.startswith(CHANNEL_SIGN):
        return usage("drop")
    return [ServerCommand("DROP", (channel, reason.strip()) if reason.strip() else (channel,))]


@command(
    "/retention [#CHANNEL]",
    "tell for how long messages are kept here, and who can change that",
    ("channel",),
    who="to show it everybody; only whoever runs the server can change it",
    example="/retention",
)
def _retention(composer: Composer, rest: str) -> Composed:
    channel, more = channel_first(composer, rest)
    if not channel:
        return [Problem(NOWHERE, remote=False)]
    text = _(
        "for how long messages of {channel} are kept is set by whoever runs the server, by "
        "`securechat-admin channel retention`; a channel's own people can't. What counts now:"
    )
    told = Info(text.format(channel=channel), remote=False)
    if more:  # a number, most likely
        return [Problem(told.text, remote=False), ServerCommand("POLICY", (channel,))]
    return [told, ServerCommand("POLICY", (channel,))]
