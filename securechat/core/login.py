"""From a stranger's connection to a member of the broadcast set.

verify(), certified() and create() begin a login; a worker's answer continues it; advance()
completes the connection's registration once everything it needs has come. Hub thread only.
"""

from __future__ import annotations

from securechat.core import presence, replay
from securechat.core.audit import note
from securechat.core.events import AccountCreated, InviteUsed, PasswordChanged
from securechat.core.jobs import Hashed, HashPassword, Verified, VerifyPassword
from securechat.core.model import Account, Invite
from securechat.core.session import Session
from securechat.core.states import State, Trigger
from securechat.core.turn import Turn
from securechat.irc import names
from securechat.irc.link import code_digest
from securechat.irc.names import AccountName, InvalidName
from securechat.irc.numerics import Numeric

WRONG = "SASL authentication failed: wrong account or password"
"""One text for an unknown account, a wrong password and a disabled account."""


def advance(turn: Turn, session: Session) -> None:
    """Complete the connection's registration, when NICK, USER and CAP END are there."""
    if session.negotiating or session.nick is None or session.user is None:
        return
    if session.state is State.PROVEN:
        _load(turn, session)
    elif session.state is State.CONNECTED:
        if session.password is None:
            turn.standard_reply(session, "FAIL", "*", "ACCOUNT_REQUIRED", _required(turn))
            return
        account, colon, password = session.password.partition(":")
        if not colon:
            account, password = session.nick, account
        session.move(Trigger.PASSWORD)
        verify(turn, session, account, password)


def _required(turn: Turn) -> str:
    how = {
        "invite": " New here? With the code of an invite: /quote REGISTER * CODE :PASSWORD",
        "open": " New here? /quote REGISTER * * :PASSWORD",
        "closed": "",
    }[turn.settings.registration]
    return (
        "This server wants a login: set up SASL PLAIN in your client, or the server password "
        f"account:password.{how}"
    )


def verify(turn: Turn, session: Session, name: str, password: str) -> None:
    """Have a password checked. The session is in VERIFYING."""
    folded = names.fold_account(name) or ""
    account = turn.model.by_name.get(folded)
    usable = account is not None and account.usable
    session.claimed = account
    turn.job(VerifyPassword(session, account.id if account and usable else None, folded, password))


def certified(turn: Turn, session: Session, name: str) -> None:
    """A verified client certificate names the account. The session is in VERIFYING."""
    account = turn.model.account_named(name)
    if account is None or not account.usable:
        _denied(turn, session)
    else:
        _granted(turn, session, account)


def verified(turn: Turn, answer: Verified) -> None:
    """A worker has checked a password."""
    session = answer.session
    account = turn.model.accounts.get(answer.account) if answer.account is not None else None
    if not answer.granted or account is None or not account.usable:
        _denied(turn, session)
        return
    _granted(turn, session, account)


def keep_rehashed(turn: Turn, answer: Verified) -> None:
    """A new hash of a password, of the present cost: a step of nobody's, as the login goes on
    whether it can be stored or not.
    """
    if answer.granted and answer.rehashed is not None and answer.account is not None:
        start = turn.mark()
        turn.record(PasswordChanged(answer.rehashed, answer.account, answer.replaced))
        turn.finish_step(None, "REHASH", start)


def failed(turn: Turn, session: Session) -> None:
    """The worker could not do its work; the connection may try again."""
    text = "The server can't check that now; try again in a minute"
    registering, by_pass = session.state is State.CREATING, session.password is not None
    session.move(Trigger.DENIED)
    session.password, session.mechanism = None, ""
    if registering:
        _refuse(turn, session, _Refused("TEMPORARILY_UNAVAILABLE", text))
        return
    if by_pass:
        turn.close(session, text)
        return
    turn.standard_reply(session, "FAIL", "*", "TEMPORARILY_UNAVAILABLE", text)
    turn.numeric(session, Numeric.ERR_SASLFAIL, f"SASL authentication failed: {text}")


def abort(turn: Turn, session: Session) -> None:
    """The client ends a SASL exchange that has begun."""
    session.move(Trigger.ABORTED)
    turn.numeric(session, Numeric.ERR_SASLABORTED, "SASL authentication aborted")


def _denied(turn: Turn, session: Session) -> None:
    session.move(Trigger.DENIED)
    session.failures += 1
    # Only a name that is an account's: people type their password in its place.
    claimed = session.claimed.name if session.claimed else "-"
    note("login refused", account=claimed, address=session.address)
    if session.password is not None:
        session.password = None
        turn.numeric(session, Numeric.ERR_PASSWDMISMATCH, "Wrong account or password")
        turn.close(session, "Wrong account or password")
        return
    turn.numeric(session, Numeric.ERR_SASLFAIL, WRONG)
    if session.failures >= turn.settings.max_login_failures:
        turn.close(session, "Too many failed logins")


def _granted(turn: Turn, session: Session, account: Account) -> None:
    by_sasl = session.password is None
    session.password = None
    if len(account.sessions) >= turn.settings.max_sessions:
        session.move(Trigger.DENIED)
        turn.close(session, f"{account.name} has {len(account.sessions)} connections already")
        return
    _become(turn, session, account)
    if by_sasl:
        turn.numeric(session, Numeric.RPL_SASLSUCCESS, "SASL authentication successful")
    advance(turn, session)


