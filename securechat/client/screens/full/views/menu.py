"""Enter on a selected message: what can be done with it, each by one key.

A letter that does nothing here is the beginning of a message: it closes the menu and is typed. So
nobody who has taken the menu for the input does something by what they write, and what can't be
taken back is asked for once more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from textual import events
from textual.app import ComposeResult

from securechat.client.screens.full.cells import Row
from securechat.client.screens.full.look import Look, name_style
from securechat.client.screens.full.views.acts import (
    Act,
    MessageAct,
    Rights,
    offers,
    own_reactions,
)
from securechat.client.screens.full.views.confirm import AskLine, Confirm
from securechat.client.screens.full.views.dialog import ListDialog, Told
from securechat.client.screens.full.views.react import ReactView
from securechat.client.screens.full.views.telling import beginning
from securechat.client.timeline.items import Message
from securechat.common.escape import escape_name, escape_text
from securechat.common.language import _

LETTERS: Final = dict(zip("reusclgid", "кугысдпшв", strict=True))
"""Each key, and what lies there on a Russian keyboard."""

_KEYS: Final = {char: key for key, there in LETTERS.items() for char in (key, there)}


class MessageMenu(ListDialog[MessageAct | None]):
    """message: the selected one. rights: what may be done here. types: puts into the input what was
    meant for it.
    """

    TALL = False

    DEFAULT_CSS = """
    MessageMenu OptionList { height: auto; max-height: 10; }
    MessageMenu #about { max-height: 3; }
    MessageMenu.-low #about { max-height: 1; }
    MessageMenu.-low OptionList { max-height: 5; }
    """

    def __init__(
        self, look: Look, message: Message, rights: Rights, types: Callable[[str], None]
    ) -> None:
        super().__init__(look)
        self._types = types
        self._is_left = False
        self._message = message
        self._rights = rights
        self._offers = offers(message, rights)

    def title_row(self) -> Row:
        """See Dialog."""
        return [("heading", _("This message"))]

    def content(self) -> ComposeResult:
        """See Dialog."""
        yield self.row(about(self._message), "about")
        yield self.list_widget()

    def keys_told(self) -> Sequence[Told]:
        """See Dialog."""
        return (
            ("↓↑", _("choose"), "move(1)"),
            ("Enter", _("do it"), "choose"),
            ("Esc", _("close"), "close"),
        )

    def list_rows(self) -> Iterable[Row]:
        """See ListDialog."""
        return [[("key", offer.key or " "), ("text", f"  {offer.label}")] for offer in self._offers]

    def on_key(self, event: events.Key) -> None:
        """A letter does what is offered by it, or is typed."""
        if not event.is_printable or not event.character:
            return
        # Here, and not as a binding: those have their turn only when the key has bubbled up to the
        # app, behind what was typed after it.
        event.stop()
        event.prevent_default()
        key = _KEYS.get(event.character, "")
        at = next((at for at, one in enumerate(self._offers) if key and one.key == key), None)
        if self._is_left:  # typed before the menu was gone
            self._types(event.character)
        elif self.app.screen is not self:  # a question is open, which has the keyboard from now on
            return
        elif at is not None:
            self.chosen(at)
        else:
            self._leave(event.character)

    def on_paste(self, event: events.Paste) -> None:
        """Nobody pastes into a menu."""
        event.stop()
        self._leave(event.text)

    def _leave(self, text: str) -> None:
        """What is typed here is meant for the input."""
        self._types(text)
        self._done(None)

    def _done(self, act: MessageAct | None) -> None:
        if self._is_left:
            return
        self._is_left = True
        # By the app, once what was typed meanwhile has been put where it was meant for.
        self.app.call_later(self._go, act)

    def _go(self, act: MessageAct | None) -> None:
        self.dismiss(act)  # which the app must not wait for

    def action_close(self) -> None:
        """See Dialog."""
        self._done(None)

    def chosen(self, at: int) -> None:
        """See ListDialog."""
        offer = self._offers[at]
        match offer.act:
            case Act.REACT:
                self.app.push_screen(ReactView(self.look), self._reacts)
            case Act.UNREACT:
                self._take_back()
            case Act.REDACT:
                self.app.push_screen(removal(self.look, self._message), self._removes)
            case _:
                self._done(MessageAct(offer.act, offer.text))

    def _reacts(self, reaction: str | None) -> None:
        if reaction:
            self._done(MessageAct(Act.REACT, reaction))

    def _take_back(self) -> None:
        own = own_reactions(self._message, self._rights.nick)
        if len(own) == 1:
            self._done(MessageAct(Act.UNREACT, own[0]))
        else:
            self.app.push_screen(ReactView(self.look, own), self._takes_back)

    def _takes_back(self, reaction: str | None) -> None:
        if reaction:
            self._done(MessageAct(Act.UNREACT, reaction))

    def _removes(self, reason: str | None) -> None:
        if reason is None:
            return
        act = MessageAct(Act.REDACT, reason)
        question = sure(self.look, self._message, reason)
        self.app.push_screen(question, lambda yes: self._done(act) if yes else None)


def about(message: Message) -> Row:
    """Which message it is."""
    name = (name_style(message.nick), f"{escape_name(message.nick)} ")
    if message.removed_by:
        return [name, ("removed", _("(removed)"))]
    return [name, ("text", beginning(message.text))]


def removal(look: Look, message: Message) -> AskLine:
    """Why a message is removed: the first of the two questions before that."""
    hint = _("why, if you want to say so")
    return AskLine(look, _("Remove it?"), [about(message)], _("go on"), hint=hint)


def sure(look: Look, message: Message, reason: str) -> Confirm:
    """Whether it shall be so, by a key of its own: a line and Enter are what somebody types who
    takes the first question for the input.
    """
    asked: list[Row] = [about(message)]
    if reason:
        asked.append([("note", _("Because: {reason}").format(reason=escape_text(reason)))])
    asked.append([("note", _("It goes for everybody, and can't be brought back."))])
    return Confirm(look, _("Remove it?"), asked, _("remove it"))
