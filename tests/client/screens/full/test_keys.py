"""The table of keys: what the screen binds, what F1 shows, what the documentation says."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from textual.binding import Binding

from securechat.client.screens.full import typed
from securechat.client.screens.full.app import FullScreen
from securechat.client.screens.full.keys import KEYS, Group, Where, label
from securechat.client.screens.full.views.help import help_rows
from securechat.client.screens.full.views.menu import LETTERS

DOCUMENT = Path(__file__).parents[4] / "docs" / "client.md"


def bound(bindings: Iterable[object]) -> set[str]:
    """The keys of bindings."""
    return {key for one in bindings if isinstance(one, Binding) for key in one.key.split(",")}


def told(*places: Where) -> set[str]:
    return {one.key for one in KEYS if one.where in places}


def test_each_key_of_the_screen_does_what_the_table_says() -> None:
    """And there is no other one."""
    assert bound(FullScreen.BINDINGS) == told(Where.SCREEN)
    for one in KEYS:
        if one.action:
            assert hasattr(FullScreen, f"action_{one.action.partition('(')[0]}")


def test_keys_of_the_input_and_of_the_menu() -> None:
    """Of the input those that a chat adds; its movements are as everywhere."""
    assert told(Where.TYPED) <= set(typed._KEYS)
    assert told(Where.MENU) == set(LETTERS)


def test_no_key_is_told_twice_for_one_place() -> None:
    """Nobody would know which of them holds."""
    assert len({(one.key, one.where) for one in KEYS}) == len(KEYS)


def test_help_has_each_of_them() -> None:
    """By their groups."""
    rows = ["".join(text for _style, text in row) for row in help_rows()]
    for group in Group:
        assert any(row.casefold() == group.value for row in rows)
    for one in KEYS:
        assert any(row.startswith(label(one)) and one.text in row for row in rows)


def documented() -> list[str]:
    """The rows of the table in the documentation."""
    rows: list[str] = []
    for group in Group:
        rows.append(f"| **{group.value}** | |")
        rows += [f"| `{label(one)}` | {one.text} |" for one in KEYS if one.group is group]
    return rows


def test_the_documentation_has_the_same_table() -> None:
    """In the same order."""
    rows = documented()
    lines = DOCUMENT.read_text().splitlines()
    start = lines.index(rows[0])
    assert lines[start : start + len(rows)] == rows
