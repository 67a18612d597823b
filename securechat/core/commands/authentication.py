"""AUTHENTICATE and REGISTER: becoming somebody.

https://ircv3.net/specs/extensions/sasl-3.2,
https://ircv3.net/specs/extensions/account-registration
"""

from __future__ import annotations

from securechat.core.auth import login, registration
from securechat.core.commands.registry import ALWAYS, command
from securechat.core.model.credentials import split_device
from securechat.core.model.entities import Session
from securechat.core.model.states import State, Trigger
from securechat.core.turn import IrcError, Turn
from securechat.irc import sasl
from securechat.irc.message import Message
from securechat.irc.numerics import Numeric


@command("AUTHENTICATE", usage="PLAIN | EXTERNAL | <base64> | *", min_params=1, states=ALWAYS)
def authenticate(turn: Turn, session: Session, message: Message) -> None:
    """Log in by SASL."""
    if session.account is not None:
        raise IrcError(Numeric.ERR_SASLALREADY, "You have already logged in")
    parameter = message.params[0]
    if parameter == "*":
        if session.state is State.CHALLENGED:
            session.move(Trigger.ABORTED)
        raise IrcError(Numeric.ERR_SASLABORTED, "SASL authentication aborted")
    if session.state is State.CHALLENGED:
        _payload(turn, session, parameter)
    else:
        _mechanism(turn, session, parameter.upper())


def _mechanism(turn: Turn, session: Session, mechanism: str) -> None:
    offered = ("PLAIN", "EXTERNAL") if turn.settings.external else ("PLAIN",)
    if mechanism not in offered:
        turn.numeric(
            session, Numeric.RPL_SASLMECHS, ",".join(offered), "are available SASL mechanisms"
        )
        login.refuse(turn, session, Numeric.ERR_SASLFAIL, "unknown mechanism")
        return
    session.move(Trigger.MECHANISM)
    session.attempt.password = None  # some clients send PASS as well; SASL takes its place
    session.attempt.mechanism = mechanism
    session.attempt.assembler = sasl.Assembler()
    turn.send(session, "AUTHENTICATE +")


def _payload(turn: Turn, session: Session, chunk: str) -> None:
    assert session.attempt.assembler is not None  # noqa: S101 - set on the way to CHALLENGED
    try:
        payload = session.attempt.assembler.feed(chunk)
        if payload is None:
            return
        if session.attempt.mechanism == "PLAIN":
            _plain(turn, session, sasl.decode_plain(payload))
        else:
            _external(turn, session, payload.decode(errors="replace"))
    except sasl.SaslTooLongError:
        session.move(Trigger.ABORTED)
        login.refuse(turn, session, Numeric.ERR_SASLTOOLONG, "SASL message too long")
    except sasl.SaslError as error:
        session.move(Trigger.ABORTED)
        login.refuse(turn, session, Numeric.ERR_SASLFAIL, str(error))


def _plain(turn: Turn, session: Session, plain: sasl.Plain) -> None:
    if plain.authzid not in ("", plain.authcid, split_device(plain.authcid)[0]):
        raise sasl.SaslError("you can log in as yourself only; leave the authzid empty")
    session.move(Trigger.PAYLOAD)
    login.verify(turn, session, plain.authcid, plain.password)


def _external(turn: Turn, session: Session, authzid: str) -> None:
    """By the fingerprint alone: what the certificate's subject says is only its issuer's word."""
    if session.fingerprint is None:
        raise sasl.SaslError(
            "show a client certificate, with clientAuth in its extended key usage, of an authority "
            "that this server takes (client_ca)"
        )
    certificate = turn.model.certificates.get(session.fingerprint)
    named = turn.model.account_named(authzid) if authzid else None
    if authzid and certificate and (named is None or named.id != certificate.account):
        raise sasl.SaslError("the certificate is for another account")
    session.move(Trigger.PAYLOAD)
    login.certified(turn, session, certificate)


@command(
    "REGISTER",
    usage="* <invite code | *> :<password>",
    min_params=3,
    max_params=3,
    last="password",
    states=ALWAYS,
)
def register(turn: Turn, session: Session, message: Message) -> None:
    """Make an account with your nick as its name; the invite code stands in the e-mail's place."""
    account, code, password = message.params
    if session.account is not None:
        _fail(turn, session, "ALREADY_AUTHENTICATED", account, "You are logged in already")
    elif session.attempt.nick is None:
        _fail(turn, session, "NEED_NICK", "*", "Send NICK with the name you want first")
    elif account not in ("*", session.attempt.nick):
        text = "Your account's name is your nick; send NICK with that name first"
        _fail(turn, session, "ACCOUNT_NAME_MUST_BE_NICK", account, text)
    elif session.state is State.CHALLENGED:
        text = "A SASL login has begun; abort it with AUTHENTICATE * first"
        _fail(turn, session, "TEMPORARILY_UNAVAILABLE", session.attempt.nick, text)
    else:
        registration.create(turn, session, session.attempt.nick, code, password)


def _fail(turn: Turn, session: Session, code: str, account: str, text: str) -> None:
    turn.standard_reply(session, "FAIL", "REGISTER", code, account.split(" ")[0] or "*", text)
