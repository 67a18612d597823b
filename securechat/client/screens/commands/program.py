"""/help /language /raw /quit: the program itself."""

from __future__ import annotations

from typing import Final

from securechat.client.screens.commands.registry import (
    COMMANDS,
    Group,
    SlashCommand,
    command_of,
    find,
    usage,
)
from securechat.client.screens.composer import Composed, Composer
from securechat.client.session.actions import Quit, SendLine
from securechat.client.session.events.base import Info, Problem
from securechat.common import language
from securechat.common.language import _, translated
from securechat.irc.message import MessageError, parse

command = command_of(Group.PROGRAM)

INSTEAD: Final = {
    "PASSWD": "`securechat passwd`",
    "TOKEN": "`securechat sessions`",
    "TOTP": "`securechat totp`",
    "REGISTER": "`securechat register`",
    "VERIFY": "`securechat register`",
    "AUTHENTICATE": "`securechat login`",
    "PASS": "`securechat login`",
    "OPER": "`securechat login`",
}
"""Commands that carry secrets, which would stand on the screen, and what asks for these hidden."""

OURS: Final = ("CAP", "BATCH", "PING", "PONG", "USER")
"""What the session says by itself, and must be the only one to say."""


@command("/help [COMMAND]", "list the commands, or explain one", ("command",))
def _help(_composer: Composer, rest: str) -> Composed:
    name = rest.removeprefix("/").lower()
    if name:
        one = find(name)
        none = _("there is no command /{name}").format(name=name)
        return [Info("\n".join(_explained(one)) if one else none, remote=False)]
    width = max(len(form) for one in COMMANDS.values() for form, _text in one.forms)
    rows: list[str] = []
    for group in Group:
        rows.append(f"{translated(group.value)}:")
        own = [one for one in COMMANDS.values() if one.group is group]
        rows += [
            f"  {form:<{width}}  {translated(text)}" for one in own for form, text in one.forms
        ]
    rows.append(f"  {'//text':<{width}}  " + _("send text that begins with a slash"))
    rows.append(f"  {'exit':<{width}}  " + _("the same as /quit"))
    rows.append(_("/help COMMAND says more: who may do it, and an example; Tab completes"))
    return [Info("\n".join(rows), remote=False)]


def _explained(one: SlashCommand) -> list[str]:
    rows = [f"{form}: {translated(text)}" for form, text in one.forms]
    if one.who:
        rows.append(_("who may: {who}").format(who=translated(one.who)))
    if one.example:
        rows.append(_("example: {example}").format(example=one.example))
    return rows


@command(
    "/language [LANGUAGE]",
    "show the language of this program, or speak another one until it ends",
    ("language",),
    example="/language ru",
)
def _language(_composer: Composer, rest: str) -> Composed:
    known = ", ".join(language.known())
    wanted = rest.strip().lower()
    if wanted and wanted not in language.known():
        text = _("there is no language {name} here; there are {known}")
        return [Problem(text.format(name=wanted, known=known), remote=False)]
    if wanted:
        language.speak(wanted)
        text = _("this program speaks English until it ends; LANGUAGE={name} does so for good")
    else:
        wanted = language.spoken()
        text = _("this program speaks English ({name}); there are {known}")
    return [Info(text.format(name=wanted, known=known), remote=False)]


@command(
    "/raw LINE",
    "send a line to the server as it is, for what no command here does",
    example="/raw METADATA #lab LIST",
)
def _raw(_composer: Composer, rest: str) -> Composed:
    if not rest:
        return usage("raw")
    try:
        name = parse(rest).command
    except MessageError as error:
        return [Problem(_("that is no line of IRC: {error}").format(error=error), remote=False)]
    if instead := INSTEAD.get(name):
        text = _("{name} carries a secret, which would stand on the screen; {instead} does it")
        return [Problem(text.format(name=name, instead=instead), remote=False)]
    if name in OURS:
        text = _("{name} is said by this program itself, which would lose its way")
        return [Problem(text.format(name=name), remote=False)]
    if name == "QUIT":
        return [Quit((parse(rest).params or [""])[0])]
    return [SendLine(rest)]


@command("/quit [REASON]", "end the session; plain `exit` does the same")
def _quit(_composer: Composer, rest: str) -> Composed:
    return [Quit(rest)]
