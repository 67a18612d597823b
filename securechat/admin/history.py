"""`securechat-admin user erase`: what the server keeps of what was said, on the administrator's
word.
"""

from __future__ import annotations

import click

from securechat.admin.context import AdminContext
from securechat.admin.users import confirm
from securechat.irc import names
from securechat.store.sqlite.personal import ErasedWords
from securechat.store.sqlite.rows import AccountRow


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
    """
    account = find_author(context, name)
    upto, count = context.admin.erasable(account)
    if not count and not context.admin.personal(account).has_words():
        click.echo(f"The history has nothing of {account.name}.", err=True)
        return
    if not yes:
        confirm(
            f"This can't be undone: {count} entries of {account.name} are taken out of the "
            "history.",
            f"Erase all that {account.name} has said?",
            "nothing was erased",
        )
    erased, words = context.admin.erase(account, upto, context.pause, entries=count)
    click.echo(f"{erased} entries of {account.name} are erased.")
    if told := _told(words):
        click.echo(f"Erased too: {told}.")
    forget(context)
    context.settle()


def _told(words: ErasedWords) -> str:
    parts = (
        (words.names, "the real name"),
        (words.keys, "the metadata"),
        (words.topics, f"{words.topics} topic{'s'[: words.topics != 1]}"),
        (words.reports, f"{words.reports} reason{'s'[: words.reports != 1]} of reports"),
        (words.reasons, f"{words.reasons} reason{'s'[: words.reasons != 1]} of kicks"),
    )
    return ", ".join(text for number, text in parts if number)


def forget(context: AdminContext) -> None:
    """Have the database's write-ahead log forget what was erased, or say that it has not."""
    if not context.admin.cut_log(context.pause):
        click.echo(
            "securechat-admin: warning: somebody reads the database for long, perhaps a backup. "
            "Until that ends, its file with -wal at the end still has what was erased",
            err=True,
        )
