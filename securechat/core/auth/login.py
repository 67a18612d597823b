"""From a connection that is not logged in to a member of the broadcast set.

verify() and certified() begin a login; a worker's answer continues it; advance() completes the
connection's registration once everything it needs has come. Who is in the broadcast set already
may show once more who they are, by the same way: reauthentication.py has how that ends. Hub thread
only.
"""

from __future__ import annotations

from math import ceil

from securechat.core.auth import places, reauthentication, second_factor, totp
from securechat.core.auth.reauthentication import Proof, named
from securechat.core.auth.texts import (
    CERTIFICATE_UNKNOWN,
    CODE_REQUIRED,
    LATER,
    NOT_WITHOUT_FACTOR,
    QUEUED,
    TOO_MANY_CODES,
    WRONG,
    enrolment,
    required,
)
from securechat.core.delivery import acknowledgements
from securechat.core.history import replay
from securechat.core.jobs import Verified, VerifyPassword
from securechat.core.journal.events.accounts import PasswordRehashed
from securechat.core.model.credentials import Certificate, split_device
from securechat.core.model.entities import Account, Session
from securechat.core.model.login_places import network_of
from securechat.core.model.states import WAITING, State, Trigger
from securechat.core.presence import arrivals, live_sessions
from securechat.core.shared import Done, KnownAt, WrongCode, WrongGuess
from securechat.core.turn import Turn
from securechat.credentials.device import is_token, token_digest
from securechat.irc import names
from securechat.irc.numerics import Numeric

LATE_SECONDS = 300.0
"""So long the server may have one login wait, in all: a full queue of passwords at a second each,
which a small machine with other work takes for one. Limited, or a connection that is turned away
again and again could stay for ever.
"""

TELL_SECONDS = 5.0
"""Who waits for a password to be checked is told so often that they do: programs give up after ten
seconds of silence, and the page asks after thirty whether anybody is there.
"""

CHECKED = {State.VERIFYING: "AUTHENTICATE", State.CREATING: "REGISTER"}
"""Where a password is looked at, and for which command."""


def advance(turn: Turn, session: Session) -> None:
    """Complete the connection's registration, when NICK, USER and CAP END are there."""
    attempt = session.attempt
    # It is called after each of these commands, as clients send them in any order.
    if attempt.negotiating or attempt.nick is None or attempt.user is None:
        return
    if session.state is State.PROVEN:
        _load(turn, session)
    elif session.state is State.CONNECTED:
        if attempt.password is None:
            _require(turn, session)
            return
        # The convention of bouncers (account:password); without a colon the nick is the account.
        account, colon, password = attempt.password.partition(":")
        if not colon:
            account, password = attempt.nick, account
        session.move(Trigger.PASSWORD)
        verify(turn, session, account, password)


def _require(turn: Turn, session: Session) -> None:
    """The client goes on without a login: say what is wanted. When its login has failed that is
    said once more, and it ends, as some clients show nothing but this.
    """
    refused = session.attempt.refused
    text = f"Login failed: {refused}" if refused else required(turn)
    turn.standard_reply(session, "FAIL", "*", "ACCOUNT_REQUIRED", text)
    if refused:
        turn.close(session, text)


def verify(turn: Turn, session: Session, name: str, password: str) -> None:
    """Have a password checked, or a device token in its place, once check_begins() was said."""
    name, device = split_device(name)
    # A name that can't be one goes the whole way too, so that it takes the same time. Cut, as what
    # is counted for it is kept in memory.
    folded = names.fold_account(name) or name[: names.MAX_ACCOUNT_BYTES]
    # A former name will do: nobody else can have it, and devices that are set to it go on.
    account = turn.model.known_as(folded)
    if session.login is not None:
        session.login.claimed, session.login.outdated = account, False
        session.claimed_device = device
    if account is not None and not account.usable:
        # A disabled account is looked at as one that isn't there: same text, same time.
        account = None
    # 256 random bits need no bcrypt and no throttle: a digest can be looked up at once.
    token = turn.model.tokens.get(token_digest(password)) if is_token(password) else None
    # The name must be the owner's: a token given with another one opens nothing.
    if token is not None and account is not None and token.account == account.id:
        if _kept_out(turn, session, account):
            return
        token.used_ms = turn.now_ms
        turn.model.used[token] = None
        _granted(turn, session, account, Proof("token", token=token))
        return
    guesses = turn.model.login_throttle
    # Asked now, and passed on: the worker's queue prefers those who have been here before.
    known = guesses.known(folded, session.address_block)
    number = account.id if account else None
    await_answer(turn, session)
    # Looked for whether the account has a second factor or not: else the time would tell.
    code = totp.code_at_end(password)
    job = VerifyPassword(session, number, folded, password, code, known)
    wait = guesses.wait(folded, session.address_block, turn.clock)
    if wait:
        _hold(turn, job, wait)
    else:
        turn.job(job)


