"""A message of several lines on its way: a batch to those who know multiline, else single lines.

https://ircv3.net/specs/extensions/multiline. Hub thread only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from securechat.core.delivery.line import Line, MessageId
from securechat.irc.capabilities import BATCH, MULTILINE
from securechat.irc.multiline import BATCH_TYPE, CONCAT_TAG, REPEATED_TAG_BYTES, Part


class MultilineLine(Line):
    """All lines of one message. source, kind, receiver: of each of them. The others: as of a Line.

    "Any tags that would have been added to the batch MUST be included on the first message line to
    be sent", and on the others "where it makes sense": there all but the msgid, which is one.
    """

    __slots__ = ("kind", "parts", "receiver", "source")

    def __init__(
        self,
        source: str,
        kind: str,
        receiver: str,
        parts: Sequence[Part],
        at_ms: int,
        *,
        msgid: MessageId | None,
        account: str,
        client_tags: str | None,
        batch: str | None = None,
    ) -> None:
        # The body says to others what kind of line this is; one line of it is enough.
        shown = next(part.text for part in parts if part.text)
        super().__init__(
            f":{source} {kind} {receiver} :{shown}",
            at_ms,
            msgid=msgid,
            account=account,
            client_tags=client_tags,
            batch=batch,
        )
        self.source, self.kind, self.receiver, self.parts = source, kind, receiver, parts

    def encode_tagged(self, caps: int, tag: str) -> bytes:
        """The same with one tag more: on the beginning and the end of its batch if that says whose
        part they are, on the beginning if it is a label; on each line where there is no batch.
        """
        in_batch = caps & BATCH and caps & MULTILINE
        # From the bytes that are there: encoding anew for one session would cost all of it again.
        _, *between, last = lines = self.encode(caps).splitlines(keepends=True)
        tagged = [_with(tag, lines[0])]
        # The label belongs to the beginning of the batch only.
        if in_batch and not tag.startswith("batch="):
            return b"".join([*tagged, *between, last])
        # Lines within a batch are part of that one, and not of what is around it.
        tagged += between if in_batch else (_with(tag, line) for line in between)
        return b"".join([*tagged, _with(tag, last)])

    def _render(self, caps: int) -> bytes:
        in_batch = caps & BATCH and caps & MULTILINE
        lines = self._as_batch(caps) if in_batch else self._as_lines(caps)
        return "".join(line + "\r\n" for line in lines).encode()

    def _as_batch(self, caps: int) -> Iterator[str]:
        # By the seq, as several of them may be on their way at once; "ml" where nothing is stored.
        reference = f"ml{self.msgid.seq:x}" if self.msgid else "ml"
        yield _tagged(
            self._tags(caps),
            f":{self.source} BATCH +{reference} {BATCH_TYPE} {self.receiver}",
        )
        for part in self.parts:
            tags = f"batch={reference};{CONCAT_TAG}" if part.joined else f"batch={reference}"
            yield _tagged([tags], self._said(part.text))
        # In a replay the whole batch lies within that of the history.
        outer = [f"batch={self.batch}"] if self.batch else []
        yield _tagged(outer, f":{self.source} BATCH -{reference}")

    def _as_lines(self, caps: int) -> Iterator[str]:
        # A blank line can't be sent by itself: PRIVMSG needs a text.
        shown = [part.text for part in self.parts if part.text]
        client_tags = self.client_tags
        if client_tags and len(client_tags.encode()) * len(shown) > REPEATED_TAG_BYTES:
            # Repeated on each line they could make many times the bytes that were sent.
            client_tags = None
        further = Line("", self.at_ms, account=self.account, batch=self.batch)
        further.client_tags = client_tags
        first, *rest = shown
        yield _tagged(self._tags(caps), self._said(first))
        tags = further._tags(caps)
        yield from (_tagged(tags, self._said(text)) for text in rest)

    def _said(self, text: str) -> str:
        return f":{self.source} {self.kind} {self.receiver} :{text}"


def _tagged(tags: Iterable[str], body: str) -> str:
    joined = ";".join(tags)
    return f"@{joined} {body}" if joined else body


def _with(tag: str, line: bytes) -> bytes:
    return f"@{tag}".encode() + (b";" + line[1:] if line[:1] == b"@" else b" " + line)
