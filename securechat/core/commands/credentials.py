"""TOKEN, TOTP, PASSWD: what an account's owner does to its own credentials."""

from __future__ import annotations

from securechat.core.auth import places, second_factor, totp
from securechat.core.commands.registry import command
from securechat.core.commands.verbs import VerbRefused, check_fresh, fail, note, run, shown
from securechat.core.delivery import acknowledgements, labels
from securechat.core.jobs import Answer, Hashed, HashPassword
from securechat.core.journal.events.accounts import (
    CertificateRevoked,
    PasswordChanged,
    TokenCreated,
    TokenRevoked,
)
from securechat.core.model.credentials import Factor, Token
from securechat.core.model.entities import Account, Session
from securechat.core.presence import online
from securechat.core.shared import WrongCode
from securechat.core.text import iso
from securechat.core.turn import Turn
from securechat.credentials.device import (
    MAX_TOKENS,
    TOKEN_BYTES,
    format_token,
    is_token_name,
    token_digest,
)
from securechat.irc.message import Message

BIND = "BIND"
"""The token is for the very client that makes it, in the place of the password that it has shown;
without the word it is for another device, and this session has nothing to do with it.
"""


# Device tokens


@command("TOKEN", usage="CREATE <name> [BIND] | LIST | REVOKE <name>", min_params=1)
def token(turn: Turn, session: Session, message: Message) -> None:
    """Make, list or revoke device tokens, each of which stands in for your password."""
    run(turn, session, message, _TOKEN)


def _create(turn: Turn, session: Session, words: str) -> None:
    account = session.who
    check_fresh(turn, session)
    name, _, flag = words.partition(" ")
    if not is_token_name(name) or flag.upper() not in ("", BIND):
        text = "Name the device in one word of at most 32 letters: TOKEN CREATE laptop"
        raise VerbRefused("INVALID_NAME", text, shown(words))
    if second_factor.lacking(turn, account):
        text = "This server asks for a second factor first: TOTP ENROLL begins it"
        raise VerbRefused("SECOND_FACTOR_REQUIRED", text, name)
    if name in account.tokens:
        text = "There is one of that name; choose another, or TOKEN REVOKE it"
        raise VerbRefused("NAME_TAKEN", text, name)
    # Each is a way in, and a list of hundreds is looked through by nobody.
    if len(account.tokens) >= MAX_TOKENS:
        text = f"You have {MAX_TOKENS} already; TOKEN LIST shows them, TOKEN REVOKE ends one"
        raise VerbRefused("TOO_MANY", text)
    # Not chosen by the client: a token must be as random as it is long.
    secret = format_token(turn.vault.random(TOKEN_BYTES))
    # Only its digest is kept: who reads the database can't log in with it.
    turn.record(TokenCreated(token_digest(secret), account.id, name, turn.now_ms))
    if flag:
        _bind(turn, session, account.tokens[name])
    turn.audit("token created", session, token=name, **({"bound": "yes"} if flag else {}))
    text = "Shown this once: it logs you in in the place of your password, until it is revoked"
    note(turn, session, "TOKEN", "CREATED", name, secret, text)


def _bind(turn: Turn, session: Session, made: Token | None) -> None:
    """The session ends with the token from now on, as if it had logged in with it."""
    before, made_at = session.token, places.place_at(session)
    session.token = made
    turn.on_failure(lambda: setattr(session, "token", before))
    if made is not None:
        places.bound(turn, session, made_at)
        acknowledgements.rebind(turn, session)


def _list(turn: Turn, session: Session, _: str) -> None:
    found = sorted(session.who.tokens.values(), key=lambda token: token.created_ms)
    for item in found:
        used = iso(item.used_ms) if item.used_ms is not None else "*"
        text = f"last used {used}" if item.used_ms is not None else "never used"
        note(turn, session, "TOKEN", "ENTRY", item.name, iso(item.created_ms), used, text)
    note(turn, session, "TOKEN", "END", str(len(found)), f"{len(found)} device tokens")


def _revoke(turn: Turn, session: Session, name: str) -> None:
    found = session.who.tokens.get(name)
    if found is None:
        text = "You have no token of that name; TOKEN LIST shows them"
        raise VerbRefused("NO_SUCH_TOKEN", text, shown(name))
    turn.record(TokenRevoked(found.digest))
    turn.audit("token revoked", session, token=name)
    note(turn, session, "TOKEN", "REVOKED", name, "It logs nobody in any more")
    # Behind the span: should it not be stored, they have ended all the same.
    turn.after_span(lambda: online.end_token(turn, found))


_TOKEN = {"CREATE": _create, "LIST": _list, "REVOKE": _revoke}


# The second factor


@command(
    "TOTP", usage="STATUS | ENROLL | CONFIRM <code> | RECOVERY <code> | REMOVE <code>", min_params=1
)
def totp_command(turn: Turn, session: Session, message: Message) -> None:
    """Turn the second factor of your login on or off, or renew its recovery codes."""
    run(turn, session, message, _TOTP)


def _status(turn: Turn, session: Session, _: str) -> None:
    factor = session.who.factor
    if factor is None:
        text = "Your login has no second factor; TOTP ENROLL begins one"
        note(turn, session, "TOTP", "STATUS", "OFF", "0", text)
        return
    left = len(factor.recovery)
    text = f"Your login has a second factor; recovery codes left: {left}"
    state = "REQUIRED" if second_factor.required(turn, session.who) else "ON"
    note(turn, session, "TOTP", "STATUS", state, str(left), text)


