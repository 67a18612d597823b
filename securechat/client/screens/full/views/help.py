"""F1: all keys and all commands, from the tables that the screen and the commands are made from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from textual.app import ComposeResult

from securechat.client.screens import commands
from securechat.client.screens.full import keys
from securechat.client.screens.full.cells import Row
from securechat.client.screens.full.views.dialog import Line, ListDialog, Told
from securechat.client.screens.full.views.picking import fits_text
from securechat.common.language import _, translated

_COLUMN = 10
"""Cells of the keys."""

Part = tuple[str, list[tuple[str, str]]]
"""A heading, and what stands below it: a key or the form of a command, and what it does."""


class HelpView(ListDialog[None]):
    """Everything at once; what is typed leaves only what has these words."""

    def title_row(self) -> Row:
        """See Dialog."""
        return [("heading", _("Keys and commands"))]

    def content(self) -> ComposeResult:
        """See Dialog."""
        yield Line(placeholder=_("type a word to find it here"), compact=True)
        yield self.list_widget()

    def keys_told(self) -> Sequence[Told]:
        """See Dialog."""
        return (("↓↑ PgUp PgDn", _("scroll"), "page(1)"), ("Esc", _("close"), "close"))

    def list_rows(self) -> Iterable[Row]:
        """See ListDialog."""
        return help_rows(self.typed())

    def chosen(self, at: int) -> None:
        """There is nothing to take."""


def help_rows(typed: str = "") -> Iterator[Row]:
    """All of it, or what has the words that are typed."""
    nothing = True
    for heading, entries in [*key_parts(), *command_parts()]:
        found = [one for one in entries if fits_text(typed, f"{heading} {one[0]} {one[1]}")]
        if found:
            if not nothing:
                yield []
            yield [("heading", heading[:1].upper() + heading[1:])]
            nothing = False
        for form, text in found:
            yield [("key", f"{form:<{_COLUMN}} "), ("text", f" {text}")]
    if nothing:
        yield [("note", _("no key and no command has these words"))]


def key_parts() -> Iterator[Part]:
    """The keys, by their groups."""
    for group in keys.Group:
        own = [one for one in keys.KEYS if one.group is group]
        yield translated(group.value), [(keys.label(one), translated(one.text)) for one in own]


def command_parts() -> Iterator[Part]:
    """The slash commands, by theirs."""
    for group in commands.Group:
        own = [one for one in commands.COMMANDS.values() if one.group is group]
        forms = [(form, translated(text)) for one in own for form, text in one.forms]
        yield translated(group.value), forms
