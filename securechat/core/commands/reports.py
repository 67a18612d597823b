"""REPORT: tell whoever runs the server of somebody; ours."""

from __future__ import annotations

from math import ceil

from securechat.core import quota
from securechat.core.channels import channels
from securechat.core.commands.registry import command
from securechat.core.history import access
from securechat.core.journal.events.facts import FactKept
from securechat.core.model.entities import Account, Session
from securechat.core.model.reports import KEY, MOST, MOST_OF_ONE, Report, Reports, reports
from securechat.core.shared import Done
from securechat.core.text import shorten
from securechat.core.turn import IrcError, Turn
from securechat.irc import names
from securechat.irc.message import Message
from securechat.irc.numerics import Numeric

REASON_BYTES = 255


@command(
    "REPORT",
    usage="<nick> [<#channel or message id>] :<reason>",
    min_params=2,
    max_params=3,
    last="reason",
)
def report(turn: Turn, session: Session, message: Message) -> None:
    """Tell whoever runs this server what somebody has done; nobody else hears of it."""
    nick, *places, text = message.params
    other = turn.model.account_named(nick)
    if other is None or not other.usable:
        raise IrcError(Numeric.ERR_NOSUCHNICK, channels.word(nick), "No such nick/channel")
    place = _place(turn, session, places[0]) if places else ""
    reason = shorten(text.strip(), REASON_BYTES)
    there = reports(turn.model.kept.get(KEY))
    refused = _why_refused(turn, session, other, reason, there)
    if refused is not None:
        code, why = refused
        turn.standard_reply(session, "FAIL", "REPORT", code, other.name, why)
        return
    quota.check_room(turn, "REPORT")
    # Counted before it is known to be stored: the limit is on trying.
    turn.share(Done("reported", session.who.id))
    made = Report(there.last + 1, turn.now_ms, session.who.name, other.name, place, reason)
    turn.record(FactKept(KEY, Reports(made.id, (*there.open, made)).text()))
    facts = {"of": other.name, "number": str(made.id), "text": reason}
    turn.audit("report", session, **facts, **({"place": place} if place else {}))
    turn.notice(session, f"Reported to whoever runs this server; {other.name} isn't told")
    _tell(turn, made, other)


def _place(turn: Turn, session: Session, text: str) -> str:
    """Raises IrcError (403), also for what looks like neither a channel nor a message id."""
    if access.seq_of(turn.model, text) is not None:
        return text
    # One of others that is secret is answered as one that there isn't.
    return channels.find(turn, session, text).name


def _why_refused(
    turn: Turn, session: Session, other: Account, reason: str, there: Reports
) -> tuple[str, str] | None:
    """A code and a sentence."""
    if not reason:
        return "NEED_REASON", "Say what has happened"
    if other is session.who:
        return "INVALID_TARGET", "That is you; to tell whoever runs this server something: ADMIN"
    if wait := turn.model.reported.wait(session.who.id, turn.clock):
        return "RATE_LIMITED", f"You have reported much; try again in {ceil(wait / 60)} minutes"
    own = sum(_whose(turn, one.by) is session.who for one in there.open)
    if own >= MOST_OF_ONE or len(there.open) >= MOST:
        return "TOO_MANY", "Many reports wait to be read; tell whoever runs this server: ADMIN"
    return None


def _whose(turn: Turn, name: str) -> Account | None:
    """The account that a report names, which may be called otherwise since."""
    return turn.model.known_as(names.fold_account(name))


def _tell(turn: Turn, made: Report, other: Account) -> None:
    """Administrators who are online, but not whom it is about."""
    # Whole texts, as a client may look them up in another language.
    text = f"Report {made.id}: {made.by} about {made.of}: {made.reason}"
    if made.place:
        text = f"Report {made.id}: {made.by} about {made.of} in {made.place}: {made.reason}"
    for account in turn.model.online if turn.model.admins_online else ():
        if account.admin and account is not other:
            for session in account.sessions:
                turn.notice(session, text)


def tell_open(turn: Turn, session: Session) -> None:
    """An administrator who has come is told how many there are."""
    account = session.who
    there = reports(turn.model.kept.get(KEY)).open if account.admin else ()
    if number := sum(_whose(turn, one.of) is not account for one in there):
        text = f"{number} reports are open: `securechat-admin reports` shows them"
        if number == 1:
            text = f"{number} report is open: `securechat-admin reports` shows them"
        turn.notice(session, text)
