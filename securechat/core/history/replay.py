"""What an account has missed, given back at its login: once, in order, with times, bounded.

Sent as https://ircv3.net/specs/batches/chathistory where batches are known. Hub thread only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import takewhile

from securechat.core.delivery.acknowledgements import KINDS
from securechat.core.history import playback
from securechat.core.history.playback import OVERHEAD
from securechat.core.jobs import LoadMissed, Missed
from securechat.core.journal.events.channels import Logged
from securechat.core.model.entities import Channel, Session
from securechat.core.model.state import Model
from securechat.core.turn import Turn
from securechat.irc.capabilities import CHATHISTORY, ECHO_MESSAGE, SELF_MESSAGE
from securechat.irc.multiline import wire_bytes


def unread(model: Model, session: Session) -> Iterator[tuple[int, int, int]]:
    """(target, its newest seq, seq after which it was missed) of every target with news."""
    # Who can ask for pages is given nothing unasked (https://ircv3.net/specs/extensions/chathistory).
    if session.who.bot or session.has(CHATHISTORY):
        return
    for target, newest, joined in model.targets_of(session.who):
        # Both count: what came before it joined is not the account's, what came before the mark is
        # there.
        after = max(joined, session.after)
        if newest > after:
            yield target, newest, after


def load(turn: Turn, session: Session, before: Missed | None = None) -> LoadMissed:
    """What is to be read for the session's device; answered by Missed.

    before: what was read earlier; then only what came since is wanted.
    """
    model, settings = turn.model, turn.settings
    # Where an earlier reading has ended; its entries come along in `before`.
    start = before.upto if before is not None and before.asked else 0
    news = unread(model, session)
    targets = tuple((target, max(after, start)) for target, new, after in news if new > start)
    return LoadMissed(
        session,
        targets,
        # A reader has a connection of its own, and sees what is committed.
        model.committed_seq,
        settings.replay,
        settings.replay_bytes,
        OVERHEAD,
        before,
    )


def since(model: Model, session: Session, upto: int) -> list[Logged]:
    """What the session's device has missed after upto, from memory."""
    if upto >= model.last_seq:
        return []
    after = {target: first for target, _, first in unread(model, session)}
    # Backwards, so that it stops where the reader's part begins.
    newest_first = takewhile(lambda entry: entry.seq > upto, reversed(model.recent))
    found = [
        entry
        for entry in newest_first
        # Its own seq where the target has no news: then it isn't greater, and left out.
        if entry.kind in KINDS and entry.seq > after.get(entry.target, entry.seq)
    ]
    return found[::-1]


def send(turn: Turn, session: Session, entries: Iterable[Logged], *, cut: bool) -> None:
    """Send entries, channel by channel, each in its order."""
    wanted = [entry for entry in entries if _wanted(turn.model, session, entry)]
    newest = _newest(wanted, turn.settings.replay_bytes)
    # A batch is of one target; within it the one order stays.
    by_target: dict[int, list[Logged]] = {}
    for entry in newest:
        by_target.setdefault(entry.target, []).append(entry)
    for number, (target, found) in enumerate(by_target.items()):
        for line in playback.of_target(turn, session, target, found, f"m{number}"):
            turn.send_line(session, line)
    if cut or len(newest) < len(wanted):
        turn.notice(session, "You missed more messages than these; they are the newest of them")


def _newest(entries: list[Logged], limit: int) -> list[Logged]:
    """As many of the last ones as fit: what is too much for one go would have the session closed
    as a slow reader, at each of its logins again.
    """
    size, first = 0, len(entries)
    while first:
        entry = entries[first - 1]
        size += wire_bytes(entry.text, entry.tags, OVERHEAD)
        if size > limit:
            break
        first -= 1
    return entries[first:]


def _wanted(model: Model, session: Session, entry: Logged) -> bool:
    own = entry.sender == session.who.id
    knows_own = session.has(ECHO_MESSAGE | SELF_MESSAGE)
    # Else a client would show one's own words to a person as that person's.
    return not own or knows_own or isinstance(model.targets[entry.target], Channel)
