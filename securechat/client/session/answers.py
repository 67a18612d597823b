"""Numerics and standard replies: which of them a person is shown, which refuse a message.

Pure; receiving thread. https://modern.ircdocs.horse/#numerics,
https://ircv3.net/specs/extensions/standard-replies
"""

from __future__ import annotations

from typing import Final

from securechat.client.session.deliveries import Deliveries
from securechat.client.session.events.answers import InquiryAnswer, PersonIs
from securechat.client.session.events.base import Info, Problem
from securechat.client.session.events.deliveries import Rejected
from securechat.client.session.labels import INQUIRIES
from securechat.client.session.output import Output
from securechat.irc.message import Message
from securechat.irc.numerics import Numeric

# Not shown: greetings, counts, our own modes, ends of lists.
SILENT: Final = frozenset(
    {
        Numeric.RPL_WELCOME,
        Numeric.RPL_YOURHOST,
        Numeric.RPL_CREATED,
        Numeric.RPL_MYINFO,
        Numeric.RPL_UMODEIS,
        Numeric.RPL_LUSERCLIENT,
        Numeric.RPL_LUSEROP,
        Numeric.RPL_LUSERUNKNOWN,
        Numeric.RPL_LUSERCHANNELS,
        Numeric.RPL_LUSERME,
        Numeric.RPL_LOCALUSERS,
        Numeric.RPL_GLOBALUSERS,
        Numeric.RPL_ENDOFWHO,
        Numeric.RPL_ENDOFWHOIS,
        Numeric.RPL_LISTSTART,
        Numeric.RPL_LISTEND,
        Numeric.RPL_CREATIONTIME,
        Numeric.RPL_TOPICWHOTIME,
        Numeric.RPL_ENDOFINVITELIST,
        Numeric.RPL_ENDOFBANLIST,
        Numeric.RPL_ENDOFWHOWAS,
        Numeric.RPL_ENDOFINFO,
        Numeric.RPL_MOTDSTART,
        Numeric.RPL_ENDOFMOTD,
        Numeric.ERR_NOMOTD,
        Numeric.RPL_ENDOFHELP,
        Numeric.RPL_LOGGEDIN,
    }
)

WHOX_FIELDS: Final = "cnfar"
WHOX_TYPE: Final = "852"
"""By what an answer to our own question by WHOX is known."""

PREFIXES: Final = "~&@%+"

# From 400 on are errors, but for these.
_NOT_ERRORS: Final = frozenset(
    {Numeric.RPL_WHOISSECURE, Numeric.RPL_HELPSTART, Numeric.RPL_HELPTXT}
)

# Errors that name a target first: if a message of ours is on its way there, they refuse it.
_REFUSES_TARGET: Final = frozenset(
    {
        Numeric.ERR_NOSUCHNICK,
        Numeric.ERR_NOSUCHCHANNEL,
        Numeric.ERR_CANNOTSENDTOCHAN,
        Numeric.ERR_TOOMANYTARGETS,
        Numeric.ERR_NOTONCHANNEL,
    }
)

# Errors that refuse a message without naming it. Answers come in order, so it is the oldest one.
_REFUSES_ANY: Final = frozenset(
    {Numeric.ERR_NORECIPIENT, Numeric.ERR_NOTEXTTOSEND, Numeric.ERR_INPUTTOOLONG}
)

_MESSAGES: Final = ("PRIVMSG", "NOTICE")

# What is told of a command that a server doesn't know, or not without a parameter.
_NOT_HERE: Final[dict[tuple[str, str], str]] = {
    (
        Numeric.ERR_UNKNOWNCOMMAND,
        "POLICY",
    ): "this server can't tell what it keeps: it has no POLICY",
    (Numeric.ERR_NEEDMOREPARAMS, "POLICY"): "this server tells what it keeps of channels only",
}


