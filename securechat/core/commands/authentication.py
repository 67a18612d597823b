"""AUTHENTICATE and REGISTER: becoming somebody.

https://ircv3.net/specs/extensions/sasl-3.2,
https://ircv3.net/specs/extensions/account-registration
"""

from __future__ import annotations

from securechat.core.auth import login, reauthentication, registration
from securechat.core.commands.registry import ALWAYS, command
from securechat.core.delivery import labels
from securechat.core.model.credentials import split_device
from securechat.core.model.entities import SaslExchange, Session
from securechat.core.model.states import State, Trigger
from securechat.core.turn import IrcError, Turn
from securechat.irc import names, sasl
from securechat.irc.message import Message
from securechat.irc.numerics import Numeric


@command("AUTHENTICATE", usage="PLAIN | EXTERNAL | <base64> | *", min_params=1, states=ALWAYS)
def authenticate(turn: Turn, session: Session, message: Message) -> None:
    """Log in by SASL, or once more as who you are, to show your password anew."""
    if session.account is not None and session.state is not State.READY:
        raise IrcError(Numeric.ERR_SASLALREADY, "You have already logged in")
    parameter, exchange = message.params[0], session.exchange
    # Also where nothing has begun: the answer is 906 in any case.
    if parameter == "*":
        login.end_exchange(session)
        raise IrcError(Numeric.ERR_SASLABORTED, "SASL authentication aborted")
    if exchange is None:
        _mechanism(turn, session, parameter.upper())
    elif exchange.checking:
        login.refuse(turn, session, Numeric.ERR_SASLFAIL, "wait for the answer to the last one")
    else:
        _payload(turn, session, exchange, parameter)
        if session.state is State.VERIFYING or (session.exchange and exchange.checking):
            labels.wait(session, message.tags)


def _mechanism(turn: Turn, session: Session, mechanism: str) -> None:
    offered = ("PLAIN", "EXTERNAL") if turn.settings.external else ("PLAIN",)
    if mechanism not in offered:
        turn.numeric(
            session, Numeric.RPL_SASLMECHS, ",".join(offered), "are available SASL mechanisms"
        )
        login.refuse(turn, session, Numeric.ERR_SASLFAIL, "unknown mechanism")
        return
    if session.login is not None:
        session.move(Trigger.MECHANISM)
        session.login.password = None  # some clients send PASS as well; SASL takes its place
    session.exchange = SaslExchange(mechanism)
    turn.send(session, "AUTHENTICATE +")


def _payload(turn: Turn, session: Session, exchange: SaslExchange, chunk: str) -> None:
    try:
        payload = exchange.assembler.feed(chunk)
        if payload is None:
            return
        if session.changing:  # what is right now may be wrong when it has been looked at
            raise sasl.SaslError("your password is being changed; wait for its answer")
        if exchange.mechanism == "PLAIN":
            _plain(turn, session, sasl.decode_plain(payload))
        else:
            _external(turn, session, payload.decode(errors="replace"))
    except sasl.SaslTooLongError:
        login.end_exchange(session)
        login.refuse(turn, session, Numeric.ERR_SASLTOOLONG, "SASL message too long")
    except sasl.SaslError as error:
        login.end_exchange(session)
        login.refuse(turn, session, Numeric.ERR_SASLFAIL, str(error))


def _plain(turn: Turn, session: Session, plain: sasl.Plain) -> None:
    # Acting as somebody else (RFC 4616) is for proxies; here it would be a way around promise 3.
    if plain.authzid not in ("", plain.authcid, split_device(plain.authcid)[0]):
        raise sasl.SaslError("you can log in as yourself only; leave the authzid empty")
    if session.login is None:
        folded = names.fold_account(split_device(plain.authcid)[0])
        _check_again(turn, session, same=turn.model.known_as(folded) is session.who)
    login.check_begins(session)
    login.verify(turn, session, plain.authcid, plain.password)


def _external(turn: Turn, session: Session, authzid: str) -> None:
    """By the fingerprint alone: what the certificate's subject says is only its issuer's word."""
    if session.fingerprint is None:
        raise sasl.SaslError(
            "show a client certificate, with clientAuth in its extended key usage, of an authority "
            "that this server takes (client_ca)"
        )
    certificate = turn.model.certificates.get(session.fingerprint)
    named = turn.model.known_as(names.fold_account(authzid)) if authzid else None
    # Only where the certificate is registered: else the answer would tell which accounts there are.
    if authzid and certificate and (named is None or named.id != certificate.account):
        raise sasl.SaslError("the certificate is for another account")
    if session.login is None:
        same = certificate is None or certificate.account == session.who.id
        _check_again(turn, session, same=same)
    login.check_begins(session)
    login.certified(turn, session, certificate)


def _check_again(turn: Turn, session: Session, *, same: bool) -> None:
    """Who is in the broadcast set stays who they are: a name is an account. Raises IrcError, and
    SaslError for who tries too often.

    Before anything is looked at: a session is no place to try others' passwords from.
    """
    if not same:
        login.end_exchange(session)
        name = session.who.name
        text = f"You are logged in as {name}; log in as somebody else on another connection"
        raise IrcError(Numeric.ERR_SASLALREADY, text)
    reauthentication.check_may_try(turn, session)


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
        named = session.account.name if account == "*" else account
        _fail(turn, session, "ALREADY_AUTHENTICATED", named, "You are logged in already")
    elif session.attempt.nick is None:
        _fail(turn, session, "NEED_NICK", "*", "Send NICK with the name you want first")
    # "*" is the specification's word for "the nick that I have".
    elif account != "*" and not _is_nick(session.attempt.nick, account):
        text = "Your account's name is your nick; send NICK with that name first"
        _fail(turn, session, "ACCOUNT_NAME_MUST_BE_NICK", account, text)
    elif session.state is State.CHALLENGED:
        text = "A SASL login has begun; abort it with AUTHENTICATE * first"
        _fail(turn, session, "TEMPORARILY_UNAVAILABLE", session.attempt.nick, text)
    else:
        registration.create(turn, session, session.attempt.nick, code, password)
        if session.state is State.CREATING:
            labels.wait(session, message.tags)


def _is_nick(nick: str, account: str) -> bool:
    """Whether this is the account that the nick would be; in which spelling, the nick says."""
    return account == nick or names.fold_account(account) == names.fold_account(nick) is not None


def _fail(turn: Turn, session: Session, code: str, account: str, text: str) -> None:
    turn.standard_reply(session, "FAIL", "REGISTER", code, account.split(" ")[0] or "*", text)
