"""Batches to one session. Hub thread only. https://ircv3.net/specs/extensions/batch"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from securechat.core.delivery.labels import Tagged
from securechat.core.delivery.line import BareLine, Line
from securechat.core.model.entities import Session
from securechat.core.turn import Turn
from securechat.irc.capabilities import BATCH


def send_batch(turn: Turn, session: Session, kind: str, texts: Iterable[str]) -> None:
    """Lines, without tags and CR LF, as one batch; as they are to who doesn't know batches. kind:
    its type, with its parameters.

    The reference may be the same each time: such a batch is closed before another one opens.
    """
    server, reference = turn.settings.name, kind.split(" ")[0].rpartition("/")[2]
    if not session.has(BATCH):
        for text in texts:
            turn.send(session, text)
        return
    turn.send(session, f":{server} BATCH +{reference} {kind}")
    for text in texts:
        turn.send_line(session, Tagged(BareLine(text), f"batch={reference}"))
    turn.send(session, f":{server} BATCH -{reference}")


def without_batch(turn: Turn, command: str, lines: Iterable[Line]) -> Iterator[Line]:
    """An answer for who knows no batches: its lines, or a NOTE of the command that there are none.

    An empty batch would have said so; without a word, a person who asked by hand would wait.
    """
    empty = True
    for line in lines:
        empty = False
        yield line
    if empty:
        yield nothing_found(turn, command)


def nothing_found(turn: Turn, command: str) -> BareLine:
    """What says so in the place of an empty batch."""
    return BareLine(f":{turn.settings.name} NOTE {command} NOTHING_FOUND :Nothing was found")
