"""Where one types: several lines, a history of what was sent, completion."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Final

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import TextArea

from securechat.common.escape import escape

MAX_TEXT: Final = 65_536
"""Characters that may be typed; a message has fewer by far."""

PASTED: Final = 0.15
"""Seconds after a paste for which Enter belongs to it: Windows' terminal sends the last line end of
what is pasted as a key of its own.
"""

Candidates = Callable[[str], tuple[str, list[str]]]
"""The word at the end of a text, and what may stand in its place."""


class TypedText(TextArea):
    """candidates: for Tab. sent: what was sent before, the last one at the end."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "send", show=False),
        Binding("ctrl+j,alt+enter,shift+enter", "line", show=False),
        Binding("tab", "complete(1)", show=False),
        Binding("shift+tab", "complete(-1)", show=False),
        Binding("ctrl+p", "history(-1)", show=False),
        Binding("ctrl+n", "history(1)", show=False),
        Binding("ctrl+c", "drop", show=False),
        Binding("ctrl+d", "end_or_delete", show=False),
    ]

    @dataclass
    class Sent(Message):
        """Enter was pressed."""

        text: str

    @dataclass
    class Offers(Message):
        """What may stand in the place of a word; nothing when nothing more is offered."""

        offers: list[str]

    @dataclass
    class Selecting(Message):
        """An arrow was pressed where there is nothing to move in: -1 is up, 1 down."""

        step: int

    class Ended(Message):
        """Ctrl-D was pressed where there is nothing to delete."""

    class NothingToDrop(Message):
        """Ctrl-C was pressed where there is nothing to drop."""

    class TooMuch(Message):
        """What was pasted is too long, and was cut."""

    def __init__(self, candidates: Candidates, sent: list[str], *, id: str) -> None:
        super().__init__(id=id, compact=True, highlight_cursor_line=False)
        self._candidates = candidates
        self._sent = sent
        self._at: int | None = None
        self._kept = ""
        self._offered: list[str] = []
        self._chosen = -1
        self._pasted_at = 0.0
        self.cursor_blink = False

    def put(self, text: str) -> None:
        """Replace what is typed, with the cursor behind it."""
        self.text = clean(text)
        self.move_cursor(self.document.end)

    async def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        self._pasted_at = time.monotonic() if event.text.endswith(("\n", "\r")) else 0.0
        self.add(event.text)

    def add(self, text: str) -> None:
        """Put a text in where the cursor is."""
        room = MAX_TEXT - len(self.text)
        if len(text) > room:
            text = text[:room]
            self.post_message(self.TooMuch())
        self.insert(clean(text).removesuffix("\n"))

    async def _on_key(self, event: events.Key) -> None:
        if event.key not in ("tab", "shift+tab"):
            self._stop_completing()
        if not self.text and event.key in ("up", "down"):
            event.stop()
            event.prevent_default()
            self.post_message(self.Selecting(-1 if event.key == "up" else 1))
        elif event.key == "enter" or event.key.startswith(("alt+", "ctrl+")):
            # Not text, whatever letter is in it; the bindings have their turn.
            event.prevent_default()
        elif len(self.text) >= MAX_TEXT:
            event.prevent_default()
        else:
            await super()._on_key(event)

    # -- what the keys do

    def action_send(self) -> None:
        """Hand over what is typed."""
        if time.monotonic() - self._pasted_at < PASTED:
            return
        self._at = None
        self.post_message(self.Sent(self.text))

    def action_line(self) -> None:
        """Begin another line."""
        self.insert("\n")

    def action_drop(self) -> None:
        """Drop what is typed."""
        if self.text:
            self.put("")
        else:
            self.post_message(self.NothingToDrop())

    def action_end_or_delete(self) -> None:
        """As in a shell: the end of the input, where there is none."""
        if self.text:
            self.action_delete_right()
        else:
            self.post_message(self.Ended())

    def action_history(self, step: int) -> None:
        """Go through what was sent."""
        if self._at is None:
            if step > 0 or not self._sent:
                return
            self._at, self._kept = len(self._sent), self.text
        self._at = max(0, self._at + step)
        if self._at >= len(self._sent):
            self._at = None
            self.put(self._kept)
        else:
            self.put(self._sent[self._at])

    def action_complete(self, step: int) -> None:
        """Complete the word before the cursor; again: with the next of what is offered."""
        if self._offered:
            self._chosen = (self._chosen + step) % len(self._offered)
            self._replace_word(self._word, self._offered[self._chosen])
            return
        row, column = self.cursor_location
        line = self.document.get_line(row)[:column]
        word, offers = self._candidates(line if row == 0 else f" {line}")
        if not offers:
            return
        self._word = word
        begun = _common([offer.casefold() for offer in offers])
        if len(offers) == 1 or len(begun) > len(word):
            self._replace_word(word, offers[0][: len(begun)] if len(offers) > 1 else offers[0])
            return
        self._offered = offers
        self.post_message(self.Offers(offers))
        self.action_complete(step)

    def _replace_word(self, word: str, offer: str) -> None:
        row, column = self.cursor_location
        self.replace(offer, (row, column - len(word)), (row, column))
        self._word = offer

    def _stop_completing(self) -> None:
        if self._offered:
            self._offered, self._chosen = [], -1
            self.post_message(self.Offers([]))

    _word = ""


def clean(text: str) -> str:
    """A text that is shown while it is typed, and sent as it is shown."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(escape(line) for line in lines)


def _common(texts: list[str]) -> str:
    """What all of them begin with."""
    first, last = min(texts), max(texts)
    same = (at for at, char in enumerate(first) if char != last[at : at + 1])
    return first[: next(same, len(first))]
