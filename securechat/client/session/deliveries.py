"""Messages that were typed and are not yet known to be stored.

A message is stored on the server when its echo arrives
(https://ircv3.net/specs/extensions/echo-message). Until then the client keeps it: waiting while
there is no connection, pending once it was sent, uncertain when the connection was lost in between.
Pure state of the receiving thread; times are seconds of a monotonic clock.
"""

from __future__ import annotations

import re
import secrets
from collections import deque

from securechat.client.session.actions import Command, Say, TextKind, next_id
from securechat.client.session.events.deliveries import Doubt, Queued, Unconfirmed
from securechat.client.session.identity import same
from securechat.client.session.multiline import Limits
from securechat.common.record import State, replace
from securechat.irc.message import KEY_BITS, MAX_BODY_BYTES
from securechat.irc.pieces import ACTION_HEAD, ACTION_TAIL, split_text

# Messages on their way at once: enough to be fast, few enough for a server that throttles.
WINDOW = 32

# Typed lines kept while there is no connection; a person types fewer, a script waits.
MAX_WAITING = 256

REPLY_TAG = "+draft/reply"
"""https://ircv3.net/specs/client-tags/reply"""

PATIENCE = 30.0
"""Seconds without any echo after which a message counts as not confirmed."""

_LINE_ENDS = re.compile(r"\r\n|\r|\n")


# Equal to itself alone: a person may say the same twice, and remove() takes the one that is meant.
class Outgoing(State):
    """One message of ours, short enough to be sent whole once it is `cut`. With line feeds in its
    text it is sent as one of several lines.
    """

    target: str
    text: str
    kind: TextKind
    cut: bool = False
    since: float = 0.0
    told: bool = False
    key: int = 0
    """Goes with the message, so that a server that keeps keys stores it once although we send it
    twice. 0 until it is first sent.
    """
    reply: str = ""
    """The msgid of what it answers."""
    id: int = 0
    """By what events tell of it."""
    label: str = ""
    """By which its answer is known, '' where that is by its text."""

    @property
    def client_tags(self) -> dict[str, str]:
        """The tags of ours that others are to see."""
        return {REPLY_TAG: self.reply} if self.reply else {}

    @property
    def several(self) -> bool:
        """Whether it has several lines."""
        return "\n" in self.text

    @property
    def command(self) -> str:
        """PRIVMSG or NOTICE."""
        return "NOTICE" if self.kind is TextKind.NOTICE else "PRIVMSG"

    @property
    def wire(self) -> str:
        """The text parameter as it is sent."""
        action = self.kind is TextKind.ACTION
        return f"{ACTION_HEAD}{self.text}{ACTION_TAIL}" if action else self.text

    def doubt(self, why: Doubt) -> Unconfirmed:
        """The event that tells of it."""
        return Unconfirmed(self.target, self.text, why, self.id)

    def queued(self, part_of: int = 0) -> Queued:
        """The event that tells that it is on its way."""
        return Queued(self.id, self.target, self.text, self.kind, self.reply, part_of)


