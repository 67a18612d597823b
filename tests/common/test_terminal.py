"""The controlling terminal: open_terminal(), show_on_terminal()."""

from __future__ import annotations

import pytest

from securechat.common import terminal


def test_without_a_terminal_nothing_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither on standard output nor on standard error, which may be files."""

    def refuse(*_: object) -> int:
        raise OSError(6, "No such device or address")

    monkeypatch.setattr("os.open", refuse)
    assert not terminal.show_on_terminal("acid-acorn")
    assert not terminal.has_terminal()