def await_answer(turn: Turn, session: Session) -> None:
    """A worker's answer is waited for from now on."""
    if session.login is not None:
        session.login.tell_at = turn.clock + TELL_SECONDS


def check_time(turn: Turn, session: Session, passed: float) -> None:
    """End a login that takes too long. What it waits for the server is no part of its time, and it
    is told that it waits. passed: seconds since the last look.
    """
    attempt, age = session.attempt, turn.clock - session.opened_at
    if session.state in WAITING:
        attempt.waited = min(LATE_SECONDS, attempt.waited + min(passed, age))
    if age - attempt.waited > turn.settings.login_seconds:
        turn.close(session, "Login took too long")
    elif session.state in CHECKED and turn.clock >= attempt.tell_at:
        attempt.tell_at = turn.clock + TELL_SECONDS
        command, seconds = CHECKED[session.state], f"{TELL_SECONDS:.0f}"
        turn.standard_reply(session, "NOTE", command, "QUEUED", seconds, QUEUED)


def _hold(turn: Turn, job: VerifyPassword, wait: float) -> None:
    """Too many wrong guesses came before: this attempt waits, and its client is told."""
    session = job.session
    if not turn.model.login_throttle.hold(job, turn.clock + wait):
        # Too many wait from there already. It isn't counted as wrong, as nobody has looked at it.
        failed(turn, session)
        return
    if session.login is not None:
        session.login.tell_at += wait
    text = f"After several wrong passwords the next one is looked at in {wait:.0f} s"
    turn.standard_reply(session, "NOTE", "AUTHENTICATE", "WAIT", f"{wait:.0f}", text)


def go_on(turn: Turn) -> None:
    """Have those passwords checked that have waited long enough."""
    for job in turn.model.login_throttle.due(turn.clock):
        # Who has gone meanwhile needs no bcrypt, which is a quarter of a second of a core.
        if job.session.state is not State.CLOSED:
            turn.job(job)


def certified(turn: Turn, session: Session, certificate: Certificate | None) -> None:
    """A verified client certificate is shown; None: it isn't registered. check_begins() was said
    before.
    """
    if certificate is None:
        _denied(turn, session, "-", "unknown certificate", CERTIFICATE_UNKNOWN)
        return
    account = turn.model.accounts[certificate.account]
    if not account.usable:
        _denied(turn, session, account.name, "no such account")
        return
    if _kept_out(turn, session, account):
        return
    certificate.used_ms = turn.now_ms
    turn.model.used[certificate] = None
    _granted(turn, session, account, Proof("certificate", certificate=certificate))


def verified(turn: Turn, answer: Verified) -> None:
    """A worker has checked a password."""
    session, attempt = answer.session, answer.session.login
    account = turn.model.accounts.get(answer.account) if answer.account is not None else None
    outdated = attempt is not None and attempt.outdated
    if not answer.granted or account is None or not account.usable or outdated:
        # Counted for names that nobody has as well, or the waits would tell which ones exist.
        turn.share(WrongGuess(answer.name, session.address_block))
        # Only a name that is an account's: people type their password in its place.
        claimed = attempt.claimed if attempt is not None else session.account
        _denied(turn, session, claimed.name if claimed else "-", "wrong password")
        return
    # Only here the password is known to be right; all before must look the same.
    how = "password"
    if session.login is not None and second_factor.lacking(turn, account):
        if not _enrolled(turn, session, account, answer.code):
            return
        how = "password and code"
    elif account.factor is not None or answer.code:
        found = _second_factor(turn, session, account, answer.code)
        if found is None:
            return
        how = f"password and {found}"
    _granted(turn, session, account, Proof(how, proved_at=turn.clock))


def _kept_out(turn: Turn, session: Session, account: Account) -> bool:
    """Whether a token or a certificate doesn't log its account in, as that has to begin a second
    factor first: else the policy would end where a token begins.
    """
    out = session.login is not None and second_factor.lacking(turn, account)
    if out:
        _denied(turn, session, account.name, "no second factor", NOT_WITHOUT_FACTOR)
    return out


