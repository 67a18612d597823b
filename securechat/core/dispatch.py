"""From a line to its command: decoded, looked up, its conditions checked, run, answered.

Hub thread only. https://modern.ircdocs.horse/#message-format
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from securechat.core import commands
from securechat.core.commands import multiline
from securechat.core.commands.registry import COMMANDS, Command, unknown
from securechat.core.delivery import labels
from securechat.core.delivery.line import Line
from securechat.core.guard import FAILED
from securechat.core.jobs import LogRead, ReadLog
from securechat.core.model.answers import Answering, Lookup
from securechat.core.model.entities import Session
from securechat.core.model.states import State
from securechat.core.turn import IrcError, Savepoint, Turn
from securechat.irc.framing import TOO_LONG
from securechat.irc.message import (
    LineTooLongError,
    Message,
    MessageError,
    NotUtf8Error,
    decode,
    tags_of,
)
from securechat.irc.numerics import Numeric

__all__ = ["commands", "go_on", "run"]

log = logging.getLogger(__name__)

REPLIES_AT_ONCE = 25
"""Of a long answer: a quarter of a millisecond, until it is looked whether it is others' turn."""

WEB_METHODS = frozenset(
    ("GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "PRI")
)
"""What a request of a browser begins with (RFC 9110, 9113). A web page can make its visitor's
browser send one here, with the visitor's certificate and with lines of the page's own in it.
"""


def run(turn: Turn, session: Session, raw: bytes) -> None:
    """Do what a line says, or say why not; a bug is taken back and logged.

    raw: without its line end; TOO_LONG for one that was over the limit.
    """
    start = turn.savepoint()
    # What is shown where the line could not even be read.
    command, label = "*", ""
    try:
        if raw is TOO_LONG:
            raise LineTooLongError
        message = decode(raw)
        # Known from here on, for what goes wrong behind it.
        command = message.command
        if message.tags:
            label = labels.label_of(session, message.tags)
        _dispatch(turn, session, message)
    except IrcError as error:
        turn.model.refused[_kind(command), error.numeric.name] += 1
        turn.numeric(session, error.numeric, *error.params)
    except MessageError as error:
        # The tags may be readable where the rest is not, and the client waits for its label.
        label = labels.label_of(session, tags_of(raw))
        _unread(turn, session, error)
    except Exception:
        _bug(turn, session, command, start)
    # A line of a batch has no answer, and its end is the answer to its beginning.
    if session.answered_label is not None:
        label, session.answered_label = session.answered_label, None
    if label and (not turn.spans or turn.spans[-1].start < start):  # else it has spans within
        _respond(turn, session, start, label)
    turn.finish_span(session, command, start, label)


def _kind(command: str) -> str:
    return "message" if command in labels.MESSAGES else "command"


def _respond(turn: Turn, session: Session, start: Savepoint, label: str) -> None:
    answering = session.answering
    if answering is not None:
        # The parts to come belong to the same response.
        session.answering = answering._replace(labelled=True)
    server, more = turn.settings.name, answering is not None
    labels.respond(turn.effects, start.effects, session, label, server, more=more)


def _unread(turn: Turn, session: Session, error: MessageError) -> None:
    if isinstance(error, LineTooLongError):
        turn.numeric(session, Numeric.ERR_INPUTTOOLONG, str(error))
    elif isinstance(error, NotUtf8Error):
        # Only names that are ours: bytes that are no UTF-8 must not be sent on.
        command = error.command if error.command in COMMANDS else "*"
        turn.standard_reply(session, "FAIL", command, "INVALID_UTF8", str(error))
    else:
        turn.standard_reply(session, "FAIL", "*", "INVALID_MESSAGE", str(error))


def _bug(turn: Turn, session: Session, command: str, start: Savepoint) -> None:
    # All of it: half a command would be stored and told as if it were whole.
    turn.roll_back(start)
    log.exception("a bug: %s failed and was taken back", command)
    turn.numeric(session, Numeric.ERR_UNKNOWNERROR, command, FAILED)


def go_on(turn: Turn, session: Session, more: Callable[[], bool]) -> None:
    """The next part of a session's long answer, and further ones while more() is true."""
    # A part that waits for the log goes on in found().
    while session.answering is not None and session.answering.awaited is None:
        start, answering = turn.savepoint(), session.answering
        try:
            _next_part(turn, session, answering)
        except IrcError as error:
            turn.numeric(session, error.numeric, *error.params)
            session.answering = None
        except Exception:
            _bug(turn, session, answering.command, start)
            session.answering = None
        if answering.labelled:
            server, more_follows = turn.settings.name, session.answering is not None
            labels.go_on(turn.effects, start.effects, session, server, more=more_follows)
        if not more():
            return


def found(turn: Turn, answer: LogRead) -> None:
    """A worker has read what a session's command waits for, which goes on in this turn."""
    session = answer.session
    answering = session.answering
    # The session has been closed, or asks for something else by now.
    if answering is None or answering.awaited is not answer.lookup:
        return
    start = turn.savepoint()
    answer.lookup.found = answer.found
    session.answering = answering._replace(awaited=None, resumes=True)
    go_on(turn, session, lambda: True)  # what was read is bounded
    turn.finish_span(session, answering.command, start)


def _next_part(turn: Turn, session: Session, answering: Answering) -> None:
    """Up to the next Lookup, or to where others may come between."""
    # A generator takes None for its start; the turn goes to the yield of a Lookup.
    given = turn if answering.resumes else None
    session.answering = answering = answering._replace(resumes=False)
    for _ in range(REPLIES_AT_ONCE):
        try:
            part = answering.parts.send(given)
        except StopIteration:
            session.answering = None
            return
        given = None
        if session.state is not State.READY:
            session.answering = None
            return
        if part is None:
            return
        if isinstance(part, Lookup):
            session.answering = answering._replace(awaited=part)
            turn.job(ReadLog(session, part))
            return
        if isinstance(part, Line):
            turn.send_line(session, part)
        else:
            turn.numeric(session, *part)


def _dispatch(turn: Turn, session: Session, message: Message) -> None:
    # Asked before the table: a line of a batch is no command.
    if message.tags and multiline.takes(session, message) and session.state is State.READY:
        multiline.take(turn, session, message)
        return
    found = COMMANDS.get(message.command)
    if found is None:
        if session.state is not State.READY:
            if message.command in WEB_METHODS:
                turn.close(session, "This is a chat server, not a web server")
                return
            raise IrcError(Numeric.ERR_NOTREGISTERED, "Log in first")
        raise unknown(message.command)
    count = len(message.params)
    # One comparison for the good path; why it failed is found out afterwards.
    if session.state not in found.states or not found.min_params <= count <= found.max_params:
        raise _refusal(found, session, count)
    replies = found.handler(turn, session, message)
    if replies is not None:
        session.answering = Answering(message.command, replies)
        # The first part at once, in the turn of the command: a short answer needs no second one.
        _next_part(turn, session, session.answering)


def _refusal(command: Command, session: Session, count: int) -> IrcError:
    """Why a command is not for this session now, or not with so many parameters. What came is not
    repeated: it may be a password.
    """
    if session.state in command.states:
        if count < command.min_params:
            fault = "Not enough parameters"
        elif command.last:
            fault = f"Too many words; put a colon before the {command.last}"
        else:
            fault = "Too many words"
        text = f"{fault}: {command.name} {command.usage}"
        return IrcError(Numeric.ERR_NEEDMOREPARAMS, command.name, text)
    if session.state is State.READY:
        return IrcError(Numeric.ERR_ALREADYREGISTERED, "You are logged in already")
    return IrcError(Numeric.ERR_NOTREGISTERED, "Log in first")
