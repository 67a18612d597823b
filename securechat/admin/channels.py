"""`securechat-admin channel …`: which channels there are, and what becomes of them; what is done to
their people is in channel_people. Main thread.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

import click

from securechat.admin import requests
from securechat.admin.context import AdminContext
from securechat.admin.export import channel_facts
from securechat.admin.listing import echo_json, local_time, table, utc
from securechat.admin.nearest import nearest
from securechat.admin.users import confirm
from securechat.common.escape import escape_exactly
from securechat.common.language import _, ngettext
from securechat.core.administration.channels import KEY
from securechat.core.administration.remote import MOST_KEPT_DAYS
from securechat.store.errors import UnknownError
from securechat.store.sql.export import ChannelFacts, OpenChannel

TOPIC_CHARS = 50
"""Of a topic, in the list for people."""

reason = click.option("--reason", default="", help="What the members are told.")


@click.group()
def channel() -> None:
    """Channels: list, make, moderate, end.

    Works whether a server runs or not; members see at once what is done, as the server's doing.
    Names are quoted for the shell: '#den'.
    """


def find_channel(context: AdminContext, name: str) -> tuple[int, str]:
    """(number, name) of an open channel, as somebody types it. Raises UnknownError."""
    found = context.admin.history.channels_named(name)
    if found and not context.admin.history.channel(found[0][0]).ended:
        return found[0]
    there = (row.name for row in context.admin.history.open_channels())
    raise UnknownError(
        f"there is no channel {name!r}; `channel list` shows them{nearest(name, there)}"
    )


def ask(context: AdminContext, kind: str, channel: str, **facts: object) -> Any:
    """Have something done to a channel; the answer, see core.administration.channels."""
    found = find_channel(context, channel)[1]
    return requests.ask(context, f"channel {kind}", channel=found, **facts)


@channel.command("list")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def list_(context: AdminContext, as_json: bool) -> None:
    """List the channels, secret ones too, with how many members each has.

    \b
    Example: securechat-admin channel list --json
    """
    rows = context.admin.history.open_channels()
    if as_json:
        echo_json([_listed(row) for row in rows])
        return
    cells = [(row.name, str(row.members), f"+{row.modes}", _cut(row.topic)) for row in rows]
    header = ("NAME", "MEMBERS", "MODES", "TOPIC")
    click.echo("\n".join(table(header, cells)))


def _listed(row: OpenChannel) -> dict[str, object]:
    facts = row._asdict()
    created = utc(facts.pop("created_ms"))
    return {**facts, "created": created}


def _cut(text: str) -> str:
    return text if len(text) <= TOPIC_CHARS else text[: TOPIC_CHARS - 1] + "…"


@channel.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def show(context: AdminContext, name: str, as_json: bool) -> None:
    """Show the channel NAME: its members and who of them is online, its modes, bans, topic.

    \b
    Example: securechat-admin channel show '#den'
    """
    number, found = find_channel(context, name)
    facts = channel_facts(context.admin.history, number)
    facts["online"] = requests.ask(context, "channel present", channel=found)
    if as_json:
        del facts["type"]
        click.echo(json.dumps(facts, indent=2))
    else:
        click.echo("\n".join(escape_exactly(line) for line in _told(context, number, facts)))


def _told(context: AdminContext, number: int, facts: dict[str, object]) -> Iterator[str]:
    history = context.admin.history
    stored, online = history.channel(number), set(facts["online"])  # type: ignore[call-overload]
    yield _("{name}, made {time}").format(name=stored.name, time=local_time(stored.created_ms))
    if stored.topic:
        by = stored.topic_by.partition("!")[0]
        yield _("topic: {topic} (by {by})").format(topic=stored.topic, by=by)
    yield _("modes: {modes}").format(modes=_modes(stored))
    yield _("kept: {how_long}").format(how_long=_kept(stored.keep_days))
    for kind, mask, by, at_ms in history.masks(number):
        lists = {"b": _("banned"), "e": _("excepted from bans"), "I": _("needs no invitation")}
        when = local_time(at_ms)
        yield _("{list}: {mask} (by {by}, {when})").format(
            list=lists[kind], mask=mask, by=by, when=when
        )
    members = history.members(number)
    text = _("members: {members}, online: {online}")
    yield text.format(members=len(members), online=len(online))
    roles = {"q": _("owner"), "o": _("operator"), "v": _("voice")}
    for name, modes in members:
        marks = [*[roles[one] for one in modes], *[_("online")] * (name in online)]
        yield f"  {name}  {', '.join(marks)}".rstrip()


def _modes(facts: ChannelFacts) -> str:
    key = _(", with a key") if facts.has_key else ""
    limit = _(", members at most: {limit}").format(limit=facts.member_limit)
    return f"+{facts.modes}{key}{limit if facts.member_limit else ''}"


def _kept(days: int | None) -> str:
    if days is None:
        return _("as long as the server's configuration says")
    if not days:
        return _("for ever")
    return ngettext("for {days} day", "for {days} days", days).format(days=days)


@channel.command()
@click.argument("name")
@click.argument("new_name")
@reason
@click.pass_obj
def rename(context: AdminContext, name: str, new_name: str, reason: str) -> None:
    """Call the channel NAME from now on NEW_NAME; members, modes and history stay.

    \b
    Example: securechat-admin channel rename '#den' '#lair' --reason 'new name'
    """
    found = ask(context, "rename", name, to=new_name, reason=reason)
    click.echo(_("It is called {name} now.").format(name=found))


@channel.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Don't ask whether you are sure.")
@reason
@click.pass_obj
def drop(context: AdminContext, name: str, yes: bool, reason: str) -> None:
    """End the channel NAME for all who are in it. Its name is free then; its history can still be
    exported, by `channel export`.

    \b
    Example: securechat-admin channel drop '#den' --reason 'the course is over'
    """
    number, found = find_channel(context, name)
    if not yes:
        count = len(context.admin.history.members(number))
        confirm(
            ngettext(
                "This can't be undone: {name} has {count} member, who is put out.",
                "This can't be undone: {name} has {count} members, who are put out.",
                count,
            ).format(name=found, count=count),
            _("End {name}?").format(name=found),
            _("nothing was ended"),
        )
    count = ask(context, "drop", found, reason=reason)
    text = ngettext(
        "{name} has ended; it had {count} member.",
        "{name} has ended; it had {count} members.",
        count,
    )
    click.echo(text.format(name=found, count=count))


@channel.command()
@click.argument("name")
@click.argument("text")
@click.pass_obj
def topic(context: AdminContext, name: str, text: str) -> None:
    """Set the topic of the channel NAME; '' takes it away.

    \b
    Example: securechat-admin channel topic '#den' 'Homework until Friday: page 12'
    """
    ask(context, "topic", name, topic=text)
    click.echo(_("The topic is set.") if text else _("There is no topic any more."))


# -t and the like are no options of ours.
@channel.command(context_settings={"ignore_unknown_options": True})
@click.argument("name")
@click.argument("modes")
@click.argument("params", nargs=-1)
@click.option("--stdin", "from_stdin", is_flag=True, help="The key of +k is on standard input.")
@click.pass_obj
def mode(
    context: AdminContext, name: str, modes: str, params: tuple[str, ...], from_stdin: bool
) -> None:
    """Change the MODES of the channel NAME, as MODE of IRC does; PARAMS are what they take.

    i: for those who are invited; k: with a key; l: at most so many members; m: only operators and
    the voiced speak; n: members only; s: secret; t: operators set the topic; H: newcomers read what
    was said since. All are done or none.

    \b
    Examples: securechat-admin channel mode '#den' +im-t
              securechat-admin channel mode '#den' +l 30
              securechat-admin channel mode '#den' +k --stdin < key.txt
    """
    if "k" in modes.partition("-")[0] and not from_stdin:
        raise click.UsageError(
            "expected the key of +k on standard input, with --stdin: everybody on this machine "
            "can read a command line"
        )
    key = sys.stdin.readline().rstrip("\r\n") if from_stdin else None
    sealed = context.pepper.seal(key.encode(errors="replace"), KEY) if key is not None else None
    flags = ask(context, "mode", name, modes=modes, params=list(params), key=sealed)
    click.echo(_("The modes are {flags}.").format(flags=flags))


def _days(context: click.Context, param: click.Parameter, value: str) -> int | None:
    if value == "default":
        return None
    if value == "forever":
        return 0
    # isdecimal() alone takes the digits of any script; cut, as int() of thousands takes long.
    if value.isascii() and value.isdecimal() and 1 <= int(value[:6]) <= MOST_KEPT_DAYS:
        return int(value[:6])
    raise click.BadParameter(f"expected 1 to {MOST_KEPT_DAYS} days, forever or default")


@channel.command()
@click.argument("name")
@click.argument("days", callback=_days, metavar="DAYS|forever|default")
@click.pass_obj
def retention(context: AdminContext, name: str, days: int | None) -> None:
    """Keep what is said in the channel NAME for so many DAYS, for ever, or as the server does.

    What is older is erased from the server, within ten minutes and then for good; that may be
    sooner or later than `keep_days` in [history] says. The name is quoted for the shell: '#den'.

    \b
    Example: securechat-admin channel retention '#den' 30
    """
    found = context.admin.history.channels_named(name)
    if not found:
        raise UnknownError(f"there was never a channel {name!r}")
    # Several, if channels of that name have ended: each has its own log.
    for number, _name in found:
        context.admin.set_retention(number, found[0][1], days)
    click.echo(_("{name} is kept {how_long}.").format(name=found[0][1], how_long=_kept(days)))
    context.settle()