class Deliveries:
    """Queue, window and confirmations of one session, over all its connections."""

    def __init__(self) -> None:
        self._waiting: deque[Outgoing | Command] = deque()
        self._pending: list[Outgoing] = []
        self._uncertain: list[Outgoing] = []
        self._progress = 0.0
        self.keyed = False
        """Whether the server keeps keys: a message that it gets twice is then stored once."""
        self.multiline: Limits | None = None
        """What the server takes as one message of several lines, None for none."""
        self.parted: list[Queued] = []
        """What tells of the pieces into which next() has parted a message; for who calls it."""

    @property
    def full(self) -> bool:
        """Whether put() should not be called for now."""
        return len(self._waiting) >= MAX_WAITING

    @property
    def settled(self) -> bool:
        """Whether nothing is waiting, on its way or uncertain."""
        return not (self._waiting or self._uncertain or self._open())

    @property
    def progress(self) -> float:
        """When the last answer to a message came, 0 for never."""
        return self._progress

    def put(self, action: Say | Command) -> list[Queued]:
        """Take an action; next() hands it out in its turn. Returns the events that tell of it."""
        if not isinstance(action, Say):
            self._waiting.append(action)
            return []
        waiting = Outgoing(
            action.target, action.text, action.kind, reply=action.reply, id=action.id
        )
        self._waiting.append(waiting)
        return [waiting.queued()]

    def next(self, prefix: str, now: float) -> Outgoing | Command | None:
        """Take out what is to be sent now, if anything; a message counts as sent from then on.

        prefix: ours, nick!user@host, as the server puts it before what it relays.
        """
        if not self._waiting or len(self._open()) >= WINDOW:
            return None
        first = self._waiting.popleft()
        if not isinstance(first, Outgoing):
            return first
        if not first.cut or (first.several and self.multiline is None):
            whole = first
            first, *rest = _pieces(first, prefix, self.multiline)
            # Only here, as how much fits depends on the prefix that the server has given us.
            self._waiting.extendleft(reversed(rest))
            if rest:
                self.parted.append(first.queued())
                self.parted += [piece.queued(whole.id) for piece in rest]
        first.since = now
        first.key = first.key or secrets.randbits(KEY_BITS) or 1  # it keeps its key when sent again
        self._pending.append(first)
        return first

    def labelled(self, label: str, now: float) -> Outgoing | None:
        """An echo or a refusal with this label came. Returns the message that it answers, which is
        pending no more, or None.
        """
        answered = next((one for one in self._pending if label and one.label == label), None)
        if answered is not None:
            self._pending.remove(answered)
            self._progress = now
        return answered

    def unlabel(self, label: str) -> None:
        """The server has acknowledged a message without an echo: if one comes, it has no label."""
        for delivery in self._pending:
            if label and delivery.label == label:
                delivery.label = ""

    def confirm(self, command: str, target: str, wire: str, now: float) -> Outgoing | None:
        """An echo of our account came, without a label. Returns the message that it confirms, or
        None.

        It is found by target and text among those that have no label, the oldest first.
        """
        # With a server that keeps keys, not an uncertain one: another device of the account may
        # have said the same words, and these be all that is stored. It is sent again instead, which
        # does no harm there.
        for held in (self._pending,) if self.keyed else (self._uncertain, self._pending):
            for delivery in held:
                # When another device says the same words at the same moment, its echo may be taken
                # for ours. Then one of the two is confirmed a little early; both are stored.
                said = (delivery.command, delivery.wire, delivery.label)
                if said == (command, wire, "") and same(delivery.target, target):
                    held.remove(delivery)
                    self._progress = now
                    return delivery
        return None

    def refuse(self, targets: list[str] | None, now: float) -> Outgoing | None:
        """The server refused a message, without a label: the oldest pending one to one of targets
        (None: to any) that has none.

        Returns it, or None when no message of ours was meant.
        """
        for delivery in self._pending:
            named = targets is None or any(same(delivery.target, target) for target in targets)
            if named and not delivery.label:
                self._pending.remove(delivery)
                self._progress = now
                return delivery
        return None

    def refuse_several(self, now: float) -> Outgoing | None:
        """The server refused a message of several lines: the oldest pending one. As refuse()."""
        several = next((one for one in self._pending if one.several and not one.label), None)
        if several is not None:
            self._pending.remove(several)
            self._progress = now
        return several

    def cut_off(self) -> list[Outgoing]:
        """The connection is lost. Returns the pending messages, which are uncertain from now on."""
        lost, self._pending = self._pending, []
        for delivery in lost:
            delivery.label = ""  # what another connection says of it has none
        self._uncertain += lost
        return lost

    def resume(self) -> list[Outgoing]:
        """A new connection has replayed what was missed. Returns the messages that are uncertain
        still; they are sent again, before everything else.
        """
        # A server that keeps keys answers with an echo if the message was stored already. With any
        # other we wait for the replay, as to say something twice is worse than to wait, and send
        # what wasn't in it, as to lose something is worse than to say it twice. That is a guess:
        # the replay may have gone to another device.
        again, self._uncertain = self._uncertain, []
        for delivery in again:
            delivery.told = False
        self._waiting.extendleft(reversed(again))
        return again

    def overdue(self, now: float) -> list[Outgoing]:
        """The messages that have waited for their echo for too long, each returned once."""
        late = [held for held in self._open() if self._deadline(held) <= now]
        for delivery in late:
            delivery.told = True
        return late

    def next_deadline(self) -> float | None:
        """When overdue() will have something next, or None."""
        return min((self._deadline(held) for held in self._open()), default=None)

    def give_up(self) -> list[Unconfirmed]:
        """Forget everything that is not known to be stored; the events that tell of it."""
        waiting = [held for held in self._waiting if isinstance(held, Outgoing)]
        unsure = [held.doubt(Doubt.UNKNOWN) for held in (*self._uncertain, *self._pending)]
        self._uncertain, self._pending = [], []
        self._waiting.clear()
        return unsure + [held.doubt(Doubt.UNSENT) for held in waiting]

    def _open(self) -> list[Outgoing]:
        return [held for held in self._pending if not held.told]

    def _deadline(self, delivery: Outgoing) -> float:
        # While echoes keep coming the server is only slow, not silent.
        return max(delivery.since, self._progress) + PATIENCE