def receive(
    message: Message, deliveries: Deliveries, now: float, out: Output, label: str = ""
) -> None:
    """One answer; other messages are passed over. now: seconds of a monotonic clock. label: of what
    it answers.
    """
    command = message.command
    if reply := _reply(message):
        out.events.append(reply)
    elif command == Numeric.RPL_WHOREPLY and len(message.params) >= 8:
        out.events.append(_who(message))
    elif command == Numeric.RPL_WHOSPCRPL and message.params[1:2] == [WHOX_TYPE]:
        out.events += _whox(message)
    elif command in ("FAIL", "WARN", "NOTE") and message.params:
        _standard_reply(message, deliveries, now, out, label)
    elif command == "ACK":
        deliveries.unlabel(label)
    elif command.isdigit() and command not in SILENT:
        text = " ".join(message.params[1:]) or command
        about = message.params[1].upper() if len(message.params) > 1 else ""
        if told := _NOT_HERE.get((command, about)):
            out.events.append(Problem(told, remote=False))
        elif command < "400" or command in _NOT_ERRORS:
            out.events.append(Info(text))
        else:
            out.events.append(_refused(message, deliveries, now, label) or _problem(message, text))


def _problem(message: Message, text: str) -> Problem:
    _nick, *about = message.params or [""]
    words = about.pop() if about else ""
    return Problem(text, code=message.command, about=tuple(about), words=words)


def _reply(message: Message) -> InquiryAnswer | None:
    """The answer to an inquiry, if that is what the message is."""
    verdict = message.command
    if len(message.params) < 3:
        return None
    if verdict in ("FAIL", "WARN", "NOTE"):
        command, code, *context, text = message.params
    elif verdict.isdigit() and (verdict >= "400" or verdict == Numeric.RPL_TRYAGAIN):
        _, command, *context, text = message.params
        verdict, code = "FAIL", verdict
    else:
        return None
    # A refusal by a numeric is an answer too, or who waits for one would do so in vain.
    return (
        InquiryAnswer(verdict, command, code, tuple(context), text)
        if command in INQUIRIES
        else None
    )


def _refused(message: Message, deliveries: Deliveries, now: float, label: str) -> Rejected | None:
    """The message of ours that an error numeric refuses, if it does."""
    code, about = message.command, message.params[1:2]
    if label:
        delivery = deliveries.labelled(label, now)
    elif code in _REFUSES_TARGET:
        delivery = deliveries.refuse(about, now)
    elif code in _REFUSES_ANY or (
        # It names the command. Our server refuses by it what it can't store.
        code == Numeric.ERR_UNKNOWNERROR and about and about[0] in _MESSAGES
    ):
        delivery = deliveries.refuse(None, now)
    else:
        return None
    reason = message.params[-1] if message.params else code  # of a server that says no more
    return Rejected(delivery.target, delivery.text, reason, delivery.id) if delivery else None


def _standard_reply(
    message: Message, deliveries: Deliveries, now: float, out: Output, label: str
) -> None:
    text = message.params[-1]
    if message.command != "FAIL":
        out.events.append((Info if message.command == "NOTE" else Problem)(text))
        return
    delivery = None
    if label:
        delivery = deliveries.labelled(label, now)
    elif message.params[0].upper() == "BATCH":
        delivery = deliveries.refuse_several(now)
    elif message.params[0].upper() in _MESSAGES:
        # The context may name the target; if not, it is the oldest, as answers come in order.
        context = message.params[2:-1]
        delivery = deliveries.refuse(context, now) or deliveries.refuse(None, now)
    if delivery:
        out.events.append(Rejected(delivery.target, delivery.text, text, delivery.id))
    else:
        out.events.append(Problem(text))


def _who(message: Message) -> PersonIs:
    channel, _user, _host, _server, nick, flags, name = message.params[1:8]
    real = name.partition(" ")[2]  # without the hop count
    # "G" for gone, "H" for here (https://modern.ircdocs.horse/#rplwhoreply-352).
    return _person(nick, real, channel, flags)


def _whox(message: Message) -> list[PersonIs]:
    """The fields of WHOX_FIELDS (https://ircv3.net/specs/extensions/whox)."""
    if len(message.params) != 2 + len(WHOX_FIELDS):
        return []
    channel, nick, flags, account, real = message.params[2:]
    # "0" stands for none.
    return [_person(nick, real, channel, flags, "" if account == "0" else account)]


def _person(nick: str, real: str, channel: str, flags: str, account: str = "") -> PersonIs:
    prefixes = "".join(flag for flag in flags if flag in PREFIXES)
    where = "" if channel == "*" else channel
    return PersonIs(nick, real, where, flags.startswith("G"), prefixes, account)
