"""CHATHISTORY: what was said, page by page. https://ircv3.net/specs/extensions/chathistory"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from securechat.core.channels import channels
from securechat.core.channels.channels import word
from securechat.core.commands.registry import command
from securechat.core.delivery.line import Line, iso_time
from securechat.core.history import access, playback, policy
from securechat.core.history.queries import MOST_ENTRIES, From, PageQuery, Place, TargetsQuery
from securechat.core.journal.events.channels import Logged
from securechat.core.model.answers import Lookup, Parts
from securechat.core.model.entities import Session
from securechat.core.turn import Turn
from securechat.irc.capabilities import EVENT_PLAYBACK
from securechat.irc.message import Message

ENTRIES_PER_LINE = 10
"""So many of a page cost its asker as much as a line that is said."""

REFERENCE = "history"
"""Of the batch: of one session one page is made at a time."""

UNREADABLE = "Messages could not be retrieved"


class _Refused(Exception):  # noqa: N818 - it is an answer
    """code, context: of the FAIL."""

    def __init__(self, code: str, text: str, *context: str) -> None:
        super().__init__(text)
        self.code = code
        self.context = context


class _Form(NamedTuple):
    """places: how many a subcommand has. query: from them the bounds, and where to begin."""

    places: int
    query: Callable[..., tuple[Place | None, Place | None, From]]


_FORMS = {
    "BEFORE": _Form(1, lambda place: (None, place, From.NEWEST)),
    "AFTER": _Form(1, lambda place: (place, None, From.OLDEST)),
    "LATEST": _Form(1, lambda place: (place, None, From.NEWEST)),
    "AROUND": _Form(1, lambda place: (place, place, From.MIDDLE)),
    # From first on towards second: the order of the two says which way the page goes.
    "BETWEEN": _Form(2, lambda first, second: (first, second, From.FIRST)),
}


@command(
    "CHATHISTORY",
    usage="LATEST|BEFORE|AFTER|AROUND <target> <*|timestamp=…|msgid=…> <limit>, or BETWEEN with "
    "two of these, or TARGETS <timestamp=…> <timestamp=…> <limit>",
)
def chathistory(turn: Turn, session: Session, message: Message) -> Parts | None:
    """Read what was said in a channel or with somebody, a page at a time."""
    subcommand = message.params[0].upper() if message.params else ""
    try:
        if subcommand == "TARGETS":
            return _targets(turn, session, message.params[1:])
        return _page(turn, session, subcommand, message.params[1:])
    except _Refused as refused:
        context = (word(message.params[0]) if message.params else "*", *refused.context)
        turn.standard_reply(session, "FAIL", "CHATHISTORY", refused.code, *context, str(refused))
    return None


def _page(turn: Turn, session: Session, subcommand: str, params: list[str]) -> Parts:
    """Raises _Refused."""
    form = _FORMS.get(subcommand)
    if form is None:
        raise _Refused("INVALID_PARAMS", f"Expected {', '.join(_FORMS)} or TARGETS")
    _check_count(params, form.places + 2)
    name, *places, limit = params
    open_end = subcommand == "LATEST" and places == ["*"]
    found = [None] if open_end else [_place(turn, text) for text in places]
    # Checked before the target: a mistake of the form is told first, and tells nothing.
    size = _limit(limit)
    span = access.span_named(turn.model, session.who, name)
    # One answer for a channel that isn't there and one that isn't theirs.
    if span is None:
        raise _Refused("INVALID_TARGET", UNREADABLE, word(name))
    lower, upper, start = form.query(*found)
    query = PageQuery(
        span,
        lower,
        upper,
        start,
        size,
        turn.settings.replay_bytes,
        playback.OVERHEAD,
        session.has(EVENT_PLAYBACK),
    )
    return _tell_page(session, subcommand, name, query)


def _tell_page(session: Session, subcommand: str, name: str, query: PageQuery) -> Parts:
    lookup = Lookup(query)
    turn: Turn = yield lookup
    entries: list[Logged] | None = lookup.found
    if entries is None:
        _fail_reading(turn, session, subcommand, word(name))
        return
    # By what was found: an empty page has cost its line already.
    turn.charge(session.who, len(entries) // ENTRIES_PER_LINE)
    lines = playback.lines_of(turn, session, entries, REFERENCE)
    shown = _canonical(turn, name)
    yield from playback.answer(
        turn, session, f"chathistory {shown}", REFERENCE, lines, "CHATHISTORY"
    )


def _canonical(turn: Turn, name: str) -> str:
    """A target's name as it is written; it may have gone meanwhile."""
    found = turn.model.channel_named(name) or turn.model.account_named(name)
    return found.name if found else word(name)


