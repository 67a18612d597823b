"""MONITOR: to be told when some people come and go. https://ircv3.net/specs/extensions/monitor"""

from __future__ import annotations

from collections.abc import Iterable

from securechat.core import metadata
from securechat.core.channels import channels
from securechat.core.commands.registry import command
from securechat.core.model.entities import Session
from securechat.core.presence import monitors
from securechat.core.text import fill
from securechat.core.turn import IrcError, Turn
from securechat.irc import names
from securechat.irc.message import Message
from securechat.irc.numerics import Numeric

TARGETS_BYTES = 360
"""Of the targets in one reply: what the longest names of server and client leave of a line."""

USAGE = "+ <nick>[,<nick>…] | - <nick>[,<nick>…] | C | L | S"


@command("MONITOR", usage=USAGE, min_params=1)
def monitor(turn: Turn, session: Session, message: Message) -> None:
    """Be told when some people come and go: add (+) or remove (-) names, clear the list (C), show
    it (L), or who of it is online (S).
    """
    modifier, *params = message.params
    if modifier in ("+", "-"):
        targets = [target for target in ",".join(params[:1]).split(",") if target]
        if not targets:
            text = f"Not enough parameters: MONITOR {USAGE}"
            raise IrcError(Numeric.ERR_NEEDMOREPARAMS, "MONITOR", text)
        (_add if modifier == "+" else _remove)(turn, session, targets)
    elif modifier in ("C", "c"):
        monitors.clear(turn.model, session)
    elif modifier in ("L", "l"):
        _list(turn, session)
    elif modifier in ("S", "s"):
        _tell_status(turn, session, session.monitored.items())
    else:
        raise IrcError(Numeric.ERR_UNKNOWNERROR, "MONITOR", f"Expected {USAGE}")


def _add(turn: Turn, session: Session, targets: list[str]) -> None:
    added: dict[str, str] = {}
    too_many: list[str] = []
    invalid: list[str] = []
    for target in targets:
        folded = names.fold_account(target)
        if folded is None:
            invalid.append(target)
            continue
        if len(target.encode()) > names.MAX_ACCOUNT_BYTES:  # a spelling that would fill a reply
            target = names.account_name(target).display
        if monitors.add(turn.model, session, folded, target):
            added[folded] = target
        else:
            too_many.append(target)
    # One answer for all that were added, before what was refused.
    _tell_status(turn, session, added.items())
    for text in fill(too_many, TARGETS_BYTES, ","):
        limit = str(monitors.MAX_MONITORED)
        turn.numeric(session, Numeric.ERR_MONLISTFULL, limit, text, "Monitor list is full")
    for target in invalid:  # nobody is ever called so; a mask among them
        shown = channels.word(target)
        turn.numeric(session, Numeric.ERR_ERRONEUSNICKNAME, shown, "Not a name here")


def _remove(turn: Turn, session: Session, targets: list[str]) -> None:
    for target in targets:
        folded = names.fold_account(target)
        if folded is not None:
            monitors.remove(turn.model, session, folded)


def _list(turn: Turn, session: Session) -> None:
    _tell(turn, session, Numeric.RPL_MONLIST, session.monitored.values())
    turn.numeric(session, Numeric.RPL_ENDOFMONLIST, "End of MONITOR list")


def _tell_status(turn: Turn, session: Session, targets: Iterable[tuple[str, str]]) -> None:
    """targets: folded, and as they are shown while nobody of that name is online."""
    model, server = turn.model, turn.settings.name
    online, offline = [], []
    for folded, shown in targets:
        account = model.by_name.get(folded)
        # Also who has gone, and the others have not been told of it: see Model.lingering.
        if account is not None and account in model.online:
            online.append(account.source(server))
        else:
            offline.append(shown)
    _tell(turn, session, Numeric.RPL_MONONLINE, online)
    _tell(turn, session, Numeric.RPL_MONOFFLINE, offline)
    if online and metadata.aware(session):
        for source in online:
            metadata.tell_later(turn, session, source.partition("!")[0])


def _tell(turn: Turn, session: Session, numeric: Numeric, targets: Iterable[str]) -> None:
    for text in fill(targets, TARGETS_BYTES, ","):
        turn.numeric(session, numeric, text)
