"""BATCH: a message of several lines, which its client sends as a batch.

https://ircv3.net/specs/extensions/multiline, https://ircv3.net/specs/extensions/client-batch
"""

from __future__ import annotations

import re

from securechat.core.channels import channels
from securechat.core.commands.messages import Saying, refuse
from securechat.core.commands.registry import command
from securechat.core.delivery.labels import label_of, respond
from securechat.core.delivery.line import Line, MessageId
from securechat.core.delivery.multiline import MultilineLine
from securechat.core.model.entities import Session
from securechat.core.model.open_batch import OpenBatch
from securechat.core.text import is_question
from securechat.core.turn import IrcError, Turn
from securechat.irc.capabilities import BATCH, MULTILINE
from securechat.irc.message import MAX_BODY_BYTES, Message
from securechat.irc.multiline import (
    BATCH_TYPE,
    CONCAT_TAG,
    MAX_BYTES,
    MAX_LINES,
    Part,
    compose,
    parts_of,
    refit,
)

# A client that is as fast as it may be sends the longest one in a few seconds.
TIMEOUT_SECONDS = 60.0

_REFERENCE = re.compile(r"[A-Za-z0-9-]{1,64}")
"""More is no use to anybody."""


class _InvalidBatch(Exception):  # noqa: N818 - a refusal is an answer, not an error
    """Answered by a FAIL. code, context, text: as in a standard reply."""

    def __init__(self, code: str, *params: str) -> None:
        super().__init__(code)
        self.params = (code, *params)


@command("BATCH", usage="+<reference> draft/multiline <target> | -<reference>", min_params=1)
def batch(turn: Turn, session: Session, message: Message) -> None:
    """Begin or end a message of several lines, as clients that can do that."""
    sign, reference = message.params[0][:1], message.params[0][1:]
    if "batch" in message.tags and _knows(session):  # "MUST NOT send nested batches"
        _fail(turn, session, _InvalidBatch("MULTILINE_INVALID", "A batch can't hold another one"))
    elif sign == "+":
        _begin(turn, session, message, reference)
    elif session.batch is None or reference != session.batch.reference:
        text = "There is no batch of that name"
        turn.standard_reply(session, "FAIL", "BATCH", "MULTILINE_INVALID", text)
    else:
        _end(turn, session, session.batch)


def _knows(session: Session) -> bool:
    return session.has(MULTILINE) and session.has(BATCH)


def _begin(turn: Turn, session: Session, message: Message, reference: str) -> None:
    if session.batch is not None and not session.batch.ignored:
        text = "A batch was begun before this one had its end"
        _fail(turn, session, _InvalidBatch("MULTILINE_INVALID", text))
    kind, target = (*message.params[1:3], "", "")[:2]
    label = label_of(session, message.tags)
    # Made also where it is refused: its lines are on their way, and must be known to be dropped.
    opened = OpenBatch(reference, target, message.tags, label, turn.clock)
    if _knows(session):
        session.batch = opened
        session.answered_label = ""  # the answer comes at its end
    try:
        _check_beginning(session, message, opened, kind)
    except _InvalidBatch as invalid:
        opened.ignored, session.answered_label = True, label
        turn.standard_reply(session, "FAIL", "BATCH", *invalid.params)


def _check_beginning(session: Session, message: Message, opened: OpenBatch, kind: str) -> None:
    shown = channels.word(opened.reference)
    if not _REFERENCE.fullmatch(opened.reference):
        text = "A reference has ASCII letters, digits and hyphens, 64 at most"
        raise _InvalidBatch("INVALID_REFTAG", shown, text)
    if kind != BATCH_TYPE or not _knows(session):
        text = f"The only batch that is taken is {BATCH_TYPE}, of who has asked for it by CAP"
        raise _InvalidBatch("UNKNOWN_TYPE", shown, channels.word(kind), text)
    if not opened.target or len(message.params) > 3:
        raise _InvalidBatch("MULTILINE_INVALID", f"Expected BATCH +reference {BATCH_TYPE} target")


def takes(session: Session, message: Message) -> bool:
    """Whether a line is part of a batch, and no command of its own."""
    return "batch" in message.tags and _knows(session) and message.command != "BATCH"


def take(turn: Turn, session: Session, message: Message) -> None:
    """Put a line into the batch that it is part of; what is too much, or wrong, ends it."""
    opened = session.batch
    session.answered_label = ""
    if opened is None or opened.reference != message.tags["batch"]:
        text = "There is no batch of that name"
        turn.standard_reply(session, "FAIL", "BATCH", "MULTILINE_INVALID", text)
    elif not opened.ignored:
        try:
            _add(opened, message)
        except _InvalidBatch as invalid:
            _fail(turn, session, invalid)