def _become(turn: Turn, session: Session, account: Account) -> None:
    session.move(Trigger.GRANTED)
    shown = session.shown_nick
    session.account = account
    note("login", account=account.name, address=session.address)
    source = account.source(turn.settings.name)
    turn.send(
        session,
        f":{turn.settings.name} {Numeric.RPL_LOGGEDIN} {shown} {source} {account.name} "
        f":You are now logged in as {account.name}",
    )


# Registration of an account


class _Refused(Exception):  # noqa: N818 - a refusal is an answer, not an error
    def __init__(self, code: str, text: str) -> None:
        super().__init__(code, text)
        self.code = code
        self.text = text


def create(turn: Turn, session: Session, name: str, code: str, password: str) -> None:
    """Begin to make an account: what can be refused at once is, the hash is a worker's work."""
    try:
        wanted = _wanted(turn, session, name, code)
    except _Refused as refused:
        _refuse(turn, session, refused)
        return
    session.move(Trigger.REGISTER)
    session.assembler = None
    session.mechanism = code  # needed again when the hash is there
    turn.job(HashPassword(session, wanted.display, password))


def _wanted(turn: Turn, session: Session, name: str, code: str) -> AccountName:
    """The checked name, for somebody who may register. The invite comes first: without one,
    nothing is to be learned about which names there are.
    """
    _invite(turn, code)
    try:
        wanted = names.account_name(name)
    except InvalidName as error:
        raise _Refused("BAD_ACCOUNT_NAME", str(error)) from None
    if names.is_reserved(wanted):
        raise _Refused("BAD_ACCOUNT_NAME", "That name is reserved; choose another")
    if wanted.folded in turn.model.by_name:
        raise _Refused("ACCOUNT_EXISTS", "That name is taken; choose another with NICK")
    if wanted.skeleton in turn.model.account_skeletons:
        raise _Refused("BAD_ACCOUNT_NAME", "That name looks like somebody else's; choose another")
    return wanted


def _invite(turn: Turn, code: str) -> tuple[bytes, Invite] | None:
    """The invite that a code stands for; None when none is needed. Raises _Refused."""
    if turn.settings.registration == "closed":
        raise _Refused("TEMPORARILY_UNAVAILABLE", "Accounts are made by the administrator here")
    digest = code_digest(code)
    invite = turn.model.invites.get(digest)
    if invite is not None and invite.uses > 0 and invite.expires_ms > turn.now_ms:
        return digest, invite
    if turn.settings.registration == "open" and code == "*":
        return None
    text = "This invite is used up, expired or unknown; ask for a new link"
    if code == "*":
        text = "This server registers by invitation: put the invite code in the e-mail's place"
    raise _Refused("INVALID_EMAIL", text)


def _refuse(turn: Turn, session: Session, refused: _Refused) -> None:
    name = session.nick or "*"
    turn.standard_reply(session, "FAIL", "REGISTER", refused.code, name, refused.text)
    note("registration refused", address=session.address, reason=refused.code)
    session.failures += 1
    if session.failures >= turn.settings.max_login_failures * 3:
        turn.close(session, "Too many failed registrations")


def hashed(turn: Turn, answer: Hashed) -> None:
    """A worker has checked and hashed the password of a new account; all else is checked again,
    as others may have come first.
    """
    session = answer.session
    code, session.mechanism = session.mechanism, ""
    try:
        if answer.refusal is not None:
            raise _Refused("WEAK_PASSWORD", answer.refusal)
        wanted = _wanted(turn, session, session.nick or "", code)
        found = _invite(turn, code)
    except _Refused as refused:
        session.move(Trigger.DENIED)
        _refuse(turn, session, refused)
        return
    turn.on_failure(lambda: _unbecome(turn, session))
    account = _store_account(turn, wanted, answer, found)
    note("account registered", account=account.name, address=session.address, admin=account.admin)
    text = "Account registered. Welcome!"
    turn.send(session, f":{turn.settings.name} REGISTER SUCCESS {account.name} :{text}")
    _become(turn, session, account)
    advance(turn, session)


def _store_account(
    turn: Turn, wanted: AccountName, answer: Hashed, found: tuple[bytes, Invite] | None
) -> Account:
    admin = False
    if found is not None:
        turn.record(InviteUsed(found[0]))
        admin = found[1].admin
    turn.record(
        AccountCreated(
            answer.account_id,
            wanted.display,
            wanted.folded,
            wanted.skeleton,
            answer.hashed,
            admin,
            turn.now_ms,
            turn.model.last_seq,
        )
    )
    return turn.model.accounts[answer.account_id]


def _unbecome(turn: Turn, session: Session) -> None:
    """The new account could not be stored: back to a connection that is nobody's."""
    turn.jobs[:] = [job for job in turn.jobs if job.session is not session]
    session.account = None
    session.held.clear()
    if session.state is not State.CLOSED:
        session.state = State.CONNECTED


# Completing


def _load(turn: Turn, session: Session) -> None:
    """Read what the account has missed, or go on at once when there is nothing."""
    account = session.who
    session.move(Trigger.COMPLETE)
    if any(replay.unread(turn.model, account)) or _made_now(turn, account):
        replay.load(turn, session)
    else:
        presence.arrive(turn, session, [], cut=False)


def _made_now(turn: Turn, account: Account) -> bool:
    """Whether the account is not stored yet: nobody may hear of it, or from it, before it is."""
    return any(type(event) is AccountCreated and event.id == account.id for event in turn.events)
