"""An administrator gives an account another name."""

from __future__ import annotations

from securechat.core.administration.requests import Refused, Request, request
from securechat.core.journal.events.accounts import AccountRenamed, AccountRespelled
from securechat.core.model.entities import Account
from securechat.core.presence import monitors, online
from securechat.core.turn import Turn
from securechat.irc import names
from securechat.irc.names import AccountName, InvalidName


@request("user rename")
def rename(turn: Turn, asked: Request) -> str:
    """The account of that id gets the name in `name`, which nobody else has or had; its name now.

    The name before stays its own: it logs in, and is given to nobody else.
    """
    account = turn.model.accounts.get(asked.facts["account"])
    if account is None or account.deleted:
        raise Refused("there is no such account any more; `user list` shows those there are")
    wanted = _wanted(turn, account, asked.facts["name"])
    before, known = account.name, account.source(turn.settings.name)
    # Who follows the name before hears of it for the last time.
    moves = wanted.folded != account.folded and account in turn.model.online
    if moves:
        monitors.tell_offline(turn, account)
    if wanted.folded == account.folded:
        turn.record(AccountRespelled(wanted.display, wanted.skeleton, account.id))
    else:
        turn.record(AccountRenamed(*_forms(wanted), account.id, account.folded))
    online.tell_name(turn, account, known)
    if moves:
        monitors.tell_online(turn, account)
    for session in account.sessions:
        text = f"The administrator has changed your name from {before} to {account.name}"
        turn.notice(session, text)
    turn.audit_own("account renamed", actor=asked.by, account=before, name=account.name)
    return account.name


def _wanted(turn: Turn, account: Account, text: str) -> AccountName:
    try:
        wanted = names.account_name(text)
    except InvalidName as error:
        raise Refused(str(error)) from None
    if wanted.display == account.name:
        raise Refused(f"{account.name} is called so already")
    owner = turn.model.known_as(wanted.folded) or account
    if owner is not account:
        whose = "has" if owner.folded == wanted.folded else "had"
        raise Refused(f"{owner.name} {whose} this name, which is given to nobody else")
    alike = turn.model.account_skeletons.get(wanted.skeleton, account)
    if alike is not account:
        raise Refused(
            f"{wanted.display} looks like a name that {alike.name} has or had; choose another"
        )
    return wanted


def _forms(name: AccountName) -> tuple[str, str, str]:
    return name.display, name.folded, name.skeleton