def _enrolled(turn: Turn, session: Session, account: Account, code: str) -> bool:
    """The password is right, and the account has to have a second factor: whether this login begins
    it, by a code of the secret that an earlier one was told.

    Nobody is logged in before, so there is no state between the two in which anything could be
    seen.
    """
    throttle = turn.model.login_throttle
    if code and not throttle.may_try_code(account.id, turn.clock):
        _denied(turn, session, account.name, "too many codes", TOO_MANY_CODES)
        return False
    known = second_factor.accepted_offer(turn, account, code) if code else None
    codes = second_factor.enrol(turn, account, known, code) if known is not None else None
    if codes is not None:
        _begin_with_factor(turn, session, account, codes)
        return True
    if code:
        turn.share(WrongCode(account.id))
    secret = second_factor.offered(turn, account, network_of(session.address_block))
    key = totp.base32(secret)
    uri = totp.uri(secret, account.name, turn.settings.network)
    text = "Give this to your authenticator, then log in with its code behind the password"
    turn.standard_reply(session, "NOTE", "TOTP", "SECRET", key, uri, text)
    _denied(turn, session, account.name, "no second factor", enrolment(key))
    return False


def _begin_with_factor(turn: Turn, session: Session, account: Account, codes: list[str]) -> None:
    turn.audit("second factor enabled", session, account=account.name)
    offers = turn.model.enrolments.pop(account.id)
    turn.on_failure(lambda: turn.model.enrolments.update({account.id: offers}))
    _unstored(turn, session)
    text = "Shown this once: each stands in for one code. Keep them apart from your device"
    turn.standard_reply(session, "NOTE", "TOTP", "RECOVERY", *codes, text)


def _unstored(turn: Turn, session: Session) -> None:
    """The login is nothing until what it has changed is stored."""
    if session.login is not None:
        session.login.unstored = True  # a code that isn't stored as used might be used again
        turn.on_failure(lambda: unbecome(turn, session))


def _second_factor(turn: Turn, session: Session, account: Account, code: str) -> str | None:
    """The password is right: is the code? What it was, or None when the login was denied."""
    if account.factor is None:  # what was taken for a code is a wrong ending of the password
        turn.share(WrongGuess(account.folded, session.address_block))
        _denied(turn, session, account.name, "wrong password")
        return None
    if not code:
        _denied(turn, session, account.name, "no code", CODE_REQUIRED)
        return None
    # Asked before the code is looked at: six digits are few, and a right one must not get in once
    # there were too many.
    if not turn.model.login_throttle.may_try_code(account.id, turn.clock):
        _denied(turn, session, account.name, "too many codes", TOO_MANY_CODES)
        return None
    found = second_factor.use(turn, account, account.factor, code)
    if found is None:
        # Both: the account's own count for codes, and that of the address it comes from.
        turn.share(WrongCode(account.id))
        turn.share(WrongGuess(account.folded, session.address_block))
        _denied(turn, session, account.name, "wrong code")
        return None
    _unstored(turn, session)
    return found


def keep_rehashed(turn: Turn, answer: Verified) -> None:
    """Store a new hash of a password, of the present cost. Its span has no session: the login goes
    on whether it can be stored or not.
    """
    # A login is the only time when the password is known, so a new cost is taken up here.
    if answer.granted and answer.rehashed is not None and answer.account is not None:
        start = turn.savepoint()
        turn.record(PasswordRehashed(answer.rehashed, answer.account, answer.replaced))
        turn.finish_span(None, "REHASH", start)


def failed(turn: Turn, session: Session) -> None:
    """The password can't be checked now; the connection may try again."""
    if session.login is None:
        if reauthentication.ended(session):
            return
    else:
        by_pass = session.login.password is not None
        session.move(Trigger.DENIED)
        session.login.password = None
        if by_pass:
            turn.close(session, LATER)
            return
    turn.standard_reply(session, "FAIL", "*", "TEMPORARILY_UNAVAILABLE", LATER)
    refuse(turn, session, Numeric.ERR_SASLFAIL, LATER)


def refuse(turn: Turn, session: Session, numeric: Numeric, reason: str) -> None:
    """A SASL login has failed."""
    if session.login is not None:
        session.login.refused = reason
    turn.numeric(session, numeric, f"SASL authentication failed: {reason}")


def check_begins(session: Session) -> None:
    """The client has said all of its SASL exchange: what it has shown is looked at now."""
    if session.login is not None:
        session.move(Trigger.PAYLOAD)
        session.exchange = None
    elif session.exchange is not None:
        session.exchange.checking = True


