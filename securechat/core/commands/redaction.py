"""REDACT: a message is taken back. https://ircv3.net/specs/extensions/message-redaction"""

from __future__ import annotations

from securechat.core import quota
from securechat.core.channels import permissions
from securechat.core.channels.channels import word
from securechat.core.commands.messages import RANKS
from securechat.core.commands.registry import command
from securechat.core.delivery.line import Line
from securechat.core.history import access
from securechat.core.history.queries import EntryQuery, Span
from securechat.core.journal.events.channels import Logged, Redacted
from securechat.core.model.answers import Lookup, Parts
from securechat.core.model.entities import Account, Channel, Direct, Session
from securechat.core.text import TEXT_BYTES, shorten
from securechat.core.turn import Turn
from securechat.irc.capabilities import ECHO_MESSAGE, MESSAGE_REDACTION
from securechat.irc.message import Message

TO_RANK = "STATUSMSG"

REDACTABLE = frozenset({"PRIVMSG", "NOTICE", "CTCP", "CTCPREPLY", "TAGMSG", TO_RANK})


@command(
    "REDACT",
    usage="<#channel or nick> <msgid> [:<reason>]",
    min_params=2,
    max_params=3,
    last="reason",
)
def redact(turn: Turn, session: Session, message: Message) -> Parts | None:
    """Take a message of yours back, or one of a channel that you operate: its text is erased."""
    target, msgid = message.params[:2]
    span = _span(turn, session, target)
    if span is None:
        _fail(turn, session, "INVALID_TARGET", word(target), "No messages of yours can be there")
        return None
    seq = access.seq_of(turn.model, msgid)
    if seq is None:
        _fail_unknown(turn, session, target, msgid)
        return None
    reason = shorten(message.params[2], TEXT_BYTES) if len(message.params) > 2 else ""
    return _redact(session, target, msgid, EntryQuery(span, seq), reason)


def _span(turn: Turn, session: Session, target: str) -> Span | None:
    """Where the session's account may have something to take back: all of a place that it is in,
    as its own words may be older than its present membership.
    """
    span = access.span_named(turn.model, session.who, _place_of(target))
    return span._replace(after=0) if span else None


def _place_of(target: str) -> str:
    """The channel of a message to those of a rank in it: @#channel."""
    return target[1:] if target[:1] in RANKS and target[1:2] == "#" else target


def _rank_of(entry: Logged) -> str:
    """The prefix of those that it was said to; '' for all."""
    return entry.text[0] if entry.kind == TO_RANK else ""


def _may_know(turn: Turn, session: Session, target: str, entry: Logged) -> bool:
    """Whether there is such an entry for the session's account; it may have left the place while
    the log was read.
    """
    account = session.who
    place = _place_of(target)
    span = access.span_named(turn.model, account, place)
    if span is None:
        return False
    channel = turn.model.channel_named(place) if place[:1] == "#" else None
    # Who runs a channel is responsible for it, also for what was said before they joined.
    runs = channel is not None and channel.runs(account)
    if entry.sender == account.id or runs:
        return True
    # Of what was said to those of a rank the others know nothing.
    return entry.seq > span.after and not _rank_of(entry)


def _redact(session: Session, target: str, msgid: str, query: EntryQuery, reason: str) -> Parts:
    lookup = Lookup(query)
    # From here on it is another turn: all that was looked up before may have changed.
    turn: Turn = yield lookup
    if lookup.found is None:
        text = "The message could not be read; try again"
        _fail(turn, session, "MESSAGE_ERROR", word(target), word(msgid), text)
        return
    # JOINs and MODEs are what happened, and nobody's words.
    known = [entry for entry in lookup.found if entry.kind in REDACTABLE]
    entry: Logged | None = known[0] if known else None
    if (
        entry is None
        or entry.seq in turn.model.redacted
        or not _may_know(turn, session, target, entry)
    ):
        _fail_unknown(turn, session, target, msgid)
        return
    # The channel may have been closed meanwhile.
    place = turn.model.targets.get(entry.target)
    if place is None or not _may(session.who, place, entry):
        text = "You may redact your own messages, and those of channels that you operate"
        _fail(turn, session, "REDACT_FORBIDDEN", word(target), word(msgid), text)
        return
    _do(turn, session, place, entry, reason)


def _may(account: Account, place: Channel | Direct, entry: Logged) -> bool:
    return entry.sender == account.id or (isinstance(place, Channel) and place.runs(account))


def _do(turn: Turn, session: Session, place: Channel | Direct, entry: Logged, reason: str) -> None:
    account = session.who
    if isinstance(place, Channel) and permissions.why_silent(turn, place, account):
        reason = ""  # a text too: who may not speak there could speak by it
    # No question of the account's share: who has used it up makes room so, once for each message.
    quota.check_room(turn, "REDACT")
    msgid = str(turn.model.msgid(entry.seq))
    text = f"{msgid} :{reason}" if reason else msgid
    # The text first, then the entry that tells of it: both or neither are stored.
    turn.record(Redacted(entry.seq, entry.target, entry.sender, entry.text, entry.tags))
    rank = _rank_of(entry)
    if rank:  # as the message was: nobody is shown it later
        tags = account.line_tags
        logged = turn.log(entry.target, account, TO_RANK, f"{rank} REDACT {text}", tags)
    else:
        logged = turn.log(entry.target, account, "REDACT", text, account.line_tags)
    # Taking back one's own words is no moderation.
    if entry.sender != account.id and isinstance(place, Channel):
        of = turn.model.accounts[entry.sender].name
        turn.audit_act("message redacted", session, channel=place.name, of=of, msgid=msgid)
    name = place.name if isinstance(place, Channel) else turn.model.other_in(place, account).name
    line = Line(
        f":{account.source(turn.settings.name)} REDACT {rank}{name} {text}",
        turn.now_ms,
        msgid=turn.model.msgid(logged.seq),
        account=account.name,
        client_tags=account.line_tags,
        requires=MESSAGE_REDACTION,
    )
    _tell(turn, session, place, rank, line)


def _tell(turn: Turn, session: Session, place: Channel | Direct, rank: str, line: Line) -> None:
    """Those who were told of the message, in the same way."""
    exclude = None if session.has(ECHO_MESSAGE) else session
    if isinstance(place, Channel):
        told = place.ranked(RANKS[rank]) if rank else place.audience()
        turn.broadcast(told, line, exclude)
        for own in session.who.sessions:  # who has said it need not be of the rank
            if own not in told.sessions and own is not exclude:
                turn.send_line(own, line)
        return
    other = turn.model.other_in(place, session.who)
    turn.broadcast(session.who.audience(), line, exclude)
    if other is not session.who:
        turn.broadcast(other.audience(), line)


def _fail_unknown(turn: Turn, session: Session, target: str, msgid: str) -> None:
    text = "There is no such message here"
    _fail(turn, session, "UNKNOWN_MSGID", word(target), word(msgid), text)


def _fail(turn: Turn, session: Session, *params: str) -> None:
    turn.standard_reply(session, "FAIL", "REDACT", *params)