def _enroll(turn: Turn, session: Session, _: str) -> None:
    check_fresh(turn, session)
    _check_none(session.who)
    # In memory only: an enrolment that nobody completes leaves nothing behind.
    session.enrolling = secret = turn.vault.random(totp.SECRET_BYTES)
    text = "Give this to your authenticator, then TOTP CONFIRM with the code that it shows"
    uri = totp.uri(secret, session.who.name, turn.settings.network)
    # Both forms: some type the secret, others scan the URI as a QR code.
    note(turn, session, "TOTP", "SECRET", totp.base32(secret), uri, text)


def _confirm(turn: Turn, session: Session, code: str) -> None:
    _check_none(session.who)
    if session.enrolling is None:
        raise VerbRefused("NOT_ENROLLING", "Begin with TOTP ENROLL")
    codes = second_factor.enrol(turn, session.who, session.enrolling, code)
    if codes is None:
        text = "That isn't the code of now; give the newest, and check the clock of your device"
        raise VerbRefused("WRONG_CODE", text)
    # After it has been taken: a wrong code may be tried again.
    session.enrolling = None
    turn.audit("second factor enabled", session)
    text = "From now on a login with the password needs a code behind it"
    note(turn, session, "TOTP", "ENABLED", text)
    _tell_recovery(turn, session, codes)


def _recovery(turn: Turn, session: Session, code: str) -> None:
    _check_code(turn, session, code)
    codes = second_factor.renew_recovery_codes(turn, session.who)
    turn.audit("recovery codes renewed", session)
    _tell_recovery(turn, session, codes)


def _remove(turn: Turn, session: Session, code: str) -> None:
    if second_factor.required(turn, session.who):
        text = "This server asks for a second factor; for a new device ask its administrator"
        raise VerbRefused("SECOND_FACTOR_REQUIRED", text)
    _check_code(turn, session, code)
    second_factor.remove(turn, session.who)
    turn.audit("second factor removed", session)
    note(turn, session, "TOTP", "REMOVED", "A login needs the password only from now on")


def _check_none(account: Account) -> None:
    if account.factor is not None:
        text = "Your login has a second factor; TOTP REMOVE takes it away first"
        raise VerbRefused("ALREADY_ENABLED", text)


def _check_code(turn: Turn, session: Session, code: str) -> Factor:
    """A code as at a login, of an account that has a second factor. Raises VerbRefused."""
    account = session.who
    check_fresh(turn, session)
    if account.factor is None:
        raise VerbRefused("NOT_ENABLED", "Your login has no second factor; TOTP ENROLL begins one")
    # The same count as at logins: else this would be the place to try codes out.
    if not turn.model.login_throttle.may_try_code(account.id, turn.clock):
        raise VerbRefused("WRONG_CODE", "Too many wrong codes; wait some minutes")
    if second_factor.use(turn, account, account.factor, code) is None:
        turn.share(WrongCode(account.id))
        turn.audit("second factor code", session, result="wrong code")
        text = "That isn't a code of now, or it was used before; wait for the next one"
        raise VerbRefused("WRONG_CODE", text)
    return account.factor


def _tell_recovery(turn: Turn, session: Session, codes: list[str]) -> None:
    text = "Shown this once: each stands in for one code. Keep them apart from your device"
    note(turn, session, "TOTP", "RECOVERY", *codes, text)


_TOTP = {
    "STATUS": _status,
    "ENROLL": _enroll,
    "CONFIRM": _confirm,
    "RECOVERY": _recovery,
    "REMOVE": _remove,
}


# The password


@command("PASSWD", usage=":<new password>", min_params=1, max_params=1, last="password")
def passwd(turn: Turn, session: Session, message: Message) -> None:
    """Change your password; everything else that is logged in as you ends, tokens included."""
    try:
        check_fresh(turn, session)
        if session.changing or (session.exchange is not None and session.exchange.checking):
            text = "A change, or an AUTHENTICATE, is under way; wait for its answer"
            raise VerbRefused("TEMPORARILY_UNAVAILABLE", text)
    except VerbRefused as refused:
        fail(turn, session, "PASSWD", refused)
        return
    # One at a time, as each costs a worker what a login does.
    session.changing = True
    account = session.who
    turn.job(HashPassword(session, account.name, message.params[0], account.id))
    labels.wait(session, message.tags)


def answered(turn: Turn, answer: Answer) -> None:
    """A worker has hashed the new password of a session that is logged in, or failed to."""
    session = answer.session
    session.changing = False
    if not isinstance(answer, Hashed):
        text = "The server can't do that now; try again in a minute"
        fail(turn, session, "PASSWD", VerbRefused("TEMPORARILY_UNAVAILABLE", text))
    elif answer.refusal is not None:
        fail(turn, session, "PASSWD", VerbRefused(answer.code, answer.refusal))
    else:
        _set_password(turn, session, answer)


def _set_password(turn: Turn, session: Session, answer: Hashed) -> None:
    account = session.who
    turn.record(PasswordChanged(answer.hashed, account.id, answer.replaced))
    # A password is changed when somebody may know the old one; they may have made tokens too.
    for item in list(account.tokens.values()):
        turn.record(TokenRevoked(item.digest))
    for certificate in list(account.certificates.values()):
        turn.record(CertificateRevoked(certificate.fingerprint))
    # This session has shown a password, and must not end with the tokens.
    _bind(turn, session, None)
    turn.audit("password changed", session)
    text = "Your password is changed; all other sessions, device tokens and certificates have ended"
    note(turn, session, "PASSWD", "CHANGED", text)
    reason = online.AFTER_CHANGE
    turn.after_span(lambda: online.end_account(turn, account, reason, keep=session))