def end_exchange(session: Session) -> None:
    """The SASL exchange ends without a result, if there is one."""
    if session.state is State.CHALLENGED:
        session.move(Trigger.ABORTED)
    if session.exchange is not None and session.exchange.checking:
        session.exchange.aborted = True
    else:
        session.exchange = None


def abort(turn: Turn, session: Session) -> None:
    """The client ends a SASL exchange that has begun."""
    end_exchange(session)
    turn.numeric(session, Numeric.ERR_SASLABORTED, "SASL authentication aborted")


def _denied(
    turn: Turn, session: Session, account: str, result: str, told: tuple[str, str] | None = None
) -> None:
    """told: the code and the text of what may be known, as the password was right."""
    # Of these only so many are stored, as strangers can cause any number.
    turn.audit("login", session, account=account, result=result)
    if session.login is not None:
        session.move(Trigger.DENIED)
        session.login.failures += 1
    elif reauthentication.ended(session):
        return
    if told is not None:
        turn.standard_reply(session, "FAIL", "AUTHENTICATE", *told)
    text = told[1] if told is not None else WRONG
    if session.login is not None and session.login.password is not None:
        session.login.password = None
        # RFC 2812's answer to PASS; SASL has numerics of its own.
        turn.numeric(session, Numeric.ERR_PASSWDMISMATCH, text)
        turn.close(session, text)
        return
    # It goes on behind "SASL authentication failed: ".
    refuse(turn, session, Numeric.ERR_SASLFAIL, text[0].lower() + text[1:])
    if session.login is not None and session.login.failures >= turn.settings.max_login_failures:
        turn.close(session, "Too many failed logins")


def _granted(turn: Turn, session: Session, account: Account, proof: Proof) -> None:
    # Also where there is no place for it: the owner was there, and is known there from now on.
    turn.share(KnownAt(account.folded, session.address_block))
    if session.login is None:
        reauthentication.granted(turn, session, proof)
        return
    by_sasl = session.login.password is None
    session.login.password = None
    session.token, session.certificate = proof.token, proof.certificate
    session.proved_at = proof.proved_at
    full = live_sessions.no_place(turn, session, account)
    wait = turn.model.logins.wait((account.id, session.proven), turn.clock)
    if full is not None:
        _turned_away(turn, session, account, "too many connections", full)
        return
    if wait:
        text = f"{account.name} logs in too often; try again in {ceil(wait)} seconds"
        _turned_away(turn, session, account, "too many logins", text)
        return
    # Who shows the password is counted apart: a thief of a token can't use up the owner's logins.
    turn.share(Done("logins", (account.id, session.proven)))
    become(turn, session, account)
    turn.audit("login", session, by=proof.how, **named(session))
    places.arrived(turn, session, proof.how)
    if by_sasl:
        turn.numeric(session, Numeric.RPL_SASLSUCCESS, "SASL authentication successful")
    # All else may be there already: with PASS it is, or where nothing was negotiated.
    advance(turn, session)


def _turned_away(turn: Turn, session: Session, account: Account, result: str, text: str) -> None:
    session.move(Trigger.DENIED)
    turn.audit("login", session, account=account.name, result=result)
    turn.close(session, text)


def become(turn: Turn, session: Session, account: Account) -> None:
    """The session is the account's from now on; its registration goes on with advance()."""
    # First the state: it raises where a login has no place, and nothing is changed then.
    session.move(Trigger.GRANTED)
    shown = session.shown_nick
    session.account, session.attempt.password = account, None
    # Before anything is read for it: what the device has missed counts from its mark.
    acknowledgements.begin(turn, session)
    reauthentication.tell(turn, session, shown)


def unbecome(turn: Turn, session: Session) -> None:
    """What the login had to store could not be stored: the connection is logged out again."""
    # What was to be read for the account must not be: the session is nobody's again.
    turn.jobs[:] = [job for job in turn.jobs if job.session is not session]
    session.account = session.proved_at = session.device = None
    session.token = session.certificate = None
    # They were meant for a session that is logged in; as a stranger's they would all be errors.
    session.held.clear()
    if session.state is not State.CLOSED:
        # Not by move(): going back has no trigger, as it is no step that a client can cause.
        session.state = State.CONNECTED


# Completing


def _load(turn: Turn, session: Session) -> None:
    """Read what the account has missed, or go on at once when there is nothing.

    A login that isn't stored yet takes the longer way: nobody may hear of it, or from it, before.
    """
    session.move(Trigger.COMPLETE)
    if session.attempt.unstored or any(replay.unread(turn.model, session)):
        session.attempt.unstored = False
        turn.job(replay.load(turn, session))
    else:
        arrivals.expect(turn, session)
