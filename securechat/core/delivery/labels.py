"""Labelled responses: what a command leads to for its own session is one logical message.

A command's label stays beside its span of the turn. What the span holds for the session that asked
is still lines then, so nothing else knows of labels. Hub thread only.
https://ircv3.net/specs/extensions/labeled-response
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from securechat.core.delivery.effects import Broadcast, Effect, Reply
from securechat.core.delivery.line import BareLine, Line
from securechat.core.model.entities import Audience, Session
from securechat.irc.capabilities import BATCH, ECHO_MESSAGE, LABELED_RESPONSE
from securechat.irc.message import format_tags

LABEL = "label"

MAX_LABEL_BYTES = 64
"""A client must not send a longer one; a longer one is no label."""

REFERENCE = "labeled"
"""Of the batch: of one session there is one open at a time."""

LATER = "later"
"""Of the batch with what a worker has answered: it may come between the parts of a long one."""

MESSAGES = frozenset({"PRIVMSG", "NOTICE", "TAGMSG"})


class Tagged(Line):
    """Another line with one tag more, in front of its own."""

    __slots__ = ("_tag", "inner")

    def __init__(self, inner: Line, tag: str) -> None:
        # No super().__init__(): all else is asked of the line within.
        self.body = inner.body
        self.inner, self._tag = inner, tag

    def encode(self, caps: int) -> bytes:
        """The bytes, CR LF included; b'' for nothing."""
        # Not kept: such a line goes to one session.
        return self.inner.encode_tagged(caps, self._tag)


def label_of(session: Session, tags: Mapping[str, str]) -> str:
    """The label of a line with these tags that is to be given back; '' for none."""
    label = tags.get(LABEL, "")
    if not (session.has(LABELED_RESPONSE) and session.has(BATCH)):
        return ""
    return label if len(label.encode()) <= MAX_LABEL_BYTES else ""


def wait(session: Session, tags: Mapping[str, str]) -> None:
    """The response to the present line, with these tags, comes with a worker's answer."""
    session.awaited_label, session.answered_label = label_of(session, tags), ""


def awaited(session: Session) -> str:
    """The label of what a worker has answered; '' for none."""
    label, session.awaited_label = session.awaited_label, ""
    # The client may have switched labels off meanwhile.
    return label_of(session, {LABEL: label})


def respond(
    effects: list[Effect],
    start: int,
    session: Session,
    label: str,
    server: str,
    *,
    more: bool,
    reference: str = REFERENCE,
) -> None:
    """Make what a command has led to, from start on, the response to its label.

    What is one batch already has the label at its beginning ("an existing type applicable to the
    entire response"). more: whether parts of a long answer follow; they go through go_on().
    reference: of the batch, if it takes one.
    """
    # Broadcasts first become a reply to the asker and a broadcast to the others.
    found = list(_parted(effects[start:], session))
    own = [at for at, effect in enumerate(found) if _is_response(effect, session)]
    tag = format_tags({LABEL: label})
    # One line, or one batch: the label goes onto it, and needs no batch of its own.
    if not more and own and (len(own) == 1 or _is_one_batch(found[own[0]], found[own[-1]])):
        _tag(found, own[0], tag)
    elif not own and not more:
        # Each labelled command has an answer, so that the client can stop waiting.
        found.append(_reply(session, Tagged(BareLine(f":{server} ACK"), tag)))
    else:
        _enclose(found, own, reference)
        begin = BareLine(f":{server} BATCH +{reference} labeled-response")
        # Before the first line of the answer; what was said to others stays where it is.
        found.insert(own[0] if own else len(found), _reply(session, Tagged(begin, tag)))
        if not more:
            # One further for the line that was inserted, and one to be behind the last.
            found.insert(own[-1] + 2, _end(session, server, reference))
    effects[start:] = found


def go_on(effects: list[Effect], start: int, session: Session, server: str, *, more: bool) -> None:
    """The same for a further part of a long answer."""
    own = [at for at in range(start, len(effects)) if _is_response(effects[at], session)]
    _enclose(effects, own, REFERENCE)
    if not more:
        effects.append(_end(session, server, REFERENCE))


def _parted(effects: list[Effect], session: Session) -> Iterator[Effect]:
    """What goes to many, the session among them, as two: it alone gets the label.

    What it has been sent already is the echo of a message to itself; what comes to it as to anybody
    who is written to is none.
    """
    # By identity: lines have no equality of their own.
    told = {effect.line for effect in effects if isinstance(effect, Reply)}
    for effect in effects:
        if isinstance(effect, Reply) or effect.line in told or not _answers(effect, session):
            yield effect
            continue
        if effect.exclude is None:
            yield effect._replace(exclude=session)
        else:
            # A broadcast leaves out one session, and this one leaves out another already.
            others = (one for one in effect.audience.sessions if one is not session)
            # At other nodes it is the same audience: both who are left out are here.
            yield effect._replace(audience=Audience(others, effect.audience.of))
        yield _reply(session, effect.line)


def _answers(effect: Broadcast, session: Session) -> bool:
    """Whether it is a response for the session. A message to oneself that is no echo is none."""
    if session not in effect.audience.sessions or effect.exclude is session:
        return False
    # Behind the source, which each such line has.
    command = effect.line.body.split(" ", 2)[1]
    return command not in MESSAGES or session.has(ECHO_MESSAGE)


def _is_response(effect: Effect, session: Session) -> bool:
    if not isinstance(effect, Reply) or effect.session is not session:
        return False
    # A line may be nothing for this client: a TAGMSG to one without message-tags.
    return bool(effect.line.encode(effect.group.caps))


def _is_one_batch(first: Effect, last: Effect) -> bool:
    """Whether one opens the batch that the other closes."""
    opening, closing = first.line.body.split(" "), last.line.body.split(" ")
    if opening[1:2] != ["BATCH"] or closing[1:2] != ["BATCH"]:
        return False
    return opening[2].startswith("+") and closing[2] == "-" + opening[2][1:]


def _enclose(effects: list[Effect], own: list[int], reference: str) -> None:
    """Put lines into the batch of the response, but for those of a batch within it."""
    for at in own:
        effect = effects[at]
        # A line can be in one batch only; the inner one's beginning is in the response.
        if not (isinstance(effect, Reply) and _in_batch(effect.line.encode(effect.group.caps))):
            _tag(effects, at, f"batch={reference}")


def _in_batch(data: bytes) -> bool:
    tags = data[1:].partition(b" ")[0] if data[:1] == b"@" else b""
    return any(tag.startswith(b"batch=") for tag in tags.split(b";"))


def _tag(effects: list[Effect], at: int, tag: str) -> None:
    effect = effects[at]
    effects[at] = effect._replace(line=Tagged(effect.line, tag))


def _reply(session: Session, line: Line) -> Reply:
    return Reply(session, line, session.encoding_group)


def _end(session: Session, server: str, reference: str) -> Reply:
    return _reply(session, BareLine(f":{server} BATCH -{reference}"))
