"""The slash commands, as data with their own help."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from securechat.client.screens.composer import (
    CHANNEL_SIGN,
    NOWHERE,
    Composed,
    Composer,
    target_problem,
)
from securechat.client.session.actions import (
    AskMore,
    AskPage,
    AskSearch,
    Quit,
    ServerCommand,
    TextKind,
)
from securechat.client.session.events import Info, Problem
from securechat.client.session.moments import moment
from securechat.common.language import _, translated

PAGE = 20
"""Messages of a page of history: a terminal of 24 rows has them all on it."""

MOST = 1000
"""Of one; servers give fewer at once."""

Run = Callable[[Composer, str], Composed]


@dataclass(frozen=True, slots=True)
class SlashCommand:
    """A command with its help. completes: what its first argument is, for Tab: "channels", "names",
    "commands" or "". further: other forms of it, each with its help.
    """

    name: str
    usage: str
    help: str
    completes: str
    run: Run
    further: tuple[tuple[str, str], ...] = ()

    @property
    def forms(self) -> list[tuple[str, str]]:
        """All its forms, with their help."""
        return [(self.usage, self.help), *self.further]


COMMANDS: dict[str, SlashCommand] = {}
ALIASES = {"j": "join", "leave": "part", "query": "msg", "exit": "quit", "h": "help"}


def command(
    usage: str, text: str, completes: str = "", *, further: tuple[tuple[str, str], ...] = ()
) -> Callable[[Run], Run]:
    """Register a command under the first word of its usage."""

    def register(run: Run) -> Run:
        name = usage.split()[0].removeprefix("/")
        COMMANDS[name] = SlashCommand(name, usage, text, completes, run, further)
        return run

    return register


def run(composer: Composer, name: str, rest: str) -> Composed:
    """Do `/name rest`: the actions and events that it leads to."""
    name = name.lower()
    found = COMMANDS.get(ALIASES.get(name, name))
    if found is not None:
        return found.run(composer, rest)
    import difflib  # only here, as nobody mistypes often

    near = difflib.get_close_matches(name, [*COMMANDS, *ALIASES], n=1)
    text = _("there is no command /{name}; /help lists them (//{name} sends it as text)")
    if near:
        text = _("there is no command /{name}; did you mean /{near}? (//{name} sends it as text)")
    return [Problem(text.format(name=name, near=near[0] if near else ""), remote=False)]


@command("/help [COMMAND]", "list the commands, or explain one", "commands")
def _help(_composer: Composer, rest: str) -> Composed:
    name = rest.removeprefix("/").lower()
    if name:
        one = COMMANDS.get(ALIASES.get(name, name))
        rows = [f"{usage}: {translated(text)}" for usage, text in one.forms] if one else []
        none = _("there is no command /{name}").format(name=name)
        return [Info("\n".join(rows) or none, remote=False)]
    forms = [form for entry in COMMANDS.values() for form in entry.forms]
    width = max(len(usage) for usage, _text in forms)
    rows = [f"{usage:<{width}}  {translated(text)}" for usage, text in forms]
    rows.append(f"{'//text':<{width}}  " + _("send text that begins with a slash"))
    rows.append(f"{'exit':<{width}}  " + _("the same as /quit"))
    return [Info("\n".join(rows), remote=False)]


@command("/join #CHANNEL", "enter a channel, or go to one you are in", "channels")
def _join(composer: Composer, rest: str) -> Composed:
    channel = rest.partition(" ")[0]
    if not channel:
        return _usage("join")
    if not channel.startswith(CHANNEL_SIGN):
        channel = CHANNEL_SIGN + channel
    if problem := target_problem(channel):
        return [problem]
    # At once: were the next line to go to the old channel until the server has answered, a fast
    # typist would say it to the wrong people. In a channel that refuses us it is refused as well.
    composer.aim(channel)
    if channel in composer.channels:
        return [Info(f"you write to {channel} now", remote=False)]
    return [ServerCommand("JOIN", (channel,))]


@command("/part [#CHANNEL] [REASON]", "leave a channel for good", "channels")
def _part(composer: Composer, rest: str) -> Composed:
    channel, reason = _channel_first(composer, rest)
    if not channel:
        return _usage("part")
    return [ServerCommand("PART", (channel, reason) if reason else (channel,))]


@command("/msg NAME [TEXT]", "write to a person, once or from now on", "names")
def _msg(composer: Composer, rest: str) -> Composed:
    target, _, text = rest.partition(" ")
    if not target:
        return _usage("msg")
    if problem := target_problem(target):
        return [problem]
    if text.strip():
        return composer.say(text.strip(), target)
    composer.aim(target)
    return [Info(f"you write to {target} now", remote=False)]


@command("/names [#CHANNEL]", "show who is in a channel", "channels")
def _names(composer: Composer, rest: str) -> Composed:
    channel, _ = _channel_first(composer, rest)
    return [ServerCommand("NAMES", (channel,))] if channel else _usage("names")


@command("/who [#CHANNEL or NAME]", "show more about people", "channels")
def _who(composer: Composer, rest: str) -> Composed:
    target = rest.partition(" ")[0] or composer.target
    return [ServerCommand("WHO", (target,))] if target else _usage("who")


@command("/topic [#CHANNEL] [TEXT]", "show what a channel is about, or say it", "channels")
def _topic(composer: Composer, rest: str) -> Composed:
    channel, text = _channel_first(composer, rest)
    if not channel:
        return _usage("topic")
    return [ServerCommand("TOPIC", (channel, text) if text else (channel,))]


@command(
    "/history [N]",
    f"show what was said before, {PAGE} messages or N; again: older",
    further=(
        ("/history policy [#CHANNEL]", "tell what is kept here, how long, and who may read it"),
    ),
)
def _history(composer: Composer, rest: str) -> Composed:
    word, _, more = rest.partition(" ")
    if word.lower() == "policy":
        return _policy(composer, more.strip())
    if not composer.target:
        return [Problem(NOWHERE, remote=False)]
    if not word:
        return [AskPage(composer.target, PAGE)]
    if not (word.isascii() and word.isdecimal() and 1 <= int(word[:9]) <= MOST) or more:
        return [Problem(f"expected a number from 1 to {MOST}, or `policy`: /history 50", False)]
    return [AskPage(composer.target, int(word))]


def _policy(composer: Composer, rest: str) -> Composed:
    channel = rest.partition(" ")[0] or composer.target
    if not channel:
        return [Problem(NOWHERE, remote=False)]
    if problem := target_problem(channel):
        return [problem]
    params = (channel,) if channel.startswith(CHANNEL_SIGN) else ()
    kept = channel if params else f"your talk with {channel}"
    text = f"what is kept of {kept}, as the server tells (whoever runs it can read it, too):"
    return [Info(text, remote=False), ServerCommand("POLICY", params)]


@command(
    "/search WORDS",
    "find what was said, by words or their beginnings",
    further=(
        ("/search … in:#CHANNEL from:NAME", "only there (or with a person), only theirs"),
        ("/search … after:DATE before:DATE", "from or until then: 2026-01-31, 2026-01-31T15:30"),
        ("/search more", "look for more of it"),
    ),
)
def _search(_composer: Composer, rest: str) -> Composed:
    if rest == "more":
        return [AskMore()]
    words: list[str] = []
    fields: dict[str, str] = {}
    for word in rest.split():
        name, colon, value = word.partition(":")
        if not colon or name.lower() not in ("in", "from", "after", "before"):
            words.append(word)
        elif not value or name.lower() in fields:
            return [Problem(f"expected {name}: once, and something behind it", remote=False)]
        else:
            fields[name.lower()] = value
    if not rest:
        return _usage("search")
    after, before = (moment(fields.get(name, "")) for name in ("after", "before"))
    if after is None or before is None:
        text = "expected dates as 2026-01-31, or with a time as 2026-01-31T15:30"
        return [Problem(text, remote=False)]
    place, sender = fields.get("in", ""), fields.get("from", "")
    return [AskSearch(" ".join(words), place, sender, after, before, rest)]


@command(
    "/report NAME [#CHANNEL] WHY",
    "tell whoever runs the server of somebody, who isn't told",
    "names",
)
def _report(composer: Composer, rest: str) -> Composed:
    name, _, more = rest.partition(" ")
    place, why = _channel_first(composer, more.strip())
    if not name or not why:
        return _usage("report")
    return [ServerCommand("REPORT", (name, place, why) if place else (name, why))]


@command("/me TEXT", "say what you do")
def _me(composer: Composer, rest: str) -> Composed:
    return composer.say(rest, kind=TextKind.ACTION) if rest else _usage("me")


@command("/quit [REASON]", "end the session; plain `exit` does the same")
def _quit(_composer: Composer, rest: str) -> Composed:
    return [Quit(rest)]


def _channel_first(composer: Composer, rest: str) -> tuple[str, str]:
    """The channel that rest begins with, or the one we are in ('' for none), and what follows."""
    if rest.startswith(CHANNEL_SIGN):
        channel, _, more = rest.partition(" ")
        return channel, more.strip()
    here = composer.target if composer.target.startswith(CHANNEL_SIGN) else ""
    return here, rest


def _usage(name: str) -> Composed:
    usage, text = COMMANDS[name].usage, translated(COMMANDS[name].help)
    return [Problem(_("expected {usage}: {text}").format(usage=usage, text=text), remote=False)]
