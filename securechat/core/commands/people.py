"""WHOIS, WHOWAS, ISON, USERHOST, AWAY, SETNAME: people and their presence; WHO is in who.py.

https://modern.ircdocs.horse/#user-based-queries
"""

from __future__ import annotations

from securechat.core import metadata, quota
from securechat.core.channels import channels
from securechat.core.commands.registry import ALWAYS, command
from securechat.core.journal.events.accounts import RealNameSet
from securechat.core.model.entities import Account, Session
from securechat.core.model.states import State
from securechat.core.presence import online
from securechat.core.text import REAL_NAME_BYTES, TEXT_BYTES, fill, shorten, when
from securechat.core.turn import IrcError, Turn
from securechat.irc.capabilities import MULTI_PREFIX, PRE_AWAY
from securechat.irc.message import Message
from securechat.irc.numerics import Numeric


def _online(turn: Turn, session: Session, name: str) -> Account | None:
    account = turn.model.account_named(name)
    # By its sessions and not by model.online: who lingers there can't be asked anything.
    if account is None or not account.sessions:
        return None
    return None if account.unseen and account is not session.who else account


@command("WHOIS", usage="[<server>] <nick>")
def whois(turn: Turn, session: Session, message: Message) -> None:
    """Tell who somebody is, where they are and since when."""
    if not message.params or not message.params[-1]:
        raise IrcError(Numeric.ERR_NONICKNAMEGIVEN, "No nickname given")
    # The last one, as a server may stand in front of it; one at a time, as TARGMAX says.
    name = message.params[-1].split(",")[0]
    account = _online(turn, session, name)
    if account is None:
        turn.numeric(session, Numeric.ERR_NOSUCHNICK, channels.word(name), _absent(turn, name))
    else:
        _whois(turn, session, account)
    turn.numeric(session, Numeric.RPL_ENDOFWHOIS, channels.word(name), "End of /WHOIS list")


def _absent(turn: Turn, name: str) -> str:
    account = turn.model.account_named(name)
    if account is not None and account.usable:
        # Members may know who has an account here: they write to each other.
        return "is offline; messages are kept until the next login"
    return channels.nobody(turn, name)


def _whois(turn: Turn, session: Session, account: Account) -> None:
    server, nick = turn.settings.name, account.name

    def tell(numeric: Numeric, *params: str) -> None:
        turn.numeric(session, numeric, nick, *params)

    tell(Numeric.RPL_WHOISUSER, nick, server, "*", account.real_name)
    shown = (
        channels.prefix(channel, account, every=session.has(MULTI_PREFIX)) + channel.name
        for channel in channels.shared(session.who, account)
    )
    for names_text in fill(shown):
        tell(Numeric.RPL_WHOISCHANNELS, names_text)
    tell(Numeric.RPL_WHOISSERVER, server, turn.settings.network)
    if account.admin:
        tell(Numeric.RPL_WHOISOPERATOR, "administers this server")
    if account.is_bot:
        tell(Numeric.RPL_WHOISBOT, f"is a bot on {turn.settings.network}")
    if account.away is not None:
        tell(Numeric.RPL_AWAY, account.away)
    tell(Numeric.RPL_WHOISACCOUNT, nick, "is logged in as")
    tell(Numeric.RPL_WHOISSECURE, "is using a secure connection")
    if metadata.aware(session):
        for key, value in metadata.keys_of(account).items():
            tell(Numeric.RPL_WHOISKEYVALUE, key, "*", value)
    # max(): the system's clock may have been set back.
    idle = max(0, turn.now_ms - account.active_ms) // 1000
    signed_on = account.signed_on_ms // 1000
    tell(Numeric.RPL_WHOISIDLE, str(idle), str(signed_on), "seconds idle, signon time")


@command("WHOWAS", usage="<nick> [<count>]")
def whowas(turn: Turn, session: Session, message: Message) -> None:
    """Tell when somebody has left lately, the last time first."""
    if not message.params or not message.params[0]:
        raise IrcError(Numeric.ERR_NONICKNAMEGIVEN, "No nickname given")
    name, server = message.params[0], turn.settings.name
    found = online.departures_of(turn, name)
    most = _count(message.params[1]) if len(message.params) > 1 else None
    for nick, real_name, at_ms in found[:most]:
        turn.numeric(session, Numeric.RPL_WHOWASUSER, nick, nick, server, "*", real_name)
        turn.numeric(session, Numeric.RPL_WHOISSERVER, nick, server, "left at " + when(at_ms))
    if not found:
        turn.numeric(
            session, Numeric.ERR_WASNOSUCHNICK, channels.word(name), "There was no such nickname"
        )
    turn.numeric(session, Numeric.RPL_ENDOFWHOWAS, channels.word(name), "End of WHOWAS")


def _count(text: str) -> int | None:
    """None for all: of what is no positive number a full search is done."""
    return (int(text) or None) if text.isascii() and text.isdigit() else None


@command("ISON", usage="<nick> [<nick>…]", min_params=1)
def ison(turn: Turn, session: Session, message: Message) -> None:
    """Tell which of some people are online."""
    asked = " ".join(message.params).split()
    found = [account.name for name in asked if (account := _online(turn, session, name))]
    # An empty answer is an answer: clients wait for it.
    for text in list(fill(found)) or [""]:
        turn.numeric(session, Numeric.RPL_ISON, text)


@command("USERHOST", usage="<nick> [<nick>…]", min_params=1)
def userhost(turn: Turn, session: Session, message: Message) -> None:
    """Tell the addresses of up to five people: everybody's host is the server."""
    rows = []
    # RFC 2812, 4.8: at most five.
    for name in message.params[:5]:
        account = _online(turn, session, name)
        if account is not None:
            star = "*" if account.admin else ""
            here = "-" if account.away is not None else "+"
            rows.append(f"{account.name}{star}={here}{account.name}@{turn.settings.name}")
    for text in list(fill(rows)) or [""]:
        turn.numeric(session, Numeric.RPL_USERHOST, text)


@command("AWAY", usage="[:<message>]", max_params=1, last="message", states=ALWAYS)
def away(turn: Turn, session: Session, message: Message) -> None:
    """Say that you are away here, and why, or that you are back; who sees it: all, once you are
    away on all your devices.
    """
    if session.state is not State.READY and not session.has(PRE_AWAY):
        raise IrcError(Numeric.ERR_NOTREGISTERED, "Log in first")
    text = shorten(message.params[0], TEXT_BYTES) if message.params else ""
    # Of this session; what others see is settled from all of the account's.
    session.away, session.away_at = text or None, turn.clock
    if text:
        turn.numeric(session, Numeric.RPL_NOWAWAY, "You have been marked as being away")
    else:
        turn.numeric(session, Numeric.RPL_UNAWAY, "You are no longer marked as being away")
    if session.state is State.READY:
        online.settle_away(turn, session.who)


@command("SETNAME", usage=":<real name>", min_params=1, max_params=1, last="real name")
def setname(turn: Turn, session: Session, message: Message) -> None:
    """Set your real name; it stays yours, whatever your clients say at their logins.

    https://ircv3.net/specs/extensions/setname
    """
    name, account = message.params[0], session.who
    # Refused and not cut: a name that was cut would be somebody else's choice.
    if not name.strip() or len(name.encode()) > REAL_NAME_BYTES:
        text = f"Expected a real name of 1 to {REAL_NAME_BYTES} bytes"
        turn.standard_reply(session, "FAIL", "SETNAME", "INVALID_REALNAME", text)
        return
    quota.check(turn, session.who, "SETNAME")
    turn.record(RealNameSet(name, account.id))
    online.tell_real_name(turn, account)
