"""MOTD, LUSERS, VERSION, TIME, LINKS, INFO, ADMIN, HELP: the server about itself.

https://modern.ircdocs.horse/#server-queries-and-commands
"""

from __future__ import annotations

from securechat.core.channels import channels
from securechat.core.commands.registry import ALWAYS, COMMANDS, command
from securechat.core.model.entities import Session
from securechat.core.model.states import State
from securechat.core.presence import welcome
from securechat.core.text import fill, when
from securechat.core.turn import IrcError, Turn
from securechat.irc import masks
from securechat.irc.capabilities import EXTENDED_ISUPPORT
from securechat.irc.message import Message
from securechat.irc.numerics import Numeric


def _check_server(turn: Turn, message: Message, at: int = 0) -> None:
    """These commands may name a server; there is one. Raises IrcError (402)."""
    if len(message.params) > at and message.params[at]:
        mask = message.params[at]
        account = turn.model.account_named(mask)
        # A nick stands for the server that its user is at.
        known = account is not None and account.usable
        if not known and not masks.mask_matches(mask, turn.settings.name):
            raise IrcError(Numeric.ERR_NOSUCHSERVER, channels.word(mask), "No such server")


@command("MOTD", usage="[<server>]")
def motd(turn: Turn, session: Session, message: Message) -> None:
    """Show the message of the day."""
    _check_server(turn, message)
    welcome.motd(turn, session)


@command("LUSERS")
def lusers(turn: Turn, session: Session, message: Message) -> None:
    """Tell how many people are here."""
    welcome.lusers(turn, session)


@command("VERSION", usage="[<server>]")
def version(turn: Turn, session: Session, message: Message) -> None:
    """Tell the server's version and what it supports."""
    _check_server(turn, message)
    settings = turn.settings
    turn.numeric(session, Numeric.RPL_VERSION, settings.version, settings.name, "securechat")
    welcome.send_isupport(turn, session)


@command("ISUPPORT", states=ALWAYS)
def isupport(turn: Turn, session: Session, message: Message) -> None:
    """Tell what the server supports."""
    # "MUST accept ISUPPORT commands before connection registration completes": of who knows it.
    if session.state is not State.READY and not session.has(EXTENDED_ISUPPORT):
        raise IrcError(Numeric.ERR_NOTREGISTERED, "Log in first")
    welcome.send_isupport(turn, session)


@command("TIME", usage="[<server>]")
def time(turn: Turn, session: Session, message: Message) -> None:
    """Tell the server's time."""
    _check_server(turn, message)
    turn.numeric(session, Numeric.RPL_TIME, turn.settings.name, when(turn.now_ms))


@command("LINKS")
def links(turn: Turn, session: Session, message: Message) -> None:
    """List the servers of the network: there is one."""
    name, about = turn.settings.name, f"0 {turn.settings.network}"
    turn.numeric(session, Numeric.RPL_LINKS, name, name, about)
    turn.numeric(session, Numeric.RPL_ENDOFLINKS, "*", "End of /LINKS list")


@command("INFO")
def info(turn: Turn, session: Session, message: Message) -> None:
    """Tell what this server is."""
    settings = turn.settings
    for text in (
        f"{settings.version}: TLS only, accounts only, every message stored.",
        f"Started {when(settings.started_ms)}.",
        # Said to anybody who asks: people must know it who would never read the documentation.
        "What you send is on the server's disk before anybody sees it, you included.",
        "Whoever runs this server can read it. Direct messages too.",
    ):
        turn.numeric(session, Numeric.RPL_INFO, text)
    turn.numeric(session, Numeric.RPL_ENDOFINFO, "End of INFO list")


@command("ADMIN", usage="[<server>]")
def admin(turn: Turn, session: Session, message: Message) -> None:
    """Tell who administers the server."""
    _check_server(turn, message)
    settings = turn.settings
    # Offline ones too: who needs help can leave a message.
    admins = [a.name for a in turn.model.accounts.values() if a.admin and a.usable]
    turn.numeric(session, Numeric.RPL_ADMINME, settings.name, "Administrative info")
    turn.numeric(session, Numeric.RPL_ADMINLOC1, settings.network)
    for text in fill(admins):
        turn.numeric(session, Numeric.RPL_ADMINLOC2, f"Administrators: {text}")
    how = "Write to one of them here" if admins else "No way to reach them is configured"
    turn.numeric(session, Numeric.RPL_ADMINEMAIL, settings.contact or how)


@command("HELPOP", usage="[<command>]")
@command("HELP", usage="[<command>]")
def help_(turn: Turn, session: Session, message: Message) -> None:
    """Explain a command, or list them all."""
    subject = message.params[0].upper() if message.params and message.params[0] else ""
    account = session.account
    there = {
        name: one
        for name, one in COMMANDS.items()
        if not one.hidden or (account is not None and account.admin)
    }
    found = there.get(subject)
    if subject and found is None:
        raise IrcError(
            Numeric.ERR_HELPNOTFOUND, channels.word(subject), "No such command; HELP lists them"
        )
    shown = subject or "*"
    if found is None:
        lines = [f"The commands of {turn.settings.name}; HELP <command> explains one:"]
        lines += fill(sorted(there), 60)
    else:
        lines = [f"{found.name} {found.usage}".strip(), found.help]
    first, *rest = lines
    turn.numeric(session, Numeric.RPL_HELPSTART, shown, first)
    for line in rest:
        turn.numeric(session, Numeric.RPL_HELPTXT, shown, line)
    turn.numeric(session, Numeric.RPL_ENDOFHELP, shown, "End of /HELP")