def _add(opened: OpenBatch, message: Message) -> None:
    kind, part = message.command, _part(message)
    if kind not in ("PRIVMSG", "NOTICE") or opened.kind not in ("", kind):
        text = "A message of several lines is PRIVMSG or NOTICE in all of them"
        raise _InvalidBatch("MULTILINE_INVALID", text)
    target = message.params[0]
    if target != opened.target:
        shown = channels.word(opened.target), channels.word(target)
        raise _InvalidBatch("MULTILINE_INVALID_TARGET", *shown, "Not the target of the batch")
    # Line feeds count, as they are part of the text that is stored.
    size = opened.size + len(part.text.encode()) + (bool(opened.parts) and not part.joined)
    if size > MAX_BYTES:
        raise _InvalidBatch("MULTILINE_MAX_BYTES", str(MAX_BYTES), f"More than {MAX_BYTES} bytes")
    if len(opened.parts) >= MAX_LINES:
        raise _InvalidBatch("MULTILINE_MAX_LINES", str(MAX_LINES), f"More than {MAX_LINES} lines")
    opened.kind, opened.size = kind, size
    opened.parts.append(part)


def _part(message: Message) -> Part:
    """A line's. Raises _InvalidBatch."""
    if any(key[0] == "+" for key in message.tags):
        text = "Client-only tags stand at the beginning of the batch"
        raise _InvalidBatch("MULTILINE_INVALID", text)
    if len(message.params) != 2:
        raise _InvalidBatch("MULTILINE_INVALID", "Expected a target and a text in each line")
    part = Part(message.params[1], CONCAT_TAG in message.tags)
    # "MUST NOT send a blank line with the multiline-concat tag."
    if part.joined and not part.text:
        raise _InvalidBatch("MULTILINE_INVALID", "A blank line can't be joined to another")
    if is_question(part.text):
        raise _InvalidBatch("MULTILINE_INVALID", "What programs ask each other is one line")
    return part


def _fail(turn: Turn, session: Session, invalid: _InvalidBatch) -> None:
    """All past and future lines of it are ignored."""
    if session.batch is not None:
        session.answered_label = session.batch.label
        session.batch.ignored = True
        # Up to some kilobytes that nobody will ask for.
        session.batch.parts.clear()
    turn.standard_reply(session, "FAIL", "BATCH", *invalid.params)


def _end(turn: Turn, session: Session, opened: OpenBatch) -> None:
    session.batch = None
    if opened.ignored:
        return
    session.answered_label = opened.label
    if not any(part.text for part in opened.parts):
        text = "A message can't be of blank lines only"
        turn.standard_reply(session, "FAIL", "BATCH", "MULTILINE_INVALID", text)
        return
    tags = {key: value for key, value in opened.tags.items() if key[0] == "+"}
    message = Message(opened.kind, [opened.target], tags=opened.tags)
    opened.parts[0] = opened.parts[0]._replace(joined=False)  # there is nothing to join it to
    several = _SeveralLines if len(opened.parts) > 1 else Saying
    saying = several(turn, session, opened.kind, compose(opened.parts), tags)
    if not saying.take_key(message, opened.target, alone=True):
        return
    try:
        saying.to(opened.target)
    except IrcError as error:
        refuse(turn, session, message, error)


class _SeveralLines(Saying):
    """It is stored as one text, and each line of it fits when it is relayed."""

    __slots__ = ("_lines", "_receiver")

    def body(self, receiver: str) -> str:
        """How each line of it begins; what is too long for one goes on in the next."""
        source = self.account.source(self.turn.settings.name)
        head = f":{source} {self.kind} {receiver}"
        space = MAX_BODY_BYTES - len(f"{head} :".encode())
        # Here and not earlier, as only now the receiver's name, and so the room for a text, is
        # known.
        self._receiver, self._lines = receiver, refit(parts_of(self.text), space)
        # What is stored is what was sent, so a replay is cut at the same places.
        self.text = compose(self._lines)
        return head

    def line(self, body: str, at_ms: int, msgid: MessageId | None) -> Line:
        """The line as its receivers get it."""
        source = self.account.source(self.turn.settings.name)
        return MultilineLine(
            source,
            self.kind,
            self._receiver,
            self._lines,
            at_ms,
            msgid=msgid,
            account=self.account.name,
            client_tags=self.tags,
        )


def check_time(turn: Turn, session: Session) -> None:
    """A batch that stays open for too long is given up."""
    opened = session.batch
    if opened is None or turn.clock - opened.opened_at <= TIMEOUT_SECONDS:
        return
    session.batch = None
    if opened.ignored:
        return
    start = len(turn.effects)
    text = f"The batch had no end after {TIMEOUT_SECONDS:.0f} seconds"
    turn.standard_reply(session, "FAIL", "BATCH", "TIMEOUT", opened.reference, text)
    if opened.label:
        respond(turn.effects, start, session, opened.label, turn.settings.name, more=False)
