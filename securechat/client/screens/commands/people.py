"""/who /whois /away /back /ignore /unignore /report /nick: the others, and what they see of us."""

from __future__ import annotations

from securechat.client.exits import SettingsError
from securechat.client.screens.commands.registry import (
    Group,
    as_name,
    channel_first,
    command_of,
    usage,
)
from securechat.client.screens.composer import CHANNEL_SIGN, Composed, Composer, target_problem
from securechat.client.session.actions import ServerCommand
from securechat.client.session.events.base import Info, Problem
from securechat.client.session.identity import same
from securechat.common.language import _, ngettext, translated

command = command_of(Group.PEOPLE)


@command("/who [#CHANNEL or NAME]", "show more about people", ("channel", "nothing"))
def _who(composer: Composer, rest: str) -> Composed:
    target = rest.partition(" ")[0] or composer.target
    return [ServerCommand("WHO", (target,))] if target else usage("who")


@command(
    "/whois [NAME]",
    "tell who somebody is, where they are and since when",
    ("name", "nothing"),
    example="/whois bob",
)
def _whois(composer: Composer, rest: str) -> Composed:
    here = "" if composer.target.startswith(CHANNEL_SIGN) else composer.target
    name = as_name(rest.partition(" ")[0]) or here
    if not name:
        return usage("whois")
    if problem := target_problem(name):
        return [problem]
    return [ServerCommand("WHOIS", (name,))]


@command(
    "/away [TEXT]",
    "tell the others that you are away, and why; they see it once all your devices say so",
    example="/away at lunch until one",
)
def _away(_composer: Composer, rest: str) -> Composed:
    # Without a text AWAY means to be back, which nobody expects of it.
    return [ServerCommand("AWAY", (rest or _("away"),))]


@command("/back", "tell the others that you are here again")
def _back(_composer: Composer, _rest: str) -> Composed:
    return [ServerCommand("AWAY", ())]


@command(
    "/ignore [NAME…]",
    "hide what somebody says, on this device; alone: show whom you ignore",
    ("name",),
    example="/ignore bob",
)
def _ignore(composer: Composer, rest: str) -> Composed:
    names = [as_name(word) for word in rest.split()]
    if not names:
        return [Info(_ignored(composer), remote=False)]
    problems: Composed = [problem for name in names if (problem := target_problem(name))]
    if any(same(name, composer.nick) for name in names):
        problems.append(Problem(_("that is you; your own messages stay"), remote=False))
    return problems or [_ignoring(composer, name) for name in names]


def _ignoring(composer: Composer, name: str) -> Info | Problem:
    try:
        if not composer.ignored.add(name):
            return Info(_("you ignore {name} already").format(name=name), remote=False)
    except SettingsError as error:
        return Problem(translated(error), remote=False)
    where = composer.ignored.place
    kept = _("this is kept in {file}").format(file=where) if where else _("until you leave")
    text = _(
        "what {name} says is hidden here from now on ({kept}; neither {name} nor the server is "
        "told, and your other devices show it); /unignore {name} ends it"
    )
    return Info(text.format(name=name, kept=kept), remote=False)


def _ignored(composer: Composer) -> str:
    names = composer.ignored.names
    if not names:
        return _("you ignore nobody; /ignore NAME hides what somebody says")
    text = ngettext("you ignore {count}: {names}", "you ignore {count}: {names}", len(names))
    return text.format(count=len(names), names=" ".join(names))


@command(
    "/unignore NAME…",
    "show again what somebody says",
    ("ignored",),
    example="/unignore bob",
)
def _unignore(composer: Composer, rest: str) -> Composed:
    names = [as_name(word) for word in rest.split()]
    return [_no_more(composer, name) for name in names] if names else usage("unignore")


def _no_more(composer: Composer, name: str) -> Info | Problem:
    try:
        if not composer.ignored.remove(name):
            return Problem(_("you don't ignore {name}").format(name=name), remote=False)
    except SettingsError as error:
        return Problem(translated(error), remote=False)
    text = _("what {name} says is shown again; /history has what you didn't see")
    return Info(text.format(name=name), remote=False)


@command(
    "/report NAME [#CHANNEL] WHY",
    "tell whoever runs the server of somebody, who isn't told",
    ("name", "channel?", "text"),
    example="/report bob he threatens people",
)
def _report(composer: Composer, rest: str) -> Composed:
    name, _space, more = rest.partition(" ")
    place, why = channel_first(composer, more.strip())
    if not name or not why:
        return usage("report")
    # The server takes a message in a channel's place.
    if composer.selected and not more.strip().startswith(CHANNEL_SIGN):
        place = composer.selected
    return [ServerCommand("REPORT", (name, place, why) if place else (name, why))]


@command("/nick", "tell why your name can't be changed here")
def _nick(composer: Composer, _rest: str) -> Composed:
    text = _(
        "your name here is that of your account, {name}, so that nobody can pass for you; whoever "
        "runs the server can change it, by `securechat-admin user rename`"
    )
    return [Info(text.format(name=composer.nick), remote=False)]
