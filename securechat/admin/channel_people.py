"""`securechat-admin channel create`, `add`, `role`, `kick`, `ban` and `unban`: the people of a
channel. Main thread.
"""

from __future__ import annotations

from collections.abc import Sequence

import click

from securechat.admin import requests
from securechat.admin.channels import ask, channel, find_channel, reason
from securechat.admin.context import AdminContext
from securechat.admin.users import find_account
from securechat.common.language import _, ngettext
from securechat.core.administration.channels import MOST_AT_ONCE, ROLES


def _find_names(context: AdminContext, typed: Sequence[str]) -> list[str]:
    """The accounts' own spellings. Raises UnknownError for one that there isn't."""
    # All before anything is done, so that a mistyped name leaves nothing half done.
    return [find_account(context, name).name for name in typed]


def _everybody(context: AdminContext) -> list[str]:
    """Who can log in, without the bots."""
    rows = context.admin.reader.accounts()
    return [row.name for row in rows if not (row.deleted or row.disabled or row.bot)]


def _only_administrator(context: AdminContext) -> str:
    """Whose a channel is where nobody is named. Raises click.UsageError when that isn't clear."""
    rows = context.admin.reader.accounts()
    found = [row.name for row in rows if row.admin and not (row.deleted or row.disabled or row.bot)]
    if len(found) == 1:
        return found[0]
    if not found:
        raise click.UsageError("expected --owner ACCOUNT, as nobody administers this server")
    names = ", ".join(sorted(found))
    raise click.UsageError(f"expected --owner ACCOUNT, as several administer this server: {names}")


def _put_in(context: AdminContext, name: str, wanted: Sequence[str]) -> list[str]:
    """Those who were no members yet. name: the channel's own."""
    added: list[str] = []
    # A part at a time, so that the chat of others comes between.
    for start in range(0, len(wanted), MOST_AT_ONCE):
        part = list(wanted[start : start + MOST_AT_ONCE])
        added += requests.ask(context, "channel add", channel=name, names=part)
    return added


@channel.command()
@click.argument("name")
@click.option(
    "--owner",
    metavar="ACCOUNT",
    help="Whose it is, and who is in it. [the only administrator]",
)
@click.option("--topic", default="", help="Of at most some hundred characters.")
@click.option("--mode", "modes", default="", metavar="MODES", help="Such as +i-t.")
@click.option("--member", "members", multiple=True, metavar="ACCOUNT", help="May be repeated.")
@click.option("--all", "everybody", is_flag=True, help="Everybody who has an account is a member.")
@click.pass_obj
def create(
    context: AdminContext,
    name: str,
    owner: str | None,
    topic: str,
    modes: str,
    members: tuple[str, ...],
    everybody: bool,
) -> None:
    """Make the channel NAME, and put people into it.

    \b
    Example: securechat-admin channel create '#class-7b' --owner ms_miller --all
    """
    [owner_name] = _find_names(context, [owner or _only_administrator(context)])
    wanted = _everybody(context) if everybody else _find_names(context, members)
    facts = {"owner": owner_name, "topic": topic, "modes": modes}
    made = requests.ask(context, "channel create", channel=name, **facts)
    added = _put_in(context, str(made), [one for one in wanted if one != owner_name])
    text = ngettext(
        "{name} is there; {owner} owns it, and {count} other is in it.",
        "{name} is there; {owner} owns it, and {count} others are in it.",
        len(added),
    )
    click.echo(text.format(name=made, owner=owner_name, count=len(added)))


@channel.command()
@click.argument("name")
@click.argument("members", nargs=-1, metavar="[ACCOUNT]...")
@click.option("--all", "everybody", is_flag=True, help="Everybody who has an account.")
@click.pass_obj
def add(context: AdminContext, name: str, members: tuple[str, ...], everybody: bool) -> None:
    """Put people into the channel NAME. Who is online sees it at once, who isn't at the next login;
    neither bans nor a key nor +i keeps them out.

    \b
    Example: securechat-admin channel add '#class-7b' tim lena
    """
    if bool(members) == everybody:
        raise click.UsageError("expected either names of accounts or --all")
    found = find_channel(context, name)[1]
    wanted = _everybody(context) if everybody else _find_names(context, members)
    added = _put_in(context, found, wanted)
    there = len(wanted) - len(added)
    text = _("Put into {name}: {added}; in it before: {there}.")
    click.echo(text.format(name=found, added=len(added), there=there))


@channel.command()
@click.argument("name")
@click.argument("account")
@click.argument("role", type=click.Choice(list(ROLES)))
@click.pass_obj
def role(context: AdminContext, name: str, account: str, role: str) -> None:
    """Make ACCOUNT, a member of the channel NAME, an owner, an operator, voiced, or plain.

    \b
    Example: securechat-admin channel role '#class-7b' lena operator
    """
    [found] = _find_names(context, [account])
    changed = ask(context, "role", name, name=found, role=role)
    shown = {
        "owner": _("an owner"),
        "operator": _("an operator"),
        "voice": _("voiced"),
        "member": _("a plain member"),
    }[role]
    text = _("{name} is {role} now.") if changed else _("{name} was {role} already.")
    click.echo(text.format(name=found, role=shown))


@channel.command()
@click.argument("name")
@click.argument("account")
@reason
@click.pass_obj
def kick(context: AdminContext, name: str, account: str, reason: str) -> None:
    """Put ACCOUNT out of the channel NAME. It can come back, unless it is banned.

    \b
    Example: securechat-admin channel kick '#den' mallory --reason 'that is enough'
    """
    [found] = _find_names(context, [account])
    ask(context, "kick", name, name=found, reason=reason)
    click.echo(_("{name} is put out.").format(name=found))


@channel.command()
@click.argument("name")
@click.argument("who", metavar="ACCOUNT|MASK")
@click.option("--kick", is_flag=True, help="Put those out, too, who are in the channel.")
@reason
@click.pass_obj
def ban(context: AdminContext, name: str, who: str, kick: bool, reason: str) -> None:
    """Keep ACCOUNT out of the channel NAME, or all whom a MASK matches: nick!user@host with * and
    ?, or ~a:account. Who is banned and inside can't speak.

    \b
    Example: securechat-admin channel ban '#den' mallory --kick
    """
    done = ask(context, "ban", name, who=_who(context, who), kick=kick, reason=reason)
    click.echo(_("{mask} is banned.").format(mask=done["mask"]))
    if done["out"]:
        click.echo(_("Put out: {names}.").format(names=", ".join(done["out"])))


@channel.command()
@click.argument("name")
@click.argument("who", metavar="ACCOUNT|MASK")
@click.pass_obj
def unban(context: AdminContext, name: str, who: str) -> None:
    """Let ACCOUNT, or whom a MASK matches, into the channel NAME again.

    \b
    Example: securechat-admin channel unban '#den' mallory
    """
    mask = ask(context, "unban", name, who=_who(context, who))
    click.echo(_("{mask} is not banned any more.").format(mask=mask))


def _who(context: AdminContext, text: str) -> str:
    """A mask as it is; a name as it is spelled."""
    return text if set(text) & set("!@*?~") else find_account(context, text).name
