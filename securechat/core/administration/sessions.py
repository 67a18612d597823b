"""An administrator sees the live sessions of an account, and ends them."""

from __future__ import annotations

from securechat.core.administration.requests import Refused, Request, request
from securechat.core.model.entities import Account
from securechat.core.presence import live_sessions, online
from securechat.core.presence.live_sessions import Live
from securechat.core.shared import LoginsEnded
from securechat.core.turn import Turn

LOGGED_OUT = "Ended by the administrator"


@request("sessions")
def sessions(turn: Turn, asked: Request) -> list[Live]:
    """Those of the account of that id, oldest first."""
    return live_sessions.listed(turn, _account(turn, asked))


@request("logout")
def logout(turn: Turn, asked: Request) -> int:
    """End the one of the id in `session`, or, without any, all, those that are only half logged in
    included. How many that were.
    """
    account, wanted = _account(turn, asked), asked.facts["session"]
    if wanted is None:
        # Of all sessions and not of account.sessions, which has only those in the broadcast set.
        ended = [session for session in turn.model.sessions if session.account is account]
        # And those that are half logged in at another node.
        turn.share(LoginsEnded(account.id, LOGGED_OUT))
    else:
        found = live_sessions.sessions_of(turn, account).items()
        ended = [session for number, session in found if number == wanted]
        if not ended:
            raise Refused(
                f"{account.name} has no session {wanted!r}; `user sessions {account.name}` shows "
                "them"
            )
    online.end_all(turn, ended, LOGGED_OUT)
    if ended:
        shown = wanted or "all"
        turn.audit_own(
            "logged out by the administrator", actor=asked.by, account=account.name, session=shown
        )
    return len(ended)


def _account(turn: Turn, asked: Request) -> Account:
    account = turn.model.accounts.get(asked.facts["account"])
    if account is None:
        raise Refused("there is no such account any more")
    return account
