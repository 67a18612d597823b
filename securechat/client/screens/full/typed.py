"""Where one types: several lines, a history of what was sent, completion."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widgets import TextArea

from securechat.common.escape import escape

MAX_TEXT: Final = 65_536
"""Characters that may be typed; a message has fewer by far."""

PASTED: Final = 0.15
"""Seconds after a paste for which Enter belongs to it: Windows' terminal sends the last line end of
what is pasted as a key of its own.
"""

JOINERS: Final = ("\u200c", "\u200d")
"""Letters of keyboards, and of emoji, that Textual takes for none."""

Candidates = Callable[[str], tuple[str, list[str]]]
"""The word at the end of a text, and what may stand in its place."""


class TypedText(TextArea):
    """candidates: for Tab. sent: what was sent before, the last one at the end."""

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
        self.placed = ""
        """What stands here without anybody having typed it."""
        self._candidates = candidates
        self._sent = sent
        self._at: int | None = None
        self._kept = ""
        self._offered: list[str] = []
        self._chosen = -1
        self._pasted_at = 0.0
        self.cursor_blink = False

    def render_line(self, y: int) -> Strip:
        """As of TextArea, which can't wrap what invites to type where there is no room at all."""
        return (
            super().render_line(y) if self.content_size.width else Strip.blank(0, self.rich_style)
        )

    def give_back(self, text: str) -> None:
        """What was sent couldn't be: it is here again, before what was typed since."""
        self.put("\n".join(one for one in (text, self.text) if one))

    def put(self, text: str) -> None:
        """Replace what is typed, with the cursor behind it."""
        self.text = self.placed = clean(text)
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
        key = event.key
        if key not in ("tab", "shift+tab"):
            self._stop_completing()
        arrow = not self.text and key in ("up", "down")
        bindings = self._bindings.key_to_bindings.get(key)
        # Here, and not as bindings are: they have their turn only when the key has bubbled up to
        # the app, behind what was typed after it, where many keys come at once.
        if arrow or key in _KEYS or event.character in JOINERS or bindings:
            event.stop()
            event.prevent_default()
        if arrow:
            self.post_message(self.Selecting(-1 if key == "up" else 1))
        elif key in _KEYS:
            _KEYS[key](self)
        elif event.character and event.character in JOINERS:
            self.insert(event.character)
        elif bindings:
            await self.app.run_action(bindings[0].action, self)
        elif key.startswith(("alt+", "ctrl+")) or len(self.text) >= MAX_TEXT:
            event.prevent_default()  # no text, whatever letter is in it
        else:
            await super()._on_key(event)

    # -- what the keys do

    def send(self) -> None:
        """Hand over what is typed."""
        if time.monotonic() - self._pasted_at < PASTED:
            return
        self._at = None
        text = self.text
        # Now, as more may be typed before the app has read this.
        self.put("")
        self.post_message(self.Sent(text))

    def break_line(self) -> None:
        """Begin another line."""
        self.insert("\n")

    def drop(self) -> None:
        """Drop what is typed."""
        if self.text:
            self.text = ""
            self.placed = "\n"  # the others are told that nobody types any more
        else:
            self.post_message(self.NothingToDrop())

    def end_or_delete(self) -> None:
        """As in a shell: the end of the input, where there is none."""
        if self.text:
            self.action_delete_right()
        else:
            self.post_message(self.Ended())

    def go_back(self, step: int) -> None:
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

    def complete(self, step: int) -> None:
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
        self.complete(step)

    def _replace_word(self, word: str, offer: str) -> None:
        row, column = self.cursor_location
        self.replace(offer, (row, column - len(word)), (row, column))
        self._word = offer

    def _stop_completing(self) -> None:
        if self._offered:
            self._offered, self._chosen = [], -1
            self.post_message(self.Offers([]))

    _word = ""


_KEYS: Final[dict[str, Callable[[TypedText], None]]] = {
    "enter": TypedText.send,
    **dict.fromkeys(("ctrl+j", "alt+enter", "shift+enter"), TypedText.break_line),
    "tab": lambda one: one.complete(1),
    "shift+tab": lambda one: one.complete(-1),
    "ctrl+p": lambda one: one.go_back(-1),
    "ctrl+n": lambda one: one.go_back(1),
    "ctrl+c": TypedText.drop,
    "ctrl+d": TypedText.end_or_delete,
}


def clean(text: str) -> str:
    """A text that is shown while it is typed, and sent as it is shown."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(escape(line) for line in lines)


def _common(texts: list[str]) -> str:
    """What all of them begin with."""
    first, last = min(texts), max(texts)
    same = (at for at, char in enumerate(first) if char != last[at : at + 1])
    return first[: next(same, len(first))]