def _targets(turn: Turn, session: Session, params: list[str]) -> Parts:
    """Raises _Refused."""
    _check_count(params, 3)
    first, second = (_place(turn, text, times_only=True).value for text in params[:2])
    query = TargetsQuery(
        # Only what may be read; so no target shows by a time that there is one.
        tuple(access.spans(turn.model, session.who)),
        min(first, second),
        max(first, second),
        # The specification: in the order of the two bounds.
        first > second,
        _limit(params[2]),
    )
    return _tell_targets(session, query)


def _tell_targets(session: Session, query: TargetsQuery) -> Parts:
    lookup = Lookup(query)
    turn: Turn = yield lookup
    if lookup.found is None:
        _fail_reading(turn, session, "TARGETS")
        return
    turn.charge(session.who, len(query.spans) // ENTRIES_PER_LINE)
    lines = _target_lines(turn, session, lookup.found)
    yield from playback.answer(
        turn, session, "draft/chathistory-targets", REFERENCE, lines, "CHATHISTORY"
    )


def _target_lines(turn: Turn, session: Session, found: list[tuple[int, int]]) -> Iterator[Line]:
    model, account = turn.model, session.who
    for target, at_ms in found:
        name = playback.name_of(model, account, target)
        body = f":{turn.settings.name} CHATHISTORY TARGETS {name} {iso_time(at_ms)}"
        yield Line(body, turn.now_ms, batch=REFERENCE)


def _check_count(params: list[str], wanted: int) -> None:
    if len(params) < wanted:
        raise _Refused("INVALID_PARAMS", "Insufficient parameters")
    # Not passed over: a client that sends more means something that isn't done here.
    if len(params) > wanted:
        raise _Refused("INVALID_PARAMS", "Too many parameters")


def _place(turn: Turn, text: str, *, times_only: bool = False) -> Place:
    kind = text.partition("=")[0]
    if kind not in ("timestamp", "msgid"):
        expected = "timestamp=YYYY-MM-DDThh:mm:ss.sssZ" + ("" if times_only else " or msgid=…")
        raise _Refused("INVALID_PARAMS", f"Expected {expected}", word(text))
    if times_only and kind == "msgid":
        raise _Refused("INVALID_MSGREFTYPE", "Targets are found by timestamps only", word(text))
    found = access.place(turn.model, text)
    if found is None:
        fault = "Invalid timestamp" if kind == "timestamp" else "No message of this server has it"
        raise _Refused("INVALID_PARAMS", fault, word(text))
    return found


def _limit(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or int(text[:9]) < 1:
        raise _Refused("INVALID_PARAMS", "Expected a limit of 1 or more", word(text))
    return min(int(text[:9]), MOST_ENTRIES)


def _fail_reading(turn: Turn, session: Session, *context: str) -> None:
    turn.standard_reply(session, "FAIL", "CHATHISTORY", "MESSAGE_ERROR", *context, UNREADABLE)


@command("POLICY", usage="[<#channel>]", max_params=1)
def policy_(turn: Turn, session: Session, message: Message) -> None:
    """Show what is kept of a channel, or of what two people say, and who may read it."""
    if message.params:
        channel = channels.find(turn, session, message.params[0])
        turn.notice(session, policy.text(turn.settings, channel))
    else:
        turn.notice(session, policy.between_two(turn.settings))
