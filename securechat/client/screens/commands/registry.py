"""What a slash command is, and how one is found and run. Input thread.

A family of commands is a module of this package; it names its group and registers each command with
its help, so that nothing can be done that `/help` doesn't tell.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Final

from securechat.client.screens.composer import CHANNEL_SIGN, Composed, Composer
from securechat.client.session.events.base import Problem
from securechat.common.language import _, translated
from securechat.common.record import Record

Run = Callable[[Composer, str], Composed]

OPERATORS: Final = "operators (@) and owners (~) of the channel"
OWNERS: Final = "owners (~) of the channel"


class Group(StrEnum):
    """What commands are for: the headings of `/help`."""

    TALK = "what you say"
    ROOMS = "channels and who is in them"
    ORDER = "order in a channel"
    PEOPLE = "people and you"
    BEFORE = "what was said before"
    PROGRAM = "this program"


class SlashCommand(Record):
    """A command with its help.

    takes: what its words are, for Tab, in their order, as kinds of completion.kinds; a question
    mark stands behind what may be left out, and the last one may come again. who: who may do it, ''
    for everybody. further: other forms of it, each with its help.
    """

    name: str
    group: Group
    usage: str
    help: str
    takes: tuple[str, ...]
    run: Run
    who: str = ""
    example: str = ""
    further: tuple[tuple[str, str], ...] = ()

    @property
    def forms(self) -> list[tuple[str, str]]:
        """All its forms, with their help."""
        return [(self.usage, self.help), *self.further]


COMMANDS: dict[str, SlashCommand] = {}

ALIASES: Final = {
    "j": "join",
    "leave": "part",
    "query": "msg",
    "exit": "quit",
    "h": "help",
    "kickban": "ban",
    "quote": "raw",
    "delete": "redact",
    "r": "reply",
}


def find(name: str) -> SlashCommand | None:
    """The command of a name, or of another name for it, in any case."""
    name = name.lower()
    return COMMANDS.get(ALIASES.get(name, name))


def command_of(group: Group) -> Callable[..., Callable[[Run], Run]]:
    """What registers the commands of a group under the first word of their usage."""

    def command(
        usage: str,
        text: str,
        takes: tuple[str, ...] = (),
        *,
        who: str = "",
        example: str = "",
        further: tuple[tuple[str, str], ...] = (),
    ) -> Callable[[Run], Run]:
        def register(run: Run) -> Run:
            name = usage.split()[0].removeprefix("/")
            COMMANDS[name] = SlashCommand(
                name, group, usage, text, takes, run, who, example, further
            )
            return run

        return register

    return command


def run(composer: Composer, name: str, rest: str) -> Composed:
    """Do `/name rest`: the actions and events that it leads to.

    A front that shows a command in its own way, as a search that opens a view, has it in
    composer.views; it is asked first.
    """
    found = find(name)
    if found is None:
        return [_unknown(name.lower())]
    view = composer.views.get(found.name)
    shown = view(rest) if view is not None else None
    return found.run(composer, rest) if shown is None else shown


def _unknown(name: str) -> Problem:
    import difflib  # only here, as nobody mistypes often

    near = difflib.get_close_matches(name, [*COMMANDS, *ALIASES], n=1)
    text = _("there is no command /{name}; /help lists them (//{name} sends it as text)")
    if near:
        text = _("there is no command /{name}; did you mean /{near}? (//{name} sends it as text)")
    return Problem(text.format(name=name, near=near[0] if near else ""), remote=False)


def usage(name: str) -> Composed:
    """What a command expects, for who has typed it otherwise."""
    one = COMMANDS[name]
    text = _("expected {usage}: {text}").format(usage=one.usage, text=translated(one.help))
    if one.example:
        text += _("; for example {example}").format(example=one.example)
    return [Problem(text, remote=False)]


def channel_first(composer: Composer, rest: str) -> tuple[str, str]:
    """The channel that rest begins with, or the one we are in ('' for none), and what follows."""
    if rest.startswith(CHANNEL_SIGN):
        channel, _space, more = rest.partition(" ")
        return channel, more.strip()
    here = composer.target if composer.target.startswith(CHANNEL_SIGN) else ""
    return here, rest


def as_channel(word: str) -> str:
    """A channel's name, for who has left out its sign."""
    return word if word.startswith(CHANNEL_SIGN) else CHANNEL_SIGN + word


def as_name(word: str) -> str:
    """A name as it is, of one that was typed as it is called out: `@bob`, `bob:`."""
    return word.removeprefix("@").rstrip(":,") or word
