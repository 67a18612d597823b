"""How many sessions an account may have, and whose place is taken when there is none left. Hub
thread only.

A thief of a device token may fill all places; whoever shows the password or a certificate gets in
all the same, in the place of a session that showed a token only.
"""

from __future__ import annotations

from securechat.core.model.entities import Account, Session
from securechat.core.presence import online
from securechat.core.turn import Turn

EVICTED = "Your account has logged in elsewhere by its password or certificate, and had no place"


def refusal(turn: Turn, session: Session, account: Account) -> str | None:
    """Why a login as the account can't have a place, or None when it gets one."""
    if len(account.sessions) < turn.settings.max_sessions or session.proven:
        return None
    return f"{account.name} has {len(account.sessions)} connections already"


def make(turn: Turn, newest: Session) -> None:
    """End what an account has too many, now that its newest session is online.

    The oldest session that showed a token only goes first, then the oldest of all.
    """
    sessions = newest.who.sessions
    if len(sessions) > turn.settings.max_sessions:
        others = [session for session in sessions if session is not newest]
        ended = min(others, key=lambda session: (session.proven, session.opened_at))
        turn.audit("session ended", ended, by="a login that found no place")
        online.end_all(turn, [ended], EVICTED)
