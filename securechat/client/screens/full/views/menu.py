"""Enter on a selected message: what can be done with it, each by one key."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from securechat.client.screens.full.cells import Row
from securechat.client.screens.full.look import Look, name_style
from securechat.client.screens.full.views.acts import (
    Act,
    MessageAct,
    Rights,
    offers,
    own_reactions,
)
from securechat.client.screens.full.views.confirm import AskLine
from securechat.client.screens.full.views.dialog import ListDialog, Told
from securechat.client.screens.full.views.react import ReactView
from securechat.client.screens.full.views.telling import beginning
from securechat.client.timeline.items import Message
from securechat.common.escape import escape_name
from securechat.common.language import _

# Each key, and what lies there on a Russian keyboard.
_KEYS = ("r,к", "e,у", "u,г", "s,ы", "c,с", "l,д", "g,п", "i,ш", "d,в")


class MessageMenu(ListDialog[MessageAct | None]):
    """message: the selected one. rights: what may be done here."""

    TALL = False

    DEFAULT_CSS = """
    MessageMenu OptionList { height: auto; max-height: 10; }
    MessageMenu #about { max-height: 3; }
    MessageMenu.-low #about { max-height: 1; }
    MessageMenu.-low OptionList { max-height: 5; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(keys, f"act('{keys[0]}')", show=False) for keys in _KEYS
    ]

    def __init__(self, look: Look, message: Message, rights: Rights) -> None:
        super().__init__(look)
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

    def action_act(self, key: str) -> None:
        """Do what the key is for, where it can be done."""
        for at, offer in enumerate(self._offers):
            if offer.key == key:
                self.chosen(at)

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
                self.dismiss(MessageAct(offer.act, offer.text))

    def _reacts(self, reaction: str | None) -> None:
        if reaction:
            self.dismiss(MessageAct(Act.REACT, reaction))

    def _take_back(self) -> None:
        own = own_reactions(self._message, self._rights.nick)
        if len(own) == 1:
            self.dismiss(MessageAct(Act.UNREACT, own[0]))
        else:
            self.app.push_screen(ReactView(self.look, own), self._takes_back)

    def _takes_back(self, reaction: str | None) -> None:
        if reaction:
            self.dismiss(MessageAct(Act.UNREACT, reaction))

    def _removes(self, reason: str | None) -> None:
        if reason is not None:
            self.dismiss(MessageAct(Act.REDACT, reason))


def about(message: Message) -> Row:
    """Which message it is."""
    name = (name_style(message.nick), f"{escape_name(message.nick)} ")
    if message.removed_by:
        return [name, ("removed", _("(removed)"))]
    return [name, ("text", beginning(message.text))]


def removal(look: Look, message: Message) -> AskLine:
    """What is asked before a message is removed."""
    asked: list[Row] = [
        about(message),
        [("note", _("It goes for everybody, and can't be brought back."))],
    ]
    hint = _("why, if you want to say so")
    return AskLine(look, _("Remove it?"), asked, _("remove it"), hint=hint)
