"""/kick /ban /unban /op /deop /voice /devoice: what keeps order in a channel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from securechat.client.screens.commands.registry import (
    OPERATORS,
    Group,
    as_name,
    channel_first,
    command_of,
    usage,
)
from securechat.client.screens.composer import Composed, Composer, target_problem
from securechat.client.session.actions import ServerCommand
from securechat.client.session.identity import same

command = command_of(Group.ORDER)

AT_ONCE: Final = 3
"""People in one MODE: what every server takes (RFC 2812, 3.2.3)."""


@command(
    "/kick [#CHANNEL] NAME [REASON]",
    "put somebody out of a channel; they may come again",
    ("channel?", "member", "text"),
    who=OPERATORS,
    example="/kick bob no advertising, please",
)
def _kick(composer: Composer, rest: str) -> Composed:
    channel, more = channel_first(composer, rest)
    name, _space, reason = more.partition(" ")
    if not channel or not name:
        return usage("kick")
    name = as_name(name)
    if problem := target_problem(name):
        return [problem]
    return [_kicked(channel, name, reason.strip())]


@command(
    "/ban [#CHANNEL] NAME [REASON]",
    "put somebody out of a channel for good: they may neither come nor speak there",
    ("channel?", "member", "text"),
    who=OPERATORS,
    example="/ban bob advertising, again",
    further=(
        ("/ban [#CHANNEL]", "show who is banned"),
        ("/ban [#CHANNEL] MASK", "ban all whom a mask nick!user@host fits, and put nobody out"),
    ),
)
def _ban(composer: Composer, rest: str) -> Composed:
    channel, more = channel_first(composer, rest)
    name, _space, reason = more.partition(" ")
    if not channel:
        return usage("ban")
    if not name:
        return [_listed(channel)]
    name = name if _is_mask(name) else as_name(name)
    if problem := target_problem(name):
        return [problem]
    if _is_mask(name):
        return [ServerCommand("MODE", (channel, "+b", name))]
    # The ban first: somebody's client may come again by itself, at once.
    banned = ServerCommand("MODE", (channel, "+b", composer.channels.bans.of(name)))
    if _is_away(composer, channel, name):
        return [banned]
    return [banned, _kicked(channel, name, reason.strip())]


@command(
    "/unban [#CHANNEL] [NAME or MASK]",
    "let somebody come again whom a ban keeps out; alone: show who is banned",
    ("channel?", "ban"),
    who=OPERATORS,
    example="/unban bob",
)
def _unban(composer: Composer, rest: str) -> Composed:
    channel, name = channel_first(composer, rest)
    if not channel:
        return usage("unban")
    if not name:
        return [_listed(channel)]
    if problem := target_problem(name):
        return [problem]
    masks = [name]
    if not _is_mask(name):
        name = as_name(name)
        # Another program may have banned the name in another form.
        masks = list(dict.fromkeys((composer.channels.bans.of(name), f"{name}!*@*")))
    return [ServerCommand("MODE", (channel, "-" + "b" * len(masks), *masks))]


def _role(name: str, change: str) -> Callable[[Composer, str], Composed]:
    """What gives people a role, or takes it away; change: the mode with its sign."""

    def run(composer: Composer, rest: str) -> Composed:
        channel, more = channel_first(composer, rest)
        people = [as_name(word) for word in more.split()]
        if not channel or not people:
            return usage(name)
        problems = [problem for one in people if (problem := target_problem(one))]
        parts = [people[at : at + AT_ONCE] for at in range(0, len(people), AT_ONCE)]
        sign, letter = change[0], change[1]
        return [*problems] or [
            ServerCommand("MODE", (channel, sign + letter * len(part), *part)) for part in parts
        ]

    return run


command(
    "/op [#CHANNEL] NAME…",
    "make people operators (@): they may do all of this, too",
    ("channel?", "member"),
    who=OPERATORS,
    example="/op bob",
)(_role("op", "+o"))

command(
    "/deop [#CHANNEL] NAME…",
    "take the operator's role away",
    ("channel?", "member"),
    who=OPERATORS,
    example="/deop bob",
)(_role("deop", "-o"))

command(
    "/voice [#CHANNEL] NAME…",
    "give people a voice (+): they may speak also while the channel is moderated (+m)",
    ("channel?", "member"),
    who=OPERATORS,
    example="/voice bob carol",
)(_role("voice", "+v"))

command(
    "/devoice [#CHANNEL] NAME…",
    "take the voice away",
    ("channel?", "member"),
    who=OPERATORS,
    example="/devoice bob",
)(_role("devoice", "-v"))


def _is_away(composer: Composer, channel: str, name: str) -> bool:
    """Whether somebody is known not to be there, as the list of names has us and not them."""
    there = composer.channels.nicks(channel)
    return any(same(one, composer.nick) for one in there) and not any(
        same(one, name) for one in there
    )


def _kicked(channel: str, name: str, reason: str) -> ServerCommand:
    return ServerCommand("KICK", (channel, name, reason) if reason else (channel, name))


def _listed(channel: str) -> ServerCommand:
    return ServerCommand("MODE", (channel, "+b"))


def _is_mask(word: str) -> bool:
    """Whether it is no name: `~a:bob` and `$a:bob` are masks of accounts."""
    return word[:1] in ("~", "$") or not {"!", "@", "*", "?"}.isdisjoint(word.lstrip("@"))
