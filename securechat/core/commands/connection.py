"""NICK, USER, PASS, PING, PONG, QUIT: the connection itself; cap.py has CAP.

https://modern.ircdocs.horse/#connection-messages
"""

from __future__ import annotations

from securechat.core import quota
from securechat.core.auth import login
from securechat.core.channels import permissions
from securechat.core.commands.registry import ALWAYS, command
from securechat.core.delivery import acknowledgements
from securechat.core.journal.events.accounts import AccountRespelled
from securechat.core.model.entities import Session
from securechat.core.model.states import State
from securechat.core.presence import online
from securechat.core.text import REAL_NAME_BYTES, shorten
from securechat.core.turn import IrcError, Turn
from securechat.irc import names
from securechat.irc.message import Message
from securechat.irc.numerics import Numeric


@command("NICK", usage="<nick>", states=ALWAYS)
def nick(turn: Turn, session: Session, message: Message) -> None:
    """Say your name: it is the name of your account."""
    wanted = message.params[0] if message.params else ""
    if not wanted:
        raise IrcError(Numeric.ERR_NONICKNAMEGIVEN, "No nickname given")
    folded = names.fold_account(wanted)
    if folded is None:
        shown = shorten(wanted.split(" ")[0], 64) or "*"
        raise IrcError(
            Numeric.ERR_ERRONEUSNICKNAME,
            shown if shown[0] != ":" else "*",
            "Not a name here: 1 to 32 letters, digits or - _ [ ] { } | ^, of one script",
        )
    if session.state is State.READY:
        _change_nick(turn, session, wanted, folded)
        return
    # Until the welcome says what the nick is, any will do: irssi sends NICK only after SASL.
    if len(wanted.encode()) > names.MAX_ACCOUNT_BYTES:  # a spelling that would fill each reply
        wanted = names.account_name(wanted).display
    session.attempt.nick = wanted
    login.advance(turn, session)


def _change_nick(turn: Turn, session: Session, wanted: str, folded: str) -> None:
    """The nick is the account's name: only its case and form are for whoever has it to choose."""
    account = session.who
    if folded == account.folded:
        _respell(turn, session, names.account_name(wanted))
        return
    # All members may know this: they see each other's names.
    if turn.model.known_as(folded) is not None:
        raise IrcError(Numeric.ERR_NICKNAMEINUSE, wanted, "That name is somebody else's account")
    raise IrcError(
        Numeric.ERR_ERRONEUSNICKNAME,
        wanted,
        f"Your nick is the name of your account, {account.name}; it can't be changed",
    )


def _respell(turn: Turn, session: Session, wanted: names.AccountName) -> None:
    account = session.who
    if wanted.display == account.name:
        return
    # Another case may look like another's name: `Il` as `ll`.
    alike = turn.model.account_skeletons.get(wanted.skeleton, account)
    if alike is not account or names.is_reserved(wanted):
        text = "In this form your name looks like another one, which is taken or reserved"
        raise IrcError(Numeric.ERR_NICKNAMEINUSE, wanted.display, text)
    quota.check(turn, session.who, "NICK")
    # NICK comes from the name that the others know.
    before = account.source(turn.settings.name)
    turn.record(AccountRespelled(wanted.display, wanted.skeleton, account.id))
    online.tell_name(turn, account, before)


@command("USER", usage="<user> 0 * :<real name>", min_params=4, states=ALWAYS)
def user(turn: Turn, session: Session, message: Message) -> None:
    """Give your real name, as any client does by itself."""
    attempt = session.login
    # Once (RFC 2812, 3.1.3).
    if attempt is None or attempt.user is not None:
        raise IrcError(Numeric.ERR_ALREADYREGISTERED, "You may not reregister")
    real_name = " ".join(message.params[3:])  # some scripts leave its colon out
    if not message.params[0] or not real_name.strip():
        text = "Say who you are: a user name and a real name, neither of them empty"
        raise IrcError(Numeric.ERR_NEEDMOREPARAMS, "USER", text)
    # Kept only as a sign that USER has come: the account's name is shown in its place.
    attempt.user = message.params[0]
    attempt.real_name = shorten(real_name, REAL_NAME_BYTES)
    login.advance(turn, session)


@command(
    "PASS",
    usage=":<account>:<password>",
    min_params=1,
    max_params=1,
    last="account and its password",
    states=ALWAYS,
)
def password(turn: Turn, session: Session, message: Message) -> None:
    """Log in with a client that can't do SASL: PASS :account:password."""
    if session.account is not None:
        raise IrcError(Numeric.ERR_ALREADYREGISTERED, "You may not reregister")
    if session.state is not State.CONNECTED:
        text = "PASS is for clients that don't do SASL; this one has begun to"
        raise IrcError(Numeric.ERR_ALREADYREGISTERED, text)
    session.attempt.password = message.params[0]
    login.advance(
        turn, session
    )  # some clients say it last, and people when they are told to log in


@command("PING", usage="<token>", states=ALWAYS)
def ping(turn: Turn, session: Session, message: Message) -> None:
    """Ask whether the server is there."""
    if not message.params:
        raise IrcError(Numeric.ERR_NOORIGIN, "No origin specified")
    server = turn.settings.name
    turn.send(session, f":{server} PONG {server} :{message.params[0]}")


@command("PONG", usage="<token>", states=ALWAYS)
def pong(turn: Turn, session: Session, message: Message) -> None:
    """Answer a PING of the server, as any client does by itself."""
    if session.state is State.READY and message.params:
        # The last one, as some clients put the server's name in front.
        acknowledgements.acknowledge(turn, session, message.params[-1])


@command("QUIT", usage="[:<reason>]", states=ALWAYS)
def quit_(turn: Turn, session: Session, message: Message) -> None:
    """Leave; your channels and messages are kept for you."""
    # Whoever wants to go goes, also without the colon before the reason.
    said = shorten(" ".join(message.params), 200)
    # A farewell is a text that channels see.
    if said and session.state is State.READY and permissions.silenced(turn, session.who):
        said = ""
    reason = "Quit: " + said
    online.leave(turn, session, reason, clean=True)
    turn.close(session, reason)
