"""Who is logged in shows once more who they are: SASL again, on the same connection.

It is for the credential alone, as a name is an account: with the password it may be changed what
wants a fresh login, and with a token or a certificate the session ends when that is revoked, as if
it had logged in with it. login.py checks it as it does for a login, wait and limits included. What
fails leaves the session as it was. Hub thread only.
https://ircv3.net/specs/extensions/sasl-3.2#sasl-reauthentication
"""

from __future__ import annotations

from math import ceil
from typing import NamedTuple

from securechat.core.model.credentials import Certificate, Token
from securechat.core.model.entities import Session
from securechat.core.shared import Done
from securechat.core.turn import Turn
from securechat.irc.numerics import Numeric
from securechat.irc.sasl import SaslError


class Proof(NamedTuple):
    """What somebody has shown to be an account. how: what it was, for the audit. token and
    certificate: if it was one. proved_at: when the password was shown, if it was (monotonic
    seconds).
    """

    how: str
    token: Token | None = None
    certificate: Certificate | None = None
    proved_at: float | None = None


def check_may_try(turn: Turn, session: Session) -> None:
    """Not more often than an account may log in, whether it is right or wrong. Raises SaslError.

    Who has shown the password before is counted apart, as at a login.
    """
    key = (session.who.id, session.proven)
    wait = turn.model.logins.wait(key, turn.clock)
    if wait:
        turn.audit("login", session, result="too many logins")
        raise SaslError(f"{session.who.name} logs in too often; try again in {ceil(wait)} seconds")
    turn.share(Done("logins", key))


def granted(turn: Turn, session: Session, proof: Proof) -> None:
    """They have shown it: from now on the session is this credential's.

    What has arrived stays counted for the device that it was at its login. Another one that the
    credential belongs to may have missed what came before, and its mark would go past that.
    """
    if ended(session):
        return
    before = Proof("", session.token, session.certificate, session.proved_at)
    turn.on_failure(lambda: _hold(session, before))
    _hold(session, proof)
    turn.audit("login", session, by=proof.how, again="yes", **named(session))
    tell(turn, session, session.shown_nick)
    turn.numeric(session, Numeric.RPL_SASLSUCCESS, "SASL authentication successful")


def _hold(session: Session, proof: Proof) -> None:
    session.token, session.certificate = proof.token, proof.certificate
    session.proved_at = proof.proved_at


def ended(session: Session) -> bool:
    """The check has come to an end; whether the client has aborted it meanwhile."""
    exchange, session.exchange = session.exchange, None
    return exchange is not None and exchange.aborted


def named(session: Session) -> dict[str, str]:
    """Which token or certificate it was, for the audit."""
    if session.token is not None:
        return {"token": session.token.name}
    return {"certificate": session.certificate.name} if session.certificate is not None else {}


def tell(turn: Turn, session: Session, shown: str) -> None:
    """900: whose account it is. shown: the nick that it goes to."""
    account, server = session.who, turn.settings.name
    turn.send(
        session,
        f":{server} {Numeric.RPL_LOGGEDIN} {shown} {account.source(server)} {account.name} "
        f":You are now logged in as {account.name}",
    )
