"""`securechat-admin invite …`: links with which people make their accounts."""

from __future__ import annotations

import click
from click.core import ParameterSource

from securechat.admin.context import AdminContext
from securechat.admin.listing import echo_json, local_time, table, utc
from securechat.common.language import _, ngettext, translated
from securechat.core.administration.remote import MOST_INVITE_DAYS, MOST_NOTE, MOST_USES
from securechat.server.links import login_link, make_link, page_url
from securechat.store.admin import wall_clock
from securechat.store.invites import invite_id
from securechat.store.sql.rows import InviteRow


def _note(context: click.Context, param: click.Parameter, value: str) -> str:
    if len(value) > MOST_NOTE or not value.isprintable():
        raise click.BadParameter(f"expected one line of at most {MOST_NOTE} characters")
    return value


@click.group(invoke_without_command=True)
@click.option(
    "--uses",
    type=click.IntRange(1, MOST_USES),
    default=1,
    show_default=True,
    help="How many accounts can be made with the link.",
)
@click.option(
    "--days",
    type=click.IntRange(1, MOST_INVITE_DAYS),
    default=7,
    show_default=True,
    help="How long it works.",
)
@click.option("--admin", is_flag=True, help="Its accounts administer the server.")
@click.option("--note", default="", callback=_note, help="For `invite list`: whom it is for.")
@click.option("--login", is_flag=True, help="Print the link for who has an account already.")
@click.pass_context
def invite(
    invocation: click.Context, uses: int, days: int, admin: bool, note: str, login: bool
) -> None:
    """Print a link with which somebody can make an account.

    Give it to nobody else: whoever has it can use it. The link of --login holds no secret: it says
    where the server is and which certificate authority to trust. Send it so that nobody can put
    another one in its place.

    \b
    Example: securechat-admin invite --uses 25
    """
    # The group is a command as well: `invite` makes one, `invite list` shows them.
    if invocation.invoked_subcommand is not None:
        _refuse_options(invocation, f"not for `invite {invocation.invoked_subcommand}`")
        return
    context: AdminContext = invocation.obj
    # A link has the server's address and CA in it, and these it has when it has run once.
    context.check_served()
    if login:
        _refuse_options(invocation, "not for --login, which makes none", but="login")
        _print_login(context)
        return
    link = make_link(context.admin, uses=uses, days=days, administrator=admin, note=note)
    click.echo(str(link))  # alone on standard output, for scripts
    click.echo(
        _("To use it:  securechat {link}  ({limits})").format(
            link=link, limits=_limits(uses, days)
        ),
        err=True,
    )
    if page := page_url(context.admin.reader):
        click.echo(_("In a browser:  {url}").format(url=link.in_browser(page)), err=True)
    context.warn_about(link)
    # After it was made: the setting may be changed, and the link used then.
    _warn_when_closed(context)
    context.settle()


def _print_login(context: AdminContext) -> None:
    link = login_link(context.admin.reader)
    click.echo(str(link))
    click.echo(
        _("To use it:  securechat {link}  (who has an account; no secret)").format(link=link),
        err=True,
    )
    if page := page_url(context.admin.reader):
        click.echo(_("In a browser:  {url}").format(url=page), err=True)
    context.warn_about(link)


def _refuse_options(context: click.Context, why: str, but: str = "") -> None:
    """`invite --uses 3 list` asks for two things. but: the option that may be there."""
    for name in context.params:
        given = context.get_parameter_source(name) is ParameterSource.COMMANDLINE
        if given and name != but:
            raise click.UsageError(f"--{name} is for making an invite, {why}")


def _limits(uses: int, days: int) -> str:
    times = ngettext("works once", "works {count} times", uses).format(count=uses)
    return times + ngettext(", within a day", ", within {days} days", days).format(days=days)


def _warn_when_closed(context: AdminContext) -> None:
    if context.registration() == "closed":
        click.echo(
            _(
                "warning: the link will be refused, as registration is closed here: set "
                'registration in [accounts] to "invite" and restart the server, or make '
                "accounts with `user add`"
            ),
            err=True,
        )


@invite.command("list")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def list_(context: AdminContext, as_json: bool) -> None:
    """Show the invites. Their links can't be shown again: only a hash of each code is kept.

    \b
    Example: securechat-admin invite list
    """
    rows = context.admin.reader.invites()
    now = wall_clock()
    if as_json:
        echo_json([_entry(row, now) for row in rows])
    elif rows:
        cells = [_cells(row, now) for row in rows]
        click.echo("\n".join(table(("ID", "STATE", "USES", "EXPIRES", "FOR", "NOTE"), cells)))
    else:
        click.echo(_("There is no invite; `invite` makes one."), err=True)


def _cells(row: InviteRow, now: int) -> tuple[str, ...]:
    kind = "admin" if row.admin else "member"
    expires = local_time(row.expires_ms)
    now_it_is = translated(state(row, now))
    return invite_id(row), now_it_is, str(row.uses), expires, translated(kind), row.note


def _entry(row: InviteRow, now: int) -> dict[str, object]:
    return {
        "id": invite_id(row),
        "state": state(row, now),
        "uses": row.uses,
        "expires": utc(row.expires_ms),
        "admin": bool(row.admin),
        "note": row.note,
    }


def state(row: InviteRow, now: int) -> str:
    """Whether an invite works. now: milliseconds since 1970 (UTC)."""
    # Used up or revoked: both are ended by the same figure.
    if not row.uses:
        return "ended"
    return "open" if row.expires_ms > now else "expired"


@invite.command()
@click.argument("id")
@click.pass_obj
def revoke(context: AdminContext, id: str) -> None:
    """End the invite with this ID, as `invite list` shows it; its beginning is enough.

    \b
    Example: securechat-admin invite revoke 3f2a
    """
    row = context.admin.invites.revoke(id)
    click.echo(_("The invite {id} is ended; its link is worth nothing.").format(id=invite_id(row)))
    context.settle()
