"""A new account: with an invite, or without one where the server is open.

create() begins it, hashed() completes it with the worker's answer. Hub thread only.
https://ircv3.net/specs/extensions/account-registration
"""

from __future__ import annotations

from securechat.core.audit import note
from securechat.core.auth import login, places, second_factor
from securechat.core.auth.texts import FACTOR_NEXT, LATER
from securechat.core.jobs import Hashed, HashPassword
from securechat.core.journal.events.accounts import AccountCreated, InviteUsed
from securechat.core.model.credentials import Invite
from securechat.core.model.entities import Account, Session
from securechat.core.model.states import Trigger
from securechat.core.turn import Turn
from securechat.credentials.link import code_digest
from securechat.irc import names
from securechat.irc.names import AccountName, InvalidName


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
    if not password:
        # Who asks so learns what is wrong with code and name before thinking of a password; there
        # is nothing in it to log.
        least = turn.settings.min_password_length
        text = f"The password is empty; this server asks for at least {least} characters"
        _answer(turn, session, _Refused("UNACCEPTABLE_PASSWORD", text))
        return
    session.move(Trigger.REGISTER)
    session.exchange = None
    session.attempt.invite = code  # needed again when the hash is there
    login.await_answer(turn, session)
    turn.job(HashPassword(session, wanted.display, password))


def _wanted(turn: Turn, session: Session, name: str, code: str) -> AccountName:
    """The checked name, for somebody who may register. The invite comes first: without one,
    nothing is to be learned about which names there are.
    """
    # Raises where the code is no good; what it returns is asked for when the hash is there.
    _invite(turn, code)
    try:
        wanted = names.account_name(name)
    except InvalidName as error:
        raise _Refused("BAD_ACCOUNT_NAME", str(error)) from None
    # Reserved names look like the server or its services, and would be believed.
    if names.is_reserved(wanted):
        raise _Refused("BAD_ACCOUNT_NAME", "That name is reserved; choose another")
    if turn.model.known_as(wanted.folded) is not None:
        raise _Refused("ACCOUNT_EXISTS", "That name is taken; choose another")
    # Promise 3: whoever sees a name must be able to tell whose it is.
    if wanted.skeleton in turn.model.account_skeletons:
        raise _Refused("BAD_ACCOUNT_NAME", "That name looks like somebody else's; choose another")
    return wanted


def _invite(turn: Turn, code: str) -> tuple[bytes, Invite] | None:
    """The invite that a code stands for; None when none is needed. Raises _Refused."""
    if turn.settings.registration == "closed":
        raise _Refused("TEMPORARILY_UNAVAILABLE", "Accounts are made by the administrator here")
    digest = code_digest(code)
    invite = turn.model.invites.get(digest)
    # One text for all of these: whether a code was ever valid is nobody's business.
    if invite is not None and invite.uses > 0 and invite.expires_ms > turn.now_ms:
        return digest, invite
    if turn.settings.registration == "open" and code == "*":
        return None
    text = "This invite is used up, expired or unknown; ask for a new link"
    if code == "*":
        text = "This server registers by invitation: put the invite code in the e-mail's place"
    # The specification has no code for invites; it goes where a client sends an e-mail.
    raise _Refused("INVALID_EMAIL", text)


def _refuse(turn: Turn, session: Session, refused: _Refused) -> None:
    # To the log alone: a refusal costs a stranger nothing, and must not fill the disk.
    turn.model.refused["registration", refused.code] += 1
    note("registration refused", address=session.address, reason=refused.code)
    _answer(turn, session, refused)


def _answer(turn: Turn, session: Session, refused: _Refused) -> None:
    name = session.attempt.nick or "*"
    turn.standard_reply(session, "FAIL", "REGISTER", refused.code, name, refused.text)
    # Three times as many as for logins: people try out names until one is free.
    session.attempt.failures += 1
    if session.attempt.failures >= turn.settings.max_login_failures * 3:
        turn.close(session, "Too many failed registrations")


def hashed(turn: Turn, answer: Hashed) -> None:
    """A worker has checked and hashed the password of a new account; all else is checked again,
    as others may have come first.
    """
    session = answer.session
    # Taken out of the attempt, so that a second answer could not use it again.
    code, session.attempt.invite = session.attempt.invite, ""
    try:
        if answer.refusal is not None:
            raise _Refused(answer.code, answer.refusal)
        wanted = _wanted(turn, session, session.attempt.nick or "", code)
        found = _invite(turn, code)
    except _Refused as refused:
        session.move(Trigger.DENIED)
        _refuse(turn, session, refused)
        return
    # Before the events: what is undone last is what was registered here first.
    turn.on_failure(lambda: login.unbecome(turn, session))
    account = _store_account(turn, wanted, answer, found)
    # The account may be taken back with this very turn, so nobody may meet it before the next.
    session.attempt.unstored, session.proved_at = True, turn.clock
    rights = {"rights": "administrator"} if account.admin else {}
    turn.audit("registration", session, account=account.name, **rights)
    text = "Account registered. Welcome!"
    turn.send(session, f":{turn.settings.name} REGISTER SUCCESS {account.name} :{text}")
    # REGISTER SUCCESS comes first, as the specification has it, then 900.
    login.become(turn, session, account)
    if second_factor.lacking(turn, account):
        turn.notice(session, FACTOR_NEXT)
    turn.audit("login", session, by="registration")
    places.registered(turn, session)
    login.advance(turn, session)


def _store_account(
    turn: Turn, wanted: AccountName, answer: Hashed, found: tuple[bytes, Invite] | None
) -> Account:
    admin = False
    if found is not None:
        # In one span with the account: if an administrator has revoked the invite meanwhile,
        # neither of them is stored.
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


def failed(turn: Turn, session: Session) -> None:
    """The worker could not do its work; the connection may try again."""
    session.move(Trigger.DENIED)
    session.attempt.invite = ""
    _refuse(turn, session, _Refused("TEMPORARILY_UNAVAILABLE", LATER))
