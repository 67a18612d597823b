"""What an account may ask for: long answers cost it, so that nobody's questions slow the others.

A row of an answer costs the hub some microseconds. An account has so many rows a second; a question
beyond that is answered with 263, and may be asked again a little later. Hub thread only.
"""

from __future__ import annotations

from securechat.core.session import Session
from securechat.core.turn import IrcError, Turn
from securechat.irc.numerics import Numeric

ROWS_PER_SECOND = 2000.0
"""About a hundredth of the hub's time."""

BURST_ROWS = 20_000.0
"""About a tenth of a second; a longer answer passes when the whole of it is saved up."""


def charge(turn: Turn, session: Session, command: str, rows: int) -> None:
    """Pay for an answer of so many rows. Raises IrcError (263)."""
    account = session.who
    earned = (turn.clock - account.rows_at) * ROWS_PER_SECOND
    account.rows_left = min(BURST_ROWS, account.rows_left + max(0.0, earned))
    account.rows_at = turn.clock
    price = min(float(rows), BURST_ROWS)
    if price > account.rows_left:
        raise IrcError(
            Numeric.RPL_TRYAGAIN, command, "That is much at once; please try again in some seconds"
        )
    account.rows_left -= price
