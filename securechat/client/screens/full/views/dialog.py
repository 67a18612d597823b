"""What all views are made of: a box above the screen, whose last line says which keys work.

Everything is drawn from rows of (style name, text), never from Textual's markup: a bracket in
somebody's text would be read as a style, or end the program.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar, Final, TypeVar

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from securechat.client.screens.full.cells import Row
from securechat.client.screens.full.look import Look
from securechat.common.escape import escape

Result = TypeVar("Result")

LOW: Final = 16
"""Rows of a terminal below which a view takes all of them."""

MOST_PASTED: Final = 1000
"""Characters; nothing that is asked for has so many."""

Told = tuple[str, str, str]
"""A key as people call it, what it does, and the action of the view that does so."""


def drawn(row: Row, look: Look) -> Text:
    """A row as Textual takes it."""
    text = Text(no_wrap=False, end="")
    for style, part in row:
        text.append(part, look.style(style))
    return text


class KeyTold(Static):
    """A key in the last line; a click does what it does."""

    def __init__(self, told: Told, look: Look) -> None:
        key, label, self._action = told
        super().__init__(drawn([("key", key), ("faint", f" {label}  ")], look), markup=False)

    async def on_click(self, event: events.Click) -> None:
        """With the mouse."""
        event.stop()
        await self.screen.run_action(self._action)


class Line(Input):
    """A line to type in. What is pasted is escaped, as it is shown."""

    def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        # As of Input, which would write to the terminal what is pasted as it is.
        line = escape(event.text[:MOST_PASTED].partition("\n")[0])
        if self.selection.is_empty:
            self.insert_text_at_cursor(line)
        else:
            self.replace(line, *self.selection)


class Dialog(ModalScreen[Result]):
    """A box with a title, something in it, and its keys. look: how styles look."""

    DEFAULT_CSS = """
    Dialog { align: center middle; background: transparent; }
    Dialog > .box {
        width: 100%; max-width: 84; height: auto; max-height: 100%;
        background: ansi_default; color: ansi_default; border: round ansi_default; padding: 0 1;
    }
    Dialog > .box.tall { height: 80%; }
    Dialog.-low > .box.tall { height: 100%; }
    Dialog Static { width: 100%; height: auto; background: ansi_default; }
    Dialog .keys { width: 100%; height: 1; }
    Dialog .keys > KeyTold { width: auto; height: 1; }
    Dialog Input {
        width: 100%; height: 1; border: none; padding: 0; background: ansi_default;
        color: ansi_default;
    }
    Dialog OptionList {
        width: 100%; height: 1fr; border: none; padding: 0; background: ansi_default;
        scrollbar-gutter: stable; scrollbar-size-vertical: 1;
        color: ansi_default;
    }
    Dialog OptionList > .option-list--option { padding: 0; }
    Dialog OptionList > .option-list--option-highlighted {
        background: ansi_default; color: ansi_default; text-style: reverse;
    }
    Dialog OptionList > .option-list--option-hover { background: ansi_default; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "close", show=False)]

    TALL: ClassVar[bool] = False
    """Whether it takes most of the height, whatever is in it."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self.look = look

    # -- what each view says of itself

    def title_row(self) -> Row:
        """What it is."""
        raise NotImplementedError

    def content(self) -> ComposeResult:
        """What is in it."""
        raise NotImplementedError

    def keys_told(self) -> Sequence[Told]:
        """Which keys work."""
        raise NotImplementedError

    # -- the same for all

    def compose(self) -> ComposeResult:
        """The box."""
        self.set_class(self.app.size.height < LOW, "-low")
        with Vertical(classes="box tall" if self.TALL else "box") as box:
            box.border_title = drawn(self.title_row(), self.look)
            yield from self.content()
            with Horizontal(classes="keys"):
                yield from (KeyTold(told, self.look) for told in self.keys_told())

    def on_resize(self, event: events.Resize) -> None:
        """The terminal has another size."""
        self.set_class(event.size.height < LOW, "-low")

    def row(self, row: Row, name: str) -> Static:
        """A line of text that can be changed by set_row()."""
        return Static(drawn(row, self.look), id=name, markup=False)

    def set_row(self, name: str, row: Row) -> None:
        """Another text for a line."""
        self.query_one(f"#{name}", Static).update(drawn(row, self.look))

    def dismiss(self, result: Result | None = None) -> AwaitComplete:
        """As of Screen, which would close the one below when several keys come at once."""
        if self.app.screen is not self:
            nothing: AwaitComplete = AwaitComplete.nothing()  # type: ignore[no-untyped-call]
            return nothing
        return super().dismiss(result)

    def action_close(self) -> None:
        """Away with it; nothing was chosen."""
        self.dismiss(None)


class ListDialog(Dialog[Result]):
    """A dialog with a line to type and a list below it, both of which the keys reach at once."""

    TALL = True

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,ctrl+n", "move(1)", show=False, priority=True),
        Binding("up,ctrl+p", "move(-1)", show=False, priority=True),
        Binding("enter", "choose", show=False),
        Binding("pagedown", "page(1)", show=False, priority=True),
        Binding("pageup", "page(-1)", show=False, priority=True),
    ]

    def list_rows(self) -> Iterable[Row]:
        """What the list shows now."""
        raise NotImplementedError

    def preselected(self) -> int | None:
        """The row at which the list begins; None for none."""
        return 0

    def typed(self) -> str:
        """What is in the line to type; '' where there is none."""
        found = self.query(Input)
        return found.first().value if found else ""

    @property
    def listed(self) -> OptionList:
        """The list."""
        return self.query_one(OptionList)

    def list_widget(self) -> OptionList:
        """The list, for content()."""
        made = OptionList(markup=False)
        made.can_focus = False
        return made

    def on_mount(self) -> None:
        """It is there now."""
        self.fill()

    def fill(self, *, keep: bool = False) -> None:
        """Show the rows as they are now. keep: at the row where we are."""
        at = self.listed.highlighted
        self.listed.set_options(Option(drawn(row, self.look)) for row in self.list_rows())
        count = self.listed.option_count
        start = at if keep and at is not None else self.preselected()
        self.listed.highlighted = min(start, count - 1) if count and start is not None else None

    def on_input_changed(self, _event: Input.Changed) -> None:
        """Something was typed."""
        self.changed()

    def changed(self) -> None:
        """Something was typed."""
        # Not in the handler itself: Textual calls that of each class, not only the last one.
        self.fill()

    def on_input_submitted(self, _event: Input.Submitted) -> None:
        """Enter."""
        self.action_choose()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """A click on a row."""
        self.chosen(event.option_index)

    def action_choose(self) -> None:
        """Take the row where we are."""
        if self.listed.highlighted is not None:
            self.chosen(self.listed.highlighted)

    def chosen(self, at: int) -> None:
        """The row was taken."""
        raise NotImplementedError

    def action_move(self, rows: int) -> None:
        """To another row."""
        count, at = self.listed.option_count, self.listed.highlighted
        if not count:
            return
        if at is None:
            self.listed.highlighted = 0 if rows > 0 else count - 1
        else:
            self.listed.highlighted = (at + rows) % count

    def action_page(self, pages: int) -> None:
        """A page further."""
        count, at = self.listed.option_count, self.listed.highlighted
        if count:
            step = pages * max(1, self.listed.size.height - 1)
            self.listed.highlighted = min(max((at or 0) + step, 0), count - 1)
