"""Whom a session follows by MONITOR, and what it is told of them. Hub thread only.

The names may be nobody's. Nothing of it is stored: a list ends with its session.
https://ircv3.net/specs/extensions/monitor, https://ircv3.net/specs/extensions/extended-monitor
"""

from __future__ import annotations

from collections.abc import Iterable

from securechat.core.delivery.line import Line
from securechat.core.model.entities import Account, Audience, Session
from securechat.core.model.state import Model
from securechat.core.turn import Turn
from securechat.irc.capabilities import EXTENDED_MONITOR
from securechat.irc.numerics import Numeric

MAX_MONITORED = 100
"""Names of one session: more than anybody knows, and a list of them takes a few lines."""


def add(model: Model, session: Session, folded: str, shown: str) -> bool:
    """Follow a name, in its folded form. shown: as the list has it. False when the list is full."""
    if folded in session.monitored:
        return True
    if len(session.monitored) >= MAX_MONITORED:
        return False
    session.monitored[folded] = shown
    # Names of nobody are kept as well: whether there is such an account must not show.
    model.monitors.setdefault(folded, {})[session] = None
    return True


def remove(model: Model, session: Session, folded: str) -> None:
    """Follow a name no more, if it was followed."""
    if session.monitored.pop(folded, None) is not None:
        monitors = model.monitors[folded]
        del monitors[session]
        # Else the names that anybody ever followed would stay in memory.
        if not monitors:
            del model.monitors[folded]


def clear(model: Model, session: Session) -> None:
    """Follow nobody any more."""
    # A copy, as remove() changes it.
    for folded in list(session.monitored):
        remove(model, session, folded)


def tell_online(turn: Turn, account: Account) -> None:
    """To those who follow the account: it has come."""
    _tell(turn, account, Numeric.RPL_MONONLINE, account.source(turn.settings.name))


def tell_offline(turn: Turn, account: Account) -> None:
    """To those who follow the account: it has gone."""
    _tell(turn, account, Numeric.RPL_MONOFFLINE, account.name)


def _tell(turn: Turn, account: Account, numeric: Numeric, target: str) -> None:
    monitors = turn.model.monitors.get(account.folded)
    if monitors:
        body = f":{turn.settings.name} {numeric} * :{target}"  # '*': the same bytes for all
        turn.broadcast(Audience(monitors), Line(body, turn.now_ms))


def followers(model: Model, account: Account, capability: int) -> Iterable[Session]:
    """Those who are told more of the account than its coming and going: what a capability tells of
    those in one's channels.
    """
    monitors = model.monitors.get(account.folded, ())
    return [one for one in monitors if one.has(EXTENDED_MONITOR) and one.has(capability)]
