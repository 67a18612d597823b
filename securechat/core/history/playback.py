"""How an entry of the log is told to a session: as the line that it was, with its time and its id.

https://ircv3.net/specs/extensions/chathistory. Hub thread only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from securechat.core.delivery.batches import without_batch
from securechat.core.delivery.line import BareLine, Line, iso_time
from securechat.core.delivery.multiline import MultilineLine
from securechat.core.journal.events.channels import Logged
from securechat.core.model.entities import Account, Channel, Session
from securechat.core.model.state import Model
from securechat.core.text import fits, shorten
from securechat.core.turn import Turn
from securechat.irc.capabilities import (
    BATCH,
    CHANNEL_RENAME,
    MESSAGE_REDACTION,
    MESSAGE_TAGS,
    SERVER_TIME,
)
from securechat.irc.message import MAX_BODY_BYTES
from securechat.irc.multiline import is_multiline, parts_of

OVERHEAD = 400
"""Bytes of a line beside its text and its client's tags, at the most."""

ACTION = "\x01ACTION "

MESSAGES = frozenset({"PRIVMSG", "NOTICE"})


def batch(
    turn: Turn, session: Session, kind: str, reference: str, lines: Iterable[Line]
) -> Iterator[Line]:
    """Lines, in a batch where the session knows batches. kind: with its parameters."""
    # Without it the lines come all the same, each with its time.
    if not session.has(BATCH):
        yield from lines
        return
    server = turn.settings.name
    yield BareLine(f":{server} BATCH +{reference} {kind}")
    yield from lines
    yield BareLine(f":{server} BATCH -{reference}")


def answer(
    turn: Turn, session: Session, kind: str, reference: str, lines: Iterable[Line], command: str
) -> Iterator[Line]:
    """As batch(), to a command: also who knows no batches is told that there is nothing."""
    if session.has(BATCH):
        return batch(turn, session, kind, reference, lines)
    return without_batch(turn, command, lines)


def of_target(
    turn: Turn, session: Session, target: int, entries: Iterable[Logged], reference: str
) -> Iterator[Line]:
    """Entries of one target, as https://ircv3.net/specs/batches/chathistory has them."""
    name = name_of(turn.model, session.who, target)
    lines = lines_of(turn, session, entries, reference)
    return batch(turn, session, f"chathistory {name}", reference, lines)


def lines_of(
    turn: Turn, session: Session, entries: Iterable[Logged], reference: str
) -> Iterator[Line]:
    """Entries, without what has been redacted since they were read, or can't be shown."""
    gone = turn.model.redacted
    # As a generator: a page is made into lines only as far as it is sent.
    return (
        line(turn, session, entry, reference)
        for entry in entries
        if entry.seq not in gone and _is_shown(session, entry)
    )


def _is_shown(session: Session, entry: Logged) -> bool:
    """Whether an entry is one that a client knows how to show; others only stay in the log."""
    # To who doesn't know of it, a PART and a JOIN were shown; neither was logged.
    if entry.kind == "RENAME":
        return session.has(CHANNEL_RENAME)
    return entry.kind in _EVENTS or entry.kind in MESSAGES


def line(turn: Turn, session: Session, entry: Logged, reference: str) -> Line:
    """One entry. reference: of the batch that it is part of."""
    model = turn.model
    # Accounts are never taken out of memory, deleted ones neither: the log names them.
    sender = model.accounts.get(entry.sender)
    receiver = _receiver(model, session.who, entry)
    make = _EVENTS.get(entry.kind)
    if make is None and is_multiline(entry.text):
        return _several_lines(turn, session, entry, receiver, reference)
    # What no account has done the server has.
    source = sender.source(turn.settings.name) if sender is not None else turn.settings.name
    head = f":{source} "
    if make is None:
        body = f"{head}{entry.kind} {receiver} :"
        text = entry.text if session.has(SERVER_TIME) else _dated(entry)
        # The text matters more than its time, which would have it cut.
        body += text if fits(body + text) else entry.text
    else:
        # The channel may have been renamed since, and its name be longer now.
        body = shorten(head + make(receiver, entry.text), MAX_BODY_BYTES)
    return Line(
        body,
        entry.at_ms,
        msgid=model.msgid(entry.seq),
        account=sender.name if sender is not None else None,
        client_tags=entry.tags,
        requires=_REQUIRES.get(entry.kind, 0),
        batch=reference,
        extended=f"{body} {sender.name} :{sender.name}"
        if sender is not None and entry.kind == "JOIN"
        else None,
    )


_REQUIRES = {"TAGMSG": MESSAGE_TAGS, "REDACT": MESSAGE_REDACTION}
"""Without which capability a session gets nothing of a kind."""


def _several_lines(
    turn: Turn, session: Session, entry: Logged, receiver: str, reference: str
) -> Line:
    sender = turn.model.accounts[entry.sender]
    source, parts = sender.source(turn.settings.name), parts_of(entry.text)
    if not session.has(SERVER_TIME):
        dated = parts[0]._replace(text=_dated(entry._replace(text=parts[0].text)))
        if fits(f":{source} {entry.kind} {receiver} :{dated.text}"):
            # The time stands in front of the first line only.
            parts[0] = dated
    return MultilineLine(
        source,
        entry.kind,
        receiver,
        parts,
        entry.at_ms,
        msgid=turn.model.msgid(entry.seq),
        account=sender.name,
        client_tags=entry.tags,
        batch=reference,
    )


def _kick(channel: str, text: str) -> str:
    nick, _, reason = text.partition(" ")
    return f"KICK {channel} {nick} :{reason}"


def _part(channel: str, text: str) -> str:
    return f"PART {channel} :{text}" if text else f"PART {channel}"


def _rename(channel: str, text: str) -> str:
    old, new, reason = text.split(" ", 2)
    return f"RENAME {old} {new} :{reason}"


_EVENTS: dict[str, Callable[[str, str], str]] = {
    "JOIN": lambda channel, text: f"JOIN {channel}",
    "PART": _part,
    "KICK": _kick,
    "TOPIC": lambda channel, text: f"TOPIC {channel} :{text}",
    "MODE": lambda channel, text: f"MODE {channel} {text}",
    "RENAME": _rename,
    "TAGMSG": lambda receiver, text: f"TAGMSG {receiver}",
    "REDACT": lambda receiver, text: f"REDACT {receiver} {text}",
}
"""What is no message, by its kind: from the receiver and what was logged. As shown here it has no
real name, which is not kept for each time.
"""


def _dated(entry: Logged) -> str:
    """For a client without server-time: the time in the text."""
    stamp = f"[{iso_time(entry.at_ms)[:16].replace('T', ' ')} UTC] "
    if entry.text.startswith(ACTION):
        return ACTION + stamp + entry.text.removeprefix(ACTION)
    return stamp + entry.text


def _receiver(model: Model, account: Account, entry: Logged) -> str:
    """The target as it stood in the message."""
    target = model.targets[entry.target]
    if isinstance(target, Channel):
        return target.name
    # In a conversation the receiver is the one who didn't say it.
    return account.name if entry.sender != account.id else model.other_in(target, account).name


def name_of(model: Model, account: Account, target_id: int) -> str:
    """The name of a channel, or of a conversation from the account's side."""
    target = model.targets[target_id]
    return target.name if isinstance(target, Channel) else model.other_in(target, account).name
