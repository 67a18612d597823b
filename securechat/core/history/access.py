"""Which part of the log somebody may read, and how places in it are named. Hub thread only.

https://ircv3.net/specs/extensions/chathistory
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from securechat.core.history.queries import Place, Span
from securechat.core.model.entities import Account, Channel
from securechat.core.model.state import Model

MILLISECOND = timedelta(milliseconds=1)

# ASCII digits only: \d alone takes those of all scripts.
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z", re.ASCII)
# 15 digits are less than 2^63, which is SQLite's largest integer.
_SEQ = re.compile(r"[0-9a-f]{1,15}")


def span_named(model: Model, account: Account, name: str) -> Span | None:
    """The part of a channel's log, or of the conversation with somebody, that an account may read;
    None when there is no such thing for it. What has been said to nobody is an empty one.
    """
    if name[:1] == "#":
        channel = model.channel_named(name)
        # One answer for both: it must not show that there is a channel.
        if channel is None or account not in channel.members:
            return None
        return span_of(model, account, channel)
    other = model.account_named(name)
    direct = account.directs.get(other) if other is not None else None
    # A conversation that is there may be read also with who is gone; a new one can't begin.
    if direct is None and (other is None or not other.usable):  # a disabled one looks like none
        return None
    # No target has the number 0: nothing is found there.
    return Span(direct.id if direct else 0, 0, model.last_seq)


def span_of(model: Model, account: Account, channel: Channel) -> Span:
    """Of a channel that the account is a member of: what came after it joined, or after the channel
    was opened to newcomers.
    """
    after = channel.members[account].seq
    if "H" in channel.modes:
        # The smaller: +H gives newcomers more, and takes nothing from older members.
        after = min(after, channel.history_from)
    return Span(channel.id, after, model.last_seq)


def spans(model: Model, account: Account) -> Iterator[Span]:
    """All that an account may read."""
    for channel in account.channels:
        yield span_of(model, account, channel)
    for direct in set(account.directs.values()):
        yield Span(direct.id, 0, model.last_seq)


def place(model: Model, text: str) -> Place | None:
    """The place that msgid=… or timestamp=… names; None for anything else, and for the id of a
    message of another server.
    """
    kind, _, value = text.partition("=")
    if kind == "timestamp":
        at_ms = parse_time(value)
        return None if at_ms is None else Place(at_ms, True)
    seq = seq_of(model, value) if kind == "msgid" else None
    return None if seq is None else Place(seq)


def seq_of(model: Model, msgid: str) -> int | None:
    """The number of the entry that a message id is of; None for an id that this server has not
    made. Whether there is such an entry is not looked at.
    """
    instance, _, number = msgid.rpartition("-")
    # After a restore the numbers are given again, and mean other messages.
    if instance != model.instance or not _SEQ.fullmatch(number):
        return None
    return int(number, 16)


def parse_time(text: str) -> int | None:
    """Milliseconds since 1970 (UTC) of YYYY-MM-DDThh:mm:ss.sssZ; None when it isn't one.

    https://ircv3.net/specs/extensions/server-time
    """
    if not _TIME.fullmatch(text):
        return None
    try:
        # The pattern lets through a 31st of February.
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (at - datetime.fromtimestamp(0, UTC)) // MILLISECOND
