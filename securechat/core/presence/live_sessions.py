"""The live sessions of an account: how many it may have, and what its member and the administrator
see of them. Hub thread only.

A thief of a device token may fill all places; whoever shows the password or a certificate gets in
all the same, in the place of a session that showed a token only.
"""

from __future__ import annotations

from typing import NamedTuple

from securechat.core.model.entities import Account, Session
from securechat.core.presence import online
from securechat.core.turn import Turn

EVICTED = "Your account has logged in elsewhere by its password or certificate, and had no place"

ID_BYTES = 3
"""An id is for typing, and opens nothing: an account has few sessions, and nobody else sees it."""


class Live(NamedTuple):
    """One session. id: its own in the account, as long as it lasts. by: password, token or
    certificate. name: of the token or certificate, '' for the password. since_ms, heard_ms:
    milliseconds since 1970 (UTC); of one at another node heard_ms is known to ten minutes.
    address: where it comes from.
    """

    id: str
    by: str
    name: str
    since_ms: int
    heard_ms: int
    address: str


def sessions_of(turn: Turn, account: Account) -> dict[str, Session]:
    """Those that are logged in, oldest first, by their ids; who has none yet gets one."""
    found: dict[str, Session] = {}
    turn.touch(account)  # all nodes have to call them so
    for session in account.sessions:
        # 24 random bits may meet, and two sessions of one id could not be told apart.
        while not session.id or session.id in found:
            session.id = turn.vault.random(ID_BYTES).hex()
        found[session.id] = session
    return found


def describe(turn: Turn, session: Session) -> Live:
    """A session that sessions_of() has named."""
    return Live(
        session.id,
        *_credential(session),
        _wall(turn, session.opened_at),
        _wall(turn, session.heard_at),
        session.address,
    )


def _credential(session: Session) -> tuple[str, str]:
    if session.token is not None:
        return "token", session.token.name
    if session.certificate is not None:
        return "certificate", session.certificate.name
    return "password", ""


def listed(turn: Turn, account: Account) -> list[Live]:
    """All of an account's sessions, oldest first."""
    return [describe(turn, session) for session in sessions_of(turn, account).values()]


def _wall(turn: Turn, clock: float) -> int:
    # Sessions keep the monotonic clock, which a change of the system's time doesn't move.
    return turn.now_ms - int((turn.clock - clock) * 1000)


def no_place(turn: Turn, session: Session, account: Account) -> str | None:
    """Why a login as the account can't have a place, or None when it gets one."""
    # Who is proven gets in, and make_place() ends another one for it.
    if len(account.sessions) < turn.settings.max_sessions or session.proven:
        return None
    return f"{account.name} has {len(account.sessions)} connections already"


def make_place(turn: Turn, newest: Session) -> None:
    """End what an account has too many, now that its newest session is online.

    The oldest session that showed a token only goes first, then the oldest of all.
    """
    sessions = newest.who.sessions
    if len(sessions) > turn.settings.max_sessions:
        others = [session for session in sessions if session is not newest]
        # False sorts before True: those with a token only come first.
        ended = min(others, key=lambda session: (session.proven, session.opened_at))
        turn.audit("session ended", ended, by="a login that found no place")
        online.end_all(turn, [ended], EVICTED)
