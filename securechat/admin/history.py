"""`securechat-admin user erase`: what the server keeps of what was said, on the administrator's
word.
"""

from __future__ import annotations

import click

from securechat.admin.context import AdminContext
from securechat.admin.users import confirm
from securechat.common.language import _, ngettext
from securechat.irc import names
from securechat.store.sql.personal import ErasedWords
from securechat.store.sql.rows import AccountRow


def find_author(context: AdminContext, name: str) -> AccountRow:
    """The account, which may be deleted, as somebody types its name. Raises UnknownError."""
    return context.admin.find_author(names.fold_account(name) or "", repr(name)[1:-1])


@click.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Don't ask whether you are sure.")
@click.pass_obj
def erase(context: AdminContext, name: str, yes: bool) -> None:
    """Erase all that NAME has said, in channels and to people, from the server.

    Joins, parts and topics in the history go too, and beside it the topics that stand, the real
    name and the metadata. It is in no file of the database when this ends; who has received it
    keeps it, and so do older backups. NAME may be a deleted account. One that isn't may say more
    meanwhile: `user disable` keeps it out. Chat goes on while this runs.

    \b
    Example: securechat-admin user erase maria
    """
    account = find_author(context, name)
    upto, count = context.admin.erasable(account)
    if not count and not context.admin.personal(account).has_words():
        click.echo(_("The history has nothing of {name}.").format(name=account.name), err=True)
        return
    if not yes:
        confirm(
            ngettext(
                "This can't be undone: {count} entry of {name} is taken out of the history.",
                "This can't be undone: {count} entries of {name} are taken out of the history.",
                count,
            ).format(count=count, name=account.name),
            _("Erase all that {name} has said?").format(name=account.name),
            _("nothing was erased"),
        )
    erased, words = context.admin.erase(account, upto, context.pause, entries=count)
    text = ngettext(
        "{count} entry of {name} is erased.", "{count} entries of {name} are erased.", erased
    )
    click.echo(text.format(count=erased, name=account.name))
    if told := _told(words):
        click.echo(_("Erased too: {told}.").format(told=told))
    forget(context)
    context.settle()


def _told(words: ErasedWords) -> str:
    parts = (
        (words.names, _("the real name")),
        (words.keys, _("the metadata")),
        (words.topics, ngettext("{count} topic", "{count} topics", words.topics)),
        (
            words.reports,
            ngettext("{count} reason of reports", "{count} reasons of reports", words.reports),
        ),
        (
            words.reasons,
            ngettext("{count} reason of kicks", "{count} reasons of kicks", words.reasons),
        ),
    )
    return ", ".join(text.format(count=number) for number, text in parts if number)


def forget(context: AdminContext) -> None:
    """Have the database's write-ahead log forget what was erased, or say that it has not."""
    if not context.admin.cut_log(context.pause):
        click.echo(
            _(
                "securechat-admin: warning: somebody reads the database for long, perhaps a "
                "backup. Until that ends, its file with -wal at the end still has what was erased"
            ),
            err=True,
        )