def _pieces(delivery: Outgoing, prefix: str, multiline: Limits | None) -> list[Outgoing]:
    wrapping = len(delivery.wire.encode()) - len(delivery.text.encode())
    space = text_space(prefix, delivery.command, delivery.target, wrapping)
    if delivery.several and multiline:
        texts = _packs(delivery.text, multiline, space)
    else:
        texts = text_lines(delivery.text)
    # A target so long that no text fits is sent as it is: the server says what is wrong with it.
    pieces = [
        piece
        for text in texts
        for piece in (split_text(text, space) if space > 0 and "\n" not in text else [text])
    ]
    first, *further = pieces or [""]  # never nothing, as it was put in with a text
    rest = [
        Outgoing(delivery.target, piece, delivery.kind, cut=True, id=next_id()) for piece in further
    ]
    return [replace(delivery, text=first, cut=True), *rest]


def _packs(text: str, multiline: Limits, space: int) -> list[str]:
    """A text in as few messages as the server takes, parted between its lines."""
    packs: list[list[str]] = [[]]
    for line in text.split("\n"):
        if packs[-1] and multiline.problem("\n".join([*packs[-1], line]), space):
            packs.append([])
        packs[-1].append(line)
    return [one for pack in packs if (one := "\n".join(text_block("\n".join(pack))))]


def text_lines(text: str) -> list[str]:
    """The lines of text that can be sent one by one: as of text_block(), without the empty ones."""
    return [line for line in text_block(text) if line.strip()]


def text_block(text: str) -> list[str]:
    """The lines of text as one message has them: without line ends and NUL, and without empty ones
    at the beginning and the end.
    """
    # What a terminal or a file hands over as lone surrogates was no UTF-8, and has no bytes in it.
    text = text.replace("\0", "").encode(errors="replace").decode()
    lines = _LINE_ENDS.split(text)
    while lines and not lines[-1].strip():
        del lines[-1]
    while lines and not lines[0].strip():
        del lines[0]
    return lines


def text_space(prefix: str, command: str, target: str, wrapping: int = 0) -> int:
    """Bytes left for the text in `:prefix command target :text`, without `wrapping` more."""
    # A server relays a message with its sender's prefix in front, and the line may have 510 bytes
    # then (RFC 1459, section 2.3): servers cut or refuse what is longer.
    return MAX_BODY_BYTES - len(f":{prefix} {command} {target} :".encode()) - wrapping
