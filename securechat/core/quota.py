"""What the log may hold of one account, and that there is room on the disk. Hub thread only."""

from __future__ import annotations

from securechat.core.journal.events.accounts import UsageCounted, UsageUpto
from securechat.core.model.entities import Account
from securechat.core.turn import IrcError, Turn
from securechat.irc.numerics import Numeric

MIB = 1024 * 1024


def check_room(turn: Turn, command: str) -> None:
    """Whether there is room for anything of a command. Raises IrcError (400)."""
    if turn.model.no_space:
        raise IrcError(Numeric.ERR_UNKNOWNERROR, command, turn.model.no_space)


def check(turn: Turn, account: Account, command: str) -> None:
    """Whether a command of an account may add to the log. Raises IrcError (400).

    Not asked of what ends something: everybody may always leave, and put somebody out.
    """
    # Before the account's own bound: it is the more urgent one, and nobody's fault.
    if turn.model.no_space:
        check_room(turn, command)
    own = account.quota_mib
    most = turn.settings.account_bytes if own is None else own * MIB
    # Asked before the entry: one may exceed the bound by a single message.
    if account.stored_bytes >= most > 0:
        text = (
            f"Not stored, so nobody saw it: what is kept of you has reached {most // MIB} MiB, as "
            "much as an account may have here; whoever runs the server can raise it"
        )
        raise IrcError(Numeric.ERR_UNKNOWNERROR, command, text)


def store_usage(turn: Turn) -> None:
    """How much the log holds of those who have added to it."""
    model = turn.model
    if not model.uncounted:
        return
    start = turn.savepoint()
    uncounted, model.uncounted = model.uncounted, {}
    for account in uncounted:
        if model.accounts.get(account.id) is not account:  # its registration was not stored
            continue
        turn.record(UsageCounted(account.id, account.stored_bytes))
    # Together with the counts: a start counts what came after this number.
    turn.record(UsageUpto(str(model.last_seq)))
    # The next tick tries again.
    turn.on_failure(lambda: model.uncounted.update(uncounted))
    turn.finish_span(None, "TICK", start)
