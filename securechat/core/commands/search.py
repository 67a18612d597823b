"""SEARCH: what was said, by its words. https://codeberg.org/emersion/soju, doc/ext/search.md"""

from __future__ import annotations

from securechat.core.channels.channels import word
from securechat.core.commands.registry import command
from securechat.core.delivery.line import iso_time
from securechat.core.history import access, playback
from securechat.core.history.queries import Found, Place, SearchQuery, Span
from securechat.core.model.answers import Lookup, Parts
from securechat.core.model.entities import Account, Session
from securechat.core.turn import Turn
from securechat.irc.message import Message, parse_tags

MOST_RESULTS = 100
"""Of one search: as many as a page of CHATHISTORY has."""

USUAL_RESULTS = 50
"""Where no limit is given."""

MOST_TEXT = 100
"""Characters of what is looked for; and MOST_WORDS: each is one more walk for a reader."""

MOST_WORDS = 10

ENTRIES_PER_LINE = 10
"""So many results cost their asker as much as a line that is said."""

MILLISECONDS_PER_LINE = 4
"""So long a reader may look for what a line costs: at ten lines a second, which an account has, one
that searches without pause keeps a twenty-fifth of a core busy."""

REFERENCE = "search"
"""Of the batch: of one session one search is answered at a time."""


class _Refused(Exception):  # noqa: N818 - it is an answer
    """attribute: which one can't be used."""

    def __init__(self, attribute: str, text: str) -> None:
        super().__init__(text)
        self.attribute = attribute


@command("SEARCH", usage="<text=…;in=…;from=…;after=…;before=…;limit=…>", min_params=1)
def search(turn: Turn, session: Session, message: Message) -> Parts | None:
    """Find what was said: in a channel or with somebody (in=), by somebody (from=), after or before
    a time, with words that begin so (text=). Spaces in it are written as \\s, semicolons as \\:.
    """
    try:
        # The attributes have the form of tags; joined, as a text in them may hold spaces.
        query = _query(turn, session.who, parse_tags(" ".join(message.params)))
    except _Refused as refused:
        context = ("INVALID_PARAMS", refused.attribute)
        turn.standard_reply(session, "FAIL", "SEARCH", *context, str(refused))
        return None
    return _tell(session, query)


def _query(turn: Turn, account: Account, attributes: dict[str, str]) -> SearchQuery:
    """Raises _Refused."""
    known = ("in", "from", "after", "before", "text", "limit")
    unknown = next((name for name in attributes if name not in known), None)
    if unknown is not None or not attributes:
        raise _Refused(word(unknown or "*"), f"Expected one or several of {', '.join(known)}")
    channels, directs = _where(turn, account, attributes.get("in"))
    after, before = _time(attributes, "after"), _time(attributes, "before")
    return SearchQuery(
        channels,
        directs,
        account.id,
        _text(attributes.get("text", "")),
        _sender(turn, attributes.get("from")),
        after,
        before,
        after is not None,
        _limit(attributes.get("limit", str(USUAL_RESULTS))),
        # The same bound as for a replay: more at once would close a slow client.
        turn.settings.replay_bytes,
        playback.OVERHEAD,
    )


def _where(
    turn: Turn, account: Account, name: str | None
) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    """The channels and the conversations to look in."""
    if name is None:
        # Only what the account may read is ever searched, so a result needs no check afterwards.
        found = tuple(access.spans(turn.model, account))
    else:
        span = access.span_named(turn.model, account, name)
        if span is None:
            raise _Refused("in", "There is no such channel or person that you could search in")
        found = (span,)
    # Apart: the index finds the conversations of an account by one term, channels each by its own.
    directs = {direct.id for direct in account.directs.values()}
    return (
        tuple(span for span in found if span.target not in directs),
        tuple(span for span in found if span.target in directs),
    )


def _sender(turn: Turn, name: str | None) -> int | None:
    """The server has the number 0, and says nothing that is searched."""
    if name is None:
        return None
    found = turn.model.account_named(name)
    # Somebody who isn't there has said nothing: an empty answer and no fault, as it is for a member
    # without words.
    return found.id if found is not None else 0


def _text(text: str) -> str:
    if len(text) > MOST_TEXT or len(text.split()) > MOST_WORDS:
        raise _Refused("text", f"At most {MOST_TEXT} characters and {MOST_WORDS} words")
    return text


def _time(attributes: dict[str, str], name: str) -> Place | None:
    if name not in attributes:
        return None
    at_ms = access.parse_time(attributes[name])
    if at_ms is None:
        raise _Refused(name, "Expected YYYY-MM-DDThh:mm:ss.sssZ")
    return Place(at_ms, True)


def _limit(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or int(text[:9]) < 1:
        raise _Refused("limit", "Expected a number of 1 or more")
    # Cut before int(), as thousands of digits would take it long.
    return min(int(text[:9]), MOST_RESULTS)


def _tell(session: Session, query: SearchQuery) -> Parts:
    lookup = Lookup(query)
    turn: Turn = yield lookup
    found: Found | None = lookup.found
    if found is None:
        text = "The search could not be run; try again later"
        turn.standard_reply(session, "FAIL", "SEARCH", "INTERNAL_ERROR", text)
        return
    # Known afterwards only: what a search costs depends on what it meets.
    cost = len(found.entries) // ENTRIES_PER_LINE + found.milliseconds // MILLISECONDS_PER_LINE
    turn.charge(session.who, cost)
    lines = playback.lines_of(turn, session, found.entries, REFERENCE)
    yield from playback.answer(turn, session, "soju.im/search", REFERENCE, lines, "SEARCH")
    if found.looked_to_ms is not None:
        at = iso_time(found.looked_to_ms)
        way = "before" if query.oldest_first else "since"
        go_on = "after" if query.oldest_first else "before"
        text = f"Only what was said {way} then was looked through; go on with {go_on}={at}"
        turn.standard_reply(session, "WARN", "SEARCH", "INCOMPLETE", at, text)
