"""/msg, /me, and what points at a message: /reply, /react, /unreact, /redact."""

from __future__ import annotations

from securechat.client.screens.commands.registry import Group, as_name, command_of, usage
from securechat.client.screens.composer import NOWHERE, Composed, Composer, target_problem
from securechat.client.screens.emoji import from_name, near
from securechat.client.session.actions import React, Redact, TextKind
from securechat.client.session.events.base import Info, Problem
from securechat.client.session.identity import same
from securechat.common.language import _

command = command_of(Group.TALK)


@command("/msg NAME [TEXT]", "write to a person, once or from now on", ("name",))
def _msg(composer: Composer, rest: str) -> Composed:
    target, _space, text = rest.partition(" ")
    if not target:
        return usage("msg")
    if problem := target_problem(target):
        return [problem]
    if text.strip():
        return composer.say(text.strip(), target)
    composer.aim(target)
    return [Info(f"you write to {target} now", remote=False)]


@command("/me TEXT", "say what you do", example="/me opens a window")
def _me(composer: Composer, rest: str) -> Composed:
    return composer.say(rest, kind=TextKind.ACTION) if rest else usage("me")


@command(
    "/reply [NAME] TEXT",
    "answer the selected message, or the newest one of the others, or of NAME",
    ("speaker?", "text"),
    example="/reply bob I have the keys",
)
def _reply(composer: Composer, rest: str) -> Composed:
    name, text = _somebody(composer, rest)
    if not text:
        return usage("reply")
    found = _pointed(composer, name, mine=False)
    return [found] if isinstance(found, Problem) else composer.say(text, reply=found)


@command(
    "/react [NAME] EMOJI",
    "react to a message, chosen as by /reply; also by names such as :+1:",
    ("speaker?", "emoji"),
    example="/react bob :+1:",
)
def _react(composer: Composer, rest: str) -> Composed:
    return _reaction(composer, rest, "react", ended=False)


@command(
    "/unreact [NAME] EMOJI",
    "take a reaction of yours back",
    ("speaker?", "emoji"),
    example="/unreact bob :+1:",
)
def _unreact(composer: Composer, rest: str) -> Composed:
    return _reaction(composer, rest, "unreact", ended=True)


@command(
    "/redact [NAME] [REASON]",
    "take the selected message back, or your newest one, or the newest one of NAME",
    ("speaker?", "text"),
    who="everybody their own messages; operators (@) and owners (~) all of the channel",
    example="/redact bob that was a private address",
)
def _redact(composer: Composer, rest: str) -> Composed:
    name, reason = ("", rest) if composer.selected else _somebody(composer, rest)
    found = _pointed(composer, name, mine=not name)
    return [found] if isinstance(found, Problem) else [Redact(composer.target, found, reason)]


def _reaction(composer: Composer, rest: str, verb: str, *, ended: bool) -> Composed:
    first, _space, more = rest.partition(" ")
    name, typed = (as_name(first), more.strip()) if more.strip() else ("", first)
    if not typed:
        return usage(verb)
    reaction = from_name(typed)
    if reaction is None:
        text = _("there is no emoji {name} here; Tab offers those that there are").format(
            name=typed
        )
        if likely := near(typed):
            text = _("there is no emoji {name} here; did you mean {near}?")
            text = text.format(name=typed, near=likely)
        return [Problem(text, remote=False)]
    found = _pointed(composer, name, mine=None if ended else False)
    if isinstance(found, Problem):
        return [found]
    return [React(composer.target, found, reaction, ended)]


def _somebody(composer: Composer, rest: str) -> tuple[str, str]:
    """Who a text begins with, if that is somebody here, and what follows."""
    first, _space, more = rest.partition(" ")
    name, here = as_name(first), composer.target
    if not name:
        return "", rest
    known = any(same(name, nick) for nick in composer.channels.nicks(here))
    if known or same(name, here) or composer.newest(here, name):
        return name, more.strip()
    return "", rest


def _pointed(composer: Composer, name: str, *, mine: bool | None) -> str | Problem:
    """The msgid of the message that is meant. mine: whose, when nobody is named."""
    if not composer.target:
        return Problem(NOWHERE, remote=False)
    if composer.selected:
        return composer.selected
    found = composer.newest(composer.target, name, mine=None if name else mine)
    if found:
        return found
    text = _("no message is here that this could be about; /history shows what was said before")
    if name:
        text = _("no message of {name} is here; /history shows what was said before")
    return Problem(text.format(name=name), remote=False)
