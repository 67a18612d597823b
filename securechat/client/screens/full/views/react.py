"""Which reaction: the usual ones by a digit, all others by their names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from textual.app import ComposeResult

from securechat.client.screens.emoji import NAMES
from securechat.client.screens.full.cells import Row
from securechat.client.screens.full.look import Look
from securechat.client.screens.full.views.acts import USUAL
from securechat.client.screens.full.views.dialog import Line, ListDialog, Told
from securechat.client.screens.full.views.picking import fit
from securechat.common.escape import escape_text
from securechat.common.language import _

# Characters of a reaction that somebody types or pastes.
MOST = 32


class ReactView(ListDialog[str | None]):
    """offered: what one chooses from; None for all reactions that there are."""

    def __init__(self, look: Look, offered: Sequence[str] | None = None) -> None:
        super().__init__(look)
        self._offered = offered
        self._shown: list[str] = []

    def title_row(self) -> Row:
        """See Dialog."""
        return [("heading", _("React with") if self._offered is None else _("Take back"))]

    def content(self) -> ComposeResult:
        """See Dialog."""
        if self._offered is None:
            yield Line(placeholder=_("a name, or any emoji"), max_length=MOST, compact=True)
        else:
            yield Line(placeholder=_("a digit"), max_length=1, compact=True)
        yield self.list_widget()

    def keys_told(self) -> Sequence[Told]:
        """See Dialog."""
        return (("1-9", _("choose"), "choose"), ("Esc", _("close"), "close"))

    def changed(self) -> None:
        """Something was typed: one digit is enough."""
        digits, typed = self._offered or USUAL, self.typed()
        if len(typed) == 1 and typed in "123456789"[: len(digits)]:
            self.dismiss(digits[int(typed) - 1])
        else:
            self.fill()

    def list_rows(self) -> Iterable[Row]:
        """See ListDialog."""
        self._shown = list(self._offered) if self._offered else fitting(self.typed())
        if not self._shown:
            return [[("note", _("no emoji has such a name"))]]
        digits = self._offered or USUAL
        return [_row(one, digits) for one in self._shown]

    def chosen(self, at: int) -> None:
        """See ListDialog."""
        if self._shown:
            self.dismiss(self._shown[at])


def fitting(typed: str) -> list[str]:
    """The reactions that fit what is typed; itself, where it is no name."""
    typed = typed.strip().strip(":")
    if not typed:
        return list(USUAL)
    found = [(how, emoji) for name, emoji in NAMES.items() if (how := fit(typed, name)) is not None]
    found.sort(key=lambda pair: pair[0])
    named = list(dict.fromkeys(emoji for _how, emoji in found))
    return named if typed.isascii() else [*named, typed]


def _row(reaction: str, digits: Sequence[str]) -> Row:
    digit = str(digits.index(reaction) + 1) if reaction in digits[:9] else " "
    name = next((name for name, emoji in NAMES.items() if emoji == reaction), "")
    return [("key", digit), ("text", f"  {escape_text(reaction, MOST)}"), ("faint", f"  {name}")]
