"""Batches to one session. Hub thread only. https://ircv3.net/specs/extensions/batch"""

from __future__ import annotations

from collections.abc import Iterable

from securechat.core.delivery.labels import Tagged
from securechat.core.delivery.line import BareLine
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
